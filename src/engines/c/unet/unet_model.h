/* Where each tensor of the U-Net lies: in the flat parameters, and, for convolutions, in the packed copy that unet_conv.h
 * reads: panels of two vectors of output columns, row by row, of the weights and of those of the way back. All sizes but
 * the last layer's are multiples of 16 floats, so that vectors are read from the flat parameters and written to a flat
 * gradient as they lie there. */
#ifndef UNET_MODEL_H
#define UNET_MODEL_H

#include "egnn_vector.h"
#include "unet.h"

/* A 3 × 3 or 1 × 1 convolution; weight [taps · inputs, outputs]: lines and columns of the kernel, inputs. */
typedef struct Conv {
  size_t weight;
  int taps, inputs, outputs;
  int columns, back_columns; /* outputs and inputs, padded to 16 */
  size_t forward, backward;  /* in the packed weights */
} Conv;

/* x + conv₂(silu(norm₂(conv₁(silu(norm₁(x))) + W s + b))) + b₂, x through a 1 × 1 convolution where widths differ. */
typedef struct Residual {
  int height, width, inputs, outputs;
  size_t norm1, norm2; /* scale, then shift */
  size_t time;         /* W [outputs, embedding], then b */
  Conv conv1, conv2, skip;
  size_t bias2;
} Residual;

enum { MOST_BLOCKS = 2 * UNET_LEVELS + 1, MOST_CONVS = 3 * MOST_BLOCKS + 2 };

struct UnetModel {
  UnetConfig config;
  int blocks; /* down 0 … L − 1, middle, up L − 1 … 0 */
  Residual block[MOST_BLOCKS];
  size_t time[2]; /* [embedding, features], [embedding, embedding], each with its bias behind it */
  Conv enter, leave;
  size_t enter_bias, norm, leave_bias;
  size_t parameters, packed; /* floats */
};

INLINE int padded16(int n) { return (n + 15) & ~15; }
INLINE size_t whole_lines(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

static size_t next(UnetModel *m, size_t count) {
  size_t at = m->parameters;
  m->parameters += count;
  return at;
}

static void place_conv(UnetModel *m, Conv *c, int taps, int inputs, int outputs) {
  *c = (Conv){.taps = taps, .inputs = inputs, .outputs = outputs};
  c->columns = padded16(outputs);
  c->back_columns = padded16(inputs);
  c->weight = next(m, (size_t)taps * inputs * outputs);
  c->forward = m->packed;
  m->packed += (size_t)taps * inputs * c->columns;
  c->backward = m->packed;
  m->packed += (size_t)taps * outputs * c->back_columns;
}

static void place_block(UnetModel *m, int height, int width, int inputs, int outputs) {
  Residual *r = &m->block[m->blocks++];
  size_t E = m->config.embedding;
  *r = (Residual){.height = height, .width = width, .inputs = inputs, .outputs = outputs};
  r->norm1 = next(m, 2 * (size_t)inputs);
  place_conv(m, &r->conv1, 9, inputs, outputs);
  r->time = next(m, outputs * (E + 1));
  r->norm2 = next(m, 2 * (size_t)outputs);
  place_conv(m, &r->conv2, 9, outputs, outputs);
  r->bias2 = next(m, outputs);
  if (inputs != outputs) place_conv(m, &r->skip, 1, inputs, outputs);
}

static size_t model_bytes(void) { return whole_lines(sizeof(UnetModel)); }

static void model_init(UnetModel *m, const UnetConfig *c) {
  const int32_t *C = c->channels;
  int last = c->levels - 1;
  *m = (UnetModel){.config = *c};
  m->time[0] = next(m, (size_t)c->embedding * (c->features + 1));
  m->time[1] = next(m, (size_t)c->embedding * (c->embedding + 1));
  /* The entrance has inputs · taps = 9 rows: whole vectors all the same. */
  place_conv(m, &m->enter, 9, 1, C[0]);
  m->enter_bias = next(m, C[0]);
  for (int l = 0; l <= last; l++) place_block(m, c->height >> l, c->width >> l, C[l ? l - 1 : 0], C[l]);
  place_block(m, c->height >> last, c->width >> last, C[last], C[last]);
  for (int l = last; l >= 0; l--) place_block(m, c->height >> l, c->width >> l, C[l < last ? l + 1 : last] + C[l], C[l]);
  m->norm = next(m, 2 * (size_t)C[0]);
  place_conv(m, &m->leave, 9, C[0], 1);
  m->leave_bias = next(m, 1);
}

/* Convolutions in one row: entrance, exit, then three of each block. */
INLINE int conv_count(const UnetModel *m) { return 3 * m->blocks + 2; }
INLINE const Conv *conv_at(const UnetModel *m, int index) {
  if (index < 2) return index ? &m->leave : &m->enter;
  const Residual *r = &m->block[(index - 2) / 3];
  const Conv *all[3] = {&r->conv1, &r->conv2, &r->skip};
  return all[(index - 2) % 3];
}

/* One convolution: its weights, and those of the way back, where taps are mirrored and inputs and outputs change places. */
static int pack_tasks(const UnetModel *m) { return conv_count(m); }
static void pack(const UnetCall *call, int task) {
  const Conv *c = conv_at(call->model, task);
  if (c->taps == 0) return;
  const float *w = call->parameters + c->weight;
  float *to = call->weights + c->forward;
  int I = c->inputs, O = c->outputs;
  for (int first = 0; first < c->columns; first += 2 * VL) {
    int width = c->columns - first < 2 * VL ? VL : 2 * VL;
    for (int k = 0; k < c->taps * I; k++)
      for (int v = first; v < first + width; v++) *to++ = v < O ? w[(size_t)k * O + v] : 0;
  }
  to = call->weights + c->backward;
  for (int first = 0; first < c->back_columns; first += 2 * VL) {
    int width = c->back_columns - first < 2 * VL ? VL : 2 * VL;
    for (int tap = c->taps - 1; tap >= 0; tap--)
      for (int o = 0; o < O; o++)
        for (int v = first; v < first + width; v++) *to++ = v < I ? w[((size_t)tap * I + v) * O + o] : 0;
  }
}

/* Sums the lanes' gradients in their order, a part of the parameters each. */
static void reduce(const UnetCall *call, int task) {
  size_t n = call->model->parameters, stride = padded16((int)n);
  size_t first = n * task / UNET_LANES, end = n * (task + 1) / UNET_LANES;
  int lanes = call->images < UNET_LANES ? call->images : UNET_LANES;
  for (size_t k = first; k < end; k++) {
    float sum = call->partial[k];
    for (int lane = 1; lane < lanes; lane++) sum += call->partial[lane * stride + k];
    call->gradient[k] = sum;
  }
}

#endif
