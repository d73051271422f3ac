#include "dh-run-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-file.h"

char *
dh_run_folder_file (const DhRunFolder *folder, const char *name)
{
  return g_build_filename (folder->path, name, NULL);
}

static gboolean
take_lock (DhRunFolder *folder, GError **error)
{
  g_autofree char *path = dh_run_folder_file (folder, "job.lock");
  folder->lock = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (folder->lock < 0 || flock (folder->lock, LOCK_EX | LOCK_NB) != 0)
    {
      const int code = errno;
      g_set_error (error, DH_ERROR, folder->lock < 0 ? DH_ERROR_IO : DH_ERROR_FAILED, "The run “%s” cannot be used: %s",
                   folder->path,
                   folder->lock >= 0 && code == EWOULDBLOCK ? "another process trains in it" : g_strerror (code));
      return FALSE;
    }
  g_autofree char *boot = NULL;
  g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *when = g_date_time_format_iso8601 (now);
  g_autofree char *text = g_strdup_printf ("{\"pid\": %d, \"boot\": \"%s\", \"started\": \"%s\"}\n", (int)getpid (),
                                           boot ? g_strstrip (boot) : "", when);
  if (ftruncate (folder->lock, 0) != 0 || write (folder->lock, text, strlen (text)) != (gssize)strlen (text))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s cannot be written: %s", path, g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

DhRunFolder *
dh_run_folder_open (const char *path, gboolean fresh, GError **error)
{
  g_autoptr (DhRunFolder) folder = g_new0 (DhRunFolder, 1);
  folder->path = g_strdup (path);
  folder->lock = -1;
  g_autofree char *log = dh_run_folder_file (folder, "log.jsonl");
  const gboolean used = g_file_test (log, G_FILE_TEST_EXISTS);
  if (fresh && used)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "The folder %s holds a training already; give another name, or --resume to go on with it", path);
      return NULL;
    }
  if (!fresh && !used)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "The folder %s holds no training to resume", path);
      return NULL;
    }
  if (!dh_folder_make (path, error) || !take_lock (folder, error))
    return NULL;
  g_autoptr (GFile) file = g_file_new_for_path (log);
  folder->log = G_OUTPUT_STREAM (g_file_append_to (file, G_FILE_CREATE_NONE, NULL, error));
  return folder->log ? g_steal_pointer (&folder) : NULL;
}

void
dh_run_folder_free (DhRunFolder *folder)
{
  if (!folder)
    return;
  g_clear_object (&folder->log);
  if (folder->lock >= 0)
    close (folder->lock);
  g_free (folder->path);
  g_free (folder);
}

gboolean
dh_run_folder_log (DhRunFolder *folder, const char *line, GError **error)
{
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  return g_output_stream_write_all (folder->log, text, strlen (text), NULL, NULL, error);
}

void
dh_run_folder_prune (DhRunFolder *folder, guint keep)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  g_autoptr (GArray) epochs = g_array_new (FALSE, FALSE, sizeof (guint));
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      guint epoch;
      int end = 0;
      if (sscanf (name, "model_%u.pth%n", &epoch, &end) == 1 && end == (int)strlen (name))
        g_array_append_val (epochs, epoch);
    }
  while (epochs->len > keep)
    {
      guint oldest = 0;
      for (guint i = 1; i < epochs->len; i++)
        if (g_array_index (epochs, guint, i) < g_array_index (epochs, guint, oldest))
          oldest = i;
      g_autofree char *file = g_strdup_printf ("model_%u.pth", g_array_index (epochs, guint, oldest));
      g_autofree char *path = dh_run_folder_file (folder, file);
      g_unlink (path);
      g_array_remove_index_fast (epochs, oldest);
    }
}

gboolean
dh_run_folder_has_space (const DhRunFolder *folder, guint64 bytes, GError **error)
{
  struct statvfs info;
  if (statvfs (folder->path, &info) != 0)
    return TRUE;
  const double there = (double)info.f_bavail * (double)info.f_frsize;
  if (there >= (double)bytes)
    return TRUE;
  g_set_error (
      error, DH_ERROR, DH_ERROR_IO,
      "The disk of %s has %.0f MiB left, but the checkpoints of this training need %.0f MiB; make room or keep "
      "fewer",
      folder->path, there / (1 << 20), (double)bytes / (1 << 20));
  return FALSE;
}
