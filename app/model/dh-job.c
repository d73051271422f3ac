#include <string.h>
#include "dh-file.h"
#include "dh-worker-private.h"

G_STATIC_ASSERT ((int)DH_FRAME_SEGMENTATION == DH_MAP_SEGMENTATION);
G_STATIC_ASSERT ((int)DH_FRAME_LIKELIHOOD == DH_MAP_LIKELIHOOD);
G_STATIC_ASSERT ((int)DH_FRAME_DATASET_POSTERIOR == DH_MAP_DATASET_POSTERIOR);
G_STATIC_ASSERT ((int)DH_FRAME_HYBRID == DH_MAP_HYBRID);
G_STATIC_ASSERT ((int)DH_FRAME_MAX_SOFTMAX == DH_MAP_MAX_SOFTMAX);
G_STATIC_ASSERT ((int)DH_FRAME_MAX_LOGIT == DH_MAP_MAX_LOGIT);
G_STATIC_ASSERT ((int)DH_FRAME_ENTROPY == DH_MAP_ENTROPY);

DhJob *
dh_job_ref (DhJob *job)
{
  g_atomic_ref_count_inc (&job->refs);
  return job;
}

void
dh_job_unref (DhJob *job)
{
  if (!g_atomic_ref_count_dec (&job->refs))
    return;
  g_weak_ref_clear (&job->worker);
  g_object_unref (job->item);
  dh_dataset_unref (job->dataset);
  g_object_unref (job->cancellable);
  g_clear_pointer (&job->frame, dh_frame_unref);
  g_clear_pointer (&job->image, dh_image_unref);
  g_free (job->picture_hash);
  g_free (job);
}

/* Void as 255, whatever the loader's number for it. */
static GBytes *
truth_of_labels (const DhLabels *labels)
{
  gsize n = (gsize)labels->width * labels->height;
  guint8 *truth = g_try_malloc (n);
  if (truth == NULL)
    return NULL;
  for (gsize i = 0; i < n; i++)
    truth[i] = labels->ids[i] <= DH_ANOMALY_ANOMALY ? labels->ids[i] : 255;
  return g_bytes_new_take (truth, n);
}

static GBytes *
bytes_of_labels (DhLabels *labels)
{
  return g_bytes_new_with_free_func (labels->ids, (gsize)labels->width * labels->height,
                                     (GDestroyNotify)dh_labels_unref, dh_labels_ref (labels));
}

gboolean
dh_job_load (DhJob *job, GError **error)
{
  job->image = dh_dataset_load_image (job->dataset, job->index, error);
  if (job->image == NULL)
    return FALSE;
  const DhImage *image = job->image;
  gsize size = (gsize)3 * image->width * image->height;
  job->frame = dh_frame_new (image->width, image->height);
  job->frame->image =
      g_bytes_new_with_free_func (image->rgb, size, (GDestroyNotify)dh_image_unref, dh_image_ref (job->image));
  job->picture_hash = dh_sha256 (image->rgb, size);

  g_autoptr (DhLabels) anomaly = NULL, classes = NULL;
  g_autoptr (GError) label_error = NULL;
  if (!dh_dataset_load_labels (job->dataset, job->index, &anomaly, &classes, &label_error))
    job->frame->truth_error = g_strdup (label_error->message);
  else
    {
      if (anomaly != NULL)
        job->frame->truth = truth_of_labels (anomaly);
      if (classes != NULL)
        job->frame->classes = bytes_of_labels (classes);
    }
  g_autoptr (DhLabels) unmeasured =
      anomaly == NULL ? dh_dataset_load_unmeasured (job->dataset, job->index, image->width, image->height,
                                                    label_error == NULL ? &label_error : NULL)
                      : NULL;
  if (unmeasured != NULL)
    job->frame->unmeasured = bytes_of_labels (unmeasured);
  else if (label_error != NULL && job->frame->truth_error == NULL)
    job->frame->truth_error = g_strdup (label_error->message);
  return TRUE;
}

DhFrame *
dh_job_frame_with_maps (DhJob *job, const DhPrediction *prediction)
{
  DhFrame *frame = dh_frame_copy (job->frame);
  frame->seconds = prediction->seconds;
  for (guint i = 0; i < DH_N_FRAME_MAPS; i++)
    {
      if (prediction->maps[i] == NULL)
        continue;
      g_clear_pointer (&frame->maps[i], g_bytes_unref);
      frame->maps[i] = g_bytes_ref (prediction->maps[i]->bytes);
      frame->non_finite[i] = prediction->non_finite[i];
    }
  return frame;
}

guint
dh_job_maps_for (guint wanted, gboolean has_outlier_head)
{
  guint maps = 0;
  for (guint i = 0; i < DH_N_FRAME_MAPS; i++)
    if (wanted & 1u << i && (has_outlier_head || !dh_map_needs_ood ((DhMap)i)))
      maps |= DH_MAP_BIT (i);
  return maps;
}
