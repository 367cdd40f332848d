/** The library. What is not exported here is internal. */

export { withBonds } from "./chem/bond-orders.ts";
export type { BondRule } from "./chem/bond-tables.ts";
// Conformers of a given molecule
export { type ConformerComparison, conformerComparison, rmsdMatrix } from "./chem/conformer-rmsd.ts";
export { atomicNumberOf, symbolOf } from "./chem/elements.ts";
export { checkGeometry } from "./chem/geometry.ts";
export { mmff94Energy, type Relaxed, relaxMmff94, ruleBasedConformers } from "./chem/mmff94.ts";
// Molecules, their chemistry and their files
export type { AtomColumn, Bond, BondOrder, Molecule, PropertyValue } from "./chem/molecule.ts";
export { atomCount } from "./chem/molecule.ts";
export { bondOrder, perceiveBonds } from "./chem/perception.ts";
export { loadRdkit, type Rdkit } from "./chem/rdkit.ts";
export { type GraphWithStereo, graphOfMolblock, graphOfSmiles } from "./chem/rdkit-graph.ts";
export { type Stability, stability } from "./chem/stability.ts";
export { type Stereo, stereoErrors, stereoIsRight, stereoOfPositions } from "./chem/stereo.ts";
export { type Topology, topologyOf } from "./chem/topology.ts";
export { type BatchOptions, epochBatches } from "./data/batches.ts";
export { type Ensemble, readEnsembles } from "./data/ensembles.ts";
export { fetchQm9 } from "./data/fetch.ts";
export { type Half, halfOf, labelled } from "./data/halves.ts";
export { type ImportOptions, importDataset } from "./data/import.ts";
export { makeMinimol } from "./data/minimol.ts";
// Data sets
export {
  fromMolecules,
  type MoleculeSet,
  moleculeAt,
  moleculesOf,
  setSize,
  sizesOf,
  subset,
} from "./data/molecule-set.ts";
export { type Dataset, dataHome, datasetNames, loadDataset } from "./data/store.ts";
export { decoderTerm, priorTerm, reverseStepKl } from "./diffusion/bound.ts";
export { learnedSchedule } from "./diffusion/learned-schedule.ts";
export { dataFrom, epsilonFrom, predictionTarget, scoreFrom } from "./diffusion/prediction.ts";
export { flowLogDensity } from "./diffusion/probability-flow.ts";
export {
  ancestralStep,
  ddimStep,
  klToStandardNormal,
  type ReverseStep,
  transition,
} from "./diffusion/process.ts";
export { ancestral } from "./diffusion/samplers/ancestral.ts";
export { churn } from "./diffusion/samplers/churn.ts";
export { ddim } from "./diffusion/samplers/ddim.ts";
export { dpmSolver } from "./diffusion/samplers/dpm-solver.ts";
export {
  respacedTimes,
  type SamplingOptions,
  SPACINGS,
  type Spacing,
  samplingTimes,
} from "./diffusion/samplers/grid.ts";
export { type KarrasOptions, karras } from "./diffusion/samplers/karras.ts";
export { annealedLangevin, langevin } from "./diffusion/samplers/langevin.ts";
export {
  type Grid,
  type LevelOptions,
  levelGrid,
  levelOf,
  levelRange,
} from "./diffusion/samplers/noise-levels.ts";
export {
  SAMPLER_NAMES,
  SAMPLERS,
  type SamplerChoice,
  type SamplerEntry,
  type SamplerName,
  type SamplerOptions,
} from "./diffusion/samplers/registry.ts";
export { sdeDpmSolver } from "./diffusion/samplers/sde-dpm-solver.ts";
// Diffusion: schedules, process, samplers
export {
  cosineSchedule,
  linearSchedule,
  type NoiseSchedule,
  polynomialSchedule,
  type ScheduleConfig,
  scheduleFrom,
} from "./diffusion/schedule.ts";
export { veSchedule, vpSchedule } from "./diffusion/sde.ts";
export type { Denoiser, Space } from "./diffusion/space.ts";
export type { AtomwiseEngine, SpeciesBatch } from "./engines/atomwise-engine.ts";
export type { AtomBatch, DenoiserEngine, SquaredErrors, SquaredErrorTarget } from "./engines/engine.ts";
export { createJaxEngine } from "./engines/jax-engine.ts";
// Force fields and property networks
export { type EngineOptions, openEngine } from "./engines/open-engine.ts";
export { InputError, WorkError } from "./errors.ts";
export { type BasinMap, basinShares, countTransitions, findBasins } from "./evaluate/basins.ts";
export { compareForces, compareTorsions } from "./evaluate/bead-report.ts";
export {
  generatedError,
  type Judge,
  type PropertyError,
  sweepResponse,
  type Yardsticks,
  yardsticks,
} from "./evaluate/condition.ts";
export { type ProcessingOptions, processConformers } from "./evaluate/conformer-processing.ts";
export { type ConformerEvaluation, evaluateConformers } from "./evaluate/conformers.ts";
// Measuring and looking
export { type Evaluation, evaluateMolecules } from "./evaluate/metrics.ts";
export { kernelLogDensity, mmd, slicedWasserstein, squaredMmd } from "./evaluate/point-sets.ts";
export { type Torsions, torsionsOf } from "./evaluate/ramachandran.ts";
export { buildReference, type Reference } from "./evaluate/reference.ts";
export { reportCard } from "./evaluate/report.ts";
export type { Format } from "./formats/format.ts";
export { readMolecules } from "./formats/read.ts";
export { readSafetensors, type Tensor, type TensorFile, writeSafetensors } from "./formats/safetensors.ts";
export { writeMolecules } from "./formats/write.ts";
// The lab
export { LAB_DATA, loadLabData } from "./lab/data/catalog.ts";
export {
  type GaussianMixture,
  gaussianMixture,
  mixtureLogDensity,
  mixtureScore,
} from "./lab/data/gaussian-mixture.ts";
export type { LabData, LabShape } from "./lab/data/lab-data.ts";
export { labDataSchema } from "./lab/data/settings.ts";
export { divergencePanels, fitByDivergence } from "./lab/figures/divergence-figure.ts";
export { compareLab } from "./lab/figures/lab-comparison.ts";
export { evaluateLabModel } from "./lab/figures/lab-report.ts";
export { LAB_KINDS, labKind } from "./lab/models/kinds.ts";
export { loadLabModel } from "./lab/models/lab-folder.ts";
export type { LabModel, LabModelKind } from "./lab/models/lab-model.ts";
export { sampleProduct } from "./lab/models/score/annealed.ts";
export { gibbs, type MixtureDraw } from "./lab/models/variational/gibbs.ts";
export { fitMixture, logPredictive, type MixtureFit } from "./lab/models/variational/mixture.ts";
export { labPreset, labSettingsSchema } from "./lab/train/settings.ts";
export { trainLab } from "./lab/train/train.ts";
// Random numbers
export { type Purpose, permutation, type Stream, type StreamKey, stream } from "./math/random.ts";
export { superpose, superposedRmsd } from "./math/superposition.ts";
// Coarse-grained molecules: samples and force fields
export { type CgConfig, cgConfigSchema } from "./models/cg/config.ts";
export { cgPotential } from "./models/cg/force-field.ts";
export { type SampleBeadsOptions, sampleBeads } from "./models/cg/generate.ts";
export { type CgModel, loadCg, saveCg } from "./models/cg/model.ts";
// EDM
export {
  type Condition,
  type ConditionValues,
  conditionSchema,
} from "./models/edm/condition.ts";
export { dynamicsConfig, type EdmConfig, edmConfigSchema } from "./models/edm/config.ts";
export { decode, type EncodedBatch, encode } from "./models/edm/features.ts";
export { findModel, loadEdm, saveEdm } from "./models/edm/folder.ts";
export { type Generated, type GenerateOptions, generate } from "./models/edm/generate.ts";
export { type JointDistribution, jointDistribution } from "./models/edm/joint.ts";
export { type Likelihood, negativeLogLikelihood } from "./models/edm/likelihood.ts";
export { type EdmModel, modelOf } from "./models/edm/model.ts";
export { trainingLoss } from "./models/edm/objective.ts";
export { type SweepOptions, sweep } from "./models/edm/sweep.ts";
export { widenedParameters } from "./models/edm/widen.ts";
export { type GeoDiffModelConfig, geoDiffConfigSchema } from "./models/geodiff/config.ts";
export {
  type Conformer,
  type ConformerOptions,
  generateConformers,
  type StereoReport,
} from "./models/geodiff/generate.ts";
export { type ConformerModel, loadConformerModel, saveConformerModel } from "./models/geodiff/model.ts";
export { type ConformerNetwork, createConformerNetwork } from "./models/geodiff/network.ts";
export { type GeometricModelConfig, geometricConfigSchema, networkOf } from "./models/geometric/config.ts";
export {
  forceFieldPotential,
  type GeometricModel,
  loadGeometric,
  predictProperty,
  saveGeometric,
} from "./models/geometric/model.ts";
export { type Prediction, predictions } from "./models/geometric/predict.ts";
export { dynamics } from "./nets/egnn/dynamics.ts";
export { type DynamicsConfig, dynamicsLayout } from "./nets/egnn/dynamics-layout.ts";
export { type EgnnParameters, egnn, type PaddedGraph } from "./nets/egnn/egnn.ts";
// Networks and engines
export type { EgnnConfig } from "./nets/egnn/egnn-config.ts";
export { type GnnParameters, gnn } from "./nets/egnn/gnn.ts";
export { type GeoDiffConfig, type GeoDiffParameters, geoDiff } from "./nets/geodiff/geodiff.ts";
export { atomwiseOutputs, type GeometricConfig, geometricLayout } from "./nets/geometric.ts";
export { vectorOutput, vectorOutputLayout } from "./nets/layers/gated-equivariant.ts";
export type { MolecularGraph } from "./nets/layers/molecular-graph.ts";
export { type NeighbourList, neighbourList } from "./nets/layers/neighbour-list.ts";
export { initialParameters, type Layout, layoutSize, namedViews } from "./nets/layers/parameters.ts";
export { parameterTree } from "./nets/layers/tensors.ts";
export { readSchnetpackWeights } from "./nets/painn/schnetpack-weights.ts";
export type { EnergiesAndForces, EnergyUnit, Potential } from "./physics/potential.ts";
export {
  ARGON,
  harmonicWells,
  type LennardJonesOptions,
  lennardJones,
} from "./physics/reference-potentials.ts";
export { type DeviceName, prepareRuntime } from "./platform/prepare.ts";
// Simulation
export { createFolder, resumeFolder, type SimulationFolder } from "./simulate/folder.ts";
export {
  advance,
  type Integrator,
  type LangevinOptions,
  langevinBaoab,
  velocityVerlet,
} from "./simulate/integrators.ts";
export { type OpenedPotential, openPotential } from "./simulate/open-potential.ts";
export { fire, lbfgs, type MinimizeOptions, minimize, type Optimizer } from "./simulate/optimize.ts";
export { type RunOptions, type RunOutcome, runSimulation } from "./simulate/run.ts";
export type { SimulationSettings } from "./simulate/settings.ts";
export { startState } from "./simulate/start.ts";
export {
  createState,
  drawVelocities,
  kineticEnergy,
  refresh,
  removeRigidMotion,
  type SimulationState,
  type StartOptions,
  temperatureOf,
} from "./simulate/state.ts";
export { type SimulationSummary, summarize } from "./simulate/summary.ts";
export type { BatchShare } from "./train/batch-share.ts";
export { type CgSettings, cgSettingsSchema } from "./train/cg/settings.ts";
export { type TrainCgOptions, trainCg } from "./train/cg/train.ts";
export { alone, type Communicator, type Gather } from "./train/communicator.ts";
export { checkSettings, readConfigFile } from "./train/config-file.ts";
export { type ConformerSettings, conformerSettingsSchema } from "./train/conformers/settings.ts";
export { type TrainConformersOptions, trainConformers } from "./train/conformers/train.ts";
export { type EdmSettings, edmSettingsSchema, PRESETS } from "./train/edm/settings.ts";
export { type TrainEdmOptions, trainEdm } from "./train/edm/train.ts";
export {
  type ForceFieldSettings,
  forceFieldSettingsSchema,
  type PropertySettings,
  propertySettingsSchema,
} from "./train/geometric/settings.ts";
export { trainForceField, trainProperty } from "./train/geometric/train.ts";
export { type TrainingOutcome, type TrainingTask, trainingLoop, type Validation } from "./train/loop.ts";
export { galleryHtml } from "./views/gallery.ts";
export { writeShowcase } from "./views/showcase.ts";
export { type PageContent, simulationPage } from "./views/simulation-page.ts";
export { moleculeStrip } from "./views/strip.ts";
