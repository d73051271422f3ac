#include "dh-validation.h"
#include "dh-step-work.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-prefetch.h"
#include "dh-ranking.h"

enum
{
  STREAM_COMPOSITE = 3,
  SEED = 0, /* of the composites: the same in every run */
};

typedef struct
{
  DhDevice *device;
  const DhNet *net;
  DhTensorDict *parameters;
  GCancellable *cancellable;
  DhPlan *plans[2]; /* of segmentation and hybrid score, for the last size */
  guint widths[2], heights[2];
} Runner;

static gboolean
run (Runner *runner, guint which, const DhImage *image, gpointer output, GError **error)
{
  static const DhMap maps[2] = { DH_MAP_SEGMENTATION, DH_MAP_HYBRID };
  if (!runner->plans[which] || runner->widths[which] != image->width || runner->heights[which] != image->height)
    {
      const DhPlanOptions options = { .input = { 1, 3, (gint)image->height, (gint)image->width },
                                      .outputs = &runner->net->maps[maps[which]],
                                      .n_outputs = 1 };
      g_clear_pointer (&runner->plans[which], dh_plan_unref);
      runner->plans[which] = dh_plan_new (runner->device, runner->net->graph, runner->parameters, &options, error);
      runner->widths[which] = image->width;
      runner->heights[which] = image->height;
    }
  g_autofree float *input = g_try_new (float, (gsize)image->width * image->height * 3);
  if (!runner->plans[which] || !input)
    {
      if (runner->plans[which])
        g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short to validate");
      return FALSE;
    }
  dh_image_to_planes (image, input);
  return dh_plan_run (runner->plans[which], input, &output, runner->cancellable, NULL, error);
}

/* One picture to be computed or two, read ahead of their turn: an item's composite, and before its first the item as it
 * is. */
typedef struct
{
  DhImage *image, *composite; /* NULL: none */
  DhLabels *labels, *pasted;
  GError *error;
} Exercise;

typedef struct
{
  const DhComposer *composer;
  guint pastes; /* composites of each item; 0: none */
  GCancellable *cancellable;
} Reader;

static void
exercise_free (gpointer data)
{
  Exercise *exercise = data;
  g_clear_pointer (&exercise->image, dh_image_unref);
  g_clear_pointer (&exercise->composite, dh_image_unref);
  g_clear_pointer (&exercise->labels, dh_labels_unref);
  g_clear_pointer (&exercise->pasted, dh_labels_unref);
  g_clear_error (&exercise->error);
  g_free (exercise);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Exercise, exercise_free)

static gpointer
read_exercise (guint64 number, gpointer data)
{
  const Reader *reader = data;
  const DhComposer *composer = reader->composer;
  const guint64 each = MAX (reader->pastes, 1), paste = number % each;
  const guint item = composer->items[number / each];
  Exercise *exercise = g_new0 (Exercise, 1);
  if (!g_cancellable_set_error_if_cancelled (reader->cancellable, &exercise->error)
      && dh_composer_load (composer, item, &exercise->image, &exercise->labels, &exercise->error) && reader->pastes)
    dh_composer_composite (composer, exercise->image, exercise->labels,
                           dh_random_new (SEED, STREAM_COMPOSITE, item | paste << 32), &exercise->composite,
                           &exercise->pasted, &exercise->error);
  if (paste > 0)
    {
      g_clear_pointer (&exercise->image, dh_image_unref);
      g_clear_pointer (&exercise->labels, dh_labels_unref);
    }
  return exercise;
}

static gboolean
count_classes (Runner *runner, const Exercise *exercise, gsize k, guint64 *confusion, GError **error)
{
  const gsize count = (gsize)exercise->image->width * exercise->image->height;
  g_autoptr (GBytes) map = dh_device_take_host_memory (runner->device, count);
  guint8 *found = map ? (gpointer)g_bytes_get_data (map, NULL) : NULL;
  if (!found || !run (runner, 0, exercise->image, found, error))
    return FALSE;
  const guint8 *ids = exercise->labels->ids;
  for (gsize i = 0; i < count; i++)
    if (ids[i] < k)
      confusion[ids[i] * k + found[i]]++;
  return TRUE;
}

static gboolean
rank_composite (Runner *runner, const Exercise *exercise, DhRanking *ranking, GError **error)
{
  const gsize count = (gsize)exercise->composite->width * exercise->composite->height;
  g_autoptr (GBytes) map = dh_device_take_host_memory (runner->device, count * sizeof (float));
  float *scores = map ? (gpointer)g_bytes_get_data (map, NULL) : NULL;
  return scores && run (runner, 1, exercise->composite, scores, error)
         && dh_ranking_add (ranking, scores, exercise->pasted->ids, count, NULL, error);
}

static double
mean_iou (const guint64 *confusion, gsize k)
{
  double sum = 0;
  guint n = 0;
  for (gsize c = 0; c < k; c++)
    {
      guint64 row = 0, column = 0;
      for (gsize i = 0; i < k; i++)
        {
          row += confusion[c * k + i];
          column += confusion[i * k + c];
        }
      const guint64 both = confusion[c * k + c], either = row + column - both;
      sum += either ? (double)both / (double)either : 0;
      n += either != 0;
    }
  return n ? sum / n : NAN;
}

gboolean
dh_validate (DhDevice *device, const DhNet *net, DhTensorDict *parameters, const DhComposer *composer, guint most,
             guint workers, DhValidation *result, GCancellable *cancellable, GError **error)
{
  Runner runner = { device, net, parameters, cancellable, { NULL }, { 0 }, { 0 } };
  const gsize k = (gsize)composer->classes;
  g_autofree guint64 *confusion = g_new0 (guint64, k * k);
  g_autoptr (DhRanking) ranking = dh_ranking_new ();
  const guint pastes =
      composer->negatives && net->maps[DH_MAP_HYBRID] != DH_NO_VALUE ? composer->recipe->validation_pastes : 0;
  const guint n = most ? MIN (most, composer->n_items) : composer->n_items;
  gboolean ok = TRUE;
  *result = (DhValidation){ NAN, NAN, NAN, NAN };
  const Reader reader = { composer, pastes, cancellable };
  const guint64 end = (guint64)n * MAX (pastes, 1);
  DhPrefetch *ahead = dh_prefetch_new (end, workers, read_exercise, exercise_free, (gpointer)&reader);
  for (guint64 i = 0; ok && i < end; i++)
    {
      g_autoptr (Exercise) exercise = dh_prefetch_take (ahead, i);
      if ((ok = exercise->error == NULL))
        ok = (!exercise->image || count_classes (&runner, exercise, k, confusion, error))
             && (!exercise->composite || rank_composite (&runner, exercise, ranking, error));
      else
        g_propagate_error (error, g_steal_pointer (&exercise->error));
    }
  dh_prefetch_free (ahead);
  for (guint i = 0; i < G_N_ELEMENTS (runner.plans); i++)
    g_clear_pointer (&runner.plans[i], dh_plan_unref);
  if (!ok)
    {
      if (error && !*error)
        g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short to validate");
      return FALSE;
    }
  result->miou = mean_iou (confusion, k);
  DhPixelMetrics metrics;
  if (pastes && dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &metrics))
    {
      result->ap = metrics.ap;
      result->auroc = metrics.auroc;
      result->fpr95 = metrics.fpr95;
    }
  return TRUE;
}

double
dh_validation_work (const DhNet *net, const DhComposer *composer, guint most)
{
  static const DhMap maps[2] = { DH_MAP_SEGMENTATION, DH_MAP_HYBRID };
  const guint n = most ? MIN (most, composer->n_items) : composer->n_items;
  g_autoptr (DhImage) image = n ? dh_dataset_load_image (composer->dataset, composer->items[0], NULL) : NULL;
  if (!image)
    return 0;
  const DhShape input = { 1, 3, (gint)image->height, (gint)image->width };
  g_autofree DhShape *shapes = dh_graph_infer_shapes (net->graph, input, NULL);
  double flop = 0;
  for (guint i = 0; shapes && i < G_N_ELEMENTS (maps); i++)
    if (net->maps[maps[i]] != DH_NO_VALUE && (i == 0 || composer->negatives))
      {
        const DhStepParts parts = dh_step_parts (net->graph, shapes, &net->maps[maps[i]], 1);
        flop += (i == 0 ? 1 : composer->recipe->validation_pastes) * dh_step_work (&parts);
      }
  return n * flop;
}

guint64
dh_validation_bytes (DhDevice *device, const DhNet *net, const DhComposer *composer)
{
  static const DhMap maps[2] = { DH_MAP_SEGMENTATION, DH_MAP_HYBRID };
  g_autoptr (DhImage) image =
      composer->n_items ? dh_dataset_load_image (composer->dataset, composer->items[0], NULL) : NULL;
  guint64 bytes = 0;
  for (guint i = 0; image && i < G_N_ELEMENTS (maps); i++)
    if (net->maps[maps[i]] != DH_NO_VALUE && (i == 0 || composer->negatives))
      {
        const DhPlanOptions options = { .input = { 1, 3, (gint)image->height, (gint)image->width },
                                        .outputs = &net->maps[maps[i]],
                                        .n_outputs = 1 };
        const guint64 plan = dh_device_estimate (device, net->graph, &options);
        bytes += plan < G_MAXUINT64 / 4 ? plan : 0; /* a picture that the network cannot take is told elsewhere */
      }
  return bytes;
}
