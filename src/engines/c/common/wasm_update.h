/* What the WebAssembly bindings that keep their packed weights share. */
#ifndef WASM_UPDATE_H
#define WASM_UPDATE_H

#include <stdint.h>

/* Copies `count` floats; whether any of them differed in its bits. */
__attribute__((export_name("update"))) int update(const int32_t *from, int32_t *to, int count) {
  int32_t changed = 0;
  for (int k = 0; k < count; k++) {
    changed |= from[k] ^ to[k];
    to[k] = from[k];
  }
  return changed != 0;
}

#endif
