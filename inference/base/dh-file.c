#include "dh-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-error.h"

struct _DhFileWriter
{
  char *path;
  char *temporary; /* NULL once renamed or removed */
  int fd;
  guint64 position;
};

static void
drop_temporary (DhFileWriter *writer)
{
  if (writer->fd >= 0)
    close (writer->fd);
  writer->fd = -1;
  if (writer->temporary)
    unlink (writer->temporary);
  g_clear_pointer (&writer->temporary, g_free);
}

DhFileWriter *
dh_file_writer_open (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (DhFileWriter) writer = g_new0 (DhFileWriter, 1);
  writer->path = g_strdup (path);
  char *temporary = g_strconcat (path, ".XXXXXX", NULL);
  writer->fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0644);
  if (writer->fd < 0)
    {
      const int code = errno;
      g_free (temporary);
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be written: %s", path, g_strerror (code));
      return NULL;
    }
  writer->temporary = temporary;
  return g_steal_pointer (&writer);
}

gboolean
dh_file_writer_write (DhFileWriter *writer, gconstpointer data, gsize size, GError **error)
{
  g_return_val_if_fail (writer != NULL && writer->fd >= 0, FALSE);

  const char *at = data;
  while (size > 0)
    {
      const ssize_t n = write (writer->fd, at, MIN (size, 1 << 30));
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          const int code = n < 0 ? errno : ENOSPC;
          drop_temporary (writer);
          g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: writing stopped after %" G_GUINT64_FORMAT " bytes: %s",
                       writer->path, writer->position, g_strerror (code));
          return FALSE;
        }
      at += n;
      size -= n;
      writer->position += n;
    }
  return TRUE;
}

guint64
dh_file_writer_tell (DhFileWriter *writer)
{
  return writer->position;
}

gboolean
dh_file_writer_close (DhFileWriter *writer, GError **error)
{
  g_return_val_if_fail (writer != NULL && writer->fd >= 0, FALSE);

  gboolean done = fsync (writer->fd) == 0;
  done = close (writer->fd) == 0 && done;
  writer->fd = -1;
  done = done && rename (writer->temporary, writer->path) == 0;
  if (!done)
    {
      const int code = errno;
      drop_temporary (writer);
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be written: %s", writer->path, g_strerror (code));
      return FALSE;
    }
  g_clear_pointer (&writer->temporary, g_free);
  return TRUE;
}

void
dh_file_writer_free (DhFileWriter *writer)
{
  if (!writer)
    return;
  drop_temporary (writer);
  g_free (writer->path);
  g_free (writer);
}

gboolean
dh_file_write (const char *path, gconstpointer data, gsize size, GError **error)
{
  g_autoptr (DhFileWriter) writer = dh_file_writer_open (path, error);
  return writer && dh_file_writer_write (writer, data, size, error) && dh_file_writer_close (writer, error);
}

typedef struct
{
  void *address;
  gsize size;
} Mapping;

static void
unmap (gpointer data)
{
  Mapping *mapping = data;
  munmap (mapping->address, mapping->size);
  g_free (mapping);
}

GBytes *
dh_file_map (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  if (fd < 0 || fstat (fd, &info) < 0)
    {
      const int code = errno;
      if (fd >= 0)
        close (fd);
      g_set_error (error, DH_ERROR, code == ENOENT ? DH_ERROR_NOT_FOUND : DH_ERROR_IO, "%s: cannot be opened: %s",
                   path, g_strerror (code));
      return NULL;
    }
  if (!S_ISREG (info.st_mode))
    {
      close (fd);
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: is %s, not a file", path,
                   S_ISDIR (info.st_mode) ? "a folder" : "a device");
      return NULL;
    }
  if (info.st_size == 0)
    {
      close (fd);
      return g_bytes_new (NULL, 0);
    }

  void *address = mmap (NULL, info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int code = errno;
  close (fd);
  if (address == MAP_FAILED)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be mapped: %s", path, g_strerror (code));
      return NULL;
    }
  Mapping *mapping = g_new (Mapping, 1);
  *mapping = (Mapping){ address, info.st_size };
  return g_bytes_new_with_free_func (address, info.st_size, unmap, mapping);
}

gboolean
dh_folder_make (const char *path, GError **error)
{
  if (g_mkdir_with_parents (path, 0755) == 0)
    return TRUE;
  const int code = errno;
  g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: the folder cannot be made: %s", path, g_strerror (code));
  return FALSE;
}
