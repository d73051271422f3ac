#include <string.h>
#include "dh-cuda-private.h"
#include "dh-debug.h"
#include "dh-error.h"

static void
free_step (gpointer data)
{
  DhCudaStep *step = data;
  if (!step)
    return;
  free_step (step->epilogue);
  free_step (step->gather);
  free_step (step->fused_step);
  free_step (step->taps);
  free_step (step->first);
  if (step->conv)
    dh_cuda_driver.conv_free (step->conv);
  g_free (step->name);
  g_free (step);
}

void
dh_cuda_free_plan (DhPlan *base)
{
  DhCudaPlan *plan = (DhCudaPlan *)base;
  if (plan->n_begun != plan->n_ended)
    dh_cuda_driver.wait (plan->pool.device->card, NULL);
  for (guint i = 0; i < 2 * DH_CUDA_DEPTH; i++)
    dh_cuda_segments_free (plan->segments[i / 2][i % 2], plan->pool.device->card);
  g_ptr_array_unref (plan->steps);
  dh_cuda_memory_clear (plan);
  g_free (plan->outputs);
  g_free (plan->output_bytes);
  g_free (plan);
}

gboolean
dh_cuda_is_lost (DhCudaDevice *device, GError **error)
{
  if (device->lost)
    g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "The device “%s” was closed after an error (%s): open it again",
                 device->base.name, device->lost);
  return device->lost != NULL;
}

gboolean
dh_cuda_takes_size (DhShape input, GError **error)
{
  if (input.h <= DH_CUDA_MAX_SIDE && input.w <= DH_CUDA_MAX_SIDE)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
               "An image of %d×%d is over the %d pixels that a side may have on the cuda device; use a smaller scale",
               input.w, input.h, DH_CUDA_MAX_SIDE);
  return FALSE;
}

void
dh_cuda_note_error (DhCudaDevice *device, const GError *error)
{
  if (!device->lost && g_error_matches (error, DH_ERROR, DH_ERROR_FAILED))
    {
      device->lost = g_strdup (error->message);
      device->base.lost = TRUE;
    }
}

void
dh_cuda_note_no_plan (DhCudaDevice *device, const GError *error)
{
  dh_cuda_note_error (device, error);
  device->base.left_out = device->lost && dh_cuda_driver.has_learned (device->card);
  device->base.begins_anew = device->base.left_out && device->n_plans == 0;
}

static DhCudaPlan *
new_plan (DhCudaDevice *device, DhGraph *graph, const DhShape *shapes, const DhPlanOptions *options)
{
  DhCudaPlan *plan = g_new0 (DhCudaPlan, 1);
  dh_cuda_pool_init (&plan->pool, device, options->input.n, options->precision);
  plan->input = options->input;
  plan->outputs = g_memdup2 (options->outputs, options->n_outputs * sizeof *options->outputs);
  plan->n_outputs = options->n_outputs;
  plan->output_bytes = g_new0 (gsize, options->n_outputs);
  plan->steps = g_ptr_array_new_with_free_func (free_step);
  for (guint i = 0; i < plan->n_outputs; i++)
    {
      const DhNode *node = dh_graph_node (graph, plan->outputs[i]);
      const DhShape shape = shapes[plan->outputs[i]];
      const gboolean bytes = node->op == DH_OP_SCORE && node->map == DH_MAP_SEGMENTATION;
      plan->output_bytes[i] = (gsize)shape.n * shape.c * shape.h * shape.w * (bytes ? 1 : sizeof (float));
    }
  return plan;
}

/* The same plan, of which nothing is taken on the card: all but the convolutions' workspace. */
guint64
dh_cuda_estimate (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhPlanOptions *options)
{
  DhCudaPlan *plan = new_plan ((DhCudaDevice *)device, graph, shapes, options);
  plan->pool.dry = TRUE;
  const gboolean fine = dh_cuda_build (plan, graph, shapes, NULL, NULL) && dh_cuda_place (plan, NULL);
  const guint64 bytes = plan->base.memory;
  dh_cuda_free_plan (&plan->base);
  return fine ? bytes : G_MAXUINT64;
}

static void
count_work (DhCudaStep *step)
{
  if (step->first)
    {
      count_work (step->first);
      step->flop = step->first->flop;
    }
  else if (step->is_conv)
    step->flop = 2.0 * step->spec.n * step->out->c * step->in->c * step->spec.out_h * step->spec.out_w
                 * step->spec.kernel * step->spec.kernel;
  else if (step->kernel.op == DH_CUDA_HEAD)
    step->flop = 2.0 * step->kernel.n * step->out->c * step->in->c * step->kernel.h * step->kernel.w;
}

DhPlan *
dh_cuda_compile (DhDevice *base, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                 const DhPlanOptions *options, GError **error)
{
  DhCudaDevice *device = (DhCudaDevice *)base;
  if (dh_cuda_is_lost (device, error) || !dh_cuda_takes_size (options->input, error))
    return NULL;
  DhCudaPlan *plan = new_plan (device, graph, shapes, options);
  plan->cancellable = options->cancellable;
  g_autoptr (GError) reason = NULL;
  if (dh_cuda_build (plan, graph, shapes, parameters, &reason) && dh_cuda_place (plan, &reason))
    {
      for (guint i = 0; i < plan->steps->len; i++)
        count_work (g_ptr_array_index (plan->steps, i));
      plan->cancellable = NULL;
      return &plan->base;
    }
  dh_cuda_free_plan (&plan->base);
  dh_cuda_note_no_plan (device, reason);
  if (g_error_matches (reason, DH_ERROR, DH_ERROR_NO_MEMORY))
    g_prefix_error (&reason,
                    "This image needs about %.0f MiB on the card; use a smaller scale, or close other programs: ",
                    (double)dh_cuda_estimate (base, graph, shapes, options) / 1048576.0);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

/* One of the runs in flight: its memory, and what its picture is made of; and what may stop it. */
typedef struct
{
  DhCudaPlan *plan;
  guint slot;
  gboolean rgb;
  GCancellable *cancellable; /* or NULL */
} Flight;

/* The kernel with the picture and the maps of one of the runs in flight. */
static DhCudaKernel
kernel_of_flight (const DhCudaStep *step, const Flight *flight)
{
  DhCudaKernel kernel = step->kernel;
  const gsize offset = flight->slot * flight->plan->staging_bytes;
  if (kernel.op == DH_CUDA_PACK)
    {
      char *source = (char *)(gpointer)kernel.source + offset;
      kernel.source = flight->rgb ? NULL : (const float *)(gpointer)source;
      kernel.rgb = flight->rgb ? (const guint8 *)source : NULL;
    }
  if (kernel.op == DH_CUDA_UNPACK)
    kernel.out = (char *)kernel.out + offset;
  for (guint map = 0; kernel.op == DH_CUDA_SCORE && map < DH_N_MAPS; map++)
    if (kernel.maps[map])
      kernel.maps[map] = (char *)kernel.maps[map] + offset;
  return kernel;
}

/* DhCudaQueueStep of a Flight. */
static gboolean
queue_step (gpointer data, guint number, GError **error)
{
  const Flight *flight = data;
  DhCudaCard *card = flight->plan->pool.device->card;
  DhCudaStep *step = g_ptr_array_index (flight->plan->steps, number);
  if (g_cancellable_set_error_if_cancelled (flight->cancellable, error))
    return FALSE;
  const DhCudaKernel kernel = kernel_of_flight (step, flight);
  const DhCudaStep *conv = dh_cuda_convolution_of (step);
  if (!conv)
    return dh_cuda_driver.launch (card, &kernel, error);
  return dh_cuda_launch_conv (card, step, &conv->memory, error);
}

static gboolean
queue_upload (const Flight *flight, GError **error)
{
  const DhCudaPlan *plan = flight->plan;
  DhCudaCard *card = plan->pool.device->card;
  return dh_cuda_driver.copy (
             card, plan->staging + flight->slot * plan->staging_bytes, plan->pinned + flight->slot * plan->pinned_bytes,
             flight->rgb ? plan->rgb_bytes : plan->input_bytes, DH_CUDA_TO_DEVICE, DH_CUDA_LANE_UP, error)
         && dh_cuda_driver.follow (card, DH_CUDA_LANE_COMPUTE, DH_CUDA_LANE_UP, error);
}

/* The device's memory of an output, which one that is asked for twice has once. */
static gsize
offset_of (const DhCudaPlan *plan, guint output)
{
  guint first = 0;
  while (plan->outputs[first] != plan->outputs[output])
    first++;
  return plan->output_offsets[first];
}

/* Straight to where the caller wants the maps. */
static gboolean
queue_download (const Flight *flight, void *const *outputs, GError **error)
{
  const DhCudaPlan *plan = flight->plan;
  DhCudaCard *card = plan->pool.device->card;
  if (!dh_cuda_driver.follow (card, DH_CUDA_LANE_DOWN, DH_CUDA_LANE_COMPUTE, error))
    return FALSE;
  for (guint i = 0; outputs && i < plan->n_outputs; i++)
    if (!dh_cuda_driver.copy (card, outputs[i],
                              plan->staging + flight->slot * plan->staging_bytes + offset_of (plan, i),
                              plan->output_bytes[i], DH_CUDA_TO_HOST, DH_CUDA_LANE_DOWN, error))
      return FALSE;
  return TRUE;
}

/* One by one, between two marks each where `marks`. */
static gboolean
queue_steps (Flight *flight, gboolean marks, GError **error)
{
  DhCudaCard *card = flight->plan->pool.device->card;
  const guint n = flight->plan->steps->len;
  for (guint i = 0; i < n; i++)
    if ((marks && !dh_cuda_driver.mark (card, i, DH_CUDA_LANE_COMPUTE, error)) || !queue_step (flight, i, error))
      return FALSE;
  return !marks || dh_cuda_driver.mark (card, n, DH_CUDA_LANE_COMPUTE, error);
}

static void
report_steps (DhCudaPlan *plan)
{
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const DhCudaStep *step = g_ptr_array_index (plan->steps, i);
      dh_cuda_host->add_step (&plan->base, step->name, dh_cuda_implementation (step),
                              dh_cuda_driver.elapsed (plan->pool.device->card, i, i + 1), step->flop);
    }
}

/* From the second run on: the first has everything loaded. */
static void
record (const Flight *flight)
{
  DhCudaPlan *plan = flight->plan;
  Flight recorded = { plan, flight->slot, flight->rgb, NULL };
  plan->segments[flight->slot][flight->rgb] =
      dh_cuda_segments_new (plan->pool.device->card, plan->steps->len, queue_step, &recorded);
}

enum
{
  MARK_BEGIN = 4096,
  MARK_COMPUTED,
  MARK_DONE, /* one for each slot */

  WATCHED = 1, /* the run that a profiler counts: all is loaded and chosen by then */
};

/* Picture → maps, all queued; the picture stands in the slot's pinned memory. */
static gboolean
queue_run (Flight *flight, void *const *outputs, GError **error)
{
  DhCudaPlan *plan = flight->plan;
  DhCudaCard *card = plan->pool.device->card;
  const gboolean timing = plan->base.timing && plan->steps->len < MARK_BEGIN;
  DhCudaSegments *const *segments = &plan->segments[flight->slot][flight->rgb];
  if (plan->n_runs > 0 && !timing && !*segments && !dh_cuda_without ("recordings"))
    record (flight);
  if (plan->n_runs == WATCHED && dh_debug (DH_DEBUG_PROFILE))
    dh_cuda_driver.watch (card, TRUE);
  if (!dh_cuda_driver.mark (card, MARK_BEGIN, DH_CUDA_LANE_UP, error) || !queue_upload (flight, error)
      || (timing && !dh_cuda_driver.hold (card, dh_cuda_time_to_queue (plan->steps->len), error)))
    return FALSE;
  const gboolean queued = *segments && !timing ? dh_cuda_segments_run (*segments, card, queue_step, flight, error)
                                               : queue_steps (flight, timing, error);
  /* Where a run was stopped, what comes behind is not loaded. */
  plan->n_runs += queued;
  return queued && dh_cuda_driver.mark (card, MARK_COMPUTED, DH_CUDA_LANE_COMPUTE, error)
         && queue_download (flight, outputs, error)
         && dh_cuda_driver.mark (card, MARK_DONE + flight->slot, DH_CUDA_LANE_DOWN, error);
}

/* The card's own fault closes it. What was queued is waited for as far as it still runs, so that nothing is written to
 * memory that the caller has back. */
static gboolean
give_up (DhCudaPlan *plan, GError *reason, GError **error)
{
  dh_cuda_note_error (plan->pool.device, reason);
  dh_cuda_driver.wait (plan->pool.device->card, NULL);
  plan->n_ended = plan->n_begun = 0;
  g_propagate_error (error, reason);
  return FALSE;
}

/* By whatever plan of it the device was lost, what this one has queued is waited for. */
static gboolean
is_lost (DhCudaPlan *plan, GError **error)
{
  if (!dh_cuda_is_lost (plan->pool.device, error))
    return FALSE;
  if (plan->n_begun != plan->n_ended)
    dh_cuda_driver.wait (plan->pool.device->card, NULL);
  plan->n_ended = plan->n_begun = 0;
  return TRUE;
}

static gboolean
begin (DhCudaPlan *plan, gconstpointer input, gboolean rgb, void *const *outputs, GCancellable *cancellable,
       GError **error)
{
  if (is_lost (plan, error))
    return FALSE;
  Flight flight = { plan, plan->n_begun % DH_CUDA_DEPTH, rgb, cancellable };
  GError *reason = NULL;
  memcpy (plan->pinned + flight.slot * plan->pinned_bytes, input, rgb ? plan->rgb_bytes : plan->input_bytes);
  if (!queue_run (&flight, outputs, &reason))
    return give_up (plan, reason, error);
  plan->n_begun++;
  return TRUE;
}

gboolean
dh_cuda_begin (DhPlan *base, const float *input, void *const *outputs, GError **error)
{
  return begin ((DhCudaPlan *)base, input, FALSE, outputs, NULL, error);
}

gboolean
dh_cuda_begin_rgb (DhPlan *base, const guint8 *rgb, void *const *outputs, GError **error)
{
  return begin ((DhCudaPlan *)base, rgb, TRUE, outputs, NULL, error);
}

gboolean
dh_cuda_end (DhPlan *base, GError **error)
{
  DhCudaPlan *plan = (DhCudaPlan *)base;
  DhCudaCard *card = plan->pool.device->card;
  if (is_lost (plan, error))
    return FALSE;
  const guint slot = plan->n_ended % DH_CUDA_DEPTH;
  GError *reason = NULL;
  const gboolean done = dh_cuda_driver.wait_mark (card, MARK_DONE + slot, &reason);
  if (plan->n_ended == WATCHED && dh_debug (DH_DEBUG_PROFILE))
    dh_cuda_driver.watch (card, FALSE);
  if (!done)
    return give_up (plan, reason, error);
  plan->n_ended++;
  if (plan->n_ended == plan->n_begun && !plan->base.timing)
    plan->base.device_seconds = dh_cuda_driver.elapsed (card, MARK_BEGIN, MARK_COMPUTED);
  if (plan->base.timing && plan->steps->len < MARK_BEGIN)
    report_steps (plan);
  return TRUE;
}

gboolean
dh_cuda_run (DhPlan *base, const float *input, void *const *outputs, GCancellable *cancellable,
             const DhProgress *progress, GError **error)
{
  DhCudaPlan *plan = (DhCudaPlan *)base;
  if (!begin (plan, input, FALSE, outputs, cancellable, error) || !dh_cuda_end (base, error))
    return FALSE;
  if (progress)
    dh_progress_report (progress, plan->steps->len, plan->steps->len, "maps");
  return TRUE;
}
