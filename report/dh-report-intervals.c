/* How far a run's numbers, or the difference of two runs', are a matter of chance: of which images there are. */
#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-report-drawn-private.h"
#include "dh-run-intervals.h"
#include "dh-run-numbers.h"

#define POOLED "densehybrid-pooled"

/* A run and what is drawn of it. */
typedef struct
{
  const DhReportRun *run;
  const DhRunProtocolRow *pooled; /* borrowed; NULL: not measured by it */
  GPtrArray *protocols;           /* DhReportDrawn */
  GPtrArray *rows;                /* DhRunImageRow, borrowed: all that were measured */
  DhBootstrap *pixels;            /* of those that were read; NULL where no pooled protocol keeps a curve */
  GPtrArray *read;                /* DhRunImageRow, borrowed, in their order */
} Side;

struct _DhReportIntervals
{
  Side sides[2];
  guint n_sides;
  gboolean scenes;
  GHashTable *groups; /* the stem of an image, or its scene, to its group's number and 1 */
  char *why;          /* why there are none; NULL */
};

static const char *const names[] = { [DH_DRAWN_IMAGES] = "image", [DH_DRAWN_SCENES] = "scene" };

gboolean
dh_drawn_from_name (const char *name, DhDrawn *drawn)
{
  for (guint i = DH_DRAWN_IMAGES; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (name, names[i]))
      {
        *drawn = i;
        return TRUE;
      }
  return FALSE;
}

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
init_side (Side *side, const DhReportRun *run, const char *protocol)
{
  gboolean bins = FALSE;
  side->run = run;
  side->rows = g_ptr_array_new ();
  side->read = g_ptr_array_new ();
  side->protocols = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_report_drawn_free);
  side->pooled = dh_report_find_protocol (run, run->run->score, POOLED);
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
count_scenes (const Side *side)
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
      Side *side = &self->sides[self->n_sides];
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
  Side *side = &self->sides[which];
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
  Side *side = &self->sides[which];
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
dh_report_intervals_dup_why_pooled (DhReportIntervals *self)
{
  const char *why = dh_report_intervals_why (self);
  for (guint r = 0; !why && r < self->n_sides; r++)
    if (!self->sides[r].pooled || !self->sides[r].pixels)
      return g_strdup_printf (self->sides[r].pooled ? "run %" G_GINT64_FORMAT " keeps no curve of " POOLED
                                                    : "run %" G_GINT64_FORMAT " was not measured by " POOLED,
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

/* The groups of a run's images, in the order of its pixels; of those of `rows` alone, NULL: of all. */
static guint *
number_groups (const DhReportIntervals *self, const Side *side, const GPtrArray *rows)
{
  g_autoptr (GHashTable) part = g_hash_table_new (NULL, NULL);
  guint *groups = g_new (guint, MAX (side->read->len, 1));
  for (guint i = 0; rows && i < rows->len; i++)
    g_hash_table_add (part, rows->pdata[i]);
  for (guint i = 0; i < side->read->len; i++)
    {
      DhRunImageRow *row = side->read->pdata[i];
      const char *group = self->scenes ? row->scene : row->stem;
      groups[i] = rows && !g_hash_table_contains (part, row)
                      ? G_MAXUINT
                      : GPOINTER_TO_UINT (g_hash_table_lookup (self->groups, group)) - 1;
    }
  return groups;
}

gboolean
dh_report_intervals_draw (DhReportIntervals *self, const DhReportPart *parts, guint which, guint n,
                          DhBootstrapNumbers *numbers, GCancellable *cancellable)
{
  DhBootstrapRun runs[2] = { { 0 } };
  guint *groups[2] = { NULL, NULL };
  if (dh_report_intervals_why (self))
    return FALSE;
  for (guint r = 0; r < n; r++)
    if (!self->sides[which + r].pixels)
      return FALSE;
  for (guint r = 0; r < n; r++)
    {
      const Side *side = &self->sides[which + r];
      groups[r] = number_groups (self, side, parts[r].rows);
      runs[r] = (DhBootstrapRun){ side->pixels, groups[r], parts[r].ap, parts[r].fpr95, parts[r].auroc, NAN };
    }
  const gboolean drawn = dh_bootstrap_draw (runs, n, g_hash_table_size (self->groups), numbers, cancellable);
  for (guint r = 0; r < n; r++)
    g_free (groups[r]);
  return drawn;
}

const char *
dh_report_intervals_protocol (const DhReportIntervals *self, guint which, guint index)
{
  const GPtrArray *protocols = self->sides[which].protocols;
  return index < protocols->len ? dh_report_drawn_protocol (protocols->pdata[index])->name : NULL;
}

static DhReportDrawn *
find_drawn (const Side *side, const char *protocol)
{
  for (guint i = 0; i < side->protocols->len; i++)
    if (g_str_equal (dh_report_drawn_protocol (side->protocols->pdata[i])->name, protocol))
      return side->protocols->pdata[i];
  return NULL;
}

static gboolean
draw_bins (const DhReportIntervals *self, DhReportDrawn *const *of, guint *const *groups, guint which, guint n,
           DhRunIntervals *drawn, GCancellable *cancellable)
{
  DhBootstrapRun runs[2] = { { 0 } };
  DhBootstrapNumbers numbers;
  for (guint r = 0; r < n; r++)
    {
      const double *exact = dh_report_drawn_exact (of[r]);
      if (!self->sides[which + r].pixels)
        return FALSE;
      runs[r] = (DhBootstrapRun){ self->sides[which + r].pixels, groups[r],
                                  exact[DH_INTERVAL_AP],         exact[DH_INTERVAL_FPR95],
                                  exact[DH_INTERVAL_AUROC],      exact[DH_INTERVAL_BEST_F1] };
    }
  if (!dh_bootstrap_draw (runs, n, g_hash_table_size (self->groups), &numbers, cancellable))
    return FALSE;
  drawn->groups = numbers.groups;
  drawn->numbers[DH_INTERVAL_AP] = numbers.ap;
  drawn->numbers[DH_INTERVAL_FPR95] = numbers.fpr95;
  drawn->numbers[DH_INTERVAL_AUROC] = numbers.auroc;
  drawn->numbers[DH_INTERVAL_BEST_F1] = numbers.best_f1;
  return TRUE;
}

static void
undefine (DhRunIntervals *drawn)
{
  static const DhBootstrapNumber undefined = DH_BOOTSTRAP_NUMBER_INIT;
  *drawn = (DhRunIntervals){ 0 };
  for (guint k = 0; k < DH_N_INTERVALS; k++)
    {
      drawn->exact[k][0] = drawn->exact[k][1] = NAN;
      drawn->numbers[k] = undefined;
    }
}

gboolean
dh_report_intervals_draw_protocol (DhReportIntervals *self, const char *protocol, guint which, guint n,
                                   DhRunIntervals *drawn, GCancellable *cancellable)
{
  DhReportDrawn *of[2] = { NULL, NULL };
  DhDrawsRun runs[2] = { { NULL, 0 }, { NULL, 0 } };
  guint *groups[2] = { NULL, NULL };
  undefine (drawn);
  for (guint r = 0; r < n; r++)
    {
      of[r] = find_drawn (&self->sides[which + r], protocol);
      for (guint k = 0; of[r] && k < DH_N_INTERVALS; k++)
        drawn->exact[k][r] = dh_report_drawn_exact (of[r])[k];
    }
  drawn->scenes = self->scenes;
  drawn->images = self->sides[which].rows->len;
  if (dh_report_intervals_why (self) || !of[0] || !of[n - 1])
    return FALSE;
  for (guint r = 0; r < n; r++)
    {
      groups[r] = number_groups (self, &self->sides[which + r], NULL);
      runs[r] = (DhDrawsRun){ groups[r], self->sides[which + r].read->len };
    }
  const gboolean done = dh_report_drawn_is_pooled (of[0])
                            ? draw_bins (self, of, groups, which, n, drawn, cancellable)
                            : dh_report_drawn_draw (of, runs, n, g_hash_table_size (self->groups), drawn->numbers,
                                                    &drawn->groups, cancellable);
  for (guint r = 0; r < n; r++)
    g_free (groups[r]);
  return done;
}

/* Of the runs that were read, as many as there are. */
static gboolean
measure (DhReport *report, const char *protocol, DhRunIntervals *intervals, GError **error)
{
  const char *why = dh_report_intervals_why (report->intervals);
  if (dh_report_intervals_draw_protocol (report->intervals, protocol, 0, report->n_runs, intervals,
                                         report->cancellable))
    return TRUE;
  if (g_cancellable_set_error_if_cancelled (report->cancellable, error))
    return FALSE;
  g_set_error (error, DH_ERROR, why ? DH_ERROR_NOT_FOUND : DH_ERROR_NO_MEMORY, "no intervals can be had: %s",
               why ? why : "no memory is left for it");
  return FALSE;
}

static gboolean
measure_runs (DhDatabase *database, gint64 run, gint64 other, const char *by, const DhFrocRules *froc, double rate,
              DhDrawn drawn, DhRunIntervals *intervals, const DhProgress *progress, GCancellable *cancellable,
              GError **error)
{
  DhReport report = { .n_runs = other ? 2 : 1, .cancellable = cancellable };
  undefine (intervals);
  gboolean done = (!other || dh_run_numbers_check_same (database, run, other, error))
                  && dh_report_load_run (database, run, &report.runs[0], error)
                  && (!other || dh_report_load_run (database, other, &report.runs[1], error))
                  && dh_report_check_done (report.runs[0].run, "intervals", error)
                  && (!other || dh_report_check_done (report.runs[1].run, "intervals", error));
  if (done)
    {
      report.intervals = dh_report_intervals_new (&report, by, froc, rate, drawn);
      for (guint r = 0; r < report.n_runs; r++)
        dh_report_intervals_read (report.intervals, r, progress, cancellable);
      done = measure (&report, by, intervals, error);
    }
  dh_report_clear_run (&report.runs[0]);
  dh_report_clear_run (&report.runs[1]);
  dh_report_intervals_free (report.intervals);
  return done;
}

gboolean
dh_run_intervals_measure (DhDatabase *database, gint64 run, gint64 other, const char *protocol, DhDrawn drawn,
                          DhRunIntervals *intervals, const DhProgress *progress, GCancellable *cancellable,
                          GError **error)
{
  return measure_runs (database, run, other, protocol ? protocol : POOLED, NULL, 0, drawn, intervals, progress,
                       cancellable, error);
}

gboolean
dh_run_froc_intervals_measure (DhDatabase *database, gint64 run, gint64 other, const DhFrocRules *rules, double rate,
                               DhDrawn drawn, DhRunIntervals *intervals, const DhProgress *progress,
                               GCancellable *cancellable, GError **error)
{
  return measure_runs (database, run, other, DH_INTERVALS_FROC, rules, rate, drawn, intervals, progress, cancellable,
                       error);
}
