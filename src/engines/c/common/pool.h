/* A fixed team of POSIX threads. A stage's tasks are handed out one by one to whoever is free; the caller works
 * along and returns when all are done. One caller at a time. */
#ifndef POOL_H
#define POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef void (*PoolTask)(void *context, int task, int thread);

typedef struct Pool {
  int threads; /* that work: the workers, or the caller where there are none */
  int helpers;
  pthread_t *handles;
  pthread_mutex_t mutex;
  pthread_cond_t start, done;
  PoolTask work;
  void *context;
  int tasks;
  atomic_int next;
  int awake;               /* helpers still in the stage */
  unsigned long long stage; /* counts stages */
  int stopping;
} Pool;

typedef struct PoolHelper {
  Pool *pool;
  int thread;
} PoolHelper;

static void pool_take_tasks(Pool *p, int thread) {
  for (int task; (task = atomic_fetch_add(&p->next, 1)) < p->tasks;) p->work(p->context, task, thread);
}

static void *pool_helper(void *argument) {
  PoolHelper helper = *(PoolHelper *)argument;
  Pool *p = helper.pool;
  unsigned long long seen = 0;
  free(argument);
  pthread_mutex_lock(&p->mutex);
  for (;;) {
    while (p->stage == seen && !p->stopping) pthread_cond_wait(&p->start, &p->mutex);
    if (p->stopping) break;
    seen = p->stage;
    pthread_mutex_unlock(&p->mutex);
    pool_take_tasks(p, helper.thread);
    pthread_mutex_lock(&p->mutex);
    if (--p->awake == 0) pthread_cond_signal(&p->done);
  }
  pthread_mutex_unlock(&p->mutex);
  return 0;
}

/* Runs work(context, task, thread) for task = 0 … tasks − 1 on at most p->threads threads. */
static void pool_run(Pool *p, PoolTask work, void *context, int tasks) {
  p->work = work;
  p->context = context;
  p->tasks = tasks;
  atomic_store(&p->next, 0);
  if (p->threads == 1 || tasks <= 1) {
    pool_take_tasks(p, 0);
    return;
  }
  pthread_mutex_lock(&p->mutex);
  p->stage++;
  p->awake = p->threads;
  pthread_cond_broadcast(&p->start);
  while (p->awake > 0) pthread_cond_wait(&p->done, &p->mutex);
  pthread_mutex_unlock(&p->mutex);
}

static void pool_stop(Pool *p) {
  pthread_mutex_lock(&p->mutex);
  p->stopping = 1;
  pthread_cond_broadcast(&p->start);
  pthread_mutex_unlock(&p->mutex);
  for (int k = 0; k < p->helpers; k++) pthread_join(p->handles[k], 0);
  free(p->handles);
  pthread_mutex_destroy(&p->mutex);
  pthread_cond_destroy(&p->start);
  pthread_cond_destroy(&p->done);
}

/* Starts `threads` workers where more than one is wanted; works with fewer where the system refuses. Returns 0 when out
 * of memory. */
static int pool_start(Pool *p, int threads) {
  *p = (Pool){.threads = 1};
  p->handles = calloc(threads, sizeof(pthread_t));
  if (!p->handles) return 0;
  pthread_mutex_init(&p->mutex, 0);
  pthread_cond_init(&p->start, 0);
  pthread_cond_init(&p->done, 0);
  while (threads > 1 && p->helpers < threads) {
    PoolHelper *helper = malloc(sizeof(PoolHelper));
    if (!helper) break;
    *helper = (PoolHelper){p, p->helpers};
    if (pthread_create(&p->handles[p->helpers], 0, pool_helper, helper) != 0) {
      free(helper);
      break;
    }
    p->helpers++;
  }
  if (p->helpers > 0) p->threads = p->helpers;
  return 1;
}

#endif
