#include "dh-region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-image-private.h"

#define N_SIDES 4
#define MASK "mask:"
#define HASH_DIGITS 64
#define ID_DIGITS 16
#define TITLE_DIGITS 8
#define MOST_BYTES (G_GUINT64_CONSTANT (1) << 30)

enum
{
  TOP,
  BOTTOM,
  LEFT,
  RIGHT,
};

static const char *const sides[N_SIDES] = { "top", "bottom", "left", "right" };

struct _DhRegion
{
  gatomicrefcount refs;
  guint shares[N_SIDES]; /* thousandths */
  DhLabels *mask;        /* or NULL */
  char *id, *text, *name;
};

static gboolean
is_mask_text (const char *text)
{
  const char *digits = text + strlen (MASK);
  return g_str_has_prefix (text, MASK) && strspn (digits, "0123456789abcdef") == HASH_DIGITS
         && digits[HASH_DIGITS] == ':';
}

static gint
find_side (const char *text)
{
  for (gint side = 0; side < N_SIDES; side++)
    if (g_str_has_prefix (text, sides[side]) && text[strlen (sides[side])] == ':')
      return side;
  return -1;
}

/* "12%", "5.5%", in thousandths; 0: is none. */
static guint
parse_share (const char *text)
{
  const gsize whole = strspn (text, "0123456789");
  const char *behind = text + whole;
  guint tenth = 0;
  if (whole == 0 || whole > 2)
    return 0;
  if (behind[0] == '.' && g_ascii_isdigit (behind[1]))
    {
      tenth = (guint)(behind[1] - '0');
      behind += 2;
    }
  return g_str_equal (behind, "%") ? 10 * (guint)atoi (text) + tenth : 0;
}

/* Whose first word begins with a side; `why` (may be NULL) is what is wrong. */
static gboolean
parse_shares (const char *text, guint shares[N_SIDES], char **why)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  memset (shares, 0, N_SIDES * sizeof *shares);
  for (guint i = 0; words[i]; i++)
    {
      const gint side = find_side (words[i]);
      const guint share = side >= 0 ? parse_share (words[i] + strlen (sides[side]) + 1) : 0;
      g_autofree char *wrong =
          side < 0     ? g_strdup_printf ("\"%s\" begins with none of top:, bottom:, left:, right:", words[i])
          : share == 0 ? g_strdup_printf ("\"%s\" is no share of the image: write %s:12%%, of 0.1 to 99.9", words[i],
                                          sides[side])
          : shares[side] > 0 ? g_strdup_printf ("%s stands there twice", sides[side])
                             : NULL;
      if (wrong && why)
        *why = g_steal_pointer (&wrong);
      if (side < 0 || share == 0 || shares[side] > 0)
        return FALSE;
      shares[side] = share;
    }
  if (shares[TOP] + shares[BOTTOM] < 1000 && shares[LEFT] + shares[RIGHT] < 1000)
    return TRUE;
  if (why)
    *why = g_strdup ("nothing of the images is left to be measured");
  return FALSE;
}

static char *
print_shares (const guint shares[N_SIDES])
{
  GString *text = g_string_new (NULL);
  for (guint side = 0; side < N_SIDES; side++)
    {
      if (shares[side] == 0)
        continue;
      g_string_append_printf (text, "%s%s:%u", text->len ? "," : "", sides[side], shares[side] / 10);
      if (shares[side] % 10)
        g_string_append_printf (text, ".%u", shares[side] % 10);
      g_string_append_c (text, '%');
    }
  return g_string_free (text, FALSE);
}

/* Black: of a palette what is seen, not its index. */
static gint
is_not_black (DhPixelValue value, gpointer data)
{
  return value.colour != 0;
}

/* Where a lossy file has greys around what was black and white. */
static gint
is_bright (DhPixelValue value, gpointer data)
{
  return (value.colour & 0x808080) != 0;
}

static gboolean
is_lossy (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  const DhImageSource source = { .data = data, .size = size };
  return dh_jpeg_is (&source) || dh_webp_is (&source);
}

static gboolean
check_mask (const DhLabels *mask, gboolean lossy, const char *name, GError **error)
{
  const gsize n = (gsize)mask->width * mask->height;
  if (memchr (mask->ids, 0, n) && memchr (mask->ids, 1, n))
    return TRUE;
  const char *black = lossy ? "darker than half of white" : "0 (black)";
  if (mask->ids[0])
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                 "%s: no pixel of this mask is %s, so that nothing is left to be measured", name, black);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                 "%s: all pixels of this mask are %s, so that it leaves out nothing: what is not measured is white, or "
                 "of any other value",
                 name, black);
  return FALSE;
}

/* As it is seen. */
static DhLabels *
load_upright (const char *path, gboolean lossy, GError **error)
{
  g_autoptr (DhLabels) stored = dh_labels_load_as (path, lossy ? is_bright : is_not_black, NULL, error);
  DhLabels *mask = stored ? dh_labels_turn (stored, dh_image_orientation (path)) : NULL;
  if (stored && !mask)
    {
      g_autofree char *name = g_filename_display_name (path);
      dh_image_set_no_memory (name, stored->width, stored->height, error);
    }
  return mask;
}

static gboolean
read_mask (DhRegion *region, const char *path, const char *known, GError **error)
{
  region->name = g_filename_display_name (path);
  g_autoptr (GBytes) bytes = dh_file_read (path, MOST_BYTES, error);
  if (!bytes)
    {
      g_prefix_error_literal (error, known ? "the mask of what is not measured: "
                                           : "what is not measured is a share such as bottom:12%, or a mask: ");
      return FALSE;
    }
  g_autofree char *hash = dh_sha256 (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (known && !g_str_equal (known, hash))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s: this mask of what is not measured has been changed: its SHA-256 is %.*s…, and was %.*s…. Bring "
                   "the old one back, or name the new one as a region of its own",
                   region->name, TITLE_DIGITS, hash, TITLE_DIGITS, known);
      return FALSE;
    }
  const gboolean lossy = is_lossy (bytes);
  if (!(region->mask = load_upright (path, lossy, error)) || !check_mask (region->mask, lossy, region->name, error))
    return FALSE;
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *escaped = g_uri_escape_string (absolute, "/", FALSE);
  region->text = g_strconcat (MASK, hash, ":", escaped, NULL);
  region->id = g_strdup_printf (MASK "%.*s", ID_DIGITS, hash);
  return TRUE;
}

DhRegion *
dh_region_new (const char *text, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);

  g_autoptr (DhRegion) region = g_new0 (DhRegion, 1);
  g_autofree char *why = NULL;
  g_atomic_ref_count_init (&region->refs);
  if (is_mask_text (text))
    {
      g_autofree char *path = dh_region_text_dup_path (text), *known = g_strndup (text + strlen (MASK), HASH_DIGITS);
      return path && read_mask (region, path, known, error) ? g_steal_pointer (&region) : NULL;
    }
  if (find_side (text) < 0)
    return read_mask (region, text, NULL, error) ? g_steal_pointer (&region) : NULL;
  if (!parse_shares (text, region->shares, &why))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "what is not measured, \"%s\": %s", text, why);
      return NULL;
    }
  region->id = print_shares (region->shares);
  region->text = g_strdup (region->id);
  return g_steal_pointer (&region);
}

DhRegion *
dh_region_ref (DhRegion *region)
{
  g_atomic_ref_count_inc (&region->refs);
  return region;
}

void
dh_region_unref (DhRegion *region)
{
  if (!region || !g_atomic_ref_count_dec (&region->refs))
    return;
  dh_labels_unref (region->mask);
  g_free (region->id);
  g_free (region->text);
  g_free (region->name);
  g_free (region);
}

const char *
dh_region_id (const DhRegion *region)
{
  return region->id;
}

const char *
dh_region_text (const DhRegion *region)
{
  return region->text;
}

gboolean
dh_region_is (const DhRegion *region, const char *text)
{
  if (!region || !text)
    return !region && !text;
  const gsize known = is_mask_text (text) ? strlen (MASK) + HASH_DIGITS + 1 : strlen (text) + 1;
  return strncmp (region->text, text, known) == 0;
}

char *
dh_region_id_dup_title (const char *id)
{
  guint shares[N_SIDES];
  if (!parse_shares (id, shares, NULL))
    return g_strdup_printf ("mask %.*s", TITLE_DIGITS, g_str_has_prefix (id, MASK) ? id + strlen (MASK) : id);
  g_auto (GStrv) words = g_strsplit (id, ",", -1);
  g_autoptr (GString) title = g_string_new (NULL);
  for (guint i = 0; words[i]; i++)
    g_string_append_printf (title, "%s%s", i > 0 ? ", " : "", words[i]);
  g_string_replace (title, ":", " ", 0);
  g_string_replace (title, "%", " %", 0);
  return g_strdup (title->str);
}

char *
dh_region_text_dup_path (const char *text)
{
  if (is_mask_text (text))
    return g_uri_unescape_string (text + strlen (MASK) + HASH_DIGITS + 1, NULL);
  return find_side (text) < 0 ? g_strdup (text) : NULL;
}

char *
dh_region_text_dup_plain (const char *text)
{
  char *path = dh_region_text_dup_path (text);
  return path ? path : g_strdup (text);
}

gboolean
dh_region_text_get_shares (const char *text, double shares[N_SIDES])
{
  guint thousandths[N_SIDES];
  const gboolean are_shares = text && parse_shares (text, thousandths, NULL);
  for (guint side = 0; side < N_SIDES; side++)
    shares[side] = are_shares ? thousandths[side] / 10.0 : 0;
  return are_shares;
}

char *
dh_region_shares_to_text (const double shares[N_SIDES])
{
  guint thousandths[N_SIDES], any = 0;
  for (guint side = 0; side < N_SIDES; side++)
    any |= thousandths[side] = (guint)lround (10 * shares[side]);
  return any ? print_shares (thousandths) : NULL;
}

static guint
count_of (guint share, guint size)
{
  return (guint)(((guint64)share * size + 500) / 1000);
}

/* By whole pixels. */
static gboolean
leaves_any (const guint shares[N_SIDES], guint width, guint height)
{
  return count_of (shares[TOP], height) + count_of (shares[BOTTOM], height) < height
         && count_of (shares[LEFT], width) + count_of (shares[RIGHT], width) < width;
}

gboolean
dh_region_fits (const DhRegion *region, guint width, guint height, const char *name, GError **error)
{
  const DhLabels *mask = region->mask;
  if (!mask && leaves_any (region->shares, width, height))
    return TRUE;
  if (!mask)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s: of %u×%u pixels none is left to be measured: what is not measured is %s", name, width, height,
                   region->id);
      return FALSE;
    }
  const gint64 off = (gint64)mask->width * height - (gint64)width * mask->height;
  if (ABS (off) <= MAX (mask->width, mask->height))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "%s: the image is %u×%u, and the mask of what is not measured %u×%u (%s). It must be of the same size, "
               "or of the same aspect",
               name, width, height, mask->width, mask->height, region->name);
  return FALSE;
}

static void
apply_shares (const DhRegion *region, guint8 *ids, guint width, guint height, guint8 id)
{
  const guint top = count_of (region->shares[TOP], height), bottom = count_of (region->shares[BOTTOM], height);
  const guint left = count_of (region->shares[LEFT], width), right = count_of (region->shares[RIGHT], width);
  for (guint y = 0; y < height; y++)
    {
      guint8 *row = ids + (gsize)y * width;
      if (y < top || y >= height - bottom)
        memset (row, id, width);
      memset (row, id, left);
      memset (row + width - right, id, right);
    }
}

/* The pixel of so many that lies nearest to the middle of this one. */
static guint
nearest (guint i, guint in, guint out)
{
  return (guint)((2 * (guint64)i + 1) * in / (2 * (guint64)out));
}

void
dh_region_apply (const DhRegion *region, guint8 *ids, guint width, guint height, guint8 id)
{
  const DhLabels *mask = region->mask;
  if (!mask)
    {
      apply_shares (region, ids, width, height, id);
      return;
    }
  g_autofree guint *columns = g_new (guint, width);
  for (guint x = 0; x < width; x++)
    columns[x] = nearest (x, mask->width, width);
  for (guint y = 0; y < height; y++)
    {
      const guint8 *from = mask->ids + (gsize)nearest (y, mask->height, height) * mask->width;
      guint8 *row = ids + (gsize)y * width;
      for (guint x = 0; x < width; x++)
        if (from[columns[x]])
          row[x] = id;
    }
}
