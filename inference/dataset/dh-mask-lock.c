#include "dh-mask-lock-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "dh-error.h"

/* A write takes milliseconds: who holds it for longer than this is stopped, or another kind of program. */
#define PATIENCE (5 * G_USEC_PER_SEC)
#define PAUSE (20 * 1000)

gboolean
dh_mask_lock (const char *image, int *lock, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (image);
  const gint64 end = g_get_monotonic_time () + PATIENCE;
  *lock = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (*lock >= 0 && flock (*lock, LOCK_EX | LOCK_NB) != 0)
    {
      if (errno == EINTR)
        continue;
      if (errno != EWOULDBLOCK)
        break;
      if (g_get_monotonic_time () >= end)
        {
          g_autofree char *name = g_filename_display_name (folder);
          g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: another program keeps this folder locked; try again", name);
          dh_mask_unlock (*lock);
          return FALSE;
        }
      g_usleep (PAUSE);
    }
  return TRUE;
}

void
dh_mask_unlock (int lock)
{
  if (lock >= 0)
    close (lock);
}
