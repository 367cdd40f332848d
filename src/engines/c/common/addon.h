/* What the Node-API bindings of all networks share. */
#ifndef ADDON_H
#define ADDON_H

#include <stdbool.h>
#include <stddef.h>

#include <node_api.h>

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

/* The exports of each network. */
napi_value egnn_exports(napi_env env);
napi_value painn_exports(napi_env env);
napi_value geodiff_exports(napi_env env);

#endif
