#include "dh-tag-table.h"

#include <string.h>

#include "dh-csv.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-image-names.h"

#define MOST_BYTES ((guint64)64 << 20)
#define MOST_NAMED 20
/* Of one image: what holds more is another table, of numbers or of words. */
#define MOST_TAGS 100

struct _DhTagTable
{
  DhDataset *dataset;
  GPtrArray **tags; /* of each image: char *, at the end NULL; NULL: none */
  GPtrArray *unknown;
  guint n_unknown;
  gboolean as_they_are;
  /* while it is read */
  const char *crowded; /* the stem of an image that would have more than MOST_TAGS; NULL: none */
  char *number;        /* a cell that is one, and what is wrong with it; NULL: none */
};

void
dh_tag_table_free (DhTagTable *table)
{
  if (!table)
    return;
  for (guint i = 0; i < dh_dataset_size (table->dataset); i++)
    g_clear_pointer (&table->tags[i], g_ptr_array_unref);
  g_free (table->tags);
  g_ptr_array_unref (table->unknown);
  g_free (table->number);
  g_free (table);
}

char *const *
dh_tag_table_get (const DhTagTable *table, guint image)
{
  return table->tags[image] ? (char *const *)table->tags[image]->pdata : NULL;
}

guint
dh_tag_table_n_unknown (const DhTagTable *table)
{
  return table->n_unknown;
}

char *const *
dh_tag_table_unknown (const DhTagTable *table)
{
  return (char *const *)table->unknown->pdata;
}

static void
add (DhTagTable *table, guint index, const char *text)
{
  g_autofree char *tag = g_utf8_make_valid (text, -1);
  for (char *at = tag; *at; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  g_strstrip (tag);
  GPtrArray *tags = table->tags[index];
  if (!*tag || (tags && g_ptr_array_find_with_equal_func (tags, tag, g_str_equal, NULL)))
    return;
  if (!tags)
    tags = table->tags[index] = g_ptr_array_new_with_free_func (g_free);
  if (tags->len >= MOST_TAGS)
    table->crowded = dh_dataset_item (table->dataset, index)->stem;
  else
    g_ptr_array_add (tags, g_steal_pointer (&tag));
}

static gboolean
is_one_of (const char *text, const char *const *words)
{
  for (guint i = 0; words[i]; i++)
    if (g_ascii_strcasecmp (text, words[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_number (const char *cell)
{
  char *end = NULL;
  g_ascii_strtod (cell, &end);
  return end != cell && *end == '\0' && (g_ascii_isdigit (*cell) || strchr ("+-.", *cell));
}

/* Brightness, a speed, a count: measured values are no tags, unless it is said that they are. */
static gboolean
refuse_number (DhTagTable *table, guint index, const char *cell, const char *title)
{
  const char *stem = dh_dataset_item (table->dataset, index)->stem;
  if (!is_number (cell) || table->as_they_are)
    return FALSE;
  if (!table->number)
    table->number = title && *title ? g_strdup_printf ("the column %s holds numbers, %s of %s", title, cell, stem)
                                    : g_strdup_printf ("%s of %s is a number", cell, stem);
  return TRUE;
}

/* A cell holds tags; of yes and no its column's title, where there is one, is the tag, but for a column of tags. */
static void
add_cell (DhTagTable *table, guint index, const char *cell, const char *title, gboolean split)
{
  static const char *const plain[] = { "tags", "tag", NULL };
  static const char *const yes[] = { "yes", "true", "1", "x", NULL }, *const no[] = { "no", "false", "0", "-", NULL };
  const gboolean named = title && *title && !is_one_of (title, plain);
  if (named && is_one_of (cell, no))
    return;
  if (named && is_one_of (cell, yes))
    {
      add (table, index, title);
      return;
    }
  if (!(title && is_one_of (title, plain)) && refuse_number (table, index, cell, title))
    return;
  g_auto (GStrv) parts = g_strsplit (cell, split ? ";" : "\n", -1);
  for (guint i = 0; parts[i]; i++)
    add (table, index, parts[i]);
}

static void
add_row (DhTagTable *table, const DhImageNames *names, char *const *row, char *const *titles, gboolean split)
{
  const gint number = dh_image_names_find (names, row[0]);
  if (number < 0)
    {
      if (table->n_unknown++ < MOST_NAMED)
        g_ptr_array_add (table->unknown, g_strdup_printf ("%s: %s", row[0],
                                                          number == DH_IMAGE_NAME_AMBIGUOUS
                                                              ? "several images are called so; write it with its folder"
                                                              : "the data set has no such image"));
      return;
    }
  const guint n_titles = titles ? g_strv_length ((char **)titles) : 0;
  for (guint i = 1; row[i]; i++)
    add_cell (table, (guint)number, row[i], i < n_titles ? titles[i] : NULL, split);
}

/* Why it is no table of tags. */
static gboolean
check (const DhTagTable *table, const char *path, GError **error)
{
  if (table->crowded)
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                 "%s: %s would have more than %u tags. Is it a table of tags? Nothing is taken from it", path,
                 table->crowded, MOST_TAGS);
  else if (table->number)
    g_set_error (
        error, DH_ERROR, DH_ERROR_INVALID,
        "%s: %s. Numbers are no tags: leave them out, write words, or call the column tags where they are meant. "
        "Nothing is taken from it",
        path, table->number);
  return !table->crowded && !table->number;
}

/* Text of a table; NULL with an error where it is something else. Free with g_free. */
static char *
read_text (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = dh_file_read (path, MOST_BYTES, error);
  if (!bytes)
    return NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  if (size > 0 && memchr (data, '\0', size))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: is no table of text. Save it as CSV (UTF-8)", path);
      return NULL;
    }
  return g_utf8_make_valid (data ? data : "", (gssize)size);
}

static gboolean
take (DhTagTable *table, const char *path, const char *text, GCancellable *cancellable, GError **error)
{
  static const char *const firsts[] = { "image", "images", "file", "filename", "name", "path", "stem", "frame", NULL };
  char separator;
  guint unclosed;
  g_autoptr (GPtrArray) rows =
      dh_csv_parse (g_str_has_prefix (text, "\xef\xbb\xbf") ? text + 3 : text, &separator, &unclosed);
  if (unclosed > 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "%s: a quote that begins in line %u is never closed, so nothing is taken from it", path, unclosed);
      return FALSE;
    }
  char *const *titles = rows->len && is_one_of (((char **)rows->pdata[0])[0], firsts) ? rows->pdata[0] : NULL;
  if (rows->len == (titles ? 1 : 0))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "%s: holds no rows; it takes an image and its tags in each, as in \"00012.png,night,rain\"", path);
      return FALSE;
    }
  g_autoptr (DhImageNames) names = dh_image_names_new (table->dataset);
  for (guint i = titles ? 1 : 0; i < rows->len && !table->crowded && !table->number; i++)
    {
      add_row (table, names, rows->pdata[i], titles, separator != ';');
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
    }
  return check (table, path, error);
}

DhTagTable *
dh_tag_table_read (const char *path, DhDataset *dataset, gboolean as_they_are, GCancellable *cancellable,
                   GError **error)
{
  g_autofree char *text = read_text (path, error);
  if (!text)
    return NULL;
  const guint n = dh_dataset_size (dataset);
  g_autoptr (DhTagTable) table = g_new0 (DhTagTable, 1);
  table->dataset = dataset;
  table->as_they_are = as_they_are;
  table->tags = g_new0 (GPtrArray *, MAX (n, 1));
  table->unknown = g_ptr_array_new_with_free_func (g_free);
  if (!take (table, path, text, cancellable, error))
    return NULL;
  g_ptr_array_add (table->unknown, NULL);
  for (guint i = 0; i < n; i++)
    if (table->tags[i])
      g_ptr_array_add (table->tags[i], NULL);
  return g_steal_pointer (&table);
}
