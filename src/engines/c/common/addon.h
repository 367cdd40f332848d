/* What the Node-API bindings of all networks share. */
#ifndef ADDON_H
#define ADDON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <node_api.h>

#include "cores.h"

typedef struct ExportedFunction {
  const char *name;
  napi_callback call;
} ExportedFunction;

static inline napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, 0, message);
  return 0;
}

/* A handle that JavaScript holds, of a kind: null when out of memory. */
static inline napi_value handle_to(napi_env env, void *data, napi_finalize finalize, const napi_type_tag *kind) {
  napi_value external;
  if (napi_create_external(env, data, finalize, 0, &external) != napi_ok) return 0;
  napi_type_tag_object(env, external, kind);
  return external;
}

/* What a handle of that kind holds; null, with an error thrown, for anything else: an engine of another network, too. */
static inline void *held_by(napi_env env, napi_value value, const napi_type_tag *kind) {
  void *data = 0;
  napi_valuetype type;
  bool right = false;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(env, value, kind, &right) != napi_ok || !right ||
      napi_get_value_external(env, value, &data) != napi_ok) {
    fail(env, "the first argument must be an engine of this network");
    return 0;
  }
  return data;
}

/* Data of a typed array of the given type and length (−1: any, stored). Null with an error thrown and `good` cleared for
 * anything else; does nothing where that has happened before. */
static inline void *array_in(napi_env env, napi_value value, napi_typedarray_type type, int64_t *length,
                             const char *name, int *good) {
  static char empty[8];
  napi_typedarray_type got;
  size_t count;
  void *data;
  bool typed = false;
  if (!*good) return 0;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed ||
      napi_get_typedarray_info(env, value, &got, &count, &data, 0, 0) != napi_ok || got != type ||
      (*length >= 0 && (int64_t)count != *length)) {
    char message[128];
    snprintf(message, sizeof message, "%s must be a typed array of the right kind and length", name);
    *good = 0;
    return fail(env, message);
  }
  *length = (int64_t)count;
  return data ? data : empty;
}

/* Engines of a network whose operations run at once. A handle holds a cell with the engine, null once disposed. */
typedef struct EngineKind {
  napi_type_tag tag;
  void (*close)(void *engine); /* does nothing with null */
} EngineKind;

static inline void engine_finalize(napi_env env, void *cell, void *kind) {
  (void)env;
  ((const EngineKind *)kind)->close(*(void **)cell);
  free(cell);
}

/* A handle to the engine. Null, with an error thrown and the engine closed, when out of memory: it may be null, too. */
static inline napi_value engine_handle(napi_env env, void *engine, const EngineKind *kind) {
  napi_value external;
  void **cell = engine ? malloc(sizeof *cell) : 0;
  if (cell) *cell = engine;
  if (!cell || napi_create_external(env, cell, engine_finalize, (void *)kind, &external) != napi_ok) {
    kind->close(engine);
    free(cell);
    return fail(env, "out of memory: cannot set up the engine");
  }
  napi_type_tag_object(env, external, &kind->tag);
  return external;
}

/* The engine that a handle holds; null, with an error thrown, where it is none of this kind or disposed. */
static inline void *engine_of(napi_env env, napi_value value, const EngineKind *kind) {
  void **cell = held_by(env, value, &kind->tag);
  if (cell && !*cell) fail(env, "the engine was disposed");
  return cell ? *cell : 0;
}

/* dispose(engine): frees memory and threads now rather than when the handle is collected. */
static inline napi_value engine_dispose(napi_env env, napi_callback_info info, const EngineKind *kind) {
  napi_value handle;
  size_t count = 1;
  if (napi_get_cb_info(env, info, &count, &handle, 0, 0) != napi_ok) return 0;
  void *engine = engine_of(env, handle, kind);
  if (!engine) return 0;
  *(void **)held_by(env, handle, &kind->tag) = 0;
  kind->close(engine);
  return 0;
}

/* { name: function, … }, or null */
static inline napi_value exported(napi_env env, const ExportedFunction *functions, size_t count) {
  napi_value object, function;
  if (napi_create_object(env, &object) != napi_ok) return 0;
  for (size_t k = 0; k < count; k++)
    if (napi_create_function(env, functions[k].name, NAPI_AUTO_LENGTH, functions[k].call, 0, &function) != napi_ok ||
        napi_set_named_property(env, object, functions[k].name, function) != napi_ok)
      return 0;
  return object;
}

/* CORES, and core_in: the build that JavaScript names by a string. Null, with an error thrown, where there is none such. */
#define NAMED_CORES(Core, kind)                                                                      \
  CORES(Core, kind)                                                                                  \
  static const Core *core_in(napi_env env, napi_value value) {                                       \
    char name[32];                                                                                   \
    size_t length;                                                                                   \
    if (napi_get_value_string_utf8(env, value, name, sizeof name, &length) != napi_ok) {             \
      fail(env, "the instruction set must be a string");                                             \
      return 0;                                                                                      \
    }                                                                                                \
    const Core *core = core_named(name);                                                             \
    if (!core) fail(env, "this processor or build lacks the instruction set asked for");             \
    return core;                                                                                     \
  }

/* The exports of each network. */
napi_value egnn_exports(napi_env env);
napi_value painn_exports(napi_env env);
napi_value geodiff_exports(napi_env env);
napi_value unet_exports(napi_env env);

#endif
