#include "dh-check-private.h"
#include "dh-groups.h"

#include <string.h>

/* Labels that a quick check looks at. */
#define QUICK_LABELS 200

typedef struct
{
  DhSurvey *survey;
  GCancellable *cancellable;
  guint n, label_step;
  gint next, done; /* atomic */
  GMutex mutex;    /* guards the sums */
  GCond changed;
} Work;

/* "path: why" as the readers say it, without the path. */
static char *
reason_of (GError *error, const char *path)
{
  g_autofree char *name = g_filename_display_name (path);
  const char *message = error->message;
  if (g_str_has_prefix (message, name) && g_str_has_prefix (message + strlen (name), ": "))
    message += strlen (name) + 2;
  return g_strdup (message);
}

static void
look_at_image (Work *work, guint index, DhItemSight *sight)
{
  DhSurvey *survey = work->survey;
  const DhDatasetItem *item = dh_dataset_item (survey->dataset, index);
  g_autoptr (GError) error = NULL;
  if (survey->flags & DH_CHECK_QUICK)
    dh_dataset_probe_image (survey->dataset, index, &sight->width, &sight->height, &error);
  else
    {
      g_autoptr (DhImage) image = dh_dataset_load_clean_image (survey->dataset, index, &error);
      if (image)
        {
          sight->width = image->width;
          sight->height = image->height;
        }
    }
  if (error)
    sight->image_error = reason_of (error, item->image);
}

/* NULL: it has none, or none that can be read. */
static DhLabels *
look_at_label (Work *work, guint index, DhItemSight *sight)
{
  DhSurvey *survey = work->survey;
  const DhItem *item = dh_dataset_peek (survey->dataset, index);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = dh_dataset_load_raw_labels (survey->dataset, index, &error);
  if (!labels)
    {
      if (error)
        sight->label_error = reason_of (error, item->item.label);
      return NULL;
    }
  sight->label_width = labels->width;
  sight->label_height = labels->height;
  /* four tables, so that equal neighbours do not wait for each other */
  guint32 counts[4][256] = { { 0 } };
  const gsize n = (gsize)labels->width * labels->height;
  for (gsize i = 0; i < n; i++)
    counts[i & 3][labels->ids[i]]++;
  g_mutex_lock (&work->mutex);
  for (guint id = 0; id < 256; id++)
    {
      const guint64 count = (guint64)counts[0][id] + counts[1][id] + counts[2][id] + counts[3][id];
      if (count == 0)
        continue;
      sight->seen[id / 64] |= G_GUINT64_CONSTANT (1) << (id % 64);
      survey->pixels[item->form][id] += count;
      survey->images[item->form][id]++;
    }
  g_mutex_unlock (&work->mutex);
  return g_steal_pointer (&labels);
}

static gpointer
run (gpointer data)
{
  Work *work = data;
  for (;;)
    {
      const guint index = g_atomic_int_add (&work->next, 1);
      if (index >= work->n || g_cancellable_is_cancelled (work->cancellable))
        return NULL;
      DhItemSight *sight = &work->survey->sights[index];
      look_at_image (work, index, sight);
      g_autoptr (DhLabels) labels = index % work->label_step == 0 ? look_at_label (work, index, sight) : NULL;
      dh_check_look_at_region (work->survey->dataset, index, labels, sight);
      g_mutex_lock (&work->mutex);
      work->done++;
      g_cond_signal (&work->changed);
      g_mutex_unlock (&work->mutex);
    }
}

DhSurvey *
dh_survey_new (DhDataset *dataset, DhCheckFlags flags, guint threads, GCancellable *cancellable,
               const DhProgress *progress, GError **error)
{
  g_autoptr (DhSurvey) survey = g_new0 (DhSurvey, 1);
  const guint n = dh_dataset_size (dataset);
  survey->dataset = dh_dataset_ref (dataset);
  survey->flags = flags;
  survey->sights = g_new0 (DhItemSight, MAX (n, 1));
  Work work = { .survey = survey, .cancellable = cancellable, .n = n, .label_step = 1 };
  if (flags & DH_CHECK_QUICK)
    work.label_step = MAX (n / QUICK_LABELS, 1);
  g_mutex_init (&work.mutex);
  g_cond_init (&work.changed);

  GThread *workers[64];
  guint n_workers = CLAMP (threads > 0 ? threads : MIN (dh_groups_processors (), 8), 1, G_N_ELEMENTS (workers));
  n_workers = MIN (n_workers, MAX (n, 1));
  guint started = 0;
  for (guint i = 0; i < n_workers; i++)
    if ((workers[started] = g_thread_try_new ("doctor", run, &work, NULL)))
      started++;
  if (started == 0)
    run (&work);
  g_mutex_lock (&work.mutex);
  while (started > 0 && work.done < (gint)n && !g_cancellable_is_cancelled (cancellable))
    {
      g_cond_wait_until (&work.changed, &work.mutex, g_get_monotonic_time () + G_TIME_SPAN_MILLISECOND * 200);
      const guint done = work.done;
      g_mutex_unlock (&work.mutex);
      dh_progress_report (progress, done, n, "reading images and labels");
      g_mutex_lock (&work.mutex);
    }
  g_mutex_unlock (&work.mutex);
  for (guint i = 0; i < started; i++)
    g_thread_join (workers[i]);
  g_mutex_clear (&work.mutex);
  g_cond_clear (&work.changed);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return g_steal_pointer (&survey);
}

void
dh_survey_free (DhSurvey *survey)
{
  if (!survey)
    return;
  for (guint i = 0; i < dh_dataset_size (survey->dataset); i++)
    {
      g_free (survey->sights[i].image_error);
      g_free (survey->sights[i].label_error);
      g_free (survey->sights[i].region_error);
    }
  g_free (survey->sights);
  dh_dataset_unref (survey->dataset);
  g_free (survey);
}
