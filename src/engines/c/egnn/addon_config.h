/* Reads the configuration of a network from a JavaScript object, and checks each value. */
#ifndef ADDON_CONFIG_H
#define ADDON_CONFIG_H

#include <node_api.h>
#include <stdio.h>

#include "egnn.h"

static int number_property(napi_env env, napi_value object, const char *name, double *value) {
  napi_value property;
  return napi_get_named_property(env, object, name, &property) == napi_ok &&
         napi_get_value_double(env, property, value) == napi_ok;
}

/* Returns 0 and a message when a value is missing or out of range. */
static int read_config(napi_env env, napi_value object, EgnnConfig *config, int *threads, char *message, size_t room) {
  const struct {
    const char *name;
    int32_t *value;
    double least, most;
  } counts[] = {
      {"inFeatures", &config->in_features, 1, 4096},
      {"outFeatures", &config->out_features, 0, 4096},
      {"hidden", &config->hidden, 1, 8192},
      {"layers", &config->layers, 0, 1024},
      {"sublayers", &config->sublayers, 1, 64},
      {"attention", &config->attention, 0, 1},
      {"tanh", &config->tanh, 0, 1},
      {"mean", &config->mean, 0, 1},
      {"sinEmbedding", &config->sin_embedding, 0, 1},
      {"selfConditioning", &config->self_conditioning, 0, 1},
      {"baseline", &config->baseline, 0, 1},
      {"threads", threads, 1, 1024},
  };
  const struct {
    const char *name;
    float *value;
  } numbers[] = {
      {"coordsRange", &config->coords_range},
      {"normConstant", &config->norm_constant},
      {"normalizationFactor", &config->normalization_factor},
  };
  double value;
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
    double least = counts[k].least, most = counts[k].most;
    int found = number_property(env, object, counts[k].name, &value);
    if (!found || !(value >= least && value <= most) || value != (double)(int32_t)value) {
      snprintf(message, room, "%s must be a whole number from %g to %g", counts[k].name, least, most);
      return 0;
    }
    *counts[k].value = (int32_t)value;
  }
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
    if (!number_property(env, object, numbers[k].name, &value)) {
      snprintf(message, room, "%s must be a number", numbers[k].name);
      return 0;
    }
    *numbers[k].value = (float)value;
  }
  if (config->out_features > config->in_features) {
    snprintf(message, room, "outFeatures must not exceed inFeatures (%d)", config->in_features);
    return 0;
  }
  return 1;
}

#endif
