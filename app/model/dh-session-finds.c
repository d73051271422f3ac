#include "dh-session-finds.h"
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include "dh-database.h"
#include "dh-error.h"
#include "dh-records.h"
#include "dh-run-list.h"
#include "dh-session-marks.h"
#include "dh-session-private.h"
#include "dh-session-set-objects.h"
#include "dh-video-frames.h"
#include "dh-video-info.h"

/* Milliseconds for which a locked database is waited for. */
#define PATIENCE 3000

/* Of an image: what was said of its finds. */
struct _DhFindMarks
{
  GHashTable *marks; /* text of `key_of` → DhFindMark */
};

struct _DhSessionFinds
{
  GHashTable *images;  /* path → DhFindMarks */
  GHashTable *written; /* path, newline, key: said since the start, which is newer than what is read */
  guint reading;       /* how often it is being read */
  double rate;         /* frames a second of the recording that the set is of; 0: it is of none */
  GThreadPool *writer; /* of one thread, in order; NULL before the first */
};

static char *
key_of (DhScore score, gint64 x, gint64 y)
{
  return g_strdup_printf ("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, dh_score_id (score), x, y);
}

static void
marks_free (gpointer data)
{
  g_hash_table_unref (((DhFindMarks *)data)->marks);
  g_free (data);
}

static void
put (DhSessionFinds *self, const char *path, const char *key, DhFindMark mark)
{
  DhFindMarks *of_image = g_hash_table_lookup (self->images, path);
  if (of_image == NULL)
    {
      of_image = g_new0 (DhFindMarks, 1);
      of_image->marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert (self->images, g_strdup (path), of_image);
    }
  g_hash_table_replace (of_image->marks, g_strdup (key), GUINT_TO_POINTER (mark));
}

const DhFindMarks *
dh_session_get_find_marks (DhSession *self, DhImageItem *item)
{
  if (self->finds == NULL || g_hash_table_size (self->finds->images) == 0)
    return NULL;
  g_autofree char *path = dh_session_dup_file (self, item);
  return g_hash_table_lookup (self->finds->images, path);
}

DhFindMark
dh_find_marks_get (const DhFindMarks *marks, DhScore score, const DhPictureObject *object)
{
  if (marks == NULL)
    return DH_FIND_NEW;
  g_autofree char *key = key_of (score, object->peak_x, object->peak_y);
  return GPOINTER_TO_UINT (g_hash_table_lookup (marks->marks, key));
}

/* Reading, on a thread. */

/* What a set is opened with. */
typedef struct
{
  char *root; /* NULL: it has none */
  double rate;
} Reading;

static void
reading_free (gpointer data)
{
  g_free (((Reading *)data)->root);
  g_free (data);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Reading *reading = data;
  GError *error = NULL;
  reading->rate = reading->root != NULL ? dh_video_folder_rate (reading->root) : 0;
  /* It may stand where nothing can be written. */
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  GPtrArray *rows = database != NULL ? dh_database_list_find_marks (database, &error) : NULL;
  if (rows == NULL && g_error_matches (error, DH_ERROR, DH_ERROR_NOT_FOUND)) /* nothing was ever written */
    {
      g_clear_error (&error);
      rows = g_ptr_array_new ();
    }
  if (rows != NULL)
    g_task_return_pointer (task, rows, (GDestroyNotify)g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static void
take_row (DhSessionFinds *self, const DhFindMarkRow *row)
{
  DhScore score;
  if (!dh_score_from_id (row->score, &score))
    return;
  g_autofree char *key = key_of (score, row->x, row->y);
  g_autofree char *both = g_strconcat (row->path, "\n", key, NULL);
  if (!g_hash_table_contains (self->written, both))
    put (self, row->path, key, dh_find_mark_from_id (row->mark));
}

static void
were_read (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = g_task_propagate_pointer (G_TASK (result), &error);
  if (self->finds == NULL)
    return;
  self->finds->reading--;
  const Reading *reading = g_task_get_task_data (G_TASK (result));
  g_autofree char *root = dh_session_dup_root (self);
  if (g_strcmp0 (root, reading->root) == 0)
    self->finds->rate = reading->rate;
  if (rows == NULL)
    {
      dh_session_complain (self, _ ("What was said of finds could not be read"), error->message);
      return;
    }
  for (guint i = 0; i < rows->len; i++)
    take_row (self->finds, rows->pdata[i]);
  if (rows->len > 0 || self->finds->rate > 0)
    dh_session_emit (self, DH_SESSION_FIND_MARKS);
}

gboolean
dh_session_is_reading_finds (DhSession *self)
{
  return self->finds != NULL && self->finds->reading > 0;
}

/* Another studio may have written since: with each set they are read. */
static void
on_set (DhSession *self)
{
  if (self->dataset == NULL)
    return;
  Reading *reading = g_new0 (Reading, 1);
  reading->root = dh_session_dup_root (self);
  self->finds->rate = 0;
  self->finds->reading++;
  g_autoptr (GTask) task = g_task_new (self, NULL, were_read, NULL);
  g_task_set_task_data (task, reading, reading_free);
  g_task_run_in_thread (task, read_in_thread);
}

/* Writing. */

typedef struct
{
  DhSession *session;
  DhFindMarkRow *row;
  char *error;
} Writing;

static gboolean
was_written (gpointer data)
{
  Writing *writing = data;
  if (writing->error != NULL && writing->session->finds != NULL)
    dh_session_complain (writing->session, _ ("What was said of a find could not be kept"), writing->error);
  g_object_unref (writing->session);
  dh_find_mark_row_free (writing->row);
  g_free (writing->error);
  g_free (writing);
  return G_SOURCE_REMOVE;
}

/* The session is let go on the window's thread. */
static void
write_in_thread (gpointer data, gpointer user_data)
{
  Writing *writing = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open_within (NULL, PATIENCE, &error);
  if (database == NULL || !dh_database_put_find_mark (database, writing->row, &error))
    writing->error = g_strdup (error->message);
  g_idle_add (was_written, writing);
}

void
dh_session_mark_find (DhSession *self, DhFoundItem *item, DhFindMark mark)
{
  DhSessionFinds *finds = self->finds;
  const DhPictureObject *object = dh_found_item_get_object (item);
  const DhScore score = dh_found_item_get_score (item);
  g_autofree char *path = dh_session_dup_file (self, dh_found_item_get_image (item));
  if (*path == '\0' || dh_found_item_get_mark (item) == mark)
    return;
  g_autofree char *key = key_of (score, object->peak_x, object->peak_y);
  put (finds, path, key, mark);
  g_hash_table_add (finds->written, g_strconcat (path, "\n", key, NULL));
  dh_found_item_set_mark (item, mark);
  dh_session_trace (self, "find %s %u,%u [%s]", dh_image_item_get_stem (dh_found_item_get_image (item)), object->peak_x,
                    object->peak_y, dh_find_mark_id (mark));
  if (finds->writer == NULL)
    finds->writer = g_thread_pool_new (write_in_thread, NULL, 1, FALSE, NULL);
  Writing *writing = g_new0 (Writing, 1);
  writing->session = g_object_ref (self);
  writing->row = g_new0 (DhFindMarkRow, 1);
  *writing->row = (DhFindMarkRow){ g_steal_pointer (&path), g_strdup (dh_score_id (score)), object->peak_x,
                                   object->peak_y, g_strdup (dh_find_mark_id (mark)) };
  g_thread_pool_push (finds->writer, writing, NULL);
}

char *
dh_session_dup_find_title (DhSession *self, DhFoundItem *item)
{
  const char *name = dh_image_item_get_name (dh_found_item_get_image (item));
  const double time = dh_video_frame_time (name, self->finds != NULL ? self->finds->rate : 0);
  if (isnan (time))
    return g_strdup (name);
  g_autofree char *text = dh_video_format_time (time);
  return g_strdup_printf ("%s · %s", text, name);
}

gboolean
dh_session_lacks_maps (DhSession *self)
{
  return self->dataset != NULL && self->model != NULL && self->evaluation == NULL && self->recall == NULL
         && dh_session_get_set_maps (self) == NULL;
}

static char *
dup_evaluation (DhSession *self)
{
  DhEvaluationProgress progress;
  dh_session_get_evaluation_progress (self, &progress);
  return progress.total > 0
             ? g_strdup_printf (ngettext ("The network looks through %u image: %u done.",
                                          "The network looks through %u images: %u done.", progress.total),
                                progress.total, progress.done)
             : g_strdup (_ ("The network begins to look through the images."));
}

char *
dh_session_explain_finds (DhSession *self)
{
  guint done, of;
  const DhSetObjects *objects = dh_session_get_set_objects (self);
  if (objects != NULL)
    return NULL;
  if (self->model == NULL)
    return g_strdup (_ ("No weights are loaded: nothing is flagged."));
  if (self->evaluation != NULL)
    return dup_evaluation (self);
  if (self->recall != NULL)
    return g_strdup (_ ("The maps of the last evaluation are being read."));
  const DhRun *before = dh_session_get_set_maps (self) == NULL ? dh_session_find_evaluated (self) : NULL;
  if (before != NULL && before->has_maps)
    return g_strdup_printf (_ ("Run %" PRId64 " has looked through these images, and its maps are many: they are read "
                               "when that is asked for."),
                            before->id);
  if (dh_session_get_set_maps (self) == NULL)
    return g_strdup (_ ("The images were not looked through with these weights yet. What is flagged in any of them is "
                        "listed here once they are; what was stopped goes on where it was."));
  dh_session_get_set_objects_progress (self, &done, &of);
  if (of > 0)
    return g_strdup_printf (_ ("Looking at the maps: %u of %u."), done, of);
  char *why = dh_session_explain_set_objects (self);
  return why != NULL ? why : g_strdup (_ ("There are no maps of this score: evaluate again (Ctrl+E)."));
}

void
dh_session_init_finds (DhSession *self)
{
  self->finds = g_new0 (DhSessionFinds, 1);
  self->finds->images = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, marks_free);
  self->finds->written = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect (self, "notify::dataset-title", G_CALLBACK (on_set), NULL);
}

void
dh_session_close_finds (DhSession *self)
{
  DhSessionFinds *finds = g_steal_pointer (&self->finds);
  if (finds == NULL)
    return;
  if (finds->writer != NULL)
    g_thread_pool_free (finds->writer, FALSE, TRUE);
  g_hash_table_unref (finds->images);
  g_hash_table_unref (finds->written);
  g_free (finds);
}
