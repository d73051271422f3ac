#ifdef _OPENMP
#include <omp.h>
#endif
#include <string.h>
#include "dh-debug.h"
#include "dh-error.h"
#include "dh-onednn-private.h"

/* Values of this size and more are written past the caches. */
#define STREAM_BYTES (8u << 20)

/* Built without OpenMP, this thread does everything itself. */
static void
use_threads (gint threads)
{
#ifdef _OPENMP
  omp_set_num_threads (threads);
#endif
}

static gint
this_thread (void)
{
#ifdef _OPENMP
  return omp_get_thread_num ();
#else
  return 0;
#endif
}

static void
step_free (gpointer data)
{
  DhCpuStep *step = data;
  if (step->clear != NULL)
    step->clear (step);
  g_free (step->name);
  g_free (step->implementation);
  g_free (step);
}

void
dh_cpu_free_plan (DhPlan *base)
{
  DhCpuPlan *plan = (DhCpuPlan *)base;
  g_clear_pointer (&plan->steps, g_ptr_array_unref);
  g_clear_pointer (&plan->buffers, g_ptr_array_unref);
  g_clear_pointer (&plan->allocations, g_ptr_array_unref);
  g_clear_pointer (&plan->packed, g_ptr_array_unref);
  g_clear_pointer (&plan->choices, g_hash_table_unref);
  dh_cpu_unmap_memory (plan->arena, plan->arena_bytes);
  g_free (plan->outputs);
  g_free (plan->output_bytes);
  g_free (plan->run_outputs);
  g_free (plan);
}

static float **
pointers (DhCpuPlan *plan, const DhCpuView *view)
{
  if (view == NULL || view->raw)
    return NULL;
  gsize plane = (gsize)view->h * view->w * plan->device->kernels->lanes;
  float **planes = dh_cpu_alloc (plan, view->n_planes, sizeof *planes);
  for (gint i = 0; i < view->n_planes; i++)
    planes[i] = plan->arena + view->planes[i].buffer->offset + view->planes[i].plane * plane;
  return planes;
}

static DhCpuInput
bind_input (DhCpuPlan *plan, const DhCpuView *view)
{
  if (view == NULL || view->raw)
    return (DhCpuInput){ 0 };
  return (DhCpuInput){ .planes = (const float *const *)pointers (plan, view),
                       .n_planes = view->n_planes,
                       .h = view->h,
                       .w = view->w,
                       .scale = view->gate != NULL ? pointers (plan, view->gate)[0] : view->scale,
                       .shift = view->shift,
                       .relu = view->relu };
}

void
dh_cpu_plan_bind (DhCpuPlan *plan)
{
  gsize lanes = plan->device->kernels->lanes;
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      if (step->run != NULL)
        continue;
      const DhCpuOutput before = step->output;
      const gboolean active = before.activation.function != DH_CPU_NOTHING;
      gsize bytes = step->out != NULL ? (gsize)step->out->n_planes * step->out->h * step->out->w * lanes * 4 : 0;
      step->input = bind_input (plan, step->in);
      step->inputs = step->n_ins > 0 ? dh_cpu_alloc (plan, step->n_ins, sizeof *step->inputs) : NULL;
      for (guint j = 0; j < step->n_ins; j++)
        step->inputs[j] = bind_input (plan, step->ins[j]);
      if (step->out != NULL)
        step->output = (DhCpuOutput){ .planes = pointers (plan, step->out),
                                      .n_planes = step->out->n_planes,
                                      .h = step->out->h,
                                      .w = step->out->w,
                                      .sum = (const float *const *)pointers (plan, step->sum),
                                      .relu = before.relu,
                                      .activation = before.activation,
                                      .multiplies = before.multiplies,
                                      .stream = bytes >= STREAM_BYTES && (!active || step->kind == DH_CPU_WINOGRAD) };
      if (step->out != NULL && step->out->packed)
        step->output.packed = plan->arena + step->out->planes[0].buffer->offset;
      if (step->made != NULL)
        step->made_at = plan->arena + step->made->planes[0].buffer->offset;
      if (step->bind != NULL)
        step->bind (step);
      if (step->is_score)
        {
          step->u.score.logits = bind_input (plan, step->in);
          step->u.score.logits_ood = bind_input (plan, step->in_ood);
        }
    }
}

/* Memory, with the blockings that are the fastest here. What timing them takes may be more than the plan itself does:
 * where that is short, they are those of the rule. */
static gboolean
place_and_bind (DhCpuPlan *plan, GError **error)
{
  g_autofree char *key = NULL;
  gboolean known = !plan->keeps || dh_cpu_plan_recall (plan, &key);
  if (!dh_cpu_plan_place (plan, error))
    return FALSE;
  dh_cpu_plan_bind (plan);
  if (known)
    return TRUE;
  g_autoptr (GError) why = NULL;
  if (dh_cpu_plan_choose_blockings (plan, &why))
    dh_cpu_plan_remember (plan, key);
  else if (g_error_matches (why, DH_ERROR, DH_ERROR_NO_MEMORY))
    dh_cpu_plan_block_by_rule (plan);
  else
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  /* Other scratch memory is needed now. */
  dh_cpu_unmap_memory (plan->arena, plan->arena_bytes);
  plan->arena = NULL;
  if (!dh_cpu_plan_place (plan, error))
    return FALSE;
  dh_cpu_plan_bind (plan);
  return TRUE;
}

DhCpuPlan *
dh_cpu_plan_new (DhCpuDevice *device, gboolean bf16)
{
  DhCpuPlan *plan = g_new0 (DhCpuPlan, 1);
  plan->device = device;
  plan->threads = (gint)device->base.threads;
  plan->bf16 = bf16;
  plan->steps = g_ptr_array_new_with_free_func (step_free);
  plan->buffers = g_ptr_array_new_with_free_func (g_free);
  plan->allocations = g_ptr_array_new_with_free_func (g_free);
  plan->choices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return plan;
}

DhPlan *
dh_cpu_compile (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                const DhPlanOptions *options, GError **error)
{
  const gboolean int8 = options->precision == DH_PRECISION_INT8;
  const DhCpuKernels *kernels = ((DhCpuDevice *)device)->kernels;
  /* What int8 does not make, the next finer precision does. */
  DhCpuPlan *plan =
      dh_cpu_plan_new ((DhCpuDevice *)device, options->precision == DH_PRECISION_BF16 || (int8 && kernels->has_bf16));
  plan->calibration = int8 ? options->calibration : NULL;
  plan->ranges = options->ranges;
  plan->cancellable = options->cancellable;
  plan->input = options->input;
  /* What only counts is not worth timing, and must count the same everywhere. */
  plan->keeps = options->ranges == NULL && dh_cpu_plan_can_keep (plan);
  plan->outputs = g_memdup2 (options->outputs, options->n_outputs * sizeof *options->outputs);
  plan->n_outputs = options->n_outputs;
  plan->output_bytes = g_new0 (gsize, options->n_outputs);
  plan->run_outputs = g_new0 (void *, options->n_outputs);
  for (guint i = 0; i < options->n_outputs; i++)
    {
      const DhNode *node = dh_graph_node (graph, options->outputs[i]);
      DhShape shape = shapes[options->outputs[i]];
      gboolean bytes = node->op == DH_OP_SCORE && node->map == DH_MAP_SEGMENTATION;
      plan->output_bytes[i] = (gsize)shape.c * shape.h * shape.w * (bytes ? 1 : sizeof (float));
    }
  use_threads (plan->threads);
  if (!dh_cpu_build (plan, graph, shapes, parameters, options, error) || !place_and_bind (plan, error))
    {
      dh_cpu_free_plan (&plan->base);
      return NULL;
    }
  plan->calibration = NULL;
  plan->ranges = NULL;
  plan->cancellable = NULL;
  plan->base.memory = plan->packed_bytes + plan->arena_bytes;
  return &plan->base;
}

/* The place that a run gave for an output; of several outputs with the same node, the first. */
static void *
target_memory (DhCpuPlan *plan, DhValue target)
{
  for (guint i = 0; i < plan->n_outputs; i++)
    if (plan->outputs[i] == target)
      return plan->run_outputs[i];
  return NULL;
}

static void
run_items (DhCpuPlan *plan, const DhCpuStep *step)
{
  char *scratch = (char *)plan->arena + plan->scratch_offset;
  /* Neighbours in a row, so that what an item asks for ahead is there for the same thread's next. */
  gint chunk = CLAMP (step->n_items / (plan->threads * 16), 1, 8);
#pragma omp parallel for schedule(dynamic, chunk) num_threads(plan->threads)
  for (gint item = 0; item < step->n_items; item++)
    step->item (step, item, (float *)(scratch + plan->scratch_bytes * this_thread ()));
}

gboolean
dh_cpu_plan_run_step (DhCpuPlan *plan, DhCpuStep *step, GError **error)
{
  dh_cpu_calm_look (plan->threads);
  if (step->run != NULL)
    return step->run (plan, step, error);
  if (step->is_score)
    for (DhMap map = 0; map < DH_N_MAPS; map++)
      step->u.score.maps[map] = step->targets[map] == DH_NO_VALUE ? NULL : target_memory (plan, step->targets[map]);
  else if (step->target != DH_NO_VALUE)
    step->u.copy.to = target_memory (plan, step->target);
  else if (step->reads_input)
    step->u.copy.from = plan->run_input;
  run_items (plan, step);
  return TRUE;
}

/* Outputs named twice. */
static void
copy_repeated (DhCpuPlan *plan)
{
  for (guint i = 1; i < plan->n_outputs; i++)
    {
      void *first = target_memory (plan, plan->outputs[i]);
      if (first != plan->run_outputs[i])
        memcpy (plan->run_outputs[i], first, plan->output_bytes[i]);
    }
}

gboolean
dh_cpu_run (DhPlan *base, const float *input, void *const *outputs, GCancellable *cancellable,
            const DhProgress *progress, GError **error)
{
  DhCpuPlan *plan = (DhCpuPlan *)base;
  gsize picture = (gsize)plan->input.c * plan->input.h * plan->input.w;
  guint64 total = (guint64)plan->input.n * plan->steps->len;
  g_autofree gint64 *times = g_new0 (gint64, plan->steps->len);
  const gboolean guards = dh_debug (DH_DEBUG_GUARDS);
  use_threads (plan->threads);
  for (gint n = 0; n < plan->input.n; n++)
    {
      /* What no step has written is no number. */
      if (guards)
        memset (plan->arena, 0xff, plan->arena_bytes);
      plan->run_input = input + n * picture;
      for (guint i = 0; i < plan->n_outputs; i++)
        plan->run_outputs[i] = (char *)outputs[i] + n * plan->output_bytes[i];
      for (guint i = 0; i < plan->steps->len; i++)
        {
          DhCpuStep *step = g_ptr_array_index (plan->steps, i);
          if (g_cancellable_set_error_if_cancelled (cancellable, error))
            return FALSE;
          gint64 start = g_get_monotonic_time ();
          if (guards ? !dh_cpu_plan_guard_step (plan, step, error) : !dh_cpu_plan_run_step (plan, step, error))
            return FALSE;
          times[i] += g_get_monotonic_time () - start;
          dh_progress_report (progress, n * plan->steps->len + i + 1, total, step->name);
        }
      copy_repeated (plan);
    }
  for (guint i = 0; base->timing && i < plan->steps->len; i++)
    {
      const DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      dh_plan_add_step (base, step->name, step->implementation, times[i] * 1e-6, step->flop * plan->input.n);
    }
  return TRUE;
}

char *
dh_cpu_describe (DhPlan *base)
{
  DhCpuPlan *plan = (DhCpuPlan *)base;
  GString *text = g_string_new (NULL);
  g_string_append_printf (text,
                          "cpu (%s, %d threads): %d×%d×%d×%d, %u steps, weights %.1f MiB, values %.1f MiB, "
                          "scratch %.1f MiB\n",
                          plan->device->kernels->name, plan->threads, plan->input.n, plan->input.c, plan->input.h,
                          plan->input.w, plan->steps->len, plan->packed_bytes / 1048576.0,
                          plan->scratch_offset / 1048576.0, plan->scratch_bytes * plan->threads / 1048576.0);
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      const DhCpuView *in = step->in != NULL ? step->in : step->in_ood;
      const DhCpuView *out = step->out;
      g_string_append_printf (text, "%4u  %-28s %-56s", i, step->implementation, step->name);
      if (in != NULL)
        g_string_append_printf (text, " %d×%d×%d%s%s", in->c, in->h, in->w,
                                in->scale != NULL  ? " norm"
                                : in->gate != NULL ? " gate"
                                                   : "",
                                in->relu ? " relu" : "");
      if (out != NULL)
        g_string_append_printf (
            text, " → %d×%d×%d%s%s%s at %.1f MiB", out->c, out->h, out->w, step->sum != NULL ? " add" : "",
            step->sum != NULL && out->planes == step->sum->planes ? " in place" : "", step->output.relu ? " relu" : "",
            out->planes[0].buffer->offset * sizeof (float) / 1048576.0);
      g_string_append_printf (text, "  %.2f GFLOP\n", step->flop * 1e-9);
    }
  return g_string_free (text, FALSE);
}
