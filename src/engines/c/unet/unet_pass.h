/* One image through the U-Net, forward and backward. What the forward pass leaves in the workspace the backward pass
 * reads. */
#ifndef UNET_PASS_H
#define UNET_PASS_H

#include "unet_layers.h"

/* Activations of a block: planes x, h and out; bordered images behind either normalisation. */
typedef struct BlockSpace {
  float *x, *h, *out, *normal1, *normal2, *kept1, *kept2;
} BlockSpace;

typedef struct Space {
  BlockSpace block[MOST_BLOCKS];
  float *input, *entered, *kept, *normal, *left; /* left: 16 columns, the first of them the output */
  float *features, *time1, *act1, *time2, *act2, *shift;
  /* Adjoints: of a block's output by level, bordered; of what was skipped; of planes. */
  float *g[UNET_LEVELS], *skipped[UNET_LEVELS], *inner, *wide, *x_bar, *error, *act_bar, *room;
} Space;

/* Carves the workspace; with memory null only measures. Returns bytes. */
NOINLINE size_t carve(const UnetModel *m, char *memory, Space *s) {
  size_t used = 0, most = 0, widest = 0;
  const UnetConfig *c = &m->config;
#define TAKE(PLACE, COUNT)                                          \
  do {                                                              \
    if (memory) (PLACE) = (float *)(memory + used);                 \
    used += whole_lines((size_t)(COUNT) * sizeof(float));           \
  } while (0)
#define BORDERED(PLACE, HEIGHT, WIDTH, CHANNELS)                           \
  do {                                                                     \
    TAKE(PLACE, ((HEIGHT) + 2) * ((WIDTH) + 2) * (CHANNELS));              \
    if (memory) clear_border(HEIGHT, WIDTH, CHANNELS, PLACE);              \
  } while (0)
  Space none;
  if (!memory) s = &none;
  for (int b = 0; b < m->blocks; b++) {
    const Residual *r = &m->block[b];
    BlockSpace *y = &s->block[b];
    size_t pixels = (size_t)r->height * r->width, all = pixels * (r->inputs > r->outputs ? r->inputs : r->outputs);
    if (all > most) most = all;
    if ((size_t)r->inputs > widest) widest = r->inputs;
    TAKE(y->x, pixels * r->inputs);
    TAKE(y->h, pixels * r->outputs);
    TAKE(y->out, pixels * r->outputs);
    BORDERED(y->normal1, r->height, r->width, r->inputs);
    BORDERED(y->normal2, r->height, r->width, r->outputs);
    TAKE(y->kept1, 2 * r->inputs);
    TAKE(y->kept2, 2 * r->outputs);
  }
  size_t pixels = (size_t)c->height * c->width;
  BORDERED(s->input, c->height, c->width, 1);
  TAKE(s->kept, 2 * c->channels[0]);
  BORDERED(s->normal, c->height, c->width, c->channels[0]);
  TAKE(s->left, pixels * 16);
  TAKE(s->features, c->features);
  TAKE(s->time1, c->embedding);
  TAKE(s->act1, c->embedding);
  TAKE(s->time2, c->embedding);
  TAKE(s->act2, c->embedding);
  TAKE(s->shift, widest);
  for (int l = 0; l < c->levels; l++) {
    BORDERED(s->g[l], c->height >> l, c->width >> l, c->channels[l]);
    TAKE(s->skipped[l], (c->height >> l) * (c->width >> l) * c->channels[l]);
  }
  /* Of the blocks of a level, one after the other. */
  TAKE(s->inner, most + 4 * widest * (c->height + c->width + 4));
  TAKE(s->wide, most);
  TAKE(s->x_bar, most);
  BORDERED(s->error, c->height, c->width, 1);
  TAKE(s->act_bar, 2 * c->embedding);
  TAKE(s->room, 2 * widest);
#undef BORDERED
#undef TAKE
  return used;
}

/* An image of the size of a block, in its border. */
INLINE Lines corner(const Residual *r, float *bordered_image, long channels) {
  return bordered(bordered_image, r->width, channels);
}

NOINLINE void block_forward(const UnetModel *m, const float *p, const float *w, const Residual *r, const BlockSpace *y,
                            Space *s) {
  long H = r->height, W = r->width, I = r->inputs, O = r->outputs;
  Lines first = corner(r, y->normal1, I), second = corner(r, y->normal2, O), out = plane(y->out, W, O);
  norm_silu(H, W, I, y->x, p + r->norm1, y->kept1, inside(first));
  dense(m->config.embedding, O, p + r->time, s->act2, s->shift);
  convolve(3, 3 * I, O, H, W, first, w + r->conv1.forward, s->shift, plane(y->h, W, O));
  norm_silu(H, W, O, y->h, p + r->norm2, y->kept2, inside(second));
  if (r->skip.taps)
    convolve(1, I, O, H, W, plane(y->x, W, I), w + r->skip.forward, 0, out);
  else
    for (long k = 0; k < H * W * O; k += VL) store(y->out + k, load(y->x + k));
  convolve_add(3, 3 * O, O, H, W, second, w + r->conv2.forward, p + r->bias2, out);
}

/* The gradient of a 3 × 3 convolution's weights. */
INLINE void kernel_gradient(long H, long W, long I, long O, Lines x, Lines y_bar, float *w_bar) {
  for (int part = 0; part < 3; part++, x.at += x.line) correlate_add(3 * I, O, H, W, x, y_bar, w_bar + part * 3 * I * O, O);
}

/* From the adjoint of the block's output, bordered, that of its input: s->x_bar, a plane. */
NOINLINE void block_backward(const UnetModel *m, const float *p, const float *w, const Residual *r, const BlockSpace *y,
                             Space *s, Lines g, float *partial) {
  long H = r->height, W = r->width, I = r->inputs, O = r->outputs, E = m->config.embedding;
  Lines first = corner(r, y->normal1, I), second = corner(r, y->normal2, O), h_bar = corner(r, s->inner, O);
  Lines x_bar = plane(s->x_bar, W, I);
  channel_sums(1, H, W, O, inside(g), partial + r->bias2);
  kernel_gradient(H, W, O, O, second, inside(g), partial + r->conv2.weight);
  convolve(3, 3 * O, O, H, W, g, w + r->conv2.backward, 0, plane(s->wide, W, O));
  clear_border(H, W, O, s->inner);
  norm_silu_back(0, H, W, O, y->h, p + r->norm2, y->kept2, s->wide, partial + r->norm2, s->room, inside(h_bar));
  channel_sums(0, H, W, O, inside(h_bar), s->shift);
  dense_back(E, O, p + r->time, s->act2, s->shift, partial + r->time, s->act_bar);
  kernel_gradient(H, W, I, O, first, inside(h_bar), partial + r->conv1.weight);
  convolve(3, 3 * O, I, H, W, h_bar, w + r->conv1.backward, 0, plane(s->wide, W, I));
  if (r->skip.taps) {
    correlate_add(I, O, H, W, plane(y->x, W, I), inside(g), partial + r->skip.weight, O);
    convolve(1, O, I, H, W, inside(g), w + r->skip.backward, 0, x_bar);
  } else {
    for (long i = 0; i < H; i++)
      for (long k = 0; k < W * O; k += VL) store(s->x_bar + i * W * O + k, load(inside(g).at + i * g.line + k));
  }
  norm_silu_back(1, H, W, I, y->x, p + r->norm1, y->kept1, s->wide, partial + r->norm1, s->room, x_bar);
}

INLINE int up_block(const UnetModel *m, int level) { return 2 * m->config.levels - level; }

static void forward_pass(const UnetModel *m, const float *p, const float *w, const float *input, const float *features,
                         Space *s) {
  const UnetConfig *c = &m->config;
  const int32_t *C = c->channels;
  long H = c->height, W = c->width, E = c->embedding;
  int last = c->levels - 1;
  for (long k = 0; k < c->features; k++) s->features[k] = features[k];
  dense(c->features, E, p + m->time[0], s->features, s->time1);
  silu_of(E, s->time1, s->act1);
  dense(E, E, p + m->time[1], s->act1, s->time2);
  silu_of(E, s->time2, s->act2);
  for (long i = 0; i < H; i++)
    for (long j = 0; j < W; j++) s->input[(i + 1) * (W + 2) + j + 1] = input[i * W + j];
  convolve(3, 3, C[0], H, W, bordered(s->input, W, 1), w + m->enter.forward, p + m->enter_bias, plane(s->block[0].x, W, C[0]));
  for (int l = 0; l <= last; l++) {
    const Residual *r = &m->block[l];
    if (l > 0) halve(r->height, r->width, r->inputs, s->block[l - 1].out, s->block[l].x);
    block_forward(m, p, w, r, &s->block[l], s);
  }
  const Residual *middle = &m->block[last + 1];
  BlockSpace *y = &s->block[last + 1];
  for (long k = 0; k < (long)middle->height * middle->width * middle->inputs; k += VL) store(y->x + k, load(s->block[last].out + k));
  block_forward(m, p, w, middle, y, s);
  for (int l = last; l >= 0; l--) {
    int b = up_block(m, l);
    const Residual *r = &m->block[b];
    join(l < last, r->height, r->width, r->inputs - C[l], C[l], s->block[b - 1].out, s->block[l].out, s->block[b].x);
    block_forward(m, p, w, r, &s->block[b], s);
  }
  Lines normal = bordered(s->normal, W, C[0]);
  norm_silu(H, W, C[0], s->block[2 * c->levels].out, p + m->norm, s->kept, inside(normal));
  convolve(3, 3 * C[0], 16, H, W, normal, w + m->leave.forward, 0, plane(s->left, W, 16));
}

/* From s->error, the bordered adjoint of the output; adds to partial. */
static void backward_pass(const UnetModel *m, const float *p, const float *w, Space *s, float *partial) {
  const UnetConfig *c = &m->config;
  const int32_t *C = c->channels;
  long H = c->height, W = c->width, E = c->embedding;
  int last = c->levels - 1;
  Lines error = bordered(s->error, W, 1), normal = bordered(s->normal, W, C[0]);
  clear(2 * E, s->act_bar);
  for (int part = 0; part < 3; part++, normal.at += normal.line)
    correlate_add(1, 3 * C[0], H, W, inside(error), normal, partial + m->leave.weight + part * 3 * C[0], 0);
  for (long i = 0; i < H; i++)
    for (long j = 0; j < W; j++) partial[m->leave_bias] += inside(error).at[i * error.line + j];
  convolve(3, 3, C[0], H, W, error, w + m->leave.backward, 0, plane(s->wide, W, C[0]));
  norm_silu_back(0, H, W, C[0], s->block[2 * c->levels].out, p + m->norm, s->kept, s->wide, partial + m->norm, s->room,
                 inside(bordered(s->g[0], W, C[0])));
  for (int l = 0; l <= last; l++) {
    int b = up_block(m, l), below = l < last ? l + 1 : last;
    const Residual *r = &m->block[b];
    block_backward(m, p, w, r, &s->block[b], s, corner(r, s->g[l], C[l]), partial);
    join_back(l < last, r->height, r->width, C[below], C[l], s->x_bar, inside(bordered(s->g[below], c->width >> below, C[below])),
              s->skipped[l]);
  }
  const Residual *middle = &m->block[last + 1];
  block_backward(m, p, w, middle, &s->block[last + 1], s, corner(middle, s->g[last], C[last]), partial);
  for (int l = last; l >= 0; l--) {
    const Residual *r = &m->block[l];
    Lines g = corner(r, s->g[l], C[l]);
    if (l < last)
      halve_back(r->height / 2, r->width / 2, C[l], s->x_bar, s->skipped[l], inside(g));
    else
      for (long i = 0; i < r->height; i++)
        for (long k = 0; k < r->width * C[l]; k += VL) {
          long at = i * r->width * C[l] + k;
          store(inside(g).at + i * g.line + k, load(s->x_bar + at) + load(s->skipped[l] + at));
        }
    block_backward(m, p, w, r, &s->block[l], s, g, partial);
  }
  Lines entered = plane(s->x_bar, W, C[0]), input = bordered(s->input, W, 1);
  channel_sums(1, H, W, C[0], entered, partial + m->enter_bias);
  kernel_gradient(H, W, 1, C[0], input, entered, partial + m->enter.weight);
  silu_of_back(E, s->time2, s->act_bar);
  dense_back(E, E, p + m->time[1], s->act1, s->act_bar, partial + m->time[1], s->act_bar + E);
  silu_of_back(E, s->time1, s->act_bar + E);
  dense_back(c->features, E, p + m->time[0], s->features, s->act_bar + E, partial + m->time[0], 0);
}

#endif
