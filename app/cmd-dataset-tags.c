/* Tags of a set's images, as a table in and out: the weather, the light, what a reviewer found. */
#include <stdio.h>
#include <string.h>

#include "cli-csv.h"
#include "cli-dataset.h"
#include "cli-image-names.h"
#include "cmd-dataset-private.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-records.h"

#define MOST_BYTES ((guint64)64 << 20)
#define MOST_NAMED 20
/* Of one image: what holds more is another table, of numbers or of words. */
#define MOST_TAGS 100

typedef struct
{
  DhCli *cli;
  DhDataset *dataset;
  DhCliImageNames *names;
  GHashTable *marks; /* path → DhMarkRow, borrowed */
  char ***tags;      /* of each image; NULL: it is as it was */
  gboolean removing;
  guint added, unknown; /* tags, and rows of no image */
  const char *crowded;  /* the stem of an image that would have more than MOST_TAGS; NULL: none */
  char *number;         /* a cell that is one, and what is wrong with it; NULL: none */
} Tags;

/* By which marks know an image, wherever the program is started. */
static char *
dup_path (const Tags *tags, guint index)
{
  return g_canonicalize_filename (dh_dataset_item (tags->dataset, index)->image, NULL);
}

static const DhMarkRow *
find_mark (const Tags *tags, guint index)
{
  g_autofree char *path = dup_path (tags, index);
  return g_hash_table_lookup (tags->marks, path);
}

static char **
dup_tags (const Tags *tags, guint index)
{
  const DhMarkRow *mark = find_mark (tags, index);
  if (tags->tags[index])
    return g_strdupv (tags->tags[index]);
  g_auto (GStrv) lines = g_strsplit (mark ? mark->tags : "", "\n", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; lines[i]; i++)
    if (*g_strstrip (lines[i]))
      g_strv_builder_add (builder, lines[i]);
  return g_strv_builder_end (builder);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *)a, *(const char *const *)b);
}

/* Adds it, or takes it away. */
static void
change (Tags *tags, guint index, const char *text)
{
  g_autofree char *tag = g_utf8_make_valid (text, -1);
  for (char *at = tag; *at; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  g_strstrip (tag);
  g_auto (GStrv) before = dup_tags (tags, index);
  if (!*tag || g_strv_contains ((const char *const *)before, tag) != tags->removing)
    return;
  if (!tags->removing && g_strv_length (before) >= MOST_TAGS)
    {
      tags->crowded = dh_dataset_item (tags->dataset, index)->stem;
      return;
    }
  g_autoptr (GPtrArray) after = g_ptr_array_new ();
  for (guint i = 0; before[i]; i++)
    if (!g_str_equal (before[i], tag))
      g_ptr_array_add (after, g_strdup (before[i]));
  if (!tags->removing)
    g_ptr_array_add (after, g_strdup (tag));
  g_ptr_array_sort (after, compare);
  g_ptr_array_add (after, NULL);
  g_strfreev (tags->tags[index]);
  tags->tags[index] = (char **)g_ptr_array_steal (after, NULL);
  tags->added++;
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
refuse_number (Tags *tags, guint index, const char *cell, const char *title)
{
  const char *stem = dh_dataset_item (tags->dataset, index)->stem;
  if (!is_number (cell) || tags->removing)
    return FALSE;
  if (!tags->number)
    tags->number = title && *title ? g_strdup_printf ("the column %s holds numbers, %s of %s", title, cell, stem)
                                   : g_strdup_printf ("%s of %s is a number", cell, stem);
  return TRUE;
}

/* A cell holds tags; of yes and no its column's title, where there is one, is the tag, but for a column of tags. */
static void
change_by_cell (Tags *tags, guint index, const char *cell, const char *title, gboolean split)
{
  static const char *const plain[] = { "tags", "tag", NULL };
  static const char *const yes[] = { "yes", "true", "1", "x", NULL }, *const no[] = { "no", "false", "0", "-", NULL };
  const gboolean named = title && *title && !is_one_of (title, plain);
  if (named && is_one_of (cell, no))
    return;
  if (named && is_one_of (cell, yes))
    {
      change (tags, index, title);
      return;
    }
  if (!(title && is_one_of (title, plain)) && refuse_number (tags, index, cell, title))
    return;
  g_auto (GStrv) parts = g_strsplit (cell, split ? ";" : "\n", -1);
  for (guint i = 0; parts[i]; i++)
    change (tags, index, parts[i]);
}

static void
take_row (Tags *tags, char *const *row, char *const *titles, gboolean split)
{
  const gint number = dh_cli_image_names_find (tags->names, row[0]);
  if (number < 0)
    {
      if (tags->unknown++ < MOST_NAMED)
        dh_cli_note (tags->cli, "%s: %s", row[0],
                     number == DH_CLI_IMAGE_AMBIGUOUS ? "several images are called so; write it with its folder"
                                                      : "the data set has no such image");
      return;
    }
  const guint n_titles = titles ? g_strv_length ((char **)titles) : 0;
  for (guint i = 1; row[i]; i++)
    change_by_cell (tags, (guint)number, row[i], i < n_titles ? titles[i] : NULL, split);
}

static gboolean
take_table (Tags *tags, const char *path, GError **error)
{
  static const char *const firsts[] = { "image", "images", "file", "filename", "name", "path", "stem", "frame", NULL };
  g_autoptr (GBytes) bytes = dh_file_read (path, MOST_BYTES, error);
  if (!bytes)
    return FALSE;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  if (size > 0 && memchr (data, '\0', size))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: is no table of text. Save it as CSV (UTF-8)", path);
      return FALSE;
    }
  g_autofree char *text = g_utf8_make_valid (data ? data : "", (gssize)size);
  char separator;
  guint unclosed;
  g_autoptr (GPtrArray) rows =
      dh_cli_csv_parse (g_str_has_prefix (text, "\xef\xbb\xbf") ? text + 3 : text, &separator, &unclosed);
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
  for (guint i = titles ? 1 : 0; i < rows->len && !tags->crowded && !tags->number; i++)
    {
      take_row (tags, rows->pdata[i], titles, separator != ';');
      if (g_cancellable_set_error_if_cancelled (tags->cli->cancellable, error))
        return FALSE;
    }
  if (tags->crowded)
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                 "%s: %s would have more than %u tags. Is it a table of tags? Nothing is taken from it", path,
                 tags->crowded, MOST_TAGS);
  else if (tags->number)
    g_set_error (
        error, DH_ERROR, DH_ERROR_INVALID,
        "%s: %s. Numbers are no tags: leave them out, write words, or call the column tags where they are meant. "
        "Nothing is taken from it",
        path, tags->number);
  return !tags->crowded && !tags->number;
}

static gboolean
keep (const Tags *tags, DhDatabase *database, guint *images, GError **error)
{
  for (guint i = 0; i < dh_dataset_size (tags->dataset); i++)
    {
      const DhMarkRow *mark = find_mark (tags, i);
      if (!tags->tags[i])
        continue;
      g_autofree char *lines = g_strjoinv ("\n", tags->tags[i]);
      g_autofree char *path = dup_path (tags, i);
      const DhMarkRow row = { .path = path, .tags = lines, .note = mark ? mark->note : (char *)"" };
      if (!dh_database_put_mark (database, &row, error))
        return FALSE;
      ++*images;
    }
  return TRUE;
}

static void
print_changed (const Tags *tags, guint images)
{
  if (!tags->cli->json)
    {
      printf ("%u tag%s %s, of %u image%s\n", tags->added, tags->added == 1 ? "" : "s",
              tags->removing ? "taken away" : "added", images, images == 1 ? "" : "s");
      return;
    }
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_int (json, tags->removing ? "removed" : "added", tags->added);
  dh_json_member_int (json, "images", images);
  dh_json_member_int (json, "unknown", tags->unknown);
  json_builder_end_object (json);
  dh_json_print (json);
}

static void
print_tags (const Tags *tags)
{
  JsonBuilder *json = tags->cli->json ? json_builder_new () : NULL;
  g_autoptr (GString) csv = g_string_new ("image,tags\n");
  if (json)
    json_builder_begin_object (json);
  for (guint i = 0; i < dh_dataset_size (tags->dataset); i++)
    {
      const char *stem = dh_dataset_item (tags->dataset, i)->stem;
      g_auto (GStrv) all = dup_tags (tags, i);
      if (!all[0])
        continue;
      g_autofree char *cell = g_strjoinv (";", all);
      dh_cli_csv_append (csv, stem);
      g_string_append_c (csv, ',');
      dh_cli_csv_append (csv, cell);
      g_string_append_c (csv, '\n');
      if (!json)
        continue;
      json_builder_set_member_name (json, stem);
      json_builder_begin_array (json);
      for (guint k = 0; all[k]; k++)
        dh_json_member_string (json, NULL, all[k]);
      json_builder_end_array (json);
    }
  if (!json)
    {
      fputs (csv->str, stdout);
      return;
    }
  json_builder_end_object (json);
  dh_json_print (json);
}

static GHashTable *
index_marks (GPtrArray *marks)
{
  GHashTable *by_path = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < marks->len; i++)
    g_hash_table_insert (by_path, ((DhMarkRow *)marks->pdata[i])->path, marks->pdata[i]);
  return by_path;
}

static int
work (Tags *tags, const char *from, const char *db)
{
  g_autoptr (GError) error = NULL;
  guint images = 0;
  g_autoptr (DhDatabase) database = dh_database_open (db, &error);
  /* All of them or none; and nobody writes a note between what is read and what is written. */
  if (!database || (from && !dh_database_begin (database, &error)))
    return dh_cli_fail (tags->cli, &error);
  g_autoptr (GPtrArray) marks = dh_database_list_marks (database, &error);
  if (!marks)
    return dh_cli_fail (tags->cli, &error);
  g_autoptr (GHashTable) by_path = tags->marks = index_marks (marks);
  if (!from)
    {
      print_tags (tags);
      return DH_EXIT_DONE;
    }
  if (!take_table (tags, from, &error) || !keep (tags, database, &images, &error))
    {
      dh_database_roll_back (database);
      return dh_cli_fail (tags->cli, &error);
    }
  if (!dh_database_commit (database, &error))
    return dh_cli_fail (tags->cli, &error);
  print_changed (tags, images);
  fflush (stdout);
  if (tags->unknown == 0)
    return DH_EXIT_DONE;
  g_set_error (&error, DH_ERROR, DH_ERROR_INVALID, "%s: %u row%s of no image, or of several; the others are kept", from,
               tags->unknown, tags->unknown == 1 ? " is" : "s are");
  return dh_cli_fail (tags->cli, &error);
}

int
dh_dataset_tags (DhCli *cli, int argc, char **argv)
{
  g_auto (DhCliDataset) set = { NULL };
  g_autofree char *from = NULL;
  g_autofree char *db = NULL;
  gboolean removing = FALSE;
  const GOptionEntry entries[] = {
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &from,
      "Adds the tags of this table: an image in the first column, tags in the others. A first row that begins with "
      "\"image\" names the columns, and of a column of yes and no its name is the tag. Numbers are tags in a column "
      "called tags alone",
      "FILE.csv" },
    { "remove", 0, 0, G_OPTION_ARG_NONE, &removing, "With --from: takes these tags away instead", NULL },
    DH_CLI_DATASET_ENTRIES (set),
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database (default: in the user's data folder)", "FILE" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (
          cli, argc, argv, entries, NULL, "--dataroot DIR [--from FILE.csv [--remove]]",
          "Prints the tags of a data set's images as a table, or adds those of one: night, rain, label error. "
          "The studio\nshows them, and both measure the slices that they make.",
          "densehybrid dataset tags --dataroot ~/data/fs_static --from weather.csv", NULL, &status))
    return status;
  if (removing && !from)
    return dh_cli_usage (cli, "--remove takes away the tags of a table: name it with --from");
  g_autoptr (DhDataset) dataset = dh_cli_open_dataset (cli, &set, &status);
  if (!dataset)
    return status;
  g_autoptr (DhCliImageNames) names = dh_cli_image_names_new (dataset);
  const guint n = dh_dataset_size (dataset);
  Tags tags = {
    .cli = cli, .dataset = dataset, .names = names, .tags = g_new0 (char **, MAX (n, 1)), .removing = removing
  };
  status = work (&tags, from, db);
  for (guint i = 0; i < n; i++)
    g_strfreev (tags.tags[i]);
  g_free (tags.tags);
  g_free (tags.number);
  return status;
}
