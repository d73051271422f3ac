#include "dh-quantization.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"

#define MAGIC "densehybrid calibration 1\n"
#define CHECKSUM "checksum "

enum
{
  MAX_BYTES = 1 << 20,
  MAX_PICTURES = 1 << 20,
};

struct _DhRanges
{
  GHashTable *bins; /* name → array */
};

DhRanges *
dh_ranges_new (void)
{
  DhRanges *ranges = g_new0 (DhRanges, 1);
  ranges->bins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return ranges;
}

void
dh_ranges_free (DhRanges *ranges)
{
  if (!ranges)
    return;
  g_hash_table_unref (ranges->bins);
  g_free (ranges);
}

guint64 *
dh_ranges_get (DhRanges *ranges, const char *name)
{
  g_return_val_if_fail (ranges != NULL && name != NULL, NULL);
  guint64 *bins = g_hash_table_lookup (ranges->bins, name);
  if (!bins)
    {
      bins = g_new0 (guint64, DH_RANGES_BINS);
      g_hash_table_insert (ranges->bins, g_strdup (name), bins);
    }
  return bins;
}

/* The upper end of the bin up to which so many lie; 1 where there is nothing above 0. Infinite values set no range. */
static float
quantile (const guint64 *bins)
{
  const guint last = dh_ranges_bin (INFINITY);
  guint64 total = 0, below = 0;
  for (guint i = 0; i < last; i++)
    total += bins[i];
  const guint64 wanted = (guint64)ceil (DH_QUANTIZATION_QUANTILE * (double)total);
  for (guint i = 0; i < last; i++)
    {
      below += bins[i];
      union
      {
        guint32 bits;
        float x;
      } end = { MIN (i + 1, last - 1) << 16 };
      /* Below 2⁻⁶⁴ there is nothing to tell apart, and its inverse would be no float. */
      if (below >= wanted && below > 0)
        return i == 0 ? 1 : MAX (end.x, 0x1p-64f);
    }
  return 1;
}

struct _DhQuantization
{
  gatomicrefcount refs;
  char *network, *weights, *id;
  guint pictures;
  GHashTable *ranges; /* name → float */
};

DhQuantization *
dh_quantization_ref (DhQuantization *calibration)
{
  g_return_val_if_fail (calibration != NULL, NULL);
  g_atomic_ref_count_inc (&calibration->refs);
  return calibration;
}

void
dh_quantization_unref (DhQuantization *calibration)
{
  if (!calibration || !g_atomic_ref_count_dec (&calibration->refs))
    return;
  g_hash_table_unref (calibration->ranges);
  g_free (calibration->network);
  g_free (calibration->weights);
  g_free (calibration->id);
  g_free (calibration);
}

static DhQuantization *
new_empty (const char *network, const char *weights)
{
  DhQuantization *calibration = g_new0 (DhQuantization, 1);
  g_atomic_ref_count_init (&calibration->refs);
  calibration->network = g_strdup (network);
  calibration->weights = g_strdup (weights);
  calibration->ranges = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return calibration;
}

static void
add (DhQuantization *calibration, const char *name, float range)
{
  g_hash_table_insert (calibration->ranges, g_strdup (name), g_memdup2 (&range, sizeof range));
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* All it says, without the checksum; always the same for the same ranges. */
static GString *
to_text (const DhQuantization *calibration)
{
  GString *text = g_string_new (MAGIC);
  char share[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (share, sizeof share, "%g", DH_QUANTIZATION_QUANTILE); /* whatever the locale's decimal point */
  g_string_append_printf (text, "network %s\nweights %s\npictures %u\nquantile %s\n", calibration->network,
                          calibration->weights, calibration->pictures, share);
  guint n;
  g_autofree const char **names = (const char **)g_hash_table_get_keys_as_array (calibration->ranges, &n);
  qsort (names, n, sizeof *names, compare_names);
  for (guint i = 0; i < n; i++)
    {
      char number[G_ASCII_DTOSTR_BUF_SIZE];
      g_ascii_formatd (number, sizeof number, "%.9g", *(float *)g_hash_table_lookup (calibration->ranges, names[i]));
      g_string_append_printf (text, "range %s %s\n", number, names[i]);
    }
  return text;
}

static void
set_id (DhQuantization *calibration)
{
  g_autoptr (GString) text = to_text (calibration);
  g_free (calibration->id);
  calibration->id = dh_sha256 (text->str, text->len);
}

DhQuantization *
dh_quantization_new (const char *network, const char *weights, guint pictures, DhRanges *ranges)
{
  g_return_val_if_fail (network != NULL && weights != NULL && ranges != NULL, NULL);
  DhQuantization *calibration = new_empty (network, weights);
  GHashTableIter iter;
  gpointer name, bins;
  calibration->pictures = MIN (pictures, MAX_PICTURES);
  g_hash_table_iter_init (&iter, ranges->bins);
  while (g_hash_table_iter_next (&iter, &name, &bins))
    add (calibration, name, quantile (bins));
  set_id (calibration);
  return calibration;
}

float
dh_quantization_range (const DhQuantization *calibration, const char *name)
{
  g_return_val_if_fail (calibration != NULL && name != NULL, 0);
  const float *range = g_hash_table_lookup (calibration->ranges, name);
  return range ? *range : 0;
}

guint
dh_quantization_pictures (const DhQuantization *calibration)
{
  g_return_val_if_fail (calibration != NULL, 0);
  return calibration->pictures;
}

const char *
dh_quantization_id (const DhQuantization *calibration)
{
  g_return_val_if_fail (calibration != NULL, NULL);
  return calibration->id;
}

gboolean
dh_quantization_save (const DhQuantization *calibration, const char *path, GError **error)
{
  g_return_val_if_fail (calibration != NULL && path != NULL, FALSE);
  g_autoptr (GString) text = to_text (calibration);
  g_string_append_printf (text, CHECKSUM "%s\n", calibration->id);
  return dh_file_write (path, text->str, text->len, error);
}

/* What follows `word` and a space. */
static const char *
behind (const char *line, const char *word)
{
  const gsize length = strlen (word);
  return line && strncmp (line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

static gboolean
read_range (DhQuantization *calibration, const char *line)
{
  const char *number = behind (line, "range");
  char *end = NULL;
  /* Nine digits of a float may be a little beyond it as a double. */
  const float range = number ? (float)g_ascii_strtod (number, &end) : 0;
  if (!number || end == number || *end != ' ' || !end[1] || !(range >= 0x1p-64f && range <= G_MAXFLOAT))
    return FALSE;
  add (calibration, end + 1, range);
  return TRUE;
}

/* The lines of a text whose checksum is right; NULL where they are not those of a calibration. */
static DhQuantization *
parse (char **lines)
{
  const guint n = g_strv_length (lines);
  const char *network = n > 5 ? behind (lines[1], "network") : NULL,
             *weights = n > 5 ? behind (lines[2], "weights") : NULL;
  const char *pictures = n > 5 ? behind (lines[3], "pictures") : NULL;
  guint64 count = 0;
  if (!network || !weights || !pictures || !g_ascii_string_to_unsigned (pictures, 10, 1, MAX_PICTURES, &count, NULL))
    return NULL;
  g_autoptr (DhQuantization) calibration = new_empty (network, weights);
  calibration->pictures = (guint)count;
  for (guint i = 5; i < n && *lines[i]; i++)
    if (!read_range (calibration, lines[i]))
      return NULL;
  if (g_hash_table_size (calibration->ranges) == 0)
    return NULL;
  set_id (calibration);
  return g_steal_pointer (&calibration);
}

DhQuantization *
dh_quantization_load (const char *path, const char *network, const char *weights, GError **error)
{
  g_return_val_if_fail (path != NULL && network != NULL && weights != NULL, NULL);
  g_autoptr (GBytes) bytes = dh_file_read (path, MAX_BYTES, error);
  if (!bytes)
    return NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  if (size < strlen (MAGIC) || memcmp (data, MAGIC, strlen (MAGIC)) != 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s is no calibration of this program", path);
      return NULL;
    }
  const gsize tail = strlen (CHECKSUM) + 64 + 1;
  g_autofree char *text = size > tail && !memchr (data, '\0', size) ? g_strndup (data, size - tail) : NULL;
  g_autofree char *hash = text ? dh_sha256 (text, size - tail) : NULL;
  g_autofree char *expected = text ? g_strdup_printf (CHECKSUM "%s\n", hash) : NULL;
  g_autoptr (DhQuantization) calibration = NULL;
  if (text && g_utf8_validate (text, -1, NULL) && memcmp (expected, data + size - tail, tail) == 0)
    {
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
      calibration = parse (lines);
    }
  /* What says the same in other words would have another checksum than what it is known by. */
  if (!calibration || !g_str_equal (calibration->id, hash))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "The calibration %s is damaged; remove it and calibrate anew",
                   path);
      return NULL;
    }
  if (!g_str_equal (calibration->network, network) || !g_str_equal (calibration->weights, weights))
    {
      g_set_error (
          error, DH_ERROR, DH_ERROR_MISMATCH,
          "The calibration %s belongs to other weights (%s, SHA-256 %.12s…) than these (%s, %.12s…); calibrate "
          "anew",
          path, calibration->network, calibration->weights, network, weights);
      return NULL;
    }
  return g_steal_pointer (&calibration);
}
