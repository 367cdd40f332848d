/* The memory of one thread: everything that a group of molecules needs on its way through the network and back.
 * Rows are atoms of the group, or edges (i, j), j ≠ i (in the baseline also j = i), of one molecule ordered by i, then j. */
#ifndef EGNN_WORKSPACE_H
#define EGNN_WORKSPACE_H

#include "egnn_plan.h"

/* Edges of one block of receiving atoms, small enough for the second-level cache. */
#ifndef BLOCK_FLOATS
#define BLOCK_FLOATS 26000
#endif
/* Pre-activations kept from the forward pass for the backward pass; layers beyond are computed again. */
#ifndef KEPT_FLOATS
#define KEPT_FLOATS (8u << 20)
#endif

typedef struct Workspace {
  int64_t atoms, edges, rows; /* of the group; rows of a block */
  int training;
  int64_t kept_layers;
  float *features; /* [atoms, in] padded copy */
  float *x;        /* [layers + 1, 3, atoms] positions before each block and at the end */
  float *nodes;    /* [layers · sublayers + 1, atoms, ld2] features h and aggregate, before each convolution */
  float *terms;    /* [layers · (sublayers + 1), atoms, ld2] A h and B h of each edge layer */
  float *middle;   /* [layers · sublayers, atoms, ld] pre-activation of the node network */
  float *active;   /* [atoms, ld] its activation */
  float *result;   /* [atoms, out] */
  /* Edges of the whole group. */
  float *d2;                 /* [layers, edges] squared distances before each block */
  float *guessed;            /* [edges] squared distances in the guess */
  float *gate;               /* [layers · sublayers, edges] attention */
  float *score;              /* [layers] output of the coordinate network before tanh */
  float *dx, *dy, *dz, *inverse; /* x_i − x_j and 1 / (d + C) */
  float *factor;             /* φ_ij / (d + C), over the normalisation of sums */
  float *embedded;           /* [edges, edge features] */
  float *kept;               /* [kept_layers, edges, ld] */
  /* One block of edges. */
  float *first, *slope, *second;                /* [rows, ld] */
  float *row[2];                                /* [hidden] */
  /* Gradients. */
  float *grad_h, *grad_nodes, *grad_terms, *grad_middle, *grad_result; /* [atoms, …] as above */
  float *grad_x, *grad_step;                    /* [3, atoms] */
  float *grad_d2, *grad_score;                  /* [edges] */
} Workspace;

typedef struct Arena {
  char *base;
  uint64_t used; /* bytes; exceeds size_t where a batch is too large for 32-bit memory */
} Arena;

INLINE float *floats(Arena *a, int64_t count) {
  float *at = a->base ? (float *)(a->base + (size_t)a->used) : 0;
  a->used += ((uint64_t)count * sizeof(float) + 63) & ~(uint64_t)63;
  return at;
}

/* Rows of a block: as many whole atoms as fit, at least one. */
INLINE int64_t block_rows(const EgnnModel *m, int64_t largest) {
  int64_t fit = BLOCK_FLOATS / m->ld, own = senders_of(m, largest) > 0 ? senders_of(m, largest) : 1;
  return fit > own ? fit : own;
}

/* Lays the arrays out in memory (base null: only counts bytes). */
NOINLINE uint64_t workspace_layout(Workspace *w, const EgnnModel *m, const Group *g, int64_t largest, int training,
                                   void *base) {
  Arena a = {base, 0};
  int64_t n = g->atoms, e = g->edges, b = m->layers, c = b * m->sublayers, all = edge_layer_count(m);
  int64_t keep = training ? all : 0;
  w->atoms = n;
  w->edges = e;
  w->training = training;
  w->rows = block_rows(m, largest);
  if (keep && e > 0 && keep * e > KEPT_FLOATS / m->ld) keep = KEPT_FLOATS / m->ld / e;
  w->kept_layers = keep;
  w->features = floats(&a, n * m->in);
  w->x = floats(&a, (b + 1) * 3 * n);
  w->nodes = floats(&a, (training ? c + 1 : 2) * n * m->ld2);
  w->terms = floats(&a, (training ? all : 1) * n * m->ld2);
  w->middle = floats(&a, (training ? c : 1) * n * m->ld);
  w->active = floats(&a, n * m->ld);
  w->result = floats(&a, n * m->out);
  w->gate = floats(&a, (training ? c : 1) * e + VL);
  w->d2 = floats(&a, b * e);
  w->guessed = m->distances == 3 ? floats(&a, e) : 0;
  w->score = floats(&a, b * e);
  w->dx = floats(&a, e);
  w->dy = floats(&a, e);
  w->dz = floats(&a, e);
  w->inverse = floats(&a, e);
  w->factor = floats(&a, e);
  w->embedded = m->config.sin_embedding && m->distances ? floats(&a, e * m->edge_features) : 0;
  w->kept = floats(&a, keep * e * m->ld);
  w->first = floats(&a, w->rows * m->ld);
  w->second = floats(&a, w->rows * m->ld);
  for (int k = 0; k < 2; k++) w->row[k] = floats(&a, m->hidden);
  if (training) {
    w->slope = floats(&a, w->rows * m->ld);
    w->grad_h = floats(&a, n * m->ld);
    w->grad_nodes = floats(&a, n * m->ld2);
    w->grad_terms = floats(&a, n * m->ld2);
    w->grad_middle = floats(&a, n * m->ld);
    w->grad_result = floats(&a, n * m->out);
    w->grad_x = floats(&a, 3 * n);
    w->grad_step = floats(&a, 3 * n);
    w->grad_d2 = floats(&a, e);
    w->grad_score = floats(&a, e);
  }
  return a.used;
}

INLINE int64_t largest_molecule(const EgnnPlan *plan, const EgnnBatch *b, const Group *g) {
  return b->sizes[plan->order[g->first]]; /* groups are sorted */
}

#endif
