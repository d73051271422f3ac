#include "cli-flow.h"

#include "cli-lane.h"

/* Shots between two threads. */
#define AHEAD 3

/* Each thread has what follows it to itself until it is joined. */
typedef struct
{
  DhCli *cli;
  DhCliFlow *flow;
  DhCliFlowFunc use;
  gpointer data;
  GCancellable *cancellable; /* of this work: one thread's failure ends the others' */
  DhCliLane *read, *computed;
  GError *read_error;
  GError *use_error;
} Work;

gboolean
dh_cli_flow_compute (DhCliFlow *flow, DhCliShot *shot, GCancellable *cancellable, GError **error)
{
  if (!flow->predictor || !shot->image)
    return TRUE;
  g_autoptr (DhPrediction) prediction =
      dh_reduction_run (&flow->reduction, flow->predictor, shot->image, flow->maps, cancellable, error);
  if (!prediction)
    {
      g_prefix_error (error, "%s: ", shot->line);
      return FALSE;
    }
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (prediction->maps[m])
      shot->maps[m] = g_steal_pointer (&prediction->maps[m]);
  flow->network_seconds += prediction->seconds;
  return TRUE;
}

static gpointer
read_all (gpointer data)
{
  Work *work = data;
  DhCliShot *shot;
  while ((shot = dh_cli_shots_next (work->flow->shots, work->cancellable, &work->read_error)))
    if (!dh_cli_lane_put (work->read, shot))
      break;
  dh_cli_lane_close (work->read, FALSE);
  return NULL;
}

static gpointer
use_all (gpointer data)
{
  Work *work = data;
  const guint64 total = dh_cli_shots_count (work->flow->shots);
  guint64 used = work->flow->before;
  DhCliShot *shot;
  while (!work->use_error && (shot = dh_cli_lane_take (work->computed)))
    {
      if (work->use (shot, work->data, work->cancellable, &work->use_error))
        {
          used++;
          dh_progress_report (&work->cli->progress, used, MAX (total, used), shot->line);
        }
      dh_cli_shot_free (shot);
    }
  if (work->use_error)
    dh_cli_lane_close (work->computed, TRUE);
  return NULL;
}

static void
pass_on_cancel (GCancellable *from, gpointer to)
{
  g_cancellable_cancel (to);
}

gboolean
dh_cli_flow_run (DhCli *cli, DhCliFlow *flow, DhCliFlowFunc use, gpointer data, GError **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (DhCliLane) read = dh_cli_lane_new (AHEAD, dh_cli_shot_free);
  g_autoptr (DhCliLane) computed = dh_cli_lane_new (AHEAD, dh_cli_shot_free);
  Work work = { cli, flow, use, data, cancellable, read, computed, NULL, NULL };
  const gulong handler = g_cancellable_connect (cli->cancellable, G_CALLBACK (pass_on_cancel), cancellable, NULL);
  GThread *reader = g_thread_new ("dh-flow-read", read_all, &work);
  GThread *user = g_thread_new ("dh-flow-use", use_all, &work);
  GError *why = NULL;
  DhCliShot *shot;
  while (!why && (shot = dh_cli_lane_take (read)))
    {
      if (!dh_cli_flow_compute (flow, shot, cancellable, &why))
        dh_cli_shot_free (shot);
      else if (!dh_cli_lane_put (computed, shot))
        break;
    }
  dh_cli_lane_close (read, TRUE);
  g_thread_join (reader);
  if (why || work.read_error)
    g_cancellable_cancel (cancellable);
  dh_cli_lane_close (computed, FALSE);
  g_thread_join (user);
  g_cancellable_disconnect (cli->cancellable, handler);
  /* The first in the flow tells why; what followed was cancelled for it. */
  GError **const errors[] = { &work.read_error, &why, &work.use_error };
  const gboolean done = !work.read_error && !why && !work.use_error;
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    if (*errors[i] && error && !*error)
      g_propagate_error (error, g_steal_pointer (errors[i]));
    else
      g_clear_error (errors[i]);
  return done && !g_cancellable_set_error_if_cancelled (cli->cancellable, error);
}
