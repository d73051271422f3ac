#include "dh-compared-numbers.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-session-evaluation.h"
#include "dh-session-private.h"

#define POOLED "densehybrid-pooled"

/* One side, as far as it is known. */
typedef struct
{
  gint map;
  gint run_side;               /* of the session; −1: no run */
  const DhRunDetails *details; /* of a run that is read */
  DhScore score;               /* of the network's; DH_N_SCORES */
  const char *nothing;         /* why it has no number at all; NULL */
} Side;

DhScore
dh_compared_score_of_side (gint side)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    if ((gint)dh_score_map (i) == side)
      return i;
  return DH_N_SCORES;
}

const char *
dh_compared_number_title (DhComparedNumber number)
{
  static const char *const titles[DH_N_COMPARED] = { "AP",       "FPR95", "AUROC",         N_ ("Precision"),
                                                     N_ ("TPR"), "F1",    N_ ("open-mIoU") };
  g_return_val_if_fail (number < DH_N_COMPARED, "");
  return _ (titles[number]);
}

gboolean
dh_compared_number_more_is_better (DhComparedNumber number)
{
  return number != DH_COMPARED_FPR95;
}

static Side
find_side (DhSession *session, gint map)
{
  Side side = { .map = map, .run_side = -1, .score = dh_compared_score_of_side (map) };
  const gboolean kept =
      map >= DH_FRAME_RUN_A && dh_session_get_compared_run (session, (guint)map - DH_FRAME_RUN_A) == DH_KEPT_RUN;
  if (kept)
    {
      side.run_side = map - DH_FRAME_RUN_A;
      map = dh_session_made_kept_map (session) ? (gint)dh_session_get_kept_map (session)->kind : -1;
      side.score = dh_compared_score_of_side (map);
      side.map = map;
    }
  if (kept && map < 0)
    side.nothing = dh_session_get_kept_map (session) != NULL && dh_session_get_kept_map (session)->run != 0
                       ? _ ("what was kept of a run has no numbers of the set; the run itself has")
                       : _ ("what was kept of another network has no numbers of the set");
  else if (map >= DH_FRAME_RUN_A)
    {
      side.run_side = map - DH_FRAME_RUN_A;
      side.details = dh_session_get_run_details (session, (guint)side.run_side);
      if (side.details == NULL)
        side.nothing = dh_session_get_run_details_error (session, (guint)side.run_side) != NULL
                           ? _ ("the run cannot be read")
                           : _ ("the run is being read");
    }
  else if (map < 0 || map == DH_FRAME_SEGMENTATION)
    side.nothing = _ ("it is no score map");
  else if (side.score == DH_N_SCORES)
    side.nothing = _ ("of the network it is not measured; a run of this score has numbers");
  else if (dh_session_get_model_info (session) == NULL)
    side.nothing = _ ("no weights are loaded");
  else if (!dh_session_has_anomaly_labels (session))
    side.nothing = _ ("the data set has no anomaly labels");
  else if (!dh_score_stats_has (dh_session_get_set_stats (session), side.score))
    side.nothing = dh_session_explain_no_evaluation (session);
  return side;
}

static const DhProtocolLine *
find_line (DhSession *session, const Side *side, const char *protocol)
{
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  for (guint i = 0; summary != NULL && summary->score == side->score && i < summary->lines->len; i++)
    if (g_str_equal (((DhProtocolLine *)summary->lines->pdata[i])->name, protocol))
      return summary->lines->pdata[i];
  return NULL;
}

/* What one side has by a protocol; FALSE where it was not measured by it. */
static gboolean
measure (DhSession *session, const Side *side, const char *protocol, DhRunProtocol *numbers)
{
  if (side->nothing != NULL)
    return FALSE;
  if (side->details != NULL)
    {
      const DhRunProtocol *found = dh_run_details_find_protocol (side->details, protocol);
      if (found != NULL)
        *numbers = *found;
      return found != NULL;
    }
  const DhScoreStats *stats = dh_session_get_set_stats (session);
  const DhProtocolLine *line = find_line (session, side, protocol);
  if (line == NULL && !g_str_equal (protocol, POOLED))
    return FALSE;
  DhRankMetrics pooled;
  dh_score_stats_metrics (stats, side->score, &pooled);
  *numbers = (DhRunProtocol){ .title = line != NULL ? line->title : (char *)_ ("DenseHybrid, pooled"),
                              .ap = line != NULL ? line->ap : pooled.ap,
                              .fpr95 = line != NULL ? line->fpr95 : pooled.fpr95,
                              .auroc = line != NULL ? line->auroc : pooled.auroc,
                              .anomalies = dh_score_stats_n_anomalies (stats) };
  numbers->pixels = numbers->anomalies + dh_score_stats_n_inliers (stats);
  return TRUE;
}

/* The first protocol by which the side was measured, the pooled one before all. */
static const char *
first_protocol (const Side *side)
{
  if (side->nothing != NULL)
    return NULL;
  if (side->details == NULL)
    return POOLED;
  return side->details->protocols->len > 0 ? ((DhRunProtocol *)side->details->protocols->pdata[0])->name : NULL;
}

/* One that both were measured by; NULL: there is none. */
static const char *
common_protocol (DhSession *session, const Side sides[2])
{
  DhRunProtocol numbers;
  if (measure (session, &sides[0], POOLED, &numbers) && measure (session, &sides[1], POOLED, &numbers))
    return POOLED;
  for (guint side = 0; side < 2; side++)
    for (guint i = 0; sides[side].details != NULL && i < sides[side].details->protocols->len; i++)
      {
        const char *name = ((DhRunProtocol *)sides[side].details->protocols->pdata[i])->name;
        if (measure (session, &sides[1 - side], name, &numbers))
          return name;
      }
  return NULL;
}

static void
set_value (DhComparedNumbers *self, guint number, guint side, double value, const char *why)
{
  DhComparedLine *line = &self->lines[number];
  line->value[side] = value;
  line->why[side] = !isnan (value) ? NULL : why != NULL ? why : _ ("undefined: no anomaly or no inlier pixels");
}

static const char *
why_no_protocol (const Side *side)
{
  if (side->nothing != NULL)
    return side->nothing;
  return side->details != NULL && side->details->open_set ? _ ("an open-set run keeps open-mIoU alone")
                                                          : _ ("the run has no labels to measure by");
}

static void
fill_protocol (DhComparedNumbers *self, DhSession *session, guint at, const Side *side, const char *protocol)
{
  DhRunProtocol numbers = { .ap = NAN, .fpr95 = NAN, .auroc = NAN };
  const gboolean measured = protocol != NULL && measure (session, side, protocol, &numbers);
  const char *why = measured ? NULL : why_no_protocol (side);
  set_value (self, DH_COMPARED_AP, at, numbers.ap, why);
  set_value (self, DH_COMPARED_FPR95, at, numbers.fpr95, why);
  set_value (self, DH_COMPARED_AUROC, at, numbers.auroc, why);
  self->protocol[at] = measured ? g_strdup (numbers.title) : NULL;
}

static gboolean
count (DhSession *session, const Side *side, double threshold, DhCounts *counts)
{
  if (side->nothing != NULL || isnan (threshold))
    return FALSE;
  if (side->details != NULL)
    return dh_run_curve_count (side->details->curve, threshold, counts);
  dh_score_stats_count (dh_session_get_set_stats (session), side->score, threshold, counts);
  return counts->labelled;
}

/* A kept one's. */
static gboolean
is_of_open_set (DhSession *session, const DhThreshold *threshold)
{
  g_autofree char *splits = NULL, *set = dh_session_dup_set_id (session, &splits);
  return set != NULL && dh_threshold_is_from (threshold, set, splits);
}

static void
fill_threshold (DhComparedNumbers *self, DhSession *session, guint at, const Side *side)
{
  DhCounts counts;
  const DhThreshold *threshold = side->run_side >= 0 ? dh_session_get_run_threshold (session, (guint)side->run_side)
                                 : side->score < DH_N_SCORES ? dh_session_get_threshold (session, side->score)
                                                             : NULL;
  self->threshold[at] = threshold != NULL && !isnan (threshold->value) ? threshold : NULL;
  self->own[at] = self->threshold[at] != NULL
                  && (side->details != NULL ? threshold->rule > DH_RULE_START
                      : side->run_side >= 0 ? is_of_open_set (session, threshold)
                                            : dh_session_threshold_is_own (session, side->score)
                                                  && !dh_session_threshold_is_seen_otherwise (session, side->score));
  const gboolean counted = self->threshold[at] != NULL && count (session, side, threshold->value, &counts);
  const char *why = counted                       ? NULL
                    : side->nothing != NULL       ? side->nothing
                    : self->threshold[at] == NULL ? _ ("it has no threshold yet")
                    : side->details != NULL && side->details->open_set
                        ? why_no_protocol (side)
                        : _ ("the run keeps no pooled curve to read it from");
  set_value (self, DH_COMPARED_PRECISION, at, counted ? dh_counts_precision (&counts) : (double)NAN,
             counted ? _ ("undefined: nothing is flagged at this threshold") : why);
  set_value (self, DH_COMPARED_TPR, at, counted ? dh_counts_tpr (&counts) : (double)NAN, why);
  set_value (self, DH_COMPARED_F1, at, counted ? dh_counts_f1 (&counts) : (double)NAN, why);
}

static void
fill_open_miou (DhComparedNumbers *self, guint at, const Side *side)
{
  const DhRunDetails *details = side->details;
  const char *why = side->nothing != NULL                  ? side->nothing
                    : details != NULL && details->open_set ? _ ("open-mIoU: the run has kept none")
                                                           : _ ("open-mIoU: only open-set runs (eval-osr) have it");
  set_value (self, DH_COMPARED_OPEN_MIOU, at, details != NULL ? details->open_miou : (double)NAN, why);
}

static void
differ (DhComparedNumbers *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (self->differs, g_strdup_vprintf (format, args));
  va_end (args);
}

static char *
dup_root (DhSession *session, const Side *side)
{
  if (side->details == NULL)
    return dh_session_dup_root (session);
  return side->details->root != NULL ? g_canonicalize_filename (side->details->root, NULL) : NULL;
}

static const char *
set_of (DhSession *session, const Side *side)
{
  const char *title = side->details != NULL ? side->details->data : dh_session_get_dataset_title (session);
  return title != NULL ? title : "—";
}

static char *
dup_seen (DhSession *session, const Side *side)
{
  return side->details != NULL      ? g_strdup (dh_fingerprint_get_seen (side->details->fingerprint))
         : session->dataset != NULL ? dh_dataset_dup_seen (session->dataset)
                                    : NULL;
}

/* Numbers are of one thing only where the same pixels were measured in the same way. */
static void
find_differences (DhComparedNumbers *self, DhSession *session, const Side sides[2], const char *protocol)
{
  if (sides[0].nothing != NULL || sides[1].nothing != NULL)
    return;
  const DhRunDetails *a = sides[0].details, *b = sides[1].details;
  g_autofree char *root_a = dup_root (session, &sides[0]), *root_b = dup_root (session, &sides[1]);
  if (root_a != NULL && root_b != NULL && !g_str_equal (root_a, root_b))
    {
      differ (self, _ ("Other data sets: %s and %s"), set_of (session, &sides[0]), set_of (session, &sides[1]));
      return;
    }
  if (a != NULL && b != NULL && g_strcmp0 (a->split, b->split) != 0)
    differ (self, _ ("Other splits: %s and %s"), a->split != NULL ? a->split : "—", b->split != NULL ? b->split : "—");
  else if (a != NULL && b != NULL && !dh_fingerprint_has_same_files (a->fingerprint, b->fingerprint))
    differ (self, _ ("The data set has changed between the two runs"));
  g_autofree char *seen_a = dup_seen (session, &sides[0]), *seen_b = dup_seen (session, &sides[1]);
  if (!dh_seen_has_same_region (seen_a, seen_b))
    differ (self, _ ("Other pixels of the images were measured: see Not measured"));
  if (protocol == NULL)
    {
      if (self->protocol[0] != NULL && self->protocol[1] != NULL)
        differ (self, _ ("No protocol in common: %s and %s"), self->protocol[0], self->protocol[1]);
      return;
    }
  DhRunProtocol of[2];
  for (guint i = 0; i < 2; i++)
    if (!measure (session, &sides[i], protocol, &of[i]))
      return;
  if (self->differs->len == 0 && (of[0].pixels != of[1].pixels || of[0].anomalies != of[1].anomalies))
    differ (self, _ ("Other pixels were measured: some images are missing in one of the two"));
}

DhComparedNumbers *
dh_compared_numbers_new (DhSession *session, const gint sides[2])
{
  DhComparedNumbers *self = g_new0 (DhComparedNumbers, 1);
  self->differs = g_ptr_array_new_with_free_func (g_free);
  const Side both[2] = { find_side (session, sides[0]), find_side (session, sides[1]) };
  const char *protocol = common_protocol (session, both);
  for (guint i = 0; i < 2; i++)
    {
      fill_protocol (self, session, i, &both[i], protocol != NULL ? protocol : first_protocol (&both[i]));
      fill_threshold (self, session, i, &both[i]);
      fill_open_miou (self, i, &both[i]);
    }
  self->same_rule = self->threshold[0] != NULL && self->threshold[1] != NULL
                    && self->threshold[0]->rule == self->threshold[1]->rule
                    && self->threshold[0]->area == self->threshold[1]->area;
  find_differences (self, session, both, protocol);
  g_autofree char *seen_a = dup_seen (session, &both[0]), *seen_b = dup_seen (session, &both[1]);
  self->seen_otherwise = !dh_seen_has_same_degradation (seen_a, seen_b);
  for (guint i = 0; i < DH_N_COMPARED; i++)
    self->lines[i].change = self->differs->len == 0 ? self->lines[i].value[0] - self->lines[i].value[1] : (double)NAN;
  return self;
}

void
dh_compared_numbers_free (DhComparedNumbers *self)
{
  for (guint i = 0; i < 2; i++)
    g_free (self->protocol[i]);
  g_ptr_array_unref (self->differs);
  g_free (self);
}
