/* Vectors of VL floats through the compiler's generic vector extensions, and the activations. e^x is 2^n 2^f with a
 * polynomial for 2^f, relative error about 1e-7 near 0 and 1e-7 |x| farther out, which SiLU and the gates do not
 * show. Arguments are clamped so that nothing overflows; a NaN stays a NaN. */
#ifndef EGNN_VECTOR_H
#define EGNN_VECTOR_H

#include <stdint.h>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline, unused))
/* Before a loop over a register tile. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vf __attribute__((vector_size(VL * 4), may_alias));
typedef float vf_anywhere __attribute__((vector_size(VL * 4), may_alias, aligned(4)));
typedef int32_t vi __attribute__((vector_size(VL * 4), may_alias));

INLINE vf splat(float s) { return s - (vf){0}; }
INLINE vf load(const float *p) { return *(const vf *)p; }
INLINE void store(float *p, vf v) { *(vf *)p = v; }
/* a b + c, fused where the target has it (other compilers contract the expression by themselves). */
#if defined(__wasm_relaxed_simd__)
INLINE vf multiply_add(vf a, vf b, vf c) {
  return (vf)__builtin_wasm_fma_f32x4((__f32x4)a, (__f32x4)b, (__f32x4)c);
}
#else
INLINE vf multiply_add(vf a, vf b, vf c) { return a * b + c; }
#endif

INLINE vf choose(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }

/* min(x, limit) and max(x, limit) that return a NaN x; one instruction where the machine has such. */
#if defined(__AVX512F__) && VL == 16
INLINE vf at_most(vf x, float limit) { return (vf)_mm512_min_ps((__m512)splat(limit), (__m512)x); }
INLINE vf at_least(vf x, float limit) { return (vf)_mm512_max_ps((__m512)splat(limit), (__m512)x); }
#elif defined(__AVX__) && VL == 8
INLINE vf at_most(vf x, float limit) { return (vf)_mm256_min_ps((__m256)splat(limit), (__m256)x); }
INLINE vf at_least(vf x, float limit) { return (vf)_mm256_max_ps((__m256)splat(limit), (__m256)x); }
#elif defined(__SSE2__) && VL == 4
INLINE vf at_most(vf x, float limit) { return (vf)_mm_min_ps((__m128)splat(limit), (__m128)x); }
INLINE vf at_least(vf x, float limit) { return (vf)_mm_max_ps((__m128)splat(limit), (__m128)x); }
#elif defined(__wasm_simd128__)
INLINE vf at_most(vf x, float limit) { return (vf)wasm_f32x4_pmin((v128_t)x, (v128_t)splat(limit)); }
INLINE vf at_least(vf x, float limit) { return (vf)wasm_f32x4_pmax((v128_t)x, (v128_t)splat(limit)); }
#else
INLINE vf at_most(vf x, float limit) { return choose(x > splat(limit), splat(limit), x); }
INLINE vf at_least(vf x, float limit) { return choose(x < splat(limit), splat(limit), x); }
#endif

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

/* 2^t split as 2^n · 2^f with |f| ≤ 1/2: n is left in the low bits of the result, f is returned. */
INLINE vf split_exponent(vf x, float scale, vi *n) {
  const float magic = 12582912.0f; /* 1.5 · 2^23: adding it rounds to an integer held in the low bits */
  vf shifted = multiply_add(x, splat(scale), splat(magic));
  *n = (vi)shifted;
  return x * scale - (shifted - magic);
}

/* 2^f, |f| ≤ 1/2: minimax polynomial with value 1 at 0, relative error 9.1e-8. */
INLINE vf exp2_fraction(vf f) {
  vf p = multiply_add(f, splat(1.326472763e-3f), splat(9.671512646e-3f));
  p = multiply_add(p, f, splat(5.550733742e-2f));
  p = multiply_add(p, f, splat(2.402224209e-1f));
  p = multiply_add(p, f, splat(6.931469776e-1f));
  return multiply_add(p, f, splat(1.0f));
}

/* e^x, x clamped to ±80. */
INLINE vf exp_clamped(vf x) {
  vi n;
  vf f = split_exponent(at_least(at_most(x, 80.0f), -80.0f), 1.44269504088896341f, &n);
  return exp2_fraction(f) * (vf)((n << 23) + (127 << 23));
}

INLINE vf sigmoid(vf x) { return 1.0f / (1.0f + exp_clamped(-x)); }

/* The same for factors of x, where a NaN returns through x: adds n to the exponent of 2^f instead of multiplying. */
INLINE vf sigmoid_beside(vf x) {
  vi n;
  vf f = split_exponent(at_least(at_most(x, 80.0f), -80.0f), -1.44269504088896341f, &n);
  return 1.0f / (1.0f + (vf)((vi)exp2_fraction(f) + (n << 23)));
}

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
INLINE vf silu(vf x) { return x * sigmoid_beside(x); }
INLINE vf silu_slope(vf x, vf *slope) {
  vf s = sigmoid_beside(x);
  vf y = x * s;
  *slope = multiply_add(y, 1.0f - s, s);
  return y;
}

#endif
