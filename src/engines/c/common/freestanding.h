/* What clang calls for large copies where there is no C library. */
#ifndef FREESTANDING_H
#define FREESTANDING_H

#include <stddef.h>

void *memset(void *to, int value, size_t count) {
  char *t = to;
  while (count--) *t++ = (char)value;
  return to;
}
void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  char *t = to;
  const char *f = from;
  while (count--) *t++ = *f++;
  return to;
}

#endif
