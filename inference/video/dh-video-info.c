#include "dh-video-info.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-image.h"
#include "dh-text.h"
#include "dh-video-child-private.h"
#include "dh-video-private.h"

#define LARGEST_ANSWER (64 * 1024)
#define HD_HEIGHT 720
#define MOST_ASPECT 4.0 /* of a pixel, either way */

gboolean
dh_video_is (const char *path)
{
  static const char *const endings[] = { "mp4", "m4v", "mov",  "mkv",  "webm", "avi", "mpg", "mpeg",
                                         "ts",  "mts", "m2ts", "wmv",  "asf",  "flv", "ogv", "mxf",
                                         "3gp", "nut", "h264", "h265", "hevc", "264", "265", NULL };
  g_autofree char *lower = g_ascii_strdown (path, -1);
  const char *point = strrchr (lower, '.');
  if (point && g_strv_contains (endings, point + 1))
    return TRUE;
  guint64 size;
  gsize n;
  g_autoptr (GBytes) bytes = dh_file_read_head (path, 12, &size, NULL);
  const guint8 *head = bytes ? g_bytes_get_data (bytes, &n) : NULL;
  if (!head || n < 12)
    return FALSE;
  /* Photographs (HEIF, AVIF) are files of the same kind, of other brands. */
  static const char *const brands[] = { "isom", "iso2", "iso4", "iso5", "iso6", "mp41",
                                        "mp42", "avc1", "qt  ", "M4V ", "dash", NULL };
  char brand[5] = "";
  memcpy (brand, head + 8, 4);
  return (memcmp (head + 4, "ftyp", 4) == 0 && g_strv_contains (brands, brand))
         || memcmp (head, "\x1a\x45\xdf\xa3", 4) == 0
         || (memcmp (head, "RIFF", 4) == 0 && memcmp (head + 8, "AVI ", 4) == 0);
}

void
dh_video_add_input (GPtrArray *words, const char *path)
{
  static const char *const limits[] = {
    "-protocol_whitelist",
    "file",
    "-format_whitelist",
    "mov,matroska,avi,mpeg,mpegts,mpegvideo,h264,hevc,m4v,asf,flv,ogg,mxf,nut,ivf",
    "-max_pixels",
    "200000000",
    "-i",
  };
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    g_ptr_array_add (words, g_strdup (limits[i]));
  g_ptr_array_add (words, g_strconcat ("file:", absolute, NULL));
}

gboolean
dh_video_check_file (const char *path, GError **error)
{
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: there is no such file", path);
  else if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s is no file, so it is no recording", path);
  else
    return TRUE;
  return FALSE;
}

static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonObject *
get_element (JsonObject *object, const char *name, guint i)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonNode *element = array && i < json_array_get_length (array) ? json_array_get_element (array, i) : NULL;
  return element && JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;
}

/* Of a number, or a text that is one, or "30000/1001"; 0 where it is none, or not above. */
static double
get_number (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  if (!node || !JSON_NODE_HOLDS_VALUE (node))
    return 0;
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return json_node_get_double (node);
  char *end;
  const double number = g_ascii_strtod (json_node_get_string (node), &end);
  const double below = *end == '/' ? g_ascii_strtod (end + 1, NULL) : 1;
  return isfinite (number / below) ? number / below : 0;
}

static const char *
get_text (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  const gboolean text = node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
  return text ? json_node_get_string (node) : "";
}

/* Degrees; what a phone's recording has beside its pictures. */
static double
get_rotation (JsonObject *stream)
{
  JsonObject *data;
  for (guint i = 0; (data = get_element (stream, "side_data_list", i)); i++)
    if (json_object_has_member (data, "rotation"))
      return get_number (data, "rotation");
  return get_number (get_object (stream, "tags"), "rotate");
}

/* How much wider than high a pixel is: "64:45" on old tapes and discs. 1 where that is not said, or cannot be. */
static double
get_pixel_aspect (JsonObject *stream)
{
  char *end;
  const double across = g_ascii_strtod (get_text (stream, "sample_aspect_ratio"), &end);
  const double down = *end == ':' ? g_ascii_strtod (end + 1, NULL) : 0;
  const double aspect = across > 0 && down > 0 ? across / down : 1;
  return aspect >= 1 / MOST_ASPECT && aspect <= MOST_ASPECT ? aspect : 1;
}

/* Where FFmpeg looks for a moment of these it comes out seconds behind it, or nowhere. */
static gboolean
is_streamed (const char *format)
{
  static const char *const formats[] = { "mpegts", "mpeg", "mpegvideo", "h264", "hevc", "m4v", NULL };
  return g_strv_contains (formats, format);
}

static gboolean
take_answer (JsonObject *root, const char *path, DhVideoInfo *info, GError **error)
{
  JsonObject *stream = get_element (root, "streams", 0);
  if (!stream)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: there are no moving pictures in it", path);
      return FALSE;
    }
  const double stored = get_number (stream, "width"), height = get_number (stream, "height");
  const double width = MAX (round (stored * get_pixel_aspect (stream)), MIN (stored, 1));
  if (!(width >= 1 && height >= 1))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: its pictures have no size: it is broken", path);
      return FALSE;
    }
  if (width > DH_IMAGE_MAX_SIDE || height > DH_IMAGE_MAX_SIDE || width * height > DH_IMAGE_MAX_PIXELS)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "%s: its pictures are %.0f×%.0f: over the limits", path, width,
                   height);
      return FALSE;
    }
  const double aside = fmod (fabs (get_rotation (stream)), 180);
  const gboolean turned = aside > 45 && aside < 135;
  info->width = (guint)(turned ? height : width);
  info->height = (guint)(turned ? width : height);
  info->rate = get_number (stream, "avg_frame_rate");
  if (!(info->rate > 0))
    info->rate = get_number (stream, "r_frame_rate");
  info->rate = info->rate > 0 && info->rate <= 100000 ? info->rate : 0;
  info->duration = get_number (stream, "duration");
  if (!(info->duration > 0))
    info->duration = get_number (get_object (root, "format"), "duration");
  info->duration = MAX (info->duration, 0);
  info->streamed = is_streamed (get_text (get_object (root, "format"), "format_name"));
  const char *matrix = get_text (stream, "color_space");
  info->hd_colours = MIN (stored, height) >= HD_HEIGHT && g_str_has_prefix (get_text (stream, "pix_fmt"), "yuv")
                     && (!*matrix || g_str_equal (matrix, "unknown"));
  g_strlcpy (info->codec, get_text (stream, "codec_name"), sizeof info->codec);
  return TRUE;
}

gboolean
dh_video_probe (const char *path, DhVideoInfo *info, GCancellable *cancellable, GError **error)
{
  static const char *const asks[] = {
    "-hide_banner",
    "-loglevel",
    "level+error",
    "-print_format",
    "json",
    "-select_streams",
    "V:0",
    "-show_entries",
    "stream=codec_name,width,height,sample_aspect_ratio,avg_frame_rate,r_frame_rate,duration,color_space,pix_fmt"
    ":stream_side_data=rotation:stream_tags=rotate:format=duration,format_name",
  };
  *info = (DhVideoInfo){ 0 };
  g_autofree char *program = NULL;
  if (!dh_video_check_file (path, error) || !(program = dh_video_find_program ("ffprobe", error)))
    return FALSE;
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (words, g_steal_pointer (&program));
  for (guint i = 0; i < G_N_ELEMENTS (asks); i++)
    g_ptr_array_add (words, g_strdup (asks[i]));
  dh_video_add_input (words, path);
  g_ptr_array_add (words, NULL);
  g_autofree char *answer = g_malloc (LARGEST_ANSWER);
  gsize got;
  g_autoptr (DhVideoChild) child =
      dh_video_child_new ((const char *const *)words->pdata, FALSE, path, 0, NULL, NULL, error);
  if (!child || !dh_video_child_read (child, answer, LARGEST_ANSWER, &got, cancellable, error)
      || (got < LARGEST_ANSWER && !dh_video_child_end (child, cancellable, error)))
    return FALSE;
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root = NULL;
  if (got < LARGEST_ANSWER && g_utf8_validate_len (answer, got, NULL) && dh_text_is_shallow_json (answer, got, 16)
      && json_parser_load_from_data (parser, answer, (gssize)got, NULL))
    root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: what ffprobe says of it is not understood", path);
      return FALSE;
    }
  return take_answer (json_node_get_object (root), path, info, error);
}

guint64
dh_video_count (const DhVideoInfo *info, const DhVideoRange *range)
{
  const double end =
      range->to > 0 && info->duration > 0 ? MIN (range->to, info->duration) : MAX (range->to, info->duration);
  const double frames = (end - range->from) * info->rate / MAX (range->every, 1);
  return frames > 0 && frames < 1e15 ? (guint64)ceil (frames - 1e-6) : 0;
}

gboolean
dh_video_parse_time (const char *text, double *seconds)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 4);
  const guint n = g_strv_length (parts);
  double sum = 0;
  for (guint i = 0; i < n; i++)
    {
      const gsize length = strlen (parts[i]);
      const char *known = i + 1 == n ? "0123456789." : "0123456789";
      char *end;
      const double value = g_ascii_strtod (parts[i], &end);
      if (length == 0 || length > 12 || strspn (parts[i], known) != length || *end || (i > 0 && value >= 60))
        return FALSE;
      sum = 60 * sum + value;
    }
  *seconds = sum;
  return n >= 1 && n <= 3;
}

char *
dh_video_format_time (double seconds)
{
  const guint64 hundredths = (guint64)(MAX (seconds, 0) * 100 + 0.5);
  const guint64 whole = hundredths / 100, hours = whole / 3600;
  const guint minutes = whole / 60 % 60, rest = whole % 60, part = hundredths % 100;
  return hours > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT ":%02u:%02u.%02u", hours, minutes, rest, part)
                   : g_strdup_printf ("%u:%02u.%02u", minutes, rest, part);
}
