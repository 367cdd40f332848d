/* What the bindings of networks share whose operations run at once, on the caller's thread and its helpers. To be included
 * behind the type Engine { core, known, packed, team, call, … } of the network and its EngineKind KIND. */
#ifndef ADDON_RUNNING_H
#define ADDON_RUNNING_H

#include <string.h>

#include "addon.h"

/* Tasks of the pool. */
static void do_evaluate(void *context, int task, int thread) {
  Engine *e = context;
  e->core->evaluate(&e->call, task, e->team.workspace[thread].memory);
}
static void do_train(void *context, int task, int thread) {
  Engine *e = context;
  e->core->train(&e->call, task, e->team.workspace[thread].memory);
}
#define RUNNING_TASK(NAME)                                   \
  static void do_##NAME(void *context, int task, int thread) { \
    Engine *e = context;                                     \
    (void)thread;                                            \
    e->core->NAME(&e->call, task);                           \
  }

/* Whether the weights have to be packed anew: they belong to other parameters than these, of which a copy is kept. */
static int known_changes(Engine *e, const float *parameters, size_t bytes) {
  if (e->packed && memcmp(e->known, parameters, bytes) == 0) return 0;
  memcpy(e->known, parameters, bytes);
  return e->packed = 1;
}

/* Argument INDEX of `a` as data of a type and length, by array_in; stores the length. */
#define ARRAY(PLACE, INDEX, TYPE, LENGTH, NAME) \
  length = (LENGTH);                            \
  (PLACE) = array_in(env, a[INDEX], TYPE, &length, NAME, &good)

/* The network's exports: create, and evaluate and train by start(env, info, training). */
#define RUNNING_EXPORTS(NETWORK)                                                                                 \
  static napi_value evaluate(napi_env env, napi_callback_info info) { return start(env, info, 0); }             \
  static napi_value train(napi_env env, napi_callback_info info) { return start(env, info, 1); }                \
  static napi_value dispose(napi_env env, napi_callback_info info) { return engine_dispose(env, info, &KIND); } \
  napi_value NETWORK##_exports(napi_env env) {                                                                   \
    static const ExportedFunction functions[] = {                                                                \
        {"create", create}, {"evaluate", evaluate}, {"train", train}, {"dispose", dispose}};                     \
    return exported(env, functions, sizeof functions / sizeof *functions);                                       \
  }

#endif
