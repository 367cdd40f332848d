/* The U-Net of nets/unet/unet.ts, which predicts from a noised image and features of its time. Types shared by the
 * numerical core (unet.c, compiled once per instruction set) and its hosts (unet_addon.c, unet_wasm.c). The core
 * allocates nothing and starts no thread; an image is computed alone, images belong to lanes, and sums over lanes have
 * a fixed order, so results do not depend on the number of threads. */
#ifndef UNET_H
#define UNET_H

#include <stddef.h>
#include <stdint.h>

enum { UNET_LEVELS = 4 /* at most */, UNET_GROUPS = 8, UNET_LANES = 8 /* image i of a batch belongs to lane i mod 8 */ };

typedef struct UnetConfig {
  int32_t height, width; /* even at every level but the last */
  int32_t levels, channels[UNET_LEVELS]; /* multiples of 16 */
  int32_t features, embedding; /* of the time; multiples of 16 */
} UnetConfig;

typedef struct UnetModel UnetModel; /* where each tensor lies */

/* Images side by side. */
typedef struct UnetCall {
  const UnetModel *model;
  const float *parameters; /* flat, in the order of unetLayout, aligned to 64 */
  float *weights;          /* packed copy of the convolutions */
  int32_t images;
  const float *input;    /* [images, height, width] */
  const float *features; /* of the time [images, features] */
  float *output;         /* written [images, height, width]; evaluate */
  /* train: the gradient of Σ weight ‖output − target‖² by the parameters */
  const float *target; /* [images, height, width] */
  const float *weight; /* [images] */
  double *errors;      /* written, ‖output − target‖² [images] */
  float *partial;      /* one gradient per lane, flat as the parameters */
  float *gradient;     /* written, flat as the parameters */
} UnetCall;

/* Byte counts are multiples of 64; every memory block is aligned to 64. */
typedef struct UnetCore {
  const char *name;
  size_t (*model_bytes)(void);
  void (*model_init)(UnetModel *, const UnetConfig *);
  size_t (*parameter_count)(const UnetModel *);
  size_t (*weights_bytes)(const UnetModel *);
  size_t (*partial_bytes)(const UnetModel *); /* of one lane */
  size_t (*workspace_bytes)(const UnetModel *); /* of one thread */
  /* Stages: pack when the parameters are new; then evaluate (one task per image), or train and reduce. */
  int (*pack_tasks)(const UnetModel *);
  void (*pack)(const UnetCall *, int task);
  void (*evaluate)(const UnetCall *, int image, void *workspace);
  void (*train)(const UnetCall *, int lane, void *workspace);
  void (*reduce)(const UnetCall *, int task); /* as many tasks as lanes */
} UnetCore;

#endif
