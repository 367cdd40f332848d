/* Matrix products in register tiles of MR rows by two vectors. Every output element is summed over k in the
 * same order with the same operations whichever tile it falls in, so a row's result does not depend on the
 * rows around it. Sizes of vectors (columns of outputs) are multiples of VL; rows and k are arbitrary. */
#ifndef EGNN_GEMM_H
#define EGNN_GEMM_H

#include "egnn_vector.h"

/* What happens to a finished tile. */
enum { STORE, ADD, MULTIPLY };

INLINE void row_tile(const int rows, const int vectors, const int mode, long depth, const float *x, long ldx,
                     const float *panel, const float *bias, float *y, long ldy, const float *other, long ldo) {
  vf sum[MR][2];
  UNROLL
  for (int m = 0; m < rows; m++)
  UNROLL
    for (int v = 0; v < vectors; v++) sum[m][v] = bias ? load(bias + v * VL) : splat(0);
  for (long k = 0; k < depth; k++, panel += vectors * VL) {
    vf w[2];
  UNROLL
    for (int v = 0; v < vectors; v++) w[v] = load(panel + v * VL);
  UNROLL
    for (int m = 0; m < rows; m++) {
      vf a = splat(x[m * ldx + k]);
  UNROLL
      for (int v = 0; v < vectors; v++) sum[m][v] = multiply_add(a, w[v], sum[m][v]);
    }
  }
  UNROLL
  for (int m = 0; m < rows; m++)
  UNROLL
    for (int v = 0; v < vectors; v++) {
      vf t = sum[m][v];
      if (mode == ADD) t += load(other + m * ldo + v * VL);
      if (mode == MULTIPLY) t *= load(other + m * ldo + v * VL);
      store(y + m * ldy + v * VL, t);
    }
}

INLINE void panel_rows(const int vectors, const int mode, long rows, long depth, const float *x, long ldx,
                       const float *panel, const float *bias, float *y, long ldy, const float *other, long ldo) {
#define ROW_TILE(R)                                                                            \
  for (; rows >= R; rows -= R, x += R * ldx, y += R * ldy, other += R * ldo)                   \
  row_tile(R, vectors, mode, depth, x, ldx, panel, bias, y, ldy, other, ldo)
  ROW_TILE(MR);
#if MR > 8
  ROW_TILE(8);
#endif
#if MR > 4
  ROW_TILE(4);
#endif
  ROW_TILE(2);
  ROW_TILE(1);
#undef ROW_TILE
}

INLINE void rows_times(const int mode, long rows, long columns, long depth, const float *x, long ldx,
                       const float *panels, const float *bias, float *y, long ldy, const float *other, long ldo) {
  long c = 0;
  for (; c + 2 * VL <= columns; c += 2 * VL)
    panel_rows(2, mode, rows, depth, x, ldx, panels + c * depth, bias ? bias + c : 0, y + c, ldy, other + c, ldo);
  if (c < columns)
    panel_rows(1, mode, rows, depth, x, ldx, panels + c * depth, bias ? bias + c : 0, y + c, ldy, other + c, ldo);
}

/* y[rows, columns] = x[rows, depth] · W + bias, W packed in panels of two vectors of columns, k-major;
 * bias may be null. */
NOINLINE void product(long rows, long columns, long depth, const float *x, long ldx, const float *panels,
                      const float *bias, float *y, long ldy) {
  rows_times(STORE, rows, columns, depth, x, ldx, panels, bias, y, ldy, y, ldy);
}

/* y = x · W + bias + other */
NOINLINE void product_add(long rows, long columns, long depth, const float *x, long ldx, const float *panels,
                          const float *bias, float *y, long ldy, const float *other, long ldo) {
  rows_times(ADD, rows, columns, depth, x, ldx, panels, bias, y, ldy, other, ldo);
}

/* y = (x · W) ∘ other */
NOINLINE void product_multiply(long rows, long columns, long depth, const float *x, long ldx, const float *panels,
                               float *y, long ldy, const float *other, long ldo) {
  rows_times(MULTIPLY, rows, columns, depth, x, ldx, panels, 0, y, ldy, other, ldo);
}

INLINE void outer_tile(const int tall, const int vectors, long rows, const float *x, long ldx, const float *y,
                       long ldy, float *c, long ldc) {
  vf sum[MR][2];
  UNROLL
  for (int m = 0; m < tall; m++) {
    __builtin_prefetch(c + m * ldc, 1);
  UNROLL
    for (int v = 0; v < vectors; v++) sum[m][v] = splat(0);
  }
  for (long r = 0; r < rows; r++, x += ldx, y += ldy) {
    vf b[2];
  UNROLL
    for (int v = 0; v < vectors; v++) b[v] = load(y + v * VL);
  UNROLL
    for (int m = 0; m < tall; m++) {
      vf a = splat(x[m]);
  UNROLL
      for (int v = 0; v < vectors; v++) sum[m][v] = multiply_add(a, b[v], sum[m][v]);
    }
  }
  UNROLL
  for (int m = 0; m < tall; m++)
  UNROLL
    for (int v = 0; v < vectors; v++) store(c + m * ldc + v * VL, load(c + m * ldc + v * VL) + sum[m][v]);
}

INLINE void outer_strip(const int vectors, long tall, long rows, const float *x, long ldx, const float *y, long ldy,
                        float *c, long ldc) {
#define OUTER_TILE(R) \
  for (; tall >= R; tall -= R, x += R, c += R * ldc) outer_tile(R, vectors, rows, x, ldx, y, ldy, c, ldc)
  OUTER_TILE(MR);
#if MR > 8
  OUTER_TILE(8);
#endif
#if MR > 4
  OUTER_TILE(4);
#endif
  OUTER_TILE(2);
  OUTER_TILE(1);
#undef OUTER_TILE
}

/* c[tall, columns] += x[rows, tall]ᵀ · y[rows, columns]: the gradient of a weight matrix. */
NOINLINE void outer_add(long tall, long columns, long rows, const float *x, long ldx, const float *y, long ldy,
                        float *c, long ldc) {
  long k = 0;
  if (rows <= 0) return;
  for (; k + 2 * VL <= columns; k += 2 * VL) outer_strip(2, tall, rows, x, ldx, y + k, ldy, c + k, ldc);
  if (k < columns) outer_strip(1, tall, rows, x, ldx, y + k, ldy, c + k, ldc);
}

/* c[columns] += sum of the rows of x: the gradient of a bias. */
NOINLINE void column_sums_add(long rows, long columns, const float *x, long ldx, float *c) {
  for (long k = 0; k < columns; k += VL) {
    vf sum = splat(0);
    for (long r = 0; r < rows; r++) sum += load(x + r * ldx + k);
    store(c + k, load(c + k) + sum);
  }
}

#endif
