/* Convolutions of images whose channels lie together, [height, width, channels], in a border of one zero pixel. The
 * three pixels of a line under the kernel are 3 · inputs numbers beside each other, so a line of outputs is the sum of
 * three matrix products whose rows overlap: no copy of the image is made. */
#ifndef UNET_CONV_H
#define UNET_CONV_H

#include "unet_model.h"

/* Lines of an image; both strides in floats. */
typedef struct Lines {
  float *at;
  long line, pixel;
} Lines;

INLINE void conv_tile(const int rows, const int vectors, const int add, int parts, long depth, const float *x, long line,
                      long pixel, const float *panel, const float *bias, float *y, long ldy) {
  vf sum[MR][2];
  UNROLL
  for (int m = 0; m < rows; m++)
  UNROLL
    for (int v = 0; v < vectors; v++) {
      sum[m][v] = bias ? load(bias + v * VL) : splat(0);
      if (add) sum[m][v] += load(y + m * ldy + v * VL);
    }
  for (int part = 0; part < parts; part++, x += line)
    for (long k = 0; k < depth; k++, panel += vectors * VL) {
      vf w[2];
  UNROLL
      for (int v = 0; v < vectors; v++) w[v] = load(panel + v * VL);
  UNROLL
      for (int m = 0; m < rows; m++) {
        vf a = splat(x[m * pixel + k]);
  UNROLL
        for (int v = 0; v < vectors; v++) sum[m][v] = multiply_add(a, w[v], sum[m][v]);
      }
    }
  UNROLL
  for (int m = 0; m < rows; m++)
  UNROLL
    for (int v = 0; v < vectors; v++) store(y + m * ldy + v * VL, sum[m][v]);
}

INLINE void conv_line(const int vectors, const int add, int parts, long depth, long width, const float *x, long line,
                      long pixel, const float *panel, const float *bias, float *y, long ldy) {
#define TILE(R)                                                       \
  for (; width >= R; width -= R, x += R * pixel, y += R * ldy)         \
  conv_tile(R, vectors, add, parts, depth, x, line, pixel, panel, bias, y, ldy)
  TILE(MR);
#if MR > 7
  TILE(7); /* half a line of 14 */
#endif
#if MR > 4
  TILE(4);
#endif
  TILE(2);
  TILE(1);
#undef TILE
}

/* y (+)= x ∗ W + bias. x: the top left pixel under the kernel of the first output. [height, width, columns] */
INLINE void conv_columns(const int add, int parts, long depth, long columns, long height, long width, Lines x,
                         const float *panels, const float *bias, Lines y) {
  for (long c = 0; c < columns; c += 2 * VL) {
    const float *panel = panels + c * parts * depth, *b = bias ? bias + c : 0;
    for (long i = 0; i < height; i++) {
      const float *from = x.at + i * x.line;
      float *to = y.at + i * y.line + c;
      if (c + 2 * VL <= columns)
        conv_line(2, add, parts, depth, width, from, x.line, x.pixel, panel, b, to, y.pixel);
      else
        conv_line(1, add, parts, depth, width, from, x.line, x.pixel, panel, b, to, y.pixel);
    }
  }
}

NOINLINE void convolve(int parts, long depth, long columns, long height, long width, Lines x, const float *panels,
                       const float *bias, Lines y) {
  conv_columns(0, parts, depth, columns, height, width, x, panels, bias, y);
}
NOINLINE void convolve_add(int parts, long depth, long columns, long height, long width, Lines x, const float *panels,
                           const float *bias, Lines y) {
  conv_columns(1, parts, depth, columns, height, width, x, panels, bias, y);
}

INLINE void correlate_tile(const int tall, const int vectors, long height, long width, Lines x, Lines y, float *c,
                           long ldc) {
  vf sum[MR][2];
  UNROLL
  for (int m = 0; m < tall; m++)
  UNROLL
    for (int v = 0; v < vectors; v++) sum[m][v] = splat(0);
  for (long i = 0; i < height; i++) {
    const float *p = x.at + i * x.line, *q = y.at + i * y.line;
    for (long j = 0; j < width; j++, p += x.pixel, q += y.pixel) {
      vf b[2];
  UNROLL
      for (int v = 0; v < vectors; v++) b[v] = load(q + v * VL);
  UNROLL
      for (int m = 0; m < tall; m++) {
        vf a = splat(p[m]);
  UNROLL
        for (int v = 0; v < vectors; v++) sum[m][v] = multiply_add(a, b[v], sum[m][v]);
      }
    }
  }
  UNROLL
  for (int m = 0; m < tall; m++)
  UNROLL
    for (int v = 0; v < vectors; v++) store(c + m * ldc + v * VL, load(c + m * ldc + v * VL) + sum[m][v]);
}

/* Rows of a tile: 3 · inputs is a multiple of it. */
#define TALL (MR == 14 ? 12 : MR)

INLINE void correlate_strip(const int vectors, long tall, long height, long width, Lines x, Lines y, float *c, long ldc) {
#define TILE(R) \
  for (; tall >= R; tall -= R, x.at += R, c += R * ldc) correlate_tile(R, vectors, height, width, x, y, c, ldc)
  TILE(TALL);
#if MR > 4
  TILE(4);
#endif
  TILE(2);
  TILE(1);
#undef TILE
}

/* c[tall, columns] += Σ over pixels of xᵀ y: the gradient of a line of a kernel. */
NOINLINE void correlate_add(long tall, long columns, long height, long width, Lines x, Lines y, float *c, long ldc) {
  for (long k = 0; k < columns; k += 2 * VL, y.at += 2 * VL) {
    if (k + 2 * VL <= columns) correlate_strip(2, tall, height, width, x, y, c + k, ldc);
    else correlate_strip(1, tall, height, width, x, y, c + k, ldc);
  }
}

#endif
