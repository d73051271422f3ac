#include "dh-scan-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-dataset.h"
#include "dh-error.h"

#define MAX_ENTRIES 2000000
#define MAX_DEPTH 32

/* The folders on the way from the root to where the walk is: a symbolic link to one of them is a loop. */
typedef struct Ancestor
{
  dev_t device;
  ino_t inode;
  const struct Ancestor *parent;
} Ancestor;

typedef struct
{
  DhScan *scan;
  gboolean (*is_sought) (const char *path);
  GCancellable *cancellable;
  const DhProgress *progress;
  guint64 n_entries;
} Walk;

static const char *
extension_of (const char *path)
{
  return path + dh_path_stem_length (path);
}

gsize
dh_path_stem_length (const char *path)
{
  const char *slash = strrchr (path, '/');
  const char *name = slash ? slash + 1 : path;
  const char *dot = strrchr (name, '.');
  return dot ? (gsize)(dot - path) : strlen (path);
}

static gboolean
has_extension (const char *path, const char *const *extensions)
{
  const char *extension = extension_of (path);
  for (guint i = 0; extensions[i]; i++)
    if (g_ascii_strcasecmp (extension, extensions[i]) == 0)
      return TRUE;
  return FALSE;
}

gboolean
dh_path_is_picture (const char *path)
{
  static const char *const extensions[] = { ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", NULL };
  return has_extension (path, extensions);
}

/* What cameras, simulators and other programs write. */
static gboolean
is_foreign (const char *path)
{
  static const char *const extensions[] = { ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jxl", ".ppm", ".pgm",
                                            ".pnm",  ".exr",  ".dng",  ".nef", ".cr2", ".cr3", ".arw", NULL };
  return has_extension (path, extensions);
}

gboolean
dh_path_is_of_set (const char *path)
{
  return dh_path_is_picture (path) || g_ascii_strcasecmp (extension_of (path), ".npz") == 0;
}

gint
dh_compare_natural (const char *a, const char *b)
{
  const char *p = a, *q = b;
  while (*p && *q)
    {
      if (g_ascii_isdigit (*p) && g_ascii_isdigit (*q))
        {
          while (*p == '0')
            p++;
          while (*q == '0')
            q++;
          gsize n = 0, m = 0;
          while (g_ascii_isdigit (p[n]))
            n++;
          while (g_ascii_isdigit (q[m]))
            m++;
          if (n != m)
            return n < m ? -1 : 1;
          const gint order = memcmp (p, q, n);
          if (order != 0)
            return order;
          p += n;
          q += m;
        }
      else if (*p != *q)
        return (guchar)*p < (guchar)*q ? -1 : 1;
      else
        {
          p++;
          q++;
        }
    }
  if (*p || *q)
    return *p ? 1 : -1;
  return strcmp (a, b);
}

static void
take_note (Walk *walk, const char *path, const char *words)
{
  g_autofree char *name = g_filename_display_name (path[0] ? path : ".");
  if (walk->scan->notes->len < 100)
    g_ptr_array_add (walk->scan->notes, g_strdup_printf ("%s: %s", name, words));
}

static gboolean
count_entry (Walk *walk, GError **error)
{
  if (walk->n_entries++ % 256 == 0)
    {
      if (g_cancellable_set_error_if_cancelled (walk->cancellable, error))
        return FALSE;
      dh_progress_report (walk->progress, walk->n_entries, 0, "looking through the folder");
    }
  if (walk->n_entries <= MAX_ENTRIES)
    return TRUE;
  g_autofree char *name = g_filename_display_name (walk->scan->root);
  g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
               "%s: holds over %d files and folders; choose the data set's own folder", name, MAX_ENTRIES);
  return FALSE;
}

static gboolean walk_folder (Walk *walk, int parent_fd, const char *name, const char *path, const Ancestor *parent,
                             guint depth, GError **error);

static gboolean
visit (Walk *walk, int fd, const struct dirent *entry, const char *path, const Ancestor *self, guint depth,
       GError **error)
{
  gboolean is_folder = entry->d_type == DT_DIR, is_file = entry->d_type == DT_REG;
  if (!is_folder && !is_file)
    {
      struct stat info = { 0 };
      if (fstatat (fd, entry->d_name, &info, 0) == 0)
        {
          is_folder = S_ISDIR (info.st_mode);
          is_file = S_ISREG (info.st_mode);
        }
    }
  g_autofree char *child = path[0] ? g_strconcat (path, "/", entry->d_name, NULL) : g_strdup (entry->d_name);
  if (is_folder)
    return walk_folder (walk, fd, entry->d_name, child, self, depth + 1, error);
  if (is_file && walk->is_sought (child))
    g_ptr_array_add (walk->scan->files, g_steal_pointer (&child));
  else if (is_file && is_foreign (child))
    g_ptr_array_add (walk->scan->foreign, g_steal_pointer (&child));
  else if (!is_file && dh_path_is_picture (child))
    g_ptr_array_add (walk->scan->no_files, g_steal_pointer (&child));
  return TRUE;
}

static gboolean
walk_folder (Walk *walk, int parent_fd, const char *name, const char *path, const Ancestor *parent, guint depth,
             GError **error)
{
  if (depth > MAX_DEPTH)
    {
      take_note (walk, path, "folders under it lie too deep and are not looked into");
      return TRUE;
    }
  const int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  if (fd < 0 || fstat (fd, &info) != 0)
    {
      const int code = errno;
      if (fd >= 0)
        close (fd);
      if (!parent)
        {
          g_autofree char *display = g_filename_display_name (walk->scan->root);
          g_set_error (error, DH_ERROR, code == ENOENT ? DH_ERROR_NOT_FOUND : DH_ERROR_IO,
                       "%s: the folder cannot be read: %s", display, g_strerror (code));
          return FALSE;
        }
      g_autofree char *words = g_strdup_printf ("the folder cannot be read: %s", g_strerror (code));
      take_note (walk, path, words);
      return TRUE;
    }
  for (const Ancestor *at = parent; at; at = at->parent)
    if (at->device == info.st_dev && at->inode == info.st_ino)
      {
        close (fd);
        take_note (walk, path, "a link back to a folder above it, not followed");
        return TRUE;
      }
  DIR *folder = fdopendir (fd);
  if (!folder)
    {
      close (fd);
      take_note (walk, path, "the folder cannot be read");
      return TRUE;
    }
  g_hash_table_add (walk->scan->folder_set, g_strdup (path));
  const Ancestor self = { info.st_dev, info.st_ino, parent };
  gboolean done = TRUE;
  const struct dirent *entry;
  while (done && (entry = readdir (folder)))
    if (entry->d_name[0] != '.' && strcmp (entry->d_name, "__MACOSX") != 0)
      done = count_entry (walk, error) && visit (walk, fd, entry, path, &self, depth, error);
  closedir (folder);
  return done;
}

static gint
compare_bytes (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

DhScan *
dh_scan_new (const char *root, gboolean (*is_sought) (const char *path), GCancellable *cancellable,
             const DhProgress *progress, GError **error)
{
  g_autoptr (DhScan) scan = g_new0 (DhScan, 1);
  scan->root = g_strdup (root);
  scan->files = g_ptr_array_new_with_free_func (g_free);
  scan->file_set = g_hash_table_new (g_str_hash, g_str_equal);
  scan->folder_set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  scan->notes = g_ptr_array_new_with_free_func (g_free);
  scan->no_files = g_ptr_array_new_with_free_func (g_free);
  scan->foreign = g_ptr_array_new_with_free_func (g_free);

  Walk walk = { scan, is_sought, cancellable, progress, 0 };
  if (!walk_folder (&walk, AT_FDCWD, root, "", NULL, 0, error))
    return NULL;
  g_ptr_array_sort (scan->files, compare_bytes);
  g_ptr_array_sort (scan->no_files, compare_bytes);
  g_ptr_array_sort (scan->foreign, compare_bytes);
  for (guint i = 0; i < scan->files->len; i++)
    g_hash_table_add (scan->file_set, scan->files->pdata[i]);
  return g_steal_pointer (&scan);
}

void
dh_scan_free (DhScan *scan)
{
  if (!scan)
    return;
  g_free (scan->root);
  g_hash_table_unref (scan->file_set);
  g_hash_table_unref (scan->folder_set);
  g_ptr_array_unref (scan->files);
  g_ptr_array_unref (scan->notes);
  g_ptr_array_unref (scan->no_files);
  g_ptr_array_unref (scan->foreign);
  g_free (scan);
}

gboolean
dh_scan_has_file (const DhScan *scan, const char *path)
{
  return g_hash_table_contains (scan->file_set, path);
}

gboolean
dh_scan_has_folder (const DhScan *scan, const char *path)
{
  return g_hash_table_contains (scan->folder_set, path);
}

/* The first file not before `key`. */
static guint
lower_bound (const DhScan *scan, const char *key)
{
  guint low = 0, high = scan->files->len;
  while (low < high)
    {
      const guint middle = low + (high - low) / 2;
      if (strcmp (scan->files->pdata[middle], key) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

void
dh_scan_under (const DhScan *scan, const char *folder, guint *first, guint *end)
{
  *first = 0;
  *end = scan->files->len;
  if (!folder[0])
    return;
  g_autofree char *from = g_strconcat (folder, "/", NULL);
  g_autofree char *until = g_strconcat (folder, "0", NULL); /* '0' follows '/' */
  *first = lower_bound (scan, from);
  *end = lower_bound (scan, until);
}
