/* Differences, distances and the update of positions x_i ← x_i + Σ_j (x_i − x_j) / (d_ij + C) φ_ij / norm of one
 * molecule, and their gradients. Arrays of edges are padded to whole vectors; the padding stays finite. */
#ifndef EGNN_GEOMETRY_H
#define EGNN_GEOMETRY_H

#include "egnn_workspace.h"

/* A molecule of the group. */
typedef struct Molecule {
  int64_t number;      /* in the batch */
  int n, senders;      /* to each atom */
  int64_t atom, edge;  /* first row in arrays of atoms and of edges of the group */
  int64_t edges;       /* padded */
  float scale;         /* 1 / normalisation of sums over neighbours */
} Molecule;

INLINE Molecule molecule_after(Molecule at, const EgnnCall *call, const Group *g, int index) {
  const EgnnModel *m = call->model;
  const EgnnConfig *c = &m->config;
  int64_t number = call->plan->order[g->first + index];
  int n = call->batch.sizes[number];
  float norm = !c->mean ? c->normalization_factor : call->batch.mean_over > 0 ? call->batch.mean_over : (float)n;
  return (Molecule){number, n, (int)senders_of(m, n), at.atom + at.n, at.edge + at.edges, padded_edges(m, n), 1.0f / norm};
}

/* `for` over the molecules of a group. */
#define EACH_MOLECULE(MOL, CALL, GROUP)                                                      \
  Molecule MOL = {0, 0, 0, 0, 0, 0, 0};                                                      \
  for (int MOL##_i = 0; MOL##_i < (GROUP)->count && (MOL = molecule_after(MOL, CALL, GROUP, MOL##_i), 1); MOL##_i++)

INLINE vf sqrt_vector(vf x) {
  for (int k = 0; k < VL; k++) x[k] = __builtin_sqrtf(x[k]);
  return x;
}

/* Sine and cosine of 2π t for float64 t, absolute error below 1e-8. */
INLINE void sine_cosine_turns(double t, float *sine, float *cosine) {
  const double magic = 6755399441055744.0; /* 1.5 · 2^52 */
  double quarters = (t * 4 + magic) - magic;
  double whole = (t + magic) - magic;
  int quadrant = (int)(quarters - 4 * whole) & 3;
  double a = (t - quarters * 0.25) * 6.283185307179586, z = a * a;
  double s = a + a * z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880))));
  double c = 1 + z * (-0.5 + z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320 - z * (1.0 / 3628800)))));
  double u = quadrant & 1 ? c : s, v = quadrant & 1 ? s : c;
  *sine = (float)(quadrant & 2 ? -u : u);
  *cosine = (float)((quadrant + 1) & 2 ? -v : v);
}

/* sin and cos of r 2π 4^k / 15, k < 6, for r = √(d² + 1e-8): the embedding of a distance. */
INLINE void embed_distance(float d2, float *to) {
  double turns = __builtin_sqrt((double)d2 + 1e-8) / 15;
  for (int k = 0; k < SIN_TERMS / 2; k++, turns *= 4) sine_cosine_turns(turns, to + k, to + SIN_TERMS / 2 + k);
}

/* Squared distances in the guess of where the atoms will end (Chen, Zhang, Hinton 2023). */
NOINLINE void guessed_distances(const float *guess, Workspace *w, const Molecule *mol) {
  float *d2 = w->guessed + mol->edge;
  int64_t e = 0;
  for (int i = 0; i < mol->n; i++)
    for (int j = 0; j < mol->n; j++)
      if (j != i) {
        const float *a = guess + 3 * i, *b = guess + 3 * j;
        float x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
        d2[e++] = x * x + y * y + z * z;
      }
  for (; e < mol->edges; e++) d2[e] = 0;
}

/* Differences and distances before block b. */
NOINLINE void geometry(const EgnnModel *m, Workspace *w, const Molecule *mol, int b) {
  const float *x = w->x + 3 * w->atoms * b + mol->atom, *y = x + w->atoms, *z = y + w->atoms;
  float *dx = w->dx + mol->edge, *dy = w->dy + mol->edge, *dz = w->dz + mol->edge;
  float *d2 = w->d2 + w->edges * b + mol->edge, *inverse = w->inverse + mol->edge;
  int64_t e = 0;
  for (int i = 0; i < mol->n; i++)
    for (int j = 0; j < mol->n; j++)
      if (j != i) {
        dx[e] = x[i] - x[j];
        dy[e] = y[i] - y[j];
        dz[e++] = z[i] - z[j];
      }
  for (; e < mol->edges; e++) dx[e] = dy[e] = dz[e] = 0;
  for (e = 0; e < mol->edges; e += VL) {
    vf vx = load(dx + e), vy = load(dy + e), vz = load(dz + e);
    vf square = vx * vx + vy * vy + vz * vz;
    store(d2 + e, square);
    store(inverse + e, 1.0f / (sqrt_vector(square + 1e-8f) + m->config.norm_constant));
  }
  if (!m->config.sin_embedding) return;
  float *to = w->embedded + mol->edge * m->edge_features;
  for (e = 0; e < mol->edges; e++, to += m->edge_features) {
    embed_distance(d2[e], to);
    embed_distance(w->d2[mol->edge + e], to + SIN_TERMS);
    if (w->guessed) embed_distance(w->guessed[mol->edge + e], to + 2 * SIN_TERMS);
  }
}

/* φ_ij from the score s_ij, with its slope. */
INLINE vf coordinate_factor(const EgnnModel *m, vf score, vf *slope) {
  if (!m->config.tanh) {
    *slope = splat(1);
    return score;
  }
  vf t = tanh_vector(score);
  *slope = m->config.coords_range * (1.0f - t * t);
  return m->config.coords_range * t;
}

/* Positions after block b. */
NOINLINE void move_atoms(const EgnnModel *m, Workspace *w, const Molecule *mol, int b) {
  const float *from = w->x + 3 * w->atoms * b + mol->atom;
  const float *score = w->score + w->edges * b + mol->edge;
  float *factor = w->factor + mol->edge;
  for (int64_t e = 0; e < mol->edges; e += VL) {
    vf slope;
    store(factor + e, coordinate_factor(m, load(score + e), &slope) * load(w->inverse + mol->edge + e) * mol->scale);
  }
  const float *difference[3] = {w->dx + mol->edge, w->dy + mol->edge, w->dz + mol->edge};
  for (int axis = 0; axis < 3; axis++, from += w->atoms) {
    float *to = (float *)from + 3 * w->atoms;
    const float *d = difference[axis];
    int64_t e = 0;
    for (int i = 0; i < mol->n; i++) {
      float sum = 0;
      for (int j = 1; j < mol->n; j++, e++) sum += d[e] * factor[e];
      to[i] = from[i] + sum;
    }
  }
}

/* ∂L/∂s_ij from the gradient of the positions after block b (w->grad_x); starts ∂L/∂d²_ij at the part that goes
 * through 1 / (d + C). */
NOINLINE void move_atoms_backward(const EgnnModel *m, Workspace *w, const Molecule *mol, int b) {
  const float *gx = w->grad_x + mol->atom, *gy = gx + w->atoms, *gz = gy + w->atoms;
  const float *dx = w->dx + mol->edge, *dy = w->dy + mol->edge, *dz = w->dz + mol->edge;
  float *along = w->grad_score + mol->edge; /* ∂L/∂x_i · (x_i − x_j), then the result */
  int64_t e = 0;
  for (int i = 0; i < mol->n; i++)
    for (int j = 1; j < mol->n; j++, e++) along[e] = gx[i] * dx[e] + gy[i] * dy[e] + gz[i] * dz[e];
  for (; e < mol->edges; e++) along[e] = 0;
  for (e = 0; e < mol->edges; e += VL) {
    vf slope, inverse = load(w->inverse + mol->edge + e), a = load(along + e) * mol->scale;
    vf phi = coordinate_factor(m, load(w->score + w->edges * b + mol->edge + e), &slope);
    vf r = sqrt_vector(load(w->d2 + w->edges * b + mol->edge + e) + 1e-8f);
    store(w->factor + mol->edge + e, phi * inverse * mol->scale);
    store(w->grad_score + mol->edge + e, a * inverse * slope);
    store(w->grad_d2 + mol->edge + e, -0.5f * a * phi * inverse * inverse / r);
  }
}

/* Adds to ∂L/∂x what flows through the differences of block b, all of ∂L/∂d² being known. */
NOINLINE void geometry_backward(Workspace *w, const Molecule *mol) {
  const float *difference[3] = {w->dx + mol->edge, w->dy + mol->edge, w->dz + mol->edge};
  const float *factor = w->factor + mol->edge, *grad_d2 = w->grad_d2 + mol->edge;
  for (int axis = 0; axis < 3; axis++) {
    const float *d = difference[axis];
    float *g = w->grad_x + axis * w->atoms + mol->atom, *step = w->grad_step + mol->atom;
    for (int i = 0; i < mol->n; i++) step[i] = 0;
    int64_t e = 0;
    for (int i = 0; i < mol->n; i++) {
      float sum = 0;
      for (int j = 0; j < mol->n; j++)
        if (j != i) {
          float t = g[i] * factor[e] + 2 * d[e] * grad_d2[e];
          sum += t;
          step[j] -= t;
          e++;
        }
      step[i] += sum;
    }
    for (int i = 0; i < mol->n; i++) g[i] += step[i];
  }
}

#endif
