/* The networks over edges, z_ij = W1 SiLU(A h_i + B h_j + E e_ij + b0) + b1, in blocks of receiving atoms that fit
 * the second-level cache, and what reads z out: a gated sum over neighbours, or a score for each edge. */
#ifndef EGNN_EDGES_H
#define EGNN_EDGES_H

#include "egnn_gemm.h"
#include "egnn_geometry.h"

/* One edge layer of one molecule. */
typedef struct EdgePass {
  const EgnnModel *model;
  const EdgeLayer *layer;
  const float *weights; /* packed */
  float *partial;       /* gradient of the lane, training only */
  const Molecule *mol;
  const float *terms;   /* [n, ld2] A h + b0 | B h */
  const float *d2, *d0, *guessed, *embedded; /* guessed: null without self-conditioning */
  float *kept;          /* [edges, ld] z, or null */
} EdgePass;

INLINE EdgePass edge_pass(const EgnnCall *call, Workspace *w, const Molecule *mol, const EdgeLayer *layer, int b,
                          int index, float *partial) {
  const EgnnModel *m = call->model;
  EdgePass p = {m, layer, call->weights, partial, mol, 0, 0, 0, 0, 0, 0};
  p.terms = w->terms + ((w->training ? index : 0) * w->atoms + mol->atom) * m->ld2;
  p.d2 = w->d2 + w->edges * b + mol->edge;
  p.d0 = w->d2 + mol->edge;
  if (w->guessed) p.guessed = w->guessed + mol->edge;
  p.embedded = w->embedded + mol->edge * m->edge_features;
  if (index < w->kept_layers) p.kept = w->kept + (index * w->edges + mol->edge) * m->ld;
  return p;
}

INLINE void first_layer_rows(const int with_slope, const int with_guess, const EdgePass *p, int from, int to,
                             float *first, float *slope) {
  const EgnnModel *m = p->model;
  const float *E = p->weights + p->layer->edge;
  const int64_t width = m->hidden, ld = m->ld, ld2 = m->ld2;
  int senders = p->mol->senders, features = m->edge_features, plain = m->distances && !m->config.sin_embedding;
  int64_t e = (int64_t)from * senders;
  for (int i = from; i < to; i++, e += senders, first += senders * ld, slope += with_slope ? senders * ld : 0) {
    int hole = m->self ? -1 : i;
    const float *receiver = p->terms + i * ld2;
    for (int64_t k = 0; k < width; k += VL) {
      const float *sender = p->terms + width + k, *d2 = p->d2 + e, *d0 = p->d0 + e;
      const float *guessed = p->guessed + (with_guess ? e : 0);
      vf of_receiver = load(receiver + k);
      vf of_current = plain ? load(E + k) : splat(0), of_input = plain ? load(E + width + k) : splat(0);
      vf of_guess = with_guess ? load(E + 2 * width + k) : splat(0);
      float *to_first = first + k, *to_slope = slope + k;
      for (int j = 0; j < senders; j++, sender += ld2, to_first += ld, to_slope += ld) {
        if (j == hole) sender += ld2;
        vf z = of_receiver + load(sender);
        if (plain) {
          z = multiply_add(splat(d2[j]), of_current, z);
          z = multiply_add(splat(d0[j]), of_input, z);
          if (with_guess) z = multiply_add(splat(guessed[j]), of_guess, z);
        } else {
          const float *embedded = p->embedded + (e + j) * features;
          for (int f = 0; f < features; f++) z = multiply_add(splat(embedded[f]), load(E + f * width + k), z);
        }
        if (with_slope) {
          vf s;
          store(to_first, silu_slope(z, &s));
          store(to_slope, s);
        } else {
          store(to_first, silu(z));
        }
      }
    }
  }
}

NOINLINE void first_layer(const EdgePass *p, int from, int to, float *first) {
  if (p->guessed)
    first_layer_rows(0, 1, p, from, to, first, first);
  else
    first_layer_rows(0, 0, p, from, to, first, first);
}
NOINLINE void first_layer_with_slope(const EdgePass *p, int from, int to, float *first, float *slope) {
  if (p->guessed)
    first_layer_rows(1, 1, p, from, to, first, slope);
  else
    first_layer_rows(1, 0, p, from, to, first, slope);
}

/* z of the edges of atoms from … to − 1. */
INLINE void second_layer(const EdgePass *p, int64_t rows, const float *first, float *z) {
  const EgnnModel *m = p->model;
  const Linear *l = &p->layer->second;
  product(rows, l->outputs, l->depth, first, m->ld, p->weights + l->forward, p->weights + l->bias, z, m->ld);
}

/* SiLU(z) into y (may be z), and readout · SiLU(z) of each row into `dots`, where there is a readout. */
NOINLINE void activate_rows(const EdgePass *p, int64_t rows, const float *z, float *y, float *dots) {
  const float *readout = p->weights + p->layer->readout;
  const int64_t width = p->model->hidden, ld = p->model->ld;
  for (int64_t r = 0; r < rows; r++, z += ld, y += ld) {
    vf dot = splat(0);
    for (int64_t k = 0; k < width; k += VL) {
      vf s = silu(load(z + k));
      store(y + k, s);
      if (dots) dot = multiply_add(s, load(readout + k), dot);
    }
    if (dots) dots[r] = sum_lanes(dot);
  }
}

/* Receiving atoms per block. */
INLINE int block_atoms(const Workspace *w, const Molecule *mol) {
  int64_t n = mol->n, fit = mol->senders > 0 ? w->rows / mol->senders : n;
  return fit < 1 ? 1 : fit > n ? (int)n : (int)fit;
}

/* Aggregates m̃_ij over j into aggregate[i] ([n, stride]); `gate` ([edges]) receives the attention. */
NOINLINE void messages(const EdgePass *p, Workspace *w, const float *gate_offset, float *gate, float *aggregate,
                       int64_t stride) {
  const EgnnModel *m = p->model;
  int n = p->mol->n, senders = p->mol->senders, step = block_atoms(w, p->mol);
  for (int from = 0; from < n; from += step) {
    int to = from + step < n ? from + step : n;
    int64_t rows = (int64_t)(to - from) * senders, e = (int64_t)from * senders;
    float *z = p->kept ? p->kept + e * m->ld : w->second;
    first_layer(p, from, to, w->first);
    second_layer(p, rows, w->first, z);
    activate_rows(p, rows, z, w->second, p->layer->has_readout ? gate + e : 0);
    /* Whole vectors: what lies behind this block is written afterwards, or slack. */
    for (int64_t r = e; p->layer->has_readout && r < e + rows; r += VL) {
      vf_anywhere *g = (vf_anywhere *)(gate + r);
      *g = sigmoid(*g + *gate_offset);
    }
    const float *y = w->second;
    for (int i = from; i < to; i++, y += senders * m->ld, e += senders) {
      float *sum = aggregate + i * stride;
      for (int k = 0; k < m->hidden; k += VL) {
        vf s = splat(0);
        if (p->layer->has_readout)
          for (int j = 0; j < senders; j++) s = multiply_add(splat(gate[e + j]), load(y + j * m->ld + k), s);
        else
          for (int j = 0; j < senders; j++) s += load(y + j * m->ld + k);
        store(sum + k, s * p->mol->scale);
      }
    }
  }
}

/* s_ij of all edges into score ([edges]). */
NOINLINE void coordinate_scores(const EdgePass *p, Workspace *w, float *score) {
  const EgnnModel *m = p->model;
  int n = p->mol->n, senders = p->mol->senders, step = block_atoms(w, p->mol);
  for (int from = 0; from < n; from += step) {
    int to = from + step < n ? from + step : n;
    int64_t rows = (int64_t)(to - from) * senders, e = (int64_t)from * senders;
    float *z = p->kept ? p->kept + e * m->ld : w->second;
    first_layer(p, from, to, w->first);
    second_layer(p, rows, w->first, z);
    activate_rows(p, rows, z, w->second, score + e);
  }
  for (int64_t e = (int64_t)n * senders; e < p->mol->edges; e++) score[e] = 0;
}

/* Turns z (rows of receiving atoms from … to − 1) into ∂L/∂z of messages, given ∂L/∂aggregate. */
NOINLINE void messages_slope(const EdgePass *p, Workspace *w, int from, int to, const float *z, float *grad_z,
                             const float *gate, const float *grad_aggregate, int64_t stride) {
  const float *readout = p->weights + p->layer->readout;
  float *grad_bias = p->partial + p->layer->second.bias_gradient;
  float *grad_readout = p->partial + p->layer->readout_gradient;
  float *y = w->row[0], *slope = w->row[1];
  const int64_t width = p->model->hidden, ld = p->model->ld;
  const int senders = p->mol->senders, attention = p->layer->has_readout;
  const float scale = p->mol->scale;
  float grad_offset = 0;
  for (int i = from; i < to; i++) {
    const float *g = grad_aggregate + i * stride;
    for (int j = 0; j < senders; j++, z += ld, grad_z += ld, gate++) {
      if (!attention) {
        for (int64_t k = 0; k < width; k += VL) {
          vf s;
          silu_slope(load(z + k), &s);
          vf d = scale * load(g + k) * s;
          store(grad_z + k, d);
          store(grad_bias + k, load(grad_bias + k) + d);
        }
        continue;
      }
      vf dot = splat(0);
      for (int64_t k = 0; k < width; k += VL) {
        vf s, t = silu_slope(load(z + k), &s);
        store(y + k, t);
        store(slope + k, s);
        dot = multiply_add(t, load(g + k), dot);
      }
      float open = *gate * scale;
      float grad_gate = sum_lanes(dot) * open * (1 - *gate); /* of the gate's pre-activation */
      grad_offset += grad_gate;
      for (int64_t k = 0; k < width; k += VL) {
        vf d = multiply_add(splat(open), load(g + k), grad_gate * load(readout + k)) * load(slope + k);
        store(grad_z + k, d);
        store(grad_bias + k, load(grad_bias + k) + d);
        store(grad_readout + k, multiply_add(splat(grad_gate), load(y + k), load(grad_readout + k)));
      }
    }
  }
  if (attention) p->partial[p->layer->offset_gradient] += grad_offset;
}

/* Turns z into ∂L/∂z of the coordinate network, given ∂L/∂s. */
NOINLINE void scores_slope(const EdgePass *p, int64_t rows, const float *z, float *grad_z, const float *grad_score) {
  const float *readout = p->weights + p->layer->readout;
  float *grad_bias = p->partial + p->layer->second.bias_gradient;
  float *grad_readout = p->partial + p->layer->readout_gradient;
  const int64_t width = p->model->hidden, ld = p->model->ld;
  for (int64_t k = 0; k < width; k += VL) {
    vf weight = load(readout + k), bias_sum = splat(0), readout_sum = splat(0);
    const float *from = z + k;
    float *to = grad_z + k;
    for (int64_t r = 0; r < rows; r++, from += ld, to += ld) {
      vf s, y = silu_slope(load(from), &s), g = splat(grad_score[r]);
      vf d = g * weight * s;
      store(to, d);
      bias_sum += d;
      readout_sum = multiply_add(g, y, readout_sum);
    }
    store(grad_bias + k, load(grad_bias + k) + bias_sum);
    store(grad_readout + k, load(grad_readout + k) + readout_sum);
  }
}

/* Sums ∂L/∂(first pre-activation) over the edges of each atom into grad_terms ([n, ld2], those of senders added),
 * into the gradient of E, and into ∂L/∂d². */
NOINLINE void first_layer_backward(const EdgePass *p, int from, int to, const float *grad, float *grad_terms,
                                   float *grad_d2) {
  const EgnnModel *m = p->model;
  const float *E = p->weights + p->layer->edge;
  float *grad_E = p->partial + p->layer->edge_gradient;
  int senders = p->mol->senders, width = m->hidden, plain = m->distances && !m->config.sin_embedding;
  int64_t e = (int64_t)from * senders;
  if (m->distances && !plain)
    outer_add(m->edge_features, width, (int64_t)(to - from) * senders, p->embedded + e * m->edge_features,
              m->edge_features, grad, m->ld, grad_E, width);
  for (int i = from; i < to; i++, e += senders, grad += senders * m->ld) {
    int hole = m->self ? -1 : i;
    float *receiver = grad_terms + (size_t)i * m->ld2;
    for (int k = 0; k < width; k += VL) {
      vf sum = splat(0), current = splat(0), input = splat(0), guess = splat(0);
      const float *g = grad + k;
      float *sender = grad_terms + width + k;
      for (int j = 0; j < senders; j++, g += m->ld, sender += m->ld2) {
        if (j == hole) sender += m->ld2;
        vf d = load(g);
        sum += d;
        if (plain) {
          current = multiply_add(splat(p->d2[e + j]), d, current);
          input = multiply_add(splat(p->d0[e + j]), d, input);
        }
        if (p->guessed) guess = multiply_add(splat(p->guessed[e + j]), d, guess);
        store(sender, load(sender) + d);
      }
      store(receiver + k, sum);
      if (plain) {
        store(grad_E + k, load(grad_E + k) + current);
        store(grad_E + width + k, load(grad_E + width + k) + input);
        if (p->guessed) store(grad_E + 2 * width + k, load(grad_E + 2 * width + k) + guess);
      }
    }
    for (int j = 0; plain && j < senders; j++) {
      vf dot = splat(0);
      for (int k = 0; k < width; k += VL) dot = multiply_add(load(grad + j * m->ld + k), load(E + k), dot);
      grad_d2[e + j] += sum_lanes(dot);
    }
  }
}

/* Gradients of an edge layer, given ∂L/∂aggregate (messages: gate not null or no readout) or ∂L/∂s. The sender
 * half of grad_terms must be zero before the first call; ∂L/∂d² is added to. */
NOINLINE void edges_backward(const EdgePass *p, Workspace *w, const float *gate, const float *grad_aggregate,
                             int64_t stride, const float *grad_score, float *grad_terms, float *grad_d2) {
  const EgnnModel *m = p->model;
  const Linear *l = &p->layer->second;
  int n = p->mol->n, senders = p->mol->senders, step = block_atoms(w, p->mol);
  for (int from = 0; from < n; from += step) {
    int to = from + step < n ? from + step : n;
    int64_t rows = (int64_t)(to - from) * senders, e = (int64_t)from * senders;
    float *z = p->kept ? p->kept + e * m->ld : w->second;
    first_layer_with_slope(p, from, to, w->first, w->slope);
    if (!p->kept) second_layer(p, rows, w->first, z);
    if (grad_score)
      scores_slope(p, rows, z, w->second, grad_score + e);
    else
      messages_slope(p, w, from, to, z, w->second, gate + e, grad_aggregate, stride);
    outer_add(m->config.hidden, m->hidden, rows, w->second, m->ld, w->first, m->ld, p->partial + l->gradient,
              l->inputs);
    product_multiply(rows, l->inputs, l->backward_depth, w->second, m->ld, p->weights + l->backward, w->slope, m->ld,
                     w->slope, m->ld);
    first_layer_backward(p, from, to, w->slope, grad_terms, grad_d2);
  }
}

#endif
