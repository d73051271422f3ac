#include <glib/gi18n.h>
#include <math.h>
#include "dh-demo.h"
#include "dh-session-false-alarms.h"
#include "dh-session-private.h"

#define UNDO_DEPTH 64

static void
step_clear (gpointer step)
{
  dh_threshold_clear (&((DhThresholdStep *)step)->before);
}

void
dh_session_init_thresholds (DhSession *self)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      self->thresholds[i].value = NAN;
      self->committed[i].value = NAN;
      self->defaults[i].value = NAN;
    }
  GArray **histories[] = { &self->undo, &self->redo };
  for (guint i = 0; i < G_N_ELEMENTS (histories); i++)
    {
      *histories[i] = g_array_new (FALSE, TRUE, sizeof (DhThresholdStep));
      g_array_set_clear_func (*histories[i], step_clear);
    }
  dh_session_forget_ranges (self);
}

void
dh_session_clear_thresholds (DhSession *self)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      dh_threshold_clear (&self->thresholds[i]);
      dh_threshold_clear (&self->committed[i]);
      dh_threshold_clear (&self->defaults[i]);
    }
  g_clear_pointer (&self->undo, g_array_unref);
  g_clear_pointer (&self->redo, g_array_unref);
}

#define DEMO_ID "demo"

/* Wherever its scenes were written, the demo is one set. */
const char *
dh_session_id_of_root (const char *root)
{
  g_autofree char *demo = g_build_filename (g_get_user_cache_dir (), "densehybrid", "demo", "", NULL);
  return g_str_has_prefix (root, demo) ? DEMO_ID : root;
}

char *
dh_session_dup_set_id (DhSession *self, char **splits)
{
  if (splits != NULL)
    *splits = self->dataset != NULL ? dh_dataset_dup_opened (self->dataset) : NULL;
  return self->demo ? g_strdup (DEMO_ID) : dh_session_dup_root (self);
}

static char *
settings_group (DhSession *self)
{
  return self->model != NULL ? g_strdup_printf ("thresholds %.16s", self->model->sha256) : NULL;
}

/* Its axis grows where a threshold comes that lies beyond it. */
static gboolean
is_beyond_axis (DhSession *self, DhScore score)
{
  double low, high;
  const double position = dh_score_to_axis (score, self->thresholds[score].value);
  dh_session_get_axis (self, score, &low, &high);
  return position < low || position > high;
}

static void
changed (DhSession *self, DhScore score, gboolean remember)
{
  dh_session_trace (self, "threshold %s %.6g, %s", dh_score_id (score), self->thresholds[score].value,
                    dh_rule_id (self->thresholds[score].rule));
  g_signal_emit_by_name (self, "threshold", (guint)score);
  if (score == self->active)
    dh_session_find_components (self);
  if (remember && is_beyond_axis (self, score))
    dh_session_emit (self, DH_SESSION_RANGES);
  g_autofree char *group = settings_group (self);
  if (!remember || group == NULL || isnan (self->thresholds[score].value))
    return;
  g_autofree char *text = dh_threshold_to_string (&self->thresholds[score]);
  dh_settings_set_string (self->settings, group, dh_score_id (score), text);
}

/* The demo's weights come with thresholds. */
static void
set_shipped (DhSession *self, DhScore score, DhThreshold *threshold)
{
  if (self->model == NULL || self->model->path != NULL || isnan (dh_demo_threshold (dh_score_id (score))))
    return;
  *threshold = (DhThreshold){ .value = dh_demo_threshold (dh_score_id (score)),
                              .rule = DH_RULE_BEST_F1,
                              .source = g_strdup (_ ("other scenes")),
                              .source_id = g_strdup ("scenes of the demo's training seed"),
                              .n_images = DH_DEMO_N_CALIBRATION };
}

/* The records that were used with these weights last. */
void
dh_session_load_thresholds (DhSession *self)
{
  g_autofree char *group = settings_group (self);
  g_array_set_size (self->undo, 0);
  g_array_set_size (self->redo, 0);
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      dh_threshold_clear (&self->thresholds[i]);
      dh_threshold_clear (&self->defaults[i]);
      g_autofree char *text = group != NULL ? dh_settings_dup_string (self->settings, group, dh_score_id (i)) : NULL;
      if (!dh_threshold_from_string (text, &self->thresholds[i]))
        set_shipped (self, i, &self->thresholds[i]);
      dh_threshold_copy (&self->committed[i], &self->thresholds[i]);
      dh_threshold_copy (&self->defaults[i], &self->thresholds[i]);
      changed (self, i, FALSE);
    }
}

DhScore
dh_session_get_active_score (DhSession *self)
{
  return self->active;
}

void
dh_session_set_active_score (DhSession *self, DhScore score)
{
  g_return_if_fail (score < DH_N_SCORES);
  if (self->active == score || (self->model != NULL && !dh_session_has_map (self, dh_score_map (score))))
    return;
  self->active = score;
  dh_settings_set_string (self->settings, "view", "score", dh_score_id (score));
  dh_session_notify (self, DH_SESSION_PROP_ACTIVE_SCORE);
  dh_session_find_components (self);
  dh_session_renew_slices (self);
}

const DhThreshold *
dh_session_get_threshold (DhSession *self, DhScore score)
{
  g_return_val_if_fail (score < DH_N_SCORES, NULL);
  return &self->thresholds[score];
}

void
dh_session_set_threshold (DhSession *self, DhScore score, double value)
{
  g_return_if_fail (score < DH_N_SCORES);
  DhThreshold *threshold = &self->thresholds[score];
  if (isnan (value) || threshold->value == value)
    return;
  dh_threshold_clear (threshold);
  threshold->value = value;
  changed (self, score, FALSE);
}

static void
push (GArray *history, const DhThresholdStep *step)
{
  if (history->len == UNDO_DEPTH)
    g_array_remove_index (history, 0);
  DhThresholdStep kept = { .run = step->run, .score = step->score };
  dh_threshold_copy (&kept.before, &step->before);
  g_array_append_val (history, kept);
}

void
dh_session_push_undo (DhSession *self, const DhThresholdStep *step, const DhThreshold *now)
{
  if (isnan (step->before.value) || dh_threshold_equal (&step->before, now))
    return;
  push (self->undo, step);
  g_array_set_size (self->redo, 0);
}

void
dh_session_commit_threshold (DhSession *self, DhScore score)
{
  g_return_if_fail (score < DH_N_SCORES);
  dh_session_push_undo (self, &(DhThresholdStep){ .score = score, .before = self->committed[score] },
                        &self->thresholds[score]);
  dh_threshold_copy (&self->committed[score], &self->thresholds[score]);
  changed (self, score, TRUE);
}

static void
set_record (DhSession *self, DhScore score, const DhThreshold *record)
{
  dh_threshold_copy (&self->thresholds[score], record);
  dh_threshold_copy (&self->committed[score], record);
  changed (self, score, TRUE);
}

/* The last step of one history is taken back and becomes one of the other. */
static gboolean
go_back (DhSession *self, GArray *from, GArray *to)
{
  if (from->len == 0)
    return FALSE;
  DhThresholdStep *last = &g_array_index (from, DhThresholdStep, from->len - 1);
  DhThresholdStep step = { .run = last->run, .score = last->score };
  dh_threshold_copy (&step.before, &last->before);
  g_array_set_size (from, from->len - 1);
  const DhThreshold *now =
      step.run != 0 ? dh_session_peek_run_threshold (self, step.run) : &self->thresholds[step.score];
  push (to, &(DhThresholdStep){ .run = step.run, .score = step.score, .before = *now });
  if (step.run != 0)
    dh_session_restore_run_threshold (self, step.run, &step.before);
  else
    set_record (self, step.score, &step.before);
  step_clear (&step);
  return TRUE;
}

gboolean
dh_session_undo_threshold (DhSession *self)
{
  return go_back (self, self->undo, self->redo);
}

gboolean
dh_session_redo_threshold (DhSession *self)
{
  return go_back (self, self->redo, self->undo);
}

gboolean
dh_session_can_undo_threshold (DhSession *self)
{
  return self->undo->len > 0;
}

gboolean
dh_session_can_redo_threshold (DhSession *self)
{
  return self->redo->len > 0;
}

void
dh_session_reset_threshold (DhSession *self, DhScore score)
{
  g_return_if_fail (score < DH_N_SCORES);
  if (isnan (self->defaults[score].value))
    return;
  dh_threshold_copy (&self->thresholds[score], &self->defaults[score]);
  dh_session_commit_threshold (self, score);
}

static const DhScoreStats *
stats_to_choose_on (DhSession *self)
{
  return self->set_stats != NULL ? self->set_stats : self->stats;
}

gboolean
dh_session_can_choose (DhSession *self, DhScore score)
{
  const DhScoreStats *stats = stats_to_choose_on (self);
  return dh_score_stats_has (stats, score) && !isnan (dh_score_stats_choose (stats, score, DH_RULE_BEST_F1));
}

/* NULL: pictures are seen as they are. */
static char *
dup_seen (DhSession *self)
{
  return self->dataset != NULL ? dh_dataset_dup_seen (self->dataset) : NULL;
}

/* On the set, or on its current picture alone. */
static void
take_chosen (DhSession *self, DhScore score, double value, DhRule rule, guint area, guint n_images, gboolean of_set)
{
  DhThreshold *threshold = &self->thresholds[score];
  dh_threshold_clear (threshold);
  threshold->value = value;
  threshold->rule = rule;
  threshold->area = area;
  threshold->n_images = n_images;
  g_autofree char *splits = NULL, *set = dh_session_dup_set_id (self, &splits);
  threshold->source = g_strdup (of_set ? dh_session_get_dataset_title (self) : dh_image_item_get_name (self->current));
  g_autofree char *seen = dup_seen (self);
  threshold->source_id =
      dh_threshold_make_source_id (set, splits, of_set ? NULL : dh_image_item_get_stem (self->current), seen);
  dh_session_commit_threshold (self, score);
}

gboolean
dh_session_choose_threshold (DhSession *self, DhScore score, DhRule rule)
{
  g_return_val_if_fail (score < DH_N_SCORES && rule < DH_N_RULES, FALSE);
  const DhScoreStats *stats = stats_to_choose_on (self);
  double value = stats != NULL ? dh_score_stats_choose (stats, score, rule) : NAN;
  if (isfinite (value))
    take_chosen (self, score, value, rule, 0, dh_score_stats_n_images (stats), stats == self->set_stats);
  return isfinite (value);
}

gboolean
dh_session_choose_by_false_alarms (DhSession *self, DhRule rule)
{
  const DhFalseAlarms *alarms = dh_session_get_false_alarms (self);
  const double rate = dh_rule_false_alarms (rule);
  DhFalseAlarmsPoint point = { .threshold = NAN };
  g_return_val_if_fail (!isnan (rate), FALSE);
  if (alarms != NULL)
    dh_false_alarms_at_rate (alarms, rate, &point);
  if (isfinite (point.threshold))
    take_chosen (self, self->active, point.threshold, rule, dh_session_get_alarm_area (self),
                 dh_false_alarms_count_images (alarms), TRUE);
  return isfinite (point.threshold);
}

void
dh_session_take_threshold (DhSession *self, DhScore score, const DhThreshold *record)
{
  g_return_if_fail (score < DH_N_SCORES && isfinite (record->value));
  dh_threshold_copy (&self->thresholds[score], record);
  dh_session_commit_threshold (self, score);
}

gboolean
dh_session_threshold_is_own (DhSession *self, DhScore score)
{
  g_autofree char *splits = NULL, *set = dh_session_dup_set_id (self, &splits);
  return dh_threshold_is_from (&self->thresholds[score], set, splits);
}

gboolean
dh_session_threshold_is_seen_otherwise (DhSession *self, DhScore score)
{
  g_autofree char *seen = dup_seen (self);
  return g_strcmp0 (dh_threshold_get_seen (&self->thresholds[score]), seen) != 0;
}

void
dh_session_start_threshold (DhSession *self, DhScore score, const DhScoreStats *stats, const char *source)
{
  DhThreshold *threshold = &self->thresholds[score];
  if (!isnan (threshold->value))
    return;
  double value = dh_score_stats_quantile (stats, score, dh_score_flags_above (score) ? 0.95 : 0.05);
  if (!isfinite (value))
    return;
  threshold->value = value;
  threshold->rule = DH_RULE_START;
  threshold->source = g_strdup (source);
  threshold->n_images = dh_score_stats_n_images (stats);
  dh_threshold_copy (&self->committed[score], threshold);
  dh_threshold_copy (&self->defaults[score], threshold);
  changed (self, score, FALSE);
}

/* Nobody chose where the lines started on the former set's first picture. */
void
dh_session_forget_starts (DhSession *self)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      if (isnan (self->thresholds[i].value) || self->thresholds[i].rule != DH_RULE_START)
        continue;
      dh_threshold_clear (&self->thresholds[i]);
      dh_threshold_clear (&self->committed[i]);
      dh_threshold_clear (&self->defaults[i]);
      changed (self, i, FALSE);
    }
}
