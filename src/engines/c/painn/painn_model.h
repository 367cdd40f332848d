/* Where each tensor of PaiNN lies: in the flat parameters, in the packed copy that the products of egnn_gemm.h read
 * (panels of two vectors of columns, row by row), and in the padded gradient of a lane. Every block of F channels is
 * padded on its own to a multiple of VL with zeros. */
#ifndef PAINN_MODEL_H
#define PAINN_MODEL_H

#include "egnn_vector.h"
#include "painn.h"

enum { NO_BIAS, BIAS, BIAS_AS_INPUT /* the last input, whose value the caller sets, instead of 1 */ };

/* y = x Wᵀ + b with row_blocks × column_blocks blocks [rows, columns] of W. */
typedef struct Matrix {
  size_t weight, bias; /* in the flat parameters */
  int rows, columns, row_blocks, column_blocks, kind;
  int outputs, inputs, depth; /* padded widths of y and x; terms of a sum over x */
  size_t forward, backward, packed_bias; /* in the packed weights */
  size_t gradient, bias_gradient;        /* in a lane's gradient: [inputs, outputs], [outputs] */
} Matrix;

typedef struct Layer {
  Matrix filter;              /* basis → 3F */
  Matrix context[2];          /* F → F → 3F */
  Matrix mix;                 /* F → 2F */
  Matrix update[2];           /* 2F → F → 3F */
} Layer;

struct PainnModel {
  PainnConfig config;
  int F, basis; /* padded hidden, padded radial + 1 */
  Matrix head;
  size_t embedding, embedding_packed, embedding_gradient; /* [types, F] */
  size_t readout, readout_packed, readout_gradient;       /* [head], then its bias */
  size_t parameters, packed, partial;                     /* floats */
  Layer *layers;
};

INLINE int padded(int n) { return (n + VL - 1) / VL * VL; }
INLINE size_t whole_lines(size_t bytes) { return (bytes + 63) & ~(size_t)63; }
INLINE size_t take(size_t *used, size_t floats) {
  size_t at = *used;
  *used += (floats + 15) & ~(size_t)15;
  return at;
}

/* Sets sizes and reserves room; the caller sets where weight and bias begin. */
NOINLINE void place(PainnModel *m, Matrix *x, int rows, int columns, int row_blocks, int column_blocks, int kind) {
  *x = (Matrix){.rows = rows, .columns = columns, .row_blocks = row_blocks, .column_blocks = column_blocks};
  x->kind = kind;
  x->outputs = row_blocks * padded(rows);
  x->inputs = kind == BIAS_AS_INPUT ? padded(columns + 1) : column_blocks * padded(columns);
  x->depth = kind == BIAS_AS_INPUT ? columns + 1 : column_blocks == 1 ? columns : x->inputs;
  x->forward = take(&m->packed, (size_t)x->depth * x->outputs);
  x->backward = take(&m->packed, (size_t)x->outputs * x->inputs);
  x->packed_bias = take(&m->packed, x->outputs);
  x->gradient = take(&m->partial, (size_t)x->inputs * x->outputs);
  x->bias_gradient = take(&m->partial, x->outputs);
}

/* As place, for a layer whose weight and bias are the next in the flat parameters. */
NOINLINE void place_next(PainnModel *m, Matrix *x, int rows, int columns, int row_blocks, int column_blocks, int kind) {
  place(m, x, rows, columns, row_blocks, column_blocks, kind);
  x->weight = m->parameters;
  m->parameters += (size_t)rows * row_blocks * columns * column_blocks;
  x->bias = m->parameters;
  if (kind == BIAS) m->parameters += (size_t)rows * row_blocks;
}

static size_t model_bytes(const PainnConfig *c) {
  return whole_lines(sizeof(PainnModel)) + whole_lines(c->layers * sizeof(Layer));
}

static void model_init(PainnModel *m, const PainnConfig *c) {
  int F = c->hidden, R = c->radial;
  *m = (PainnModel){.config = *c, .F = padded(F), .basis = padded(R + 1)};
  m->layers = (Layer *)((char *)m + whole_lines(sizeof(PainnModel)));
  m->embedding_packed = take(&m->packed, (size_t)c->types * m->F);
  m->embedding_gradient = take(&m->partial, (size_t)c->types * m->F);
  m->parameters = (size_t)c->types * F;
  size_t filter = m->parameters, filter_bias = filter + (size_t)3 * F * c->layers * R;
  m->parameters = filter_bias + (size_t)3 * F * c->layers;
  for (int l = 0; l < c->layers; l++) {
    place(m, &m->layers[l].filter, F, R, 3, 1, BIAS_AS_INPUT);
    m->layers[l].filter.weight = filter + (size_t)3 * F * l * R;
    m->layers[l].filter.bias = filter_bias + (size_t)3 * F * l;
    place_next(m, &m->layers[l].context[0], F, F, 1, 1, BIAS);
    place_next(m, &m->layers[l].context[1], F, F, 3, 1, BIAS);
  }
  for (int l = 0; l < c->layers; l++) {
    place_next(m, &m->layers[l].mix, F, F, 2, 1, NO_BIAS);
    place_next(m, &m->layers[l].update[0], F, F, 1, 2, BIAS);
    place_next(m, &m->layers[l].update[1], F, F, 3, 1, BIAS);
  }
  place_next(m, &m->head, c->head, F, 1, 1, BIAS);
  m->readout = m->parameters;
  m->parameters += c->head + 1;
  m->readout_packed = take(&m->packed, m->head.outputs + 1);
  m->readout_gradient = take(&m->partial, m->head.outputs + 1);
}

/* Matrices in one row: six of each layer, then the head. */
INLINE int matrix_count(const PainnModel *m) { return 6 * m->config.layers + 1; }
INLINE const Matrix *matrix_at(const PainnModel *m, int index) {
  if (index == 6 * m->config.layers) return &m->head;
  const Layer *l = &m->layers[index / 6];
  const Matrix *all[6] = {&l->filter, &l->context[0], &l->context[1], &l->mix, &l->update[0], &l->update[1]};
  return all[index % 6];
}

/* Where row `out` (padded) of W lies in the flat parameters; null for padding. */
INLINE const float *row_of(const Matrix *x, const float *p, int out, int *row) {
  int high = padded(x->rows);
  *row = out / high * x->rows + out % high;
  return out % high < x->rows ? p + x->weight + (size_t)*row * x->columns * x->column_blocks : 0;
}

/* Writes inputs [first, end) of a row of W, `step` apart; zeros for padding. */
INLINE void copy_row(const Matrix *x, const float *p, int out, int first, int end, float *to, int step) {
  int row, wide = x->kind == BIAS_AS_INPUT ? x->inputs : padded(x->columns);
  const float *from = row_of(x, p, out, &row);
  for (int block = first / wide * wide; block < end; block += wide) {
    int begin = first > block ? first - block : 0, stop = end - block < wide ? end - block : wide;
    int real = !from ? 0 : stop < x->columns ? stop : x->columns;
    const float *part = from ? from + (size_t)block / wide * x->columns : 0;
    for (int c = begin; c < real; c++, to += step) *to = part[c];
    for (int c = begin > real ? begin : real; c < stop; c++, to += step)
      *to = from && x->kind == BIAS_AS_INPUT && c == x->columns ? p[x->bias + row] : 0;
  }
}

NOINLINE void pack_matrix(const Matrix *x, const float *p, float *w) {
  float *to = w + x->forward;
  for (int first = 0; first < x->outputs; first += 2 * VL) {
    int width = x->outputs - first < 2 * VL ? VL : 2 * VL;
    for (int v = 0; v < width; v++) copy_row(x, p, first + v, 0, x->depth, to + v, width);
    to += (size_t)x->depth * width;
  }
  to = w + x->backward;
  for (int first = 0; first < x->inputs; first += 2 * VL) {
    int width = x->inputs - first < 2 * VL ? VL : 2 * VL;
    for (int k = 0; k < x->outputs; k++, to += width) copy_row(x, p, k, first, first + width, to, 1);
  }
  for (int out = 0; out < x->outputs && x->kind == BIAS; out++) {
    int row;
    w[x->packed_bias + out] = row_of(x, p, out, &row) ? p[x->bias + row] : 0;
  }
}

/* Tasks 0 … matrix_count − 1: one matrix each; the last one: embedding and readout. */
static int pack_tasks(const PainnModel *m) { return matrix_count(m) + 1; }
static void pack(const PainnCall *call, int task) {
  const PainnModel *m = call->model;
  const float *p = call->parameters;
  float *w = call->weights;
  if (task < matrix_count(m)) return pack_matrix(matrix_at(m, task), p, w);
  int F = m->config.hidden, H = m->config.head;
  for (int t = 0; t < m->config.types; t++)
    for (int f = 0; f < m->F; f++) w[m->embedding_packed + t * m->F + f] = f < F ? p[(size_t)t * F + f] : 0;
  for (int k = 0; k < m->head.outputs; k++) w[m->readout_packed + k] = k < H ? p[m->readout + k] : 0;
  w[m->readout_packed + m->head.outputs] = p[m->readout + H];
}

/* Sums the lanes' gradients in their order into the flat gradient; tasks as in pack. */
static void reduce(const PainnCall *call, int task) {
  const PainnModel *m = call->model;
  int lanes = call->molecules < PAINN_LANES ? call->molecules : PAINN_LANES;
  float *g = call->gradient;
#define SUM(TO, OFFSET)                                                                     \
  do {                                                                                      \
    float sum = call->partial[OFFSET];                                                      \
    for (int lane = 1; lane < lanes; lane++) sum += call->partial[lane * m->partial + (OFFSET)]; \
    g[TO] = sum;                                                                            \
  } while (0)
  if (task < matrix_count(m)) {
    const Matrix *x = matrix_at(m, task);
    int high = padded(x->rows), wide = padded(x->columns), stride = x->columns * x->column_blocks;
    for (int rb = 0; rb < x->row_blocks; rb++)
      for (int tile = 0; tile < x->rows; tile += 16) { /* a line of the cache at a time is transposed */
        int end = tile + 16 < x->rows ? tile + 16 : x->rows;
        for (int c = 0; c < stride; c++) {
          size_t in = x->gradient + ((size_t)(c / x->columns) * wide + c % x->columns) * x->outputs + rb * high;
          for (int r = tile; r < end; r++) SUM(x->weight + (size_t)(rb * x->rows + r) * stride + c, in + r);
        }
        for (int r = tile; r < end && x->kind != NO_BIAS; r++) {
          size_t of = x->kind == BIAS ? x->bias_gradient : x->gradient + (size_t)x->columns * x->outputs;
          SUM(x->bias + rb * x->rows + r, of + rb * high + r);
        }
      }
    return;
  }
  int F = m->config.hidden, H = m->config.head;
  for (int t = 0; t < m->config.types; t++)
    for (int f = 0; f < F; f++) SUM((size_t)t * F + f, m->embedding_gradient + (size_t)t * m->F + f);
  for (int k = 0; k < H; k++) SUM(m->readout + k, m->readout_gradient + k);
  SUM(m->readout + H, m->readout_gradient + m->head.outputs);
#undef SUM
}

#endif
