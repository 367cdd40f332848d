/* What lies between the convolutions of the U-Net: group normalisation with SiLU behind it, the layers of the time,
 * halving and doubling of images; forward and backward. Planes are [height · width, channels]. */
#ifndef UNET_LAYERS_H
#define UNET_LAYERS_H

#include "unet_conv.h"

INLINE Lines plane(float *at, long width, long channels) { return (Lines){at, width * channels, channels}; }
/* An image within its border of zeros: from the border's corner, and from its own first pixel. */
INLINE Lines bordered(float *at, long width, long channels) { return plane(at, width + 2, channels); }
INLINE Lines inside(Lines x) { return (Lines){x.at + x.line + x.pixel, x.line, x.pixel}; }

INLINE void clear(long count, float *x) {
  for (long k = 0; k < count; k++) x[k] = 0;
}

static void clear_border(long height, long width, long channels, float *x) {
  long line = (width + 2) * channels;
  clear(line, x);
  clear(line, x + (height + 1) * line);
  for (long i = 1; i <= height; i++) {
    clear(channels, x + i * line);
    clear(channels, x + i * line + line - channels);
  }
}

/* to[c] = or += Σ over pixels of x. */
INLINE void channel_sums(const int add, long height, long width, long channels, Lines x, float *to) {
  for (long c = 0; c < channels; c += VL) {
    vf sum = add ? load(to + c) : splat(0);
    for (long i = 0; i < height; i++)
      for (long j = 0; j < width; j++) sum += load(x.at + i * x.line + j * x.pixel + c);
    store(to + c, sum);
  }
}

/* Sums of a group's channels, divided by `count`, in place of each of them. */
INLINE void spread_over_groups(long channels, float count, float *x) {
  long size = channels / UNET_GROUPS;
  for (long g = 0; g < channels; g += size) {
    float sum = 0;
    for (long c = g; c < g + size; c++) sum += x[c];
    for (long c = g; c < g + size; c++) x[c] = sum / count;
  }
}

/* out = silu(γ x̂ + β); keeps mean and inverse deviation of each channel's group [2, channels]. */
NOINLINE void norm_silu(long height, long width, long channels, const float *x, const float *scale, float *kept, Lines out) {
  long pixels = height * width;
  float *mean = kept, *inverse = kept + channels, count = (float)(pixels * (channels / UNET_GROUPS));
  channel_sums(0, height, width, channels, plane((float *)x, width, channels), mean);
  spread_over_groups(channels, count, mean);
  for (long c = 0; c < channels; c += VL) {
    vf sum = splat(0), m = load(mean + c);
    for (long p = 0; p < pixels; p++) {
      vf d = load(x + p * channels + c) - m;
      sum += d * d;
    }
    store(inverse + c, sum);
  }
  spread_over_groups(channels, count, inverse);
  for (long c = 0; c < channels; c++) inverse[c] = 1.0f / __builtin_sqrtf(inverse[c] + 1e-5f);
  for (long c = 0; c < channels; c += VL) {
    vf a = load(scale + c) * load(inverse + c), b = load(scale + channels + c) - load(mean + c) * a;
    for (long i = 0; i < height; i++)
      for (long j = 0; j < width; j++)
        store(out.at + i * out.line + j * out.pixel + c, silu(multiply_add(load(x + (i * width + j) * channels + c), a, b)));
  }
}

/* From the adjoint g of out, which is overwritten: writes or adds that of x, adds those of scale and shift. */
INLINE void norm_silu_back(const int add, long height, long width, long channels, const float *x, const float *scale,
                           const float *kept, float *g, float *scale_bar, float *room, Lines x_bar) {
  const float *mean = kept, *inverse = kept + channels;
  long pixels = height * width;
  float *first = room, *second = room + channels, count = (float)(pixels * (channels / UNET_GROUPS));
  for (long c = 0; c < channels; c += VL) {
    vf m = load(mean + c), r = load(inverse + c), gamma = load(scale + c), beta = load(scale + channels + c);
    vf sum = splat(0), along = splat(0);
    for (long p = 0; p < pixels; p++) {
      vf slope, normal = (load(x + p * channels + c) - m) * r;
      silu_slope(multiply_add(normal, gamma, beta), &slope);
      vf u = load(g + p * channels + c) * slope;
      store(g + p * channels + c, u);
      sum += u;
      along = multiply_add(u, normal, along);
    }
    store(scale_bar + c, load(scale_bar + c) + along);
    store(scale_bar + channels + c, load(scale_bar + channels + c) + sum);
    store(first + c, sum * gamma);
    store(second + c, along * gamma);
  }
  spread_over_groups(channels, count, first);
  spread_over_groups(channels, count, second);
  for (long c = 0; c < channels; c += VL) {
    vf m = load(mean + c), r = load(inverse + c), gamma = load(scale + c), a = load(first + c), b = load(second + c);
    for (long i = 0; i < height; i++)
      for (long j = 0; j < width; j++) {
        long p = (i * width + j) * channels + c;
        vf normal = (load(x + p) - m) * r, d = r * (load(g + p) * gamma - a - normal * b);
        float *to = x_bar.at + i * x_bar.line + j * x_bar.pixel + c;
        if (add) d += load(to);
        store(to, d);
      }
  }
}

/* y = W x + b; W [outputs, inputs], its bias behind it. */
NOINLINE void dense(long inputs, long outputs, const float *w, const float *x, float *y) {
  for (long o = 0; o < outputs; o++) {
    vf sum = splat(0);
    for (long k = 0; k < inputs; k += VL) sum = multiply_add(load(w + o * inputs + k), load(x + k), sum);
    y[o] = sum_lanes(sum) + w[outputs * inputs + o];
  }
}

/* Adds the adjoints of W and b, and of x where it is wanted. */
NOINLINE void dense_back(long inputs, long outputs, const float *w, const float *x, const float *y_bar, float *w_bar,
                         float *x_bar) {
  for (long o = 0; o < outputs; o++) {
    vf g = splat(y_bar[o]);
    for (long k = 0; k < inputs; k += VL) {
      store(w_bar + o * inputs + k, multiply_add(g, load(x + k), load(w_bar + o * inputs + k)));
      if (x_bar) store(x_bar + k, multiply_add(g, load(w + o * inputs + k), load(x_bar + k)));
    }
    w_bar[outputs * inputs + o] += y_bar[o];
  }
}

INLINE void silu_of(long count, const float *x, float *y) {
  for (long k = 0; k < count; k += VL) store(y + k, silu(load(x + k)));
}
INLINE void silu_of_back(long count, const float *x, float *y_bar) {
  for (long k = 0; k < count; k += VL) {
    vf slope;
    silu_slope(load(x + k), &slope);
    store(y_bar + k, load(y_bar + k) * slope);
  }
}

/* Means of two by two pixels of x; height and width are those of y. */
NOINLINE void halve(long height, long width, long channels, const float *x, float *y) {
  long line = 2 * width * channels;
  for (long i = 0; i < height; i++)
    for (long j = 0; j < width; j++)
      for (long c = 0; c < channels; c += VL) {
        const float *p = x + 2 * i * line + 2 * j * channels + c;
        store(y + (i * width + j) * channels + c,
              0.25f * ((load(p) + load(p + channels)) + (load(p + line) + load(p + line + channels))));
      }
}

/* x_bar = skipped + y_bar/4 of the pixel that each went into; height and width are those of y. */
NOINLINE void halve_back(long height, long width, long channels, const float *y_bar, const float *skipped, Lines x_bar) {
  for (long i = 0; i < 2 * height; i++)
    for (long j = 0; j < 2 * width; j++)
      for (long c = 0; c < channels; c += VL)
        store(x_bar.at + i * x_bar.line + j * x_bar.pixel + c,
              load(skipped + (i * 2 * width + j) * channels + c) +
                  0.25f * load(y_bar + (i / 2 * width + j / 2) * channels + c));
}

/* y = [x, skipped], x of half the size where `doubled`: each pixel four times. */
NOINLINE void join(int doubled, long height, long width, long channels, long others, const float *x, const float *skipped,
                   float *y) {
  for (long i = 0; i < height; i++)
    for (long j = 0; j < width; j++) {
      const float *p = x + (doubled ? i / 2 * (width / 2) + j / 2 : i * width + j) * channels;
      float *to = y + (i * width + j) * (channels + others);
      for (long c = 0; c < channels; c += VL) store(to + c, load(p + c));
      for (long c = 0; c < others; c += VL) store(to + channels + c, load(skipped + (i * width + j) * others + c));
    }
}

/* Parts the adjoint of [x, skipped]. */
NOINLINE void join_back(int doubled, long height, long width, long channels, long others, const float *y_bar, Lines x_bar,
                        float *skipped_bar) {
  long all = channels + others, line = width * all;
  for (long i = 0; i < height; i++)
    for (long j = 0; j < width; j++)
      for (long c = 0; c < others; c += VL)
        store(skipped_bar + (i * width + j) * others + c, load(y_bar + i * line + j * all + channels + c));
  for (long i = 0; i < height >> doubled; i++)
    for (long j = 0; j < width >> doubled; j++)
      for (long c = 0; c < channels; c += VL) {
        const float *p = y_bar + (i << doubled) * line + (j << doubled) * all + c;
        vf sum = load(p);
        if (doubled) sum = (sum + load(p + all)) + (load(p + line) + load(p + line + all));
        store(x_bar.at + i * x_bar.line + j * x_bar.pixel + c, sum);
      }
}

#endif
