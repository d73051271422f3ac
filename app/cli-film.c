#include "cli-film.h"

#include "dh-error.h"
#include "dh-video-writer.h"

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
      DhCliShot *shot = dh_cli_shots_sample (film->flow.shots, i, cli->cancellable, &why);
      if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        break;
      if (!shot)
        continue;
      const gboolean computed = dh_cli_flow_compute (&film->flow, shot, cli->cancellable, error);
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
  film->flow.network_seconds = 0;
  return TRUE;
}

typedef struct
{
  DhCliFilm *film;
  DhVideoWriter *writer; /* from the first shot on, which says how large it is */
} Writing;

static gboolean
write_shot (DhCliShot *shot, gpointer data, GCancellable *cancellable, GError **error)
{
  Writing *writing = data;
  DhCliFilm *film = writing->film;
  if (!writing->writer)
    {
      if (!dh_film_size (film->film, shot->image->width, shot->image->height, &film->width, &film->height, error)
          || !(writing->writer = dh_video_writer_open (film->out, film->width, film->height, film->rate, 0, error)))
        return FALSE;
    }
  g_autoptr (DhImage) drawn =
      dh_film_draw (film->film, film->width, film->height, shot->image, shot->maps, shot->line, error);
  film->images++;
  return drawn && dh_video_writer_add (writing->writer, drawn, cancellable, error);
}

gboolean
dh_cli_film_make (DhCli *cli, DhCliFilm *film, GError **error)
{
  Writing writing = { film, NULL };
  /* What was not all read or computed is no video. */
  const gboolean written = dh_cli_flow_run (cli, &film->flow, write_shot, &writing, error)
                           && (!writing.writer || dh_video_writer_close (writing.writer, cli->cancellable, error));
  g_clear_pointer (&writing.writer, dh_video_writer_free);
  return written;
}
