/* Muon's update of one weight matrix; the readable definition is src/train/muon.ts. Matrices are padded with zeros to
 * whole vectors in both directions. XᵀX and the square of a symmetric matrix are sums of outer products, so the only
 * product with another shape, X P, goes through a transposed copy of X. */
#ifndef MUON_H
#define MUON_H

#include "egnn_gemm.h"
#include "optimizer.h"

#define MUON_ITERATIONS 5

/* A multiple of VL that is at least n. */
INLINE long whole_vectors(long n) { return (n + VL - 1) / VL * VL; }

/* Floats of workspace for a matrix: X, its transpose, XᵀX and its square. */
INLINE size_t muon_floats(long rows, long columns) {
  size_t r = whole_vectors(rows), c = whole_vectors(columns);
  return 2 * r * c + 2 * c * c;
}

/* x[rows, ldx] → to[columns, ldt] */
NOINLINE void transpose(long rows, long columns, const float *x, long ldx, float *to, long ldt) {
  for (long r0 = 0; r0 < rows; r0 += 8)
    for (long c = 0; c < columns; c++)
      for (long r = r0; r < r0 + 8 && r < rows; r++) to[c * ldt + r] = x[r * ldx + c];
}

/* X ← the semi-orthogonal matrix near X / ‖X‖, by the quintic Newton–Schulz iteration. x [rows, wide] */
NOINLINE void orthogonalize(long rows, long columns, float *x, float *transposed, float *gram, float *square) {
  long high = whole_vectors(rows), wide = whole_vectors(columns);
  double norm = 0;
  for (long k = 0; k < rows * wide; k++) norm += (double)x[k] * x[k];
  float scale = (float)(1 / (__builtin_sqrt(norm) + 1e-12));
  for (long k = 0; k < rows * wide; k++) x[k] *= scale;
  for (int iteration = 0; iteration < MUON_ITERATIONS; iteration++) {
    for (long k = 0; k < wide * wide; k++) gram[k] = square[k] = 0;
    outer_add(columns, wide, rows, x, wide, x, wide, gram, wide);
    outer_add(columns, wide, columns, gram, wide, gram, wide, square, wide);
    for (long k = 0; k < columns * wide; k++) square[k] = -4.7750f * gram[k] + 2.0315f * square[k];
    transpose(rows, columns, x, wide, transposed, high);
    for (long k = 0; k < rows * wide; k++) x[k] *= 3.4445f;
    outer_add(rows, wide, columns, transposed, high, square, wide, x, wide);
  }
}

/* θ ← keep θ − rate √(rows/columns) O, O from scale g + μ m after m ← μ m + scale g; then the moving average. */
NOINLINE void muon_update(const ParameterUpdate *u, const MatrixBlock *block, float *workspace) {
  const double mu = u->momentum, decay = u->ema_decay;
  long rows = block->rows, columns = block->columns, stride = block->stride;
  long high = whole_vectors(rows), wide = whole_vectors(columns);
  float *x = workspace, *transposed = x + high * wide, *gram = transposed + high * wide, *square = gram + wide * wide;
  for (long r = 0; r < rows; r++) {
    const float *g = u->gradient + block->offset + r * stride;
    float *m = u->first + block->offset + r * stride, *to = x + r * wide;
    for (long c = 0; c < columns; c++) {
      double scaled = g[c] * u->scale;
      m[c] = (float)(mu * m[c] + scaled);
      to[c] = (float)(scaled + mu * m[c]);
    }
    for (long c = columns; c < wide; c++) to[c] = 0;
  }
  orthogonalize(rows, columns, x, transposed, gram, square);
  double rate = u->matrix_rate * __builtin_sqrt((double)rows / columns);
  for (long r = 0; r < rows; r++) {
    float *p = u->parameters + block->offset + r * stride, *ema = u->ema + block->offset + r * stride;
    for (long c = 0; c < columns; c++) {
      p[c] = (float)(p[c] * u->matrix_keep - rate * x[r * wide + c]);
      ema[c] = (float)(decay * ema[c] + (1 - decay) * p[c]);
    }
  }
}

/* Bytes of workspace for the largest block. */
static uint64_t update_workspace(const ParameterUpdate *u) {
  size_t most = 0;
  for (int64_t k = 0; k < u->block_count; k++) {
    size_t floats = muon_floats(u->blocks[k].rows, u->blocks[k].columns);
    if (floats > most) most = floats;
  }
  return (most * sizeof(float) + 63) / 64 * 64;
}

/* Tasks: each block, then each chunk. */
static int update_tasks(const ParameterUpdate *u) { return (int)u->block_count + chunks_of(u->count); }
NOINLINE void update_parameters(const ParameterUpdate *u, int task, void *workspace) {
  if (task < u->block_count)
    muon_update(u, &u->blocks[task], workspace);
  else
    adamw_chunk(u, task - (int)u->block_count);
}

#endif
