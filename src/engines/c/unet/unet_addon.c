/* Node-API binding of the U-Net. An engine is an opaque handle; its operations run at once, on the caller's thread and
 * its helpers. Arguments are checked here as far as memory safety goes; src/engines/unet/unet-native.ts explains. */
#include <string.h>

#include "addon.h"
#include "team.h"
#include "unet.h"

NAMED_CORES(UnetCore, unet)

typedef struct Engine {
  const UnetCore *core;
  UnetConfig config;
  UnetModel *model;
  int packed;   /* weights belong to `known` */
  float *known; /* copy of the parameters that were packed last */
  Team team;
  Block weights, partial;
  UnetCall call;
} Engine;

static void engine_close(void *engine) {
  Engine *e = engine;
  if (!e) return;
  team_close(&e->team);
  free(e->known);
  free(e->weights.memory);
  free(e->partial.memory);
  free(e->model);
  free(e);
}

static const EngineKind KIND = {{0x6571756d6f6c0001, 0x756e657400000000}, engine_close};

#include "addon_running.h"

/* Sizes that the core can lay out; SIZES in src/engines/unet/unet-kernel.ts. */
static int read_config(const int32_t *v, int64_t length, UnetConfig *c) {
  if (length < 6 || v[0] < 1 || v[0] > 256 || v[1] < 1 || v[1] > 256) return 0;
  *c = (UnetConfig){.height = v[0], .width = v[1], .features = v[2], .embedding = v[3], .levels = (int32_t)length - 5};
  if (c->levels > UNET_LEVELS || v[2] < 16 || v[2] > 1024 || v[2] % 16 || v[3] < 16 || v[3] > 1024 || v[3] % 16) return 0;
  if (v[0] % (1 << (c->levels - 1)) || v[1] % (1 << (c->levels - 1))) return 0;
  for (int l = 0; l < c->levels; l++) {
    c->channels[l] = v[5 + l];
    if (c->channels[l] < 16 || c->channels[l] > 512 || c->channels[l] % 16) return 0;
  }
  return 1;
}

/* create([height, width, features, embedding, threads, channels of each level…], instruction set or "") → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  int64_t sizes = -1;
  int good = 1;
  UnetConfig config;
  if (napi_get_cb_info(env, info, &count, arguments, 0, 0) != napi_ok) return 0;
  const int32_t *v = array_in(env, arguments[0], napi_int32_array, &sizes, "sizes", &good);
  if (!good) return 0;
  if (!read_config(v, sizes, &config) || v[4] < 1 || v[4] > 1024) return fail(env, "no such network");
  const UnetCore *core = core_in(env, arguments[1]);
  if (!core) return 0;
  Engine *e = calloc(1, sizeof *e);
  if (e) {
    e->core = core;
    e->config = config;
    if (posix_memalign((void **)&e->model, 64, core->model_bytes()) != 0) e->model = 0;
    if (e->model) core->model_init(e->model, &config);
    if (e->model && posix_memalign((void **)&e->known, 64, core->partial_bytes(e->model)) != 0) e->known = 0;
    if (!e->known || !team_open(&e->team, v[4])) {
      engine_close(e);
      e = 0;
    }
  }
  return engine_handle(env, e, &KIND);
}

RUNNING_TASK(pack)
RUNNING_TASK(reduce)

/* Null, or what went wrong. */
static const char *engine_run(Engine *e, const float *parameters, int training, char *error, size_t room) {
  const UnetCore *core = e->core;
  UnetCall *call = &e->call;
  size_t held = core->parameter_count(e->model) * sizeof(float);
  call->model = e->model;
  if (call->images == 0) {
    if (training) memset(call->gradient, 0, held);
    return 0;
  }
  int lanes = call->images < UNET_LANES ? call->images : UNET_LANES, tasks = training ? lanes : call->images;
  if (!block_reserve(&e->weights, core->weights_bytes(e->model), "weights", error, room)) return error;
  if (!team_reserve(&e->team, tasks, core->workspace_bytes(e->model), "activations of an image", error, room)) return error;
  if (training && !block_reserve(&e->partial, lanes * core->partial_bytes(e->model), "gradients", error, room)) return error;
  call->weights = e->weights.memory;
  call->partial = e->partial.memory;
  call->parameters = e->known;
  if (known_changes(e, parameters, held)) pool_run(&e->team.pool, do_pack, e, core->pack_tasks(e->model));
  if (!training) {
    pool_run(&e->team.pool, do_evaluate, e, tasks);
    return 0;
  }
  pool_run(&e->team.pool, do_train, e, tasks);
  pool_run(&e->team.pool, do_reduce, e, UNET_LANES);
  return 0;
}

/* evaluate(engine, parameters, input, features, output)
 * train(engine, parameters, input, features, target, weight, errors, gradient) */
static napi_value start(napi_env env, napi_callback_info info, int training) {
  napi_value a[8];
  size_t count = 8;
  int good = 1;
  if (napi_get_cb_info(env, info, &count, a, 0, 0) != napi_ok) return 0;
  Engine *e = engine_of(env, a[0], &KIND);
  if (!e) return 0;
  UnetCall *call = &e->call;
  int64_t length, D = (int64_t)e->config.height * e->config.width;
  memset(call, 0, sizeof *call);
  int64_t parameters = (int64_t)e->core->parameter_count(e->model);
  const float *given;
  ARRAY(given, 1, napi_float32_array, parameters, "parameters");
  ARRAY(call->features, 3, napi_float32_array, -1, "features");
  if (!good) return 0;
  if (length % e->config.features || length / e->config.features > 1000000) return fail(env, "features do not fit");
  int64_t images = length / e->config.features;
  call->images = (int32_t)images;
  ARRAY(call->input, 2, napi_float32_array, images * D, "input");
  if (training) {
    ARRAY(call->target, 4, napi_float32_array, images * D, "target");
    ARRAY(call->weight, 5, napi_float32_array, images, "weight");
    ARRAY(call->errors, 6, napi_float64_array, images, "errors");
    ARRAY(call->gradient, 7, napi_float32_array, parameters, "gradient");
  } else {
    ARRAY(call->output, 4, napi_float32_array, images * D, "output");
  }
  if (!good) return 0;
  char error[160];
  const char *problem = engine_run(e, given, training, error, sizeof error);
  return problem ? fail(env, problem) : 0;
}

RUNNING_EXPORTS(unet)
