#include "dh-run-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-file-part.h"
#include "dh-file.h"

/* Beside the checkpoints: the log, and what the file system needs for itself. */
#define BESIDE ".onnx.json"
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
    "log.jsonl",      "config.json",    "recipe.json", "plan.json",       "job.lock", "output.txt",
    "checkpoint.pth", "model_best.pth", "net.onnx",    "model_best.onnx", NULL,
  };
  g_autofree char *network =
      g_str_has_suffix (name, BESIDE) ? g_strndup (name, strlen (name) - strlen (".json")) : NULL;
  const char *of = network ? network : name;
  return g_strv_contains (names, of) || dh_run_folder_model_epoch (of) != 0;
}

gboolean
dh_run_folder_owns (const char *name)
{
  g_autofree char *whole = dh_file_part_of (name);
  return is_file (whole ? whole : name);
}

static gboolean
is_ours (const char *name, gpointer data)
{
  return is_file (name);
}

/* A file of which a fresh run would write its own: another run's, or another program's (PyTorch trainings keep models
 * under these names and no configuration). Free with g_free; NULL: none. */
static char *
find_result (const char *path)
{
  g_autofree char *config = g_build_filename (path, "config.json", NULL);
  if (g_file_test (config, G_FILE_TEST_EXISTS))
    return g_strdup ("config.json");
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    if (g_strv_contains ((const char *const[]){ "checkpoint.pth", "plan.json", NULL }, name)
        || (g_str_has_prefix (name, "model_") && (g_str_has_suffix (name, ".pth") || g_str_has_suffix (name, ".onnx"))))
      return g_strdup (name);
  return NULL;
}

/* Without one of its results, whatever was tried here ended before it began. */
static gboolean
is_free (const char *path, GError **error)
{
  g_autofree char *found = find_result (path);
  if (!found)
    return TRUE;
  if (g_str_equal (found, "config.json"))
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                 "The folder %s holds a training already; give another name, or --resume to go on with it", path);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                 "The folder %s holds %s of another training, which must not be overwritten; give another name", path,
                 found);
  return FALSE;
}

DhRunFolder *
dh_run_folder_open (const char *path, gboolean fresh, GError **error)
{
  g_autoptr (DhRunFolder) folder = g_new0 (DhRunFolder, 1);
  folder->path = g_strdup (path);
  folder->log = -1;
  g_autofree char *config = dh_run_folder_file (folder, "config.json");
  if (fresh && !is_free (path, error))
    return NULL;
  if (!fresh && !g_file_test (config, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "The folder %s holds no training to resume", path);
      return NULL;
    }
  /* Asked again: until the lock was had, another run may have begun here and ended. */
  if (!dh_folder_make (path, error) || !(folder->lock = dh_run_lock_take (path, error))
      || (fresh && !is_free (path, error)) || !open_log (folder, error))
    return NULL;
  dh_file_remove_parts (path, FALSE, is_ours, NULL);
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
  if (!g_str_has_prefix (name, "model_"))
    return 0;
  const char *digits = name + strlen ("model_");
  const gsize n = strspn (digits, G_CSET_DIGITS);
  if (n == 0 || n > 9 || *digits == '0' || (!g_str_equal (digits + n, ".pth") && !g_str_equal (digits + n, ".onnx")))
    return 0;
  return (guint)g_ascii_strtoull (digits, NULL, 10);
}

void
dh_run_folder_prune (DhRunFolder *folder, guint keep, guint64 epoch)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  g_autoptr (GPtrArray) old = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      const guint64 of = dh_run_folder_model_epoch (name);
      if (of > 0 && of + keep <= epoch)
        g_ptr_array_add (old, dh_run_folder_file (folder, name));
    }
  for (guint i = 0; i < old->len; i++)
    {
      g_autofree char *beside = g_strconcat (old->pdata[i], ".json", NULL);
      g_unlink (old->pdata[i]);
      g_unlink (beside); /* of a network of others */
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

/* Of models and checkpoints. */
static guint64
own_bytes (const DhRunFolder *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  const char *name;
  guint64 bytes = 0;
  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_str_has_suffix (name, ".pth") ? dh_run_folder_file (folder, name) : NULL;
      GStatBuf info;
      if (path && g_stat (path, &info) == 0)
        bytes += (guint64)info.st_size;
    }
  return bytes;
}

gboolean
dh_run_folder_has_space (const DhRunFolder *folder, guint64 bytes, GError **error)
{
  struct statvfs info;
  if (statvfs (folder->path, &info) != 0 || info.f_blocks == 0)
    return TRUE;
  /* What stands there already is a part of it. */
  const guint64 own = own_bytes (folder), there = dh_run_folder_free_space (folder->path);
  bytes -= MIN (bytes, own);
  if (there >= bytes)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_IO,
               "The disk of %s has %.0f MiB left, but the checkpoints of this training need %.0f MiB; make room or "
               "keep fewer",
               folder->path, (double)there / (1 << 20), (double)bytes / (1 << 20));
  return FALSE;
}
