/* Who works on which molecules. Molecules go to lanes of about equal cost (largest first, each to the lane with
 * the least work), and within a lane to groups that pass through the network together, so that products over
 * atoms have enough rows. Depends on the batch only, never on the number of threads. */
#ifndef EGNN_PLAN_H
#define EGNN_PLAN_H

#include "egnn_model.h"

#ifndef GROUP_ATOMS
#define GROUP_ATOMS 72
#endif
#define LANE_FLOATS (8u << 20) /* memory for gradients of lanes decides their number */
#define MIN_LANES 4
#define MAX_LANES 8

typedef struct Group {
  int64_t first; /* in plan->order */
  int count;
  int64_t atoms, edges; /* edges of each molecule padded to VL */
} Group;

struct EgnnPlan {
  int lanes;
  int64_t groups;
  int64_t *order;      /* [molecules] molecule numbers, group by group */
  int64_t *start;      /* [molecules] first atom of each molecule */
  Group *group;        /* [groups] */
  int64_t *lane_group; /* [lanes + 1] first group of each lane */
};

INLINE int64_t padded_edges(const EgnnModel *m, int64_t n) { return (n * senders_of(m, n) + VL - 1) / VL * VL; }

INLINE int lane_limit(const EgnnModel *m) {
  size_t lanes = LANE_FLOATS / (m->partial ? m->partial : 1);
  return lanes < MIN_LANES ? MIN_LANES : lanes > MAX_LANES ? MAX_LANES : (int)lanes;
}

NOINLINE size_t plan_bytes(const EgnnModel *m, const EgnnBatch *b) {
  (void)m;
  return whole_lines(sizeof(EgnnPlan)) + 3 * whole_lines(b->molecules * sizeof(int64_t)) +
         whole_lines(b->molecules * sizeof(Group)) + whole_lines((MAX_LANES + 1) * sizeof(int64_t));
}

/* Larger molecules first, equal ones in the order of the batch (Shell sort). */
NOINLINE void sort_by_size(int64_t *order, int64_t n, const int32_t *sizes) {
  int64_t gap = 1;
  while (gap < n / 3) gap = 3 * gap + 1;
  for (; gap > 0; gap /= 3)
    for (int64_t i = gap; i < n; i++) {
      int64_t held = order[i], j = i;
      while (j >= gap) {
        int64_t other = order[j - gap];
        if (sizes[other] > sizes[held] || (sizes[other] == sizes[held] && other < held)) break;
        order[j] = other;
        j -= gap;
      }
      order[j] = held;
    }
}

NOINLINE void plan_init(EgnnPlan *plan, const EgnnModel *m, const EgnnBatch *b) {
  char *memory = (char *)plan + whole_lines(sizeof(EgnnPlan));
  size_t column = whole_lines(b->molecules * sizeof(int64_t));
  int64_t n = b->molecules;
  plan->order = (int64_t *)memory;
  plan->start = (int64_t *)(memory + column);
  int64_t *sorted = (int64_t *)(memory + 2 * column);
  plan->group = (Group *)(memory + 3 * column);
  plan->lane_group = (int64_t *)(memory + 3 * column + whole_lines(n * sizeof(Group)));
  int64_t atom = 0;
  for (int64_t i = 0; i < n; i++) {
    plan->start[i] = atom;
    atom += b->sizes[i];
    sorted[i] = i;
  }
  sort_by_size(sorted, n, b->sizes);
  plan->lanes = lane_limit(m);
  if (plan->lanes > n) plan->lanes = n > 0 ? (int)n : 1;
  /* plan->group holds each molecule's lane in `count` until the groups are formed, lane by lane. */
  double load[MAX_LANES] = {0};
  int64_t atoms[MAX_LANES] = {0}, members[MAX_LANES + 1] = {0};
  int32_t *lane_of = (int32_t *)plan->order;
  for (int64_t i = 0; i < n; i++) {
    double size = b->sizes[sorted[i]];
    int lightest = 0;
    for (int lane = 1; lane < plan->lanes; lane++)
      if (load[lane] < load[lightest]) lightest = lane;
    load[lightest] += size * (double)senders_of(m, b->sizes[sorted[i]]) + 5 * size;
    atoms[lightest] += b->sizes[sorted[i]];
    members[lightest + 1]++;
    lane_of[i] = lightest;
  }
  for (int lane = 0; lane < plan->lanes; lane++) members[lane + 1] += members[lane];
  /* Group the molecules stably by lane: first into group[].first, which has room for all. */
  int64_t at[MAX_LANES];
  for (int lane = 0; lane < plan->lanes; lane++) at[lane] = members[lane];
  for (int64_t i = 0; i < n; i++) plan->group[at[lane_of[i]]++].first = sorted[i];
  for (int64_t i = 0; i < n; i++) plan->order[i] = plan->group[i].first;
  plan->groups = 0;
  for (int lane = 0; lane < plan->lanes; lane++) {
    plan->lane_group[lane] = plan->groups;
    int64_t parts = (atoms[lane] + GROUP_ATOMS - 1) / GROUP_ATOMS, done = 0, part = 1;
    Group *g = 0;
    for (int64_t i = members[lane]; i < members[lane + 1]; i++) {
      int64_t size = b->sizes[plan->order[i]];
      if (!g) {
        g = &plan->group[plan->groups++];
        *g = (Group){i, 0, 0, 0};
      }
      g->count++;
      g->atoms += size;
      g->edges += padded_edges(m, size);
      done += size;
      if (done * parts >= part * atoms[lane]) {
        while (done * parts >= part * atoms[lane] && part < parts) part++;
        g = 0;
      }
    }
  }
  plan->lane_group[plan->lanes] = plan->groups;
}

#endif
