/* One encoder of the conformer network over the edges of one molecule: forward with what backward needs, backward. */
#ifndef GEODIFF_ENCODER_H
#define GEODIFF_ENCODER_H

#include "geodiff_model.h"

/* Memory handed out from a block; with no block it only counts. */
typedef struct Arena {
  float *base;
  size_t used;
} Arena;
static float *take(Arena *a, size_t floats) {
  float *p = a->base ? a->base + a->used : 0;
  a->used += whole_vectors(floats);
  return p;
}

typedef struct LayerSpace {
  float *h /* before [N, H] */, *filter, *sent /* of both ends [E, H] */, *gathered, *a, *slope /* [N, H] */;
} LayerSpace;
typedef struct EncoderSpace {
  long N, E;
  float *unit /* [E, 3] */, *scaled /* [E] */, *inputs /* [E, 32] */;
  float *first, *first_slope, *e, *e_slope /* [E, H] */, *h /* after the layers [N, H] */;
  float *hidden, *hidden_slope /* [E, H] */, *inner, *inner_slope /* [E, H/2] */;
  float *rows /* [E, H] */, *atoms, *atoms2 /* [N, H] scratch */, *rows2, *rows3, *half;
  LayerSpace layer[GEODIFF_MOST_LAYERS];
} EncoderSpace;

static void carve_encoder(Arena *a, const Encoder *p, int H, long N, long E, EncoderSpace *s) {
  s->N = N, s->E = E;
  s->unit = take(a, 3 * E), s->scaled = take(a, E), s->inputs = take(a, GEODIFF_EDGE_INPUTS * E);
  float **wide[] = {&s->first, &s->first_slope, &s->e, &s->e_slope, &s->hidden, &s->hidden_slope, &s->rows, &s->rows2, &s->rows3};
  for (size_t k = 0; k < sizeof wide / sizeof *wide; k++) *wide[k] = take(a, E * H);
  s->inner = take(a, E * H / 2), s->inner_slope = take(a, E * H / 2), s->half = take(a, E * H / 2);
  s->h = take(a, N * H), s->atoms = take(a, N * H), s->atoms2 = take(a, N * H);
  for (int l = 0; l < p->layers; l++) {
    LayerSpace *y = &s->layer[l];
    y->h = take(a, N * H), y->filter = take(a, E * H), y->sent = take(a, E * H);
    y->gathered = take(a, N * H), y->a = take(a, N * H), y->slope = take(a, N * H);
  }
}

INLINE vf root(vf x) {
  union {
    vf v;
    float f[VL];
  } u = {x};
  for (int k = 0; k < VL; k++) u.f[k] = __builtin_sqrtf(u.f[k]);
  return u.v;
}

/* Squareplus less 1 in place, and its slope. */
static void activate(long count, float *x, float *slope) {
  for (long k = 0; k < count; k += VL) {
    vf v = load(x + k), r = root(v * v + 4.0f);
    store(x + k, 0.5f * (v + r) - 1.0f);
    store(slope + k, 0.5f * (1.0f + v / r));
  }
}
static void multiply(long count, float *x, const float *by) {
  for (long k = 0; k < count; k += VL) store(x + k, load(x + k) * load(by + k));
}
/* rows[e] (+)= x[from] + x[to] */
static void both_ends(int H, long E, const int32_t *ends, const float *x, float *rows, int onto) {
  for (long e = 0; e < E; e++) {
    const float *p = x + (long)ends[2 * e] * H, *q = x + (long)ends[2 * e + 1] * H;
    float *to = rows + e * H;
    for (int k = 0; k < H; k += VL) store(to + k, load(p + k) + load(q + k) + (onto ? load(to + k) : splat(0)));
  }
}
/* x[from] += s rows[e], x[to] += s rows[e] */
static void to_both(int H, long E, const int32_t *ends, const float *rows, float scale, float *x) {
  for (long e = 0; e < E; e++) {
    float *p = x + (long)ends[2 * e] * H, *q = x + (long)ends[2 * e + 1] * H;
    const float *from = rows + e * H;
    for (int k = 0; k < H; k += VL) {
      vf v = scale * load(from + k);
      store(p + k, load(p + k) + v);
      store(q + k, load(q + k) + v);
    }
  }
}
static void clear(long count, float *x) {
  for (long k = 0; k < count; k++) x[k] = 0;
}

#define LOG_STEP (3.8f / (GEODIFF_RADIAL - 1))

/* ln x, relative error about 1e-7: enough for radial functions. */
static float logarithm(float x) {
  union {
    float f;
    int32_t i;
  } u = {x};
  int n = (u.i >> 23) - 127;
  u.i = (u.i & 0x7fffff) | 0x3f800000;
  if (u.f > 1.41421356f) u.f *= 0.5f, n++;
  float z = (u.f - 1) / (u.f + 1), s = z * z;
  return 2 * z * (1 + s * (1.0f / 3 + s * (1.0f / 5 + s * (1.0f / 7 + s / 9)))) + n * 0.69314718056f;
}

static void edge_inputs(const EncoderSpace *s, const int32_t *ends, const float *x, float scale, const float *features) {
  for (long e = 0; e < s->E; e++) {
    const float *p = x + 3L * ends[2 * e], *q = x + 3L * ends[2 * e + 1];
    float d[3] = {p[0] - q[0], p[1] - q[1], p[2] - q[2]}, *in = s->inputs + e * GEODIFF_EDGE_INPUTS;
    float length = __builtin_sqrtf(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + 1e-8f), at = logarithm(length + 1);
    for (int k = 0; k < 3; k++) s->unit[3 * e + k] = d[k] / length;
    s->scaled[e] = length * scale;
    union {
      vf v[32 / VL];
      float f[32];
    } u;
    for (int k = 0; k < 32; k++) {
      float offset = at / LOG_STEP - k;
      u.f[k] = -0.5f * offset * offset;
    }
    for (int k = 0; k < 32 / VL; k++) u.v[k] = exp_clamped(u.v[k]);
    for (int k = 0; k < GEODIFF_RADIAL; k++) in[k] = u.f[k];
    in[GEODIFF_RADIAL] = s->scaled[e];
    for (int k = 0; k < GEODIFF_EDGE_FEATURES; k++)
      in[GEODIFF_RADIAL + 1 + k] = features ? features[e * GEODIFF_EDGE_FEATURES + k] : 0;
  }
}

/* s->layer[0].h (or s->h without layers) holds the embedded atoms. Adds to shift [N, 3]. */
static void encode(const Encoder *p, const float *w, int H, const int32_t *ends, const float *x, float scale,
                   const float *features, float neighbours, EncoderSpace *s, float *shift) {
  long N = s->N, E = s->E;
  float *start = p->layers ? s->layer[0].h : s->h;
  edge_inputs(s, ends, x, scale, features);
  apply(&p->from_atoms, w, N, start, s->atoms);
  apply(&p->from_edge, w, E, s->inputs, s->first);
  both_ends(H, E, ends, s->atoms, s->first, 1);
  activate(E * H, s->first, s->first_slope);
  apply(&p->edge, w, E, s->first, s->e);
  activate(E * H, s->e, s->e_slope);
  for (int l = 0; l < p->layers; l++) {
    const Layer *k = &p->layer[l];
    LayerSpace *y = &s->layer[l];
    float *after = l + 1 < p->layers ? s->layer[l + 1].h : s->h;
    apply(&k->filter, w, E, s->e, y->filter);
    apply(&k->into, w, N, y->h, s->atoms);
    both_ends(H, E, ends, s->atoms, y->sent, 0);
    for (long i = 0; i < E * H; i += VL) store(s->rows + i, load(y->sent + i) * load(y->filter + i));
    clear(N * H, y->gathered);
    to_both(H, E, ends, s->rows, 1 / neighbours, y->gathered);
    apply(&k->out[0], w, N, y->gathered, y->a);
    activate(N * H, y->a, y->slope);
    for (long i = 0; i < N * H; i++) after[i] = y->h[i];
    apply_onto(&k->out[1], w, N, y->a, after);
  }
  apply(&p->head_atoms, w, N, s->h, s->atoms);
  apply(&p->head_edge, w, E, s->e, s->hidden);
  both_ends(H, E, ends, s->atoms, s->hidden, 1);
  activate(E * H, s->hidden, s->hidden_slope);
  apply(&p->head[0], w, E, s->hidden, s->inner);
  activate(E * H / 2, s->inner, s->inner_slope);
  const float *last = w + p->head[1].backward /* W itself, in one or more panels */, *bias = w + p->head[1].bias;
  (void)last;
  for (long e = 0; e < E; e++) {
    float u = 0, v = 0;
    for (int k = 0; k < H / 2; k++) {
      float a = s->inner[e * (H / 2) + k];
      u += a * w[p->head[1].forward + k];
      v += a * w[p->head[1].forward + H / 2 + k];
    }
    float pull = u + bias[0] + (v + bias[1]) * s->scaled[e];
    for (int k = 0; k < 3; k++) {
      shift[3L * ends[2 * e] + k] += pull * s->unit[3 * e + k];
      shift[3L * ends[2 * e + 1] + k] -= pull * s->unit[3 * e + k];
    }
  }
}

/* From ∂L/∂shift, and ∂L/∂h of the atoms after the layers in h_bar, which becomes that of the embedded atoms. */
static void encode_back(const Encoder *p, const float *w, int H, const int32_t *ends, float neighbours, EncoderSpace *s,
                        const float *shift_bar, float *h_bar, float *partial) {
  long N = s->N, E = s->E;
  float *e_bar = s->rows, *work = s->rows2, *other = s->rows3, *atoms = s->atoms, *gathered = s->atoms2;
  size_t wide = whole_vectors(2);
  float *last = partial + p->head[1].gradient, *last_bias = partial + p->head[1].bias_gradient;
  const float *from = w + p->head[1].forward;
  for (long e = 0; e < E; e++) {
    float u = 0;
    for (int k = 0; k < 3; k++)
      u += s->unit[3 * e + k] * (shift_bar[3L * ends[2 * e] + k] - shift_bar[3L * ends[2 * e + 1] + k]);
    float v = u * s->scaled[e];
    last_bias[0] += u, last_bias[1] += v;
    for (int k = 0; k < H / 2; k++) {
      long at = e * (H / 2) + k;
      last[k * wide] += u * s->inner[at], last[k * wide + 1] += v * s->inner[at];
      s->half[at] = (u * from[k] + v * from[H / 2 + k]) * s->inner_slope[at];
    }
  }
  gradients(&p->head[0], partial, E, s->hidden, s->half);
  apply_back(&p->head[0], w, E, s->half, work, 0);
  multiply(E * H, work, s->hidden_slope);
  gradients(&p->head_edge, partial, E, s->e, work);
  apply_back(&p->head_edge, w, E, work, e_bar, 0);
  clear(N * H, atoms);
  to_both(H, E, ends, work, 1, atoms);
  gradients(&p->head_atoms, partial, N, s->h, atoms);
  apply_back(&p->head_atoms, w, N, atoms, h_bar, 1);
  for (int l = p->layers - 1; l >= 0; l--) {
    const Layer *k = &p->layer[l];
    LayerSpace *y = &s->layer[l];
    gradients(&k->out[1], partial, N, y->a, h_bar);
    apply_back(&k->out[1], w, N, h_bar, atoms, 0);
    multiply(N * H, atoms, y->slope);
    gradients(&k->out[0], partial, N, y->gathered, atoms);
    apply_back(&k->out[0], w, N, atoms, gathered, 0);
    for (long i = 0; i < N * H; i += VL) store(gathered + i, load(gathered + i) / neighbours);
    both_ends(H, E, ends, gathered, work, 0); /* of the messages */
    for (long i = 0; i < E * H; i += VL) {
      vf m = load(work + i);
      store(other + i, m * load(y->sent + i)); /* of the filter */
      store(work + i, m * load(y->filter + i));
    }
    gradients(&k->filter, partial, E, s->e, other);
    apply_back(&k->filter, w, E, other, e_bar, 1);
    clear(N * H, atoms);
    to_both(H, E, ends, work, 1, atoms);
    gradients(&k->into, partial, N, y->h, atoms);
    apply_back(&k->into, w, N, atoms, h_bar, 1);
  }
  multiply(E * H, e_bar, s->e_slope);
  gradients(&p->edge, partial, E, s->first, e_bar);
  apply_back(&p->edge, w, E, e_bar, work, 0);
  multiply(E * H, work, s->first_slope);
  gradients(&p->from_edge, partial, E, s->inputs, work);
  clear(N * H, atoms);
  to_both(H, E, ends, work, 1, atoms);
  gradients(&p->from_atoms, partial, N, p->layers ? s->layer[0].h : s->h, atoms);
  apply_back(&p->from_atoms, w, N, atoms, h_bar, 1);
}

#endif
