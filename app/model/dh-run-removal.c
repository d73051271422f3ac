#include "dh-run-removal.h"
#include <glib/gi18n.h>
#include <inttypes.h>
#include "dh-database.h"
#include "dh-error.h"
#include "dh-folder-lock.h"
#include "dh-records.h"
#include "dh-run-list.h"
#include "dh-run-state.h"
#include "dh-session-combine.h"
#include "dh-session-private.h"

typedef struct
{
  GArray *runs;       /* gint64 */
  GPtrArray *folders; /* to go to the trash, each once */
} Removal;

static void
removal_free (gpointer data)
{
  Removal *removal = data;
  g_array_unref (removal->runs);
  g_ptr_array_unref (removal->folders);
  g_free (removal);
}

static gboolean
is_own (const char *folder)
{
  g_autofree char *all = g_build_filename (g_get_user_data_dir (), "densehybrid", "evaluations", "", NULL);
  /* A database of somebody else's may lead out of there again. */
  g_autofree char *plain = folder != NULL ? g_canonicalize_filename (folder, "/") : NULL;
  return folder != NULL && g_str_equal (folder, plain) && g_str_has_prefix (folder, all)
         && folder[strlen (all)] != '\0';
}

/* A run whose maps lie in a folder below has them there as well. */
static gboolean
is_within (const char *path, const char *folder)
{
  const gsize n = strlen (folder);
  return path != NULL && strncmp (path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

const char *
dh_session_refuse_removal (DhSession *self, const DhRun *run)
{
  if (run->training)
    return _ ("A training is removed on its own page");
  if (run->state == DH_RUN_ITEM_RUNNING)
    return _ ("It is under way");
  return dh_session_is_combining (self, run->id) ? _ ("A run is being made of its maps") : NULL;
}

static gboolean
is_one_of (const DhRun *run, const DhRun *const *runs, guint n)
{
  for (guint i = 0; i < n; i++)
    if (runs[i]->id == run->id)
      return TRUE;
  return FALSE;
}

/* Whether `folder`, of one of the runs, can go with them. */
static gboolean
can_go (DhSession *self, const char *folder, const DhRun *const *runs, guint n)
{
  GListModel *all = dh_session_get_runs (self);
  if (!is_own (folder) || !g_file_test (folder, G_FILE_TEST_IS_DIR))
    return FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (all); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (all, i);
      const DhRun *other = dh_run_item_get (item);
      if (!is_one_of (other, runs, n) && is_within (other->folder, folder))
        return FALSE;
    }
  return TRUE;
}

gboolean
dh_session_can_remove_maps (DhSession *self, const DhRun *const *runs, guint n)
{
  for (guint i = 0; i < n; i++)
    if (can_go (self, runs[i]->folder, runs, n))
      return TRUE;
  return FALSE;
}

/* Asked of the database itself: the list may be a moment behind. */
static gboolean
is_used (DhDatabase *database, const char *folder)
{
  g_autoptr (GPtrArray) rows = dh_database_list_runs (database, NULL);
  gboolean used = rows == NULL;
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    used = used || is_within (((const DhRunRow *)rows->pdata[i])->folder, folder);
  return used;
}

/* It may have been begun again since the list was read, here or in another program. */
static gboolean
delete_run (DhDatabase *database, gint64 run, GError **error)
{
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, error);
  if (row == NULL)
    return FALSE;
  if (g_str_equal (dh_run_state (row), "running"))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_FAILED, _ ("It is under way"));
      return FALSE;
    }
  return dh_database_delete_run (database, run, error);
}

/* Nobody begins to write there meanwhile. */
static gboolean
trash (DhDatabase *database, const char *path, GError **error)
{
  g_autoptr (DhFolderLock) lock = dh_folder_lock_take (path, error);
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  if (lock != NULL && (is_used (database, path) || g_file_trash (folder, NULL, error)))
    return TRUE;
  g_prefix_error (error, _ ("It is off the list, but its maps stay in %s: "), path);
  return FALSE;
}

static gboolean
remove_all (const Removal *removal, GError **error)
{
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, error);
  if (database == NULL)
    return FALSE;
  for (guint i = 0; i < removal->runs->len; i++)
    if (!delete_run (database, g_array_index (removal->runs, gint64, i), error))
      return FALSE;
  for (guint i = 0; i < removal->folders->len; i++)
    if (!trash (database, removal->folders->pdata[i], error))
      return FALSE;
  return TRUE;
}

static void
remove_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  if (remove_all (data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
removed (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  const Removal *removal = g_task_get_task_data (G_TASK (result));
  const gboolean done = g_task_propagate_boolean (G_TASK (result), &error);
  const guint n = removal->runs->len;
  if (self->worker == NULL)
    return;
  dh_session_refresh_runs (self);
  if (!done)
    {
      dh_session_complain (self, n == 1 ? _ ("The run could not be removed") : _ ("The runs could not all be removed"),
                           error->message);
      return;
    }
  /* The list may have been read between two of them, and one that went later been shown. */
  for (guint i = 0; i < n; i++)
    dh_session_close_evaluation (self, g_array_index (removal->runs, gint64, i));
  g_autofree char *text =
      n == 1 ? g_strdup_printf (_ ("Run %" PRId64 " is removed"), g_array_index (removal->runs, gint64, 0))
             : g_strdup_printf (ngettext ("%u run is removed", "%u runs are removed", n), n);
  dh_session_say (self, text);
}

void
dh_session_remove_runs (DhSession *self, const DhRun *const *runs, guint n, gboolean with_maps)
{
  Removal *removal = g_new (Removal, 1);
  *removal = (Removal){ g_array_new (FALSE, FALSE, sizeof (gint64)), g_ptr_array_new_with_free_func (g_free) };
  for (guint i = 0; i < n; i++)
    {
      const char *folder = runs[i]->folder;
      g_array_append_val (removal->runs, runs[i]->id);
      if (with_maps && can_go (self, folder, runs, n)
          && !g_ptr_array_find_with_equal_func (removal->folders, folder, g_str_equal, NULL))
        g_ptr_array_add (removal->folders, g_strdup (folder));
    }
  for (guint i = 0; i < n; i++)
    dh_session_close_evaluation (self, runs[i]->id);
  g_autoptr (GTask) task = g_task_new (self, NULL, removed, NULL);
  g_task_set_task_data (task, removal, removal_free);
  g_task_run_in_thread (task, remove_in_thread);
}
