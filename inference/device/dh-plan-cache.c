#include "dh-plan-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "densehybrid plan 2\n"
#define SUFFIX ".plan"

enum
{
  MAX_BYTES = 1 << 20
};

char *
dh_plan_cache_folder (void)
{
  const char *wanted = g_getenv ("DH_PLAN_CACHE");
  if (wanted)
    return *wanted ? g_strdup (wanted) : NULL;
  return g_build_filename (g_get_user_cache_dir (), "densehybrid", "plans", NULL);
}

static char *
path_of (const char *folder, const char *key)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);
  g_autofree char *name = g_strconcat (hash, SUFFIX, NULL);
  return g_build_filename (folder, name, NULL);
}

/* Magic, checksum of what follows, key, text: a line each but for the text. */
static char *
file_contents (const char *key, const char *text)
{
  g_autofree char *body = g_strconcat (key, "\n", text, NULL);
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, body, -1);
  return g_strconcat (MAGIC, hash, "\n", body, NULL);
}

/* A regular file of this user's, of a size in reason; no link, no pipe that never ends. */
static char *
read_file (const char *path, gsize *length)
{
  struct stat info;
  const int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  char *contents = NULL;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_uid == geteuid () && info.st_size <= MAX_BYTES)
    {
      contents = g_malloc ((gsize)info.st_size + 1);
      *length = 0;
      for (;;)
        {
          const ssize_t got = read (fd, contents + *length, (gsize)info.st_size - *length);
          if (got < 0 && errno == EINTR)
            continue;
          if (got <= 0)
            break;
          *length += (gsize)got;
        }
      contents[*length] = '\0';
    }
  close (fd);
  return contents;
}

char *
dh_plan_cache_read (const char *folder, const char *key)
{
  if (!folder)
    return NULL;
  g_autofree char *path = path_of (folder, key);
  gsize length = 0;
  g_autofree char *contents = read_file (path, &length);
  const gsize head = strlen (MAGIC) + 64 + 1, key_length = strlen (key);
  if (!contents || length < head + key_length + 1 || strlen (contents) != length)
    return NULL;
  const char *text = contents + head + key_length + 1;
  g_autofree char *expected = file_contents (key, text);
  return g_str_equal (expected, contents) ? g_strdup (text) : NULL;
}

void
dh_plan_cache_write (const char *folder, const char *key, const char *text)
{
  if (!folder || g_mkdir_with_parents (folder, 0700) != 0)
    return;
  g_autofree char *path = path_of (folder, key), *contents = file_contents (key, text);
  if (strlen (contents) <= MAX_BYTES)
    g_file_set_contents_full (path, contents, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
}

void
dh_plan_cache_drop (const char *folder, const char *key)
{
  g_autofree char *path = folder ? path_of (folder, key) : NULL;
  if (path)
    g_unlink (path);
}

typedef struct
{
  char *path;
  gint64 time;
} Entry;

static void
clear_entry (gpointer data)
{
  g_free (((Entry *)data)->path);
}

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const gint64 x = ((const Entry *)a)->time, y = ((const Entry *)b)->time;
  return (x > y) - (x < y);
}

void
dh_plan_cache_prune (const char *folder, guint most)
{
  g_autoptr (GDir) dir = folder ? g_dir_open (folder, 0, NULL) : NULL;
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (entries, clear_entry);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      GStatBuf info;
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (!g_str_has_suffix (name, SUFFIX) || g_lstat (path, &info) != 0)
        continue;
      const Entry entry = { g_steal_pointer (&path), info.st_mtime };
      g_array_append_val (entries, entry);
    }
  if (entries->len <= most)
    return;
  g_array_sort (entries, compare_entries);
  for (guint i = 0; i < entries->len - most / 2; i++)
    g_unlink (g_array_index (entries, Entry, i).path);
}
