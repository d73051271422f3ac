#include "dh-video-reader.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-groups.h"
#include "dh-video-child-private.h"
#include "dh-video-private.h"

/* Frames that FFmpeg tells of before they come; it is no further ahead. */
#define MOST_TIMES 1024
/* It decodes as many frames at once, each of which takes memory. */
#define MOST_THREADS 8

struct _DhVideoReader
{
  char *path;
  DhVideoInfo info;
  DhVideoRange range;
  DhVideoChild *child;
  gboolean old;  /* FFmpeg, so that another word is to be used */
  GQueue times;  /* double *, of frames to come */
  guint64 read;  /* frames */
  guint64 least; /* that the next frame's number can be */
  double last;
};

/* "… n:   3 pts:4400000 pts_time:4.4  …": of a time in seconds it writes six digits, too few after some minutes, so it
 * is taken from the other, in microseconds. */
static gboolean
take_line (const char *line, gpointer data)
{
  DhVideoReader *reader = data;
  if (!g_str_has_prefix (line, "[Parsed_showinfo_")) /* not what a recording says of itself */
    return FALSE;
  const char *time = strstr (line, " pts:");
  if (time && reader->times.length < MOST_TIMES)
    {
      const char *begin = time + strlen (" pts:");
      char *end;
      double *seconds = g_new (double, 1);
      *seconds = (double)g_ascii_strtoll (begin, &end, 10) / 1e6;
      if (end == begin)
        *seconds = NAN;
      g_queue_push_tail (&reader->times, seconds);
    }
  return TRUE;
}

static const char *
format_seconds (char text[G_ASCII_DTOSTR_BUF_SIZE], double seconds)
{
  return g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, "%.6f", seconds);
}

/* What stands behind scale tells of each frame; times that only grow by one come out. */
static char *
make_filters (const DhVideoReader *reader)
{
  GString *filters = g_string_new (NULL);
  char from[G_ASCII_DTOSTR_BUF_SIZE], to[G_ASCII_DTOSTR_BUF_SIZE];
  if (reader->info.streamed && reader->range.from > 0)
    g_string_append_printf (filters, "trim=start=%s,", format_seconds (from, reader->range.from));
  if (reader->info.streamed && reader->range.to > 0)
    g_string_append_printf (filters, "trim=end=%s,", format_seconds (to, reader->range.to));
  if (reader->range.every > 1)
    g_string_append_printf (filters, "select=not(mod(n\\,%u)),", reader->range.every);
  g_string_append_printf (filters, "scale=%u:%u:flags=bilinear+accurate_rnd%s", reader->info.width, reader->info.height,
                          reader->info.hd_colours ? ":in_color_matrix=bt709" : "");
  g_string_append (filters, ",settb=1/1000000,showinfo=checksum=0,settb=1/25,setpts=N");
  return g_string_free (filters, FALSE);
}

static void
add_time (GPtrArray *words, const char *option, double seconds)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_ptr_array_add (words, g_strdup (option));
  g_ptr_array_add (words, g_strdup (format_seconds (text, seconds)));
}

static gboolean
start (DhVideoReader *reader, GError **error)
{
  static const char *const begin[] = { "-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info" };
  static const char *const end[] = { "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1" };
  /* Each frame once, however they come: FFmpeg before 5.1 has another word for it. */
  const char *const each[] = { "-map", "0:V:0", reader->old ? "-vsync" : "-fps_mode", "passthrough",
                               /* of the times behind the filters, which are not rounded then */
                               "-enc_time_base", "1/25" };
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  char *program = dh_video_find_program ("ffmpeg", error);
  if (!program)
    return FALSE;
  g_ptr_array_add (words, program);
  for (guint i = 0; i < G_N_ELEMENTS (begin); i++)
    g_ptr_array_add (words, g_strdup (begin[i]));
  g_ptr_array_add (words, g_strdup ("-threads"));
  g_ptr_array_add (words, g_strdup_printf ("%u", MIN (dh_groups_processors (), MOST_THREADS)));
  if (reader->range.from > 0 && !reader->info.streamed)
    add_time (words, "-ss", reader->range.from);
  if (reader->range.to > 0 && !reader->info.streamed)
    add_time (words, "-t", reader->range.to - reader->range.from);
  /* The filters count frames; made anew where the size changes they would count from 0. */
  g_ptr_array_add (words, g_strdup ("-reinit_filter"));
  g_ptr_array_add (words, g_strdup ("0"));
  dh_video_add_input (words, reader->path);
  g_ptr_array_add (words, g_strdup ("-vf"));
  g_ptr_array_add (words, make_filters (reader));
  for (guint i = 0; i < G_N_ELEMENTS (each); i++)
    g_ptr_array_add (words, g_strdup (each[i]));
  for (guint i = 0; i < G_N_ELEMENTS (end); i++)
    g_ptr_array_add (words, g_strdup (end[i]));
  g_ptr_array_add (words, NULL);
  reader->child = dh_video_child_new ((const char *const *)words->pdata, FALSE, reader->path, reader->range.patience,
                                      take_line, reader, error);
  return reader->child != NULL;
}

static gboolean
check_range (const DhVideoReader *reader, GError **error)
{
  const DhVideoRange *range = &reader->range;
  g_autofree char *from = dh_video_format_time (range->from);
  if (range->to > 0 && range->to <= range->from)
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "%s: what ends before it begins, at %s, has no frames", reader->path,
                 from);
  else if (reader->info.duration > 0 && range->from > reader->info.duration)
    {
      g_autofree char *length = dh_video_format_time (reader->info.duration);
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "%s: it is only %s long, so there is nothing from %s on",
                   reader->path, length, from);
    }
  else
    return TRUE;
  return FALSE;
}

DhVideoReader *
dh_video_reader_open (const char *path, const DhVideoRange *range, GCancellable *cancellable, GError **error)
{
  g_autoptr (DhVideoReader) reader = g_new0 (DhVideoReader, 1);
  reader->path = g_strdup (path);
  if (range)
    reader->range = *range;
  reader->range.every = MAX (reader->range.every, 1);
  reader->last = -1;
  if (!dh_video_probe (path, &reader->info, cancellable, error) || !check_range (reader, error)
      || !start (reader, error))
    return NULL;
  return g_steal_pointer (&reader);
}

const DhVideoInfo *
dh_video_reader_info (DhVideoReader *reader)
{
  return &reader->info;
}

/* Where FFmpeg did not say when, the rate says it. */
static void
take_moment (DhVideoReader *reader, DhVideoMoment *moment)
{
  const double rate = reader->info.rate, step = rate > 0 ? reader->range.every / rate : 0;
  g_autofree double *told = g_queue_pop_head (&reader->times);
  /* Of what is sought FFmpeg tells the time since then. */
  double time = told ? (reader->info.streamed ? 0 : reader->range.from) + *told : NAN;
  if (!isfinite (time) || time < reader->last)
    time = reader->read == 0 ? reader->range.from : reader->last + step;
  const double number = rate > 0 ? floor (time * rate + 0.5) : 0;
  moment->time = reader->last = MAX (time, 0);
  moment->number = MAX (reader->least, number < 1e15 ? (guint64)MAX (number, 0) : 0);
  reader->least = moment->number + 1;
  reader->read++;
}

static void
set_cut (DhVideoReader *reader, GError **error)
{
  const char *words = dh_video_child_words (reader->child);
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: frame %" G_GUINT64_FORMAT " is cut%s%s", reader->path,
               reader->read + 1, *words ? ". FFmpeg says: " : "", words);
}

/* What came is all, and `got` bytes of another frame. */
static void
finish (DhVideoReader *reader, gsize got, GCancellable *cancellable, GError **error)
{
  if (!dh_video_child_end (reader->child, cancellable, error))
    return;
  if (got > 0)
    set_cut (reader, error);
  if (got > 0 || reader->read > 0)
    return;
  const char *words = dh_video_child_words (reader->child);
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: there is no frame in it%s%s%s", reader->path,
               reader->range.from > 0 || reader->range.to > 0 ? " in that time" : "", *words ? ". FFmpeg says: " : "",
               words);
}

/* It ended before it began, over that word. */
static gboolean
is_old (DhVideoReader *reader)
{
  return reader->read == 0 && !reader->old && strstr (dh_video_child_words (reader->child), "fps_mode");
}

DhImage *
dh_video_reader_next (DhVideoReader *reader, DhVideoMoment *moment, GCancellable *cancellable, GError **error)
{
  const guint width = reader->info.width, height = reader->info.height;
  const gsize size = (gsize)3 * width * height;
  g_autoptr (DhImage) image = dh_image_new (width, height);
  gsize got;
  if (!image)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: no memory is left for a frame of %u×%u", reader->path,
                   width, height);
      return NULL;
    }
  if (!dh_video_child_read (reader->child, image->rgb, size, &got, cancellable, error))
    return NULL;
  if (got == 0 && is_old (reader))
    {
      reader->old = TRUE;
      g_clear_pointer (&reader->child, dh_video_child_free);
      if (!start (reader, error) || !dh_video_child_read (reader->child, image->rgb, size, &got, cancellable, error))
        return NULL;
    }
  if (got == size)
    {
      take_moment (reader, moment);
      return g_steal_pointer (&image);
    }
  finish (reader, got, cancellable, error);
  return NULL;
}

const char *
dh_video_reader_complaint (DhVideoReader *reader)
{
  return dh_video_child_complaint (reader->child);
}

void
dh_video_reader_free (DhVideoReader *reader)
{
  if (!reader)
    return;
  g_clear_pointer (&reader->child, dh_video_child_free);
  g_queue_clear_full (&reader->times, g_free);
  g_free (reader->path);
  g_free (reader);
}
