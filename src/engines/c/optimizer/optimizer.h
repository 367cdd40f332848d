/* One update of the parameters: AdamW (Loshchilov & Hutter 2019) with AMSGrad, Muon for the hidden matrices (muon.h),
 * the moving average, and the norm of the gradient. src/train/optimizer.ts is the readable definition; both compute
 * in double precision and round what they store. Arrays are cut into chunks, each summed and updated by itself, so
 * results do not depend on the number of threads. */
#ifndef OPTIMIZER_H
#define OPTIMIZER_H

#include "egnn.h"
#include "egnn_vector.h"

#define CHUNK 16384

static int chunks_of(int64_t count) { return (int)((count + CHUNK - 1) / CHUNK); }

/* Tasks 0 … chunks − 1: Σ g² of a chunk. */
NOINLINE void square_sum(const ParameterUpdate *u, int task) {
  const float *g = u->gradient + (int64_t)task * CHUNK;
  int64_t count = u->count - (int64_t)task * CHUNK;
  if (count > CHUNK) count = CHUNK;
  double lanes[8] = {0};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int k = 0; k < 8; k++) lanes[k] += (double)g[i + k] * g[i + k];
  for (; i < count; i++) lanes[0] += (double)g[i] * g[i];
  u->squares[task] = ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* AdamW and the moving average of the elements from `begin` to `end`. */
INLINE void adamw_elements(const int amsgrad, const ParameterUpdate *u, int64_t begin, int64_t end) {
  const double scale = u->scale, beta1 = u->beta1, beta2 = u->beta2, epsilon = u->epsilon, keep = u->keep;
  const double rate = u->step_size, correction = u->second_correction, decay = u->ema_decay;
  const float *restrict gradient = u->gradient;
  float *restrict p = u->parameters, *restrict ema = u->ema, *restrict first = u->first, *restrict second = u->second;
  float *restrict largest = u->largest;
  for (int64_t i = begin; i < end; i++) {
    double g = gradient[i] * scale;
    float m = (float)(beta1 * first[i] + (1 - beta1) * g);
    float v = (float)(beta2 * second[i] + (1 - beta2) * g * g);
    first[i] = m;
    second[i] = v;
    if (amsgrad) {
      float most = largest[i];
      v = v > most ? v : most;
      largest[i] = v;
    }
    p[i] = (float)(p[i] * keep - rate * m / (__builtin_sqrt((double)v) * correction + epsilon));
    ema[i] = (float)(decay * ema[i] + (1 - decay) * p[i]);
  }
}
NOINLINE void adamw_with(const ParameterUpdate *u, int64_t begin, int64_t end) { adamw_elements(1, u, begin, end); }
NOINLINE void adamw_without(const ParameterUpdate *u, int64_t begin, int64_t end) { adamw_elements(0, u, begin, end); }

/* Tasks 0 … chunks − 1: a chunk's elements that are in no matrix block. */
NOINLINE void adamw_chunk(const ParameterUpdate *u, int task) {
  int64_t begin = (int64_t)task * CHUNK, stop = begin + CHUNK < u->count ? begin + CHUNK : u->count;
  while (begin < stop) {
    int64_t end = begin;
    if (u->in_block) {
      while (begin < stop && u->in_block[begin]) begin++;
      for (end = begin; end < stop && !u->in_block[end];) end++;
    } else
      end = stop;
    if (u->largest)
      adamw_with(u, begin, end);
    else
      adamw_without(u, begin, end);
    begin = end;
  }
}

#endif
