/* A run's pooled numbers of slices of its set: scenes, tags, places in the picture, classes. */
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

DhReportSlice *
dh_report_slice_new (GPtrArray *slices, const char *by, const char *name)
{
  DhReportSlice *slice = g_new0 (DhReportSlice, 1);
  slice->by = by;
  slice->name = g_strdup (name);
  slice->place = DH_N_PLACES;
  slice->class_id = -1;
  slice->rows = g_ptr_array_new ();
  slice->metrics.ap = slice->metrics.fpr95 = slice->metrics.auroc = slice->tpr = slice->fpr = NAN;
  slice->fp_share = slice->fn_share = NAN;
  g_ptr_array_add (slices, slice);
  return slice;
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
  DhReportSlice *slice = dh_report_slice_new (slices, by, name);
  slice->place = place;
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

static gboolean
is_measured (const DhRunImageRow *row)
{
  return g_str_equal (row->state, "done") && row->pixels > 0;
}

static void
list_whole (GPtrArray *slices, const DhReportRun *run)
{
  DhReportSlice *whole = dh_report_slice_new (slices, "set", "all");
  for (guint i = 0; i < run->images->len; i++)
    if (is_measured (run->images->pdata[i]))
      g_ptr_array_add (whole->rows, run->images->pdata[i]);
}

static void
list_parts (GPtrArray *slices, const DhReport *report)
{
  g_autoptr (GPtrArray) scenes = g_ptr_array_new_with_free_func (slice_free);
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func (slice_free);
  const DhReportSlice *whole = slices->pdata[0];
  g_autoptr (GPtrArray) with = g_ptr_array_new ();
  for (guint i = 0; i < whole->rows->len; i++)
    {
      DhRunImageRow *row = whole->rows->pdata[i];
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

/* An image, read once for all slices that have it. */
typedef struct
{
  DhRunImageRow *row;
  DhTensor *map;
  DhLabels *labels;
  DhClassPixels *by_class;
  gboolean tried, read, cut;
} Image;

static void
image_clear (Image *image)
{
  g_clear_pointer (&image->map, dh_tensor_unref);
  g_clear_pointer (&image->labels, dh_labels_unref);
  g_clear_pointer (&image->by_class, dh_class_pixels_free);
}

static gboolean
add_class (DhReportSlice *slice, Image *image, const DhRunRow *run)
{
  if (!image->cut)
    image->by_class = dh_report_cut_by_class (run, image->row, dh_tensor_f32 (image->map), image->labels);
  image->cut = TRUE;
  if (!image->by_class)
    return FALSE;
  const gsize begin = image->by_class->begin[slice->class_id];
  return dh_ranking_add (slice->ranking, image->by_class->scores + begin, image->by_class->labels + begin,
                         dh_class_pixels_count (image->by_class, (guint8)slice->class_id), NULL, NULL);
}

static gboolean
add_image (DhReportSlice *slice, Image *image, const DhRunRow *run)
{
  const DhLabels *labels = image->labels;
  const gsize n = (gsize)labels->width * labels->height;
  g_autofree guint8 *kept = NULL;
  if (!slice->ranking)
    slice->ranking = dh_ranking_new ();
  slice->images++;
  if (slice->class_id >= 0)
    return add_class (slice, image, run);
  if (slice->place < DH_N_PLACES)
    {
      kept = g_try_malloc (n);
      if (!kept)
        return FALSE;
      memcpy (kept, labels->ids, n);
      dh_place_keep (slice->place, kept, labels->width, labels->height);
    }
  return dh_ranking_add (slice->ranking, dh_tensor_f32 (image->map), kept ? kept : labels->ids, n, NULL, NULL);
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

/* The first eighth of an image is told of what its classes are. */
static void
tell (const DhReportSlices *self, const DhReport *report, guint64 measured)
{
  const guint64 n = ((const DhReportSlice *)self->slices->pdata[0])->rows->len, scanned = n / DH_REPORT_SCAN_SHARE;
  dh_progress_report (report->progress, scanned + (n - scanned) * measured / (n * self->slices->len), n, "slices");
}

/* Slices from `from` to before `to`, in one pass over the pictures of the set: a part of one, for those who wait. */
static void
measure (DhReportSlices *self, guint from, guint to, DhDataset *dataset, double threshold, const DhReport *report,
         guint which)
{
  const GPtrArray *slices = self->slices, *all = ((DhReportSlice *)slices->pdata[0])->rows;
  const DhRunRow *run = report->runs[which].run;
  g_autofree gboolean *fits = g_new (gboolean, slices->len);
  g_autofree guint *next = g_new0 (guint, slices->len);
  for (guint s = from; s < to; s++)
    fits[s] = TRUE;
  for (guint i = 0; i < all->len && !g_cancellable_is_cancelled (report->cancellable); i++)
    {
      Image image = { .row = all->pdata[i] };
      for (guint s = from; s < to; s++)
        {
          DhReportSlice *slice = slices->pdata[s];
          if (next[s] == slice->rows->len || slice->rows->pdata[next[s]] != image.row)
            continue;
          next[s]++;
          if (!image.tried)
            image.read = dh_report_load_measured (image.row, dataset, &image.map, &image.labels);
          if (!image.tried && image.read && from == 0 && report->intervals)
            dh_report_intervals_add (report->intervals, which, image.row, dh_tensor_f32 (image.map), image.labels);
          image.tried = TRUE;
          if (image.read && fits[s])
            fits[s] = add_image (slice, &image, run);
        }
      image_clear (&image);
      tell (self, report, (guint64)from * all->len + (guint64)(to - from) * (i + 1));
    }
  for (guint s = from; s < to; s++)
    finish (slices->pdata[s], fits[s], threshold);
}

static guint64
cost_of (const DhReportSlice *slice)
{
  guint64 pixels = slice->expected;
  for (guint i = 0; slice->class_id < 0 && i < slice->rows->len; i++)
    pixels += (guint64)((DhRunImageRow *)slice->rows->pdata[i])->pixels;
  return dh_ranking_usual_memory (pixels);
}

static double
share_of (guint64 part, guint64 whole)
{
  return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

static void
share (DhReportSlices *self)
{
  const DhReportSlice *whole = self->slices->pdata[0];
  for (guint s = 0; whole->counted && s < self->slices->len; s++)
    {
      DhReportSlice *slice = self->slices->pdata[s];
      if (!slice->counted)
        continue;
      slice->fp_share = share_of (slice->found.fp, whole->found.fp);
      slice->fn_share = share_of (slice->found.fn, whole->found.fn);
    }
}

DhReportSlices *
dh_report_slices_new (const DhReport *report, guint which, guint kinds)
{
  const DhReportRun *run = &report->runs[which];
  DhReportSlices *self = g_new0 (DhReportSlices, 1);
  self->slices = g_ptr_array_new_with_free_func (slice_free);
  list_whole (self->slices, run);
  if (kinds & DH_REPORT_SLICES_OF_PARTS)
    list_parts (self->slices, report);
  dh_report_find_operating (report, which, &self->at);
  const double threshold = dh_report_sign_of (run->run, run->run->score) * self->at.threshold;
  g_autoptr (DhDataset) dataset =
      dh_report_has_maps (run->run) ? dh_report_open_dataset (run->run, report->cancellable) : NULL;
  dh_progress_report (report->progress, 0, run->images->len, "slices");
  if (dataset && kinds & DH_REPORT_SLICES_OF_CLASSES)
    dh_report_slices_add_classes (self, report, which, dataset);
  for (guint from = 0, to = 0; dataset && from < self->slices->len; from = to)
    {
      guint64 cost = 0;
      for (to = from; to < self->slices->len && (to == from || cost + cost_of (self->slices->pdata[to]) <= BUDGET);
           to++)
        cost += cost_of (self->slices->pdata[to]);
      measure (self, from, to, dataset, threshold, report, which);
    }
  share (self);
  dh_report_slices_sort_classes (self);
  return self;
}

void
dh_report_slices_free (DhReportSlices *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->slices);
  dh_report_operating_clear (&self->at);
  g_free (self->why_no_classes);
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
  static const char *const named[] = { "scene", "tag", "class", NULL };
  return !g_strv_contains (named, slice->by) ? g_strdup (slice->name)
                                             : g_strdup_printf ("%s %s", slice->by, slice->name);
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
      if (*at == 0 || slice->place < DH_N_PLACES || slice->class_id >= 0)
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
  if (dh_report_slices_count_unread (self) > 0 || self->unsegmented > 0)
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
