#include "dh-video-frames.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-file-part.h"
#include "dh-file.h"
#include "dh-groups.h"
#include "dh-text.h"

/* Of frames that wait to be written. */
#define MOST_BYTES (512 * 1024 * 1024)

/* Bytes; file systems take names of 255. */
#define LONGEST_STEM 200

/* Frames on their way to the disk. */
/* Bytes; ours are far less. */
#define MOST_OF_RECORD (1 << 20)

typedef struct
{
  const char *folder;
  char *stem;
  gboolean jpeg;
  GThreadPool *pool;
  GMutex mutex;
  GCond changed;
  guint under_way, most;
  guint written; /* whole */
  GError *error; /* the first */
} Writing;

typedef struct
{
  char *path;
  DhImage *image;
} Frame;

/* Of names that a set shows and that a disk takes: not hidden, and with room for number, ending and part. */
static char *
dup_stem (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  char *point = strrchr (name, '.');
  if (point && point != name)
    *point = '\0';
  const char *stem = name + strspn (name, ".");
  const char *end;
  if (!g_utf8_validate (stem, -1, NULL) || !*stem)
    return g_strdup ("frame");
  g_utf8_validate (stem, (gssize)MIN (strlen (stem), LONGEST_STEM), &end);
  return g_strndup (stem, (gsize)(end - stem));
}

char *
dh_video_dup_folder (const char *path)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *stem = dup_stem (absolute), *name = g_strconcat (stem, "-frames", NULL);
  g_autofree char *beside = g_path_get_dirname (absolute);
  if (access (beside, W_OK) == 0)
    return g_build_filename (beside, name, NULL);
  const char *pictures = g_get_user_special_dir (G_USER_DIRECTORY_PICTURES);
  return g_build_filename (pictures ? pictures : g_get_home_dir (), name, NULL);
}

double
dh_video_folder_rate (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, DH_VIDEO_RECORD, NULL);
  g_autoptr (GBytes) bytes = dh_file_read (path, MOST_OF_RECORD, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  gsize size = 0;
  const char *text = bytes ? g_bytes_get_data (bytes, &size) : NULL;
  if (!text || !json_parser_load_from_data (parser, text, (gssize)size, NULL))
    return 0;
  JsonNode *root = json_parser_get_root (parser);
  JsonObject *record = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  JsonNode *rate = record ? json_object_get_member (record, "rate") : NULL;
  const double value = rate && JSON_NODE_HOLDS_VALUE (rate) ? json_node_get_double (rate) : 0;
  return isfinite (value) && value > 0 ? value : 0;
}

double
dh_video_frame_time (const char *name, double rate)
{
  const char *mark = strrchr (name, '_');
  const gsize n = mark ? strspn (mark + 1, "0123456789") : 0;
  return rate > 0 && n >= 6 && n <= 15 && mark[1 + n] == '\0' ? g_ascii_strtod (mark + 1, NULL) / rate : NAN;
}

guint64
dh_video_estimate_bytes (const DhVideoInfo *info, guint64 frames, gboolean jpeg)
{
  const guint64 pixels = (guint64)info->width * info->height;
  return (guint64)((double)frames * pixels * (jpeg ? 0.5 : 1.4));
}

/* Whether a file is a frame of these, of any number. */
static gboolean
is_frame (const char *name, gpointer data)
{
  const Writing *writing = data;
  const gsize stem = strlen (writing->stem);
  if (!g_str_has_prefix (name, writing->stem) || name[stem] != '_')
    return FALSE;
  const char *digits = name + stem + 1;
  const gsize n = strspn (digits, "0123456789");
  return n >= 6 && g_str_equal (digits + n, writing->jpeg ? ".jpg" : ".png");
}

static gboolean
is_ours (const char *name, gpointer data)
{
  return g_str_equal (name, DH_VIDEO_RECORD) || is_frame (name, data);
}

/* What the frames are of; the same text for the same frames. */
static char *
make_record (const char *path, const DhVideoFramesOptions *options, const DhVideoInfo *info)
{
  struct stat about = { 0 };
  g_autofree char *name = g_path_get_basename (path), *text = dh_text_escape (name, TRUE);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  const gint64 sizes[] = { stat (path, &about) == 0 ? (gint64)about.st_size : 0, info->width, info->height,
                           MAX (options->range.every, 1) };
  const char *const size_names[] = { "bytes", "width", "height", "every" };
  const double times[] = { info->rate, options->range.from, options->range.to };
  const char *const time_names[] = { "rate", "from", "to" };
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "recording");
  json_builder_add_string_value (builder, text);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      json_builder_set_member_name (builder, size_names[i]);
      json_builder_add_int_value (builder, sizes[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      json_builder_set_member_name (builder, time_names[i]);
      json_builder_add_double_value (builder, times[i]);
    }
  json_builder_set_member_name (builder, "format");
  json_builder_add_string_value (builder, options->jpeg ? "jpeg" : "png");
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  g_autofree char *whole = dh_text_mend_json (json_generator_to_data (generator, NULL));
  return g_strconcat (whole, "\n", NULL);
}

/* Empty, or begun by the same call. */
static gboolean
check_folder (Writing *writing, const char *record, GError **error)
{
  g_autofree char *path = g_build_filename (writing->folder, DH_VIDEO_RECORD, NULL);
  g_autoptr (GBytes) lies_there = dh_file_read (path, 64 * 1024, NULL);
  gsize size = 0;
  const char *text = lies_there ? g_bytes_get_data (lies_there, &size) : "";
  const gboolean same = size == strlen (record) && memcmp (text, record, size) == 0;
  dh_file_remove_parts (writing->folder, FALSE, is_ours, writing);
  g_autoptr (GDir) dir = g_dir_open (writing->folder, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      /* Another process may write the same here: its parts are locked and stay. */
      g_autofree char *whole = dh_file_part_of (name);
      if (same && is_ours (whole ? whole : name, writing))
        continue;
      g_set_error (
          error, DH_ERROR, DH_ERROR_USAGE,
          "%s holds other files already, %s among them: frames go to a folder that is new, empty, or was begun "
          "by the same recording and options",
          writing->folder, name);
      return FALSE;
    }
  return same || dh_file_write (path, record, strlen (record), error);
}

static gboolean
write_frame (const Frame *frame, gboolean jpeg, GError **error)
{
  const DhImage *image = frame->image;
  if (!jpeg)
    return dh_image_write_png (frame->path, image->width, image->height, 3, image->rgb, error);
  gsize size;
  g_autoptr (GBytes) bytes =
      dh_image_encode_jpeg (image->width, image->height, image->rgb, DH_VIDEO_JPEG_QUALITY, error);
  const void *data = bytes ? g_bytes_get_data (bytes, &size) : NULL;
  return bytes && dh_file_write (frame->path, data, size, error);
}

/* A thread of the pool. */
static void
write_in_pool (gpointer item, gpointer data)
{
  Frame *frame = item;
  Writing *writing = data;
  GError *error = NULL;
  g_mutex_lock (&writing->mutex);
  const gboolean failed = writing->error != NULL;
  g_mutex_unlock (&writing->mutex);
  const gboolean written = !failed && write_frame (frame, writing->jpeg, &error);
  dh_image_unref (frame->image);
  g_free (frame->path);
  g_free (frame);
  g_mutex_lock (&writing->mutex);
  writing->written += written;
  writing->under_way--;
  if (error && !writing->error)
    writing->error = g_steal_pointer (&error);
  g_cond_signal (&writing->changed);
  g_mutex_unlock (&writing->mutex);
  g_clear_error (&error);
}

/* Takes the image. FALSE where one could not be written. */
static gboolean
pass_on (Writing *writing, char *path, DhImage *image)
{
  Frame *frame = g_new (Frame, 1);
  *frame = (Frame){ path, image };
  g_mutex_lock (&writing->mutex);
  while (writing->under_way >= writing->most)
    g_cond_wait (&writing->changed, &writing->mutex);
  writing->under_way++;
  const gboolean well = writing->error == NULL;
  g_mutex_unlock (&writing->mutex);
  g_thread_pool_push (writing->pool, frame, NULL);
  return well;
}

/* Reads all; FALSE without an error where one could not be written. */
static gboolean
read_all (Writing *writing, DhVideoReader *reader, const DhVideoRange *range, DhVideoFrames *frames,
          GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  const guint64 total = dh_video_count (dh_video_reader_info (reader), range);
  DhVideoMoment moment;
  DhImage *image;
  GError *why = NULL;
  guint64 done = 0;
  while ((image = dh_video_reader_next (reader, &moment, cancellable, &why)))
    {
      g_autofree char *name = g_strdup_printf ("%s_%06" G_GUINT64_FORMAT ".%s", writing->stem, moment.number,
                                               writing->jpeg ? "jpg" : "png");
      char *path = g_build_filename (writing->folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_EXISTS))
        {
          frames->kept++;
          dh_image_unref (image);
          g_free (path);
        }
      else if (!pass_on (writing, path, image))
        return FALSE;
      done++;
      dh_progress_report (progress, done, total > 0 ? MAX (total, done) : 0, name);
    }
  if (why)
    g_propagate_error (error, why);
  return why == NULL;
}

static gboolean
write_all (Writing *writing, DhVideoReader *reader, const DhVideoRange *range, DhVideoFrames *frames,
           GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  const DhVideoInfo *info = dh_video_reader_info (reader);
  const guint threads = dh_groups_processors ();
  g_mutex_init (&writing->mutex);
  g_cond_init (&writing->changed);
  writing->most = CLAMP (MOST_BYTES / ((guint64)3 * info->width * info->height), 1, threads + 2);
  writing->pool = g_thread_pool_new (write_in_pool, writing, (gint)threads, FALSE, NULL);
  GError *why = NULL;
  read_all (writing, reader, range, frames, cancellable, progress, &why);
  g_thread_pool_free (writing->pool, FALSE, TRUE);
  /* What stands on the disk is worse than what a decoder says. */
  if (writing->error)
    {
      g_clear_error (&why);
      why = writing->error;
    }
  frames->written = writing->written;
  g_mutex_clear (&writing->mutex);
  g_cond_clear (&writing->changed);
  if (!why)
    frames->damage = g_strdup (dh_video_reader_complaint (reader));
  if (why)
    g_propagate_error (error, why);
  return why == NULL;
}

gboolean
dh_video_write_frames (const char *path, const char *folder, const DhVideoFramesOptions *options, DhVideoFrames *frames,
                       GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  g_autofree char *stem = dup_stem (path);
  Writing writing = { .folder = folder, .stem = stem, .jpeg = options->jpeg };
  *frames = (DhVideoFrames){ 0 };
  g_autoptr (DhVideoReader) reader = dh_video_reader_open (path, &options->range, cancellable, error);
  if (!reader)
    return FALSE;
  g_autofree char *record = make_record (path, options, dh_video_reader_info (reader));
  const gboolean was_there = g_file_test (folder, G_FILE_TEST_EXISTS);
  if (!dh_folder_make (folder, error) || !check_folder (&writing, record, error))
    return FALSE;
  const gboolean done = write_all (&writing, reader, &options->range, frames, cancellable, progress, error);
  /* A folder without any frame is anybody's. */
  if (!done && frames->written + frames->kept == 0)
    {
      g_autofree char *lies_there = g_build_filename (folder, DH_VIDEO_RECORD, NULL);
      unlink (lies_there);
      if (!was_there)
        rmdir (folder);
    }
  return done;
}
