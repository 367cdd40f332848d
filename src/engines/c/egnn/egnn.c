/* The numerical core, compiled once per instruction set: VL floats per vector, MR rows per register tile, CORE the
 * name of the exported table, CORE_NAME what users read. See egnn.h for the contract with the hosts. */
#include "egnn_backward.h"
#include "egnn_pack.h"
#include "muon.h"

static size_t core_parameter_count(const EgnnConfig *c) {
  size_t hidden = c->hidden, features = edge_features_of(c), before = c->baseline ? 3 : 0;
  size_t in = before + c->in_features, out = before + (c->baseline ? c->out_features : c->in_features);
  size_t edge = (2 * hidden + features + 1) * hidden + (hidden + 1) * hidden;
  size_t convolution = edge + (2 * hidden + 1) * hidden + (hidden + 1) * hidden + (c->attention ? hidden + 1 : 0);
  size_t block = c->baseline ? convolution : c->sublayers * convolution + edge + hidden;
  return (in + 1) * hidden + c->layers * block + (hidden + 1) * out;
}
static size_t core_weights_bytes(const EgnnModel *m) { return whole_lines(m->packed * sizeof(float)); }
static size_t core_partial_bytes(const EgnnModel *m) { return whole_lines(m->partial * sizeof(float)); }
static int core_lanes(const EgnnPlan *p) { return p->lanes; }
static int core_pack_tasks(const EgnnModel *m) { return m->linear_count + edge_layer_count(m); }
static int core_forward_tasks(const EgnnPlan *p) { return (int)p->groups; }
static void core_reduce(const EgnnCall *call, int task) { reduce(call, task, call->plan->lanes); }

static uint64_t core_workspace_bytes(const EgnnModel *m, const EgnnPlan *plan, const EgnnBatch *batch, int training) {
  uint64_t most = 0;
  for (int64_t k = 0; k < plan->groups; k++) {
    Workspace w;
    const Group *g = &plan->group[k];
    uint64_t bytes = workspace_layout(&w, m, g, largest_molecule(plan, batch, g), training, 0);
    if (bytes > most) most = bytes;
  }
  return most;
}

const EgnnCore CORE = {
    .name = CORE_NAME,
    .parameter_count = core_parameter_count,
    .model_bytes = model_bytes,
    .model_init = model_init,
    .weights_bytes = core_weights_bytes,
    .partial_bytes = core_partial_bytes,
    .plan_bytes = plan_bytes,
    .plan_init = plan_init,
    .lanes = core_lanes,
    .workspace_bytes = core_workspace_bytes,
    .pack_tasks = core_pack_tasks,
    .pack = pack,
    .forward_tasks = core_forward_tasks,
    .forward = forward,
    .train = train,
    .reduce_tasks = core_pack_tasks,
    .reduce = core_reduce,
    .chunks = chunks_of,
    .square_sum = square_sum,
    .update_workspace = update_workspace,
    .update_tasks = update_tasks,
    .update = update_parameters,
};
