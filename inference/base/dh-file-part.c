#include "dh-file-part.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-file.h"

/* Folders within folders, as deep as data sets are. */
#define MOST_DEPTH 16

char *
dh_file_part_of (const char *name)
{
  const char *suffix = g_strrstr (name, DH_FILE_PART);
  if (!suffix || suffix == name || strlen (suffix) != strlen (DH_FILE_PART) + 6)
    return NULL;
  for (const char *at = suffix + strlen (DH_FILE_PART); *at; at++)
    if (!g_ascii_isalnum (*at))
      return NULL;
  return g_strndup (name, (gsize)(suffix - name));
}

static void
remove_part (int folder, const char *name)
{
  struct stat about;
  const int file = openat (folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0)
    return;
  if (fstat (file, &about) == 0 && S_ISREG (about.st_mode) && flock (file, LOCK_EX | LOCK_NB) == 0)
    unlinkat (folder, name, 0);
  close (file);
}

/* Takes the descriptor `folder`; `path` says the same. */
static void
look_through (int folder, const char *path, guint depth, DhFileIsOurs is_ours, gpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *whole = dh_file_part_of (name);
      if (whole && is_ours (whole, data))
        remove_part (folder, name);
      if (whole || depth == 0)
        continue;
      const int within = openat (folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY);
      g_autofree char *below = within >= 0 ? g_build_filename (path, name, NULL) : NULL;
      if (below)
        look_through (within, below, depth - 1, is_ours, data);
    }
  close (folder);
}

void
dh_file_remove_parts (const char *folder, gboolean deep, DhFileIsOurs is_ours, gpointer data)
{
  const int file = open (folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (file >= 0)
    look_through (file, folder, deep ? MOST_DEPTH : 0, is_ours, data);
}
