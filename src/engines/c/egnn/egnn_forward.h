/* The forward pass of a group: embedding; blocks of graph convolutions (messages, aggregation, node network) and
 * a coordinate update; last layer. EGNN_dynamics of the EDM paper, appendix B. */
#ifndef EGNN_FORWARD_H
#define EGNN_FORWARD_H

#include "egnn_edges.h"

/* h before convolution `index`; the aggregate stands behind it in each row. */
INLINE float *node_rows(const EgnnModel *m, const Workspace *w, int index) {
  return w->nodes + (w->training ? index : index & 1) * w->atoms * m->ld2;
}
INLINE float *term_rows(const EgnnModel *m, const Workspace *w, int index) {
  return w->terms + (w->training ? index : 0) * w->atoms * m->ld2;
}
INLINE float *middle_rows(const EgnnModel *m, const Workspace *w, int index) {
  return w->middle + (w->training ? index : 0) * w->atoms * m->ld;
}
INLINE float *gate_of(const Workspace *w, int index) { return w->gate + (w->training ? index : 0) * w->edges; }

/* y[atoms, outputs] = x W + b */
INLINE void linear(const EgnnCall *call, const Linear *l, int64_t rows, const float *x, int64_t ldx, float *y,
                   int64_t ldy) {
  product(rows, l->outputs, l->depth, x, ldx, call->weights + l->forward, call->weights + l->bias, y, ldy);
}

NOINLINE void activate(int64_t rows, int64_t columns, int64_t ld, const float *x, float *y) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t k = 0; k < columns; k += VL) store(y + r * ld + k, silu(load(x + r * ld + k)));
}

/* Copies positions and features of the group's molecules, the latter padded with zeros; in the baseline positions are
 * the first of them. */
NOINLINE void gather(const EgnnCall *call, const Group *g, Workspace *w) {
  const EgnnModel *m = call->model;
  int features = m->config.in_features, before = m->moves ? 0 : 3;
  EACH_MOLECULE(mol, call, g) {
    int64_t start = call->plan->start[mol.number];
    const float *x = call->batch.positions + 3 * start, *h = call->batch.features + start * features;
    for (int i = 0; i < mol.n; i++) {
      for (int axis = 0; axis < 3; axis++) w->x[axis * w->atoms + mol.atom + i] = x[3 * i + axis];
      float *to = w->features + (mol.atom + i) * m->in;
      for (int k = 0; k < before; k++) to[k] = x[3 * i + k];
      for (int k = before; k < m->in; k++) to[k] = k - before < features ? h[i * features + k - before] : 0;
    }
  }
}

NOINLINE void convolve(const EgnnCall *call, const Group *g, Workspace *w, int b, int index) {
  const EgnnModel *m = call->model;
  const Convolution *c = &m->convolutions[index];
  float *nodes = node_rows(m, w, index), *next = node_rows(m, w, index + 1), *middle = middle_rows(m, w, index);
  linear(call, &c->edge.atoms, w->atoms, nodes, m->ld2, term_rows(m, w, index), m->ld2);
  EACH_MOLECULE(mol, call, g) {
    EdgePass pass = edge_pass(call, w, &mol, &c->edge, b, index, 0);
    messages(&pass, w, call->parameters + c->edge.offset_source, gate_of(w, index) + mol.edge,
             nodes + mol.atom * m->ld2 + m->hidden, m->ld2);
  }
  linear(call, &c->node[0], w->atoms, nodes, m->ld2, middle, m->ld);
  activate(w->atoms, m->hidden, m->ld, middle, w->active);
  product_add(w->atoms, m->hidden, c->node[1].depth, w->active, m->ld, call->weights + c->node[1].forward,
              call->weights + c->node[1].bias, next, m->ld2, nodes, m->ld2);
}

NOINLINE void move(const EgnnCall *call, const Group *g, Workspace *w, int b) {
  const EgnnModel *m = call->model;
  const EdgeLayer *layer = &m->coordinates[b];
  int convolutions = m->layers * m->sublayers, index = convolutions + b;
  linear(call, &layer->atoms, w->atoms, node_rows(m, w, (b + 1) * m->sublayers), m->ld2, term_rows(m, w, index),
         m->ld2);
  EACH_MOLECULE(mol, call, g) {
    EdgePass pass = edge_pass(call, w, &mol, layer, b, index, 0);
    coordinate_scores(&pass, w, w->score + w->edges * b + mol.edge);
    move_atoms(m, w, &mol, b);
  }
}

/* Everything up to the positions after the last block and the result of the last layer. */
NOINLINE void forward_group(const EgnnCall *call, const Group *g, Workspace *w) {
  const EgnnModel *m = call->model;
  gather(call, g, w);
  linear(call, &m->embedding, w->atoms, w->features, m->in, node_rows(m, w, 0), m->ld2);
  if (w->guessed) {
    EACH_MOLECULE(mol, call, g) guessed_distances(call->batch.guess + 3 * call->plan->start[mol.number], w, &mol);
  }
  for (int b = 0; b < m->layers; b++) {
    if (m->moves) {
      EACH_MOLECULE(mol, call, g) geometry(m, w, &mol, b);
    }
    for (int s = 0; s < m->sublayers; s++) convolve(call, g, w, b, b * m->sublayers + s);
    if (m->moves) move(call, g, w, b);
  }
  linear(call, &m->last, w->atoms, node_rows(m, w, m->layers * m->sublayers), m->ld2, w->result, m->out);
}

/* What the network says of atom i's position: x − x0, in the baseline the first channels of its result. */
INLINE float shift(const EgnnModel *m, const Workspace *w, const Molecule *mol, int i, int axis) {
  const float *x0 = w->x + axis * w->atoms + mol->atom;
  return m->moves ? x0[3 * w->atoms * m->layers + i] - x0[i] : w->result[(mol->atom + i) * m->out + axis];
}

/* Mean shift of the atoms of a molecule. */
INLINE float mean_shift(const EgnnModel *m, const Workspace *w, const Molecule *mol, int axis) {
  float sum = 0;
  for (int i = 0; i < mol->n; i++) sum += shift(m, w, mol, i, axis);
  return sum / (float)mol->n;
}

/* Output row of atom i: shift − mean | features. */
INLINE void output_row(const EgnnModel *m, const Workspace *w, const Molecule *mol, int i, const float mean[3],
                       float *row) {
  const float *features = w->result + (mol->atom + i) * m->out + (m->moves ? 0 : 3);
  for (int axis = 0; axis < 3; axis++) row[axis] = shift(m, w, mol, i, axis) - mean[axis];
  for (int k = 0; k < m->config.out_features; k++) row[3 + k] = features[k];
}

NOINLINE void forward(const EgnnCall *call, int task, void *memory) {
  const EgnnModel *m = call->model;
  const Group *g = &call->plan->group[task];
  Workspace w;
  workspace_layout(&w, m, g, largest_molecule(call->plan, &call->batch, g), 0, memory);
  forward_group(call, g, &w);
  int width = 3 + m->config.out_features;
  EACH_MOLECULE(mol, call, g) {
    float mean[3];
    for (int axis = 0; axis < 3; axis++) mean[axis] = mean_shift(m, &w, &mol, axis);
    float *out = call->output + call->plan->start[mol.number] * width;
    for (int i = 0; i < mol.n; i++) output_row(m, &w, &mol, i, mean, out + (int64_t)i * width);
  }
}

#endif
