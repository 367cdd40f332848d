/* The add-on: { egnn, painn, geodiff, unet }. */
#include "addon.h"

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_value (*make)(napi_env);
  } networks[] = {{"egnn", egnn_exports}, {"painn", painn_exports}, {"geodiff", geodiff_exports}, {"unet", unet_exports}};
  for (size_t k = 0; k < sizeof networks / sizeof *networks; k++) {
    napi_value object = networks[k].make(env);
    if (!object || napi_set_named_property(env, exports, networks[k].name, object) != napi_ok) return 0;
  }
  return exports;
}
