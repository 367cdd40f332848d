/* Memory that a host keeps from call to call. */
#ifndef BLOCK_H
#define BLOCK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

typedef struct Block {
  void *memory;
  size_t bytes;
} Block;

/* Makes a block at least this large, contents undefined. Memory is kept for the next call. */
static int block_reserve(Block *b, uint64_t bytes, const char *what, char *error, size_t room) {
  if (b->bytes >= bytes) return 1;
  free(b->memory);
  b->memory = 0;
  b->bytes = 0;
  const size_t huge = 2u << 20;
  if (bytes > SIZE_MAX / 2 || posix_memalign(&b->memory, bytes < huge ? 64 : huge, bytes) != 0) {
    b->memory = 0;
    snprintf(error, room, "out of memory: %.0f MB for %s", (double)bytes / 1e6, what);
    return 0;
  }
#if defined(MADV_HUGEPAGE)
  if (bytes >= huge) madvise(b->memory, bytes, MADV_HUGEPAGE); /* fewer misses of the address cache */
#endif
  b->bytes = bytes;
  return 1;
}

#endif
