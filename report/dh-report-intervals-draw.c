/* Numbers of parts, and of a protocol, in draws of the images of one run or of two. */
#include <math.h>

#include "dh-report-intervals-private.h"

/* The groups of a run's images, in the order of its pixels; of those of `rows` alone, NULL: of all. */
static guint *
number_groups (const DhReportIntervals *self, const DhReportIntervalsSide *side, const GPtrArray *rows)
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
dh_report_intervals_measured_same (const DhReportIntervals *self, const char *protocol)
{
  return self->n_sides < 2 || dh_report_measured_same_pixels (self->sides[0].run, self->sides[1].run, protocol);
}

gboolean
dh_report_intervals_draw (DhReportIntervals *self, const DhReportPart *parts, guint which, guint n,
                          DhBootstrapNumbers *numbers, GCancellable *cancellable)
{
  DhBootstrapRun runs[2] = { { 0 } };
  guint *groups[2] = { NULL, NULL };
  if (dh_report_intervals_why (self)
      || (n > 1 && !dh_report_intervals_measured_same (self, DH_REPORT_INTERVALS_POOLED)))
    return FALSE;
  for (guint r = 0; r < n; r++)
    if (!self->sides[which + r].pixels)
      return FALSE;
  for (guint r = 0; r < n; r++)
    {
      const DhReportIntervalsSide *side = &self->sides[which + r];
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
find_drawn (const DhReportIntervalsSide *side, const char *protocol)
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

void
dh_report_intervals_undefine (DhRunIntervals *drawn)
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
  dh_report_intervals_undefine (drawn);
  for (guint r = 0; r < n; r++)
    {
      of[r] = find_drawn (&self->sides[which + r], protocol);
      for (guint k = 0; of[r] && k < DH_N_INTERVALS; k++)
        drawn->exact[k][r] = dh_report_drawn_exact (of[r])[k];
    }
  drawn->scenes = self->scenes;
  drawn->images = self->sides[which].rows->len;
  if (dh_report_intervals_why (self) || !of[0] || !of[n - 1]
      || (n > 1 && !dh_report_intervals_measured_same (self, protocol)))
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
