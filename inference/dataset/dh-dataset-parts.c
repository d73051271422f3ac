/* Splits and their groups: what lies in the folder, and what of it is opened. */
#include "dh-dataset-private.h"

#include <string.h>

#include "dh-error.h"

static void
part_free (gpointer data)
{
  g_free (((DhDatasetPart *)data)->name);
  g_free (data);
}

/* A new one at the end where the last is another. `name` is taken. */
static void
count_in (GPtrArray *parts, char *name, gsize group, const DhDatasetItem *item)
{
  DhDatasetPart *part = parts->len > 0 ? parts->pdata[parts->len - 1] : NULL;
  if (part && strcmp (part->name, name) == 0)
    g_free (name);
  else
    {
      part = g_new0 (DhDatasetPart, 1);
      part->name = name;
      part->group = group ? name + group : NULL;
      g_ptr_array_add (parts, part);
    }
  part->images++;
  part->labels += item->label != NULL;
}

void
dh_dataset_list_parts (DhDataset *dataset)
{
  g_ptr_array_unref (dataset->parts);
  dataset->parts = g_ptr_array_new_with_free_func (part_free);
  const guint n = dataset->items->len;
  for (guint first = 0, end; first < n; first = end)
    {
      const char *split = dh_dataset_peek (dataset, first)->item.split;
      g_autoptr (GPtrArray) groups = g_ptr_array_new ();
      for (end = first; end < n && strcmp (dh_dataset_peek (dataset, end)->item.split, split) == 0; end++)
        {
          const DhDatasetItem *item = &dh_dataset_peek (dataset, end)->item;
          if (split[0])
            count_in (dataset->parts, g_strdup (split), 0, item);
          if (split[0] && item->group[0])
            count_in (groups, g_strconcat (split, "/", item->group, NULL), strlen (split) + 1, item);
        }
      /* The only one is the split itself. */
      if (groups->len > 1)
        g_ptr_array_extend_and_steal (dataset->parts, g_steal_pointer (&groups));
      else
        g_ptr_array_foreach (groups, (GFunc)(void (*) (void))part_free, NULL);
    }
}

/* Whether `part` is `whole`, or one of its groups. */
static gboolean
is_within (const char *part, const char *whole)
{
  const gsize n = strlen (whole);
  return strncmp (part, whole, n) == 0 && (part[n] == '\0' || part[n] == '/');
}

static gboolean
is_within_one (const char *part, char **wanted)
{
  for (guint i = 0; wanted[i]; i++)
    if (is_within (part, wanted[i]))
      return TRUE;
  return FALSE;
}

/* By its own name; a group whose split is wanted is in that. */
static gboolean
is_wanted (const DhDatasetPart *part, char **wanted)
{
  const char *const *names = (const char *const *)wanted;
  g_autofree char *split = part->group ? g_strndup (part->name, part->group - part->name - 1) : NULL;
  return g_strv_contains (names, part->name) && !(split && g_strv_contains (names, split));
}

/* "train," are those of train and those of no split: no part bears that name, but runs of such sets say it. */
static gboolean
is_no_split (DhDataset *dataset, char **wanted, const char *name)
{
  return !*name && wanted[1] && g_strv_contains ((const char *const *)dataset->splits, name);
}

static gboolean
has_part (DhDataset *dataset, const char *name)
{
  for (guint i = 0; i < dataset->parts->len; i++)
    if (strcmp (((DhDatasetPart *)dataset->parts->pdata[i])->name, name) == 0)
      return TRUE;
  return FALSE;
}

/* Splits alone, or the groups of the one that "SPLIT/GROUP" begins with; where it is a group's name, that group. */
static char *
dup_what_is_there (DhDataset *dataset, const char *asked)
{
  const char *slash = strchr (asked, '/');
  g_autofree char *split = slash ? g_strndup (asked, slash - asked) : NULL;
  g_autoptr (GString) there = g_string_new (NULL);
  const gboolean known = split && has_part (dataset, split);
  for (guint i = 0; i < dataset->parts->len; i++)
    {
      const DhDatasetPart *part = dataset->parts->pdata[i];
      if (part->group && g_str_equal (part->group, asked))
        g_string_append_printf (there, "%s%s", there->len ? ", " : "", part->name);
    }
  if (there->len)
    return g_strdup (there->str);
  for (guint i = 0; i < dataset->parts->len; i++)
    {
      const DhDatasetPart *part = dataset->parts->pdata[i];
      if (known ? is_within (part->name, split) : part->group == NULL)
        g_string_append_printf (there, "%s%s", there->len ? ", " : "", part->name);
    }
  return g_strdup (there->len ? there->str : "only the whole set");
}

gboolean
dh_dataset_choose_parts (DhDataset *dataset, const char *asked, const char *name, GError **error)
{
  if (!asked)
    return TRUE;
  g_auto (GStrv) wanted = g_strsplit (*asked ? asked : " ", ",", -1);
  for (guint i = 0; wanted[i]; i++)
    {
      g_strstrip (wanted[i]);
      if (has_part (dataset, wanted[i]) || is_no_split (dataset, wanted, wanted[i]))
        continue;
      g_autofree char *there = dup_what_is_there (dataset, wanted[i]);
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "%s: there is no split \"%s\"; there is %s", name, wanted[i],
                   there);
      return FALSE;
    }
  g_autoptr (GString) chosen = g_string_new (NULL);
  for (guint i = 0; i < dataset->parts->len; i++)
    {
      const DhDatasetPart *part = dataset->parts->pdata[i];
      if (is_wanted (part, wanted))
        g_string_append_printf (chosen, "%s%s", chosen->len ? "," : "", part->name);
    }
  if (g_strv_contains ((const char *const *)wanted, ""))
    g_string_append_c (chosen, ',');
  const guint before = dataset->items->len;
  GPtrArray *kept = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_item_free);
  for (guint i = 0; i < dataset->items->len; i++)
    {
      const DhDatasetItem *item = &dh_dataset_peek (dataset, i)->item;
      g_autofree char *part = g_strconcat (item->split, "/", item->group, NULL);
      if (is_within_one (part, wanted))
        g_ptr_array_add (kept, dh_item_copy (dh_dataset_peek (dataset, i)));
    }
  g_ptr_array_unref (dataset->items);
  dataset->items = kept;
  dh_dataset_arrange (dataset, FALSE);
  /* All of them are no choice. */
  if (kept->len < before)
    dataset->chosen = g_strdup (chosen->str);
  return TRUE;
}

GPtrArray *
dh_dataset_parts (DhDataset *dataset)
{
  return dataset->parts;
}

char *
dh_dataset_dup_opened (DhDataset *dataset)
{
  return dataset->chosen ? g_strdup (dataset->chosen) : g_strjoinv (",", dataset->splits);
}

gboolean
dh_dataset_opened_overlap (const char *opened, const char *other)
{
  if (!opened || !*opened || !other || !*other)
    return TRUE;
  g_auto (GStrv) some = g_strsplit (opened, ",", -1), more = g_strsplit (other, ",", -1);
  for (guint i = 0; some[i]; i++)
    for (guint k = 0; more[k]; k++)
      if (is_within (some[i], more[k]) || is_within (more[k], some[i]))
        return TRUE;
  return FALSE;
}
