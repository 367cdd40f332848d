/* One molecule through PaiNN, forward and backward. What the forward pass leaves in the workspace the backward pass
 * reads. */
#ifndef PAINN_PASS_H
#define PAINN_PASS_H

#include "painn_pairs.h"

/* Activations of a layer; a row of v is [3, F]. */
typedef struct LayerSpace {
  float *s, *v;            /* entering */
  float *context, *hidden; /* φ's first layer before and after SiLU */
  float *phi;              /* 3F */
  float *heard;            /* v behind the messages */
  float *mixed;            /* Vv, Uv [3, 2F] */
  float *cat;              /* s, ‖Vv‖ */
  float *update, *update_hidden, *a; /* a: 3F */
} LayerSpace;

typedef struct Space {
  Pairs pairs;
  float *filters;  /* [layers, P, 3F] */
  float *s, *v;    /* leaving the last layer */
  float *head, *head_hidden;
  float *s_bar, *v_bar, *v_in_bar, *wide_bar, *mixed_bar, *cat_bar, *narrow_bar; /* adjoints */
  float *w_bar, *basis_bar, *u_bar;
  double *scratch;
  LayerSpace *layers;
} Space;

/* Carves the workspace of N atoms and P pairs; with memory null only measures. Returns bytes. */
NOINLINE uint64_t carve(const PainnModel *m, long N, long P, int dual, char *memory, Space *x) {
  uint64_t used = 0, F = m->F, rows = N * (1 + dual), pairs = P * (1 + dual);
#define TAKE(PLACE, COUNT)                                                        \
  do {                                                                            \
    if (memory) (PLACE) = (void *)(memory + used);                                \
    used += ((uint64_t)(COUNT) * sizeof *(PLACE) + 63) & ~(uint64_t)63;           \
  } while (0)
  TAKE(x->layers, m->config.layers);
  TAKE(x->scratch, 2 * (m->config.radial + VL));
  TAKE(x->pairs.ends, 2 * P);
  TAKE(x->pairs.u, 3 * P);
  TAKE(x->pairs.ud, 3 * P);
  TAKE(x->pairs.inverse, P);
  TAKE(x->pairs.basis, pairs * m->basis);
  TAKE(x->pairs.slope, P * m->basis);
  TAKE(x->filters, pairs * 3 * F * m->config.layers);
  LayerSpace none;
  for (int l = 0; l < m->config.layers; l++) {
    LayerSpace *y = memory ? &x->layers[l] : &none;
    TAKE(y->s, rows * F);
    TAKE(y->v, rows * 3 * F);
    TAKE(y->context, rows * F);
    TAKE(y->hidden, rows * F);
    TAKE(y->phi, rows * 3 * F);
    TAKE(y->heard, rows * 3 * F);
    TAKE(y->mixed, rows * 6 * F);
    TAKE(y->cat, rows * 2 * F);
    TAKE(y->update, rows * F);
    TAKE(y->update_hidden, rows * F);
    TAKE(y->a, rows * 3 * F);
  }
  TAKE(x->s, rows * F);
  TAKE(x->v, rows * 3 * F);
  TAKE(x->head, rows * m->head.outputs);
  TAKE(x->head_hidden, rows * m->head.outputs);
  TAKE(x->s_bar, rows * F);
  TAKE(x->v_bar, rows * 3 * F);
  TAKE(x->v_in_bar, rows * 3 * F);
  TAKE(x->wide_bar, rows * 3 * F);
  TAKE(x->mixed_bar, rows * 6 * F);
  TAKE(x->cat_bar, rows * 2 * F);
  TAKE(x->narrow_bar, rows * (F > (uint64_t)m->head.outputs ? F : (uint64_t)m->head.outputs));
  TAKE(x->w_bar, pairs * 3 * F);
  TAKE(x->basis_bar, P * m->basis);
  TAKE(x->u_bar, 3 * P);
#undef TAKE
  x->pairs.count = P;
  return used;
}

INLINE void copy(long count, const float *from, float *to) {
  for (long k = 0; k < count; k += VL) store(to + k, load(from + k));
}
INLINE void clear(long count, float *to) {
  for (long k = 0; k < count; k += VL) store(to + k, splat(0));
}

/* Messages along all pairs are added to s and y->heard. */
INLINE void messages(const int dual, const int first, const PainnModel *m, long N, const Space *x, const LayerSpace *y,
                     const float *filters) {
  long F = m->F, P = x->pairs.count, w_d = P * 3 * F, phi_d = N * 3 * F, s_d = N * F, v_d = N * 3 * F;
  float *s = x->s, *v = y->heard;
  for (long p = 0; p < P; p++) {
    long i = x->pairs.ends[2 * p], j = x->pairs.ends[2 * p + 1];
    const float *w = filters + p * 3 * F, *u = x->pairs.u + 3 * p, *ud = x->pairs.ud + 3 * p;
    hear(dual, first, F, w, w_d, y->phi + j * 3 * F, phi_d, u, ud, 1, y->v + j * 3 * F, s + i * F, s_d, v + i * 3 * F, v_d);
    hear(dual, first, F, w, w_d, y->phi + i * 3 * F, phi_d, u, ud, -1, y->v + i * 3 * F, s + j * F, s_d, v + j * 3 * F, v_d);
  }
}

/* Outputs of the atoms [N]; null: not wanted. direction: ṙ [N, 3], read with dual. */
INLINE void forward_pass(const int dual, const PainnModel *m, const float *w, long N, const int32_t *types,
                         const double *positions, const float *direction, Space *x, float *outputs) {
  long F = m->F, rows = N * (1 + dual), P = x->pairs.count;
  make_pairs(dual, m, N, positions, direction, &x->pairs, x->scratch);
  clear(rows * F, x->s);
  clear(rows * 3 * F, x->v);
  for (long i = 0; i < N; i++) copy(F, w + m->embedding_packed + types[i] * F, x->s + i * F);
  for (int l = 0; l < m->config.layers; l++) {
    const Layer *layer = &m->layers[l];
    LayerSpace *y = &x->layers[l];
    float *filters = x->filters + l * P * (1 + dual) * 3 * F;
    copy(rows * F, x->s, y->s);
    copy(rows * 3 * F, x->v, y->v);
    copy(rows * 3 * F, x->v, y->heard);
    apply(0, &layer->filter, w, P * (1 + dual), x->pairs.basis, filters);
    apply(dual, &layer->context[0], w, N, y->s, y->context);
    silu_rows(dual, N * F, y->context, y->hidden);
    apply(dual, &layer->context[1], w, N, y->hidden, y->phi);
    if (l == 0)
      messages(dual, 1, m, N, x, y, filters);
    else
      messages(dual, 0, m, N, x, y, filters);
    apply(0, &layer->mix, w, 3 * rows, y->heard, y->mixed);
    for (long i = 0; i < rows; i++) copy(F, x->s + i * F, y->cat + i * 2 * F);
    norms(dual, N, F, y->mixed, y->cat);
    apply(dual, &layer->update[0], w, N, y->cat, y->update);
    silu_rows(dual, N * F, y->update, y->update_hidden);
    apply(dual, &layer->update[1], w, N, y->update_hidden, y->a);
    mix_into(dual, N, F, y->mixed, y->a, x->s, y->heard, x->v);
  }
  apply(dual, &m->head, w, N, x->s, x->head);
  silu_rows(dual, N * m->head.outputs, x->head, x->head_hidden);
  const float *readout = w + m->readout_packed;
  for (long i = 0; outputs && i < N; i++) {
    vf sum = splat(0);
    for (long k = 0; k < m->head.outputs; k += VL) sum += load(x->head_hidden + i * m->head.outputs + k) * load(readout + k);
    outputs[i] = sum_lanes(sum) + readout[m->head.outputs];
  }
}

/* The adjoint of Σ c o (c null: ones) and, with dual, + Σ ȯ: the slope by the positions where asked for, and the
 * gradient added to `partial` (null: not wanted). */
INLINE void backward_pass(const int dual, const int positions, const PainnModel *m, const float *w, long N,
                          const int32_t *types, const float *c, Space *x, float *slope, float *partial) {
  long F = m->F, H = m->head.outputs, rows = N * (1 + dual), P = x->pairs.count;
  long w_d = P * 3 * F, phi_d = N * 3 * F, s_d = N * F, v_d = N * 3 * F;
  const float *readout = w + m->readout_packed;
  for (long i = 0; i < rows; i++)
    for (long k = 0; k < H; k += VL)
      store(x->narrow_bar + i * H + k, splat(i < N && c ? c[i] : 1.0f) * load(readout + k));
  if (partial) {
    float *g = partial + m->readout_gradient;
    for (long i = 0; i < rows; i++)
      for (long k = 0; k < H; k += VL)
        store(g + k, load(g + k) + splat(i < N && c ? c[i] : 1.0f) * load(x->head_hidden + i * H + k));
    for (long i = 0; i < N; i++) g[H] += c ? c[i] : 1.0f;
  }
  silu_back(dual, N * H, x->head, x->narrow_bar);
  if (partial) apply_gradient(dual, &m->head, partial, N, x->s, x->narrow_bar);
  apply_back(0, &m->head, w, rows, x->narrow_bar, x->s_bar);
  clear(rows * 3 * F, x->v_bar);
  if (positions) {
    for (long k = 0; k < 3 * P; k++) x->u_bar[k] = 0;
    clear(P * m->basis, x->basis_bar);
  }
  for (int l = m->config.layers - 1; l >= 0; l--) {
    const Layer *layer = &m->layers[l];
    const LayerSpace *y = &x->layers[l];
    const float *filters = x->filters + l * P * (1 + dual) * 3 * F;
    mix_back(dual, N, F, y->mixed, y->a, x->s_bar, x->v_bar, x->wide_bar, x->mixed_bar);
    if (partial) apply_gradient(dual, &layer->update[1], partial, N, y->update_hidden, x->wide_bar);
    apply_back(0, &layer->update[1], w, rows, x->wide_bar, x->narrow_bar);
    silu_back(dual, N * F, y->update, x->narrow_bar);
    if (partial) apply_gradient(dual, &layer->update[0], partial, N, y->cat, x->narrow_bar);
    apply_back(0, &layer->update[0], w, rows, x->narrow_bar, x->cat_bar);
    norms_back(dual, N, F, y->mixed, y->cat, x->cat_bar, x->s_bar, x->mixed_bar);
    if (partial) apply_gradient(0, &layer->mix, partial, 3 * rows, y->heard, x->mixed_bar);
    apply_back(1, &layer->mix, w, 3 * rows, x->mixed_bar, x->v_bar);
    copy(rows * 3 * F, x->v_bar, x->v_in_bar);
    clear(rows * 3 * F, x->wide_bar);
    clear(P * (1 + dual) * 3 * F, x->w_bar);
    for (long p = 0; p < P; p++) {
      vf u_bar[3] = {splat(0), splat(0), splat(0)};
      long i = x->pairs.ends[2 * p], j = x->pairs.ends[2 * p + 1];
      const float *f = filters + p * 3 * F, *u = x->pairs.u + 3 * p, *ud = x->pairs.ud + 3 * p;
#define HEAR_BACK(FIRST, TO, FROM, SIGN)                                                                               \
  hear_back(dual, FIRST, positions, F, f, w_d, y->phi + (FROM) * 3 * F, phi_d, u, ud, SIGN, y->v + (FROM) * 3 * F, v_d, \
            x->s_bar + (TO) * F, s_d, x->v_bar + (TO) * 3 * F, x->w_bar + p * 3 * F, x->wide_bar + (FROM) * 3 * F,     \
            x->v_in_bar + (FROM) * 3 * F, u_bar)
      if (l == 0) {
        HEAR_BACK(1, i, j, 1);
        HEAR_BACK(1, j, i, -1);
      } else {
        HEAR_BACK(0, i, j, 1);
        HEAR_BACK(0, j, i, -1);
      }
#undef HEAR_BACK
      if (positions)
        for (int d = 0; d < 3; d++) x->u_bar[3 * p + d] += sum_lanes(u_bar[d]);
    }
    if (partial) apply_gradient(0, &layer->filter, partial, P * (1 + dual), x->pairs.basis, x->w_bar);
    if (positions) apply_back(1, &layer->filter, w, P, x->w_bar, x->basis_bar);
    if (partial) apply_gradient(dual, &layer->context[1], partial, N, y->hidden, x->wide_bar);
    apply_back(0, &layer->context[1], w, rows, x->wide_bar, x->narrow_bar);
    silu_back(dual, N * F, y->context, x->narrow_bar);
    if (partial) apply_gradient(dual, &layer->context[0], partial, N, y->s, x->narrow_bar);
    apply_back(1, &layer->context[0], w, rows, x->narrow_bar, x->s_bar);
    float *held = x->v_bar;
    x->v_bar = x->v_in_bar;
    x->v_in_bar = held;
  }
  if (positions) positions_back(m, N, &x->pairs, x->u_bar, x->basis_bar, slope);
  for (long i = 0; partial && i < N; i++) {
    float *g = partial + m->embedding_gradient + types[i] * F;
    for (long k = 0; k < F; k += VL) store(g + k, load(g + k) + load(x->s_bar + i * F + k));
  }
}

#endif
