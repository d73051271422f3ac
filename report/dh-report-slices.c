/* A run's pooled numbers of slices of its set: scenes, tags, places in the picture. */
#include <math.h>
#include <string.h>

#include "dh-map-owner.h"
#include "dh-report-slices-private.h"
#include "dh-run-numbers.h"

/* Of the rankings that stand open at one time: further ones wait for another pass over the maps. */
#define BUDGET ((guint64)768 << 20)

static void
slice_free (gpointer data)
{
  DhReportSlice *slice = data;
  g_free (slice->name);
  g_ptr_array_unref (slice->rows);
  dh_ranking_free (slice->ranking);
  g_free (slice);
}

static DhReportSlice *
get_slice (GPtrArray *slices, const char *by, const char *name, DhPlace place)
{
  for (guint i = 0; i < slices->len; i++)
    {
      DhReportSlice *slice = slices->pdata[i];
      if (g_str_equal (slice->by, by) && g_str_equal (slice->name, name))
        return slice;
    }
  DhReportSlice *slice = g_new0 (DhReportSlice, 1);
  slice->by = by;
  slice->name = g_strdup (name);
  slice->place = place;
  slice->rows = g_ptr_array_new ();
  slice->metrics.ap = slice->metrics.fpr95 = slice->metrics.auroc = slice->tpr = slice->fpr = NAN;
  g_ptr_array_add (slices, slice);
  return slice;
}

static void
add_to (GPtrArray *slices, const char *by, const char *name, DhPlace place, DhRunImageRow *row)
{
  g_ptr_array_add (get_slice (slices, by, name, place)->rows, row);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate ((*(DhReportSlice *const *)a)->name, (*(DhReportSlice *const *)b)->name);
}

/* Parts that would be the whole again are left out, but for tags. */
static void
take (GPtrArray *to, GPtrArray *from, guint least)
{
  g_ptr_array_sort (from, compare);
  while (from->len >= least && from->len > 0)
    {
      g_ptr_array_add (to, g_ptr_array_steal_index (from, 0));
      least = 0;
    }
}

static void
list_slices (GPtrArray *slices, const DhReport *report, const DhReportRun *run)
{
  g_autoptr (GPtrArray) scenes = g_ptr_array_new_with_free_func (slice_free);
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func (slice_free);
  DhReportSlice *whole = get_slice (slices, "set", "all", DH_N_PLACES);
  g_autoptr (GPtrArray) with = g_ptr_array_new ();
  for (guint i = 0; i < run->images->len; i++)
    {
      DhRunImageRow *row = run->images->pdata[i];
      if (!g_str_equal (row->state, "done") || row->pixels == 0)
        continue;
      g_ptr_array_add (whole->rows, row);
      if (row->positives > 0)
        g_ptr_array_add (with, row);
      add_to (scenes, "scene", *row->scene ? row->scene : "others", DH_N_PLACES, row);
      g_auto (GStrv) names = dh_report_dup_tags (report, row->path);
      for (guint t = 0; names[t]; t++)
        if (*names[t] && !g_strv_contains ((const char *const *)names + t + 1, names[t]))
          add_to (tags, "tag", names[t], DH_N_PLACES, row);
    }
  for (guint i = 0; with->len < whole->rows->len && i < with->len; i++)
    add_to (slices, "anomalies", "images with anomalies", DH_N_PLACES, with->pdata[i]);
  take (slices, scenes, 2);
  take (slices, tags, 1);
  for (guint place = 0; place < DH_N_PLACES; place++)
    for (guint i = 0; i < whole->rows->len; i++)
      add_to (slices, "place", dh_report_place_title (place), place, whole->rows->pdata[i]);
}

static gboolean
add_picture (DhReportSlice *slice, const float *scores, const DhLabels *labels)
{
  const gsize n = (gsize)labels->width * labels->height;
  g_autofree guint8 *kept = NULL;
  const guint8 *ids = labels->ids;
  if (slice->place < DH_N_PLACES)
    {
      kept = g_try_malloc (n);
      if (!kept)
        return FALSE;
      memcpy (kept, ids, n);
      dh_place_keep (slice->place, kept, labels->width, labels->height);
      ids = kept;
    }
  if (!slice->ranking)
    slice->ranking = dh_ranking_new ();
  slice->images++;
  return dh_ranking_add (slice->ranking, scores, ids, n, NULL, NULL);
}

/* For every float the same as `score > threshold`. */
static void
count (DhReportSlice *slice, double threshold)
{
  const float limit = (float)threshold;
  dh_ranking_confusion (slice->ranking, limit > threshold ? nextafterf (limit, -INFINITY) : limit, FALSE,
                        &slice->found);
  slice->counted = TRUE;
  slice->tpr = dh_confusion_tpr (&slice->found);
  slice->fpr = dh_confusion_fpr (&slice->found);
}

/* `threshold`: of what is high where anomalous. */
static void
finish (DhReportSlice *slice, gboolean whole, double threshold)
{
  if (slice->ranking && whole)
    {
      slice->pixels = dh_ranking_inliers (slice->ranking) + dh_ranking_anomalies (slice->ranking);
      slice->positives = dh_ranking_anomalies (slice->ranking);
      if (!dh_ranking_metrics (slice->ranking, DH_FPR95_ABOVE, &slice->metrics))
        slice->metrics.ap = slice->metrics.fpr95 = slice->metrics.auroc = NAN;
      if (isfinite (threshold))
        count (slice, threshold);
    }
  g_clear_pointer (&slice->ranking, dh_ranking_free);
}

/* Slices from `from` to before `to`, in one pass over the pictures of the set: a part of one, for those who wait. */
static void
measure (GPtrArray *slices, guint from, guint to, DhDataset *dataset, double threshold, const DhReport *report,
         guint which)
{
  const GPtrArray *all = ((DhReportSlice *)slices->pdata[0])->rows;
  g_autofree gboolean *fits = g_new (gboolean, slices->len);
  g_autofree guint *next = g_new0 (guint, slices->len);
  for (guint s = from; s < to; s++)
    fits[s] = TRUE;
  for (guint i = 0; i < all->len && !g_cancellable_is_cancelled (report->cancellable); i++)
    {
      g_autoptr (DhTensor) map = NULL;
      g_autoptr (DhLabels) labels = NULL;
      gboolean read = FALSE, tried = FALSE;
      for (guint s = from; s < to; s++)
        {
          DhReportSlice *slice = slices->pdata[s];
          if (next[s] == slice->rows->len || slice->rows->pdata[next[s]] != all->pdata[i])
            continue;
          next[s]++;
          read = tried ? read : dh_report_load_measured (all->pdata[i], dataset, &map, &labels);
          if (!tried && read && from == 0 && report->intervals)
            dh_report_intervals_add (report->intervals, which, all->pdata[i], dh_tensor_f32 (map), labels);
          tried = TRUE;
          if (read && fits[s])
            fits[s] = add_picture (slice, dh_tensor_f32 (map), labels);
        }
      dh_progress_report (report->progress, ((guint64)from * all->len + (guint64)(to - from) * (i + 1)) / slices->len,
                          all->len, "slices");
    }
  for (guint s = from; s < to; s++)
    finish (slices->pdata[s], fits[s], threshold);
}

static guint64
cost_of (const DhReportSlice *slice)
{
  guint64 pixels = 0;
  for (guint i = 0; i < slice->rows->len; i++)
    pixels += (guint64)((DhRunImageRow *)slice->rows->pdata[i])->pixels;
  return dh_ranking_usual_memory (pixels);
}

DhReportSlices *
dh_report_slices_new (const DhReport *report, guint which)
{
  const DhReportRun *run = &report->runs[which];
  DhReportSlices *self = g_new0 (DhReportSlices, 1);
  self->slices = g_ptr_array_new_with_free_func (slice_free);
  list_slices (self->slices, report, run);
  dh_report_find_operating (report, which, &self->at);
  const double threshold = dh_report_sign_of (run->run, run->run->score) * self->at.threshold;
  g_autoptr (DhDataset) dataset =
      dh_report_has_maps (run->run) ? dh_report_open_dataset (run->run, report->cancellable) : NULL;
  dh_progress_report (report->progress, 0, run->images->len, "slices");
  for (guint from = 0, to = 0; dataset && from < self->slices->len; from = to)
    {
      guint64 cost = 0;
      for (to = from; to < self->slices->len && (to == from || cost + cost_of (self->slices->pdata[to]) <= BUDGET);
           to++)
        cost += cost_of (self->slices->pdata[to]);
      measure (self->slices, from, to, dataset, threshold, report, which);
    }
  return self;
}

void
dh_report_slices_free (DhReportSlices *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->slices);
  dh_report_operating_clear (&self->at);
  g_free (self);
}

guint
dh_report_slices_count_unread (const DhReportSlices *self)
{
  const DhReportSlice *whole = self->slices->pdata[0];
  return whole->rows->len - whole->images;
}

gboolean
dh_report_slices_count_whole (const DhReportSlices *self, double threshold, DhConfusion *confusion)
{
  const DhReportSlice *whole = self ? self->slices->pdata[0] : NULL;
  if (!whole || !whole->counted || dh_report_slices_count_unread (self) > 0 || self->at.threshold != threshold)
    return FALSE;
  *confusion = whole->found;
  return TRUE;
}

char *
dh_report_slice_dup_name (const DhReportSlice *slice)
{
  const gboolean bare = !g_str_equal (slice->by, "scene") && !g_str_equal (slice->by, "tag");
  return bare ? g_strdup (slice->name) : g_strdup_printf ("%s %s", slice->by, slice->name);
}

static void
get_part (const DhReportSlice *slice, DhReportPart *part)
{
  *part = (DhReportPart){ slice->rows, slice->metrics.ap, slice->metrics.fpr95, slice->metrics.auroc };
}

gboolean
dh_report_slices_next_part (const DhReportSlices *self, guint *at, DhReportPart *part, char **name)
{
  for (; self && *at < self->slices->len; ++*at)
    {
      const DhReportSlice *slice = self->slices->pdata[*at];
      if (*at == 0 || slice->place < DH_N_PLACES)
        continue;
      get_part (slice, part);
      *name = dh_report_slice_dup_name (slice);
      return TRUE;
    }
  return FALSE;
}

GPtrArray *
dh_report_slices_list (const DhReportSlices *self)
{
  if (dh_report_slices_count_unread (self) > 0)
    return NULL;
  GPtrArray *listed = g_ptr_array_new ();
  for (guint i = 1; i < self->slices->len; i++)
    {
      const DhReportSlice *slice = self->slices->pdata[i];
      DhRunSlice *one = g_new (DhRunSlice, 1);
      one->name = dh_report_slice_dup_name (slice);
      one->numbers = (DhRunNumbers){ .pixels = (gint64)slice->pixels,
                                     .positives = (gint64)slice->positives,
                                     .ap = slice->metrics.ap,
                                     .auroc = slice->metrics.auroc,
                                     .fpr95 = slice->metrics.fpr95,
                                     .best_f1 = NAN,
                                     .siou = NAN,
                                     .ppv = NAN,
                                     .mean_f1 = NAN,
                                     .closed_miou = NAN,
                                     .open_miou = NAN };
      g_ptr_array_add (listed, one);
    }
  return listed;
}
