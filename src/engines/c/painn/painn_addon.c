/* Node-API binding of PaiNN. An engine is an opaque handle; its operations run at once, on the caller's thread and its
 * helpers. Arguments are checked here as far as memory safety goes; src/engines/painn/painn-native.ts explains. */
#include <string.h>

#include "addon.h"
#include "painn.h"
#include "team.h"

NAMED_CORES(PainnCore, painn)

typedef struct Engine {
  const PainnCore *core;
  PainnConfig config;
  PainnModel *model;
  size_t parameters; /* floats */
  int packed;        /* weights belong to `known` */
  float *known;      /* copy of the parameters that were packed last */
  Team team;
  Block weights, partial;
  PainnCall call;
} Engine;

static void engine_close(void *engine) {
  Engine *e = engine;
  if (!e) return;
  team_close(&e->team);
  free(e->weights.memory);
  free(e->partial.memory);
  free(e->model);
  free(e->known);
  free(e);
}

static const EngineKind KIND = {{0x6571756d6f6c0001, 0x7061696e6e000000}, engine_close};

#include "addon_running.h"

static int read_config(napi_env env, napi_value object, PainnConfig *c, int *threads, char *message, size_t room) {
  const struct {
    const char *name;
    int32_t *value;
    double least, most;
  } counts[] = {{"types", &c->types, 1, 1024}, {"hidden", &c->hidden, 1, 4096}, {"layers", &c->layers, 1, 256},
                {"radial", &c->radial, 2, 1024}, {"bessel", &c->bessel, 0, 1}, {"head", &c->head, 1, 4096},
                {"threads", threads, 1, 1024}};
  napi_value property;
  double value;
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
    if (napi_get_named_property(env, object, counts[k].name, &property) != napi_ok ||
        napi_get_value_double(env, property, &value) != napi_ok || !(value >= counts[k].least && value <= counts[k].most) ||
        value != (double)(int32_t)value) {
      snprintf(message, room, "%s must be a whole number from %g to %g", counts[k].name, counts[k].least, counts[k].most);
      return 0;
    }
    *counts[k].value = (int32_t)value;
  }
  if (napi_get_named_property(env, object, "cutoff", &property) != napi_ok ||
      napi_get_value_double(env, property, &c->cutoff) != napi_ok || !(c->cutoff > 0 && c->cutoff < 1e6)) {
    snprintf(message, room, "cutoff must be a positive number");
    return 0;
  }
  return 1;
}

/* create({ types, …, threads }, instruction set or "") → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  PainnConfig config = {0};
  int threads = 1;
  char message[128];
  if (napi_get_cb_info(env, info, &count, arguments, 0, 0) != napi_ok) return 0;
  if (!read_config(env, arguments[0], &config, &threads, message, sizeof message)) return fail(env, message);
  const PainnCore *core = core_in(env, arguments[1]);
  if (!core) return 0;
  Engine *e = calloc(1, sizeof *e);
  if (e) {
    e->core = core;
    e->config = config;
    e->parameters = core->parameter_count(&config);
    e->known = malloc(e->parameters * sizeof(float));
    if (posix_memalign((void **)&e->model, 64, core->model_bytes(&config)) != 0) e->model = 0;
    if (!e->known || !e->model || !team_open(&e->team, threads)) {
      engine_close(e);
      e = 0;
    } else {
      core->model_init(e->model, &config);
    }
  }
  return engine_handle(env, e, &KIND);
}

static int is_null(napi_env env, napi_value value) {
  napi_valuetype kind;
  return napi_typeof(env, value, &kind) == napi_ok && kind == napi_null;
}

RUNNING_TASK(pack)
RUNNING_TASK(reduce)

/* Null, or what went wrong. */
static const char *engine_run(Engine *e, int training, char *error, size_t room) {
  const PainnCore *core = e->core;
  PainnCall *call = &e->call;
  call->model = e->model;
  if (call->molecules == 0) {
    if (training) memset(call->gradient, 0, e->parameters * sizeof(float));
    return 0;
  }
  int lanes = call->molecules < PAINN_LANES ? call->molecules : PAINN_LANES;
  int tasks = training ? lanes : call->molecules;
  if (!block_reserve(&e->weights, core->weights_bytes(e->model), "weights", error, room)) return error;
  call->weights = e->weights.memory;
  uint64_t bytes = core->workspace_bytes(call);
  if (!team_reserve(&e->team, tasks, bytes, "activations of a molecule", error, room)) return error;
  if (training && !block_reserve(&e->partial, lanes * core->partial_bytes(e->model), "gradients", error, room)) return error;
  call->partial = e->partial.memory;
  size_t held = e->parameters * sizeof(float);
  if (known_changes(e, call->parameters, held)) pool_run(&e->team.pool, do_pack, e, core->pack_tasks(e->model));
  if (!training) {
    pool_run(&e->team.pool, do_evaluate, e, tasks);
    return 0;
  }
  pool_run(&e->team.pool, do_train, e, tasks);
  pool_run(&e->team.pool, do_reduce, e, core->pack_tasks(e->model));
  return 0;
}

/* evaluate(engine, parameters, sizes, types, positions, outputs, slope or null)
 * train(engine, parameters, sizes, types, positions, coefficients, direction or null, gradient) */
static napi_value start(napi_env env, napi_callback_info info, int training) {
  napi_value a[8];
  size_t count = 8;
  int good = 1;
  if (napi_get_cb_info(env, info, &count, a, 0, 0) != napi_ok) return 0;
  Engine *e = engine_of(env, a[0], &KIND);
  if (!e) return 0;
  PainnCall *call = &e->call;
  int64_t length, atoms = 0;
  memset(call, 0, sizeof *call);
#define ARRAY_OR_NULL(PLACE, INDEX, TYPE, LENGTH, NAME) \
  if (!is_null(env, a[INDEX])) { ARRAY(PLACE, INDEX, TYPE, LENGTH, NAME); }
  ARRAY(call->parameters, 1, napi_float32_array, (int64_t)e->parameters, "parameters");
  ARRAY(call->sizes, 2, napi_int32_array, -1, "sizes");
  if (!good) return 0;
  call->molecules = (int32_t)length;
  for (int64_t k = 0; k < length; k++) {
    if (call->sizes[k] < 1 || call->sizes[k] > 100000) return fail(env, "sizes must be from 1 to 100000");
    atoms += call->sizes[k];
  }
  ARRAY(call->types, 3, napi_int32_array, atoms, "types");
  ARRAY(call->positions, 4, napi_float64_array, 3 * atoms, "positions");
  if (training) {
    ARRAY(call->coefficients, 5, napi_float32_array, atoms, "coefficients");
    ARRAY_OR_NULL(call->direction, 6, napi_float32_array, 3 * atoms, "direction")
    ARRAY(call->gradient, 7, napi_float32_array, (int64_t)e->parameters, "gradient");
  } else {
    ARRAY(call->outputs, 5, napi_float32_array, atoms, "outputs");
    ARRAY_OR_NULL(call->slope, 6, napi_float32_array, 3 * atoms, "slope")
  }
#undef ARRAY_OR_NULL
  if (!good) return 0;
  for (int64_t k = 0; k < atoms; k++)
    if (call->types[k] < 0 || call->types[k] >= e->config.types) return fail(env, "a type is out of range");
  char error[160];
  const char *problem = engine_run(e, training, error, sizeof error);
  return problem ? fail(env, problem) : 0;
}

RUNNING_EXPORTS(painn)
