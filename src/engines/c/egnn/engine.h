/* One network on one instruction set: its memory, its threads, and the order of the stages. */
#ifndef ENGINE_H
#define ENGINE_H

#include <string.h>

#include "egnn.h"
#include "team.h"

typedef struct Engine {
  const EgnnCore *core;
  EgnnConfig config;
  EgnnModel *model;
  size_t parameters; /* floats */
  Team team;
  Block weights, plan, partial, squares;
  EgnnCall call;
  ParameterUpdate update;
  double norm; /* of the gradient, found by engine_norm */
  char error[160];
} Engine;

static void engine_close(Engine *e) {
  if (!e) return;
  team_close(&e->team);
  free(e->weights.memory);
  free(e->plan.memory);
  free(e->partial.memory);
  free(e->squares.memory);
  free(e->model);
  free(e);
}

/* Null when out of memory. The engine does not move: helpers hold its address. */
static Engine *engine_open(const EgnnCore *core, const EgnnConfig *config, int threads) {
  Engine *e = calloc(1, sizeof(Engine));
  if (!e) return 0;
  e->core = core;
  e->config = *config;
  e->parameters = core->parameter_count(config);
  if (posix_memalign((void **)&e->model, 64, core->model_bytes(config)) != 0) e->model = 0;
  if (!e->model || !team_open(&e->team, threads)) {
    free(e->model);
    free(e);
    return 0;
  }
  core->model_init(e->model, config);
  return e;
}

static void engine_pack(void *context, int task, int thread) {
  Engine *e = context;
  (void)thread;
  e->core->pack(&e->call, task);
}
static void engine_forward_task(void *context, int task, int thread) {
  Engine *e = context;
  e->core->forward(&e->call, task, e->team.workspace[thread].memory);
}
static void engine_train_task(void *context, int task, int thread) {
  Engine *e = context;
  e->core->train(&e->call, task, e->team.workspace[thread].memory);
}
static void engine_reduce(void *context, int task, int thread) {
  Engine *e = context;
  (void)thread;
  e->core->reduce(&e->call, task);
}

/* Runs e->call, whose pointers to inputs and outputs are set. Returns 0 and sets e->error on failure. */
static int engine_run(Engine *e, int training) {
  const EgnnCore *core = e->core;
  EgnnCall *call = &e->call;
  char *error = e->error;
  size_t room = sizeof e->error;
  error[0] = 0;
  call->model = e->model;
  if (!block_reserve(&e->weights, core->weights_bytes(e->model), "weights", error, room)) return 0;
  if (!block_reserve(&e->plan, core->plan_bytes(e->model, &call->batch), "the plan of a batch", error, room)) return 0;
  call->weights = e->weights.memory;
  EgnnPlan *plan = e->plan.memory;
  core->plan_init(plan, e->model, &call->batch);
  call->plan = plan;
  uint64_t bytes = core->workspace_bytes(e->model, plan, &call->batch, training);
  int tasks = training ? core->lanes(plan) : core->forward_tasks(plan);
  if (!team_reserve(&e->team, tasks, bytes, "activations of a group of molecules", error, room)) return 0;
  if (training) {
    size_t all = core->lanes(plan) * core->partial_bytes(e->model);
    if (!block_reserve(&e->partial, all, "gradients", error, room)) return 0;
    call->partial = e->partial.memory;
  }
  pool_run(&e->team.pool, engine_pack, e, core->pack_tasks(e->model));
  if (!training) {
    pool_run(&e->team.pool, engine_forward_task, e, tasks);
    return 1;
  }
  pool_run(&e->team.pool, engine_train_task, e, tasks);
  pool_run(&e->team.pool, engine_reduce, e, core->reduce_tasks(e->model));
  return 1;
}

static void engine_square_sum(void *context, int task, int thread) {
  Engine *e = context;
  (void)thread;
  e->core->square_sum(&e->update, task);
}
static void engine_update_task(void *context, int task, int thread) {
  Engine *e = context;
  e->core->update(&e->update, task, e->team.workspace[thread].memory);
}

/* ‖gradient‖ of e->update into e->norm. */
static int engine_norm(Engine *e) {
  int chunks = e->core->chunks(e->update.count);
  if (!block_reserve(&e->squares, chunks * sizeof(double), "a norm", e->error, sizeof e->error)) return 0;
  e->update.squares = e->squares.memory;
  pool_run(&e->team.pool, engine_square_sum, e, chunks);
  double sum = 0;
  for (int k = 0; k < chunks; k++) sum += e->update.squares[k];
  e->norm = __builtin_sqrt(sum);
  return 1;
}

/* Runs e->update, whose pointers are set. */
static int engine_update(Engine *e) {
  uint64_t bytes = e->core->update_workspace(&e->update);
  int tasks = e->core->update_tasks(&e->update);
  if (!team_reserve(&e->team, tasks, bytes, "a matrix of the optimiser", e->error, sizeof e->error)) return 0;
  pool_run(&e->team.pool, engine_update_task, e, tasks);
  return 1;
}

#endif
