/* What PaiNN does on pairs of atoms: distances, radial basis times cutoff, messages. A pair i < j stands for both
 * directions, which share the filter; u = (r_j − r_i)/d turns its sign. Tangents of pair p lie behind all values. */
#ifndef PAINN_PAIRS_H
#define PAINN_PAIRS_H

#include "painn_dense.h"

typedef struct Pairs {
  long count;
  int32_t *ends;  /* i, j [P, 2] */
  float *u, *ud;  /* (r_j − r_i)/d and its derivative along the direction [P, 3] */
  float *inverse; /* 1/d [P] */
  float *basis;   /* (φ_k(d) f(d), …, f(d)) [P (·2), basis] */
  float *slope;   /* its derivative by d [P, basis] */
} Pairs;

INLINE long pair_count(long N, const double *r, double cutoff) {
  long count = 0;
  for (long i = 0; i < N; i++)
    for (long j = i + 1; j < N; j++) {
      double x = r[3 * j] - r[3 * i], y = r[3 * j + 1] - r[3 * i + 1], z = r[3 * j + 2] - r[3 * i + 2];
      count += x * x + y * y + z * z < cutoff * cutoff;
    }
  return count;
}

/* sin θ and cos θ for 0 ≤ θ ≤ π: Taylor series about π/2, to double precision. */
INLINE void sine_cosine(double theta, double *sine, double *cosine) {
  double x = theta - 1.57079632679489661923, square = x * x, s = 1, c = 1;
  for (int k = 22; k >= 2; k -= 2) {
    s = 1 - square / ((k + 1) * k) * s;
    c = 1 - square / (k * (k - 1)) * c;
  }
  *sine = c;
  *cosine = -x * s;
}

/* φ_k(d) and its derivative. Bessel: sin(kπd/c)/d, by the recurrence of sin kθ; Gaussian: exp(−(d − μ_k)²/2w²). */
NOINLINE void radial_basis(const PainnConfig *c, double d, double sine, double cosine, double *value, double *slope) {
  if (c->bessel) {
    double sk = sine, ck = cosine, step = 3.14159265358979323846 / c->cutoff;
    for (int k = 0; k < c->radial; k++) {
      value[k] = sk / d;
      slope[k] = (step * (k + 1) * ck - sk / d) / d;
      double next = sk * cosine + ck * sine;
      ck = ck * cosine - sk * sine;
      sk = next;
    }
    return;
  }
  double width = c->cutoff / (c->radial - 1);
  for (int k = 0; k < c->radial; k += VL) {
    vf t;
    for (int v = 0; v < VL; v++) {
      double x = (d - (k + v) * width) / width;
      t[v] = (float)(-0.5 * x * x);
    }
    vf e = exp_clamped(t);
    for (int v = 0; v < VL && k + v < c->radial; v++) {
      value[k + v] = t[v] < -80 ? 0 : e[v];
      slope[k + v] = -value[k + v] * (d - (k + v) * width) / (width * width);
    }
  }
}

/* direction: ṙ [N, 3], read with `dual`. */
NOINLINE void make_pairs(const int dual, const PainnModel *m, long N, const double *r, const float *direction, Pairs *p,
                         double *scratch) {
  const PainnConfig *c = &m->config;
  double *value = scratch, *derivative = scratch + c->radial + VL, cutoff = c->cutoff;
  long at = 0;
  for (long i = 0; i < N; i++)
    for (long j = i + 1; j < N; j++) {
      double e[3], square = 0, ed[3] = {0, 0, 0}, dd = 0, sine, cosine;
      for (int k = 0; k < 3; k++) e[k] = r[3 * j + k] - r[3 * i + k], square += e[k] * e[k];
      if (!(square < cutoff * cutoff)) continue;
      double d = __builtin_sqrt(square), theta = 3.14159265358979323846 * d / cutoff;
      for (int k = 0; k < 3; k++) e[k] /= d;
      if (dual)
        for (int k = 0; k < 3; k++) ed[k] = direction[3 * j + k] - direction[3 * i + k], dd += ed[k] * e[k];
      for (int k = 0; k < 3; k++) {
        p->u[3 * at + k] = (float)e[k];
        if (dual) p->ud[3 * at + k] = (float)((ed[k] - e[k] * dd) / d);
      }
      p->ends[2 * at] = (int32_t)i;
      p->ends[2 * at + 1] = (int32_t)j;
      p->inverse[at] = (float)(1 / d);
      sine_cosine(theta, &sine, &cosine);
      radial_basis(c, d, sine, cosine, value, derivative);
      double cut = 0.5 * (cosine + 1), cut_slope = -0.5 * 3.14159265358979323846 / cutoff * sine;
      float *b = p->basis + at * m->basis, *s = p->slope + at * m->basis, *bd = b + p->count * m->basis;
      for (int k = 0; k < m->basis; k++) {
        double phi = k < c->radial ? value[k] : k == c->radial, slope = k < c->radial ? derivative[k] : 0;
        b[k] = (float)(phi * cut);
        s[k] = (float)(slope * cut + phi * cut_slope);
        if (dual) bd[k] = (float)((slope * cut + phi * cut_slope) * dd);
      }
      at++;
    }
}

/* What atom i hears from atom j through filter w = (w_a, w_b, w_c): s_i += w_a φ_a, v_i += w_b φ_b u + w_c φ_c v_j.
 * `_d`: distance from a value to its tangent. `first`: v_j is zero. */
INLINE void hear(const int dual, const int first, long F, const float *w, long w_d, const float *phi, long phi_d,
                 const float *u, const float *ud, float sign, const float *v, float *s, long s_d, float *out, long v_d) {
  for (long f = 0; f < F; f += VL) {
    vf wa = load(w + f), wb = load(w + F + f), a = load(phi + f), b = load(phi + F + f);
    vf wad = splat(0), wbd = splat(0), ad = splat(0), bd = splat(0), c = splat(0), cd = splat(0);
    if (dual) wad = load(w + w_d + f), wbd = load(w + w_d + F + f), ad = load(phi + phi_d + f), bd = load(phi + phi_d + F + f);
    if (!first) {
      vf wc = load(w + 2 * F + f), pc = load(phi + 2 * F + f);
      c = wc * pc;
      if (dual) cd = load(w + w_d + 2 * F + f) * pc + wc * load(phi + phi_d + 2 * F + f);
    }
    vf along = wb * b, along_d = wbd * b + wb * bd;
    store(s + f, load(s + f) + wa * a);
    if (dual) store(s + s_d + f, load(s + s_d + f) + wad * a + wa * ad);
    for (int d = 0; d < 3; d++) {
      vf ux = splat(sign * u[d]), sum = load(out + d * F + f) + ux * along;
      if (!first) sum += c * load(v + d * F + f);
      store(out + d * F + f, sum);
      if (dual) {
        sum = load(out + v_d + d * F + f) + splat(sign * ud[d]) * along + ux * along_d;
        if (!first) sum += cd * load(v + d * F + f) + c * load(v + v_d + d * F + f);
        store(out + v_d + d * F + f, sum);
      }
    }
  }
}

/* The adjoint: from s̄_i, v̄_i adds to φ̄_j, v̄_j, w̄, and (forces only) to ū. */
INLINE void hear_back(const int dual, const int first, const int positions, long F, const float *w, long w_d,
                      const float *phi, long phi_d, const float *u, const float *ud, float sign, const float *v, long v_d,
                      const float *s_bar, long s_d, const float *v_bar, float *w_bar, float *phi_bar, float *v_in_bar,
                      vf *u_bar) {
  for (long f = 0; f < F; f += VL) {
    vf wa = load(w + f), wb = load(w + F + f), a = load(phi + f), b = load(phi + F + f), zero = splat(0);
    vf S = load(s_bar + f), Sd = dual ? load(s_bar + s_d + f) : zero;
    vf along_bar = zero, along_d_bar = zero, c_bar = zero, cd_bar = zero, c = zero, cd = zero, wc = zero, pc = zero;
    vf along = wb * b;
    if (!first) {
      wc = load(w + 2 * F + f), pc = load(phi + 2 * F + f), c = wc * pc;
      if (dual) cd = load(w + w_d + 2 * F + f) * pc + wc * load(phi + phi_d + 2 * F + f);
    }
    for (int d = 0; d < 3; d++) {
      vf V = load(v_bar + d * F + f), ux = splat(sign * u[d]), Vd = zero;
      along_bar += V * ux;
      if (positions) u_bar[d] += splat(sign) * V * along;
      if (dual) {
        Vd = load(v_bar + v_d + d * F + f);
        along_bar += Vd * splat(sign * ud[d]);
        along_d_bar += Vd * ux;
      }
      if (first) continue;
      vf vj = load(v + d * F + f);
      c_bar += V * vj;
      vf back = load(v_in_bar + d * F + f) + c * V;
      if (dual) {
        c_bar += Vd * load(v + v_d + d * F + f);
        cd_bar += Vd * vj;
        back += cd * Vd;
        store(v_in_bar + v_d + d * F + f, load(v_in_bar + v_d + d * F + f) + c * Vd);
      }
      store(v_in_bar + d * F + f, back);
    }
#define PRODUCT_BACK(PART, W, P, Z, ZD)                                                                      \
  do {                                                                                                       \
    long o = (PART) * F + f;                                                                                 \
    vf to_w = Z * P, to_p = Z * W;                                                                           \
    if (dual) {                                                                                              \
      vf Wd = load(w + w_d + o), Pd = load(phi + phi_d + o);                                                 \
      to_w += ZD * Pd;                                                                                       \
      to_p += ZD * Wd;                                                                                       \
      store(w_bar + w_d + o, load(w_bar + w_d + o) + ZD * P);                                                \
      store(phi_bar + phi_d + o, load(phi_bar + phi_d + o) + ZD * W);                                        \
    }                                                                                                        \
    store(w_bar + o, load(w_bar + o) + to_w);                                                                \
    store(phi_bar + o, load(phi_bar + o) + to_p);                                                            \
  } while (0)
    PRODUCT_BACK(0, wa, a, S, Sd);
    PRODUCT_BACK(1, wb, b, along_bar, along_d_bar);
    if (!first) PRODUCT_BACK(2, wc, pc, c_bar, cd_bar);
#undef PRODUCT_BACK
  }
}

/* r̄ from ū [P, 3] and the adjoint of the basis [P, basis]. */
NOINLINE void positions_back(const PainnModel *m, long N, const Pairs *p, const float *u_bar, const float *basis_bar,
                             float *slope) {
  for (long k = 0; k < 3 * N; k++) slope[k] = 0;
  for (long at = 0; at < p->count; at++) {
    const float *u = p->u + 3 * at, *g = u_bar + 3 * at;
    double d_bar = 0, radial = 0;
    for (int k = 0; k < m->basis; k++) d_bar += (double)basis_bar[at * m->basis + k] * p->slope[at * m->basis + k];
    for (int k = 0; k < 3; k++) radial += (double)g[k] * u[k];
    for (int k = 0; k < 3; k++) {
      float e_bar = (float)((g[k] - u[k] * radial) * p->inverse[at] + u[k] * d_bar);
      slope[3 * p->ends[2 * at] + k] -= e_bar;
      slope[3 * p->ends[2 * at + 1] + k] += e_bar;
    }
  }
}

#endif
