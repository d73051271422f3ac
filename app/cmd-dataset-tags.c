/* Tags of a set's images, as a table in and out: the weather, the light, what a reviewer found. */
#include <stdio.h>
#include <string.h>

#include "cli-dataset.h"
#include "cmd-dataset-private.h"
#include "dh-csv.h"
#include "dh-error.h"
#include "dh-records.h"
#include "dh-tag-table.h"

typedef struct
{
  DhCli *cli;
  DhDataset *dataset;
  GHashTable *marks; /* path → DhMarkRow, borrowed */
  gboolean removing;
  guint changed, images; /* tags, and images of which any were */
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

/* What there is and the table's, or without it. */
static GPtrArray *
change (Tags *tags, guint index, char *const *named)
{
  g_auto (GStrv) before = dup_tags (tags, index);
  GPtrArray *after = g_ptr_array_new_with_free_func (g_free);
  guint changed = 0;
  for (guint i = 0; before[i]; i++)
    if (tags->removing && g_strv_contains ((const char *const *)named, before[i]))
      changed++;
    else
      g_ptr_array_add (after, g_strdup (before[i]));
  for (guint i = 0; named[i] && !tags->removing; i++)
    if (!g_strv_contains ((const char *const *)before, named[i]))
      {
        g_ptr_array_add (after, g_strdup (named[i]));
        changed++;
      }
  tags->changed += changed;
  tags->images += changed > 0;
  g_ptr_array_sort (after, compare);
  g_ptr_array_add (after, NULL);
  return after;
}

static gboolean
keep (Tags *tags, const DhTagTable *table, DhDatabase *database, GError **error)
{
  for (guint i = 0; i < dh_dataset_size (tags->dataset); i++)
    {
      char *const *named = dh_tag_table_get (table, i);
      if (!named)
        continue;
      const guint before = tags->changed;
      g_autoptr (GPtrArray) after = change (tags, i, named);
      if (tags->changed == before)
        continue;
      const DhMarkRow *mark = find_mark (tags, i);
      g_autofree char *lines = g_strjoinv ("\n", (char **)after->pdata);
      g_autofree char *path = dup_path (tags, i);
      const DhMarkRow row = { .path = path, .tags = lines, .note = mark ? mark->note : (char *)"" };
      if (!dh_database_put_mark (database, &row, error))
        return FALSE;
    }
  return TRUE;
}

static void
print_changed (const Tags *tags, const DhTagTable *table)
{
  if (!tags->cli->json)
    {
      printf ("%u tag%s %s, of %u image%s\n", tags->changed, tags->changed == 1 ? "" : "s",
              tags->removing ? "taken away" : "added", tags->images, tags->images == 1 ? "" : "s");
      return;
    }
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_int (json, tags->removing ? "removed" : "added", tags->changed);
  dh_json_member_int (json, "images", tags->images);
  dh_json_member_int (json, "unknown", dh_tag_table_n_unknown (table));
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
      dh_csv_append (csv, stem);
      g_string_append_c (csv, ',');
      dh_csv_append (csv, cell);
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
add_from (Tags *tags, const char *from, DhDatabase *database)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTagTable) table =
      dh_tag_table_read (from, tags->dataset, tags->removing, tags->cli->cancellable, &error);
  if (!table || !keep (tags, table, database, &error))
    {
      dh_database_roll_back (database);
      return dh_cli_fail (tags->cli, &error);
    }
  if (!dh_database_commit (database, &error))
    return dh_cli_fail (tags->cli, &error);
  for (char *const *line = dh_tag_table_unknown (table); *line; line++)
    dh_cli_note (tags->cli, "%s", *line);
  print_changed (tags, table);
  fflush (stdout);
  const guint unknown = dh_tag_table_n_unknown (table);
  if (unknown == 0)
    return DH_EXIT_DONE;
  g_set_error (&error, DH_ERROR, DH_ERROR_INVALID, "%s: %u row%s of no image, or of several; the others are kept", from,
               unknown, unknown == 1 ? " is" : "s are");
  return dh_cli_fail (tags->cli, &error);
}

static int
work (Tags *tags, const char *from, const char *db)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (db, &error);
  /* All of them or none; and nobody writes a note between what is read and what is written. */
  if (!database || (from && !dh_database_begin (database, &error)))
    return dh_cli_fail (tags->cli, &error);
  g_autoptr (GPtrArray) marks = dh_database_list_marks (database, &error);
  if (!marks)
    return dh_cli_fail (tags->cli, &error);
  g_autoptr (GHashTable) by_path = tags->marks = index_marks (marks);
  if (from)
    return add_from (tags, from, database);
  print_tags (tags);
  return DH_EXIT_DONE;
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
  Tags tags = { .cli = cli, .dataset = dataset, .removing = removing };
  return work (&tags, from, db);
}
