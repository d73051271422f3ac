#include "dh-run-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-file.h"

/* Beside the checkpoints: the log, and what the file system needs for itself. */
#define SLACK ((guint64)16 << 20)

char *
dh_run_folder_file (const DhRunFolder *folder, const char *name)
{
  return g_build_filename (folder->path, name, NULL);
}

/* What a kill left of a line becomes a line of its own, which readers leave out. */
static gboolean
open_log (DhRunFolder *folder, GError **error)
{
  g_autofree char *path = dh_run_folder_file (folder, "log.jsonl");
  struct stat about;
  char last = '\n';
  folder->log = open (path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (folder->log >= 0 && fstat (folder->log, &about) == 0
      && (about.st_size == 0 || pread (folder->log, &last, 1, about.st_size - 1) == 1)
      && (last == '\n' || write (folder->log, "\n", 1) == 1))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s cannot be written: %s", path, g_strerror (errno));
  return FALSE;
}

static gboolean
is_file (const char *name)
{
  static const char *const names[] = {
    "log.jsonl",  "config.json",    "recipe.json",    "plan.json", "job.lock",
    "output.txt", "checkpoint.pth", "model_best.pth", NULL,
  };
  return g_strv_contains (names, name) || dh_run_folder_model_epoch (name) != 0;
}

/* What a kill leaves of a file that was being written: its name, DH_FILE_PART and six characters. */
static gboolean
is_part (const char *name)
{
  const char *suffix = g_strrstr (name, DH_FILE_PART);
  if (!suffix || strlen (suffix) != strlen (DH_FILE_PART) + 6)
    return FALSE;
  g_autofree char *whole = g_strndup (name, (gsize)(suffix - name));
  return is_file (whole);
}

gboolean
dh_run_folder_owns (const char *name)
{
  return is_file (name) || is_part (name);
}

static void
remove_parts (const DhRunFolder *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      if (!is_part (name))
        continue;
      g_autofree char *path = dh_run_folder_file (folder, name);
      g_unlink (path);
    }
}

DhRunFolder *
dh_run_folder_open (const char *path, gboolean fresh, GError **error)
{
  g_autoptr (DhRunFolder) folder = g_new0 (DhRunFolder, 1);
  folder->path = g_strdup (path);
  folder->log = -1;
  g_autofree char *config = dh_run_folder_file (folder, "config.json");
  /* Without a configuration, whatever was tried here ended before it began. */
  const gboolean used = g_file_test (config, G_FILE_TEST_EXISTS);
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
  if (!dh_folder_make (path, error) || !(folder->lock = dh_run_lock_take (path, error)) || !open_log (folder, error))
    return NULL;
  remove_parts (folder);
  return g_steal_pointer (&folder);
}

void
dh_run_folder_free (DhRunFolder *folder)
{
  if (!folder)
    return;
  if (folder->log >= 0)
    close (folder->log);
  g_clear_pointer (&folder->lock, dh_run_lock_free);
  g_free (folder->path);
  g_free (folder);
}

gboolean
dh_run_folder_log (DhRunFolder *folder, const char *line, GError **error)
{
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  const gsize length = strlen (text);
  const off_t before = lseek (folder->log, 0, SEEK_END);
  gssize written;
  do
    written = write (folder->log, text, length);
  while (written < 0 && errno == EINTR);
  if (written == (gssize)length)
    return TRUE;
  const int code = written < 0 ? errno : ENOSPC;
  if (written > 0 && before >= 0 && ftruncate (folder->log, before) != 0)
    g_info ("%s/log.jsonl ends in half a line: %s", folder->path, g_strerror (errno));
  g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s/log.jsonl cannot be written: %s", folder->path, g_strerror (code));
  return FALSE;
}

guint
dh_run_folder_model_epoch (const char *name)
{
  guint epoch = 0;
  int end = 0;
  return sscanf (name, "model_%9u.pth%n", &epoch, &end) == 1 && end == (int)strlen (name) ? epoch : 0;
}

void
dh_run_folder_prune (DhRunFolder *folder, guint keep)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  g_autoptr (GArray) epochs = g_array_new (FALSE, FALSE, sizeof (guint));
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      const guint epoch = dh_run_folder_model_epoch (name);
      if (epoch)
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

/* The checkpoint holds each parameter with two moments, and a new one stands beside the old until it is whole; then the
 * best model, the kept ones, and one of these beside itself. */
guint64
dh_run_folder_needs (guint64 parameters, guint keep)
{
  return 4 * parameters * (3 + 3 + 1 + (guint64)keep + 1) + SLACK;
}

guint64
dh_run_folder_free_space (const char *path)
{
  g_autofree char *at = g_canonicalize_filename (path, NULL);
  struct statvfs info;
  /* The first of its parents that is there. */
  while (statvfs (at, &info) != 0)
    {
      g_autofree char *parent = g_path_get_dirname (at);
      if (g_str_equal (parent, at))
        return 0;
      g_free (at);
      at = g_steal_pointer (&parent);
    }
  return (guint64)info.f_bavail * info.f_frsize;
}

gboolean
dh_run_folder_has_space (const DhRunFolder *folder, guint64 bytes, GError **error)
{
  struct statvfs info;
  if (statvfs (folder->path, &info) != 0 || info.f_blocks == 0)
    return TRUE;
  const guint64 there = dh_run_folder_free_space (folder->path);
  if (there >= bytes)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_IO,
               "The disk of %s has %.0f MiB left, but the checkpoints of this training need %.0f MiB; make room or "
               "keep fewer",
               folder->path, (double)there / (1 << 20), (double)bytes / (1 << 20));
  return FALSE;
}
