/* Node-API binding of the conformer network. An engine is an opaque handle; its operations run at once, on the caller's
 * thread and its helpers. Arguments are checked here as far as memory safety goes; geodiff-native.ts explains. */
#include <string.h>

#include "addon.h"
#include "geodiff.h"
#include "team.h"

NAMED_CORES(GeoDiffCore, geodiff)

typedef struct Engine {
  const GeoDiffCore *core;
  GeoDiffConfig config;
  size_t parameters;
  int packed;   /* weights belong to `known` */
  float *known; /* copy of the parameters that were packed last */
  Team team;
  Block weights, partial;
  GeoDiffCall call;
} Engine;

static void engine_close(void *engine) {
  Engine *e = engine;
  if (!e) return;
  team_close(&e->team);
  free(e->weights.memory);
  free(e->partial.memory);
  free(e->known);
  free(e);
}

static const EngineKind KIND = {{0x6571756d6f6c0001, 0x67656f6469666600}, engine_close};

#include "addon_running.h"

/* create([atomFeatures, hidden, localLayers, globalLayers, threads], instruction set or "") → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2, length;
  napi_typedarray_type type;
  bool typed = false;
  void *data = 0;
  if (napi_get_cb_info(env, info, &count, arguments, 0, 0) != napi_ok) return 0;
  if (napi_is_typedarray(env, arguments[0], &typed) != napi_ok || !typed ||
      napi_get_typedarray_info(env, arguments[0], &type, &length, &data, 0, 0) != napi_ok || type != napi_int32_array ||
      length != 5)
    return fail(env, "the configuration must be five whole numbers");
  const int32_t *v = data;
  if (v[0] < 1 || v[0] > 4096 || v[1] < 32 || v[1] > 4096 || v[1] % 32 || v[2] < 0 || v[2] > GEODIFF_MOST_LAYERS ||
      v[3] < 0 || v[3] > GEODIFF_MOST_LAYERS || v[4] < 1 || v[4] > 1024)
    return fail(env, "no such network: the width must be a multiple of 32, layers at most 16");
  const GeoDiffCore *core = core_in(env, arguments[1]);
  if (!core) return 0;
  Engine *e = calloc(1, sizeof *e);
  if (e) {
    e->core = core;
    e->config = (GeoDiffConfig){v[0], v[1], v[2], v[3]};
    e->parameters = core->parameter_count(&e->config);
    e->known = malloc(e->parameters * sizeof(float));
    if (!e->known || !team_open(&e->team, v[4])) {
      engine_close(e);
      e = 0;
    }
  }
  return engine_handle(env, e, &KIND);
}

/* Null, or what went wrong. */
static const char *engine_run(Engine *e, int training, char *error, size_t room) {
  const GeoDiffCore *core = e->core;
  GeoDiffCall *call = &e->call;
  if (!block_reserve(&e->weights, core->weights_bytes(&e->config), "weights", error, room)) return error;
  call->weights = e->weights.memory;
  uint64_t bytes = core->workspace_bytes(call);
  int tasks = training ? GEODIFF_LANES : call->molecules;
  if (!team_reserve(&e->team, tasks, bytes, "activations of a molecule", error, room)) return error;
  if (training && !block_reserve(&e->partial, GEODIFF_LANES * core->partial_bytes(&e->config), "gradients", error, room))
    return error;
  call->partial = e->partial.memory;
  size_t held = e->parameters * sizeof(float);
  if (known_changes(e, call->parameters, held)) core->pack(call);
  pool_run(&e->team.pool, training ? do_train : do_evaluate, e, tasks);
  if (training) core->reduce(call);
  return 0;
}

/* evaluate(engine, parameters, counts, atoms, positions, scales, local, features, far, centres, signs, output)
 * train(engine, …, signs, target, weight, losses, gradient) */
static napi_value start(napi_env env, napi_callback_info info, int training) {
  napi_value a[15];
  size_t count = 15;
  int good = 1;
  if (napi_get_cb_info(env, info, &count, a, 0, 0) != napi_ok) return 0;
  Engine *e = engine_of(env, a[0], &KIND);
  if (!e) return 0;
  GeoDiffCall *call = &e->call;
  int64_t length, n[4] = {0, 0, 0, 0};
  memset(call, 0, sizeof *call);
  call->config = e->config;
  ARRAY(call->parameters, 1, napi_float32_array, (int64_t)e->parameters, "parameters");
  ARRAY(call->counts, 2, napi_int32_array, -1, "counts");
  if (!good) return 0;
  call->molecules = (int32_t)(length / 4);
  for (int64_t k = 0; k < 4 * (length / 4); k++) {
    if (call->counts[k] < (k % 4 == 0) || call->counts[k] > 1000000) return fail(env, "counts must be from 0 to 1000000");
    n[k % 4] += call->counts[k];
  }
  ARRAY(call->atoms, 3, napi_float32_array, n[0] * e->config.atom_features, "atoms");
  ARRAY(call->positions, 4, napi_float32_array, 3 * n[0], "positions");
  ARRAY(call->scales, 5, napi_float32_array, call->molecules, "scales");
  ARRAY(call->local, 6, napi_int32_array, 2 * n[1], "local");
  ARRAY(call->features, 7, napi_float32_array, GEODIFF_EDGE_FEATURES * n[1], "features");
  ARRAY(call->far, 8, napi_int32_array, 2 * n[2], "far");
  ARRAY(call->centres, 9, napi_int32_array, 5 * n[3], "centres");
  ARRAY(call->signs, 10, napi_float32_array, n[3], "signs");
  if (training) {
    ARRAY(call->target, 11, napi_float32_array, 3 * n[0], "target");
    ARRAY(call->weight, 12, napi_float32_array, call->molecules, "weight");
    ARRAY(call->losses, 13, napi_float64_array, call->molecules, "losses");
    ARRAY(call->gradient, 14, napi_float32_array, (int64_t)e->parameters, "gradient");
  } else {
    ARRAY(call->output, 11, napi_float32_array, 3 * n[0], "output");
  }
  if (!good) return 0;
  int64_t at[4] = {0, 0, 0, 0};
  for (int m = 0; m < call->molecules; m++) {
    const int32_t *c = call->counts + 4 * m, *lists[3] = {call->local + 2 * at[1], call->far + 2 * at[2], call->centres + 5 * at[3]};
    const int width[3] = {2, 2, 5};
    for (int l = 0; l < 3; l++)
      for (int64_t k = 0; k < (int64_t)width[l] * c[l + 1]; k++)
        if (lists[l][k] < 0 || lists[l][k] >= c[0]) return fail(env, "an atom is out of range");
    for (int k = 0; k < 4; k++) at[k] += c[k];
  }
  char error[160];
  const char *problem = engine_run(e, training, error, sizeof error);
  return problem ? fail(env, problem) : 0;
}

RUNNING_EXPORTS(geodiff)
