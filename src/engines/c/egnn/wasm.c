/* WebAssembly binding: the core with its functions exported by name. The host (wasm.ts) lays everything out in one
 * memory, which several instances may share, and gives each instance a stack of its own. */
#include "egnn.c"
#include "freestanding.h"

#define EXPORT(NAME) __attribute__((export_name(#NAME)))

EXPORT(callBytes) int call_bytes(void) { return (int)whole_lines(sizeof(EgnnCall)); }
EXPORT(configBytes) int config_bytes(void) { return (int)whole_lines(sizeof(EgnnConfig)); }

EXPORT(setConfig)
void set_config(EgnnConfig *c, int in_features, int out_features, int hidden, int layers, int sublayers, int attention,
                int tanh, int mean, int sin_embedding, int self_conditioning, int baseline, float coords_range,
                float norm_constant, float normalization_factor) {
  *c = (EgnnConfig){in_features,   out_features,      hidden,   layers,       sublayers,     attention,           tanh, mean,
                    sin_embedding, self_conditioning, baseline, coords_range, norm_constant, normalization_factor};
}

EXPORT(modelBytes) size_t export_model_bytes(const EgnnConfig *c) { return model_bytes(c); }
EXPORT(initModel) void export_model_init(EgnnModel *m, const EgnnConfig *c) { model_init(m, c); }
EXPORT(weightsBytes) size_t export_weights_bytes(const EgnnModel *m) { return core_weights_bytes(m); }
EXPORT(partialBytes) size_t export_partial_bytes(const EgnnModel *m) { return core_partial_bytes(m); }

EXPORT(setBatch)
void set_batch(EgnnCall *call, const EgnnModel *model, const float *parameters, float *weights, int molecules,
               int atoms, const int32_t *sizes, const float *positions, const float *features, const float *guess,
               float mean_over) {
  call->model = model;
  call->parameters = parameters;
  call->weights = weights;
  call->batch = (EgnnBatch){molecules, atoms, sizes, positions, features, guess, mean_over};
}
EXPORT(setOutput)
void set_output(EgnnCall *call, float *output) {
  call->output = output;
  call->gradient = 0;
}
EXPORT(setTarget)
void set_target(EgnnCall *call, const float *target, const float *position_weight, const float *feature_weight,
                double *position_error, double *feature_error, float *partial, float *gradient) {
  call->target = (EgnnTarget){target, position_weight, feature_weight, position_error, feature_error};
  call->partial = partial;
  call->gradient = gradient;
}

EXPORT(planBytes) size_t export_plan_bytes(const EgnnCall *c) { return plan_bytes(c->model, &c->batch); }
EXPORT(initPlan) void export_plan_init(EgnnCall *c, EgnnPlan *plan) {
  plan_init(plan, c->model, &c->batch);
  c->plan = plan;
}
EXPORT(workspaceBytes) double export_workspace_bytes(const EgnnCall *c, int training) {
  return (double)core_workspace_bytes(c->model, c->plan, &c->batch, training);
}

EXPORT(updateBytes) int update_bytes(void) { return (int)whole_lines(sizeof(ParameterUpdate)); }
/* coefficients in the order of `coefficientValues` in src/engines/update.ts */
EXPORT(setUpdate)
void set_update(ParameterUpdate *u, int count, const float *gradient, float *parameters, float *ema, float *first,
                float *second, float *largest, int block_count, const MatrixBlock *blocks, const uint8_t *in_block,
                double *squares, const double *coefficients) {
  *u = (ParameterUpdate){.count = count, .gradient = gradient, .parameters = parameters, .ema = ema, .first = first,
                         .second = second, .largest = largest, .block_count = block_count, .blocks = blocks,
                         .in_block = in_block, .squares = squares};
  if (coefficients) set_coefficients(u, coefficients);
}
EXPORT(updateWorkspaceBytes) double export_update_workspace(const ParameterUpdate *u) {
  return (double)update_workspace(u);
}

/* Stages: 0 pack, 1 forward, 2 train, 3 reduce of an EgnnCall; 4 norm, 5 update of a ParameterUpdate. */
EXPORT(stageTasks) int stage_tasks(const void *call, int stage) {
  const EgnnCall *c = call;
  const ParameterUpdate *u = call;
  if (stage == 4) return chunks_of(u->count);
  if (stage == 5) return update_tasks(u);
  return stage == 1 ? core_forward_tasks(c->plan) : stage == 2 ? core_lanes(c->plan) : core_pack_tasks(c->model);
}
EXPORT(runTask) void run_task(const void *call, int stage, int task, void *workspace) {
  if (stage == 0) pack(call, task);
  if (stage == 1) forward(call, task, workspace);
  if (stage == 2) train(call, task, workspace);
  if (stage == 3) core_reduce(call, task);
  if (stage == 4) square_sum(call, task);
  if (stage == 5) update_parameters(call, task, workspace);
}
