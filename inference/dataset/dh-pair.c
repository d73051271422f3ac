#include "dh-pair-private.h"

#include <string.h>

static gboolean
is_split_name (const char *name, gsize length)
{
  static const char *const names[] = { "train", "training", "val",         "valid",    "validation",
                                       "test",  "testing",  "train_extra", "demoVideo" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strlen (names[i]) == length && memcmp (names[i], name, length) == 0)
      return TRUE;
  return FALSE;
}

char *
dh_pair_join (const char *base, const char *rest)
{
  return base[0] == '\0' ? g_strdup (rest) : rest[0] == '\0' ? g_strdup (base) : g_strconcat (base, "/", rest, NULL);
}

DhItem *
dh_pair_add_item (DhLayoutFind *find, const char *key, const char *split, const char *group, const char *image,
                  const char *label, DhLabelForm form)
{
  DhItem *item = g_new0 (DhItem, 1);
  const char *name = strrchr (key, '/');
  item->item.stem = g_strdup (key);
  item->item.id = g_strdup (name ? name + 1 : key);
  item->item.split = g_strdup (split);
  item->item.group = g_strdup (group);
  item->item.image = g_build_filename (find->scan->root, image, NULL);
  item->item.label = label ? g_build_filename (find->scan->root, label, NULL) : NULL;
  item->form = form;
  g_ptr_array_add (find->items, item);
  return item;
}

/* Split and group off the folders of a key. */
void
dh_pair_place (const char *key, const char *fixed_split, char **split, char **group)
{
  const char *slash = strchr (key, '/');
  *split = g_strdup (fixed_split ? fixed_split : "");
  if (!fixed_split && slash && is_split_name (key, slash - key))
    {
      g_free (*split);
      *split = g_strndup (key, slash - key);
      key = slash + 1;
      slash = strchr (key, '/');
    }
  *group = slash ? g_strndup (key, slash - key) : g_strdup ("");
}

/* The stem of a path below a folder if it ends in `suffix`, without it; else NULL. */
char *
dh_pair_key (const char *path, const char *folder, const char *suffix)
{
  const gsize skip = folder[0] ? strlen (folder) + 1 : 0;
  const gsize stem = dh_path_stem_length (path), tail = strlen (suffix);
  if (stem < skip + tail + 1 || memcmp (path + stem - tail, suffix, tail) != 0 || path[stem - tail - 1] == '/')
    return NULL;
  return g_strndup (path + skip, stem - tail - skip);
}

gboolean
dh_pair_is_png (const char *path)
{
  return g_ascii_strcasecmp (path + dh_path_stem_length (path), ".png") == 0;
}

/* The label of a key, or NULL. */
static char *
find_label (DhLayoutFind *find, const char *folder, const char *key, const DhPairRule *rule, DhLabelForm *form)
{
  static const char *const extensions[] = { ".png", ".PNG", ".webp", ".jpg", ".jpeg", ".JPG", ".tif", ".tiff", ".bmp" };
  for (guint i = 0; i < 2 && rule->label_suffixes[i]; i++)
    for (guint e = 0; e < (rule->any_picture ? G_N_ELEMENTS (extensions) : 2); e++)
      {
        g_autofree char *name = g_strconcat (key, rule->label_suffixes[i], extensions[e], NULL);
        char *path = dh_pair_join (folder, name);
        if (dh_scan_has_file (find->scan, path))
          {
            *form = rule->forms[i];
            return path;
          }
        g_free (path);
      }
  return NULL;
}

static void
add_orphans (DhLayoutFind *find, const char *folder, const char *suffix, const DhPairRule *rule, GHashTable *keys)
{
  guint first, end;
  dh_scan_under (find->scan, folder, &first, &end);
  for (guint i = first; i < end; i++)
    {
      const char *path = find->scan->files->pdata[i];
      const gboolean fits = rule->any_picture ? dh_path_is_picture (path) : dh_pair_is_png (path);
      g_autofree char *key = fits ? dh_pair_key (path, folder, suffix) : NULL;
      if (key && !g_hash_table_contains (keys, key))
        g_ptr_array_add (find->orphans, g_strdup (path));
    }
}

/* Whether a picture under the images' folder is a label: where their folder lies within that one. */
static gboolean
lies_in (const char *path, const char *label_dir, const char *image_dir)
{
  const gsize n = strlen (label_dir), m = strlen (image_dir);
  return n > m && strncmp (path, label_dir, n) == 0 && path[n] == '/';
}

static char *
dup_mask (DhLayoutFind *find, const char *label_dir, const char *key, const char *ending, const char *label)
{
  g_autofree char *name = g_strconcat (key, ending, ".png", NULL);
  return g_build_filename (find->scan->root, label ? label : label_dir, label ? NULL : name, NULL);
}

gboolean
dh_pair_match (DhLayoutFind *find, const char *base, const DhPairRule *rule)
{
  g_autofree char *image_dir = dh_pair_join (base, rule->image_dir);
  g_autofree char *label_dir = dh_pair_join (base, rule->label_dir);
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const guint before = find->items->len + find->orphans->len;
  guint first, end;
  dh_scan_under (find->scan, image_dir, &first, &end);
  if (!dh_scan_has_folder (find->scan, image_dir))
    end = first;
  for (guint i = first; i < end; i++)
    {
      const char *path = find->scan->files->pdata[i];
      g_autofree char *key = dh_path_is_picture (path) ? dh_pair_key (path, image_dir, rule->image_suffix) : NULL;
      if (!key || lies_in (path, label_dir, image_dir))
        continue;
      if (g_hash_table_contains (keys, key))
        {
          find->n_duplicates++;
          continue;
        }
      DhLabelForm form = rule->forms[0];
      g_autofree char *label = find_label (find, label_dir, key, rule, &form);
      g_autofree char *split = NULL, *group = NULL;
      dh_pair_place (key, rule->split, &split, &group);
      DhItem *item = dh_pair_add_item (find, key, split, group, path, label, form);
      if (rule->any_picture)
        item->mask = dup_mask (find, label_dir, key, rule->label_suffixes[0], label);
      g_hash_table_add (keys, g_steal_pointer (&key));
    }
  if (dh_scan_has_folder (find->scan, label_dir))
    for (guint i = 0; i < 2 && rule->label_suffixes[i]; i++)
      add_orphans (find, label_dir, rule->label_suffixes[i], rule, keys);
  return find->items->len + find->orphans->len > before;
}

gboolean
dh_pair_has_folder (DhLayoutFind *find, const char *base, const char *folder)
{
  g_autofree char *path = dh_pair_join (base, folder);
  return dh_scan_has_folder (find->scan, path);
}
