/* The numerical core of the U-Net; compiled once for each instruction set with VL, MR and UNET (its name) defined. */
#include "unet_pass.h"

#ifndef CORE_NAME
#define CORE_NAME "portable"
#endif

static size_t core_parameter_count(const UnetModel *m) { return m->parameters; }
static size_t core_weights_bytes(const UnetModel *m) { return whole_lines(m->packed * sizeof(float)); }
static size_t core_partial_bytes(const UnetModel *m) { return padded16((int)m->parameters) * sizeof(float); }
static size_t core_workspace_bytes(const UnetModel *m) { return carve(m, 0, 0); }

/* One task per image. */
static void core_evaluate(const UnetCall *call, int image, void *workspace) {
  const UnetModel *m = call->model;
  long D = (long)m->config.height * m->config.width;
  Space s;
  carve(m, workspace, &s);
  forward_pass(m, call->parameters, call->weights, call->input + image * D, call->features + (long)image * m->config.features, &s);
  for (long k = 0; k < D; k++) call->output[image * D + k] = s.left[16 * k] + call->parameters[m->leave_bias];
}

/* One task per lane. */
static void core_train(const UnetCall *call, int lane, void *workspace) {
  const UnetModel *m = call->model;
  const UnetConfig *c = &m->config;
  long D = (long)c->height * c->width;
  float *partial = call->partial + (size_t)lane * padded16((int)m->parameters);
  Space s;
  carve(m, workspace, &s);
  clear(padded16((int)m->parameters), partial);
  for (int image = lane; image < call->images; image += UNET_LANES) {
    const float *target = call->target + image * D;
    float weight = 2 * call->weight[image];
    double squares = 0;
    forward_pass(m, call->parameters, call->weights, call->input + image * D, call->features + (long)image * c->features, &s);
    for (long k = 0; k < D; k++) {
      float error = s.left[16 * k] + call->parameters[m->leave_bias] - target[k];
      squares += (double)error * error;
      s.error[(k / c->width + 1) * (c->width + 2) + k % c->width + 1] = weight * error;
    }
    call->errors[image] = squares;
    backward_pass(m, call->parameters, call->weights, &s, partial);
  }
}

#ifdef UNET
const UnetCore UNET = {CORE_NAME,          model_bytes,          model_init, core_parameter_count, core_weights_bytes,
                       core_partial_bytes, core_workspace_bytes, pack_tasks, pack,                 core_evaluate,
                       core_train,         reduce};
#endif
