/* The choice among the builds of a numerical core, one for each instruction set. CORES(EgnnCore, egnn) defines
 * core_named over egnn_base, egnn_avx2 and egnn_avx512: the build of that name, for "" the best; null where this
 * processor or this build has none such. */
#ifndef CORES_H
#define CORES_H

#include <string.h>

#if defined(__x86_64__)
/* 2: AVX-512, 1: AVX2, 0: neither. */
static int widest_build(void) {
  __builtin_cpu_init();
  int middle = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl");
  return wide ? 2 : middle;
}

#define CORES(Core, kind)                                               \
  extern const Core kind##_base, kind##_avx2, kind##_avx512;            \
  static const Core *core_named(const char *name) {                     \
    const Core *builds[] = {&kind##_base, &kind##_avx2, &kind##_avx512}; \
    for (int k = widest_build(); k >= 0; k--)                           \
      if (!name[0] || strcmp(name, builds[k]->name) == 0) return builds[k]; \
    return 0;                                                           \
  }
#else
#define CORES(Core, kind)                                                    \
  extern const Core kind##_base;                                             \
  static const Core *core_named(const char *name) {                          \
    return !name[0] || strcmp(name, kind##_base.name) == 0 ? &kind##_base : 0; \
  }
#endif

#endif
