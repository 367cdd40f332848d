/* The numerical core of PaiNN; compiled once for each instruction set with VL, MR and PAINN (its name) defined. */
#include "painn_pass.h"

#ifndef CORE_NAME
#define CORE_NAME "portable"
#endif

static size_t core_parameter_count(const PainnConfig *c) {
  size_t F = c->hidden, L = c->layers, H = c->head;
  return c->types * F + 3 * F * L * (c->radial + 1) + L * (F * F + F + 3 * F * F + 3 * F) +
         L * (2 * F * F + 2 * F * F + F + 3 * F * F + 3 * F) + H * F + H + H + 1;
}
static size_t core_weights_bytes(const PainnModel *m) { return whole_lines(m->packed * sizeof(float)); }
static size_t core_partial_bytes(const PainnModel *m) { return m->partial * sizeof(float); }

static uint64_t core_workspace_bytes(const PainnCall *call) {
  uint64_t most = 0;
  const double *r = call->positions;
  Space x;
  for (int m = 0; m < call->molecules; r += 3 * call->sizes[m++]) {
    long N = call->sizes[m];
    uint64_t bytes = carve(call->model, N, pair_count(N, r, call->model->config.cutoff), call->direction != 0, 0, &x);
    if (bytes > most) most = bytes;
  }
  return most;
}

static long atoms_before(const PainnCall *call, int molecule) {
  long first = 0;
  for (int m = 0; m < molecule; m++) first += call->sizes[m];
  return first;
}

/* One task per molecule. */
static void core_evaluate(const PainnCall *call, int molecule, void *workspace) {
  const PainnModel *m = call->model;
  long N = call->sizes[molecule], first = atoms_before(call, molecule);
  const double *r = call->positions + 3 * first;
  const int32_t *types = call->types + first;
  Space x;
  carve(m, N, pair_count(N, r, m->config.cutoff), 0, workspace, &x);
  forward_pass(0, m, call->weights, N, types, r, 0, &x, call->outputs + first);
  if (call->slope) backward_pass(0, 1, m, call->weights, N, types, 0, &x, call->slope + 3 * first, 0);
}

/* One task per lane. */
static void core_train(const PainnCall *call, int lane, void *workspace) {
  const PainnModel *m = call->model;
  const float *w = call->weights;
  float *partial = call->partial + (size_t)lane * m->partial;
  clear((long)m->partial, partial);
  for (int molecule = lane; molecule < call->molecules; molecule += PAINN_LANES) {
    long N = call->sizes[molecule], first = atoms_before(call, molecule);
    const double *r = call->positions + 3 * first;
    const int32_t *types = call->types + first;
    const float *c = call->coefficients + first;
    int dual = call->direction != 0;
    Space x;
    carve(m, N, pair_count(N, r, m->config.cutoff), dual, workspace, &x);
    if (dual) {
      forward_pass(1, m, w, N, types, r, call->direction + 3 * first, &x, 0);
      backward_pass(1, 0, m, w, N, types, c, &x, 0, partial);
    } else {
      forward_pass(0, m, w, N, types, r, 0, &x, 0);
      backward_pass(0, 0, m, w, N, types, c, &x, 0, partial);
    }
  }
}

#ifdef PAINN
const PainnCore PAINN = {CORE_NAME,         core_parameter_count, model_bytes, model_init,    core_weights_bytes, core_partial_bytes,
                         core_workspace_bytes, pack_tasks,        pack,        core_evaluate, core_train,         reduce};
#endif
