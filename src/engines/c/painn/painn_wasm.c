/* WebAssembly binding of PaiNN: the core with its functions exported by name, one thread. The host (painn-wasm.ts) lays
 * everything out in one memory. */
#include "freestanding.h"
#include "painn.c"
#include "wasm_update.h"

#define EXPORT(NAME) __attribute__((export_name(#NAME)))

EXPORT(callBytes) size_t call_bytes(void) { return whole_lines(sizeof(PainnCall)); }
EXPORT(configBytes) size_t config_bytes(void) { return whole_lines(sizeof(PainnConfig)); }

EXPORT(setConfig)
void set_config(PainnConfig *c, int types, int hidden, int layers, int radial, int bessel, int head, double cutoff) {
  *c = (PainnConfig){types, hidden, layers, radial, bessel, head, cutoff};
}
EXPORT(modelBytes) size_t export_model_bytes(const PainnConfig *c) { return model_bytes(c); }
EXPORT(initModel) void export_model_init(PainnModel *m, const PainnConfig *c) { model_init(m, c); }
EXPORT(weightsBytes) size_t export_weights_bytes(const PainnModel *m) { return core_weights_bytes(m); }
EXPORT(partialBytes) size_t export_partial_bytes(const PainnModel *m) { return core_partial_bytes(m); }

EXPORT(setBatch)
void set_batch(PainnCall *call, const PainnModel *model, const float *parameters, float *weights, int molecules,
               const int32_t *sizes, const int32_t *types, const double *positions) {
  *call = (PainnCall){.model = model, .parameters = parameters, .weights = weights, .molecules = molecules};
  call->sizes = sizes;
  call->types = types;
  call->positions = positions;
}
EXPORT(setEvaluation) void set_evaluation(PainnCall *call, float *outputs, float *slope) {
  call->outputs = outputs;
  call->slope = slope;
}
EXPORT(setTraining)
void set_training(PainnCall *call, const float *coefficients, const float *direction, float *partial, float *gradient) {
  call->coefficients = coefficients;
  call->direction = direction;
  call->partial = partial;
  call->gradient = gradient;
}
EXPORT(workspaceBytes) double export_workspace_bytes(const PainnCall *call) { return (double)core_workspace_bytes(call); }

EXPORT(pack) void export_pack(const PainnCall *call) {
  for (int task = 0; task < pack_tasks(call->model); task++) pack(call, task);
}
EXPORT(evaluate) void export_evaluate(const PainnCall *call, void *workspace) {
  for (int molecule = 0; molecule < call->molecules; molecule++) core_evaluate(call, molecule, workspace);
}
EXPORT(train) void export_train(const PainnCall *call, void *workspace) {
  for (int lane = 0; lane < PAINN_LANES && lane < call->molecules; lane++) core_train(call, lane, workspace);
  for (int task = 0; task < pack_tasks(call->model); task++) reduce(call, task);
}
