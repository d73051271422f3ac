#include "dh-run-threshold.h"
#include "dh-session-private.h"

typedef struct
{
  DhRunMap *map;
  GBytes *truth; /* may be NULL */
  DhScoreStats *stats;
} Counting;

static void
counting_free (gpointer data)
{
  Counting *counting = data;
  dh_run_map_unref (counting->map);
  g_clear_pointer (&counting->truth, g_bytes_unref);
  g_clear_pointer (&counting->stats, dh_score_stats_unref);
  g_free (counting);
}

static void
count_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Counting *counting = data;
  const DhRunMap *map = counting->map;
  /* The statistics know the scores that have tuners: another map is counted as the one whose axis it has. */
  g_autoptr (DhFrame) frame = dh_frame_new (map->width, map->height);
  frame->maps[dh_score_map (dh_run_curve_score_of_map (map->kind))] = g_bytes_ref (map->values);
  frame->truth = counting->truth != NULL ? g_bytes_ref (counting->truth) : NULL;
  g_autoptr (DhScoreStats) stats = dh_score_stats_new ();
  if (dh_score_stats_add (stats, frame))
    {
      dh_score_stats_seal (stats, 0);
      counting->stats = g_steal_pointer (&stats);
    }
  g_task_return_boolean (task, TRUE);
}

static void
was_counted (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  Counting *counting = g_task_get_task_data (G_TASK (result));
  counting->map->counting = FALSE;
  if (self->worker == NULL || counting->stats == NULL)
    return;
  g_clear_pointer (&counting->map->stats, dh_score_stats_unref);
  counting->map->stats = g_steal_pointer (&counting->stats);
  counting->map->labelled = counting->truth != NULL;
  for (guint side = 0; side < 2; side++)
    if (self->run_maps[side] == counting->map)
      {
        dh_session_trace (self, "counted run %" G_GINT64_FORMAT " beside %s", counting->map->run, counting->map->stem);
        g_signal_emit_by_name (self, "run-stats", side);
        dh_session_count_run_map (self, side, dh_session_get_frame (self));
      }
}

void
dh_session_count_run_map (DhSession *self, guint side, const DhFrame *frame)
{
  DhRunMap *map = self->run_maps[side];
  if (map == NULL || map->values == NULL || map->counting || frame == NULL)
    return;
  /* A picture's labels may come after it. */
  if (map->stats != NULL && (map->labelled || frame->truth == NULL))
    return;
  map->counting = TRUE;
  Counting *counting = g_new0 (Counting, 1);
  counting->map = g_atomic_rc_box_acquire (map);
  counting->truth = frame->truth != NULL ? g_bytes_ref (frame->truth) : NULL;
  g_autoptr (GTask) task = g_task_new (self, self->closing, was_counted, NULL);
  g_task_set_task_data (task, counting, counting_free);
  g_task_run_in_thread (task, count_in_thread);
}
