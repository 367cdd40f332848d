/* Threads, each with memory of its own to work in. */
#ifndef TEAM_H
#define TEAM_H

#include "block.h"
#include "pool.h"

typedef struct Team {
  Pool pool;
  Block *workspace; /* [pool.threads]; null when there is no team */
} Team;

/* Returns 0 when out of memory. The team does not move: helpers hold its address. */
static int team_open(Team *t, int threads) {
  t->workspace = calloc(threads, sizeof(Block));
  if (t->workspace && pool_start(&t->pool, threads)) return 1;
  free(t->workspace);
  t->workspace = 0;
  return 0;
}

static void team_close(Team *t) {
  if (!t->workspace) return;
  for (int k = 0; k < t->pool.threads; k++) free(t->workspace[k].memory);
  pool_stop(&t->pool);
  free(t->workspace);
}

/* Room for each thread that gets one of the tasks. Returns 0 and a message when out of memory. */
static int team_reserve(Team *t, int tasks, uint64_t bytes, const char *what, char *error, size_t room) {
  for (int k = 0; k < t->pool.threads && (k == 0 || tasks > 1); k++)
    if (!block_reserve(&t->workspace[k], bytes, what, error, room)) return 0;
  return 1;
}

#endif
