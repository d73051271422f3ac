#include "dh-folder-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

/* Whether the open file is still the one that the path names: somebody may have removed it, or put another there. */
static gboolean
is_at (int fd, const char *path)
{
  struct stat open_now, there;
  return fstat (fd, &open_now) == 0 && lstat (path, &there) == 0 && open_now.st_dev == there.st_dev
         && open_now.st_ino == there.st_ino;
}

/* A lock on a file that is no longer in the folder keeps nobody out: the one that took its place is tried then. */
static int
take_file (const char *path, const char *folder, GError **error)
{
  for (guint tries = 0; tries < 8; tries++)
    {
      const int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
      if (fd < 0)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be written: %s", path, g_strerror (errno));
          return -1;
        }
      if (flock (fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        {
          say_held (fd, folder, error);
          close (fd);
          return -1;
        }
      if (is_at (fd, path))
        return fd;
      close (fd);
    }
  g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s: is being removed again and again by something else", path);
  return -1;
}

DhFolderLock *
dh_folder_lock_take (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ".lock", NULL);
  const int fd = take_file (path, folder, error);
  if (fd < 0)
    return NULL;
  /* Who it is, for messages alone; that it could not be told does not matter. */
  g_autofree char *holder = g_strdup_printf ("%d\n", (int)getpid ());
  if (ftruncate (fd, 0) != 0 || pwrite (fd, holder, strlen (holder), 0) < 0)
    g_debug ("%s: %s", path, g_strerror (errno));
  DhFolderLock *lock = g_new (DhFolderLock, 1);
  lock->fd = fd;
  return lock;
}

/* A line of /proc/self/mountinfo is "36 25 0:41 / /home rw …": which device mount `id` is of. It is the file system's
 * own, as the kernel's list of locks names it; stat() gives another one in subvolumes and overlays. */
static gboolean
device_of_mount (guint64 id, guint *device_major, guint *device_minor)
{
  g_autofree char *mounts = NULL;
  if (!g_file_get_contents ("/proc/self/mountinfo", &mounts, NULL, NULL))
    return FALSE;
  g_auto (GStrv) lines = g_strsplit (mounts, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      guint64 mount;
      if (sscanf (lines[i], "%" G_GUINT64_FORMAT " %*u %u:%u", &mount, device_major, device_minor) == 3 && mount == id)
        return TRUE;
    }
  return FALSE;
}

/* The number behind a word of /proc/self/fdinfo. */
static gboolean
read_field (const char *text, const char *name, guint64 *value)
{
  const char *at = strstr (text, name);
  return at && sscanf (at + strlen (name), "%" G_GUINT64_FORMAT, value) == 1;
}

/* The file as the kernel's list of locks names it. FALSE where it is no regular file. */
static gboolean
name_file (const char *path, guint *device_major, guint *device_minor, guint64 *inode)
{
  const int fd = open (path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat info;
  if (fd < 0)
    return FALSE;
  const gboolean regular = fstat (fd, &info) == 0 && S_ISREG (info.st_mode);
  g_autofree char *at = g_strdup_printf ("/proc/self/fdinfo/%d", fd), *text = NULL;
  guint64 mount;
  if (regular && g_file_get_contents (at, &text, NULL, NULL) && read_field (text, "mnt_id:", &mount)
      && device_of_mount (mount, device_major, device_minor))
    {
      /* Kernels before 5.14 tell no inode here. */
      if (!read_field (text, "\nino:", inode))
        *inode = info.st_ino;
    }
  else if (regular)
    {
      *device_major = major (info.st_dev);
      *device_minor = minor (info.st_dev);
      *inode = info.st_ino;
    }
  close (fd);
  return regular;
}

/* flock has no question, and to try would keep others out for a moment: the kernel's list tells. A line of it is
 * "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF": process, device (hexadecimal) and inode. One that waits has "->"
 * before its kind. */
gboolean
dh_folder_lock_is_held (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, ".lock", NULL);
  g_autofree char *locks = NULL;
  guint device_major, device_minor;
  guint64 inode;
  if (!name_file (path, &device_major, &device_minor, &inode)
      || !g_file_get_contents ("/proc/locks", &locks, NULL, NULL))
    return FALSE;
  g_auto (GStrv) lines = g_strsplit (locks, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      guint lock_major, lock_minor;
      guint64 lock_inode;
      if (sscanf (lines[i], "%*u: FLOCK %*s %*s %*d %x:%x:%" G_GUINT64_FORMAT, &lock_major, &lock_minor, &lock_inode)
              == 3
          && lock_major == device_major && lock_minor == device_minor && lock_inode == inode)
        return TRUE;
    }
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
