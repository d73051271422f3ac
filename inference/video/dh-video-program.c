#include "dh-video-child-private.h"

#include "dh-error.h"

static char *
find_beside (const char *program, const char *name)
{
  g_autofree char *folder = g_path_get_dirname (program);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return g_file_test (path, G_FILE_TEST_IS_EXECUTABLE) ? g_steal_pointer (&path) : NULL;
}

char *
dh_video_find_program (const char *name, GError **error)
{
  const gboolean probes = g_str_equal (name, "ffprobe");
  const char *ffmpeg = g_getenv ("DH_FFMPEG"), *variable = probes ? "DH_FFPROBE" : "DH_FFMPEG";
  const char *named = g_getenv (variable);
  char *path = NULL;
  if (named && *named)
    path = g_find_program_in_path (named);
  else if (ffmpeg && *ffmpeg)
    {
      g_autofree char *program = g_find_program_in_path (ffmpeg);
      path = program ? find_beside (program, name) : NULL;
      if (program && !path)
        path = g_find_program_in_path (name);
      /* What was named is what is missing. */
      if (!program)
        {
          named = ffmpeg;
          variable = "DH_FFMPEG";
        }
    }
  else
    path = g_find_program_in_path (name);
  if (!path)
    g_set_error (
        error, DH_ERROR, DH_ERROR_NOT_FOUND,
        "FFmpeg reads and writes recordings, and its program %s is not here; install the package ffmpeg, or name "
        "the program in %s",
        named && *named ? named : name, variable);
  return path;
}
