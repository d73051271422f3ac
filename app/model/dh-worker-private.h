#pragma once
#include "dh-worker.h"

G_BEGIN_DECLS

/* One request on its way through the threads. What is not marked is set once, before it is shared. */
typedef struct
{
  gatomicrefcount refs;
  GWeakRef worker;
  DhImageItem *item;
  DhDataset *dataset;
  guint index;
  guint wanted;
  gint priority;             /* atomic */
  guint64 sequence;          /* of equal priority the older first */
  GCancellable *cancellable; /* it was dropped */
  DhFrame *frame;            /* the thread that works on it */
  DhImage *image;            /* the same */
  char *picture_hash;        /* the same */
} DhJob;

G_GNUC_INTERNAL DhJob *dh_job_ref (DhJob *job);
G_GNUC_INTERNAL void dh_job_unref (DhJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhJob, dh_job_unref)

/* Picture, labels and picture hash into the job. Any thread. */
G_GNUC_INTERNAL gboolean dh_job_load (DhJob *job, GError **error);
/* Frame and maps as one; takes nothing. */
G_GNUC_INTERNAL DhFrame *dh_job_frame_with_maps (DhJob *job, const DhPrediction *prediction);
/* Which of the wanted maps a model can give, as the predictor's bits. */
G_GNUC_INTERNAL guint dh_job_maps_for (guint wanted, gboolean has_outlier_head);

G_END_DECLS
