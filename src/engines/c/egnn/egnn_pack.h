/* From the flat parameters to packed weights, and from the lanes' padded gradients to the flat gradient.
 *
 * A packed matrix lies in panels of two vectors of its columns (one in the last panel of an odd number), and within
 * a panel row by row: the order in which the products of egnn_gemm.h read it. */
#ifndef EGNN_PACK_H
#define EGNN_PACK_H

#include "egnn_model.h"

/* W^T, for y = x W^T: `depth` rows of `outputs` columns, of which column c is row c of the parameters. */
NOINLINE void pack_forward(const Linear *l, const float *p, float *to) {
  int high = padded(l->rows), wide = padded(l->columns);
  for (int first = 0; first < l->outputs; first += 2 * VL) {
    int width = l->outputs - first < 2 * VL ? VL : 2 * VL;
    for (int cb = 0; cb < l->column_blocks; cb++) {
      int end = l->depth - cb * wide < wide ? l->depth - cb * wide : wide;
      for (int v = 0; v < width; v++) {
        int r = (first + v) % high, block = (first + v) / high + cb, real = r < l->rows ? l->columns : 0;
        const float *from = p + l->source + (size_t)r * l->stride + (size_t)block * l->columns;
        for (int k = 0; k < real; k++) to[k * width + v] = from[k];
        for (int k = real; k < end; k++) to[k * width + v] = 0;
      }
      to += end * width;
    }
  }
}

/* W, for ∂L/∂x = ∂L/∂y W: `backward_depth` rows of `inputs` columns. */
NOINLINE void pack_backward(const Linear *l, const float *p, float *to) {
  int high = padded(l->rows), wide = padded(l->columns);
  for (int first = 0; first < l->inputs; first += 2 * VL) {
    int width = l->inputs - first < 2 * VL ? VL : 2 * VL;
    for (int row = 0; row < l->backward_depth; row++, to += width)
      for (int half = 0; half < width; half += VL) {
        int r = row % high, k = (first + half) % wide, block = row / high + (first + half) / wide;
        int real = r < l->rows ? l->columns - k : 0;
        const float *from = p + l->source + (size_t)r * l->stride + (size_t)block * l->columns + k;
        for (int v = 0; v < VL; v++) to[half + v] = v < real ? from[v] : 0;
      }
  }
}

/* Tasks 0 … linear_count − 1: one matrix each; then one edge layer each: its small vectors. Without a gradient to
 * compute, the matrices for the backward pass are left out. */
NOINLINE void pack(const EgnnCall *call, int task) {
  const EgnnModel *m = call->model;
  const float *p = call->parameters;
  float *w = call->weights;
  if (task < m->linear_count) {
    const Linear *l = m->linears[task];
    pack_forward(l, p, w + l->forward);
    if (call->gradient) pack_backward(l, p, w + l->backward);
    for (int row = 0; row < l->outputs; row++)
      w[l->bias + row] = l->has_bias && row < l->rows ? p[l->bias_source + row] : 0;
    return;
  }
  const EdgeLayer *e = edge_layer(m, task - m->linear_count);
  for (int k = 0; k < m->hidden; k++) {
    int real = k < m->config.hidden;
    for (int f = 0; f < m->edge_features; f++)
      w[e->edge + (size_t)f * m->hidden + k] = real ? p[e->edge_source + (size_t)k * e->atoms.stride + f] : 0;
    if (e->has_readout) w[e->readout + k] = real ? p[e->readout_source + k] : 0;
  }
}

/* Adds the lanes' gradients in their order into the flat gradient; tasks as in pack. */
NOINLINE void reduce(const EgnnCall *call, int task, int lanes) {
  const EgnnModel *m = call->model;
  float *g = call->gradient;
#define LANES(OFFSET, VALUE)                                                                    \
  float VALUE = 0;                                                                              \
  for (int lane = 0; lane < lanes; lane++) VALUE += call->partial[(size_t)lane * m->partial + (OFFSET)]
  if (task < m->linear_count) {
    const Linear *l = m->linears[task];
    int high = padded(l->rows), wide = padded(l->columns);
    for (int rb = 0; rb < l->row_blocks; rb++)
      for (int cb = 0; cb < l->column_blocks; cb++)
        for (int r = 0; r < l->rows; r++) {
          float *to = g + l->source + (size_t)r * l->stride + (size_t)(rb + cb) * l->columns;
          const float *from =
              call->partial + l->gradient + ((size_t)rb * high + r) * l->inputs + (size_t)cb * wide;
          for (int k = 0; k < l->columns; k++) to[k] = from[k];
          for (int lane = 1; lane < lanes; lane++) {
            from += m->partial;
            for (int k = 0; k < l->columns; k++) to[k] += from[k];
          }
        }
    for (int r = 0; l->has_bias && r < l->rows; r++) {
      LANES(l->bias_gradient + r, sum);
      g[l->bias_source + r] = sum;
    }
    return;
  }
  const EdgeLayer *e = edge_layer(m, task - m->linear_count);
  for (int k = 0; k < m->config.hidden; k++) {
    for (int f = 0; f < m->edge_features; f++) {
      LANES(e->edge_gradient + (size_t)f * m->hidden + k, sum);
      g[e->edge_source + (size_t)k * e->atoms.stride + f] = sum;
    }
    if (e->has_readout) {
      LANES(e->readout_gradient + k, sum);
      g[e->readout_source + k] = sum;
    }
  }
  if (e->has_offset) {
    LANES(e->offset_gradient, sum);
    g[e->offset_source] = sum;
  }
#undef LANES
}

#endif
