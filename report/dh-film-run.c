#include "dh-film-run.h"

#include <string.h>

#include "dh-dataset.h"
#include "dh-error.h"
#include "dh-export.h"
#include "dh-kept-segmentation.h"
#include "dh-npy.h"
#include "dh-report-private.h"
#include "dh-run-reading.h"
#include "dh-text.h"
#include "dh-video-writer.h"

DhMap
dh_film_run_score (const DhRunRow *run)
{
  DhMap score;
  return dh_map_from_name (run->score, &score) ? score : DH_MAP_HYBRID;
}

/* Of a map beside the score's. */
static DhTensor *
load_beside (const DhRunRow *run, const DhRunImageRow *row, DhMap map, GError **error)
{
  g_autofree char *name = g_strconcat (row->stem, ".npy", NULL);
  g_autofree char *path = g_build_filename (run->folder, "eval", dh_map_name (map), name, NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: run %" G_GINT64_FORMAT " kept no %s of it", row->stem,
                   run->id, dh_map_name (map));
      return NULL;
    }
  g_autoptr (DhTensor) tensor = dh_npy_load (path, error);
  if (tensor
      && (tensor->dtype != DH_DTYPE_F32 || tensor->n_dims != 2 || tensor->dims[0] != row->height
          || tensor->dims[1] != row->width))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: is no float32 map of the image's size any more", path);
      return NULL;
    }
  return g_steal_pointer (&tensor);
}

/* Maps are kept so that high is anomalous. Takes it; a tensor that was read may not be written to. */
static DhTensor *
turn_back (DhMap map, DhTensor *tensor)
{
  if (!dh_map_low_is_anomalous (map))
    return tensor;
  DhTensor *turned = dh_tensor_new_f32 (tensor->n_dims, tensor->dims);
  const float *from = dh_tensor_f32 (tensor);
  float *to = turned ? dh_tensor_f32 (turned) : NULL;
  const gsize n = turned ? (gsize)dh_tensor_count (tensor) : 0;
  for (gsize i = 0; i < n; i++)
    to[i] = -from[i];
  dh_tensor_unref (tensor);
  return turned;
}

gboolean
dh_film_run_load (const DhRunRow *run, const DhRunImageRow *row, guint wanted, DhTensor *maps[DH_N_MAPS],
                  GError **error)
{
  const DhMap score = dh_film_run_score (run);
  for (guint m = 0; m < DH_MAP_LOGITS; m++)
    {
      if (!(wanted & DH_MAP_BIT (m)))
        continue;
      if (m == DH_MAP_SEGMENTATION)
        maps[m] = dh_kept_segmentation_load (run->folder, row->stem, (guint)row->width, (guint)row->height, error);
      else
        maps[m] = m == score ? dh_export_load_map (row, error) : load_beside (run, row, m, error);
      if (!maps[m])
        return FALSE;
      if (m != DH_MAP_SEGMENTATION && !(maps[m] = turn_back (m, maps[m])))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: no memory is left for its maps", row->stem);
          return FALSE;
        }
    }
  return TRUE;
}

/* What one call works with. */
typedef struct
{
  const DhFilmRun *what;
  DhRunRow *run;
  DhDataset *dataset;
  GPtrArray *rows; /* in the video's order; borrowed of `owned` */
  GPtrArray *owned;
  guint wanted;
  guint width, height; /* of the video */
  DhVideoWriter *writer;
} Job;

static void
job_clear (Job *job)
{
  g_clear_pointer (&job->writer, dh_video_writer_free);
  g_clear_pointer (&job->rows, g_ptr_array_unref);
  g_clear_pointer (&job->owned, g_ptr_array_unref);
  g_clear_pointer (&job->dataset, dh_dataset_unref);
  g_clear_pointer (&job->run, dh_run_row_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Job, job_clear)

static GPtrArray *
put_in_order (GPtrArray *rows, const char *const *stems)
{
  if (!stems)
    return g_ptr_array_ref (rows);
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *ordered = g_ptr_array_new ();
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_insert (known, ((DhRunImageRow *)rows->pdata[i])->stem, rows->pdata[i]);
  for (guint i = 0; stems[i]; i++)
    {
      gpointer row = g_hash_table_lookup (known, stems[i]);
      if (row)
        g_ptr_array_add (ordered, row);
    }
  return ordered;
}

static gboolean
open_job (Job *job, DhDatabase *database, GCancellable *cancellable, GError **error)
{
  const DhFilm *film = &job->what->film;
  job->run = dh_database_get_run (database, job->what->run, error);
  job->owned = job->run ? dh_export_list_images (database, job->run, error) : NULL;
  if (!job->owned)
    return FALSE;
  g_autoptr (DhReading) reading = dh_run_reading_get (job->run);
  job->dataset = dh_reading_open (reading, job->run->dataset_root, cancellable, NULL, error);
  if (!job->dataset)
    return FALSE;
  job->rows = put_in_order (job->owned, job->what->stems);
  job->wanted = dh_film_maps (film);
  if (job->rows->len > 0)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "none of these images was measured by run %" G_GINT64_FORMAT,
               job->run->id);
  return FALSE;
}

static gboolean
add_image (Job *job, const char *path, guint i, GCancellable *cancellable, GError **error)
{
  const DhRunImageRow *row = job->rows->pdata[i];
  const DhFilm *film = &job->what->film;
  const gint index = dh_dataset_find (job->dataset, row->stem);
  DhTensor *maps[DH_N_MAPS] = { NULL };
  g_autofree char *shown = dh_text_escape (row->stem, FALSE);
  g_autofree char *line = g_strdup_printf ("%s · %u of %u", shown, i + 1, job->rows->len);
  if (index < 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: the image is not in its data set any more", row->stem);
      return FALSE;
    }
  g_autoptr (DhImage) image = dh_dataset_load_image (job->dataset, (guint)index, error);
  g_autoptr (DhImage) drawn = NULL;
  if (image && dh_film_run_load (job->run, row, job->wanted, maps, error))
    {
      if (job->writer
          || (dh_film_size (film, image->width, image->height, &job->width, &job->height, error)
              && (job->writer = dh_video_writer_open (path, job->width, job->height, job->what->rate, 0, error))))
        drawn = dh_film_draw (film, job->width, job->height, image, maps, line, error);
    }
  for (guint m = 0; m < DH_N_MAPS; m++)
    g_clear_pointer (&maps[m], dh_tensor_unref);
  return drawn && dh_video_writer_add (job->writer, drawn, cancellable, error);
}

gboolean
dh_film_run_write (DhDatabase *database, const DhFilmRun *what, const char *path, guint *n_images,
                   GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  g_auto (Job) job = { .what = what };
  *n_images = 0;
  if (!open_job (&job, database, cancellable, error))
    return FALSE;
  for (guint i = 0; i < job.rows->len; i++)
    {
      dh_progress_report (progress, i, job.rows->len, ((DhRunImageRow *)job.rows->pdata[i])->stem);
      if (g_cancellable_set_error_if_cancelled (cancellable, error) || !add_image (&job, path, i, cancellable, error))
        return FALSE;
    }
  if (!dh_video_writer_close (job.writer, cancellable, error))
    return FALSE;
  *n_images = job.rows->len;
  return TRUE;
}
