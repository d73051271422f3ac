#include "dh-run-threshold.h"
#include <math.h>
#include <string.h>
#include "dh-session-private.h"

/* Thresholds of runs that are remembered from one start to the next, those set last first. */
#define GROUP "comparison"
#define KEY "run-thresholds"
#define MOST_REMEMBERED 64

/* Details of runs are small but for their pictures: those of both sides and of some that were there. */
#define MOST_KEPT 6

typedef struct
{
  DhThreshold now, committed;
} Tuning;

static void
tuning_free (gpointer data)
{
  Tuning *tuning = data;
  dh_threshold_clear (&tuning->now);
  dh_threshold_clear (&tuning->committed);
  g_free (tuning);
}

static void
changed (DhSession *self, gint64 run)
{
  for (guint side = 0; side < 2; side++)
    if (self->compared[side] == run)
      g_signal_emit_by_name (self, "run-threshold", side);
}

static void
details_were_read (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autofree gint64 *run = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRunDetails) details = dh_session_load_run_details_finish (self, result, &error);
  if (self->worker == NULL)
    return;
  gboolean wanted = FALSE;
  for (guint side = 0; side < 2; side++)
    {
      DhRunSide *at = &self->run_sides[side];
      if (self->compared[side] != *run)
        continue;
      wanted = TRUE;
      at->reading = FALSE;
      g_clear_pointer (&at->error, g_free);
      g_clear_pointer (&at->details, dh_run_details_unref);
      at->details = details != NULL ? dh_run_details_ref (details) : NULL;
      at->error = error != NULL ? g_strdup (error->message) : NULL;
    }
  if (details != NULL)
    g_queue_push_head (&self->kept_run_details, g_steal_pointer (&details));
  while (self->kept_run_details.length > MOST_KEPT)
    dh_run_details_unref (g_queue_pop_tail (&self->kept_run_details));
  if (!wanted)
    return;
  g_signal_emit_by_name (self, "compared");
  changed (self, *run); /* to what was remembered */
}

void
dh_session_find_run_details (DhSession *self, guint side)
{
  DhRunSide *at = &self->run_sides[side];
  const gint64 run = self->compared[side];
  g_clear_pointer (&at->details, dh_run_details_unref);
  g_clear_pointer (&at->error, g_free);
  at->reading = FALSE;
  for (GList *link = self->kept_run_details.head; link != NULL && run != 0 && at->details == NULL; link = link->next)
    if (((DhRunDetails *)link->data)->run == run)
      at->details = dh_run_details_ref (link->data);
  if (run == 0 || run == DH_KEPT_RUN || at->details != NULL)
    return;
  at->reading = TRUE;
  const DhRunSide *other = &self->run_sides[1 - side];
  if (self->compared[1 - side] != run || !other->reading)
    dh_session_load_run_details (self, run, self->closing, details_were_read, g_memdup2 (&run, sizeof run));
}

void
dh_session_init_run_sides (DhSession *self)
{
  g_queue_init (&self->kept_run_details);
  self->run_tunings = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, tuning_free);
}

void
dh_session_clear_run_sides (DhSession *self)
{
  for (guint side = 0; side < 2; side++)
    {
      g_clear_pointer (&self->run_sides[side].details, dh_run_details_unref);
      g_clear_pointer (&self->run_sides[side].error, g_free);
    }
  g_queue_clear_full (&self->kept_run_details, (GDestroyNotify)dh_run_details_unref);
  g_clear_pointer (&self->run_tunings, g_hash_table_unref);
}

const DhRunDetails *
dh_session_get_run_details (DhSession *self, guint side)
{
  g_return_val_if_fail (side < 2, NULL);
  return self->run_sides[side].details;
}

const char *
dh_session_get_run_details_error (DhSession *self, guint side)
{
  g_return_val_if_fail (side < 2, NULL);
  return self->run_sides[side].error;
}

static void
set_rule (Tuning *tuning, const DhRunDetails *details, DhRule rule, double value)
{
  dh_threshold_clear (&tuning->now);
  tuning->now.value = value;
  tuning->now.rule = rule;
  if (details == NULL)
    return;
  tuning->now.source = g_strdup (details->data);
  tuning->now.source_id = dh_threshold_make_source_id (dh_session_id_of_root (details->root), details->split, NULL,
                                                       dh_fingerprint_get_seen (details->fingerprint));
  tuning->now.n_images = details->images;
}

/* A database that was begun anew counts its runs anew. */
static char *
name_run (const DhRunDetails *details)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT " %s\t", details->run, details->started);
}

static gboolean
recall (DhSession *self, const DhRunDetails *details, DhThreshold *record)
{
  g_auto (GStrv) lines = dh_settings_dup_list (self->settings, GROUP, KEY);
  g_autofree char *name = name_run (details);
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], name))
      return dh_threshold_from_string (lines[i] + strlen (name), record);
  return FALSE;
}

static void
remember (DhSession *self, gint64 run, const DhThreshold *record)
{
  const DhRunDetails *details = NULL;
  for (guint side = 0; side < 2; side++)
    if (self->run_sides[side].details != NULL && self->run_sides[side].details->run == run)
      details = self->run_sides[side].details;
  if (details == NULL || !isfinite (record->value))
    return;
  g_auto (GStrv) before = dh_settings_dup_list (self->settings, GROUP, KEY);
  g_autofree char *name = name_run (details), *text = dh_threshold_to_string (record);
  g_autoptr (GPtrArray) lines = g_ptr_array_new ();
  g_autofree char *line = g_strconcat (name, text, NULL);
  g_ptr_array_add (lines, line);
  for (guint i = 0; before != NULL && before[i] != NULL && lines->len < MOST_REMEMBERED; i++)
    if (!g_str_has_prefix (before[i], name))
      g_ptr_array_add (lines, before[i]);
  g_ptr_array_add (lines, NULL);
  dh_settings_set_list (self->settings, GROUP, KEY, (const char *const *)lines->pdata);
}

/* What the map was read with is known first, what it was chosen on a moment later. */
static Tuning *
get_tuning (DhSession *self, guint side)
{
  const gint64 run = self->compared[side];
  Tuning *tuning = g_hash_table_lookup (self->run_tunings, &run);
  if (tuning == NULL)
    {
      tuning = g_new0 (Tuning, 1);
      tuning->now.value = tuning->committed.value = NAN;
      g_hash_table_insert (self->run_tunings, g_memdup2 (&run, sizeof run), tuning);
    }
  const DhRunDetails *details = self->run_sides[side].details;
  const DhRunMap *map = self->run_maps[side];
  const gboolean unset = isnan (tuning->now.value);
  if (!unset && (tuning->now.rule != DH_RULE_BEST_F1 || tuning->now.source != NULL || details == NULL))
    return tuning;
  if (details != NULL && recall (self, details, &tuning->now))
    {
      dh_threshold_copy (&tuning->committed, &tuning->now);
      return tuning;
    }
  const double best = details != NULL ? dh_run_curve_choose (details->curve, DH_RULE_BEST_F1)
                      : map != NULL   ? map->best_f1
                                      : (double)NAN;
  if (isnan (best))
    return tuning;
  set_rule (tuning, details, DH_RULE_BEST_F1, best);
  dh_threshold_copy (&tuning->committed, &tuning->now);
  return tuning;
}

const DhThreshold *
dh_session_get_run_threshold (DhSession *self, guint side)
{
  static const DhThreshold none = { .value = NAN };
  g_return_val_if_fail (side < 2, NULL);
  if (self->compared[side] == DH_KEPT_RUN)
    return self->kept != NULL ? &self->kept->threshold : &none;
  return self->compared[side] != 0 ? &get_tuning (self, side)->now : &none;
}

void
dh_session_set_run_threshold (DhSession *self, guint side, double value)
{
  g_return_if_fail (side < 2);
  Tuning *tuning = self->compared[side] > 0 ? get_tuning (self, side) : NULL;
  if (tuning == NULL || isnan (value) || tuning->now.value == value)
    return;
  set_rule (tuning, NULL, DH_RULE_BY_HAND, value);
  changed (self, self->compared[side]);
}

void
dh_session_commit_run_threshold (DhSession *self, guint side)
{
  g_return_if_fail (side < 2);
  if (self->compared[side] <= 0)
    return;
  const gint64 run = self->compared[side];
  Tuning *tuning = get_tuning (self, side);
  dh_session_push_undo (self, &(DhThresholdStep){ .run = run, .before = tuning->committed }, &tuning->now);
  dh_threshold_copy (&tuning->committed, &tuning->now);
  remember (self, run, &tuning->now);
  dh_session_trace (self, "run %" G_GINT64_FORMAT " threshold %.6g, %s", run, tuning->now.value,
                    dh_rule_id (tuning->now.rule));
  changed (self, run);
}

void
dh_session_restore_run_threshold (DhSession *self, gint64 run, const DhThreshold *record)
{
  Tuning *tuning = g_hash_table_lookup (self->run_tunings, &run);
  g_return_if_fail (tuning != NULL);
  dh_threshold_copy (&tuning->now, record);
  dh_threshold_copy (&tuning->committed, record);
  remember (self, run, record);
  changed (self, run);
}

const DhThreshold *
dh_session_peek_run_threshold (DhSession *self, gint64 run)
{
  const Tuning *tuning = g_hash_table_lookup (self->run_tunings, &run);
  g_return_val_if_fail (tuning != NULL, NULL);
  return &tuning->now;
}

gboolean
dh_session_can_choose_run_threshold (DhSession *self, guint side)
{
  const DhRunDetails *details = dh_session_get_run_details (self, side);
  return details != NULL && !isnan (dh_run_curve_choose (details->curve, DH_RULE_BEST_F1));
}

gboolean
dh_session_choose_run_threshold (DhSession *self, guint side, DhRule rule)
{
  const DhRunDetails *details = dh_session_get_run_details (self, side);
  const double value = details != NULL ? dh_run_curve_choose (details->curve, rule) : (double)NAN;
  if (isnan (value))
    return FALSE;
  set_rule (get_tuning (self, side), details, rule, value);
  dh_session_commit_run_threshold (self, side);
  return TRUE;
}

void
dh_session_take_run_threshold (DhSession *self, guint side, const DhThreshold *record)
{
  g_return_if_fail (side < 2 && self->compared[side] > 0 && isfinite (record->value));
  dh_threshold_copy (&get_tuning (self, side)->now, record);
  dh_session_commit_run_threshold (self, side);
}

gboolean
dh_session_run_threshold_is_own (DhSession *self, guint side)
{
  const DhRunDetails *details = dh_session_get_run_details (self, side);
  return details != NULL
         && dh_threshold_is_from (dh_session_get_run_threshold (self, side), dh_session_id_of_root (details->root),
                                  details->split);
}

gboolean
dh_session_run_threshold_is_seen_otherwise (DhSession *self, guint side)
{
  const DhRunDetails *details = dh_session_get_run_details (self, side);
  return details != NULL
         && g_strcmp0 (dh_threshold_get_seen (dh_session_get_run_threshold (self, side)),
                       dh_fingerprint_get_seen (details->fingerprint))
                != 0;
}

void
dh_session_get_run_axis (DhSession *self, guint side, double *low, double *high)
{
  g_return_if_fail (side < 2);
  const DhRunDetails *details = self->run_sides[side].details;
  const DhRunMap *map = self->run_maps[side];
  const DhScore score = details != NULL && details->map >= 0     ? dh_run_curve_score_of_map ((DhFrameMap)details->map)
                        : map != NULL && map->run == DH_KEPT_RUN ? dh_run_curve_score_of_map (map->kind)
                                                                 : DH_SCORE_HYBRID;
  *low = *high = NAN;
  if (details != NULL)
    dh_run_curve_get_span (details->curve, low, high);
  if (!(*low < *high) && map != NULL && map->low < map->high)
    {
      *low = map->low;
      *high = map->high;
    }
  if (!(*low < *high))
    {
      *low = 0;
      *high = 1;
    }
  *low = dh_score_to_axis (score, *low);
  *high = dh_score_to_axis (score, *high);
  dh_session_widen_axis (score, low, high);
}
