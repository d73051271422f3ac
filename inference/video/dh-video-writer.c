#include "dh-video-writer.h"

#include <string.h>
#include <sys/stat.h>

#include "dh-error.h"
#include "dh-file-part.h"
#include "dh-file.h"
#include "dh-video-child-private.h"

/* What H.264's levels and players go up to. */
#define LARGEST_SIDE 16384

struct _DhVideoWriter
{
  char *path;
  DhFileWriter *file; /* FFmpeg writes into its part */
  guint width, height;
  DhVideoChild *child;
};

static gboolean
is_ours (const char *name, gpointer path)
{
  g_autofree char *own = g_path_get_basename (path);
  return g_str_equal (name, own);
}

static gboolean
open_file (DhVideoWriter *writer, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (writer->path);
  dh_file_remove_parts (folder, FALSE, is_ours, writer->path);
  const gboolean other =
      g_file_test (writer->path, G_FILE_TEST_EXISTS) && !g_file_test (writer->path, G_FILE_TEST_IS_REGULAR);
  if (!other && !(writer->file = dh_file_writer_open (writer->path, error)))
    return FALSE;
  if (!other && dh_file_writer_part (writer->file))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: is no regular file, and a video is written into one", writer->path);
  return FALSE;
}

static gboolean
start (DhVideoWriter *writer, double rate, guint patience, GError **error)
{
  g_autofree char *program = dh_video_find_program ("ffmpeg", error);
  if (!program)
    return FALSE;
  char per_second[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (per_second, sizeof per_second, "%.6f", rate);
  g_autofree char *size = g_strdup_printf ("%ux%u", writer->width, writer->height);
  g_autofree char *absolute = g_canonicalize_filename (dh_file_writer_part (writer->file), NULL);
  g_autofree char *file = g_strconcat ("file:", absolute, NULL);
  const char *const words[] = { program,
                                "-hide_banner",
                                "-nostats",
                                "-loglevel",
                                "level+error",
                                "-xerror",
                                "-y",
                                "-f",
                                "rawvideo",
                                "-pix_fmt",
                                "rgb24",
                                "-video_size",
                                size,
                                "-framerate",
                                per_second,
                                "-i",
                                "pipe:0",
                                "-vf",
                                "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv",
                                "-c:v",
                                "libx264",
                                "-preset",
                                "veryfast",
                                "-crf",
                                "18",
                                "-pix_fmt",
                                "yuv420p",
                                "-colorspace",
                                "bt709",
                                "-color_primaries",
                                "bt709",
                                "-color_trc",
                                "bt709",
                                "-movflags",
                                "+faststart",
                                "-f",
                                "mp4",
                                file,
                                NULL };
  writer->child = dh_video_child_new (words, TRUE, writer->path, patience, NULL, NULL, error);
  /* At its end all of a long video is written a second time, so that it can be played while it comes. */
  if (writer->child)
    dh_video_child_watch (writer->child, absolute);
  return writer->child != NULL;
}

DhVideoWriter *
dh_video_writer_open (const char *path, guint width, guint height, double rate, guint patience, GError **error)
{
  g_return_val_if_fail (rate > 0, NULL);

  if (width < 2 || height < 2 || width > LARGEST_SIDE || height > LARGEST_SIDE)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "%s: a video of %u×%u is none that plays: 2 to %d a side", path,
                   width, height, LARGEST_SIDE);
      return NULL;
    }
  g_autoptr (DhVideoWriter) writer = g_new0 (DhVideoWriter, 1);
  writer->path = g_strdup (path);
  writer->width = width;
  writer->height = height;
  if (!open_file (writer, error) || !start (writer, rate, patience, error))
    return NULL;
  return g_steal_pointer (&writer);
}

gboolean
dh_video_writer_add (DhVideoWriter *writer, const DhImage *frame, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (frame->width == writer->width && frame->height == writer->height, FALSE);

  return dh_video_child_write (writer->child, frame->rgb, (gsize)3 * frame->width * frame->height, cancellable, error);
}

gboolean
dh_video_writer_close (DhVideoWriter *writer, GCancellable *cancellable, GError **error)
{
  struct stat about;
  if (!dh_video_child_end (writer->child, cancellable, error))
    return FALSE;
  /* FFmpeg may call it a success that the disk was full at the end. */
  const char *words = dh_video_child_complaint (writer->child);
  if (words)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: FFmpeg says: %s", writer->path, words);
      return FALSE;
    }
  if (stat (dh_file_writer_part (writer->file), &about) == 0 && about.st_size == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be written: FFmpeg wrote nothing", writer->path);
      return FALSE;
    }
  return dh_file_writer_close (writer->file, error);
}

void
dh_video_writer_free (DhVideoWriter *writer)
{
  if (!writer)
    return;
  g_clear_pointer (&writer->child, dh_video_child_free);
  dh_file_writer_free (writer->file);
  g_free (writer->path);
  g_free (writer);
}
