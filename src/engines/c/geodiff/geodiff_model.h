/* Where the tensors of the conformer network lie: flat parameters, packed weights, gradients. */
#ifndef GEODIFF_MODEL_H
#define GEODIFF_MODEL_H

#include "egnn_gemm.h"
#include "geodiff.h"

/* y = x Wᵀ + b. Widths below a vector are left to scalar code and are not packed. */
typedef struct Matrix {
  int outputs, inputs, has_bias;
  size_t source, bias_source;      /* in the flat parameters: W [outputs, inputs], then b */
  size_t forward, backward, bias;  /* in the packed weights */
  size_t gradient, bias_gradient;  /* in a lane's gradient: Wᵀ [inputs, outputs padded], b */
} Matrix;

typedef struct Layer {
  Matrix filter, into, out[2];
} Layer;

typedef struct Encoder {
  int layers;
  Matrix embedding, from_atoms, from_edge, edge, head_atoms, head_edge, head[2];
  Layer layer[GEODIFF_MOST_LAYERS];
} Encoder;

typedef struct Model {
  size_t parameters, packed, partial; /* floats */
  Matrix handedness, centre_inner, centre_handed, centre_outer;
  Encoder encoder[2]; /* local, global */
} Model;

INLINE size_t whole_vectors(size_t n) { return (n + 15) / 16 * 16; }

static Matrix matrix(Model *m, int outputs, int inputs, int has_bias) {
  size_t size = (size_t)outputs * inputs, wide = whole_vectors(outputs), deep = whole_vectors(inputs);
  Matrix l = {outputs, inputs, has_bias, m->parameters, m->parameters + size, m->packed, m->packed + wide * inputs,
              m->packed + wide * inputs + deep * outputs, m->partial, m->partial + wide * inputs};
  m->parameters += size + (has_bias ? outputs : 0);
  m->packed += wide * inputs + deep * outputs + wide;
  m->partial += wide * inputs + wide;
  return l;
}

static Encoder encoder(Model *m, int H, int layers, int inputs) {
  Encoder e;
  e.layers = layers;
  e.embedding = matrix(m, H, inputs, 1);
  e.from_atoms = matrix(m, H, H, 1);
  e.from_edge = matrix(m, H, GEODIFF_EDGE_INPUTS, 0);
  e.edge = matrix(m, H, H, 1);
  for (int l = 0; l < layers; l++) {
    e.layer[l].filter = matrix(m, H, H, 1);
    e.layer[l].into = matrix(m, H, H, 0);
    e.layer[l].out[0] = matrix(m, H, H, 1);
    e.layer[l].out[1] = matrix(m, H, H, 1);
  }
  e.head_atoms = matrix(m, H, H, 1);
  e.head_edge = matrix(m, H, H, 0);
  e.head[0] = matrix(m, H / 2, H, 1);
  e.head[1] = matrix(m, 2, H / 2, 1);
  return e;
}

/* The order of geoDiffLayout. */
static void model_of(const GeoDiffConfig *c, Model *m) {
  int H = c->hidden;
  m->parameters = m->packed = m->partial = 0;
  m->handedness = matrix(m, H, 2, 1);
  m->encoder[0] = encoder(m, H, c->local_layers, c->atom_features);
  m->encoder[1] = encoder(m, H, c->global_layers, H);
  m->centre_inner = matrix(m, H / 2, H, 1);
  m->centre_handed = matrix(m, H / 2, 1, 0);
  m->centre_outer = matrix(m, 1, H / 2, 1);
}

/* Visits every matrix in order. */
typedef void (*Visit)(const GeoDiffCall *, const Matrix *);
static void every_matrix(const GeoDiffCall *call, const Model *m, Visit visit) {
  visit(call, &m->handedness);
  for (int k = 0; k < 2; k++) {
    const Encoder *e = &m->encoder[k];
    visit(call, &e->embedding);
    visit(call, &e->from_atoms);
    visit(call, &e->from_edge);
    visit(call, &e->edge);
    for (int l = 0; l < e->layers; l++) {
      visit(call, &e->layer[l].filter);
      visit(call, &e->layer[l].into);
      visit(call, &e->layer[l].out[0]);
      visit(call, &e->layer[l].out[1]);
    }
    visit(call, &e->head_atoms);
    visit(call, &e->head_edge);
    visit(call, &e->head[0]);
    visit(call, &e->head[1]);
  }
  visit(call, &m->centre_inner);
  visit(call, &m->centre_handed);
  visit(call, &m->centre_outer);
}

/* M [depth, columns] in panels of two vectors of columns, rows within a panel; M(k, c) = p[k * ks + c * cs]. */
static void pack_panels(int depth, int columns, const float *p, size_t ks, size_t cs, float *to) {
  for (int first = 0; first < columns; first += 2 * VL) {
    int width = columns - first < 2 * VL ? VL : 2 * VL;
    for (int k = 0; k < depth; k++, to += width)
      for (int v = 0; v < width; v++) to[v] = first + v < columns ? p[k * ks + (first + v) * cs] : 0;
  }
}

static void pack_matrix(const GeoDiffCall *call, const Matrix *l) {
  const float *p = call->parameters + l->source;
  float *w = call->weights;
  if (l->outputs % VL == 0) pack_panels(l->inputs, l->outputs, p, 1, l->inputs, w + l->forward);
  if (l->inputs % VL == 0) pack_panels(l->outputs, l->inputs, p, l->inputs, 1, w + l->backward);
  for (int k = 0; k < l->outputs; k++) w[l->bias + k] = l->has_bias ? call->parameters[l->bias_source + k] : 0;
}

/* Sums the lanes in their order. */
static void reduce_matrix(const GeoDiffCall *call, const Matrix *l) {
  Model m;
  model_of(&call->config, &m);
  size_t wide = whole_vectors(l->outputs);
  for (int r = 0; r < l->outputs; r++) {
    for (int k = 0; k < l->inputs; k++) {
      float sum = 0;
      for (int lane = 0; lane < GEODIFF_LANES; lane++)
        sum += call->partial[lane * m.partial + l->gradient + (size_t)k * wide + r];
      call->gradient[l->source + (size_t)r * l->inputs + k] = sum;
    }
    if (!l->has_bias) continue;
    float sum = 0;
    for (int lane = 0; lane < GEODIFF_LANES; lane++) sum += call->partial[lane * m.partial + l->bias_gradient + r];
    call->gradient[l->bias_source + r] = sum;
  }
}

/* y = x Wᵀ + b */
static void apply(const Matrix *l, const float *w, long rows, const float *x, float *y) {
  product(rows, l->outputs, l->inputs, x, l->inputs, w + l->forward, l->has_bias ? w + l->bias : 0, y, l->outputs);
}
/* y += x Wᵀ + b */
static void apply_onto(const Matrix *l, const float *w, long rows, const float *x, float *y) {
  product_add(rows, l->outputs, l->inputs, x, l->inputs, w + l->forward, l->has_bias ? w + l->bias : 0, y, l->outputs, y,
              l->outputs);
}
/* x̄ = ȳ W, or x̄ += ȳ W */
static void apply_back(const Matrix *l, const float *w, long rows, const float *y, float *x, int onto) {
  if (onto) product_add(rows, l->inputs, l->outputs, y, l->outputs, w + l->backward, 0, x, l->inputs, x, l->inputs);
  else product(rows, l->inputs, l->outputs, y, l->outputs, w + l->backward, 0, x, l->inputs);
}
static void gradients(const Matrix *l, float *partial, long rows, const float *x, const float *y) {
  outer_add(l->inputs, l->outputs, rows, x, l->inputs, y, l->outputs, partial + l->gradient, l->outputs);
  if (l->has_bias) column_sums_add(rows, l->outputs, y, l->outputs, partial + l->bias_gradient);
}

#endif
