#include "dh-layout-private.h"

#include <string.h>

void
dh_item_free (DhItem *item)
{
  g_free (item->item.stem);
  g_free (item->item.id);
  g_free (item->item.split);
  g_free (item->item.group);
  g_free (item->item.image);
  g_free (item->item.overlay);
  g_free (item->item.label);
  g_free (item->mask);
  g_free (item);
}

DhLayoutFind *
dh_layout_find_new (const DhScan *scan, const DhScan *base_scan)
{
  DhLayoutFind *find = g_new0 (DhLayoutFind, 1);
  find->scan = scan;
  find->base_scan = base_scan;
  find->items = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_item_free);
  find->orphans = g_ptr_array_new_with_free_func (g_free);
  find->notes = g_ptr_array_new_with_free_func (g_free);
  return find;
}

void
dh_layout_find_free (DhLayoutFind *find)
{
  if (!find)
    return;
  g_ptr_array_unref (find->items);
  g_ptr_array_unref (find->orphans);
  g_ptr_array_unref (find->notes);
  g_free (find);
}

static gint
compare_bases (gconstpointer a, gconstpointer b)
{
  const char *p = *(const char *const *)a, *q = *(const char *const *)b;
  const gint depth_p = *p == '\0' ? 0 : strchr (p, '/') ? 2 : 1, depth_q = *q == '\0' ? 0 : strchr (q, '/') ? 2 : 1;
  return depth_p != depth_q ? depth_p - depth_q : strcmp (p, q);
}

/* The root and the folders up to two levels below it. Borrowed strings. */
static GPtrArray *
list_bases (const DhScan *scan)
{
  GPtrArray *bases = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, scan->folder_set);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const char *slash = strchr (key, '/');
      if (!slash || !strchr (slash + 1, '/'))
        g_ptr_array_add (bases, key);
    }
  g_ptr_array_sort (bases, compare_bases);
  return bases;
}

static gboolean
has_image (const DhLayoutFind *find, const char *image)
{
  for (guint i = 0; i < find->items->len; i++)
    if (strcmp (((DhItem *)find->items->pdata[i])->item.image, image) == 0)
      return TRUE;
  return FALSE;
}

/* Of several folders in the same layout the first counts and the others are named; tracks are joined. */
static void
join_further (DhLayoutFind *find, const DhLayout *layout, GPtrArray *bases, guint from)
{
  for (guint b = from; b < bases->len && find->notes->len < 20; b++)
    {
      const char *base = bases->pdata[b];
      g_autoptr (DhLayoutFind) other = dh_layout_find_new (find->scan, find->base_scan);
      if (!layout->match (other, base) || other->items->len == 0
          || has_image (find, ((DhItem *)other->items->pdata[0])->item.image))
        continue;
      if (layout->merges)
        {
          while (other->items->len > 0)
            g_ptr_array_add (find->items, g_ptr_array_steal_index (other->items, 0));
          while (other->orphans->len > 0)
            g_ptr_array_add (find->orphans, g_ptr_array_steal_index (other->orphans, 0));
          continue;
        }
      g_autofree char *name = g_filename_display_name (base);
      g_ptr_array_add (find->notes, g_strdup_printf ("%s holds a data set of the same layout, which is left aside: "
                                                     "open that folder for it",
                                                     name));
    }
}

/* A folder of several data sets: the one that was taken is no silent choice. */
static void
name_others (DhLayoutFind *find, const DhLayout *taken, GPtrArray *bases)
{
  for (const DhLayout *layout = taken + 1; layout < dh_layouts + dh_n_layouts; layout++)
    for (guint b = 0; b < bases->len && layout->kind != DH_DATASET_FOLDER && layout->kind != DH_DATASET_MASKS; b++)
      {
        const char *base = bases->pdata[b];
        g_autoptr (DhLayoutFind) other = dh_layout_find_new (find->scan, find->base_scan);
        if (!layout->match (other, base) || other->items->len == 0
            || has_image (find, ((DhItem *)other->items->pdata[0])->item.image))
          continue;
        g_autofree char *name = g_filename_display_name (base[0] ? base : "the same folder");
        g_ptr_array_add (find->notes, g_strdup_printf ("%s holds another data set, %s, which is left aside: open that "
                                                       "folder alone, or name its kind (%s)",
                                                       name, layout->title, dh_dataset_kind_name (layout->kind)));
        break;
      }
}

static guint
count_labels (const DhLayoutFind *find)
{
  guint n = 0;
  for (guint i = 0; i < find->items->len; i++)
    n += ((DhItem *)find->items->pdata[i])->item.label != NULL;
  return n;
}

/* Pictures beside masks stand for their folder, in which there may be more. */
static void
count_others (DhLayoutFind *find)
{
  const guint known = find->items->len + count_labels (find) + find->orphans->len + find->n_duplicates;
  guint pictures = 0;
  for (guint i = 0; i < find->scan->files->len; i++)
    pictures += dh_path_is_picture (find->scan->files->pdata[i]);
  if (pictures > known)
    g_ptr_array_add (find->notes,
                     g_strdup_printf (pictures - known == 1
                                          ? "%u other image lies outside the folders of images and masks and is left "
                                            "aside: read the folder as a folder of images (folder) to see it"
                                          : "%u other images lie outside the folders of images and masks and are left "
                                            "aside: read the folder as a folder of images (folder) to see them",
                                      pictures - known));
}

/* The same pictures with masks, where a layout has no label for any of them: images/test beside masks/test. */
static DhLayoutFind *
find_masks_instead (const DhLayoutFind *find)
{
  if (find->kind == DH_DATASET_MASKS || !find->labels_expected || find->items->len == 0 || find->orphans->len > 0
      || count_labels (find) > 0)
    return NULL;
  g_autoptr (DhLayoutFind) masks = dh_layout_recognise (find->scan, find->base_scan, DH_DATASET_MASKS);
  if (!masks || count_labels (masks) == 0 || !has_image (masks, ((DhItem *)find->items->pdata[0])->item.image))
    return NULL;
  return g_steal_pointer (&masks);
}

DhLayoutFind *
dh_layout_recognise (const DhScan *scan, const DhScan *base_scan, gint kind)
{
  g_autoptr (GPtrArray) bases = list_bases (scan);
  for (guint l = 0; l < dh_n_layouts; l++)
    {
      const DhLayout *layout = &dh_layouts[l];
      if (kind >= 0 && (gint)layout->kind != kind)
        continue;
      for (guint b = 0; b < bases->len; b++)
        {
          g_autoptr (DhLayoutFind) find = dh_layout_find_new (scan, base_scan);
          find->kind = layout->kind;
          find->title = layout->title;
          find->evidence = layout->evidence;
          find->labels_expected = layout->labels_expected;
          if (!layout->match (find, bases->pdata[b]))
            continue;
          join_further (find, layout, bases, b + 1);
          DhLayoutFind *masks = kind < 0 ? find_masks_instead (find) : NULL;
          if (kind < 0 && !masks && !layout->builds_on_another)
            name_others (find, layout, bases);
          if (masks)
            {
              dh_layout_find_free (find);
              find = masks;
            }
          if (kind < 0 && find->kind == DH_DATASET_MASKS)
            count_others (find);
          return g_steal_pointer (&find);
        }
    }
  return NULL;
}

guint
dh_layout_list_kinds (const DhScan *scan, const DhScan *base_scan)
{
  g_autoptr (GPtrArray) bases = list_bases (scan);
  guint kinds = 0;
  for (const DhLayout *layout = dh_layouts; layout < dh_layouts + dh_n_layouts; layout++)
    for (guint b = 0; b < bases->len && !(kinds & 1u << layout->kind); b++)
      {
        g_autoptr (DhLayoutFind) find = dh_layout_find_new (scan, base_scan);
        if (layout->match (find, bases->pdata[b]) && find->items->len > 0)
          kinds |= 1u << layout->kind;
      }
  return kinds;
}
