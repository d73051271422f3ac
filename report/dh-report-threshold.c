#include <math.h>

#include "dh-error.h"
#include "dh-map.h"
#include "dh-report-private.h"

#define POOLED "densehybrid-pooled"

static const struct
{
  const char *id;
  DhOperatingPoint point;
} rules[] = { { "tpr95", DH_OPERATING_TPR95 }, { "fpr5", DH_OPERATING_FPR5 }, { "best-f1", DH_OPERATING_BEST_F1 } };

void
dh_report_threshold_clear (DhReportThreshold *threshold)
{
  g_free (threshold->score);
  g_free (threshold->rule);
  g_free (threshold->source);
  g_free (threshold->fingerprint);
  *threshold = (DhReportThreshold){ .value = NAN };
}

double
dh_report_rule_alarms (const char *id)
{
  char *end;
  if (!g_str_has_prefix (id, "fa") || !g_ascii_isdigit (id[2]))
    return NAN;
  const double rate = g_ascii_strtod (id + 2, &end);
  return *end == '\0' && isfinite (rate) ? rate : (double)NAN;
}

const char *
dh_report_rule_name (const char *id)
{
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (g_strcmp0 (rules[i].id, id) == 0)
      return dh_operating_point_name (rules[i].point);
  return NULL;
}

double
dh_report_sign_of (const DhRunRow *run, const char *score)
{
  DhMap map;
  return !run->method && dh_map_from_name (score, &map) && (map == DH_MAP_LIKELIHOOD || map == DH_MAP_DATASET_POSTERIOR)
             ? -1
             : 1;
}

/* As masks flag what is beyond it: just short of the point's own value. NAN where the rule chooses none. */
static double
choose (const DhRunProtocolRow *row, const char *rule)
{
  double value = NAN;
  if (g_str_equal (rule, "tpr95"))
    value = row->threshold_tpr95;
  else if (g_str_equal (rule, "best-f1"))
    value = row->best_f1_threshold;
  else if (g_str_equal (rule, "fpr5") && row->curve)
    {
      g_autoptr (DhCurve) curve = dh_curve_from_bytes (row->curve);
      const gint point = curve && curve->anomalies > 0 && curve->inliers > 0
                             ? dh_curve_operating_point (curve, DH_OPERATING_FPR5)
                             : -1;
      value = point >= 0 ? curve->points[point].threshold : (double)NAN;
    }
  return isfinite (value) ? (double)nextafterf ((float)value, -INFINITY) : (double)NAN;
}

/* The same pictures made worse in another way are others: what is best on these is not on those. Without a region
 * they are the same. */
static gboolean
is_same_data (const DhRunRow *a, const DhRunRow *b)
{
  if (!a->dataset_fingerprint)
    return FALSE;
  if (!dh_seen_has_same_degradation (dh_fingerprint_get_seen (a->dataset_fingerprint),
                                     dh_fingerprint_get_seen (b->dataset_fingerprint)))
    return FALSE;
  return dh_fingerprint_has_same_files (a->dataset_fingerprint, b->dataset_fingerprint)
         || (g_str_equal (a->dataset_root, b->dataset_root) && dh_dataset_opened_overlap (a->split, b->split));
}

/* The run on which is chosen, for `used`. */
static DhRunRow *
load_chosen (DhDatabase *database, const DhRunRow *used, gint64 source, GError **error)
{
  g_autoptr (DhRunRow) chosen = dh_database_get_run (database, source, error);
  if (!chosen)
    return NULL;
  if (g_strcmp0 (used->method, chosen->method) == 0
      && (used->method || g_str_equal (used->model_sha256, chosen->model_sha256)))
    return g_steal_pointer (&chosen);
  if (used->id)
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                 "runs %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT
                 " are of other weights or methods: a threshold of one says nothing of the other",
                 source, used->id);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                 "run %" G_GINT64_FORMAT " is of other weights: its threshold says nothing of these", source);
  return NULL;
}

/* Takes the rule's name; `value` is of what is high where anomalous. */
static void
fill (DhReportThreshold *threshold, const DhRunRow *used, const DhRunRow *chosen, double value, char *rule)
{
  g_autofree char *base = g_path_get_basename (chosen->dataset_root);
  *threshold = (DhReportThreshold){ .score = g_strdup (used->score),
                                    .value = dh_report_sign_of (used, used->score) * value,
                                    .rule = rule,
                                    .source = g_strdup_printf ("%s · %s", chosen->dataset_title, base),
                                    .images = (guint)MAX (chosen->images_done, 0),
                                    .run = chosen->id,
                                    .fingerprint = g_strdup (chosen->dataset_fingerprint),
                                    .own = is_same_data (used, chosen) };
}

static gboolean
choose_by_point (DhDatabase *database, const DhRunRow *used, const DhRunRow *chosen, const char *rule,
                 DhReportThreshold *threshold, GError **error)
{
  g_autoptr (GPtrArray) protocols = dh_database_list_run_protocols (database, chosen->id, error);
  if (!protocols)
    return FALSE;
  const DhRunProtocolRow *row = dh_report_find_row (protocols, used->score, POOLED);
  const double value = row ? choose (row, rule) : (double)NAN;
  if (row && isnan (value))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "%s is undefined on run %" G_GINT64_FORMAT ": it has no anomaly pixels, or nothing else", rule,
                   chosen->id);
      return FALSE;
    }
  if (!row)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "run %" G_GINT64_FORMAT " did not measure %s with labels and the protocol " POOLED
                   ": no threshold can be chosen there",
                   chosen->id, used->score);
      return FALSE;
    }
  fill (threshold, used, chosen, value, g_strdup (dh_report_rule_name (rule)));
  return TRUE;
}

char *
dh_report_dup_alarms_rule (double rate, guint64 area)
{
  const char *alarms = rate == 1 ? "false alarm" : "false alarms";
  g_autofree char *pixels =
      area > 0 ? g_strdup_printf (" of at least %" G_GUINT64_FORMAT " pixel%s", area, area == 1 ? "" : "s")
               : g_strdup ("");
  return g_strdup_printf ("at most %g %s%s an image", rate, alarms, pixels);
}

static gboolean
choose_by_alarms (DhDatabase *database, const DhRunRow *used, const DhRunRow *chosen, double rate,
                  const DhFrocRules *by, DhReportThreshold *threshold, const DhProgress *progress,
                  GCancellable *cancellable, GError **error)
{
  if (!g_str_equal (used->score, chosen->score))
    {
      g_autofree char *whose =
          used->id ? g_strdup_printf ("run %" G_GINT64_FORMAT, used->id) : g_strdup ("what is sought");
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "run %" G_GINT64_FORMAT " is one of %s, and %s of %s: no threshold can be chosen there", chosen->id,
                   chosen->score, whose, used->score);
      return FALSE;
    }
  g_autoptr (DhFrocCurve) curve = dh_run_froc_measure (database, chosen->id, by, progress, cancellable, error);
  const DhFrocPoint *point = curve ? dh_froc_curve_at_rate (curve, rate) : NULL;
  if (curve && !point)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "no threshold of run %" G_GINT64_FORMAT " that finds or flags anything has %g false alarms an image "
                 "or fewer",
                 chosen->id, rate);
  if (!point)
    return FALSE;
  fill (threshold, used, chosen, nextafterf (point->threshold, -INFINITY),
        dh_report_dup_alarms_rule (rate, curve->options.min_area));
  return TRUE;
}

gboolean
dh_report_choose_for (DhDatabase *database, const DhRunRow *wanted, const char *rule, const DhFrocRules *by,
                      gint64 source, DhReportThreshold *threshold, const DhProgress *progress,
                      GCancellable *cancellable, GError **error)
{
  const double rate = dh_report_rule_alarms (rule);
  g_autoptr (DhRunRow) chosen = load_chosen (database, wanted, source, error);
  if (!chosen)
    return FALSE;
  return isfinite (rate)
             ? choose_by_alarms (database, wanted, chosen, rate, by, threshold, progress, cancellable, error)
             : choose_by_point (database, wanted, chosen, rule, threshold, error);
}

gboolean
dh_report_choose_threshold (DhDatabase *database, gint64 run, const char *rule, const DhFrocRules *by, gint64 source,
                            DhReportThreshold *threshold, const DhProgress *progress, GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (DhRunRow) used = dh_database_get_run (database, run, error);
  return used && dh_report_choose_for (database, used, rule, by, source, threshold, progress, cancellable, error);
}

gboolean
dh_report_count_at (const DhReport *report, const DhReportThreshold *threshold, gboolean *exact, DhConfusion *confusion)
{
  const DhReportRun *run = &report->runs[0];
  const char *score = threshold->score ? threshold->score : run->run->score;
  *exact = g_str_equal (score, run->run->score)
           && dh_report_slices_count_whole (report->slices[0], threshold->value, confusion);
  if (*exact)
    return TRUE;
  const DhRunProtocolRow *row = dh_report_find_protocol (run, score, POOLED);
  g_autoptr (DhCurve) curve = row && row->curve ? dh_curve_from_bytes (row->curve) : NULL;
  if (!curve || curve->n_points == 0 || isnan (threshold->value))
    return FALSE;
  dh_curve_confusion (curve, nextafter (dh_report_sign_of (run->run, score) * threshold->value, INFINITY), confusion);
  return TRUE;
}

char *
dh_report_threshold_chosen (const DhReportThreshold *threshold)
{
  if (!threshold->rule)
    return g_strdup ("set by hand");
  g_autofree char *run = threshold->run ? g_strdup_printf (", run %" G_GINT64_FORMAT, threshold->run) : g_strdup ("");
  return g_strdup_printf ("%s on %s, %u %s%s", threshold->rule, threshold->source ? threshold->source : "—",
                          threshold->images, threshold->images == 1 ? "image" : "images", run);
}
