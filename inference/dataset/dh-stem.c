/* Names of outputs and keys of the database made from names of files, which may be any bytes. */
#include "dh-dataset-private.h"

#include <string.h>

#include "dh-text.h"

static const char *const split_order[] = { "train", "training",   "train_extra", "val",
                                           "valid", "validation", "test",        "testing" };

static guint
split_rank (const char *split)
{
  for (guint i = 0; i < G_N_ELEMENTS (split_order); i++)
    if (strcmp (split, split_order[i]) == 0)
      return i;
  return G_N_ELEMENTS (split_order);
}

static gint
compare_items (gconstpointer a, gconstpointer b)
{
  const DhDatasetItem *p = &(*(const DhItem *const *)a)->item, *q = &(*(const DhItem *const *)b)->item;
  gint order = (gint)split_rank (p->split) - (gint)split_rank (q->split);
  order = order ? order : dh_compare_natural (p->split, q->split);
  order = order ? order : dh_compare_natural (p->group, q->group);
  return order ? order : dh_compare_natural (p->stem, q->stem);
}

/* No part may climb or vanish where a stem becomes a path. */
static char *
make_safe (const char *stem)
{
  g_autofree char *text = dh_text_escape (stem, FALSE);
  g_auto (GStrv) parts = g_strsplit (text, "/", -1);
  for (guint i = 0; parts[i]; i++)
    if (parts[i][0] == '\0' || strcmp (parts[i], ".") == 0 || strcmp (parts[i], "..") == 0)
      {
        char *named = g_strconcat ("_", parts[i], NULL);
        g_free (parts[i]);
        parts[i] = named;
      }
  return g_strjoinv ("/", parts);
}

static void
replace (char **to, char *with)
{
  g_free (*to);
  *to = with;
}

/* Two files of one stem ("a.png" and "a.jpg") are told apart by extension, then by number. */
static void
make_unique (DhDataset *dataset, DhItem *item, guint position)
{
  if (g_hash_table_contains (dataset->by_stem, item->item.stem))
    {
      const char *extension = item->item.image + dh_path_stem_length (item->item.image);
      g_autofree char *plain = g_strconcat (item->item.stem, extension, NULL);
      g_autofree char *safe = make_safe (plain);
      replace (&item->item.stem, g_strdup (safe));
      for (guint n = 2; g_hash_table_contains (dataset->by_stem, item->item.stem); n++)
        replace (&item->item.stem, g_strdup_printf ("%s~%u", safe, n));
    }
  g_hash_table_insert (dataset->by_stem, item->item.stem, GUINT_TO_POINTER (position + 1));
}

static char **
collect (DhDataset *dataset, gboolean groups)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *names = g_ptr_array_new ();
  for (guint i = 0; i < dataset->items->len; i++)
    {
      const DhDatasetItem *item = &dh_dataset_peek (dataset, i)->item;
      const char *name = groups ? item->group : item->split;
      if (g_hash_table_add (seen, (gpointer)name))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_free (names, FALSE);
}

void
dh_dataset_arrange (DhDataset *dataset, gboolean sort)
{
  if (sort)
    g_ptr_array_sort (dataset->items, compare_items);
  g_hash_table_remove_all (dataset->by_stem);
  for (guint i = 0; i < dataset->items->len; i++)
    {
      DhItem *item = dataset->items->pdata[i];
      replace (&item->item.stem, make_safe (item->item.stem));
      replace (&item->item.id, make_safe (item->item.id));
      replace (&item->item.split, dh_text_escape (item->item.split, FALSE));
      replace (&item->item.group, dh_text_escape (item->item.group, FALSE));
      make_unique (dataset, item, i);
    }
  g_strfreev (dataset->splits);
  g_strfreev (dataset->groups);
  dataset->splits = collect (dataset, FALSE);
  dataset->groups = collect (dataset, TRUE);
}

char *
dh_dataset_display_path (DhDataset *dataset, const char *path)
{
  const gsize n = strlen (dataset->root);
  if (n > 0 && strncmp (path, dataset->root, n) == 0 && (path[n] == '/' || dataset->root[n - 1] == '/'))
    path += path[n] == '/' ? n + 1 : n;
  return g_filename_display_name (path);
}
