#include "cli-film.h"

#include "cli-lane.h"
#include "dh-error.h"
#include "dh-video-writer.h"

/* Shots between two threads. */
#define AHEAD 3

/* Each thread has what follows it to itself until it is joined. */
typedef struct
{
  DhCli *cli;
  DhCliFilm *film;
  GCancellable *cancellable; /* of this work: one thread's failure ends the others' */
  DhCliLane *read, *computed;
  GError *read_error;
  GError *write_error;
} Work;

static gboolean
compute (DhCliFilm *film, DhCliShot *shot, GCancellable *cancellable, GError **error)
{
  if (!film->predictor)
    return TRUE;
  g_autoptr (DhPrediction) prediction =
      dh_reduction_run (&film->reduction, film->predictor, shot->image, film->maps, cancellable, error);
  if (!prediction)
    {
      g_prefix_error (error, "%s: ", shot->line);
      return FALSE;
    }
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (prediction->maps[m])
      shot->maps[m] = g_steal_pointer (&prediction->maps[m]);
  film->network_seconds += prediction->seconds;
  return TRUE;
}

/* Of one more shot. */
static void
widen (DhCliFilm *film, DhCliShot *shot, gboolean *begun, double *low, double *high)
{
  for (guint m = 0; m < DH_MAP_LOGITS; m++)
    {
      double from, to;
      if (!shot->maps[m] || m == DH_MAP_SEGMENTATION || film->film->look.fixed[m])
        continue;
      dh_picture_range (m, shot->maps[m], &film->film->look, &from, &to);
      low[m] = begun[m] ? MIN (low[m], from) : from;
      high[m] = begun[m] ? MAX (high[m], to) : to;
      begun[m] = TRUE;
    }
}

gboolean
dh_cli_film_find_ranges (DhCli *cli, DhCliFilm *film, GError **error)
{
  gboolean begun[DH_N_MAPS] = { FALSE };
  double low[DH_N_MAPS], high[DH_N_MAPS];
  guint seen = 0;
  g_autoptr (GError) why = NULL;
  for (guint i = 0; i < DH_CLI_SAMPLES; i++)
    {
      /* A recording may end before it says: the others will do. */
      g_clear_error (&why);
      DhCliShot *shot = dh_cli_shots_sample (film->shots, i, cli->cancellable, &why);
      if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        break;
      if (!shot)
        continue;
      const gboolean computed = compute (film, shot, cli->cancellable, error);
      if (computed)
        widen (film, shot, begun, low, high);
      dh_cli_shot_free (shot);
      if (!computed)
        return FALSE;
      seen++;
    }
  if (why && (seen == 0 || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED)))
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (begun[m])
      {
        film->film->look.fixed[m] = TRUE;
        film->film->look.low[m] = low[m];
        film->film->look.high[m] = high[m];
      }
  film->network_seconds = 0;
  return TRUE;
}

static gpointer
read_all (gpointer data)
{
  Work *work = data;
  DhCliShot *shot;
  while ((shot = dh_cli_shots_next (work->film->shots, work->cancellable, &work->read_error)))
    if (!dh_cli_lane_put (work->read, shot))
      break;
  dh_cli_lane_close (work->read, FALSE);
  return NULL;
}

static gboolean
write_shot (Work *work, DhVideoWriter **writer, const DhCliShot *shot, GError **error)
{
  DhCliFilm *film = work->film;
  if (!*writer)
    {
      if (!dh_film_size (film->film, shot->image->width, shot->image->height, &film->width, &film->height, error)
          || !(*writer = dh_video_writer_open (film->out, film->width, film->height, film->rate, 0, error)))
        return FALSE;
    }
  g_autoptr (DhImage) drawn =
      dh_film_draw (film->film, film->width, film->height, shot->image, shot->maps, shot->line, error);
  return drawn && dh_video_writer_add (*writer, drawn, work->cancellable, error);
}

static gpointer
write_all (gpointer data)
{
  Work *work = data;
  g_autoptr (DhVideoWriter) writer = NULL;
  const guint64 total = dh_cli_shots_count (work->film->shots);
  DhCliShot *shot;
  while (!work->write_error && (shot = dh_cli_lane_take (work->computed)))
    {
      if (write_shot (work, &writer, shot, &work->write_error))
        {
          work->film->images++;
          dh_progress_report (&work->cli->progress, work->film->images, MAX (total, work->film->images), shot->line);
        }
      dh_cli_shot_free (shot);
    }
  if (work->write_error)
    dh_cli_lane_close (work->computed, TRUE);
  /* What was not all read or computed is no video. */
  else if (writer && !g_cancellable_set_error_if_cancelled (work->cancellable, &work->write_error))
    dh_video_writer_close (writer, work->cancellable, &work->write_error);
  return NULL;
}

static void
pass_on_cancel (GCancellable *from, gpointer to)
{
  g_cancellable_cancel (to);
}

gboolean
dh_cli_film_make (DhCli *cli, DhCliFilm *film, GError **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (DhCliLane) read = dh_cli_lane_new (AHEAD, dh_cli_shot_free);
  g_autoptr (DhCliLane) computed = dh_cli_lane_new (AHEAD, dh_cli_shot_free);
  Work work = { cli, film, cancellable, read, computed, NULL, NULL };
  const gulong handler = g_cancellable_connect (cli->cancellable, G_CALLBACK (pass_on_cancel), cancellable, NULL);
  GThread *reader = g_thread_new ("dh-film-read", read_all, &work);
  GThread *writer = g_thread_new ("dh-film-write", write_all, &work);
  GError *why = NULL;
  DhCliShot *shot;
  while (!why && (shot = dh_cli_lane_take (read)))
    {
      if (!compute (film, shot, cancellable, &why))
        dh_cli_shot_free (shot);
      else if (!dh_cli_lane_put (computed, shot))
        break;
    }
  dh_cli_lane_close (read, TRUE);
  g_thread_join (reader);
  if (why || work.read_error)
    g_cancellable_cancel (cancellable);
  dh_cli_lane_close (computed, FALSE);
  g_thread_join (writer);
  g_cancellable_disconnect (cli->cancellable, handler);
  /* The first in the flow tells why; what followed was cancelled for it. */
  GError **const errors[] = { &work.read_error, &why, &work.write_error };
  const gboolean written = !work.read_error && !why && !work.write_error;
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    if (*errors[i] && error && !*error)
      g_propagate_error (error, g_steal_pointer (errors[i]));
    else
      g_clear_error (errors[i]);
  return written;
}
