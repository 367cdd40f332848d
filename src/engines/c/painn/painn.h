/* PaiNN (Schütt, Unke, Gastegger 2021; nets/painn.ts) with its atomwise head: a number o for each atom, Σ o's slope by
 * the positions, and what a loss of both needs. Types shared by the numerical core (painn.c, compiled once per
 * instruction set) and its hosts (painn_addon.c, painn_wasm.c). The core allocates nothing and starts no thread;
 * tasks of a stage never write to the same place and every sum has a fixed order, so results do not depend on the
 * number of threads. */
#ifndef PAINN_H
#define PAINN_H

#include <stddef.h>
#include <stdint.h>

typedef struct PainnConfig {
  int32_t types, hidden, layers, radial, bessel /* else Gaussians */, head /* width of the energy's hidden layer */;
  double cutoff; /* Å */
} PainnConfig;

typedef struct PainnModel PainnModel; /* where each tensor lies */

/* Molecules side by side. */
typedef struct PainnCall {
  const PainnModel *model;
  const float *parameters; /* flat, in the order of geometricLayout in nets/geometric.ts */
  float *weights;          /* packed copy of the parameters */
  int32_t molecules;
  const int32_t *sizes;    /* [molecules], each at least 1 */
  const int32_t *types;    /* row of the embedding [atoms] */
  const double *positions; /* Å [atoms, 3] */
  /* evaluate */
  float *outputs; /* written [atoms] */
  float *slope;   /* written, ∂(Σ o)/∂r [atoms, 3]; null: not wanted */
  /* train: the gradient of Σ c o + v · ∂(Σ o)/∂r by the parameters */
  const float *coefficients; /* c [atoms] */
  const float *direction;    /* v [atoms, 3]; null: zero */
  float *partial;            /* one padded gradient per lane */
  float *gradient;           /* written, flat like parameters */
} PainnCall;

enum { PAINN_LANES = 4 }; /* molecule m of a training batch belongs to lane m mod 4 */

/* Byte counts are multiples of 64; every memory block is aligned to 64. */
typedef struct PainnCore {
  const char *name;
  size_t (*parameter_count)(const PainnConfig *);
  size_t (*model_bytes)(const PainnConfig *);
  void (*model_init)(PainnModel *, const PainnConfig *);
  size_t (*weights_bytes)(const PainnModel *);
  size_t (*partial_bytes)(const PainnModel *); /* of one lane */
  uint64_t (*workspace_bytes)(const PainnCall *); /* of one thread; a call with a direction needs more */
  /* Stages: pack when the parameters are new; then evaluate (one task per molecule), or train and reduce. */
  int (*pack_tasks)(const PainnModel *);
  void (*pack)(const PainnCall *, int task);
  void (*evaluate)(const PainnCall *, int molecule, void *workspace);
  void (*train)(const PainnCall *, int lane, void *workspace);
  void (*reduce)(const PainnCall *, int task); /* as many tasks as pack */
} PainnCore;

#endif
