/* The denoiser of EDM (EGNN of Hoogeboom et al. 2022, appendix B) with hand-derived gradients, and the baseline
 * without equivariance (GDM): types shared by the numerical core (egnn.c, compiled once per instruction set) and its
 * hosts (addon.c, wasm.c).
 * The core allocates nothing and starts no thread. A host fills an EgnnCall, asks how much memory each part
 * needs, and runs the numbered tasks of a stage in any order on any number of threads; tasks of one stage never
 * write to the same place and every sum has a fixed order, so results do not depend on the number of threads. */
#ifndef EGNN_H
#define EGNN_H

#include <stddef.h>
#include <stdint.h>

typedef struct EgnnConfig {
  int32_t in_features, out_features, hidden, layers, sublayers;
  int32_t attention, tanh, mean, sin_embedding, self_conditioning; /* flags */
  int32_t baseline; /* positions are three more features, edges have none, and an atom sends to itself */
  float coords_range, norm_constant, normalization_factor;
} EgnnConfig;

/* Molecules side by side without padding. */
typedef struct EgnnBatch {
  int64_t molecules, atoms;
  const int32_t *sizes;   /* [molecules], each at least 1 */
  const float *positions; /* [atoms, 3] */
  const float *features;  /* [atoms, in_features] */
  const float *guess;     /* [atoms, 3] positions of an earlier guess (self_conditioning only) */
  float mean_over;        /* divisor of means over neighbours; 0: the number of atoms of the molecule */
} EgnnBatch;

/* L = Σ_m position_weight_m ‖out_x − target_x‖² + feature_weight_m ‖out_h − target_h‖² */
typedef struct EgnnTarget {
  const float *target;                           /* [atoms, 3 + out_features] */
  const float *position_weight, *feature_weight; /* [molecules] */
  double *position_error, *feature_error;        /* [molecules], unweighted, written */
} EgnnTarget;

typedef struct EgnnModel EgnnModel; /* where each tensor lies, padded and packed */
typedef struct EgnnPlan EgnnPlan;   /* who works on which molecules */

/* One evaluation. Memory is the host's; sizes come from the functions of EgnnCore. */
typedef struct EgnnCall {
  const EgnnModel *model;
  const float *parameters; /* flat, in the order of egnnLayout in nets/egnn-config.ts */
  float *weights;          /* packed copy of the parameters */
  EgnnBatch batch;
  const EgnnPlan *plan;
  float *output;     /* [atoms, 3 + out_features] (forward only) */
  EgnnTarget target; /* training only */
  float *partial;    /* one gradient per lane, padded */
  float *gradient;   /* flat like parameters; null: forward only */
} EgnnCall;

/* A matrix inside the flat parameters: element (r, c) at offset + r stride + c; columns ≤ rows. */
typedef struct MatrixBlock {
  int32_t offset, stride, rows, columns;
} MatrixBlock;

/* One update of the parameters; see optimizer.h and muon.h. */
typedef struct ParameterUpdate {
  int64_t count;
  const float *gradient;
  float *parameters, *ema, *first, *second; /* [count] each */
  float *largest;                           /* null without AMSGrad */
  double scale;                             /* of the gradient */
  double beta1, beta2, epsilon, keep, step_size, second_correction, ema_decay;
  double matrix_rate, matrix_keep, momentum; /* of the blocks */
  const MatrixBlock *blocks;
  int64_t block_count;
  const uint8_t *in_block; /* [count], 1 inside a block; null without blocks */
  double *squares;         /* [chunks], written by square_sum */
} ParameterUpdate;

/* Coefficients from an array, in the order of `coefficientValues` in src/engines/update.ts. */
static inline void set_coefficients(ParameterUpdate *u, const double *n) {
  u->scale = n[0], u->beta1 = n[1], u->beta2 = n[2], u->epsilon = n[3], u->keep = n[4], u->step_size = n[5];
  u->second_correction = n[6], u->ema_decay = n[7], u->matrix_rate = n[8], u->matrix_keep = n[9], u->momentum = n[10];
}

/* The core of one instruction set. Byte counts are multiples of 64; every memory block is aligned to 64. */
typedef struct EgnnCore {
  const char *name;
  size_t (*parameter_count)(const EgnnConfig *);
  size_t (*model_bytes)(const EgnnConfig *);
  void (*model_init)(EgnnModel *, const EgnnConfig *);
  size_t (*weights_bytes)(const EgnnModel *);
  size_t (*partial_bytes)(const EgnnModel *); /* of one lane */
  size_t (*plan_bytes)(const EgnnModel *, const EgnnBatch *);
  void (*plan_init)(EgnnPlan *, const EgnnModel *, const EgnnBatch *);
  int (*lanes)(const EgnnPlan *);
  uint64_t (*workspace_bytes)(const EgnnModel *, const EgnnPlan *, const EgnnBatch *, int training); /* of one thread */
  /* Stages: pack, then forward; or pack, train, reduce. */
  int (*pack_tasks)(const EgnnModel *);
  void (*pack)(const EgnnCall *, int task);
  int (*forward_tasks)(const EgnnPlan *);
  void (*forward)(const EgnnCall *, int task, void *workspace);
  void (*train)(const EgnnCall *, int lane, void *workspace); /* one task per lane */
  int (*reduce_tasks)(const EgnnModel *);
  void (*reduce)(const EgnnCall *, int task);
  /* Stages of an optimiser's step: the squared norm in parts, then the update. */
  int (*chunks)(int64_t count);
  void (*square_sum)(const ParameterUpdate *, int task);
  uint64_t (*update_workspace)(const ParameterUpdate *); /* of one thread */
  int (*update_tasks)(const ParameterUpdate *);
  void (*update)(const ParameterUpdate *, int task, void *workspace);
} EgnnCore;

#endif
