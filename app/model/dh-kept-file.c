#include <math.h>
#include <glib/gstdio.h>
#include <string.h>
#include "dh-file.h"
#include "dh-kept-map.h"
#include "dh-session-private.h"

/* What is kept of a data set outlives the program and other sets: one file a set, beside the database. */

#define MAGIC "DHKEPT1\n"
#define GROUP "kept"
/* A map of the largest picture, and its words. */
#define LARGEST (G_GUINT64_CONSTANT (1) << 31)

/* Of the open set; NULL where none is. */
static char *
dup_path (DhSession *self)
{
  g_autofree char *id = dh_session_dup_set_id (self, NULL);
  if (id == NULL)
    return NULL;
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, id, -1);
  g_autofree char *name = g_strdup_printf ("%.24s.kept", sum);
  return g_build_filename (g_get_user_data_dir (), "densehybrid", "kept", name, NULL);
}

/* What is written, or removed where there is no text, or read for a task: all in order. */
typedef struct
{
  char *path, *text;
  GBytes *values;
  GTask *task;
} Job;

static void
job_free (Job *job)
{
  g_free (job->path);
  g_free (job->text);
  g_clear_pointer (&job->values, g_bytes_unref);
  g_clear_object (&job->task);
  g_free (job);
}

/* Broken or of another form: NULL, as if there were none. */
static DhKeptMap *
parse (GBytes *bytes)
{
  gsize size, n = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  const gsize head = strlen (MAGIC) + 9;
  if (size < head || memcmp (data, MAGIC, strlen (MAGIC)) != 0)
    return NULL;
  g_autofree char *digits = g_strndup (data + strlen (MAGIC), 8);
  const guint64 length = g_ascii_strtoull (digits, NULL, 16);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  if (length > size - head || !g_key_file_load_from_data (file, data + head, length, G_KEY_FILE_NONE, NULL))
    return NULL;
  g_autofree double *numbers = g_key_file_get_double_list (file, GROUP, "numbers", &n, NULL);
  g_autofree char *stem = g_key_file_get_string (file, GROUP, "stem", NULL);
  if (numbers == NULL || n != 9 || stem == NULL || !(numbers[0] >= DH_FRAME_LIKELIHOOD && numbers[0] < DH_N_SHOWN_MAPS)
      || !(fabs (numbers[1]) <= 0x1p53 && numbers[8] >= 0 && numbers[8] <= 0x1p53)
      || !(numbers[2] >= 1 && numbers[2] <= 65536 && numbers[3] >= 1 && numbers[3] <= 65536)
      || !(isfinite (numbers[5]) && isfinite (numbers[6]))
      || (guint64)numbers[2] * (guint64)numbers[3] * sizeof (float) != size - head - length)
    return NULL;
  DhKeptMap *kept = g_new0 (DhKeptMap, 1);
  kept->kind = (DhFrameMap)numbers[0];
  kept->run = (gint64)numbers[1];
  kept->width = (guint)numbers[2];
  kept->height = (guint)numbers[3];
  kept->imported = numbers[4] != 0;
  kept->low = numbers[5];
  kept->high = numbers[6];
  kept->inlier_median = numbers[7];
  kept->non_finite = (guint64)numbers[8];
  kept->stem = g_steal_pointer (&stem);
  char **const texts[] = { &kept->model,     &kept->sha256,    &kept->device, &kept->precision, &kept->name,
                           &kept->before[0], &kept->before[1], &kept->layout, &kept->seen };
  static const char *const keys[] = { "model",    "sha256",   "device", "precision", "name",
                                      "before-a", "before-b", "layout", "degrade" };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    *texts[i] = g_key_file_get_string (file, GROUP, keys[i], NULL);
  if (kept->name == NULL)
    kept->name = g_strdup (kept->stem);
  for (guint i = 0; i < 2; i++)
    if (kept->before[i] == NULL)
      kept->before[i] = g_strdup (i == 0 ? "hybrid" : "likelihood");
  kept->threshold.value = NAN;
  g_autofree char *threshold = g_key_file_get_string (file, GROUP, "threshold", NULL);
  dh_threshold_from_string (threshold, &kept->threshold);
  /* Of its own memory: as floats are read, they must lie where floats may lie. */
  kept->values = g_bytes_new (data + head + length, size - head - length);
  return kept;
}

/* What cannot be written is there until the program ends, as it was said before. */
static void
work (gpointer data, gpointer user_data)
{
  Job *job = data;
  g_autofree char *folder = g_path_get_dirname (job->path);
  if (job->task != NULL)
    {
      g_autoptr (GBytes) bytes = dh_file_read (job->path, LARGEST, NULL);
      g_task_return_pointer (job->task, bytes != NULL ? parse (bytes) : NULL, dh_kept_map_free);
    }
  else if (job->text == NULL)
    g_unlink (job->path);
  else if (g_mkdir_with_parents (folder, 0700) == 0)
    {
      gsize size;
      const guint8 *values = g_bytes_get_data (job->values, &size);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autofree char *length = g_strdup_printf ("%08x\n", (guint)strlen (job->text));
      g_byte_array_append (bytes, (const guint8 *)MAGIC, strlen (MAGIC));
      g_byte_array_append (bytes, (const guint8 *)length, 9);
      g_byte_array_append (bytes, (const guint8 *)job->text, strlen (job->text));
      g_byte_array_append (bytes, values, (guint)size);
      g_autoptr (GError) error = NULL;
      if (!dh_file_write (job->path, bytes->data, bytes->len, &error))
        g_info ("What is kept could not be written: %s", error->message);
    }
  job_free (job);
}

static void
push (DhSession *self, Job *job)
{
  if (self->kept_writer == NULL)
    self->kept_writer = g_thread_pool_new (work, NULL, 1, FALSE, NULL);
  g_thread_pool_push (self->kept_writer, job, NULL);
}

static void
set_text (GKeyFile *file, const char *key, const char *value)
{
  if (value != NULL)
    g_key_file_set_string (file, GROUP, key, value);
}

void
dh_session_write_kept (DhSession *self)
{
  const DhKeptMap *kept = self->kept;
  g_autofree char *path = dup_path (self);
  if (kept == NULL || path == NULL)
    return;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  const double numbers[] = { kept->kind,   kept->run,           kept->width,
                             kept->height, kept->imported,      kept->low,
                             kept->high,   kept->inlier_median, (double)kept->non_finite };
  g_key_file_set_double_list (file, GROUP, "numbers", (double *)numbers, G_N_ELEMENTS (numbers));
  const char *const texts[][2] = { { "model", kept->model },        { "sha256", kept->sha256 },
                                   { "device", kept->device },      { "precision", kept->precision },
                                   { "stem", kept->stem },          { "name", kept->name },
                                   { "before-a", kept->before[0] }, { "before-b", kept->before[1] },
                                   { "layout", kept->layout },      { "degrade", kept->seen } };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    set_text (file, texts[i][0], texts[i][1]);
  g_autofree char *threshold = isnan (kept->threshold.value) ? NULL : dh_threshold_to_string (&kept->threshold);
  set_text (file, "threshold", threshold);
  Job *job = g_new (Job, 1);
  *job = (Job){ g_steal_pointer (&path), g_key_file_to_data (file, NULL, NULL), g_bytes_ref (kept->values), NULL };
  push (self, job);
}

void
dh_session_remove_kept (DhSession *self)
{
  char *path = dup_path (self);
  Job *job = g_new0 (Job, 1);
  job->path = path;
  if (path != NULL)
    push (self, job);
  else
    job_free (job);
}

void
dh_session_close_kept (DhSession *self)
{
  g_clear_pointer (&self->kept, dh_kept_map_free);
  if (self->kept_writer != NULL)
    g_thread_pool_free (g_steal_pointer (&self->kept_writer), FALSE, TRUE);
}

static void
was_read (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  DhKeptMap *kept = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autofree char *path = self->worker != NULL ? dup_path (self) : NULL;
  const gboolean fits = kept != NULL && self->kept == NULL
                        && g_strcmp0 (path, g_task_get_task_data (G_TASK (result))) == 0
                        && dh_dataset_find (self->dataset, kept->stem) >= 0;
  if (!fits)
    g_clear_pointer (&kept, dh_kept_map_free);
  if (self->worker != NULL)
    dh_session_take_kept (self, kept);
}

void
dh_session_read_kept (DhSession *self)
{
  char *path = dup_path (self);
  if (path == NULL)
    {
      dh_session_take_kept (self, NULL);
      return;
    }
  Job *job = g_new0 (Job, 1);
  job->path = path;
  job->task = g_task_new (self, self->closing, was_read, NULL);
  g_task_set_task_data (job->task, g_strdup (path), g_free);
  push (self, job);
}
