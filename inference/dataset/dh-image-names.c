#include "dh-image-names.h"

#include <string.h>

struct _DhImageNames
{
  GHashTable *numbers; /* name → number + 1, or DH_IMAGE_NAME_AMBIGUOUS */
};

static void
add_name (GHashTable *names, const char *name, guint index)
{
  const gint known = GPOINTER_TO_INT (g_hash_table_lookup (names, name));
  const gint number = (gint)index + 1;
  g_hash_table_insert (names, g_strdup (name),
                       GINT_TO_POINTER (known == 0 || known == number ? number : DH_IMAGE_NAME_AMBIGUOUS));
}

static char *
dup_without_extension (const char *name)
{
  const char *dot = strrchr (name, '.'), *slash = strrchr (name, '/');
  return dot && dot > name && (!slash || dot > slash + 1) ? g_strndup (name, (gsize)(dot - name)) : g_strdup (name);
}

/* Each also without its extension. What is the stem of one image is no other's name. */
static void
add_names (GHashTable *names, GHashTable *stems, const char *name, guint index)
{
  g_autofree char *bare = dup_without_extension (name);
  if (!g_hash_table_contains (stems, name))
    add_name (names, name, index);
  if (!g_hash_table_contains (stems, bare))
    add_name (names, bare, index);
}

DhImageNames *
dh_image_names_new (DhDataset *dataset)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) stems = g_hash_table_new (g_str_hash, g_str_equal);
  const gsize root = strlen (dh_dataset_root (dataset));
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const char *stem = dh_dataset_item (dataset, i)->stem;
      add_name (names, stem, i);
      g_hash_table_add (stems, (gpointer)stem);
    }
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      const char *below =
          strncmp (item->image, dh_dataset_root (dataset), root) == 0 ? item->image + root : item->image;
      g_autofree char *placed = g_strdup_printf ("%s/%s", item->group, item->id);
      add_names (names, stems, item->id, i);
      add_names (names, stems, placed, i);
      for (const char *at = below; at; at = strchr (at, '/'))
        {
          at += strspn (at, "/");
          add_names (names, stems, at, i);
        }
    }
  DhImageNames *self = g_new (DhImageNames, 1);
  self->numbers = names;
  return self;
}

void
dh_image_names_free (DhImageNames *self)
{
  g_hash_table_unref (self->numbers);
  g_free (self);
}

gint
dh_image_names_find (const DhImageNames *self, const char *name)
{
  const gint number = GPOINTER_TO_INT (g_hash_table_lookup (self->numbers, name));
  return number > 0 ? number - 1 : number == 0 ? DH_IMAGE_NAME_UNKNOWN : DH_IMAGE_NAME_AMBIGUOUS;
}
