#include "cli-shots.h"

#include "dh-error.h"
#include "dh-film-run.h"
#include "dh-text.h"

struct _DhCliShots
{
  DhCliShotsOptions options;
  DhVideoReader *reader; /* of a recording */
  guint next;            /* of a set or a run */
  guint64 skip;          /* frames, yet to be passed over */
};

void
dh_cli_shot_free (gpointer data)
{
  DhCliShot *shot = data;
  g_clear_pointer (&shot->image, dh_image_unref);
  for (guint m = 0; m < DH_N_MAPS; m++)
    g_clear_pointer (&shot->maps[m], dh_tensor_unref);
  g_free (shot->line);
  g_free (shot->name);
  g_free (shot->path);
  g_free (shot->why);
  g_free (shot);
}

DhCliShots *
dh_cli_shots_new (const DhCliShotsOptions *options, GCancellable *cancellable, GError **error)
{
  g_autoptr (DhCliShots) shots = g_new0 (DhCliShots, 1);
  shots->options = *options;
  if (options->recording
      && !(shots->reader = dh_video_reader_open (options->recording, options->range, cancellable, error)))
    return NULL;
  return g_steal_pointer (&shots);
}

static guint
n_items (DhCliShots *shots)
{
  return shots->options.rows ? shots->options.rows->len : dh_dataset_size (shots->options.dataset);
}

static guint
step (DhCliShots *shots)
{
  return MAX (shots->options.range->every, 1);
}

guint64
dh_cli_shots_count (DhCliShots *shots)
{
  if (shots->reader)
    return dh_video_count (dh_video_reader_info (shots->reader), shots->options.range);
  return (n_items (shots) + step (shots) - 1) / step (shots);
}

double
dh_cli_shots_rate (DhCliShots *shots)
{
  return shots->reader ? dh_video_reader_info (shots->reader)->rate / step (shots) : 0;
}

static DhCliShot *
read_frame (DhVideoReader *reader, const char *path, GCancellable *cancellable, GError **error)
{
  DhVideoMoment moment;
  DhImage *image = dh_video_reader_next (reader, &moment, cancellable, error);
  if (!image)
    return NULL;
  DhCliShot *shot = g_new0 (DhCliShot, 1);
  g_autofree char *name = g_path_get_basename (path), *shown = dh_text_escape (name, FALSE);
  g_autofree char *time = dh_video_format_time (moment.time);
  shot->image = image;
  shot->moment = moment;
  shot->line = g_strdup_printf ("%s · frame %" G_GUINT64_FORMAT " · %s", shown, moment.number, time);
  return shot;
}

/* Of the set, where it is; less than 0 where it is not in it any more. */
static gint
index_of (DhCliShots *shots, guint i)
{
  const GPtrArray *rows = shots->options.rows;
  return rows ? dh_dataset_find (shots->options.dataset, ((DhRunImageRow *)rows->pdata[i])->stem) : (gint)i;
}

const char *
dh_cli_shots_path (DhCliShots *shots, guint64 i)
{
  if (shots->reader || i >= dh_cli_shots_count (shots))
    return NULL;
  const gint index = index_of (shots, (guint)i * step (shots));
  return index < 0 ? NULL : dh_dataset_item (shots->options.dataset, (guint)index)->image;
}

static DhCliShot *
read_item (DhCliShots *shots, guint i, GError **error)
{
  const DhRunImageRow *row = shots->options.rows ? shots->options.rows->pdata[i] : NULL;
  DhDataset *dataset = shots->options.dataset;
  const gint index = index_of (shots, i);
  if (index < 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: the image is not in its data set any more", row->stem);
      return NULL;
    }
  DhCliShot *shot = g_new0 (DhCliShot, 1);
  const DhDatasetItem *item = dh_dataset_item (dataset, (guint)index);
  shot->name = g_strdup (item->stem);
  shot->path = g_strdup (item->image);
  g_autofree char *shown = dh_text_escape (shot->name, FALSE);
  shot->line = g_strdup_printf ("%s · %u of %u", shown, i + 1, n_items (shots));
  g_autoptr (GError) why = NULL;
  shot->image = dh_dataset_load_image (dataset, (guint)index, &why);
  if (!shot->image && shots->options.broken_too)
    shot->why = g_strdup (why->message);
  else if (!shot->image)
    {
      g_propagate_error (error, g_steal_pointer (&why));
      g_clear_pointer (&shot, dh_cli_shot_free);
    }
  else if (row && !dh_film_run_load (shots->options.run, row, shots->options.wanted, shot->maps, error))
    g_clear_pointer (&shot, dh_cli_shot_free);
  return shot;
}

void
dh_cli_shots_skip (DhCliShots *shots, guint64 n)
{
  if (shots->reader)
    shots->skip = n;
  else
    shots->next = (guint)MIN (n * step (shots), n_items (shots));
}

/* They are decoded as they were: a seek may meet others. */
static gboolean
pass_over (DhCliShots *shots, GCancellable *cancellable, GError **error)
{
  for (; shots->skip > 0; shots->skip--)
    {
      DhVideoMoment moment;
      g_autoptr (DhImage) image = dh_video_reader_next (shots->reader, &moment, cancellable, error);
      if (!image)
        return FALSE;
    }
  return TRUE;
}

DhCliShot *
dh_cli_shots_next (DhCliShots *shots, GCancellable *cancellable, GError **error)
{
  if (shots->reader)
    return pass_over (shots, cancellable, error)
               ? read_frame (shots->reader, shots->options.recording, cancellable, error)
               : NULL;
  if (g_cancellable_set_error_if_cancelled (cancellable, error) || shots->next >= n_items (shots))
    return NULL;
  DhCliShot *shot = read_item (shots, shots->next, error);
  shots->next += step (shots);
  return shot;
}

DhCliShot *
dh_cli_shots_sample (DhCliShots *shots, guint i, GCancellable *cancellable, GError **error)
{
  const double place = (i + 0.5) / DH_CLI_SAMPLES;
  if (!shots->reader)
    return read_item (shots, (guint)(place * n_items (shots)), error);
  const DhVideoInfo *info = dh_video_reader_info (shots->reader);
  const DhVideoRange *range = shots->options.range;
  const double end = range->to > 0 && info->duration > 0 ? MIN (range->to, info->duration) : info->duration;
  const DhVideoRange from = { .from = MAX (range->from, range->from + place * (end - range->from)) };
  g_autoptr (DhVideoReader) reader = dh_video_reader_open (shots->options.recording, &from, cancellable, error);
  return reader ? read_frame (reader, shots->options.recording, cancellable, error) : NULL;
}

DhImage *
dh_cli_shots_load_sample (guint i, gpointer shots, GError **error)
{
  DhCliShot *shot = dh_cli_shots_sample (shots, i, NULL, error);
  DhImage *image = shot ? g_steal_pointer (&shot->image) : NULL;
  if (shot && !image)
    g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, shot->why);
  if (shot)
    dh_cli_shot_free (shot);
  return image;
}

const char *
dh_cli_shots_complaint (DhCliShots *shots)
{
  return shots->reader ? dh_video_reader_complaint (shots->reader) : NULL;
}

void
dh_cli_shots_free (DhCliShots *shots)
{
  g_clear_pointer (&shots->reader, dh_video_reader_free);
  g_free (shots);
}
