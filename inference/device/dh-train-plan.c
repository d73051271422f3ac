#include "dh-device-private.h"

#include "dh-error.h"

/* Every norm that the outputs need sees several values a channel. */
static gboolean
check_norms (DhGraph *graph, const DhShape *shapes, const DhValue *outputs, guint n_outputs, GError **error)
{
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, outputs, n_outputs);
  for (DhValue i = 0; i < (DhValue)dh_graph_size (graph); i++)
    {
      const DhNode *node = dh_graph_node (graph, i);
      if (needed[i] && node->op == DH_OP_NORM && (gint64)shapes[i].n * shapes[i].h * shapes[i].w < 2)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                       "The batch norm “%s” would see a single value: the batch size must be at least 2", node->name);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
dh_train_check_norms (DhGraph *graph, const DhTrainOptions *options, GError **error)
{
  g_return_val_if_fail (graph != NULL && options != NULL, FALSE);
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, options->input, error);
  return shapes && check_norms (graph, shapes, outputs, options->logits_ood == DH_NO_VALUE ? 1 : 2, error);
}

static gboolean
check_gradients (const DhGraph *graph, DhTensorDict *parameters, DhTensorDict *gradients, const DhValue *outputs,
                 guint n_outputs, GError **error)
{
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, outputs, n_outputs);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *wanted = &g_array_index (list, DhParameter, i);
      const DhTensor *value = dh_tensor_dict_get (parameters, wanted->name);
      const DhTensor *gradient = dh_tensor_dict_get (gradients, wanted->name);
      if (value->dtype == DH_DTYPE_F32
          && (!wanted->trained
              || (gradient && gradient->dtype == DH_DTYPE_F32
                  && dh_tensor_count (gradient) == dh_tensor_count (value))))
        continue;
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "“%s” cannot be trained: its values and its gradient must be %s",
                   wanted->name, "float32 of one shape");
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_choices (DhTrainPlan *plan, const char *wanted, GError **error)
{
  g_autofree char *made = wanted ? dh_train_plan_dup_choices (plan) : NULL;
  if (!wanted || g_str_equal (wanted, made))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "Here it would not be computed to the last bit as before: then by %s, now by %s", wanted, made);
  return FALSE;
}

DhTrainPlan *
dh_train_plan_new (DhDevice *device, DhGraph *graph, DhTensorDict *parameters, DhTensorDict *gradients,
                   const DhTrainOptions *options, GError **error)
{
  g_return_val_if_fail (device != NULL && graph != NULL && options != NULL, NULL);
  g_return_val_if_fail (parameters != NULL && gradients != NULL, NULL);
  g_return_val_if_fail (options->state == NULL || options->state->device == device, NULL);
  if (!device->functions->compile_training)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The device “%s” (%s) cannot train; use another one",
                   device->name, device->title);
      return NULL;
    }
  if (!dh_device_trains_in (device, options->precision))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The device “%s” (%s) cannot train in %s precision; use f32",
                   device->name, device->title,
                   options->precision < DH_N_PRECISIONS ? dh_precision_name (options->precision) : "this");
      return NULL;
    }
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  const guint n_outputs = options->logits_ood == DH_NO_VALUE ? 1 : 2;
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, options->input, error);
  if (!shapes || !dh_check_parameters (graph, parameters, outputs, n_outputs, error)
      || !check_gradients (graph, parameters, gradients, outputs, n_outputs, error)
      || !check_norms (graph, shapes, outputs, n_outputs, error))
    return NULL;
  GError *reason = NULL;
  DhTrainPlan *plan =
      device->functions->compile_training (device, graph, shapes, parameters, gradients, options, &reason);
  /* Each time there is less that it can be lost with. */
  while (!plan && dh_device_begin_anew (device, &reason))
    plan = device->functions->compile_training (device, graph, shapes, parameters, gradients, options, &reason);
  if (!plan)
    {
      g_propagate_error (error, reason);
      return NULL;
    }
  plan->device = dh_device_ref (device);
  plan->options = *options;
  plan->options.choices = NULL;
  plan->classes = dh_graph_node (graph, options->logits)->channels;
  if (!plan->steps)
    plan->steps = dh_plan_steps_new ();
  if (check_choices (plan, options->choices, error))
    return plan;
  dh_train_plan_free (plan);
  return NULL;
}

char *
dh_train_plan_dup_choices (DhTrainPlan *plan)
{
  const DhDevice *device = plan->device;
  g_autofree char *more = device->functions->describe_training ? device->functions->describe_training (plan) : NULL;
  return g_strdup_printf ("%s, %s, %u threads, %s%s%s", device->name, device->title, device->threads,
                          dh_precision_name (plan->options.precision), more ? ", " : "", more ? more : "");
}

void
dh_train_plan_free (DhTrainPlan *plan)
{
  if (!plan)
    return;
  DhDevice *device = plan->device;
  g_clear_pointer (&plan->steps, g_array_unref);
  device->functions->free_training (plan);
  dh_device_unref (device);
}

static double
value_bytes (const DhNode *node, DhShape shape)
{
  return node->op == DH_OP_INPUT ? 0 : 4.0 * shape.n * shape.c * shape.h * shape.w;
}

/* Norms, ReLUs, concats and dropouts are made where they are read and dropped behind it. */
static gboolean
is_made_again (const DhNode *node)
{
  return node->op == DH_OP_NORM || node->op == DH_OP_RELU || node->op == DH_OP_CONCAT || node->op == DH_OP_DROPOUT
         || node->op == DH_OP_CHANNEL_SCALE;
}

/* What a step holds, by going through its backward pass: the values up to the node, the gradients of what it reads and
 * writes, and what is made again to read it. */
static double
peak_bytes (DhGraph *graph, const DhShape *shapes, const DhTrainOptions *options)
{
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  const DhValue size = (DhValue)dh_graph_size (graph);
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, outputs, options->logits_ood == DH_NO_VALUE ? 1 : 2);
  g_autofree DhValue *last = g_new (DhValue, size); /* reader: the gradient lives from it to the node */
  double values = 0, gradients = 0, peak = 0;
  for (DhValue i = 0; i < size; i++)
    {
      const DhNode *node = dh_graph_node (graph, i);
      last[i] = i;
      for (guint j = 0; needed[i] && j < node->n_inputs; j++)
        last[node->inputs[j]] = i;
      values += needed[i] && !is_made_again (node) ? value_bytes (node, shapes[i]) : 0;
    }
  for (DhValue i = size - 1; i >= 0; i--)
    {
      const DhNode *node = dh_graph_node (graph, i);
      double made = 0;
      gradients += needed[i] && last[i] == i ? value_bytes (node, shapes[i]) : 0;
      for (guint j = 0; needed[i] && j < node->n_inputs; j++)
        {
          const DhValue x = node->inputs[j];
          gradients += last[x] == i ? value_bytes (dh_graph_node (graph, x), shapes[x]) : 0;
          made +=
              (is_made_again (dh_graph_node (graph, x)) ? 2 : 1) * value_bytes (dh_graph_node (graph, x), shapes[x]);
        }
      peak = MAX (peak, values + gradients + made);
      if (!needed[i])
        continue;
      gradients -= value_bytes (node, shapes[i]);
      values -= is_made_again (node) ? 0 : value_bytes (node, shapes[i]);
    }
  return peak;
}

guint64
dh_train_plan_estimate_bytes (DhDevice *device, DhGraph *graph, const DhTrainOptions *options)
{
  g_return_val_if_fail (device != NULL && graph != NULL && options != NULL, 0);
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, options->input, NULL);
  if (!shapes)
    return G_MAXUINT64;
  if (device->functions->estimate_training)
    return device->functions->estimate_training (device, graph, shapes, options);
  const double bytes = peak_bytes (graph, shapes, options);
  return bytes < 9e18 ? (guint64)bytes : G_MAXUINT64;
}

gboolean
dh_train_plan_run (DhTrainPlan *plan, const float *input, const guint8 *labels, guint64 seed, double weight,
                   DhLosses *losses, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (plan != NULL && input != NULL && labels != NULL && losses != NULL, FALSE);
  const DhShape shape = plan->options.input;
  *losses = (DhLosses){ 0 };
  for (gsize i = 0; i < (gsize)shape.n * shape.h * shape.w; i++)
    {
      if (labels[i] > plan->classes + 1)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "A label is %d, but the network knows %d classes", labels[i],
                       plan->classes);
          return FALSE;
        }
      losses->labelled += labels[i] < plan->classes;
      losses->negatives += labels[i] == plan->classes + 1;
    }
  if (losses->labelled == 0)
    return TRUE;
  return plan->device->functions->train (plan, input, labels, seed, weight, losses, cancellable, error);
}

guint64
dh_train_plan_memory (DhTrainPlan *plan)
{
  g_return_val_if_fail (plan != NULL, 0);
  return plan->memory;
}

GArray *
dh_train_plan_list_steps (DhTrainPlan *plan)
{
  g_return_val_if_fail (plan != NULL, NULL);
  return dh_plan_steps_copy (plan->steps);
}

char *
dh_train_plan_list_remarks (DhTrainPlan *plan)
{
  g_return_val_if_fail (plan != NULL, NULL);
  const DhDeviceFunctions *functions = plan->device->functions;
  return functions->list_training_remarks ? functions->list_training_remarks (plan) : g_strdup ("");
}
