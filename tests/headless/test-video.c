/* Recordings: what FFmpeg makes of real ones, and what becomes of broken ones and of programs that misbehave. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "dh-dataset.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-video-frames.h"
#include "dh-video-writer.h"
#include "patience.h"

#define WIDTH 64
#define HEIGHT 48
/* Red tells the column, green the row, blue the frame. */
#define PLACES "nullsrc=s=64x48:r=10:d=2,format=gbrp,geq=r=X*3:g=Y*4:b=N*10"
#define EXACT "-c:v ffv1 -pix_fmt gbrp"
#define USUAL "-c:v libx264 -crf 12 -pix_fmt yuv420p"

static char *folder;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

/* Runs "ffmpeg … NAME"; gives the path of NAME. */
static char *
record (const char *source, const char *options, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;
  g_autofree char *said = NULL;
  gint status;
  char *path = in_folder (name);
  g_autofree char *line =
      g_strdup_printf ("ffmpeg -nostdin -v error -y -f lavfi -i \"%s\" %s \"file:%s\"", source, options, path);
  g_assert_true (g_shell_parse_argv (line, NULL, &words, &error));
  g_assert_true (g_spawn_sync (NULL, words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &said, &status, &error));
  g_assert_cmpstr (said, ==, "");
  g_assert_cmpint (status, ==, 0);
  return path;
}

static char *
write_file (const char *name, gconstpointer data, gsize size)
{
  char *path = in_folder (name);
  g_assert_true (g_file_set_contents (path, data, (gssize)size, NULL));
  return path;
}

/* A program that stands for one of FFmpeg's. */
static char *
write_program (const char *name, const char *script)
{
  g_autofree char *text = g_strconcat ("#!/bin/sh\n", script, "\n", NULL);
  char *path = write_file (name, text, strlen (text));
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  return path;
}

static void
assert_error (GError **error, DhError code, const char *words)
{
  g_assert_error (*error, DH_ERROR, (gint)code);
  if (!strstr ((*error)->message, words))
    g_error ("\"%s\" does not say \"%s\"", (*error)->message, words);
  g_assert_true (g_utf8_validate ((*error)->message, -1, NULL));
  g_clear_error (error);
}

static DhVideoReader *
open_all (const char *path)
{
  g_autoptr (GError) error = NULL;
  DhVideoReader *reader = dh_video_reader_open (path, NULL, NULL, &error);
  g_assert_no_error (error);
  return reader;
}

static guint8
pixel (const DhImage *image, guint x, guint y, guint c)
{
  return image->rgb[3 * ((gsize)y * image->width + x) + c];
}

static void
test_exact (void)
{
  g_autofree char *path = record (PLACES, EXACT, "exact.mkv");
  g_autoptr (DhVideoReader) reader = open_all (path);
  const DhVideoInfo *info = dh_video_reader_info (reader);
  g_assert_cmpuint (info->width, ==, WIDTH);
  g_assert_cmpuint (info->height, ==, HEIGHT);
  g_assert_cmpfloat (info->rate, ==, 10);
  g_assert_cmpfloat_with_epsilon (info->duration, 2, 0.01);
  g_assert_cmpstr (info->codec, ==, "ffv1");
  g_autoptr (GError) error = NULL;
  DhVideoMoment moment;
  for (guint n = 0; n < 20; n++)
    {
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (moment.number, ==, n);
      g_assert_cmpfloat_with_epsilon (moment.time, n / 10.0, 0.001);
      for (guint y = 0; y < HEIGHT; y++)
        for (guint x = 0; x < WIDTH; x++)
          if (pixel (image, x, y, 0) != 3 * x || pixel (image, x, y, 1) != 4 * y || pixel (image, x, y, 2) != 10 * n)
            g_error ("frame %u is another at %u, %u", n, x, y);
    }
  g_assert_null (dh_video_reader_next (reader, &moment, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (dh_video_reader_complaint (reader));
}

/* Six digits, as FFmpeg writes times, are a tenth of a second by then. */
static void
test_hours (void)
{
  g_autofree char *path = record ("testsrc2=s=32x32:r=30:d=0.5",
                                  "-vf \"setpts='(N/30+gt(N,0)*20000)/TB'\" -vsync vfr -c:v ffv1", "hours.mkv");
  g_autoptr (DhVideoReader) reader = open_all (path);
  for (guint n = 0; n < 15; n++)
    {
      DhVideoMoment moment;
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, NULL);
      g_assert_nonnull (image);
      g_assert_cmpfloat_with_epsilon (moment.time, n > 0 ? 20000 + n / 30.0 : 0, 0.001);
    }
}

/* Of the third frame of `path`, which is of one colour. */
static void
assert_colour (const char *path, guint red, guint green, guint blue)
{
  g_autoptr (DhVideoReader) reader = open_all (path);
  const guint wanted[] = { red, green, blue };
  DhVideoMoment moment;
  for (guint n = 0; n < 3; n++)
    {
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, NULL);
      g_assert_nonnull (image);
      for (guint c = 0; c < 3; c++)
        g_assert_cmpint (ABS ((gint)pixel (image, image->width / 2, image->height / 2, c) - (gint)wanted[c]), <=, 7);
    }
}

/* Where nothing says by which matrix colours were made, the size does, as in every player. */
static void
test_colours (void)
{
  g_autofree char *small = record ("color=c=0xc81e3c:s=64x48:r=10:d=0.5", USUAL, "small.mp4");
  assert_colour (small, 200, 30, 60);
  g_autofree char *large = record ("color=c=0xc81e3c:s=1280x720:r=10:d=0.5",
                                   "-vf scale=out_color_matrix=bt709,setparams=colorspace=unknown " USUAL, "large.mp4");
  assert_colour (large, 200, 30, 60);
  g_autofree char *said = record ("color=c=0xc81e3c:s=1280x720:r=10:d=0.5",
                                  "-vf scale=out_color_matrix=bt601 -colorspace smpte170m " USUAL, "said.mp4");
  assert_colour (said, 200, 30, 60);
}

/* As a phone writes it: the matrix of the track turns by a quarter to the right. */
static void
test_rotation (void)
{
  g_autofree char *path = record (PLACES, USUAL, "aside.mp4");
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  char *track = memmem (bytes, size, "tkhd", 4);
  g_assert_nonnull (track);
  static const guint8 quarter[] = { 0, 0, 0, 0, 0, 1, 0, 0,      0, 0, 0, 0, 0xff, 0xff, 0,    0, 0, 0,
                                    0, 0, 0, 0, 0, 0, 0, HEIGHT, 0, 0, 0, 0, 0,    0,    0x40, 0, 0, 0 };
  memcpy (track + 4 + 40, quarter, sizeof quarter);
  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, NULL));
  g_autoptr (DhVideoReader) reader = open_all (path);
  g_assert_cmpuint (dh_video_reader_info (reader)->width, ==, HEIGHT);
  g_assert_cmpuint (dh_video_reader_info (reader)->height, ==, WIDTH);
  DhVideoMoment moment;
  g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, NULL);
  g_assert_nonnull (image);
  g_assert_cmpuint (image->width, ==, HEIGHT);
  /* The left is the top now, the bottom the left. */
  g_assert_cmpint (pixel (image, 24, 2, 0), <, 30);
  g_assert_cmpint (pixel (image, 24, 60, 0), >, 150);
  g_assert_cmpint (pixel (image, 2, 32, 1), >, 150);
  g_assert_cmpint (pixel (image, 45, 32, 1), <, 40);
}

/* Pixels that are no squares come out as wide as every player shows them, whichever way the recording is turned. */
static void
test_pixel_aspect (void)
{
  static const struct
  {
    const char *filter;
    guint width, height;
  } cases[] = {
    { "-vf setsar=64/45 " USUAL, 91, HEIGHT },  { "-vf setsar=1/2 " USUAL, WIDTH / 2, HEIGHT },
    { "-vf setsar=1 " USUAL, WIDTH, HEIGHT },   { "-vf setsar=0 " USUAL, WIDTH, HEIGHT },
    { "-vf setsar=100 " USUAL, WIDTH, HEIGHT },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = record (PLACES, cases[i].filter, "aspect.mp4");
      g_autoptr (DhVideoReader) reader = open_all (path);
      g_assert_cmpuint (dh_video_reader_info (reader)->width, ==, cases[i].width);
      g_assert_cmpuint (dh_video_reader_info (reader)->height, ==, cases[i].height);
      DhVideoMoment moment;
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, NULL);
      g_assert_nonnull (image);
      g_assert_cmpuint (image->width, ==, cases[i].width);
      g_assert_cmpuint (image->height, ==, cases[i].height);
      /* from the left to the right, still */
      g_assert_cmpint (pixel (image, 1, 24, 0), <, 30);
      g_assert_cmpint (pixel (image, image->width - 2, 24, 0), >, 150);
    }
}

static void
test_times (void)
{
  /* The first five frames, then every third. */
  g_autofree char *path = record (PLACES ",select=lt(n\\\\,5)+not(mod(n\\\\,3))", EXACT, "uneven.mkv");
  static const guint known[] = { 0, 1, 2, 3, 4, 6, 9, 12, 15, 18 };
  g_autoptr (DhVideoReader) reader = open_all (path);
  DhVideoMoment moment;
  guint64 least = 0;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, NULL);
      g_assert_nonnull (image);
      g_assert_cmpuint (pixel (image, 0, 0, 2), ==, 10 * known[i]);
      g_assert_cmpfloat_with_epsilon (moment.time, known[i] / 10.0, 0.002);
      g_assert_cmpuint (moment.number, >=, least);
      least = moment.number + 1;
    }
  g_assert_null (dh_video_reader_next (reader, &moment, NULL, NULL));
}

/* Of fine time steps, as cameras write them, nothing is complained of. */
static void
test_fine_times (void)
{
  g_autofree char *path = record ("testsrc2=s=64x48:r=30:d=12", USUAL, "fine.mp4");
  g_autoptr (DhVideoReader) reader = open_all (path);
  DhVideoMoment moment;
  DhImage *image;
  guint n = 0;
  for (; (image = dh_video_reader_next (reader, &moment, NULL, NULL)); n++)
    {
      g_assert_cmpuint (moment.number, ==, n);
      g_assert_cmpfloat_with_epsilon (moment.time, n / 30.0, 0.001);
      dh_image_unref (image);
    }
  g_assert_cmpuint (n, ==, 360);
  g_assert_cmpstr (dh_video_reader_complaint (reader), ==, NULL);
}

static void
test_range (void)
{
  g_autofree char *path = record (PLACES, EXACT, "range.mkv");
  g_autoptr (GError) error = NULL;
  const DhVideoRange range = { .from = 0.5, .to = 1.5, .every = 3 };
  g_autoptr (DhVideoReader) reader = dh_video_reader_open (path, &range, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_video_count (dh_video_reader_info (reader), &range), ==, 4);
  static const guint known[] = { 5, 8, 11, 14 };
  DhVideoMoment moment;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (pixel (image, 0, 0, 2), ==, 10 * known[i]);
      g_assert_cmpuint (moment.number, ==, known[i]);
      g_assert_cmpfloat_with_epsilon (moment.time, known[i] / 10.0, 0.002);
    }
  g_assert_null (dh_video_reader_next (reader, &moment, NULL, &error));
  g_assert_no_error (error);
  const DhVideoRange behind = { .from = 7 };
  g_assert_null (dh_video_reader_open (path, &behind, NULL, &error));
  assert_error (&error, DH_ERROR_USAGE, "only 0:02.00 long");
}

static void
test_text (void)
{
  static const struct
  {
    const char *text;
    double seconds; /* -1: none */
  } cases[] = { { "0", 0 },        { "90.5", 90.5 }, { "1:30", 90 }, { "01:02:03.25", 3723.25 },
                { "", -1 },        { "-1", -1 },     { "1:60", -1 }, { "1:", -1 },
                { "1:2:3:4", -1 }, { "1.5:00", -1 }, { "1e3", -1 },  { "inf", -1 },
                { "0x10", -1 },    { "1.2.3", -1 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      double seconds = -1;
      const gboolean known = dh_video_parse_time (cases[i].text, &seconds);
      if (known != (cases[i].seconds >= 0) || (known && seconds != cases[i].seconds))
        g_error ("\"%s\" is taken for %g", cases[i].text, seconds);
    }
  g_autofree char *shorter = dh_video_format_time (62.504), *longer = dh_video_format_time (3723.999);
  g_assert_cmpstr (shorter, ==, "1:02.50");
  g_assert_cmpstr (longer, ==, "1:02:04.00");
}

static void
test_is (void)
{
  g_autofree char *mp4 = record (PLACES, USUAL, "named.mp4"), *mkv = record (PLACES, USUAL, "named.mkv");
  g_autofree char *avi = record (PLACES, "-c:v mpeg4", "named.avi");
  const char *const paths[] = { mp4, mkv, avi };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *bare = in_folder ("nameless");
      g_assert_cmpint (g_rename (paths[i], bare), ==, 0);
      g_assert_true (dh_video_is (bare));
    }
  g_assert_true (dh_video_is ("not/there/DRIVE.MOV"));
  g_autofree char *text = write_file ("text", "just some text", 14);
  g_autofree char *photo = write_file ("photo",
                                       "\0\0\0\x18"
                                       "ftypheic\0\0\0\0",
                                       16);
  g_assert_false (dh_video_is (text));
  g_assert_false (dh_video_is (photo));
}

/* Opening or reading of it fails so. */
static void
assert_fails (const char *path, DhError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  const DhVideoRange range = { .patience = 2 };
  g_autoptr (DhVideoReader) reader = dh_video_reader_open (path, &range, NULL, &error);
  DhVideoMoment moment;
  DhImage *image;
  while (reader && (image = dh_video_reader_next (reader, &moment, NULL, &error)))
    dh_image_unref (image);
  assert_error (&error, code, words);
}

static void
test_broken (void)
{
  g_autofree char *whole = record (PLACES, USUAL, "whole.mp4"), *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (whole, &bytes, &size, NULL));
  g_autofree char *cut = write_file ("cut.mp4", bytes, size / 2), *text = write_file ("text.mp4", "some text\n", 10);
  g_autofree char *empty = write_file ("empty.mkv", "", 0), *sound = record ("sine=d=1", "-c:a aac", "sound.mp4");
  g_autofree char *missing = in_folder ("missing.mp4");
  assert_fails (cut, DH_ERROR_INVALID, "moov atom not found");
  assert_fails (text, DH_ERROR_INVALID, "text.mp4");
  assert_fails (empty, DH_ERROR_INVALID, "empty.mkv");
  assert_fails (sound, DH_ERROR_INVALID, "no moving pictures");
  assert_fails (missing, DH_ERROR_NOT_FOUND, "no such file");
  assert_fails (folder, DH_ERROR_INVALID, "is no file");
}

/* What is there of one that ends early comes, and it is said. */
static void
test_ends_early (void)
{
  g_autofree char *whole = record ("testsrc2=s=64x48:r=10:d=10", USUAL, "long.mkv"), *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (whole, &bytes, &size, NULL));
  g_autofree char *cut = write_file ("cut.mkv", bytes, size / 2);
  g_autoptr (DhVideoReader) reader = open_all (cut);
  g_autoptr (GError) error = NULL;
  DhVideoMoment moment;
  DhImage *image;
  guint n = 0;
  for (; (image = dh_video_reader_next (reader, &moment, NULL, &error)); n++)
    dh_image_unref (image);
  g_assert_no_error (error);
  g_assert_cmpuint (n, >, 10);
  g_assert_cmpuint (n, <, 100);
  g_assert_nonnull (dh_video_reader_complaint (reader));
}

/* Hints are no damage, whether FFmpeg gives them for full range or for sound without a layout, and what a recording
 * says of itself is neither a hint nor a time. */
static void
test_hints (void)
{
  static const char *const options[] = { "-c:v libx264 -pix_fmt yuvj420p", "-c:v mjpeg -pix_fmt yuvj420p",
                                         "-c:v mpeg4 -metadata title=\"[Parsed_showinfo_ pts_time:77\"" };
  static const char *const names[] = { "full.mp4", "full.avi", "two\nlines.mov" };
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *path = record (PLACES, options[i], names[i]);
      g_autoptr (DhVideoReader) reader = open_all (path);
      g_autoptr (GError) error = NULL;
      DhVideoMoment moment;
      DhImage *image;
      guint n = 0;
      for (; (image = dh_video_reader_next (reader, &moment, NULL, &error)); n++)
        {
          g_assert_cmpuint (moment.number, ==, n);
          dh_image_unref (image);
        }
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, 20);
      g_assert_cmpstr (dh_video_reader_complaint (reader), ==, NULL);
    }
}

/* The frames from a moment on are those that come when all are read, with few keyframes and no index as well. */
static void
test_sought (void)
{
  static const char *const names[] = { "sought.ts", "sought.mpg", "sought.h264", "sought.mp4", "sought.avi" };
  static const char *const options[] = { USUAL " -g 200", "-c:v mpeg2video -g 200 -q:v 2", USUAL " -g 200",
                                         USUAL " -g 200", "-c:v mpeg4 -g 200 -q:v 2" };
  const DhVideoRange range = { .from = 1, .to = 2 };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = record ("testsrc2=s=64x48:r=25:d=4", options[i], names[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (DhVideoReader) all = open_all (path);
      g_autoptr (DhVideoReader) part = dh_video_reader_open (path, &range, NULL, &error);
      g_assert_no_error (error);
      DhVideoMoment moment;
      for (guint n = 0; n < 50; n++)
        {
          g_autoptr (DhImage) wanted = dh_video_reader_next (all, &moment, NULL, &error);
          g_assert_no_error (error);
          if (n < 25)
            continue;
          g_autoptr (DhImage) image = dh_video_reader_next (part, &moment, NULL, &error);
          g_assert_no_error (error);
          g_assert_cmpuint (moment.number, ==, n);
          g_assert_cmpmem (image->rgb, (gsize)3 * 64 * 48, wanted->rgb, (gsize)3 * 64 * 48);
        }
      g_assert_null (dh_video_reader_next (part, &moment, NULL, &error));
      g_assert_no_error (error);
    }
}

static void
test_size_changes (void)
{
  g_autofree char *one = record (PLACES, USUAL, "one.h264"), *bytes = NULL;
  g_autofree char *two = record ("testsrc2=s=160x120:r=10:d=1", USUAL, "two.h264"), *more = NULL;
  gsize size, more_size;
  g_assert_true (g_file_get_contents (one, &bytes, &size, NULL));
  g_assert_true (g_file_get_contents (two, &more, &more_size, NULL));
  g_autoptr (GByteArray) both = g_byte_array_new ();
  g_byte_array_append (both, (const guint8 *)bytes, (guint)size);
  g_byte_array_append (both, (const guint8 *)more, (guint)more_size);
  g_autofree char *path = write_file ("both.h264", both->data, both->len);
  g_autoptr (DhVideoReader) reader = open_all (path);
  g_autoptr (GError) error = NULL;
  DhVideoMoment moment;
  DhImage *image;
  guint n = 0;
  for (; (image = dh_video_reader_next (reader, &moment, NULL, &error)); n++)
    {
      g_assert_cmpuint (image->width, ==, WIDTH);
      g_assert_cmpuint (image->height, ==, HEIGHT);
      dh_image_unref (image);
    }
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 30);
}

/* A name is a name, and a file that names others is no recording. */
static void
test_names (void)
{
  g_autofree char *path = record (PLACES, EXACT, "named.mkv"), *bytes = NULL, *before = g_get_current_dir ();
  gsize size;
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  static const char *const names[] = { "-i", "http:a.mkv", "concat:named.mkv", "pipe:0", "a|b%03d.mkv" };
  g_assert_cmpint (g_chdir (folder), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *written = write_file (names[i], bytes, size);
      g_autoptr (DhVideoReader) reader = open_all (names[i]);
      DhVideoMoment moment;
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, NULL);
      g_assert_nonnull (image);
    }
  g_assert_cmpint (g_chdir (before), ==, 0);
  static const char list[] = "ffconcat version 1.0\nfile named.mkv\n",
                    play[] = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nnamed.mkv\n#EXT-X-ENDLIST\n";
  g_autofree char *listing = write_file ("list.mkv", list, strlen (list));
  g_autofree char *playing = write_file ("play.mp4", play, strlen (play));
  assert_fails (listing, DH_ERROR_INVALID, "list.mkv");
  assert_fails (playing, DH_ERROR_INVALID, "play.mp4");
}

static void
use_programs (const char *ffmpeg, const char *ffprobe)
{
  if (ffmpeg)
    g_setenv ("DH_FFMPEG", ffmpeg, TRUE);
  else
    g_unsetenv ("DH_FFMPEG");
  if (ffprobe)
    g_setenv ("DH_FFPROBE", ffprobe, TRUE);
  else
    g_unsetenv ("DH_FFPROBE");
}

static void
test_absent (void)
{
  g_autofree char *path = record (PLACES, EXACT, "absent.mkv");
  use_programs ("/nonexistent", NULL);
  assert_fails (path, DH_ERROR_NOT_FOUND, "install the package ffmpeg");
  use_programs (NULL, NULL);
}

/* The recording is sound; the program in FFmpeg's place is not. */
static void
test_misbehaves (void)
{
  static const struct
  {
    const char *script, *words;
    DhError code;
  } cases[] = {
    { "exec sleep 1000", "did nothing for 2 s", DH_ERROR_FAILED },
    { "exec sleep 1000 >&-", "did nothing for 2 s", DH_ERROR_FAILED },
    { "exec sleep 1000 >&- 2>&-", "failed and does not say why", DH_ERROR_INVALID },
    { "head -c 5000 /dev/zero", "frame 1 is cut", DH_ERROR_INVALID },
    { "head -c 14216 /dev/zero", "frame 2 is cut", DH_ERROR_INVALID },
    { "exit 0", "no frame in it", DH_ERROR_INVALID },
    { "echo '[error] the moon is full' >&2; exit 1", "FFmpeg says: the moon is full", DH_ERROR_INVALID },
    { "printf '\\377\\001\\376 odd' >&2; exit 1", "%FF%01%FE odd", DH_ERROR_INVALID },
    { "head -c 20000000 /dev/zero | tr '\\0' a >&2; echo >&2; echo the end >&2; exit 3", "FFmpeg says: the end",
      DH_ERROR_INVALID },
    { "kill -SEGV $$", "failed and does not say why", DH_ERROR_INVALID },
  };
  g_autofree char *path = record (PLACES, EXACT, "sound.mkv"), *probe = g_find_program_in_path ("ffprobe");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *program = write_program ("ffmpeg-stand-in", cases[i].script);
      use_programs (program, probe);
      assert_fails (path, cases[i].code, cases[i].words);
    }
  use_programs (NULL, NULL);
}

static void
test_answers (void)
{
  static const struct
  {
    const char *script, *words;
    DhError code;
  } cases[] = {
    { "echo '{\"streams\":[{\"width\":40000,\"height\":40}]}'", "over the limits", DH_ERROR_TOO_LARGE },
    { "echo '{\"streams\":[{\"width\":30000,\"height\":30000}]}'", "over the limits", DH_ERROR_TOO_LARGE },
    { "echo '{\"streams\":[{\"width\":-5,\"height\":\"x\"}]}'", "have no size", DH_ERROR_INVALID },
    { "echo '{\"streams\":[7]}'", "no moving pictures", DH_ERROR_INVALID },
    { "echo '[]'", "not understood", DH_ERROR_INVALID },
    { "echo '{'", "not understood", DH_ERROR_INVALID },
    { "head -c 100000 /dev/zero | tr '\\0' '['", "not understood", DH_ERROR_INVALID },
    { "yes", "not understood", DH_ERROR_INVALID },
  };
  g_autofree char *path = record (PLACES, EXACT, "asked.mkv");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *program = write_program ("ffprobe-stand-in", cases[i].script);
      use_programs (NULL, program);
      assert_fails (path, cases[i].code, cases[i].words);
    }
  use_programs (NULL, NULL);
}

/* Releases before 5.1 call the way in which frames are kept by another name. */
static void
test_old_program (void)
{
  g_autofree char *path = record (PLACES, EXACT, "old.mkv"), *real = g_find_program_in_path ("ffmpeg");
  g_autofree char *probe = g_find_program_in_path ("ffprobe");
  g_autofree char *script =
      g_strdup_printf ("case \"$*\" in *-fps_mode*) echo \"Unrecognized option 'fps_mode'.\" >&2\n"
                       "  echo 'Error splitting the argument list: Option not found' >&2; exit 1;; esac\n"
                       "exec '%s' \"$@\"",
                       real);
  g_autofree char *program = write_program ("ffmpeg-stand-in", script);
  use_programs (program, probe);
  g_autoptr (DhVideoReader) reader = open_all (path);
  DhVideoMoment moment;
  DhImage *image;
  guint n = 0;
  for (; (image = dh_video_reader_next (reader, &moment, NULL, NULL)); n++)
    dh_image_unref (image);
  g_assert_cmpuint (n, ==, 20);
  use_programs (NULL, NULL);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel (void)
{
  g_autofree char *path = record (PLACES, EXACT, "stopped.mkv"), *probe = g_find_program_in_path ("ffprobe");
  g_autofree char *program = write_program ("ffmpeg-stand-in", "exec sleep 1000");
  use_programs (program, probe);
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DhVideoReader *reader = open_all (path);
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  DhVideoMoment moment;
  g_assert_null (dh_video_reader_next (reader, &moment, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  dh_video_reader_free (reader);
  use_programs (NULL, NULL);
}

static guint
write_frames (const char *path, const char *name, const DhVideoFramesOptions *options, guint *kept)
{
  g_autofree char *to = in_folder (name);
  g_autoptr (GError) error = NULL;
  DhVideoFrames frames;
  g_assert_true (dh_video_write_frames (path, to, options, &frames, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (frames.damage);
  *kept = frames.kept;
  return frames.written;
}

static void
test_frames (void)
{
  g_autofree char *path = record (PLACES, EXACT, "drive.mkv"), *to = in_folder ("frames");
  const DhVideoFramesOptions options = { .range = { .every = 4, .from = 0.2 } };
  guint kept;
  g_assert_cmpuint (write_frames (path, "frames", &options, &kept), ==, 5);
  g_assert_cmpuint (kept, ==, 0);
  g_autofree char *third = g_build_filename (to, "drive_000010.png", NULL);
  g_autoptr (DhImage) image = dh_image_load (third, NULL);
  g_assert_nonnull (image);
  g_assert_cmpuint (pixel (image, 20, 10, 0), ==, 60);
  g_assert_cmpuint (pixel (image, 20, 10, 2), ==, 100);
  /* A set of one's own, of these images alone. */
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = dh_dataset_open (to, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 5);
  /* What is missing is written, and a part that a kill left goes. */
  g_autofree char *part = g_build_filename (to, "drive_000002.png.part-abcdef", NULL);
  g_assert_true (g_file_set_contents (part, "x", 1, NULL));
  g_assert_cmpint (g_remove (third), ==, 0);
  g_assert_cmpuint (write_frames (path, "frames", &options, &kept), ==, 1);
  g_assert_cmpuint (kept, ==, 4);
  g_assert_true (g_file_test (third, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (part, G_FILE_TEST_EXISTS));
  const DhVideoFramesOptions jpeg = { .jpeg = TRUE };
  g_assert_cmpuint (write_frames (path, "jpeg", &jpeg, &kept), ==, 20);
}

/* Names that disks do not take with a number behind them, and names that folders do not show. */
static void
test_frame_names (void)
{
  g_autofree char *path = record (PLACES, EXACT, "plain.mkv"), *bytes = NULL, *many = g_strnfill (240, 'a');
  gsize size;
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_autofree char *name = g_strconcat (many, ".mkv", NULL), *lengthy = write_file (name, bytes, size);
  g_autofree char *hidden = write_file (".hidden.mkv", bytes, size);
  const char *const paths[] = { lengthy, hidden };
  const DhVideoFramesOptions all = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *to = g_strdup_printf ("names-%u", i), *at = in_folder (to);
      guint kept;
      g_assert_cmpuint (write_frames (paths[i], to, &all, &kept), ==, 20);
      g_autoptr (GError) error = NULL;
      g_autoptr (DhDataset) dataset = dh_dataset_open (at, NULL, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (dh_dataset_size (dataset), ==, 20);
      g_autofree char *proposed = dh_video_dup_folder (paths[i]), *base = g_path_get_basename (proposed);
      g_assert_cmpuint (strlen (base), <, 255);
      g_assert_cmpint (*base, !=, '.');
    }
}

static void
test_other_files (void)
{
  g_autofree char *path = record (PLACES, EXACT, "drive.mkv"), *to = in_folder ("taken");
  g_autofree char *other = g_build_filename (to, "mine.txt", NULL);
  g_autoptr (GError) error = NULL;
  DhVideoFrames frames;
  g_assert_cmpint (g_mkdir (to, 0755), ==, 0);
  g_assert_true (g_file_set_contents (other, "x", 1, NULL));
  const DhVideoFramesOptions all = { 0 }, some = { .range = { .every = 10 } };
  g_assert_false (dh_video_write_frames (path, to, &all, &frames, NULL, NULL, &error));
  assert_error (&error, DH_ERROR_USAGE, "mine.txt");
  g_assert_cmpint (g_remove (other), ==, 0);
  g_assert_true (dh_video_write_frames (path, to, &some, &frames, NULL, NULL, &error));
  /* Of the same recording by other options. */
  g_assert_false (dh_video_write_frames (path, to, &all, &frames, NULL, NULL, &error));
  assert_error (&error, DH_ERROR_USAGE, "the same recording and options");
}

/* Nothing came of it: other options may use the folder. */
static void
test_no_frames (void)
{
  g_autofree char *path = record (PLACES, EXACT, "drive.mkv"), *to = in_folder ("nothing");
  const DhVideoFramesOptions none = { .range = { .from = 1.99 } }, all = { 0 };
  g_autoptr (GError) error = NULL;
  DhVideoFrames frames;
  g_assert_false (dh_video_write_frames (path, to, &none, &frames, NULL, NULL, &error));
  assert_error (&error, DH_ERROR_INVALID, "no frame in it in that time");
  g_assert_false (g_file_test (to, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_mkdir (to, 0755), ==, 0);
  g_assert_false (dh_video_write_frames (path, to, &none, &frames, NULL, NULL, &error));
  g_clear_error (&error);
  g_assert_true (dh_video_write_frames (path, to, &all, &frames, NULL, NULL, &error));
  g_assert_no_error (error);
}

static void
count_and_cancel (guint64 done, guint64 total, const char *what, gpointer cancellable)
{
  g_assert_cmpuint (total, ==, 20);
  if (done == 7)
    g_cancellable_cancel (cancellable);
}

static void
test_frames_cancelled (void)
{
  g_autofree char *path = record (PLACES, EXACT, "drive.mkv"), *to = in_folder ("stopped");
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  const DhProgress progress = { count_and_cancel, cancellable };
  const DhVideoFramesOptions all = { 0 };
  DhVideoFrames frames;
  g_assert_false (dh_video_write_frames (path, to, &all, &frames, cancellable, &progress, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (frames.written, ==, 7);
  guint kept;
  g_assert_cmpuint (write_frames (path, "stopped", &all, &kept), ==, 13);
  g_assert_cmpuint (kept, ==, 7);
}

/* A pipe or a device stays what it is. */
static void
test_no_file (void)
{
  g_autofree char *path = in_folder ("pipe.mp4");
  g_autoptr (GError) error = NULL;
  GStatBuf about;
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_null (dh_video_writer_open (path, 64, 48, 10, 0, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "no regular file"));
  g_assert_cmpint (g_stat (path, &about), ==, 0);
  g_assert_true (S_ISFIFO (about.st_mode));
}

/* What is written comes back as it was, with a row and a column more where sides are odd. */
static void
test_written (void)
{
  g_autofree char *path = in_folder ("written.mp4");
  g_autoptr (GError) error = NULL;
  g_autoptr (DhVideoWriter) writer = dh_video_writer_open (path, 63, 47, 12.5, 0, &error);
  g_assert_no_error (error);
  for (guint n = 0; n < 9; n++)
    {
      g_autoptr (DhImage) image = dh_image_new (63, 47);
      for (gsize i = 0; i < (gsize)63 * 47; i++)
        memcpy (image->rgb + 3 * i, (guint8[]){ (guint8)(20 * n + 30), 90, (guint8)(200 - 10 * n) }, 3);
      g_assert_true (dh_video_writer_add (writer, image, NULL, &error));
    }
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (dh_video_writer_close (writer, NULL, &error));
  g_assert_no_error (error);
  g_autoptr (DhVideoReader) reader = open_all (path);
  const DhVideoInfo *info = dh_video_reader_info (reader);
  g_assert_cmpuint (info->width, ==, 64);
  g_assert_cmpuint (info->height, ==, 48);
  g_assert_cmpfloat (info->rate, ==, 12.5);
  g_assert_cmpstr (info->codec, ==, "h264");
  DhVideoMoment moment;
  for (guint n = 0; n < 9; n++)
    {
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (ABS ((gint)pixel (image, 20, 20, 0) - (gint)(20 * n + 30)), <=, 8);
      g_assert_cmpint (ABS ((gint)pixel (image, 20, 20, 1) - 90), <=, 8);
      g_assert_cmpint (ABS ((gint)pixel (image, 20, 20, 2) - (gint)(200 - 10 * n)), <=, 8);
    }
  g_assert_null (dh_video_reader_next (reader, &moment, NULL, &error));
  g_assert_no_error (error);
}

/* A long video takes its time at the end: who still writes is not ended. */
static void
test_slow_end (void)
{
  g_autofree char *path = in_folder ("slow.mp4");
  g_autofree char *program =
      write_program ("ffmpeg-stand-in", "for last; do :; done; cat >/dev/null\n"
                                        "for n in $(seq 45); do sleep 0.1; echo $n >>\"${last#file:}\"; done");
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImage) image = dh_image_new (64, 48);
  memset (image->rgb, 0, (gsize)3 * 64 * 48);
  use_programs (program, NULL);
  g_autoptr (DhVideoWriter) writer = dh_video_writer_open (path, 64, 48, 10, 3, &error);
  g_assert_no_error (error);
  g_assert_true (dh_video_writer_add (writer, image, NULL, &error));
  g_assert_true (dh_video_writer_close (writer, NULL, &error));
  g_assert_no_error (error);
  use_programs (NULL, NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static guint
count_names (const char *start)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;
  while ((name = g_dir_read_name (dir)))
    n += g_str_has_prefix (name, start);
  return n;
}

/* Whatever goes wrong, what lay there lies there, and nothing beside it. */
static void
test_not_written (void)
{
  static const struct
  {
    const char *script, *words;
    DhError code;
  } cases[] = {
    { "exec sleep 1000", "did nothing for 2 s", DH_ERROR_FAILED },
    { "head -c 100 >/dev/null; echo 'No space left on device' >&2; exit 1", "No space left", DH_ERROR_INVALID },
    { "cat >/dev/null; exit 3", "does not say why", DH_ERROR_INVALID },
    { "cat >/dev/null", "wrote nothing", DH_ERROR_IO },
    { "cat >/dev/null; echo '[error] Error writing trailer: File too large' >&2", "File too large", DH_ERROR_IO },
    { "exit 0", "does not say why", DH_ERROR_IO },
  };
  g_autofree char *path = write_file ("kept.mp4", "before", 6), *text = NULL;
  g_autoptr (DhImage) image = dh_image_new (1000, 700);
  memset (image->rgb, 0, (gsize)3 * 1000 * 700);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *program = write_program ("ffmpeg-stand-in", cases[i].script);
      use_programs (program, NULL);
      g_autoptr (DhVideoWriter) writer = dh_video_writer_open (path, 1000, 700, 10, 2, &error);
      g_assert_no_error (error);
      if (dh_video_writer_add (writer, image, NULL, &error) && dh_video_writer_add (writer, image, NULL, &error))
        g_assert_false (dh_video_writer_close (writer, NULL, &error));
      assert_error (&error, cases[i].code, cases[i].words);
    }
  use_programs (NULL, NULL);
  g_assert_cmpuint (count_names ("kept.mp4"), ==, 1);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "before");
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *within = g_build_filename (path, name, NULL);
      if (g_remove (within) != 0)
        remove_folder (within);
    }
  g_rmdir (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("dh-video-XXXXXX", NULL);
  use_programs (NULL, NULL);
  g_test_add_func ("/video/exact", test_exact);
  g_test_add_func ("/video/hours", test_hours);
  g_test_add_func ("/video/colours", test_colours);
  g_test_add_func ("/video/rotation", test_rotation);
  g_test_add_func ("/video/pixel-aspect", test_pixel_aspect);
  g_test_add_func ("/video/times", test_times);
  g_test_add_func ("/video/fine-times", test_fine_times);
  g_test_add_func ("/video/range", test_range);
  g_test_add_func ("/video/text", test_text);
  g_test_add_func ("/video/is", test_is);
  g_test_add_func ("/video/broken", test_broken);
  g_test_add_func ("/video/ends-early", test_ends_early);
  g_test_add_func ("/video/hints", test_hints);
  g_test_add_func ("/video/sought", test_sought);
  g_test_add_func ("/video/size-changes", test_size_changes);
  g_test_add_func ("/video/names", test_names);
  g_test_add_func ("/video/absent", test_absent);
  g_test_add_func ("/video/misbehaves", test_misbehaves);
  g_test_add_func ("/video/answers", test_answers);
  g_test_add_func ("/video/old-program", test_old_program);
  g_test_add_func ("/video/cancel", test_cancel);
  g_test_add_func ("/video/frames", test_frames);
  g_test_add_func ("/video/frame-names", test_frame_names);
  g_test_add_func ("/video/other-files", test_other_files);
  g_test_add_func ("/video/no-frames", test_no_frames);
  g_test_add_func ("/video/frames-cancelled", test_frames_cancelled);
  g_test_add_func ("/video/no-file", test_no_file);
  g_test_add_func ("/video/written", test_written);
  g_test_add_func ("/video/slow-end", test_slow_end);
  g_test_add_func ("/video/not-written", test_not_written);
  const int status = g_test_run ();
  remove_folder (folder);
  g_free (folder);
  return status;
}
