/* Layers of PaiNN that act on rows of atoms: matrices, SiLU, the update block, the energy head; forward and backward.
 *
 * With `dual` every array holds, behind its N rows of values, N rows of their derivative in one direction of the
 * positions (forward mode), and adjoints are those of both: reverse mode over forward mode gives the gradient of a
 * loss on forces. An adjoint of y = f(x), ẏ = f'(x) ẋ is x̄ = f' ȳ + f'' ẋ ẏ̄, ẋ̄ = f' ẏ̄. */
#ifndef PAINN_DENSE_H
#define PAINN_DENSE_H

#include "egnn_gemm.h"
#include "painn_model.h"

/* y = x Wᵀ + b for `rows` rows, and ẏ = ẋ Wᵀ for as many behind them. */
INLINE void apply(const int dual, const Matrix *l, const float *w, long rows, const float *x, float *y) {
  const float *bias = l->kind == BIAS ? w + l->packed_bias : 0;
  long ldx = l->inputs, ldy = l->outputs;
  product(rows, l->outputs, l->depth, x, ldx, w + l->forward, bias, y, ldy);
  if (dual) product(rows, l->outputs, l->depth, x + rows * ldx, ldx, w + l->forward, 0, y + rows * ldy, ldy);
}

/* x̄ = ȳ W (+ what is there). `all`: rows, tangents included. */
INLINE void apply_back(const int add, const Matrix *l, const float *w, long all, const float *y, float *x) {
  if (add)
    product_add(all, l->inputs, l->outputs, y, l->outputs, w + l->backward, 0, x, l->inputs, x, l->inputs);
  else
    product(all, l->inputs, l->outputs, y, l->outputs, w + l->backward, 0, x, l->inputs);
}

/* The gradient of W and b. */
INLINE void apply_gradient(const int dual, const Matrix *l, float *partial, long rows, const float *x, const float *y) {
  outer_add(l->depth, l->outputs, rows * (1 + dual), x, l->inputs, y, l->outputs, partial + l->gradient, l->outputs);
  if (l->kind == BIAS) column_sums_add(rows, l->outputs, y, l->outputs, partial + l->bias_gradient);
}

INLINE void silu_rows(const int dual, long count, const float *x, float *y) {
  for (long k = 0; k < count; k += VL) {
    vf slope;
    store(y + k, silu_slope(load(x + k), &slope));
    if (dual) store(y + count + k, slope * load(x + count + k));
  }
}

/* ȳ becomes x̄. */
INLINE void silu_back(const int dual, long count, const float *x, float *y) {
  for (long k = 0; k < count; k += VL) {
    vf at = load(x + k), s = sigmoid_beside(at), slope = s * (1.0f + at * (1.0f - s)), g = load(y + k) * slope;
    if (dual) {
      vf gd = load(y + count + k);
      g += s * (1.0f - s) * (2.0f + at * (1.0f - 2.0f * s)) * load(x + count + k) * gd;
      store(y + count + k, gd * slope);
    }
    store(y + k, g);
  }
}

INLINE vf root(vf x) {
  union {
    vf v;
    float f[VL];
  } u = {x};
  for (int k = 0; k < VL; k++) u.f[k] = __builtin_sqrtf(u.f[k]);
  return u.v;
}

/* ‖Vv‖ and s side by side, the input of the update's network. mixed: [Vv, Uv] [N, 3, 2F]; cat: [N, 2F], s is there. */
INLINE void norms(const int dual, long N, long F, const float *mixed, float *cat) {
  for (long i = 0; i < N; i++)
    for (long f = 0; f < F; f += VL) {
      const float *m = mixed + i * 6 * F + f, *md = m + N * 6 * F;
      vf squares = splat(1e-8f), cross = splat(0);
      for (int d = 0; d < 3; d++) {
        squares += load(m + d * 2 * F) * load(m + d * 2 * F);
        if (dual) cross += load(m + d * 2 * F) * load(md + d * 2 * F);
      }
      vf norm = root(squares);
      store(cat + i * 2 * F + F + f, norm);
      if (dual) store(cat + (N + i) * 2 * F + F + f, cross / norm);
    }
}

/* s += a₀ + a₂ ⟨Uv, Vv⟩, out = v + a₁ Uv. a: [N, 3F]. */
INLINE void mix_into(const int dual, long N, long F, const float *mixed, const float *a, float *s, const float *v,
                     float *out) {
  for (long i = 0; i < N; i++)
    for (long f = 0; f < F; f += VL) {
      const float *m = mixed + i * 6 * F + f, *ai = a + i * 3 * F + f;
      const float *md = m + N * 6 * F, *ad = ai + N * 3 * F;
      vf a1 = load(ai + F), a2 = load(ai + 2 * F), q = splat(0), qd = splat(0);
      for (int d = 0; d < 3; d++) {
        vf V = load(m + d * 2 * F), U = load(m + d * 2 * F + F);
        long at = (i * 3 + d) * F + f, tangent = at + N * 3 * F;
        q += V * U;
        store(out + at, load(v + at) + a1 * U);
        if (dual) {
          vf Vd = load(md + d * 2 * F), Ud = load(md + d * 2 * F + F);
          qd += Vd * U + V * Ud;
          store(out + tangent, load(v + tangent) + load(ad + F) * U + a1 * Ud);
        }
      }
      float *si = s + i * F + f, *sd = si + N * F;
      store(si, load(si) + load(ai) + a2 * q);
      if (dual) store(sd, load(sd) + load(ad) + load(ad + 2 * F) * q + a2 * qd);
    }
}

/* From s̄, v̄ behind mix_into: ā, and the part of [V̄v, Ūv] that passes by the network. */
INLINE void mix_back(const int dual, long N, long F, const float *mixed, const float *a, const float *s, const float *v,
                     float *a_bar, float *mixed_bar) {
  for (long i = 0; i < N; i++)
    for (long f = 0; f < F; f += VL) {
      const float *m = mixed + i * 6 * F + f, *md = m + N * 6 * F, *ai = a + i * 3 * F + f, *ad = ai + N * 3 * F;
      float *g = mixed_bar + i * 6 * F + f, *gd = g + N * 6 * F, *ga = a_bar + i * 3 * F + f, *gad = ga + N * 3 * F;
      vf S = load(s + i * F + f), Sd = dual ? load(s + (N + i) * F + f) : splat(0);
      vf a1 = load(ai + F), a2 = load(ai + 2 * F), a1d = splat(0), a2d = splat(0);
      if (dual) a1d = load(ad + F), a2d = load(ad + 2 * F);
      vf q_bar = S * a2 + Sd * a2d, qd_bar = Sd * a2, q = splat(0), qd = splat(0), a1_bar = splat(0), a1d_bar = splat(0);
      for (int d = 0; d < 3; d++) {
        vf V = load(m + d * 2 * F), U = load(m + d * 2 * F + F), W = load(v + (i * 3 + d) * F + f);
        vf V_bar = q_bar * U, U_bar = q_bar * V + W * a1;
        q += V * U;
        a1_bar += W * U;
        if (dual) {
          vf Vd = load(md + d * 2 * F), Ud = load(md + d * 2 * F + F), Wd = load(v + ((N + i) * 3 + d) * F + f);
          qd += Vd * U + V * Ud;
          a1_bar += Wd * Ud;
          a1d_bar += Wd * U;
          V_bar += qd_bar * Ud;
          U_bar += qd_bar * Vd + Wd * a1d;
          store(gd + d * 2 * F, qd_bar * U);
          store(gd + d * 2 * F + F, qd_bar * V + Wd * a1);
        }
        store(g + d * 2 * F, V_bar);
        store(g + d * 2 * F + F, U_bar);
      }
      store(ga, S);
      store(ga + F, a1_bar);
      store(ga + 2 * F, S * q + Sd * qd);
      if (dual) {
        store(gad, Sd);
        store(gad + F, a1d_bar);
        store(gad + 2 * F, Sd * q);
      }
    }
}

/* From the adjoint of cat: adds to s̄, and through the norms to V̄v. */
INLINE void norms_back(const int dual, long N, long F, const float *mixed, const float *cat, const float *cat_bar, float *s,
                       float *mixed_bar) {
  for (long i = 0; i < N; i++)
    for (long f = 0; f < F; f += VL) {
      const float *m = mixed + i * 6 * F + f, *md = m + N * 6 * F, *c = cat_bar + i * 2 * F + f, *cd = c + N * 2 * F;
      float *g = mixed_bar + i * 6 * F + f, *gd = g + N * 6 * F, *si = s + i * F + f, *sd = si + N * F;
      vf norm = load(cat + i * 2 * F + F + f), n_bar = load(c + F) / norm;
      vf nd = splat(0), nd_bar = splat(0);
      if (dual) {
        nd = load(cat + (N + i) * 2 * F + F + f) / norm;
        nd_bar = load(cd + F) / norm;
        store(sd, load(sd) + load(cd));
      }
      store(si, load(si) + load(c));
      for (int d = 0; d < 3; d++) {
        vf V = load(m + d * 2 * F), V_bar = n_bar * V;
        if (dual) {
          V_bar += nd_bar * (load(md + d * 2 * F) - V * nd);
          store(gd + d * 2 * F, load(gd + d * 2 * F) + nd_bar * V);
        }
        store(g + d * 2 * F, load(g + d * 2 * F) + V_bar);
      }
    }
}

#endif
