/* Vectors of VL floats through the compiler's generic vector extensions, and the activations: exp after
 * Cody & Waite (reduction by ln 2 in two parts) with the polynomial of Cephes' expf, accurate to about 1 ulp.
 * Arguments are clamped so that nothing overflows; a NaN passes every comparison unchanged and stays a NaN. */
#ifndef EGNN_VECTOR_H
#define EGNN_VECTOR_H

#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))

typedef float vf __attribute__((vector_size(VL * 4), may_alias));
typedef float vf_anywhere __attribute__((vector_size(VL * 4), may_alias, aligned(4)));
typedef int32_t vi __attribute__((vector_size(VL * 4), may_alias));

INLINE vf splat(float s) { return s - (vf){0}; }
INLINE vf load(const float *p) { return *(const vf *)p; }
INLINE void store(float *p, vf v) { *(vf *)p = v; }
INLINE vf choose(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }
INLINE vf at_most(vf x, float limit) { return choose(x > splat(limit), splat(limit), x); }
INLINE vf at_least(vf x, float limit) { return choose(x < splat(limit), splat(limit), x); }

INLINE float sum_lanes(vf v) {
#if VL == 4
  return (v[0] + v[2]) + (v[1] + v[3]);
#else
  typedef float quarter __attribute__((vector_size(16)));
  union {
    vf v;
    quarter q[VL / 4];
  } u = {v};
#if VL == 16
  quarter s = (u.q[0] + u.q[2]) + (u.q[1] + u.q[3]);
#else
  quarter s = u.q[0] + u.q[1];
#endif
  return (s[0] + s[2]) + (s[1] + s[3]);
#endif
}

/* e^x, x clamped to ±80. */
INLINE vf exp_clamped(vf x) {
  const float magic = 12582912.0f; /* 1.5 · 2^23: adding it rounds to an integer held in the low bits */
  x = at_least(at_most(x, 80.0f), -80.0f);
  vf shifted = x * 1.44269504088896341f + magic;
  vf n = shifted - magic;
  vf r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  vf p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + (r + 1.0f);
  vi exponent = ((vi)shifted << 23) + (127 << 23);
  return p * (vf)exponent;
}

INLINE vf sigmoid(vf x) { return 1.0f / (1.0f + exp_clamped(-x)); }

/* tanh; near 0 by the odd polynomial of Cephes' tanhf, which keeps the relative error small. */
INLINE vf tanh_vector(vf x) {
  vf far = 1.0f - 2.0f / (exp_clamped(x + x) + 1.0f);
  vf z = x * x;
  vf p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  vf near = (p * z) * x + x;
  return choose(z < splat(0.390625f), near, far);
}

/* SiLU(x) = x σ(x), and its derivative σ + x σ (1 − σ). */
INLINE vf silu(vf x) { return x * sigmoid(x); }
INLINE vf silu_slope(vf x, vf *slope) {
  vf s = sigmoid(x);
  vf y = x * s;
  *slope = y * (1.0f - s) + s;
  return y;
}

#endif
