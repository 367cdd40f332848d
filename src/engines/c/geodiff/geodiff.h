/* The conformer network of nets/geodiff.ts: two encoders over edges, the handedness of centres. Types shared by the
 * numerical core (geodiff.c, compiled once per instruction set) and its host (geodiff_addon.c). The core allocates
 * nothing and starts no thread; tasks never write to the same place and sums have a fixed order. */
#ifndef GEODIFF_H
#define GEODIFF_H

#include <stddef.h>
#include <stdint.h>

typedef struct GeoDiffConfig {
  int32_t atom_features, hidden /* a multiple of 32 */, local_layers, global_layers;
} GeoDiffConfig;

enum { GEODIFF_RADIAL = 22, GEODIFF_EDGE_FEATURES = 9, GEODIFF_EDGE_INPUTS = 32, GEODIFF_LANES = 4, GEODIFF_MOST_LAYERS = 16 };

/* Molecules side by side; indices count within a molecule. */
typedef struct GeoDiffCall {
  GeoDiffConfig config;
  const float *parameters; /* flat, in the order of geoDiffLayout */
  float *weights;          /* packed copy */
  int32_t molecules;
  const int32_t *counts; /* atoms, local edges, far edges, centres of each molecule [molecules, 4] */
  const float *atoms;    /* [ΣN, atom_features] */
  const float *positions; /* [ΣN, 3] */
  const float *scales;    /* [molecules] */
  const int32_t *local;   /* [ΣL, 2] */
  const float *features;  /* of local edges [ΣL, 9] */
  const int32_t *far;     /* [ΣG, 2] */
  const int32_t *centres; /* atom, a, b, c, d [ΣC, 5] */
  const float *signs;     /* [ΣC] */
  float *output;          /* displacement [ΣN, 3]; evaluate */
  const float *target;    /* [ΣN, 3]; train */
  const float *weight;    /* of a molecule's squared errors [molecules] */
  double *losses;         /* written [molecules] */
  float *partial;         /* one gradient per lane, matrices transposed */
  float *gradient;        /* of the mean loss, flat */
} GeoDiffCall;

typedef struct GeoDiffCore {
  const char *name;
  size_t (*parameter_count)(const GeoDiffConfig *);
  size_t (*weights_bytes)(const GeoDiffConfig *);
  size_t (*partial_bytes)(const GeoDiffConfig *);
  uint64_t (*workspace_bytes)(const GeoDiffCall *);
  void (*pack)(const GeoDiffCall *);
  void (*evaluate)(const GeoDiffCall *, int molecule, void *workspace);
  void (*train)(const GeoDiffCall *, int lane, void *workspace);
  void (*reduce)(const GeoDiffCall *);
} GeoDiffCore;

#endif
