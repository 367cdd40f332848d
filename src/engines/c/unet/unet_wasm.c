/* WebAssembly binding of the U-Net: the core with its functions exported by name, one thread. The host (unet-wasm.ts)
 * lays everything out in one memory. */
#include "freestanding.h"
#include "unet.c"
#include "wasm_update.h"

#define EXPORT(NAME) __attribute__((export_name(#NAME)))

EXPORT(callBytes) size_t call_bytes(void) { return whole_lines(sizeof(UnetCall)); }
EXPORT(modelBytes) size_t export_model_bytes(void) { return model_bytes(); }

/* Channels of levels that there are not: 0. */
EXPORT(initModel)
void init_model(UnetModel *m, int height, int width, int features, int embedding, int c0, int c1, int c2, int c3) {
  UnetConfig c = {.height = height, .width = width, .features = features, .embedding = embedding, .channels = {c0, c1, c2, c3}};
  while (c.levels < UNET_LEVELS && c.channels[c.levels] > 0) c.levels++;
  model_init(m, &c);
}
EXPORT(weightsBytes) size_t export_weights_bytes(const UnetModel *m) { return core_weights_bytes(m); }
EXPORT(partialBytes) size_t export_partial_bytes(const UnetModel *m) { return core_partial_bytes(m); }
EXPORT(workspaceBytes) size_t export_workspace_bytes(const UnetModel *m) { return core_workspace_bytes(m); }

EXPORT(setBatch)
void set_batch(UnetCall *call, const UnetModel *model, const float *parameters, float *weights, int images, const float *input,
               const float *features) {
  *call = (UnetCall){.model = model, .parameters = parameters, .weights = weights, .images = images};
  call->input = input;
  call->features = features;
}
EXPORT(setOutput) void set_output(UnetCall *call, float *output) { call->output = output; }
EXPORT(setTraining)
void set_training(UnetCall *call, const float *target, const float *weight, double *errors, float *partial, float *gradient) {
  call->target = target;
  call->weight = weight;
  call->errors = errors;
  call->partial = partial;
  call->gradient = gradient;
}

EXPORT(pack) void export_pack(const UnetCall *call) {
  for (int task = 0; task < pack_tasks(call->model); task++) pack(call, task);
}
EXPORT(evaluate) void export_evaluate(const UnetCall *call, void *workspace) {
  for (int image = 0; image < call->images; image++) core_evaluate(call, image, workspace);
}
EXPORT(train) void export_train(const UnetCall *call, void *workspace) {
  for (int lane = 0; lane < UNET_LANES && lane < call->images; lane++) core_train(call, lane, workspace);
  for (int task = 0; task < UNET_LANES; task++) reduce(call, task);
}
