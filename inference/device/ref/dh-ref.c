#include "dh-host-train-private.h"
#include "dh-ref-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-machine.h"

enum
{
  MAX_PARAMETERS = 4, /* of one node: a norm's */
};

typedef struct
{
  DhPlan common;
  DhGraph *graph;
  DhShape *shapes;
  gboolean *needed;
  DhValue *last_reader; /* of each value: where it is freed; the graph's size for an output */
  DhValue *outputs;
  guint n_outputs;
  DhTensor *(*parameters)[MAX_PARAMETERS]; /* of each node, in the order of dh_graph_list_parameters() */
} RefPlan;

static void
list (GPtrArray *infos)
{
  DhDeviceInfo *info = dh_device_info_new ("ref", "ref", dh_machine_processor ());
  info->available = TRUE;
  info->memory = dh_machine_memory ();
  info->precisions = info->training = 1u << DH_PRECISION_F32;
  g_ptr_array_add (infos, info);
}

static DhDevice *
open_device (guint index, guint threads, GError **error)
{
  DhDevice *device = g_new0 (DhDevice, 1);
  device->name = g_strdup ("ref");
  device->title = g_strdup (dh_machine_processor ());
  device->threads = threads;
  device->precisions = 1u << DH_PRECISION_F32;
  return device;
}

static void
close_device (DhDevice *device)
{
  g_free (device->name);
  g_free (device->title);
  g_free (device);
}

static gsize
value_bytes (const DhNode *node, DhShape shape)
{
  const gboolean bytes = node->op == DH_OP_SCORE && node->map == DH_MAP_SEGMENTATION;
  return (gsize)shape.n * shape.c * shape.h * shape.w * (bytes ? 1 : sizeof (float));
}

static gsize
shape_bytes (const RefPlan *plan, DhValue value)
{
  return value_bytes (dh_graph_node (plan->graph, value), plan->shapes[value]);
}

/* The most bytes of values alive at one time. The input is the caller's. */
static guint64
peak_bytes (const DhGraph *graph, const DhShape *shapes, const gboolean *needed, const DhValue *last_reader)
{
  guint64 alive = 0, peak = 0;
  for (DhValue i = 0; i < (DhValue)dh_graph_size (graph); i++)
    {
      const DhNode *node = dh_graph_node (graph, i);
      if (!needed[i] || node->op == DH_OP_INPUT)
        continue;
      alive += value_bytes (node, shapes[i]);
      peak = MAX (peak, alive);
      for (guint j = 0; j < node->n_inputs; j++)
        {
          const DhValue x = node->inputs[j];
          gboolean again = FALSE;
          for (guint k = 0; k < j; k++)
            again |= node->inputs[k] == x;
          if (last_reader[x] == i && !again && dh_graph_node (graph, x)->op != DH_OP_INPUT)
            alive -= value_bytes (dh_graph_node (graph, x), shapes[x]);
        }
    }
  return peak;
}

static DhValue *
find_last_readers (const DhGraph *graph, const gboolean *needed, const DhValue *outputs, guint n_outputs)
{
  const DhValue size = (DhValue)dh_graph_size (graph);
  DhValue *last = g_new0 (DhValue, size);
  for (DhValue i = 0; i < size; i++)
    for (guint j = 0; needed[i] && j < dh_graph_node (graph, i)->n_inputs; j++)
      last[dh_graph_node (graph, i)->inputs[j]] = i;
  for (guint i = 0; i < n_outputs; i++)
    last[outputs[i]] = size;
  return last;
}

static guint64
estimate (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhPlanOptions *options)
{
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, options->outputs, options->n_outputs);
  g_autofree DhValue *last = find_last_readers (graph, needed, options->outputs, options->n_outputs);
  return peak_bytes (graph, shapes, needed, last);
}

static void
free_plan (DhPlan *common)
{
  RefPlan *plan = (RefPlan *)common;
  for (guint i = 0; plan->parameters && i < dh_graph_size (plan->graph); i++)
    for (guint j = 0; j < MAX_PARAMETERS; j++)
      dh_tensor_unref (plan->parameters[i][j]);
  g_free (plan->parameters);
  g_free (plan->shapes);
  g_free (plan->needed);
  g_free (plan->last_reader);
  g_free (plan->outputs);
  dh_graph_unref (plan->graph);
  g_free (plan);
}

static gboolean
take_parameters (RefPlan *plan, DhTensorDict *parameters, GError **error)
{
  g_autoptr (GArray) wanted = dh_graph_list_parameters (plan->graph, plan->outputs, plan->n_outputs);
  plan->parameters = g_malloc0_n (dh_graph_size (plan->graph), sizeof *plan->parameters);
  for (guint i = 0; i < wanted->len; i++)
    {
      const DhParameter *parameter = &g_array_index (wanted, DhParameter, i);
      DhTensor **place = plan->parameters[parameter->node];
      while (*place)
        place++;
      *place = dh_tensor_to_f32 (dh_tensor_dict_get (parameters, parameter->name));
      if (!*place)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights “%s”",
                       parameter->name);
          return FALSE;
        }
      plan->common.memory += dh_tensor_size_bytes (*place);
    }
  return TRUE;
}

static DhPlan *
compile (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
         const DhPlanOptions *options, GError **error)
{
  RefPlan *plan = g_new0 (RefPlan, 1);
  plan->graph = dh_graph_ref (graph);
  plan->shapes = g_memdup2 (shapes, dh_graph_size (graph) * sizeof *shapes);
  plan->outputs = g_memdup2 (options->outputs, options->n_outputs * sizeof *options->outputs);
  plan->n_outputs = options->n_outputs;
  plan->needed = dh_graph_mark_needed (graph, plan->outputs, plan->n_outputs);
  plan->last_reader = find_last_readers (graph, plan->needed, plan->outputs, plan->n_outputs);
  if (!take_parameters (plan, parameters, error))
    {
      free_plan (&plan->common);
      return NULL;
    }
  plan->common.memory += peak_bytes (graph, shapes, plan->needed, plan->last_reader);
  return &plan->common;
}

static gboolean
run_node (RefPlan *plan, DhValue value, gpointer *values)
{
  const DhNode *node = dh_graph_node (plan->graph, value);
  const float *weights[MAX_PARAMETERS] = { NULL };
  for (guint i = 0; i < MAX_PARAMETERS; i++)
    if (plan->parameters[value][i])
      weights[i] = dh_tensor_f32 (plan->parameters[value][i]);

  g_autofree const float **x = g_new (const float *, node->n_inputs);
  g_autofree DhShape *from = g_new (DhShape, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    {
      x[i] = values[node->inputs[i]];
      from[i] = plan->shapes[node->inputs[i]];
    }
  if (node->op == DH_OP_CONV)
    return dh_ref_conv (node, x[0], from[0], weights[0], weights[1], values[value], plan->shapes[value],
                        plan->common.device->threads);
  dh_ref_operate (node, x, from, weights, values[value], plan->shapes[value]);
  return TRUE;
}

static gboolean
run_step (RefPlan *plan, DhValue value, gpointer *values, GError **error)
{
  const DhNode *node = dh_graph_node (plan->graph, value);
  const gint64 begin = g_get_monotonic_time ();
  values[value] = g_try_malloc (shape_bytes (plan, value));
  if (!values[value] || !run_node (plan, value, values))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                   "Memory is too short for the %s “%s”: this image needs about %.0f MiB; use a smaller scale",
                   dh_op_name (node->op), node->name, (double)plan->common.memory / (1 << 20));
      return FALSE;
    }
  for (guint i = 0; i < node->n_inputs; i++)
    {
      const DhValue x = node->inputs[i];
      if (plan->last_reader[x] == value && dh_graph_node (plan->graph, x)->op != DH_OP_INPUT)
        g_clear_pointer (&values[x], g_free);
    }
  if (plan->common.timing)
    {
      g_autofree char *name = g_strdup_printf ("%s (%s)", node->name, dh_op_name (node->op));
      dh_plan_add_step (&plan->common, name, "plain C", 1e-6 * (double)(g_get_monotonic_time () - begin),
                        dh_graph_node_flop (plan->graph, plan->shapes, value));
    }
  return TRUE;
}

static gboolean
run (DhPlan *common, const float *input, void *const *outputs, GCancellable *cancellable, const DhProgress *progress,
     GError **error)
{
  RefPlan *plan = (RefPlan *)common;
  const DhValue size = (DhValue)dh_graph_size (plan->graph);
  g_autofree gpointer *values = g_new0 (gpointer, size);
  gboolean ok = TRUE;
  for (DhValue i = 0; ok && i < size; i++)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      if (!plan->needed[i])
        continue;
      ok = !g_cancellable_set_error_if_cancelled (cancellable, error);
      if (ok && node->op == DH_OP_INPUT)
        values[i] = (gpointer)input;
      else if (ok)
        ok = run_step (plan, i, values, error);
      if (ok)
        dh_progress_report (progress, (guint64)i + 1, (guint64)size, node->name);
    }
  for (guint i = 0; ok && i < plan->n_outputs; i++)
    memcpy (outputs[i], values[plan->outputs[i]], shape_bytes (plan, plan->outputs[i]));
  for (DhValue i = 0; i < size; i++)
    if (dh_graph_node (plan->graph, i)->op != DH_OP_INPUT)
      g_free (values[i]);
  return ok;
}

static char *
describe (DhPlan *common)
{
  RefPlan *plan = (RefPlan *)common;
  GString *text = g_string_new (NULL);
  for (DhValue i = 0; i < (DhValue)dh_graph_size (plan->graph); i++)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      const DhShape shape = plan->shapes[i];
      if (plan->needed[i])
        g_string_append_printf (text, "%4d  %-14s %d×%d×%d×%d  %s  plain C\n", i, dh_op_name (node->op), shape.n,
                                shape.c, shape.h, shape.w, node->name);
    }
  g_string_append_printf (text, "ref: %.1f MiB\n", (double)common->memory / (1 << 20));
  return g_string_free (text, FALSE);
}

static DhTrainPlan *
compile_training (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                  DhTensorDict *gradients, const DhTrainOptions *options, GError **error)
{
  return dh_host_train_new (device, graph, shapes, parameters, gradients, options, &dh_host_conv_ref, error);
}

const DhDeviceFunctions dh_device_ref_functions = {
  .list = list,
  .open = open_device,
  .close = close_device,
  .compile = compile,
  .run = run,
  .free_plan = free_plan,
  .describe = describe,
  .estimate = estimate,
  .compile_training = compile_training,
  .train = dh_host_train_run,
  .free_training = dh_host_train_free,
};
