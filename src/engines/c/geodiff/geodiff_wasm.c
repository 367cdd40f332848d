/* WebAssembly binding of the conformer network: the core with its functions exported by name, one thread. The host
 * (geodiff-wasm.ts) lays everything out in one memory. */
#define GEODIFF core
#include "freestanding.h"
#include "geodiff.c"
#include "wasm_update.h"

#define EXPORT(NAME) __attribute__((export_name(#NAME)))

EXPORT(callBytes) size_t call_bytes(void) { return sizeof(GeoDiffCall); }

/* Sizes of the network; the functions below read them. */
EXPORT(setConfig)
void set_config(GeoDiffCall *call, int atom_features, int hidden, int local_layers, int global_layers) {
  call->config = (GeoDiffConfig){atom_features, hidden, local_layers, global_layers};
}
EXPORT(weightsBytes) size_t export_weights_bytes(const GeoDiffCall *call) { return core_weights_bytes(&call->config); }
EXPORT(partialBytes) size_t export_partial_bytes(const GeoDiffCall *call) { return core_partial_bytes(&call->config); }

EXPORT(setBatch)
void set_batch(GeoDiffCall *call, const float *parameters, float *weights, int molecules, const int32_t *counts,
               const float *atoms, const float *positions, const float *scales, const int32_t *local,
               const float *features, const int32_t *far, const int32_t *centres, const float *signs) {
  call->parameters = parameters;
  call->weights = weights;
  call->molecules = molecules;
  call->counts = counts;
  call->atoms = atoms;
  call->positions = positions;
  call->scales = scales;
  call->local = local;
  call->features = features;
  call->far = far;
  call->centres = centres;
  call->signs = signs;
}
EXPORT(setOutput) void set_output(GeoDiffCall *call, float *output) { call->output = output; }
EXPORT(setTraining)
void set_training(GeoDiffCall *call, const float *target, const float *weight, double *losses, float *partial,
                  float *gradient) {
  call->target = target;
  call->weight = weight;
  call->losses = losses;
  call->partial = partial;
  call->gradient = gradient;
}
EXPORT(workspaceBytes) double export_workspace_bytes(const GeoDiffCall *call) { return (double)core_workspace_bytes(call); }

EXPORT(pack) void export_pack(const GeoDiffCall *call) { core_pack(call); }
EXPORT(evaluate) void export_evaluate(const GeoDiffCall *call, void *workspace) {
  for (int molecule = 0; molecule < call->molecules; molecule++) core_evaluate(call, molecule, workspace);
}
EXPORT(train) void export_train(const GeoDiffCall *call, void *workspace) {
  for (int lane = 0; lane < GEODIFF_LANES; lane++) core_train(call, lane, workspace);
  core_reduce(call);
}
