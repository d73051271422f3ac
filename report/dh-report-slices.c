/* A run's pooled numbers of slices of its set: scenes, tags, places in the picture. */
#include <math.h>
#include <string.h>

#include "dh-map-owner.h"
#include "dh-ranking.h"
#include "dh-report-private.h"
#include "dh-run-numbers.h"

/* Of the rankings that stand open at one time: further ones wait for another pass over the maps. */
#define BUDGET ((guint64)768 << 20)

typedef struct
{
  const char *by;
  char *name;
  DhPlace place;   /* DH_N_PLACES: everywhere */
  GPtrArray *rows; /* DhRunImageRow, borrowed */
  guint images;    /* that were read */
  DhRanking *ranking;
  guint64 pixels, positives;
  DhPixelMetrics metrics;
  DhConfusion found; /* at the threshold, where `counted` */
  gboolean counted;
  double tpr, fpr; /* of that */
} Slice;

struct _DhReportSlices
{
  GPtrArray *slices; /* Slice; the first is the whole */
  DhReportOperating at;
};

static void
slice_free (gpointer data)
{
  Slice *slice = data;
  g_free (slice->name);
  g_ptr_array_unref (slice->rows);
  dh_ranking_free (slice->ranking);
  g_free (slice);
}

static Slice *
get_slice (GPtrArray *slices, const char *by, const char *name, DhPlace place)
{
  for (guint i = 0; i < slices->len; i++)
    {
      Slice *slice = slices->pdata[i];
      if (g_str_equal (slice->by, by) && g_str_equal (slice->name, name))
        return slice;
    }
  Slice *slice = g_new0 (Slice, 1);
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
  return g_utf8_collate ((*(Slice *const *)a)->name, (*(Slice *const *)b)->name);
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
  Slice *whole = get_slice (slices, "set", "all", DH_N_PLACES);
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
add_picture (Slice *slice, const float *scores, const DhLabels *labels)
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
count (Slice *slice, double threshold)
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
finish (Slice *slice, gboolean whole, double threshold)
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
  const GPtrArray *all = ((Slice *)slices->pdata[0])->rows;
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
          Slice *slice = slices->pdata[s];
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
cost_of (const Slice *slice)
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

static guint
count_unread (const DhReportSlices *self)
{
  const Slice *whole = self->slices->pdata[0];
  return whole->rows->len - whole->images;
}

gboolean
dh_report_slices_count_whole (const DhReportSlices *self, double threshold, DhConfusion *confusion)
{
  const Slice *whole = self ? self->slices->pdata[0] : NULL;
  if (!whole || !whole->counted || count_unread (self) > 0 || self->at.threshold != threshold)
    return FALSE;
  *confusion = whole->found;
  return TRUE;
}

static char *
dup_name (const Slice *slice)
{
  const gboolean bare = !g_str_equal (slice->by, "scene") && !g_str_equal (slice->by, "tag");
  return bare ? g_strdup (slice->name) : g_strdup_printf ("%s %s", slice->by, slice->name);
}

static void
get_part (const Slice *slice, DhReportPart *part)
{
  *part = (DhReportPart){ slice->rows, slice->metrics.ap, slice->metrics.fpr95, slice->metrics.auroc };
}

gboolean
dh_report_slices_next_part (const DhReportSlices *self, guint *at, DhReportPart *part, char **name)
{
  for (; self && *at < self->slices->len; ++*at)
    {
      const Slice *slice = self->slices->pdata[*at];
      if (*at == 0 || slice->place < DH_N_PLACES)
        continue;
      get_part (slice, part);
      *name = dup_name (slice);
      return TRUE;
    }
  return FALSE;
}

GPtrArray *
dh_report_slices_list (const DhReportSlices *self)
{
  if (count_unread (self) > 0)
    return NULL;
  GPtrArray *listed = g_ptr_array_new ();
  for (guint i = 1; i < self->slices->len; i++)
    {
      const Slice *slice = self->slices->pdata[i];
      DhRunSlice *one = g_new (DhRunSlice, 1);
      one->name = dup_name (slice);
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

/* What the numbers are, and of how many images there are none. */
static char *
dup_sentence (guint unread, const DhReportOperating *at)
{
  GString *text = g_string_new ("By densehybrid-pooled over the pixels of each: no means of images.");
  g_autofree char *of_unread = dh_report_dup_unread (unread);
  g_string_append (text, of_unread);
  if (at && isfinite (at->threshold))
    {
      g_autofree char *threshold = dh_report_number (at->threshold, 4);
      g_string_append_printf (text, " τ is %s (%s).%s", threshold, at->chosen,
                              at->own ? " Chosen on this very set: the best that could be had, not what to expect."
                                      : "");
    }
  return g_string_free (text, FALSE);
}

DhReportTable *
dh_report_slices_table (const DhReportSlices *self)
{
  static const char *const titles[] = { "slice", "images", "pixels",   "anomaly px", "AP",
                                        "FPR95", "AUROC",  "TPR at τ", "FPR at τ" };
  if (!self)
    return NULL;
  DhReportTable *table = dh_report_table_new ("Slices of the set, in per cent", G_N_ELEMENTS (titles), 1, titles);
  const Slice *whole = self->slices->pdata[0];
  table->sentence = whole->rows->len == 0 ? g_strdup ("No image has labels of anomalies, so nothing is measured.")
                                          : dup_sentence (count_unread (self), &self->at);
  for (guint i = 0; i < self->slices->len; i++)
    {
      const Slice *slice = self->slices->pdata[i];
      g_ptr_array_add (table->cells, dup_name (slice));
      g_ptr_array_add (table->cells, dh_report_count (slice->images));
      g_ptr_array_add (table->cells, dh_report_count ((gint64)slice->pixels));
      g_ptr_array_add (table->cells, dh_report_count ((gint64)slice->positives));
      g_ptr_array_add (table->cells, dh_report_percent (slice->metrics.ap));
      g_ptr_array_add (table->cells, dh_report_percent (slice->metrics.fpr95));
      g_ptr_array_add (table->cells, dh_report_percent (slice->metrics.auroc));
      g_ptr_array_add (table->cells, dh_report_percent (slice->tpr));
      g_ptr_array_add (table->cells, dh_report_percent (slice->fpr));
    }
  return table;
}

static const Slice *
find_same (const DhReportSlices *self, const Slice *slice)
{
  for (guint i = 0; i < self->slices->len; i++)
    {
      const Slice *other = self->slices->pdata[i];
      if (g_str_equal (other->by, slice->by) && g_str_equal (other->name, slice->name))
        return other;
    }
  return NULL;
}

DhReportTable *
dh_report_compared_slices (const DhReport *report)
{
  if (report->n_runs < 2 || !report->slices[0] || !report->slices[1])
    return NULL;
  const gint64 a = report->runs[0].run->id, b = report->runs[1].run->id;
  g_autofree char *ap_a = g_strdup_printf ("AP %" G_GINT64_FORMAT, a);
  g_autofree char *ap_b = g_strdup_printf ("AP %" G_GINT64_FORMAT, b);
  g_autofree char *fpr_a = g_strdup_printf ("FPR95 %" G_GINT64_FORMAT, a);
  g_autofree char *fpr_b = g_strdup_printf ("FPR95 %" G_GINT64_FORMAT, b);
  g_autofree char *less = g_strdup_printf ("%" G_GINT64_FORMAT " − %" G_GINT64_FORMAT, a, b);
  const char *titles[] = { "slice", "anomaly pixels", ap_a, ap_b, less, fpr_a, fpr_b, less };
  DhReportTable *table = dh_report_table_new ("Slices of both runs, in per cent", G_N_ELEMENTS (titles), 1, titles);
  g_autofree char *why = dh_report_explain_difference (report);
  table->sentence = why ? g_strdup (why)
                        : dup_sentence (MAX (count_unread (report->slices[0]), count_unread (report->slices[1])), NULL);
  for (guint i = 0; i < report->slices[0]->slices->len; i++)
    {
      const Slice *slice = report->slices[0]->slices->pdata[i], *other = find_same (report->slices[1], slice);
      if (!other)
        continue;
      const gboolean same = !why && slice->pixels == other->pixels && slice->positives == other->positives;
      g_ptr_array_add (table->cells, dup_name (slice));
      g_ptr_array_add (table->cells,
                       why ? g_strdup ("—") : dh_report_count ((gint64)MAX (slice->positives, other->positives)));
      dh_report_table_add_pair (table, slice->metrics.ap, other->metrics.ap, same);
      dh_report_table_add_pair (table, slice->metrics.fpr95, other->metrics.fpr95, same);
    }
  return table;
}

void
dh_report_slices_to_json (const DhReportSlices *self, JsonBuilder *json)
{
  if (!self)
    return;
  json_builder_set_member_name (json, "slices");
  json_builder_begin_object (json);
  dh_report_member_string (json, "protocol", "densehybrid-pooled");
  dh_report_member_double (json, "threshold", self->at.threshold);
  dh_report_member_string (json, "threshold_rule", self->at.chosen);
  dh_report_member_int (json, "images_unread", count_unread (self));
  json_builder_set_member_name (json, "slices");
  json_builder_begin_array (json);
  for (guint i = 0; i < self->slices->len; i++)
    {
      const Slice *slice = self->slices->pdata[i];
      json_builder_begin_object (json);
      dh_report_member_string (json, "by", slice->by);
      dh_report_member_string (json, "slice", slice->place < DH_N_PLACES ? dh_place_name (slice->place) : slice->name);
      dh_report_member_int (json, "images", slice->images);
      dh_report_member_int (json, "pixels", (gint64)slice->pixels);
      dh_report_member_int (json, "positives", (gint64)slice->positives);
      dh_report_member_double (json, "ap", slice->metrics.ap);
      dh_report_member_double (json, "auroc", slice->metrics.auroc);
      dh_report_member_double (json, "fpr95", slice->metrics.fpr95);
      dh_report_member_double (json, "tpr", slice->tpr);
      dh_report_member_double (json, "fpr", slice->fpr);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_end_object (json);
}
