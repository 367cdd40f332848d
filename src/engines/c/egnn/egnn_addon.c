/* Node-API binding. An engine is an opaque handle; its operations run on a libuv thread and its own helpers and
 * return promises. Arguments are checked here as far as memory safety goes; src/engines/egnn/native.ts explains. */

#include "addon.h"
#include "addon_config.h"
#include "engine.h"

NAMED_CORES(EgnnCore, egnn)

static const napi_type_tag KIND = {0x6571756d6f6c0001, 0x65676e6e00000000};

typedef struct Handle {
  Engine *engine; /* null once closed */
  int busy;
} Handle;

enum { MAX_ARGUMENTS = 13 };
typedef enum Operation { FORWARD, TRAIN, NORM, UPDATE } Operation;

typedef struct Job {
  Handle *handle;
  Operation operation;
  int done;
  napi_async_work work;
  napi_deferred deferred;
  napi_ref kept[MAX_ARGUMENTS]; /* arguments stay alive while the job runs */
  int kept_count;
} Job;

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Handle *h = data;
  engine_close(h->engine);
  free(h);
}

/* create({ inFeatures, …, threads }, instruction set or "") → handle */
static napi_value create(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  EgnnConfig config;
  int threads;
  char message[128];
  if (napi_get_cb_info(env, info, &count, arguments, 0, 0) != napi_ok) return 0;
  if (!read_config(env, arguments[0], &config, &threads, message, sizeof message)) return fail(env, message);
  const EgnnCore *core = core_in(env, arguments[1]);
  if (!core) return 0;
  Handle *h = calloc(1, sizeof(Handle));
  if (h) h->engine = engine_open(core, &config, threads);
  napi_value external = h && h->engine ? handle_to(env, h, finalize, &KIND) : 0;
  if (!external) {
    if (h) engine_close(h->engine);
    free(h);
    return fail(env, "out of memory: cannot set up the engine");
  }
  return external;
}

static Handle *handle_of(napi_env env, napi_value value) {
  Handle *h = held_by(env, value, &KIND);
  if (!h) return 0;
  if (!h->engine) {
    fail(env, "the engine was disposed");
    return 0;
  }
  if (h->busy) {
    fail(env, "the engine is busy");
    return 0;
  }
  return h;
}

/* As array_in; keeps the array alive while the job runs. */
static void *array_of(napi_env env, Job *job, napi_value value, napi_typedarray_type type, int64_t *length,
                      const char *name) {
  int good = 1;
  void *data = array_in(env, value, type, length, name, &good);
  if (!good) return 0;
  if (napi_create_reference(env, value, 1, &job->kept[job->kept_count]) != napi_ok) return fail(env, "out of memory");
  job->kept_count++;
  return data;
}

static void release(napi_env env, Job *job) {
  for (int k = 0; k < job->kept_count; k++) napi_delete_reference(env, job->kept[k]);
  if (job->work) napi_delete_async_work(env, job->work);
  free(job);
}

static void execute(napi_env env, void *data) {
  (void)env;
  Job *job = data;
  Engine *e = job->handle->engine;
  e->error[0] = 0;
  if (job->operation == NORM)
    job->done = engine_norm(e);
  else if (job->operation == UPDATE)
    job->done = engine_update(e);
  else
    job->done = engine_run(e, job->operation == TRAIN);
}

static void complete(napi_env env, napi_status status, void *data) {
  Job *job = data;
  napi_value value, message;
  job->handle->busy = 0;
  if (status == napi_ok && job->done) {
    if (job->operation == NORM)
      napi_create_double(env, job->handle->engine->norm, &value);
    else
      napi_get_undefined(env, &value);
    napi_resolve_deferred(env, job->deferred, value);
  } else {
    const char *text = status == napi_ok ? job->handle->engine->error : "the operation was cancelled";
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, 0, message, &value);
    napi_reject_deferred(env, job->deferred, value);
  }
  release(env, job);
}

#define ARRAY(PLACE, INDEX, TYPE, LENGTH, NAME) \
  length = (LENGTH);                            \
  if (!((PLACE) = array_of(env, job, a[INDEX], TYPE, &length, NAME))) return 0

/* Fills in job->handle->engine->call from the arguments; 0 when a JavaScript error was thrown. */
static int read_call(napi_env env, Job *job, napi_value *a) {
  Engine *e = job->handle->engine;
  EgnnCall *call = &e->call;
  const EgnnConfig *c = &e->config;
  int64_t length, molecules = -1, atoms = 0, width = 3 + c->out_features;
  double mean_over;
  memset(call, 0, sizeof *call);
  ARRAY(call->parameters, 1, napi_float32_array, (int64_t)e->parameters, "parameters");
  ARRAY(call->batch.sizes, 2, napi_int32_array, -1, "sizes");
  molecules = length;
  for (int64_t k = 0; k < molecules; k++) {
    if (call->batch.sizes[k] < 1 || call->batch.sizes[k] > 100000) {
      fail(env, "sizes must be from 1 to 100000");
      return 0;
    }
    atoms += call->batch.sizes[k];
  }
  call->batch.molecules = molecules;
  call->batch.atoms = atoms;
  ARRAY(call->batch.positions, 3, napi_float32_array, 3 * atoms, "positions");
  ARRAY(call->batch.features, 4, napi_float32_array, c->in_features * atoms, "features");
  ARRAY(call->batch.guess, 5, napi_float32_array, c->self_conditioning ? 3 * atoms : 0, "guess");
  if (napi_get_value_double(env, a[6], &mean_over) != napi_ok) {
    fail(env, "meanOver must be a number");
    return 0;
  }
  call->batch.mean_over = (float)mean_over;
  if (job->operation == FORWARD) {
    ARRAY(call->output, 7, napi_float32_array, width * atoms, "output");
    return 1;
  }
  ARRAY(call->target.target, 7, napi_float32_array, width * atoms, "target");
  ARRAY(call->target.position_weight, 8, napi_float32_array, molecules, "positionWeight");
  ARRAY(call->target.feature_weight, 9, napi_float32_array, molecules, "featureWeight");
  ARRAY(call->target.position_error, 10, napi_float64_array, molecules, "position errors");
  ARRAY(call->target.feature_error, 11, napi_float64_array, molecules, "feature errors");
  ARRAY(call->gradient, 12, napi_float32_array, (int64_t)e->parameters, "gradient");
  return 1;
}

/* Fills in job->handle->engine->update in the same way. */
static int read_update(napi_env env, Job *job, napi_value *a) {
  ParameterUpdate *u = &job->handle->engine->update;
  int64_t length;
  const double *n;
  memset(u, 0, sizeof *u);
  ARRAY(u->gradient, 1, napi_float32_array, -1, "gradient");
  u->count = length;
  if (job->operation == NORM) return 1;
  ARRAY(u->parameters, 2, napi_float32_array, u->count, "parameters");
  ARRAY(u->ema, 3, napi_float32_array, u->count, "ema");
  ARRAY(u->first, 4, napi_float32_array, u->count, "first moments");
  ARRAY(u->second, 5, napi_float32_array, u->count, "second moments");
  ARRAY(u->largest, 6, napi_float32_array, -1, "largest second moments");
  if (length == 0)
    u->largest = 0;
  else if (length != u->count)
    return fail(env, "largest second moments must be none or as many as parameters"), 0;
  ARRAY(u->blocks, 7, napi_int32_array, -1, "blocks");
  u->block_count = length / 4;
  for (int64_t k = 0; k < u->block_count; k++) {
    const MatrixBlock b = u->blocks[k];
    if (b.offset < 0 || b.columns < 1 || b.rows < b.columns || b.stride < b.columns ||
        b.offset + (int64_t)(b.rows - 1) * b.stride + b.columns > u->count)
      return fail(env, "a block lies outside the parameters"), 0;
  }
  ARRAY(u->in_block, 8, napi_uint8_array, -1, "marks of blocks");
  if (u->block_count == 0)
    u->in_block = 0;
  else if (length != u->count)
    return fail(env, "marks of blocks must be as many as parameters"), 0;
  ARRAY(n, 9, napi_float64_array, 11, "coefficients");
  set_coefficients(u, n);
  return 1;
}
#undef ARRAY

static napi_value start(napi_env env, napi_callback_info info, Operation operation) {
  napi_value arguments[MAX_ARGUMENTS], name, promise;
  size_t count = MAX_ARGUMENTS;
  if (napi_get_cb_info(env, info, &count, arguments, 0, 0) != napi_ok) return 0;
  Handle *h = handle_of(env, arguments[0]);
  if (!h) return 0;
  Job *job = calloc(1, sizeof(Job));
  if (!job) return fail(env, "out of memory");
  job->handle = h;
  job->operation = operation;
  if (!(operation >= NORM ? read_update : read_call)(env, job, arguments)) {
    release(env, job);
    return 0;
  }
  /* The handle is the job's too. */
  if (napi_create_reference(env, arguments[0], 1, &job->kept[job->kept_count]) == napi_ok) job->kept_count++;
  if (napi_create_string_utf8(env, "equimol", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, 0, name, execute, complete, job, &job->work) != napi_ok ||
      napi_create_promise(env, &job->deferred, &promise) != napi_ok ||
      napi_queue_async_work(env, job->work) != napi_ok) {
    release(env, job);
    return fail(env, "cannot start the operation");
  }
  h->busy = 1;
  return promise;
}

/* forward(engine, parameters, sizes, positions, features, guess, meanOver, output) */
static napi_value forward(napi_env env, napi_callback_info info) { return start(env, info, FORWARD); }

/* squaredError(engine, parameters, sizes, positions, features, guess, meanOver, target, positionWeight, featureWeight,
 * positionErrors, featureErrors, gradient) */
static napi_value squared_error(napi_env env, napi_callback_info info) { return start(env, info, TRAIN); }

/* gradientNorm(engine, gradient) → number */
static napi_value gradient_norm(napi_env env, napi_callback_info info) { return start(env, info, NORM); }

/* update(engine, gradient, parameters, ema, first, second, largest, blocks, marks, coefficients); coefficients in the
 * order of `coefficientValues` in src/engines/update.ts */
static napi_value update(napi_env env, napi_callback_info info) { return start(env, info, UPDATE); }

/* dispose(engine): frees memory and threads now rather than when the handle is collected. */
static napi_value dispose(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  size_t count = 1;
  if (napi_get_cb_info(env, info, &count, arguments, 0, 0) != napi_ok) return 0;
  Handle *h = handle_of(env, arguments[0]);
  if (!h) return 0;
  engine_close(h->engine);
  h->engine = 0;
  return 0;
}

static napi_value instruction_sets(napi_env env, napi_callback_info info) {
  (void)info;
  const char *names[] = {"AVX-512", "AVX2", egnn_base.name}; /* the best first */
  napi_value list, text;
  uint32_t count = 0;
  napi_create_array(env, &list);
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    if (!core_named(names[k])) continue;
    napi_create_string_utf8(env, names[k], NAPI_AUTO_LENGTH, &text);
    napi_set_element(env, list, count++, text);
  }
  return list;
}

napi_value egnn_exports(napi_env env) {
  static const ExportedFunction functions[] = {{"create", create},
                                               {"forward", forward},
                                               {"squaredError", squared_error},
                                               {"gradientNorm", gradient_norm},
                                               {"update", update},
                                               {"dispose", dispose},
                                               {"instructionSets", instruction_sets}};
  return exported(env, functions, sizeof functions / sizeof *functions);
}
