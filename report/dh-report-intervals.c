/* How far a run's numbers, or the difference of two runs', are a matter of chance: of which images there are. */
#include <math.h>
#include <string.h>

#include "dh-report-intervals-private.h"

/* Where its bins lie is known of any ranking of the run's pixels. */
static DhBootstrap *
make_bins (const DhReportRun *run, const DhRunProtocolRow *pooled)
{
  const DhRunProtocolRow *row = pooled && pooled->curve ? pooled : NULL;
  for (guint i = 0; !row && i < run->protocols->len; i++)
    {
      const DhRunProtocolRow *other = run->protocols->pdata[i];
      if (other->curve && g_str_equal (other->score, run->run->score))
        row = other;
    }
  g_autoptr (DhCurve) curve = row ? dh_curve_from_bytes (row->curve) : NULL;
  return curve && curve->n_points > 0 ? dh_bootstrap_new (curve) : NULL;
}

static void
init_side (DhReportIntervalsSide *side, const DhReportRun *run, const char *protocol)
{
  gboolean bins = FALSE;
  side->run = run;
  side->rows = g_ptr_array_new ();
  side->read = g_ptr_array_new ();
  side->protocols = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_report_drawn_free);
  side->pooled = dh_report_find_protocol (run, run->run->score, DH_REPORT_INTERVALS_POOLED);
  for (guint i = 0; i < dh_protocol_count (); i++)
    {
      const DhProtocol *one = dh_protocol_at (i);
      DhReportDrawn *drawn = !protocol || g_str_equal (protocol, one->name) ? dh_report_drawn_new (run, one) : NULL;
      if (!drawn)
        continue;
      g_ptr_array_add (side->protocols, drawn);
      bins |= dh_report_drawn_is_pooled (drawn);
    }
  side->pixels = bins ? make_bins (run, side->pooled) : NULL;
  for (guint i = 0; i < run->images->len; i++)
    {
      DhRunImageRow *row = run->images->pdata[i];
      if (g_str_equal (row->state, "done") && row->pixels > 0)
        g_ptr_array_add (side->rows, row);
    }
}

/* How many scenes there are; 0 where an image has none. */
static guint
count_scenes (const DhReportIntervalsSide *side)
{
  g_autoptr (GHashTable) scenes = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < side->rows->len; i++)
    {
      char *scene = ((DhRunImageRow *)side->rows->pdata[i])->scene;
      if (*scene == '\0')
        return 0;
      g_hash_table_add (scenes, scene);
    }
  return g_hash_table_size (scenes);
}

DhReportIntervals *
dh_report_intervals_new (const DhReport *report, const char *protocol, const DhFrocRules *froc, double rate,
                         DhDrawn drawn)
{
  DhReportIntervals *self = g_new0 (DhReportIntervals, 1);
  self->groups = g_hash_table_new (g_str_hash, g_str_equal);
  guint scenes = G_MAXUINT;
  for (self->n_sides = 0; self->n_sides < report->n_runs; self->n_sides++)
    {
      DhReportIntervalsSide *side = &self->sides[self->n_sides];
      init_side (side, &report->runs[self->n_sides], protocol);
      if (froc)
        {
          const DhFrocOptions options = dh_report_froc_options (report, froc);
          g_ptr_array_add (side->protocols, dh_report_drawn_new_froc (&options, rate));
        }
      scenes = MIN (scenes, count_scenes (side));
      if (!self->why && side->protocols->len == 0)
        self->why = g_strdup_printf ("run %" G_GINT64_FORMAT " was not measured by %s", side->run->run->id,
                                     protocol ? protocol : "any protocol");
      else if (!self->why && !g_str_equal (side->run->run->state, "done"))
        self->why = g_strdup_printf ("run %" G_GINT64_FORMAT " has not measured all of its images", side->run->run->id);
      else if (!self->why && side->rows->len == 0)
        self->why = g_strdup_printf ("of run %" G_GINT64_FORMAT " no image was measured", side->run->run->id);
      else if (!self->why && protocol && !side->pixels && dh_report_drawn_is_pooled (side->protocols->pdata[0]))
        self->why = g_strdup_printf ("run %" G_GINT64_FORMAT " keeps no curve of %s", side->run->run->id, protocol);
    }
  self->scenes = drawn == DH_DRAWN_SCENES || (drawn == DH_DRAWN_BY_ITSELF && scenes >= DH_BOOTSTRAP_LEAST);
  if (!self->why && self->scenes && scenes == 0)
    self->why = g_strdup ("not every image has a scene");
  return self;
}

void
dh_report_intervals_free (DhReportIntervals *self)
{
  if (!self)
    return;
  for (guint r = 0; r < self->n_sides; r++)
    {
      g_ptr_array_unref (self->sides[r].rows);
      g_ptr_array_unref (self->sides[r].read);
      g_ptr_array_unref (self->sides[r].protocols);
      dh_bootstrap_free (self->sides[r].pixels);
    }
  g_hash_table_unref (self->groups);
  g_free (self->why);
  g_free (self);
}

void
dh_report_intervals_add (DhReportIntervals *self, guint which, DhRunImageRow *row, const float *scores,
                         const DhLabels *labels)
{
  DhReportIntervalsSide *side = &self->sides[which];
  const char *group = self->scenes ? row->scene : row->stem;
  gboolean added =
      !side->pixels || dh_bootstrap_add (side->pixels, scores, labels->ids, (gsize)labels->width * labels->height);
  for (guint i = 0; added && i < side->protocols->len; i++)
    added = dh_report_drawn_add (side->protocols->pdata[i], scores, labels, NULL);
  if (!added)
    {
      /* What is not added to all of them is added to none: there are no intervals. */
      g_free (self->why);
      self->why = g_strdup ("no memory is left for it");
      return;
    }
  g_ptr_array_add (side->read, row);
  if (!g_hash_table_contains (self->groups, group))
    g_hash_table_insert (self->groups, (gpointer)group, GUINT_TO_POINTER (g_hash_table_size (self->groups) + 1));
}

void
dh_report_intervals_read (DhReportIntervals *self, guint which, const DhProgress *progress, GCancellable *cancellable)
{
  DhReportIntervalsSide *side = &self->sides[which];
  guint64 before = 0, total = 0;
  for (guint r = 0; r < self->n_sides; r++)
    {
      before += r < which ? self->sides[r].rows->len : 0;
      total += self->sides[r].rows->len;
    }
  g_autoptr (DhDataset) dataset =
      !self->why && dh_report_has_maps (side->run->run) ? dh_report_open_dataset (side->run->run, cancellable) : NULL;
  for (guint i = 0; dataset && i < side->rows->len && !g_cancellable_is_cancelled (cancellable); i++)
    {
      g_autoptr (DhTensor) map = NULL;
      g_autoptr (DhLabels) labels = NULL;
      DhRunImageRow *row = side->rows->pdata[i];
      dh_progress_report (progress, before + i, total, row->stem);
      if (dh_report_load_measured (row, dataset, &map, &labels))
        dh_report_intervals_add (self, which, row, dh_tensor_f32 (map), labels);
    }
}

const char *
dh_report_intervals_why (DhReportIntervals *self)
{
  for (guint r = 0; !self->why && r < self->n_sides; r++)
    if (self->sides[r].read->len < self->sides[r].rows->len)
      self->why = g_strdup_printf ("of run %" G_GINT64_FORMAT " not every map, or label, is there any more",
                                   self->sides[r].run->run->id);
  return self->why;
}

char *
dh_report_intervals_dup_why_pooled (DhReportIntervals *self, gboolean compared)
{
  const char *why = dh_report_intervals_why (self);
  if (!why && compared && !dh_report_intervals_measured_same (self, DH_REPORT_INTERVALS_POOLED))
    why = "the runs measured other pixels";
  for (guint r = 0; !why && r < self->n_sides; r++)
    if (!self->sides[r].pooled || !self->sides[r].pixels)
      return g_strdup_printf (self->sides[r].pooled
                                  ? "run %" G_GINT64_FORMAT " keeps no curve of " DH_REPORT_INTERVALS_POOLED
                                  : "run %" G_GINT64_FORMAT " was not measured by " DH_REPORT_INTERVALS_POOLED,
                              self->sides[r].run->run->id);
  return g_strdup (why);
}

gboolean
dh_report_intervals_of_scenes (const DhReportIntervals *self)
{
  return self->scenes;
}

gboolean
dh_report_intervals_get_whole (const DhReportIntervals *self, guint which, DhReportPart *part)
{
  const DhRunProtocolRow *pooled = self->sides[which].pooled;
  *part = (DhReportPart){ NULL, pooled ? pooled->ap : NAN, pooled ? pooled->fpr95 : NAN, pooled ? pooled->auroc : NAN };
  return pooled != NULL;
}
