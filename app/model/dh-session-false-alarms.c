#include "dh-session-false-alarms.h"
#include <glib/gi18n.h>
#include <inttypes.h>
#include "dh-false-alarms-private.h"
#include "dh-picture-components.h"
#include "dh-run-list.h"
#include "dh-run-map.h"
#include "dh-session-evaluation.h"
#include "dh-session-private.h"

#define POLL 120 /* milliseconds between two words of progress */

struct _DhSessionFalseAlarms
{
  GHashTable *known; /* key → DhFalseAlarms, of this evaluation */
  gboolean wanted;
  DhFalseAlarmsPass *pass;
  char *pass_key;
  guint poll_source, polled;
};

static void renew (DhSession *self);

guint
dh_session_get_alarm_area (DhSession *self)
{
  return (guint)g_ascii_strtoull (dh_view_get_string (self->view, "alarm-area"), NULL, 10);
}

static char *
dup_key (DhSession *self)
{
  return g_strdup_printf ("set %u %u", (guint)self->active, dh_session_get_alarm_area (self));
}

/* The number of a run that was removed is another's afterwards. */
static char *
dup_run_key (DhSession *self, const DhRun *run)
{
  return g_strdup_printf ("run %" G_GINT64_FORMAT " %s %u", run->id, run->started != NULL ? run->started : "",
                          dh_session_get_alarm_area (self));
}

static gboolean
has_set (DhSession *self)
{
  return self->summary != NULL && self->summary->labelled && dh_score_stats_has (self->set_stats, self->active)
         && dh_session_get_set_maps (self) != NULL;
}

static const DhRun *
find_listed (DhSession *self, gint64 id)
{
  GListModel *runs = dh_session_get_runs (self);
  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
      if (dh_run_item_get (item)->id == id)
        return dh_run_item_get (item);
    }
  return NULL;
}

/* The run of the present evaluation is no other one. */
static const DhRun *
find_run (DhSession *self, guint side)
{
  const gint64 wanted = dh_session_get_compared_run (self, side);
  if (wanted == 0 || self->summary == NULL || wanted == self->summary->run
      || (side == 1 && wanted == dh_session_get_compared_run (self, 0)))
    return NULL;
  const DhRun *run = find_listed (self, wanted);
  return run != NULL && dh_session_can_compare_run (self, run) ? run : NULL;
}

static void
let_go (DhSession *self)
{
  DhSessionFalseAlarms *all = self->false_alarms;
  g_clear_handle_id (&all->poll_source, g_source_remove);
  g_clear_pointer (&all->pass, dh_false_alarms_pass_stop);
  g_clear_pointer (&all->pass_key, g_free);
}

static void
on_done (DhFalseAlarmsPass *pass, DhFalseAlarms *alarms, gpointer data)
{
  DhSession *self = data;
  DhSessionFalseAlarms *all = self->false_alarms;
  g_hash_table_replace (all->known, g_steal_pointer (&all->pass_key), dh_false_alarms_ref (alarms));
  dh_session_trace (self, "false alarms counted of %u", dh_false_alarms_count_images (alarms));
  let_go (self);
  renew (self);
}

static gboolean
poll (gpointer data)
{
  DhSession *self = data;
  guint done, of;
  dh_session_get_false_alarms_progress (self, &done, &of);
  if (done != self->false_alarms->polled)
    dh_session_emit (self, DH_SESSION_FALSE_ALARMS);
  self->false_alarms->polled = done;
  return G_SOURCE_CONTINUE;
}

/* Takes the key. */
static void
begin (DhSession *self, char *key, const DhRun *run)
{
  DhSessionFalseAlarms *all = self->false_alarms;
  const DhFrocOptions options = { .min_area = dh_session_get_alarm_area (self),
                                  .min_anomaly = DH_PICTURE_MIN_ANOMALY,
                                  .found_share = DH_FROC_FOUND_SHARE };
  const DhFrocRules rules = { options.min_area, options.min_anomaly, options.found_share };
  let_go (self);
  all->pass_key = key;
  all->polled = 0;
  all->pass = run != NULL
                  ? dh_false_alarms_pass_of_run (run->id, &rules, on_done, self)
                  : dh_false_alarms_pass_of_set (dh_session_get_set_maps (self), self->active, &options, on_done, self);
  all->poll_source = g_timeout_add (POLL, poll, self);
}

/* The next that is wanted and not known: of the set, then of the runs beside it. */
static char *
find_missing (DhSession *self, const DhRun **run)
{
  *run = NULL;
  g_autofree char *own = dup_key (self);
  if (has_set (self) && !g_hash_table_contains (self->false_alarms->known, own))
    return g_steal_pointer (&own);
  for (guint side = 0; has_set (self) && side < 2; side++)
    {
      *run = find_run (self, side);
      g_autofree char *key = *run != NULL ? dup_run_key (self, *run) : NULL;
      if (key != NULL && !g_hash_table_contains (self->false_alarms->known, key))
        return g_steal_pointer (&key);
    }
  return NULL;
}

static void
renew (DhSession *self)
{
  DhSessionFalseAlarms *all = self->false_alarms;
  const DhRun *run;
  if (all == NULL || !all->wanted)
    return;
  g_autofree char *missing = find_missing (self, &run);
  if (missing == NULL)
    let_go (self);
  else if (g_strcmp0 (missing, all->pass_key) != 0)
    begin (self, g_steal_pointer (&missing), run);
  dh_session_emit (self, DH_SESSION_FALSE_ALARMS);
}

void
dh_session_init_false_alarms (DhSession *self)
{
  self->false_alarms = g_new0 (DhSessionFalseAlarms, 1);
  self->false_alarms->known =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)dh_false_alarms_unref);
  g_signal_connect (self, "notify::active-score", G_CALLBACK (renew), NULL);
  g_signal_connect (self, "compared", G_CALLBACK (renew), NULL);
  g_signal_connect_object (self->view, "notify::alarm-area", G_CALLBACK (renew), self, G_CONNECT_SWAPPED);
}

void
dh_session_drop_false_alarms (DhSession *self)
{
  if (self->false_alarms == NULL)
    return;
  let_go (self);
  self->false_alarms->wanted = FALSE;
  g_hash_table_remove_all (self->false_alarms->known);
}

void
dh_session_close_false_alarms (DhSession *self)
{
  dh_session_drop_false_alarms (self);
  g_hash_table_unref (self->false_alarms->known);
  g_clear_pointer (&self->false_alarms, g_free);
}

static gboolean
is_unknown (gpointer key, gpointer alarms, gpointer data)
{
  return !dh_false_alarms_has_curve (alarms) || dh_false_alarms_count_images (alarms) == 0;
}

void
dh_session_want_false_alarms (DhSession *self)
{
  self->false_alarms->wanted = TRUE;
  g_hash_table_foreach_remove (self->false_alarms->known, is_unknown, NULL);
  renew (self);
}

const DhFalseAlarms *
dh_session_get_false_alarms (DhSession *self)
{
  g_autofree char *key = dup_key (self);
  return has_set (self) ? g_hash_table_lookup (self->false_alarms->known, key) : NULL;
}

const DhRun *
dh_session_get_false_alarms_run (DhSession *self, guint side, const DhFalseAlarms **alarms)
{
  const DhRun *run = find_run (self, side);
  g_autofree char *key = run != NULL ? dup_run_key (self, run) : NULL;
  *alarms = key != NULL ? g_hash_table_lookup (self->false_alarms->known, key) : NULL;
  return run;
}

char *
dh_session_dup_false_alarms_doubt (DhSession *self, guint side)
{
  const DhFalseAlarms *others, *own = dh_session_get_false_alarms (self);
  const DhRun *run = dh_session_get_false_alarms_run (self, side, &others);
  if (others == NULL || !dh_false_alarms_has_curve (others))
    return others != NULL ? g_strdup (dh_false_alarms_get_why (others)) : NULL;
  const DhRun *evaluated = find_listed (self, self->summary->run);
  const guint images = dh_false_alarms_count_images (others), objects = dh_false_alarms_count_objects (others);
  if (own == NULL || !dh_false_alarms_has_curve (own)
      || (images == dh_false_alarms_count_images (own) && objects == dh_false_alarms_count_objects (own)
          && (evaluated == NULL
              || (g_strcmp0 (evaluated->split, run->split) == 0
                  && dh_fingerprint_has_same_files (evaluated->fingerprint, run->fingerprint)))))
    return NULL;
  g_autofree char *of_images = g_strdup_printf (ngettext ("%u image", "%u images", images), images);
  g_autofree char *of_objects = g_strdup_printf (ngettext ("%u object", "%u objects", objects), objects);
  return g_strdup_printf (_ ("run %" PRId64 " is of other images: %s with %s"), run->id, of_images, of_objects);
}

void
dh_session_get_false_alarms_progress (DhSession *self, guint *done, guint *of)
{
  *done = *of = 0;
  if (self->false_alarms->pass != NULL)
    dh_false_alarms_pass_get_progress (self->false_alarms->pass, done, of);
}
