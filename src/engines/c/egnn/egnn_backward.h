/* Squared error and its gradient with respect to the parameters: the forward pass of each group, then its
 * derivative in reverse. A lane sums the gradients of its groups one after the other. */
#ifndef EGNN_BACKWARD_H
#define EGNN_BACKWARD_H

#include "egnn_forward.h"

/* Gradients of a linear layer's weights and bias from its input and ∂L/∂output. */
INLINE void linear_gradient(const Linear *l, float *partial, int64_t rows, const float *grad, int64_t ldg,
                            const float *x, int64_t ldx) {
  outer_add(l->backward_depth, l->inputs, rows, grad, ldg, x, ldx, partial + l->gradient, l->inputs);
  column_sums_add(rows, l->outputs, grad, ldg, partial + l->bias_gradient);
}

/* ∂L/∂output of the network, and the squared errors of each molecule. */
NOINLINE void error(const EgnnCall *call, const Group *g, Workspace *w) {
  const EgnnModel *m = call->model;
  const EgnnTarget *t = &call->target;
  int features = m->config.out_features, width = 3 + features, before = m->moves ? 0 : 3;
  EACH_MOLECULE(mol, call, g) {
    const float *target = t->target + call->plan->start[mol.number] * width;
    float weight_x = 2 * t->position_weight[mol.number], weight_h = 2 * t->feature_weight[mol.number];
    double error_x = 0, error_h = 0;
    for (int axis = 0; axis < 3; axis++) {
      float *grad = w->grad_x + axis * w->atoms + mol.atom;
      float mean = mean_shift(m, w, &mol, axis), sum = 0;
      for (int i = 0; i < mol.n; i++) {
        float d = shift(m, w, &mol, i, axis) - mean - target[(int64_t)i * width + axis];
        error_x += (double)d * d;
        grad[i] = weight_x * d;
        sum += grad[i];
      }
      for (int i = 0; i < mol.n; i++) grad[i] -= sum / (float)mol.n;
    }
    for (int i = 0; i < mol.n; i++) {
      const float *h = w->result + (mol.atom + i) * m->out;
      float *grad = w->grad_result + (mol.atom + i) * m->out;
      for (int k = 0; k < before; k++) grad[k] = w->grad_x[k * w->atoms + mol.atom + i];
      for (int k = before; k < m->out; k++) {
        float d = k < before + features ? h[k] - target[(int64_t)i * width + 3 + k - before] : 0;
        error_h += (double)d * d;
        grad[k] = weight_h * d;
      }
    }
    t->position_error[mol.number] = error_x;
    t->feature_error[mol.number] = error_h;
  }
}

/* SiLU(x) and SiLU′(x). */
NOINLINE void activate_backward(int64_t rows, int64_t columns, int64_t ld, const float *x, float *active,
                                float *slope) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t k = 0; k < columns; k += VL) {
      vf s;
      store(active + r * ld + k, silu_slope(load(x + r * ld + k), &s));
      store(slope + r * ld + k, s);
    }
}

NOINLINE void clear(float *x, int64_t count) {
  for (int64_t k = 0; k < count; k++) x[k] = 0;
}

/* From ∂L/∂(A h + b0 | B h) in w->grad_terms to the weights and, added, to w->grad_h. */
NOINLINE void terms_backward(const EgnnCall *call, const EdgeLayer *e, Workspace *w, float *partial,
                             const float *nodes) {
  const EgnnModel *m = call->model;
  linear_gradient(&e->atoms, partial, w->atoms, w->grad_terms, m->ld2, nodes, m->ld2);
  product_add(w->atoms, e->atoms.inputs, e->atoms.backward_depth, w->grad_terms, m->ld2,
              call->weights + e->atoms.backward, 0, w->grad_h, m->ld, w->grad_h, m->ld);
}

NOINLINE void move_backward(const EgnnCall *call, const Group *g, Workspace *w, float *partial, int b) {
  const EgnnModel *m = call->model;
  const EdgeLayer *layer = &m->coordinates[b];
  int index = m->layers * m->sublayers + b;
  clear(w->grad_terms, w->atoms * m->ld2);
  EACH_MOLECULE(mol, call, g) {
    move_atoms_backward(m, w, &mol, b);
    EdgePass pass = edge_pass(call, w, &mol, layer, b, index, partial);
    edges_backward(&pass, w, 0, 0, 0, w->grad_score + mol.edge, w->grad_terms + mol.atom * m->ld2,
                   w->grad_d2 + mol.edge);
  }
  terms_backward(call, layer, w, partial, node_rows(m, w, (b + 1) * m->sublayers));
}

NOINLINE void convolve_backward(const EgnnCall *call, const Group *g, Workspace *w, float *partial, int b, int index) {
  const EgnnModel *m = call->model;
  const Convolution *c = &m->convolutions[index];
  const float *nodes = node_rows(m, w, index);
  activate_backward(w->atoms, m->hidden, m->ld, middle_rows(m, w, index), w->active, w->grad_middle);
  linear_gradient(&c->node[1], partial, w->atoms, w->grad_h, m->ld, w->active, m->ld);
  product_multiply(w->atoms, m->hidden, c->node[1].backward_depth, w->grad_h, m->ld,
                   call->weights + c->node[1].backward, w->grad_middle, m->ld, w->grad_middle, m->ld);
  linear_gradient(&c->node[0], partial, w->atoms, w->grad_middle, m->ld, nodes, m->ld2);
  product(w->atoms, c->node[0].inputs, c->node[0].backward_depth, w->grad_middle, m->ld,
          call->weights + c->node[0].backward, 0, w->grad_nodes, m->ld2);
  for (int64_t i = 0; i < w->atoms; i++)
    for (int k = 0; k < m->hidden; k += VL)
      store(w->grad_h + i * m->ld + k, load(w->grad_h + i * m->ld + k) + load(w->grad_nodes + i * m->ld2 + k));
  clear(w->grad_terms, w->atoms * m->ld2);
  EACH_MOLECULE(mol, call, g) {
    EdgePass pass = edge_pass(call, w, &mol, &c->edge, b, index, partial);
    edges_backward(&pass, w, gate_of(w, index) + mol.edge, w->grad_nodes + mol.atom * m->ld2 + m->hidden, m->ld2, 0,
                   w->grad_terms + mol.atom * m->ld2, w->grad_d2 + mol.edge);
  }
  terms_backward(call, &c->edge, w, partial, nodes);
}

NOINLINE void backward_group(const EgnnCall *call, const Group *g, Workspace *w, float *partial) {
  const EgnnModel *m = call->model;
  const float *last = node_rows(m, w, m->layers * m->sublayers);
  error(call, g, w);
  linear_gradient(&m->last, partial, w->atoms, w->grad_result, m->out, last, m->ld2);
  product(w->atoms, m->last.inputs, m->last.backward_depth, w->grad_result, m->out, call->weights + m->last.backward, 0,
          w->grad_h, m->ld);
  for (int b = m->layers - 1; b >= 0; b--) {
    if (m->moves) {
      EACH_MOLECULE(before, call, g) geometry(m, w, &before, b);
      move_backward(call, g, w, partial, b);
    }
    for (int s = m->sublayers - 1; s >= 0; s--) convolve_backward(call, g, w, partial, b, b * m->sublayers + s);
    if (m->moves) {
      EACH_MOLECULE(after, call, g) geometry_backward(w, &after);
    }
  }
  linear_gradient(&m->embedding, partial, w->atoms, w->grad_h, m->ld, w->features, m->in);
}

NOINLINE void train(const EgnnCall *call, int lane, void *memory) {
  const EgnnModel *m = call->model;
  float *partial = call->partial + (size_t)lane * m->partial;
  clear(partial, m->partial);
  for (int64_t k = call->plan->lane_group[lane]; k < call->plan->lane_group[lane + 1]; k++) {
    const Group *g = &call->plan->group[k];
    Workspace w;
    workspace_layout(&w, m, g, largest_molecule(call->plan, &call->batch, g), 1, memory);
    forward_group(call, g, &w);
    backward_group(call, g, &w, partial);
  }
}

#endif
