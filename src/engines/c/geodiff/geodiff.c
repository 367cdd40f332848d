/* The numerical core of the conformer network; compiled once for each instruction set with VL, MR and GEODIFF (its name)
 * defined. */
#include "geodiff_encoder.h"

#ifndef CORE_NAME
#define CORE_NAME "portable"
#endif

static const float NEIGHBOURS[2] = {8, 12};

/* A centre: gradients of its volume over the mean square, and sign times handedness. */
typedef struct Turn {
  float a[3], b[3], c[3], handed, known;
} Turn;

typedef struct Space {
  EncoderSpace encoder[2];
  Turn *turn;                          /* [C] */
  float *rows, *inner, *slope, *back;  /* [C, H], [C, H/2] */
  float *shift, *h_bar, *near_bar;     /* [N, 3], [N, H] */
} Space;

static void carve(Arena *a, const Model *m, const GeoDiffConfig *c, const int32_t *counts, Space *s) {
  long N = counts[0], C = counts[3], H = c->hidden;
  for (int k = 0; k < 2; k++) carve_encoder(a, &m->encoder[k], H, N, counts[1 + k], &s->encoder[k]);
  s->turn = (Turn *)take(a, C * sizeof(Turn) / sizeof(float));
  s->rows = take(a, C * H), s->inner = take(a, C * H / 2), s->slope = take(a, C * H / 2), s->back = take(a, C * H / 2);
  s->shift = take(a, 3 * N), s->h_bar = take(a, N * H), s->near_bar = take(a, N * H);
}

static void cross(const float *p, const float *q, float *to) {
  to[0] = p[1] * q[2] - p[2] * q[1];
  to[1] = p[2] * q[0] - p[0] * q[2];
  to[2] = p[0] * q[1] - p[1] * q[0];
}
static float dot(const float *p, const float *q) { return p[0] * q[0] + p[1] * q[1] + p[2] * q[2]; }

static void turn_of(const int32_t *centre, float sign, const float *x, Turn *t) {
  float p[3], q[3], r[3];
  for (int k = 0; k < 3; k++) {
    float last = x[3L * centre[4] + k];
    p[k] = x[3L * centre[1] + k] - last, q[k] = x[3L * centre[2] + k] - last, r[k] = x[3L * centre[3] + k] - last;
  }
  float s0 = dot(p, p) + 1e-6f, s1 = dot(q, q) + 1e-6f, s2 = dot(r, r) + 1e-6f, over = sign / ((s0 + s1 + s2) / 3);
  cross(q, r, t->a), cross(r, p, t->b), cross(p, q, t->c);
  t->handed = dot(p, t->a) / __builtin_sqrtf(s0 * s1 * s2) * sign;
  t->known = sign * sign;
  for (int k = 0; k < 3; k++) t->a[k] *= over, t->b[k] *= over, t->c[k] *= over;
}

/* The call of one molecule. */
typedef struct Part {
  const int32_t *counts, *ends[2], *centres;
  const float *atoms, *positions, *features, *signs;
  long first;
} Part;
static Part part_of(const GeoDiffCall *call, int molecule) {
  long n[4] = {0, 0, 0, 0};
  for (int m = 0; m < molecule; m++)
    for (int k = 0; k < 4; k++) n[k] += call->counts[4 * m + k];
  return (Part){call->counts + 4 * molecule,
                {call->local + 2 * n[1], call->far + 2 * n[2]},
                call->centres + 5 * n[3],
                call->atoms + n[0] * call->config.atom_features,
                call->positions + 3 * n[0],
                call->features + n[1] * GEODIFF_EDGE_FEATURES,
                call->signs + n[3],
                n[0]};
}

static void forward(const GeoDiffCall *call, const Model *m, const Part *p, float scale, Space *s) {
  const float *w = call->weights;
  long N = p->counts[0], C = p->counts[3], H = call->config.hidden;
  const Encoder *near = &m->encoder[0], *far = &m->encoder[1];
  float *embedded = near->layers ? s->encoder[0].layer[0].h : s->encoder[0].h;
  apply(&near->embedding, w, N, p->atoms, embedded);
  const float *parameters = call->parameters + m->handedness.source, *bias = call->parameters + m->handedness.bias_source;
  for (long c = 0; c < C; c++) {
    Turn *t = &s->turn[c];
    turn_of(p->centres + 5 * c, p->signs[c], p->positions, t);
    float *h = embedded + (long)p->centres[5 * c] * H;
    for (int k = 0; k < H; k++) h[k] += parameters[2 * k] * t->handed + (parameters[2 * k + 1] + bias[k]) * t->known;
  }
  clear(3 * N, s->shift);
  encode(near, w, H, p->ends[0], p->positions, scale, p->features, NEIGHBOURS[0], &s->encoder[0], s->shift);
  apply(&far->embedding, w, N, s->encoder[0].h, far->layers ? s->encoder[1].layer[0].h : s->encoder[1].h);
  encode(far, w, H, p->ends[1], p->positions, scale, 0, NEIGHBOURS[1], &s->encoder[1], s->shift);
  for (long c = 0; c < C; c++)
    for (int k = 0; k < H; k++) s->rows[c * H + k] = s->encoder[0].h[(long)p->centres[5 * c] * H + k];
  apply(&m->centre_inner, w, C, s->rows, s->inner);
  const float *by = call->parameters + m->centre_handed.source, *outer = call->parameters + m->centre_outer.source;
  for (long c = 0; c < C; c++)
    for (int k = 0; k < H / 2; k++) s->inner[c * (H / 2) + k] += by[k] * s->turn[c].handed;
  activate(C * H / 2, s->inner, s->slope);
  for (long c = 0; c < C; c++) {
    const Turn *t = &s->turn[c];
    const int32_t *at = p->centres + 5 * c;
    float push = outer[H / 2];
    for (int k = 0; k < H / 2; k++) push += outer[k] * s->inner[c * (H / 2) + k];
    for (int k = 0; k < 3; k++) {
      s->shift[3L * at[1] + k] += push * t->a[k];
      s->shift[3L * at[2] + k] += push * t->b[k];
      s->shift[3L * at[3] + k] += push * t->c[k];
      s->shift[3L * at[4] + k] -= push * (t->a[k] + t->b[k] + t->c[k]);
    }
  }
}

/* From ∂L/∂shift, which is in s->shift. */
static void backward(const GeoDiffCall *call, const Model *m, const Part *p, Space *s, float *partial) {
  const float *w = call->weights;
  long N = p->counts[0], C = p->counts[3], H = call->config.hidden;
  const Encoder *near = &m->encoder[0], *far = &m->encoder[1];
  const float *outer = call->parameters + m->centre_outer.source;
  clear(N * H, s->near_bar);
  clear(N * H, s->h_bar);
  for (long c = 0; c < C; c++) {
    const Turn *t = &s->turn[c];
    const int32_t *at = p->centres + 5 * c;
    float push = 0;
    for (int k = 0; k < 3; k++)
      push += t->a[k] * s->shift[3L * at[1] + k] + t->b[k] * s->shift[3L * at[2] + k] + t->c[k] * s->shift[3L * at[3] + k] -
              (t->a[k] + t->b[k] + t->c[k]) * s->shift[3L * at[4] + k];
    partial[m->centre_outer.bias_gradient] += push;
    for (int k = 0; k < H / 2; k++) {
      long i = c * (H / 2) + k;
      partial[m->centre_outer.gradient + k * whole_vectors(1)] += push * s->inner[i];
      s->back[i] = push * outer[k] * s->slope[i];
      partial[m->centre_handed.gradient + k] += s->back[i] * t->handed;
    }
  }
  gradients(&m->centre_inner, partial, C, s->rows, s->back);
  apply_back(&m->centre_inner, w, C, s->back, s->rows, 0);
  for (long c = 0; c < C; c++)
    for (int k = 0; k < H; k++) s->near_bar[(long)p->centres[5 * c] * H + k] += s->rows[c * H + k];
  encode_back(far, w, H, p->ends[1], NEIGHBOURS[1], &s->encoder[1], s->shift, s->h_bar, partial);
  gradients(&far->embedding, partial, N, s->encoder[0].h, s->h_bar);
  apply_back(&far->embedding, w, N, s->h_bar, s->near_bar, 1);
  encode_back(near, w, H, p->ends[0], NEIGHBOURS[0], &s->encoder[0], s->shift, s->near_bar, partial);
  gradients(&near->embedding, partial, N, p->atoms, s->near_bar);
  float *g = partial + m->handedness.gradient, *gb = partial + m->handedness.bias_gradient;
  size_t wide = whole_vectors(H);
  for (long c = 0; c < C; c++) {
    const Turn *t = &s->turn[c];
    const float *h = s->near_bar + (long)p->centres[5 * c] * H;
    for (int k = 0; k < H; k++) {
      g[k] += h[k] * t->handed;
      g[wide + k] += h[k] * t->known;
      gb[k] += h[k] * t->known;
    }
  }
}

static size_t core_parameter_count(const GeoDiffConfig *c) {
  Model m;
  model_of(c, &m);
  return m.parameters;
}
static size_t core_weights_bytes(const GeoDiffConfig *c) {
  Model m;
  model_of(c, &m);
  return m.packed * sizeof(float);
}
static size_t core_partial_bytes(const GeoDiffConfig *c) {
  Model m;
  model_of(c, &m);
  return m.partial * sizeof(float);
}
static uint64_t core_workspace_bytes(const GeoDiffCall *call) {
  Model m;
  uint64_t most = 0;
  model_of(&call->config, &m);
  for (int k = 0; k < call->molecules; k++) {
    Arena a = {0, 0};
    Space s;
    carve(&a, &m, &call->config, call->counts + 4 * k, &s);
    if (a.used > most) most = a.used;
  }
  return most * sizeof(float);
}

static void core_pack(const GeoDiffCall *call) {
  Model m;
  model_of(&call->config, &m);
  every_matrix(call, &m, pack_matrix);
  for (int k = 0; k < 2; k++) /* two outputs: read row by row */
    for (int i = 0; i < call->config.hidden; i++)
      call->weights[m.encoder[k].head[1].forward + i] = call->parameters[m.encoder[k].head[1].source + i];
}

static void core_evaluate(const GeoDiffCall *call, int molecule, void *workspace) {
  Model m;
  Space s;
  Arena a = {workspace, 0};
  Part p = part_of(call, molecule);
  model_of(&call->config, &m);
  carve(&a, &m, &call->config, p.counts, &s);
  forward(call, &m, &p, call->scales[molecule], &s);
  for (long k = 0; k < 3L * p.counts[0]; k++) call->output[3 * p.first + k] = s.shift[k];
}

static void core_train(const GeoDiffCall *call, int lane, void *workspace) {
  Model m;
  model_of(&call->config, &m);
  float *partial = call->partial + lane * m.partial;
  clear((long)m.partial, partial);
  for (int molecule = lane; molecule < call->molecules; molecule += GEODIFF_LANES) {
    Space s;
    Arena a = {workspace, 0};
    Part p = part_of(call, molecule);
    carve(&a, &m, &call->config, p.counts, &s);
    forward(call, &m, &p, call->scales[molecule], &s);
    double loss = 0;
    float weight = call->weight[molecule];
    for (long k = 0; k < 3L * p.counts[0]; k++) {
      float error = s.shift[k] - call->target[3 * p.first + k];
      loss += (double)weight * error * error;
      s.shift[k] = 2 * weight * error / call->molecules;
    }
    call->losses[molecule] = loss;
    backward(call, &m, &p, &s, partial);
  }
}

static void core_reduce(const GeoDiffCall *call) {
  Model m;
  model_of(&call->config, &m);
  every_matrix(call, &m, reduce_matrix);
}

const GeoDiffCore GEODIFF = {CORE_NAME,          core_parameter_count, core_weights_bytes, core_partial_bytes,
                             core_workspace_bytes, core_pack,            core_evaluate,      core_train,
                             core_reduce};
