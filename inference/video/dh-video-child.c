#include "dh-video-child-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-text.h"

#define LONGEST_LINE 4096
/* Read at a time, so that a flood of messages does not keep the caller. */
#define MOST_ERRORS (256 * 1024)
/* A frame in as few turns as the system lets a user have. */
#define PIPE_BYTES (1 << 20)
/* Microseconds that it is waited at a time. */
#define LONGEST_TURN (G_USEC_PER_SEC / 2)

struct _DhVideoChild
{
  GSubprocess *process;
  int in, out, err; /* -1: closed, or never there */
  char *about;
  guint patience;
  char *written; /* a file by which it is seen that it is at work; NULL: none */
  struct stat seen;
  DhVideoLine line;
  gpointer data;
  GString *begun; /* a line that has no end yet */
  char *words;
  char *complaint;
};

static int
take_stream (int fd)
{
  const int own = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (own >= 0)
    {
      fcntl (own, F_SETFL, fcntl (own, F_GETFL) | O_NONBLOCK);
      fcntl (own, F_SETPIPE_SZ, PIPE_BYTES);
    }
  return own;
}

static void
close_stream (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

DhVideoChild *
dh_video_child_new (const char *const *words, gboolean feeds, const char *about, guint patience, DhVideoLine line,
                    gpointer data, GError **error)
{
  g_autoptr (GError) why = NULL;
  const GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE
                                 | (feeds ? G_SUBPROCESS_FLAGS_STDIN_PIPE : G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = g_subprocess_newv (words, flags, &why);
  if (!process)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s cannot be started: %s", words[0], why->message);
      return NULL;
    }
  DhVideoChild *child = g_new0 (DhVideoChild, 1);
  GInputStream *out = g_subprocess_get_stdout_pipe (process), *err = g_subprocess_get_stderr_pipe (process);
  GOutputStream *in = feeds ? g_subprocess_get_stdin_pipe (process) : NULL;
  child->out = take_stream (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (out)));
  child->err = take_stream (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (err)));
  child->in = in ? take_stream (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (in))) : -1;
  g_input_stream_close (out, NULL, NULL);
  g_input_stream_close (err, NULL, NULL);
  if (in)
    g_output_stream_close (in, NULL, NULL);
  child->process = g_steal_pointer (&process);
  child->about = g_strdup (about);
  child->patience = patience > 0 ? patience : DH_VIDEO_PATIENCE;
  child->line = line;
  child->data = data;
  child->begun = g_string_new (NULL);
  if (child->out < 0 || child->err < 0 || (feeds && child->in < 0))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: no pipe to FFmpeg can be had: %s", about, g_strerror (errno));
      g_clear_pointer (&child, dh_video_child_free);
    }
  return child;
}

/* What people are told of a line: without "[mov,mp4 @ 0x55…] [error] " before it. */
static const char *
skip_origin (const char *line)
{
  const char *end;
  while (*line == '[' && (end = strchr (line, ']')))
    for (line = end + 1; *line == ' ';)
      line++;
  return line;
}

/* Of what it goes on behind; hints, such as "deprecated pixel format used", are none. */
static gboolean
tells_damage (const char *text)
{
  static const char *const levels[] = { "[error]", "[fatal]", "[panic]" };
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (strstr (text, levels[i]))
      return TRUE;
  return strstr (text, "[warning]") && strstr (text, "corrupt");
}

static void
take_line (DhVideoChild *child)
{
  g_autofree char *text = dh_text_escape (child->begun->str, FALSE);
  g_string_truncate (child->begun, 0);
  g_strchomp (text);
  if (!*text || (child->line && child->line (text, child->data)) || strstr (text, "[info]")
      || strstr (text, "[verbose]"))
    return;
  const char *words = skip_origin (text);
  /* "file:/…: Invalid data found …" comes last and says the least, as does what FFmpeg makes of having failed. */
  const char *reason = g_str_has_prefix (words, "file:") ? g_strrstr (words, ": ") : NULL;
  const gboolean least = reason || strstr (words, "Conversion failed") || strstr (words, "Output file is empty")
                         || strstr (words, "Error splitting the argument list");
  if (!*words || *words == ' ' || (least && (child->words || !reason)))
    return;
  g_free (child->words);
  child->words = g_strdup (reason ? reason + 2 : words);
  if (tells_damage (text))
    {
      g_free (child->complaint);
      child->complaint = g_strdup (child->words);
    }
}

/* FALSE where nothing more comes. */
static gboolean
drain_errors (DhVideoChild *child)
{
  char bytes[4096];
  gssize n;
  gsize taken = 0;
  while ((n = read (child->err, bytes, sizeof bytes)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return errno == EAGAIN;
      for (gssize i = 0; i < n; i++)
        if (bytes[i] == '\n' || bytes[i] == '\r')
          take_line (child);
        else if (bytes[i] != '\0' && child->begun->len < LONGEST_LINE)
          g_string_append_c (child->begun, bytes[i]);
      if ((taken += (gsize)n) > MOST_ERRORS)
        return TRUE;
    }
  if (child->begun->len > 0)
    take_line (child);
  return FALSE;
}

void
dh_video_child_watch (DhVideoChild *child, const char *written)
{
  child->written = g_strdup (written);
}

/* Since that was last asked. */
static gboolean
has_written (DhVideoChild *child)
{
  struct stat now;
  if (!child->written || stat (child->written, &now) != 0)
    return FALSE;
  const gboolean changed = now.st_size != child->seen.st_size || now.st_mtim.tv_sec != child->seen.st_mtim.tv_sec
                           || now.st_mtim.tv_nsec != child->seen.st_mtim.tv_nsec;
  child->seen = now;
  return changed;
}

/* Until `fd` (-1: none) can be used; reads errors on the way. Gives FALSE once only errors came for too long; time in
 * which this process stood still (Ctrl-Z) counts little, since FFmpeg stood still with it. */
static gboolean
wait_for (DhVideoChild *child, int fd, short events, GCancellable *cancellable, GError **error)
{
  GPollFD cancelled = { -1, 0, 0 };
  if (cancellable)
    g_cancellable_make_pollfd (cancellable, &cancelled);
  struct pollfd polled[3] = { { fd, events, 0 }, { child->err, POLLIN, 0 }, { cancelled.fd, POLLIN, 0 } };
  gint64 left = (gint64)child->patience * G_USEC_PER_SEC;
  gboolean ready = FALSE;
  while (!ready && !g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      const gint64 before = g_get_monotonic_time (), turn = MIN (left, LONGEST_TURN);
      const int n = poll (polled, G_N_ELEMENTS (polled), (int)(turn / 1000) + 1);
      left -= MIN (g_get_monotonic_time () - before, LONGEST_TURN);
      if (n > 0 && polled[1].revents && !drain_errors (child))
        {
          close_stream (&child->err);
          polled[1].fd = -1;
        }
      ready = n > 0 && (polled[0].revents || (fd < 0 && child->err < 0));
      if (!ready && left <= 0 && has_written (child))
        left = (gint64)child->patience * G_USEC_PER_SEC;
      if (!ready && left <= 0)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s: FFmpeg did nothing for %u s and was ended", child->about,
                       child->patience);
          break;
        }
    }
  if (cancelled.fd >= 0)
    g_cancellable_release_fd (cancellable);
  return ready;
}

gboolean
dh_video_child_read (DhVideoChild *child, gpointer buffer, gsize size, gsize *got, GCancellable *cancellable,
                     GError **error)
{
  *got = 0;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  while (*got < size && child->out >= 0)
    {
      const gssize n = read (child->out, (char *)buffer + *got, size - *got);
      if (n > 0)
        *got += (gsize)n;
      else if (n == 0)
        close_stream (&child->out);
      else if (errno == EAGAIN)
        {
          if (!wait_for (child, child->out, POLLIN, cancellable, error))
            return FALSE;
        }
      else if (errno != EINTR)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: FFmpeg cannot be read: %s", child->about, g_strerror (errno));
          return FALSE;
        }
    }
  /* Behind its output all that it has to say comes, unless it goes on without one. */
  while (*got < size && child->err >= 0)
    if (!wait_for (child, -1, 0, cancellable, error))
      return FALSE;
  if (child->err >= 0 && !drain_errors (child))
    close_stream (&child->err);
  return TRUE;
}

/* Without the signal that a closed pipe sends otherwise. */
static gssize
write_quietly (int fd, const char *data, gsize size)
{
  sigset_t pipe_signal, old, pending;
  sigemptyset (&pipe_signal);
  sigaddset (&pipe_signal, SIGPIPE);
  sigpending (&pending);
  pthread_sigmask (SIG_BLOCK, &pipe_signal, &old);
  const gssize n = write (fd, data, size);
  const int code = errno;
  if (n < 0 && code == EPIPE && !sigismember (&pending, SIGPIPE))
    {
      const struct timespec now = { 0, 0 };
      while (sigtimedwait (&pipe_signal, NULL, &now) < 0 && errno == EINTR)
        ;
    }
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  errno = code;
  return n;
}

static void
set_failed (DhVideoChild *child, DhError code, GError **error)
{
  const char *words = dh_video_child_words (child);
  if (*words)
    g_set_error (error, DH_ERROR, code, "%s: FFmpeg says: %s", child->about, words);
  else
    g_set_error (error, DH_ERROR, code, "%s: FFmpeg failed and does not say why", child->about);
}

gboolean
dh_video_child_write (DhVideoChild *child, gconstpointer data, gsize size, GCancellable *cancellable, GError **error)
{
  const char *at = data;
  while (size > 0)
    {
      const gssize n = child->in >= 0 ? write_quietly (child->in, at, size) : -1;
      if (n > 0)
        {
          at += n;
          size -= (gsize)n;
        }
      else if (child->in >= 0 && n < 0 && errno == EAGAIN)
        {
          if (!wait_for (child, child->in, POLLOUT, cancellable, error))
            return FALSE;
        }
      else if (child->in < 0 || n == 0 || errno != EINTR)
        {
          close_stream (&child->in);
          if (!dh_video_child_end (child, cancellable, error))
            return FALSE;
          set_failed (child, DH_ERROR_IO, error);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
dh_video_child_end (DhVideoChild *child, GCancellable *cancellable, GError **error)
{
  char unread[4096];
  gsize got = sizeof unread;
  close_stream (&child->in);
  while (got == sizeof unread)
    if (!dh_video_child_read (child, unread, sizeof unread, &got, cancellable, error))
      return FALSE;
  while (child->err >= 0)
    if (!wait_for (child, -1, 0, cancellable, error))
      return FALSE;
  /* Its pipes close when it ends. One that runs on has closed them itself and does nothing for anybody; of one that is
   * ending the status stands by then. */
  g_subprocess_force_exit (child->process);
  g_subprocess_wait (child->process, NULL, NULL);
  if (!g_subprocess_get_successful (child->process))
    {
      set_failed (child, DH_ERROR_INVALID, error);
      return FALSE;
    }
  return TRUE;
}

const char *
dh_video_child_words (DhVideoChild *child)
{
  return child->words ? child->words : "";
}

const char *
dh_video_child_complaint (DhVideoChild *child)
{
  return child->complaint;
}

void
dh_video_child_free (DhVideoChild *child)
{
  if (!child)
    return;
  close_stream (&child->in);
  close_stream (&child->out);
  close_stream (&child->err);
  g_subprocess_force_exit (child->process);
  g_subprocess_wait (child->process, NULL, NULL);
  g_object_unref (child->process);
  g_string_free (child->begun, TRUE);
  g_free (child->about);
  g_free (child->written);
  g_free (child->words);
  g_free (child->complaint);
  g_free (child);
}
