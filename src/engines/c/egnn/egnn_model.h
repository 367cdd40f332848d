/* Where each tensor lies: in the flat parameters (order of egnnLayout in nets/egnn-config.ts), in the packed copy
 * (egnn_pack.h) that the products read, and in the padded gradient of a lane. Widths are padded with zeros to multiples
 * of VL. The first edge layer W [hidden, hidden + hidden + edge features] is split into columns for atom i, atom
 * j and the edge: W [h_i; h_j; e] = A h_i + B h_j + E e, so that A h and B h are formed once per atom. */
#ifndef EGNN_MODEL_H
#define EGNN_MODEL_H

#include "egnn.h"
#include "egnn_vector.h"

#define SIN_TERMS 12 /* six sines and six cosines of a distance */

/* A weight matrix of row_blocks × column_blocks blocks [rows, columns], each padded on its own. Block (r, c)
 * starts at parameters[source + (r + c) · columns]; at most one of the two counts is 2. */
typedef struct Linear {
  size_t source, bias_source;
  int rows, columns, stride; /* stride of a row in the flat parameters */
  int row_blocks, column_blocks, has_bias;
  int outputs, inputs;       /* padded totals */
  int depth, backward_depth; /* terms to sum forward and backward (unpadded where there is one block) */
  size_t forward, backward, bias;          /* offsets in the packed weights */
  size_t gradient, bias_gradient;          /* offsets in a lane's gradient */
} Linear;

/* φ([h_i; h_j; e_ij]) up to the pre-activation of its second layer, and the vector that reads it out: the
 * attention gate of a message, or the last layer of the coordinate network. */
typedef struct EdgeLayer {
  Linear atoms, second;
  size_t edge_source, edge, edge_gradient;          /* E, as [features, hidden padded] */
  size_t readout_source, readout, readout_gradient; /* [hidden padded] */
  size_t offset_source, offset_gradient;            /* bias of the gate */
  int has_readout, has_offset;
} EdgeLayer;

typedef struct Convolution {
  EdgeLayer edge;
  Linear node[2];
} Convolution;

struct EgnnModel {
  EgnnConfig config;
  int hidden, ld, ld2;          /* padded width; row strides of arrays of one and two such widths */
  int in, out;                  /* padded in_features (entering) and width of the last layer */
  int distances;                /* that describe an edge: now, in the input, in the guess; none in the baseline */
  int edge_features;
  int self;                     /* 1 where an atom sends to itself, too */
  int moves;                    /* 1 where positions move, by a coordinate network in each block */
  int layers, sublayers;
  Linear embedding, last;
  size_t parameters, packed, partial; /* floats */
  EdgeLayer *coordinates;       /* [layers] */
  Convolution *convolutions;    /* [layers · sublayers] */
  int linear_count;
  Linear **linears;             /* all matrices, for packing and reducing */
};

INLINE int distances_of(const EgnnConfig *c) { return c->baseline ? 0 : c->self_conditioning ? 3 : 2; }
INLINE int edge_features_of(const EgnnConfig *c) { return distances_of(c) * (c->sin_embedding ? SIN_TERMS : 1); }
INLINE int padded(int n) { return (n + VL - 1) / VL * VL; }
INLINE size_t whole_lines(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

typedef struct Cursor {
  EgnnModel *model;
  size_t source, packed, partial; /* floats used so far */
} Cursor;

INLINE size_t take(size_t *used, size_t floats) {
  size_t at = *used;
  *used += (floats + 15) & ~(size_t)15;
  return at;
}

NOINLINE void place_linear(Cursor *c, Linear *l, int rows, int columns, int row_blocks, int column_blocks,
                           int extra_columns, int has_bias) {
  l->rows = rows;
  l->columns = columns;
  l->row_blocks = row_blocks;
  l->column_blocks = column_blocks;
  l->has_bias = has_bias;
  l->stride = columns * (row_blocks > column_blocks ? row_blocks : column_blocks) + extra_columns;
  l->source = c->source;
  c->source += (size_t)rows * l->stride;
  l->bias_source = c->source;
  if (has_bias) c->source += rows;
  l->outputs = row_blocks * padded(rows);
  l->inputs = column_blocks * padded(columns);
  l->depth = column_blocks == 1 ? columns : l->inputs;
  l->backward_depth = row_blocks == 1 ? rows : l->outputs;
  l->forward = take(&c->packed, (size_t)l->depth * l->outputs);
  l->backward = take(&c->packed, (size_t)l->backward_depth * l->inputs);
  l->bias = take(&c->packed, l->outputs);
  l->gradient = take(&c->partial, (size_t)l->outputs * l->inputs);
  l->bias_gradient = take(&c->partial, l->outputs);
  c->model->linears[c->model->linear_count++] = l;
}

NOINLINE void place_edge_layer(Cursor *c, EdgeLayer *e) {
  const EgnnModel *m = c->model;
  int hidden = m->config.hidden;
  place_linear(c, &e->atoms, hidden, hidden, 2, 1, m->edge_features, 1);
  e->edge_source = e->atoms.source + 2 * (size_t)hidden;
  e->edge = take(&c->packed, (size_t)m->edge_features * m->hidden);
  e->edge_gradient = take(&c->partial, (size_t)m->edge_features * m->hidden);
  place_linear(c, &e->second, hidden, hidden, 1, 1, 0, 1);
}

NOINLINE void place_readout(Cursor *c, EdgeLayer *e, int has_offset) {
  e->has_readout = 1;
  e->has_offset = has_offset;
  e->readout_source = c->source;
  c->source += c->model->config.hidden;
  e->offset_source = c->source;
  c->source += has_offset;
  e->readout = take(&c->packed, c->model->hidden);
  e->readout_gradient = take(&c->partial, c->model->hidden);
  e->offset_gradient = take(&c->partial, 1);
}

NOINLINE size_t model_bytes(const EgnnConfig *c) {
  size_t blocks = (size_t)c->layers, convolutions = blocks * c->sublayers;
  return whole_lines(sizeof(EgnnModel)) + whole_lines(blocks * sizeof(EdgeLayer)) +
         whole_lines(convolutions * sizeof(Convolution)) +
         whole_lines((2 + 2 * blocks + 4 * convolutions) * sizeof(Linear *));
}

NOINLINE void model_init(EgnnModel *m, const EgnnConfig *config) {
  Cursor c = {m, 0, 0, 0};
  char *memory = (char *)m;
  int hidden = config->hidden;
  m->config = *config;
  m->layers = config->layers;
  m->sublayers = config->baseline ? 1 : config->sublayers;
  m->self = config->baseline;
  m->moves = !config->baseline;
  m->hidden = padded(hidden);
  /* Rows of a power of two of bytes share the sets of the cache; one vector more spreads them. */
  m->ld = m->hidden >= 128 ? m->hidden + VL : m->hidden;
  m->ld2 = 2 * m->hidden >= 128 ? 2 * m->hidden + VL : 2 * m->hidden;
  int in = config->in_features + (config->baseline ? 3 : 0), out = config->baseline ? 3 + config->out_features : in;
  m->in = padded(in);
  m->out = padded(out);
  m->distances = distances_of(config);
  m->edge_features = edge_features_of(config);
  memory += whole_lines(sizeof(EgnnModel));
  m->coordinates = (EdgeLayer *)memory;
  memory += whole_lines((size_t)m->layers * sizeof(EdgeLayer));
  m->convolutions = (Convolution *)memory;
  memory += whole_lines((size_t)m->layers * m->sublayers * sizeof(Convolution));
  m->linears = (Linear **)memory;
  m->linear_count = 0;
  place_linear(&c, &m->embedding, hidden, in, 1, 1, 0, 1);
  for (int b = 0; b < m->layers; b++) {
    for (int s = 0; s < m->sublayers; s++) {
      Convolution *convolution = &m->convolutions[b * m->sublayers + s];
      place_edge_layer(&c, &convolution->edge);
      place_linear(&c, &convolution->node[0], hidden, hidden, 1, 2, 0, 1);
      place_linear(&c, &convolution->node[1], hidden, hidden, 1, 1, 0, 1);
      convolution->edge.has_readout = convolution->edge.has_offset = 0;
      if (config->attention) place_readout(&c, &convolution->edge, 1);
    }
    if (!m->moves) continue;
    place_edge_layer(&c, &m->coordinates[b]);
    place_readout(&c, &m->coordinates[b], 0);
  }
  place_linear(&c, &m->last, out, hidden, 1, 1, 0, 1);
  m->parameters = c.source;
  m->packed = c.packed;
  m->partial = c.partial;
}

/* All edge layers in one row: those of the convolutions, then those of the coordinates. */
INLINE int edge_layer_count(const EgnnModel *m) { return m->layers * (m->sublayers + m->moves); }
/* Atoms that send to one of n. */
INLINE int64_t senders_of(const EgnnModel *m, int64_t n) { return n - 1 + m->self; }
INLINE const EdgeLayer *edge_layer(const EgnnModel *m, int index) {
  int convolutions = m->layers * m->sublayers;
  return index < convolutions ? &m->convolutions[index].edge : &m->coordinates[index - convolutions];
}

#endif
