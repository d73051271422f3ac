#include "dh-false-alarms-private.h"
#include <glib/gi18n.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "dh-room-private.h"

/* Bytes for each pixel of a picture: what dh-froc.h takes, the map, which may stand twice while it is turned round, and
 * the labels as they are read and as they are meant. */
#define BYTES_A_PIXEL (21 + 2 * 4 + 2)

/* Shared between the window's thread and the one that counts. */
struct _DhFalseAlarmsPass
{
  gatomicrefcount refs;
  GCancellable *cancellable;
  gint done, of; /* atomic */
  /* set before it starts */
  DhSetMaps *maps; /* NULL: of a run */
  DhScore score;
  DhFrocOptions options;
  gint64 run;
  DhFrocRules rules;
  /* the thread's, until it tells */
  DhFalseAlarms *alarms;
  /* the window's thread */
  DhFalseAlarmsDone callback; /* NULL: it was stopped */
  gpointer data;
};

static void
pass_unref (gpointer data)
{
  DhFalseAlarmsPass *pass = data;
  if (!g_atomic_ref_count_dec (&pass->refs))
    return;
  g_object_unref (pass->cancellable);
  g_clear_pointer (&pass->maps, dh_set_maps_unref);
  dh_false_alarms_unref (pass->alarms);
  g_free (pass);
}

static gboolean
add_frame (DhFalseAlarmsPass *pass, DhFroc *froc, const DhFrame *frame, GError **error)
{
  const gsize n = (gsize)frame->width * frame->height;
  const float *values = dh_frame_floats (frame, dh_score_map (pass->score));
  const guint8 *truth = g_bytes_get_data (frame->truth, NULL);
  g_autofree float *turned = NULL;
  if (!dh_score_flags_above (pass->score))
    {
      turned = g_try_new (float, n);
      for (gsize i = 0; turned != NULL && i < n; i++)
        turned[i] = -values[i];
      if (turned == NULL)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("no memory is left for it"));
          return FALSE;
        }
      values = turned;
    }
  return dh_froc_add (froc, values, truth, frame->width, frame->height, error);
}

/* FALSE: nothing can be known. `why` is set where the picture cannot be read. */
static gboolean
add_picture (DhFalseAlarmsPass *pass, DhFroc *froc, guint index, char **why, GError **error)
{
  if (dh_set_maps_left_out (pass->maps, index) != NULL)
    return TRUE;
  *why = dh_room_dup_shortage (BYTES_A_PIXEL * dh_set_maps_pixels (pass->maps, index));
  g_autoptr (GError) local = NULL;
  g_autoptr (DhFrame) frame = *why == NULL ? dh_set_maps_load (pass->maps, index, pass->score, &local) : NULL;
  if (local != NULL)
    *why = g_strdup (local->message);
  return frame == NULL || frame->truth == NULL || add_frame (pass, froc, frame, error);
}

static DhFrocCurve *
count_set (DhFalseAlarmsPass *pass, char **why, GError **error)
{
  g_autoptr (DhFroc) froc = dh_froc_new (&pass->options);
  g_autofree char *first = NULL;
  guint unread = 0;
  /* Right before and behind the pass, all maps were the evaluation's in between. */
  if (!dh_set_maps_check (pass->maps, error))
    return NULL;
  for (guint i = 0; i < dh_set_maps_size (pass->maps); i++)
    {
      g_autofree char *of_picture = NULL;
      if (g_cancellable_set_error_if_cancelled (pass->cancellable, error)
          || !add_picture (pass, froc, i, &of_picture, error))
        return NULL;
      unread += of_picture != NULL;
      if (first == NULL)
        first = g_steal_pointer (&of_picture);
      g_atomic_int_set (&pass->done, (gint)i + 1);
    }
  if (!dh_set_maps_check (pass->maps, error))
    return NULL;
  if (unread > 0)
    *why =
        g_strdup_printf (ngettext ("Without %u image: %s", "Without %u images, the first: %s", unread), unread, first);
  return dh_froc_finish (froc, error);
}

static void
note_progress (guint64 done, guint64 total, const char *what, gpointer data)
{
  DhFalseAlarmsPass *pass = data;
  g_atomic_int_set (&pass->of, (gint)total);
  g_atomic_int_set (&pass->done, (gint)done);
}

static DhFrocCurve *
count_run (DhFalseAlarmsPass *pass, GError **error)
{
  const DhProgress progress = { note_progress, pass };
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, error);
  return database != NULL ? dh_run_froc_measure (database, pass->run, &pass->rules, &progress, pass->cancellable, error)
                          : NULL;
}

static gboolean
tell (gpointer data)
{
  DhFalseAlarmsPass *pass = data;
  if (pass->callback != NULL)
    pass->callback (pass, pass->alarms, pass->data);
  return G_SOURCE_REMOVE;
}

static gpointer
count_in_thread (gpointer data)
{
  DhFalseAlarmsPass *pass = data;
  g_autoptr (GError) error = NULL;
  char *why = NULL;
  /* What is shown and measured meanwhile goes first. */
  setpriority (PRIO_PROCESS, (id_t)syscall (SYS_gettid), 10);
  DhFrocCurve *curve = pass->maps != NULL ? count_set (pass, &why, &error) : count_run (pass, &error);
  if (error != NULL)
    {
      g_free (why);
      why = g_strdup (error->message);
    }
  pass->alarms = dh_false_alarms_new (curve, pass->maps == NULL || dh_score_flags_above (pass->score), why);
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, tell, pass, pass_unref);
  return NULL;
}

static DhFalseAlarmsPass *
start (DhFalseAlarmsPass *pass, DhFalseAlarmsDone done, gpointer data)
{
  g_atomic_ref_count_init (&pass->refs);
  pass->cancellable = g_cancellable_new ();
  pass->callback = done;
  pass->data = data;
  g_atomic_ref_count_inc (&pass->refs);
  g_thread_unref (g_thread_new ("false alarms", count_in_thread, pass));
  return pass;
}

DhFalseAlarmsPass *
dh_false_alarms_pass_of_set (DhSetMaps *maps, DhScore score, const DhFrocOptions *options, DhFalseAlarmsDone done,
                             gpointer data)
{
  DhFalseAlarmsPass *pass = g_new0 (DhFalseAlarmsPass, 1);
  pass->maps = dh_set_maps_ref (maps);
  pass->score = score;
  pass->options = *options;
  pass->of = (gint)dh_set_maps_size (maps);
  return start (pass, done, data);
}

DhFalseAlarmsPass *
dh_false_alarms_pass_of_run (gint64 run, const DhFrocRules *rules, DhFalseAlarmsDone done, gpointer data)
{
  DhFalseAlarmsPass *pass = g_new0 (DhFalseAlarmsPass, 1);
  pass->run = run;
  pass->rules = *rules;
  return start (pass, done, data);
}

void
dh_false_alarms_pass_stop (DhFalseAlarmsPass *pass)
{
  pass->callback = NULL;
  g_cancellable_cancel (pass->cancellable);
  pass_unref (pass);
}

void
dh_false_alarms_pass_get_progress (DhFalseAlarmsPass *pass, guint *done, guint *of)
{
  *done = (guint)g_atomic_int_get (&pass->done);
  *of = (guint)g_atomic_int_get (&pass->of);
}
