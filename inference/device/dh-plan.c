#include "dh-device-private.h"

#include "dh-debug.h"
#include "dh-error.h"

static void
clear_step (gpointer data)
{
  DhPlanStep *step = data;
  g_free (step->name);
  g_free (step->implementation);
}

GArray *
dh_plan_steps_new (void)
{
  GArray *steps = g_array_new (FALSE, TRUE, sizeof (DhPlanStep));
  g_array_set_clear_func (steps, clear_step);
  return steps;
}

GArray *
dh_plan_steps_copy (const GArray *steps)
{
  GArray *copy = dh_plan_steps_new ();
  for (guint i = 0; i < steps->len; i++)
    {
      DhPlanStep step = g_array_index (steps, DhPlanStep, i);
      step.name = g_strdup (step.name);
      step.implementation = g_strdup (step.implementation);
      g_array_append_val (copy, step);
    }
  return copy;
}

void
dh_plan_add_step (DhPlan *plan, const char *name, const char *implementation, double seconds, double flop)
{
  const DhPlanStep step = {
    .name = g_strdup (name), .implementation = g_strdup (implementation), .seconds = seconds, .flop = flop
  };
  g_array_append_val (plan->steps, step);
}

gboolean
dh_check_parameters (const DhGraph *graph, DhTensorDict *parameters, const DhValue *outputs, guint n_outputs,
                     GError **error)
{
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, outputs, n_outputs);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *wanted = &g_array_index (list, DhParameter, i);
      DhTensor *tensor = parameters ? dh_tensor_dict_get (parameters, wanted->name) : NULL;
      if (!tensor)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                       "The weights lack “%s”, which the network needs; they may belong to another network",
                       wanted->name);
          return FALSE;
        }
      gboolean same = tensor->n_dims == wanted->n_dims;
      for (guint d = 0; same && d < wanted->n_dims; d++)
        same = tensor->dims[d] == wanted->dims[d];
      if (!same)
        {
          g_autofree char *found = dh_tensor_shape_string (tensor);
          g_autoptr (GString) expected = g_string_new (NULL);
          for (guint d = 0; d < wanted->n_dims; d++)
            g_string_append_printf (expected, "%s%" G_GINT64_FORMAT, d ? "×" : "", wanted->dims[d]);
          g_set_error (
              error, DH_ERROR, DH_ERROR_MISMATCH,
              "The tensor “%s” has the shape %s, but the network needs %s; the weights belong to another network",
              wanted->name, found, expected->str);
          return FALSE;
        }
      if (tensor->dtype > DH_DTYPE_F64)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The tensor “%s” holds %s, not floating-point numbers",
                       wanted->name, dh_dtype_name (tensor->dtype));
          return FALSE;
        }
    }
  return TRUE;
}

DhPlan *
dh_plan_new (DhDevice *device, DhGraph *graph, DhTensorDict *parameters, const DhPlanOptions *options, GError **error)
{
  g_return_val_if_fail (device != NULL && graph != NULL && options != NULL, NULL);
  g_return_val_if_fail (options->outputs != NULL && options->n_outputs > 0, NULL);
  for (guint i = 0; i < options->n_outputs; i++)
    g_return_val_if_fail (options->outputs[i] >= 0 && (guint)options->outputs[i] < dh_graph_size (graph), NULL);
  if (options->precision >= DH_N_PRECISIONS || !dh_device_has_precision (device, options->precision))
    {
      const char *name = options->precision < DH_N_PRECISIONS ? dh_precision_name (options->precision) : "this";
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "The device “%s” (%s) cannot compute in %s precision; use f32", device->name, device->title, name);
      return NULL;
    }
  if (options->precision == DH_PRECISION_INT8 && !options->calibration)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE,
                           "The precision int8 needs a calibration: the ranges of the values, found on images");
      return NULL;
    }
  if (options->ranges
      && (options->precision != DH_PRECISION_F32 || !dh_device_has_precision (device, DH_PRECISION_INT8)))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The device “%s” (%s) cannot find ranges for int8",
                   device->name, device->title);
      return NULL;
    }
  if (g_cancellable_set_error_if_cancelled (options->cancellable, error))
    return NULL;
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, options->input, error);
  if (!shapes || !dh_check_parameters (graph, parameters, options->outputs, options->n_outputs, error))
    return NULL;

  GError *reason = NULL;
  DhPlan *plan = device->functions->compile (device, graph, shapes, parameters, options, &reason);
  /* Each time there is less that it can be lost with. */
  while (!plan && dh_device_begin_anew (device, &reason))
    plan = device->functions->compile (device, graph, shapes, parameters, options, &reason);
  if (!plan)
    {
      g_propagate_error (error, reason);
      return NULL;
    }
  g_atomic_ref_count_init (&plan->refs);
  plan->functions = device->functions;
  plan->device = dh_device_ref (device);
  if (!plan->steps)
    plan->steps = dh_plan_steps_new ();
  if (dh_debug (DH_DEBUG_PLAN))
    {
      g_autofree char *text = dh_plan_to_string (plan);
      g_printerr ("%s", text);
    }
  return plan;
}

DhPlan *
dh_plan_ref (DhPlan *plan)
{
  g_return_val_if_fail (plan != NULL, NULL);
  g_atomic_ref_count_inc (&plan->refs);
  return plan;
}

void
dh_plan_unref (DhPlan *plan)
{
  if (!plan || !g_atomic_ref_count_dec (&plan->refs))
    return;
  DhDevice *device = plan->device;
  g_clear_pointer (&plan->steps, g_array_unref);
  plan->functions->free_plan (plan);
  dh_device_unref (device);
}

gboolean
dh_plan_run (DhPlan *plan, const float *input, void *const *outputs, GCancellable *cancellable,
             const DhProgress *progress, GError **error)
{
  g_return_val_if_fail (plan != NULL && input != NULL && outputs != NULL && plan->n_in_flight == 0, FALSE);
  const gboolean was_timing = plan->timing;
  plan->timing = was_timing || dh_debug (DH_DEBUG_LAYERS);
  if (plan->timing)
    g_array_set_size (plan->steps, 0);
  const gboolean ok = !g_cancellable_set_error_if_cancelled (cancellable, error)
                      && plan->functions->run (plan, input, outputs, cancellable, progress, error);
  plan->timing = was_timing;
  if (ok && dh_debug (DH_DEBUG_LAYERS))
    for (guint i = 0; i < plan->steps->len; i++)
      {
        const DhPlanStep *step = &g_array_index (plan->steps, DhPlanStep, i);
        g_printerr ("%9.3f ms %8.1f GFLOP/s  %-32s %s\n", 1e3 * step->seconds,
                    step->seconds > 0 ? 1e-9 * step->flop / step->seconds : 0.0, step->implementation, step->name);
      }
  return ok;
}

guint
dh_plan_depth (DhPlan *plan)
{
  g_return_val_if_fail (plan != NULL, 0);
  return plan->functions->depth;
}

guint
dh_plan_in_flight (DhPlan *plan)
{
  g_return_val_if_fail (plan != NULL, 0);
  return plan->n_in_flight;
}

gboolean
dh_plan_begin (DhPlan *plan, const float *input, void *const *outputs, GError **error)
{
  g_return_val_if_fail (plan != NULL && input != NULL && plan->n_in_flight < plan->functions->depth, FALSE);
  if (plan->functions->begin (plan, input, outputs, error))
    plan->n_in_flight++;
  else
    plan->n_in_flight = 0;
  return plan->n_in_flight > 0;
}

gboolean
dh_plan_begin_rgb (DhPlan *plan, const guint8 *rgb, void *const *outputs, GError **error)
{
  g_return_val_if_fail (plan != NULL && rgb != NULL && plan->n_in_flight < plan->functions->depth, FALSE);
  if (plan->functions->begin_rgb (plan, rgb, outputs, error))
    plan->n_in_flight++;
  else
    plan->n_in_flight = 0;
  return plan->n_in_flight > 0;
}

gboolean
dh_plan_end (DhPlan *plan, GError **error)
{
  g_return_val_if_fail (plan != NULL && plan->n_in_flight > 0, FALSE);
  if (plan->timing)
    g_array_set_size (plan->steps, 0);
  const gboolean ok = plan->functions->end (plan, error);
  plan->n_in_flight = ok ? plan->n_in_flight - 1 : 0;
  return ok;
}

guint64
dh_plan_memory (DhPlan *plan)
{
  g_return_val_if_fail (plan != NULL, 0);
  return plan->memory;
}

double
dh_plan_device_seconds (DhPlan *plan)
{
  g_return_val_if_fail (plan != NULL, 0);
  return plan->device_seconds;
}

void
dh_plan_set_timing (DhPlan *plan, gboolean on)
{
  g_return_if_fail (plan != NULL);
  plan->timing = on;
}

GArray *
dh_plan_list_steps (DhPlan *plan)
{
  g_return_val_if_fail (plan != NULL, NULL);
  return dh_plan_steps_copy (plan->steps);
}

char *
dh_plan_to_string (DhPlan *plan)
{
  g_return_val_if_fail (plan != NULL, NULL);
  if (plan->functions->describe)
    return plan->functions->describe (plan);
  return g_strdup_printf ("%s: a plan of %.1f MiB\n", plan->device->name, (double)plan->memory / (1 << 20));
}

char *
dh_plan_list_remarks (DhPlan *plan)
{
  g_return_val_if_fail (plan != NULL, NULL);
  return plan->functions->list_remarks ? plan->functions->list_remarks (plan) : g_strdup ("");
}
