#include "dh-folder-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-error.h"

struct _DhFolderLock
{
  int fd;
};

static void
say_held (int fd, const char *folder, GError **error)
{
  char holder[24] = "";
  const ssize_t n = pread (fd, holder, sizeof holder - 1, 0);
  holder[MAX (n, 0)] = '\0';
  g_strstrip (holder);
  const gboolean number = *holder != '\0' && strspn (holder, "0123456789") == strlen (holder);
  g_set_error (error, DH_ERROR, DH_ERROR_FAILED,
               "%s: is being written by another run%s%s. Wait until it has ended, or choose another folder", folder,
               number ? ", process " : "", number ? holder : "");
}

DhFolderLock *
dh_folder_lock_take (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ".lock", NULL);
  const int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (fd < 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be written: %s", path, g_strerror (errno));
      return NULL;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    {
      say_held (fd, folder, error);
      close (fd);
      return NULL;
    }
  /* Who it is, for messages alone; that it could not be told does not matter. */
  g_autofree char *holder = g_strdup_printf ("%d\n", (int)getpid ());
  if (ftruncate (fd, 0) != 0 || pwrite (fd, holder, strlen (holder), 0) < 0)
    g_debug ("%s: %s", path, g_strerror (errno));
  DhFolderLock *lock = g_new (DhFolderLock, 1);
  lock->fd = fd;
  return lock;
}

/* flock has no question, and to try would keep others out for a moment: the kernel's list tells. A line of it is
 * "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", the last of the three numbers the inode. */
gboolean
dh_folder_lock_is_held (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, ".lock", NULL);
  g_autofree char *locks = NULL;
  struct stat info;
  if (lstat (path, &info) != 0 || !S_ISREG (info.st_mode) || !g_file_get_contents ("/proc/locks", &locks, NULL, NULL))
    return FALSE;
  g_autofree char *inode = g_strdup_printf (":%" G_GUINT64_FORMAT " ", (guint64)info.st_ino);
  g_auto (GStrv) lines = g_strsplit (locks, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (strstr (lines[i], "FLOCK") && strstr (lines[i], inode) && !strstr (lines[i], "->"))
      return TRUE;
  return FALSE;
}

void
dh_folder_lock_release (DhFolderLock *lock)
{
  if (!lock)
    return;
  close (lock->fd);
  g_free (lock);
}
