#include "dh-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-error.h"

struct _DhFileWriter
{
  char *path;
  char *temporary; /* NULL once renamed or removed, and of what is written as it is */
  int fd;
  guint64 position;
  guint64 begun; /* bytes that were told to go to the disk */
};

/* A large file goes to the disk while it is written, so that the flush at its end finds little left to do. */
#define BEGIN_BYTES (16u << 20)

/* The errno that was there stays. */
static void
drop_temporary (DhFileWriter *writer)
{
  const int code = errno;
  if (writer->temporary)
    unlink (writer->temporary);
  if (writer->fd >= 0)
    close (writer->fd);
  writer->fd = -1;
  g_clear_pointer (&writer->temporary, g_free);
  errno = code;
}

/* For as long as it is open the temporary file is locked, so that whoever removes what kills have left
 * (dh-file-part.h) knows that this one is alive. It may have been taken for such before it was locked: FALSE. */
static gboolean
hold (DhFileWriter *writer)
{
  if (flock (writer->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return FALSE;
  return access (writer->temporary, F_OK) == 0;
}

static gboolean
make_temporary (DhFileWriter *writer)
{
  writer->temporary = g_strconcat (writer->path, DH_FILE_PART "XXXXXX", NULL);
  writer->fd = g_mkstemp_full (writer->temporary, O_RDWR | O_CLOEXEC, 0644);
  if (writer->fd < 0)
    g_clear_pointer (&writer->temporary, g_free);
  return writer->fd >= 0;
}

/* A device, a pipe, or a file that is open already and goes by the name of its descriptor (/dev/stdout): to rename over
 * one of these would take it away from everybody. */
static gboolean
is_no_file (const char *path)
{
  struct stat info;
  g_autofree char *link = g_file_read_link (path, NULL), *folder = g_path_get_dirname (path);
  g_autofree char *real = realpath (folder, NULL);
  if ((link && g_str_has_prefix (link, "/proc/")) || (real && g_str_has_prefix (real, "/proc/")))
    return TRUE;
  return stat (path, &info) == 0 && !S_ISREG (info.st_mode) && !S_ISDIR (info.st_mode);
}

/* One's own descriptor by its name is taken as it is: a socket could not be opened again, nor what belongs to another.
 */
static int
open_as_is (const char *path)
{
  static const char *const folders[] = { "/proc/self/fd/", "/dev/fd/" };
  g_autofree char *link = g_file_read_link (path, NULL);
  const char *const names[] = { path, link };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint k = 0; names[i] && k < G_N_ELEMENTS (folders); k++)
      {
        guint64 number;
        if (g_str_has_prefix (names[i], folders[k])
            && g_ascii_string_to_unsigned (names[i] + strlen (folders[k]), 10, 0, G_MAXINT, &number, NULL))
          return fcntl ((int)number, F_DUPFD_CLOEXEC, 0);
      }
  return open (path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
}

DhFileWriter *
dh_file_writer_open (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (DhFileWriter) writer = g_new0 (DhFileWriter, 1);
  writer->path = g_strdup (path);
  if (is_no_file (path))
    {
      writer->fd = open_as_is (path);
      if (writer->fd >= 0)
        return g_steal_pointer (&writer);
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be written: %s", path, g_strerror (errno));
      return NULL;
    }
  while (make_temporary (writer))
    {
      if (hold (writer))
        return g_steal_pointer (&writer);
      drop_temporary (writer);
    }
  g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be written: %s", path, g_strerror (errno));
  return NULL;
}

static void
begin_flush (DhFileWriter *writer)
{
  if (writer->position - writer->begun < BEGIN_BYTES)
    return;
  /* A hint: errors show in the flush itself. */
  sync_file_range (writer->fd, (off64_t)writer->begun, (off64_t)(writer->position - writer->begun),
                   SYNC_FILE_RANGE_WRITE);
  writer->begun = writer->position;
}

gboolean
dh_file_writer_write (DhFileWriter *writer, gconstpointer data, gsize size, GError **error)
{
  g_return_val_if_fail (writer != NULL && writer->fd >= 0, FALSE);

  const char *at = data;
  while (size > 0)
    {
      const ssize_t n = write (writer->fd, at, MIN (size, BEGIN_BYTES));
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
      begin_flush (writer);
    }
  return TRUE;
}

const char *
dh_file_writer_part (DhFileWriter *writer)
{
  return writer->temporary;
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

  /* Renamed while it is still locked. Pipes and terminals have nothing to flush. */
  if ((fsync (writer->fd) != 0 && (writer->temporary || (errno != EINVAL && errno != EROFS && errno != ENOTSUP)))
      || (writer->temporary && rename (writer->temporary, writer->path) != 0))
    {
      const int code = errno;
      drop_temporary (writer);
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be written: %s", writer->path, g_strerror (code));
      return FALSE;
    }
  g_clear_pointer (&writer->temporary, g_free);
  drop_temporary (writer);
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

/* The descriptor of a regular file and its size; -1 on an error. */
static int
open_regular (const char *path, guint64 *size, GError **error)
{
  const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  if (fd < 0 || fstat (fd, &info) < 0)
    {
      const int code = errno;
      if (fd >= 0)
        close (fd);
      g_set_error (error, DH_ERROR, code == ENOENT ? DH_ERROR_NOT_FOUND : DH_ERROR_IO, "%s: cannot be opened: %s", path,
                   g_strerror (code));
      return -1;
    }
  if (!S_ISREG (info.st_mode))
    {
      close (fd);
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: is %s, not a file", path,
                   S_ISDIR (info.st_mode) ? "a folder" : "a device");
      return -1;
    }
  *size = info.st_size;
  return fd;
}

static gboolean
read_all (int fd, guint8 *at, gsize size, guint64 offset, const char *path, GError **error)
{
  for (gsize done = 0; done < size;)
    {
      const ssize_t n = pread (fd, at + done, MIN (size - done, 1 << 30), (off_t)(offset + done));
      if (n < 0 && errno == EINTR)
        continue;
      if (n == 0)
        g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: was cut while it was read", path);
      else if (n < 0)
        g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be read: %s", path, g_strerror (errno));
      if (n <= 0)
        return FALSE;
      done += n;
    }
  return TRUE;
}

/* A file as large as the machine's memory would only push everything else out of it. */
static guint64
largest_readable (guint64 largest)
{
  const long pages = sysconf (_SC_PHYS_PAGES), page = sysconf (_SC_PAGESIZE);
  return pages > 0 && page > 0 ? MIN (largest, (guint64)pages * page / 2) : largest;
}

/* Small contents lie on the heap; large ones in pages of their own, which go back at once and are sealed once read. */
#define SMALL (256 * 1024)

typedef struct
{
  void *address;
  gsize size;
} Pages;

static void
drop_pages (gpointer data)
{
  Pages *pages = data;
  munmap (pages->address, pages->size);
  g_free (pages);
}

static GBytes *
read_pages (int fd, gsize size, const char *path, GError **error)
{
  void *address = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: there is no memory for its %zu bytes", path, size);
      return NULL;
    }
  /* Large pages cost a tenth of the faults. */
  madvise (address, size, MADV_HUGEPAGE);
  if (!read_all (fd, address, size, 0, path, error))
    {
      munmap (address, size);
      return NULL;
    }
  mprotect (address, size, PROT_READ);
  Pages *pages = g_new (Pages, 1);
  *pages = (Pages){ address, size };
  return g_bytes_new_with_free_func (address, size, drop_pages, pages);
}

/* Aligned as pages would be: elements behind a header of a multiple of 64 bytes stand as vectors want them. */
static GBytes *
read_heap (int fd, gsize size, guint64 offset, const char *path, GError **error)
{
  guint8 *data = g_aligned_alloc (1, MAX (size, 1), 64);
  if (!read_all (fd, data, size, offset, path, error))
    {
      g_aligned_free (data);
      return NULL;
    }
  return g_bytes_new_with_free_func (data, size, g_aligned_free, data);
}

GBytes *
dh_file_read (const char *path, guint64 largest, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  guint64 size;
  const int fd = open_regular (path, &size, error);
  if (fd < 0)
    return NULL;
  GBytes *bytes = NULL;
  if (size > largest_readable (largest))
    {
      g_autofree char *is = g_format_size (size);
      g_autofree char *limit = g_format_size (largest_readable (largest));
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "%s: is %s large, over the limit of %s", path, is, limit);
    }
  else
    bytes = size <= SMALL ? read_heap (fd, size, 0, path, error) : read_pages (fd, size, path, error);
  close (fd);
  return bytes;
}

GBytes *
dh_file_read_head (const char *path, gsize most, guint64 *size, GError **error)
{
  g_return_val_if_fail (path != NULL && most <= SMALL, NULL);

  const int fd = open_regular (path, size, error);
  if (fd < 0)
    return NULL;
  GBytes *bytes = read_heap (fd, MIN (most, *size), 0, path, error);
  close (fd);
  return bytes;
}

GBytes *
dh_file_read_part (const char *path, guint64 from, gsize most, GError **error)
{
  g_return_val_if_fail (path != NULL && most <= SMALL, NULL);

  guint64 size;
  const int fd = open_regular (path, &size, error);
  if (fd < 0)
    return NULL;
  const guint64 first = MIN (from, size);
  GBytes *bytes = read_heap (fd, MIN (most, size - first), first, path, error);
  close (fd);
  return bytes;
}

GBytes *
dh_file_read_tail (const char *path, gsize most, GError **error)
{
  g_return_val_if_fail (path != NULL && most <= SMALL, NULL);

  guint64 size;
  const int fd = open_regular (path, &size, error);
  if (fd < 0)
    return NULL;
  const gsize n = MIN (most, size);
  GBytes *bytes = read_heap (fd, n, size - n, path, error);
  close (fd);
  return bytes;
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

gboolean
dh_path_lies_in (const char *path, const char *folder)
{
  char *inner = realpath (path, NULL), *outer = realpath (folder, NULL);
  const gsize n = outer ? strlen (outer) : 0;
  const gboolean inside = inner && outer && strncmp (inner, outer, n) == 0 && (inner[n] == '/' || inner[n] == '\0');
  free (inner);
  free (outer);
  return inside;
}
