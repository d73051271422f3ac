#include "dh-known-sets.h"
#include <stdlib.h>
#include <string.h>
#include "dh-reading.h"

#define GROUP "data-sets"
#define KEY "known"
#define MOST 40

struct _DhKnownSet
{
  GObject parent_instance;
  char *path, *title, *reading;
  guint n_images;
};

G_DEFINE_FINAL_TYPE (DhKnownSet, dh_known_set, G_TYPE_OBJECT)

struct _DhKnownSets
{
  GObject parent_instance;
  DhSettings *settings;
  GPtrArray *sets; /* DhKnownSet */
  GArray *removed; /* Removed, those that can be put back */
  guint n_removed;
  GHashTable *ours; /* paths that were added or removed here: of others what the file says counts */
};

typedef struct
{
  guint id, position;
  DhKnownSet *set;
} Removed;

static void list_model_init (GListModelInterface *interface);
G_DEFINE_FINAL_TYPE_WITH_CODE (DhKnownSets, dh_known_sets, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* One set */

static void
dh_known_set_finalize (GObject *object)
{
  DhKnownSet *self = DH_KNOWN_SET (object);
  g_free (self->path);
  g_free (self->title);
  g_free (self->reading);
  G_OBJECT_CLASS (dh_known_set_parent_class)->finalize (object);
}

static void
dh_known_set_class_init (DhKnownSetClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_known_set_finalize;
}

static void
dh_known_set_init (DhKnownSet *self)
{
}

static DhKnownSet *
known_set_new (const char *path, const char *title, guint n_images, const char *reading)
{
  DhKnownSet *self = g_object_new (DH_TYPE_KNOWN_SET, NULL);
  self->path = g_strdup (path);
  self->title = g_strdup (title);
  self->reading = g_strdup (reading);
  self->n_images = n_images;
  return self;
}

const char *
dh_known_set_get_path (DhKnownSet *self)
{
  return self->path;
}

const char *
dh_known_set_get_title (DhKnownSet *self)
{
  return self->title;
}

guint
dh_known_set_get_n_images (DhKnownSet *self)
{
  return self->n_images;
}

char *
dh_known_set_dup_part (DhKnownSet *self)
{
  g_autoptr (DhReading) reading = dh_reading_from_text (self->reading);
  return g_steal_pointer (&reading->splits);
}

char *
dh_known_set_dup_name (DhKnownSet *self)
{
  g_autofree char *base = g_path_get_basename (self->path), *shown = g_filename_display_name (base);
  return g_strdup_printf ("%s · %s", self->title, shown);
}

/* "10 file:///data/smiyc as:splits=test SegmentMeIfYouCan": the path as a URI, for it may be no UTF-8 and has no spaces
 * then; how it is to be read only where that was chosen. */
#define AS "as:"

static char *
to_text (DhKnownSet *set)
{
  g_autofree char *uri = g_filename_to_uri (set->path, NULL, NULL);
  const gboolean has = *set->reading != '\0';
  return uri != NULL ? g_strdup_printf ("%u %s %s%s%s%s", set->n_images, uri, has ? AS : "", set->reading,
                                        has ? " " : "", set->title)
                     : NULL;
}

static DhKnownSet *
from_text (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, " ", 3);
  if (g_strv_length (parts) != 3)
    return NULL;
  g_autofree char *path = g_filename_from_uri (parts[1], NULL, NULL);
  char *title = parts[2], *space = g_str_has_prefix (title, AS) ? strchr (title, ' ') : NULL;
  g_autofree char *reading = space != NULL ? g_strndup (title + strlen (AS), space - title - strlen (AS)) : NULL;
  return path != NULL ? known_set_new (path, space != NULL ? space + 1 : title, (guint)strtoul (parts[0], NULL, 10),
                                       reading != NULL ? reading : "")
                      : NULL;
}

static const char *
get_path (GPtrArray *sets, guint i)
{
  return ((DhKnownSet *)sets->pdata[i])->path;
}

/* Their number: none. */
static guint
find (GPtrArray *sets, const char *path)
{
  guint i = 0;
  while (i < sets->len && !g_str_equal (get_path (sets, i), path))
    i++;
  return i;
}

/* Takes `texts`; each path once, no more than there may be. */
static GPtrArray *
read_sets (char **texts)
{
  GPtrArray *sets = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; texts != NULL && texts[i] != NULL && sets->len < MOST; i++)
    {
      g_autoptr (DhKnownSet) set = from_text (texts[i]);
      if (set != NULL && find (sets, set->path) == sets->len)
        g_ptr_array_add (sets, g_steal_pointer (&set));
    }
  g_strfreev (texts);
  return sets;
}

static gboolean
is_ours (DhKnownSets *self, DhKnownSet *set)
{
  return g_hash_table_contains (self->ours, set->path);
}

static void
add_text (GPtrArray *texts, DhKnownSet *set)
{
  char *text = texts->len < MOST ? to_text (set) : NULL;
  if (text != NULL)
    g_ptr_array_add (texts, text);
}

/* What other windows have opened meanwhile comes behind what was opened here last; what they took off, or opened in
 * another way, is as they left it. This window's own list does not change. */
static void
save (DhKnownSets *self)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) theirs = read_sets (dh_settings_read_list (self->settings, GROUP, KEY));
  guint i = 0;
  for (; i < self->sets->len && is_ours (self, self->sets->pdata[i]); i++)
    add_text (texts, self->sets->pdata[i]);
  for (guint k = 0; k < theirs->len; k++)
    if (!is_ours (self, theirs->pdata[k]) && find (self->sets, get_path (theirs, k)) == self->sets->len)
      add_text (texts, theirs->pdata[k]);
  for (; i < self->sets->len; i++)
    {
      const guint k = find (theirs, get_path (self->sets, i));
      if (k < theirs->len && !is_ours (self, theirs->pdata[k]))
        add_text (texts, theirs->pdata[k]);
      else if (theirs->len == 0 || is_ours (self, self->sets->pdata[i]))
        add_text (texts, self->sets->pdata[i]);
    }
  g_ptr_array_add (texts, NULL);
  dh_settings_set_list (self->settings, GROUP, KEY, (const char *const *)texts->pdata);
}

/* The list */

static GType
get_item_type (GListModel *model)
{
  return DH_TYPE_KNOWN_SET;
}

static guint
get_n_items (GListModel *model)
{
  return DH_KNOWN_SETS (model)->sets->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  DhKnownSets *self = DH_KNOWN_SETS (model);
  return position < self->sets->len ? g_object_ref (self->sets->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = get_item_type;
  interface->get_n_items = get_n_items;
  interface->get_item = get_item;
}

static void
removed_clear (gpointer data)
{
  g_object_unref (((Removed *)data)->set);
}

static void
dh_known_sets_finalize (GObject *object)
{
  g_ptr_array_unref (DH_KNOWN_SETS (object)->sets);
  g_array_unref (DH_KNOWN_SETS (object)->removed);
  g_hash_table_unref (DH_KNOWN_SETS (object)->ours);
  G_OBJECT_CLASS (dh_known_sets_parent_class)->finalize (object);
}

static void
dh_known_sets_class_init (DhKnownSetsClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_known_sets_finalize;
}

static void
dh_known_sets_init (DhKnownSets *self)
{
  self->ours = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->removed = g_array_new (FALSE, FALSE, sizeof (Removed));
  g_array_set_clear_func (self->removed, removed_clear);
}

DhKnownSets *
dh_known_sets_new (DhSettings *settings)
{
  DhKnownSets *self = g_object_new (DH_TYPE_KNOWN_SETS, NULL);
  self->settings = settings;
  self->sets = read_sets (dh_settings_dup_list (settings, GROUP, KEY));
  return self;
}

/* What was taken off stands between the others at its `position`, and of several at one as they are in `removed`. So
 * each finds its place again in whichever order they are put back. */

static void
insert (DhKnownSets *self, DhKnownSet *set, guint position)
{
  position = MIN (position, self->sets->len);
  g_ptr_array_insert (self->sets, (gint)position, set);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
}

static void
trim (DhKnownSets *self)
{
  if (self->sets->len <= MOST)
    return;
  const guint more = self->sets->len - MOST;
  for (guint i = MOST; i < self->sets->len; i++)
    g_hash_table_add (self->ours, g_strdup (get_path (self->sets, i)));
  g_ptr_array_set_size (self->sets, MOST);
  g_list_model_items_changed (G_LIST_MODEL (self), MOST, more, 0);
}

static DhKnownSet *
take_off (DhKnownSets *self, const char *path, guint *position)
{
  const guint i = find (self->sets, path);
  if (i == self->sets->len)
    return NULL;
  *position = i;
  DhKnownSet *set = g_object_ref (self->sets->pdata[i]);
  g_ptr_array_remove_index (self->sets, i);
  for (guint k = 0; k < self->removed->len; k++)
    {
      Removed *other = &g_array_index (self->removed, Removed, k);
      other->position -= other->position > i;
    }
  g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
  return set;
}

void
dh_known_sets_add (DhKnownSets *self, const char *path, const char *title, guint n_images, const char *reading)
{
  guint position;
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autoptr (DhKnownSet) before = take_off (self, absolute, &position);
  g_hash_table_add (self->ours, g_strdup (absolute));
  for (guint k = 0; k < self->removed->len; k++)
    g_array_index (self->removed, Removed, k).position++;
  insert (self, known_set_new (absolute, title, n_images, reading), 0);
  trim (self);
  save (self);
}

char *
dh_known_sets_dup_reading (DhKnownSets *self, const char *path)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  const guint i = find (self->sets, absolute);
  return i < self->sets->len ? g_strdup (((DhKnownSet *)self->sets->pdata[i])->reading) : NULL;
}

DhKnownSet *
dh_known_sets_remove (DhKnownSets *self, const char *path, guint *id)
{
  Removed removed = { .id = ++self->n_removed };
  /* Counted before: those right behind it come to its position. */
  const guint position = find (self->sets, path);
  guint k = 0;
  while (k < self->removed->len && g_array_index (self->removed, Removed, k).position <= position)
    k++;
  removed.set = take_off (self, path, &removed.position);
  if (removed.set == NULL)
    return NULL;
  g_array_insert_val (self->removed, k, removed);
  g_hash_table_add (self->ours, g_strdup (removed.set->path));
  save (self);
  *id = removed.id;
  return g_object_ref (removed.set);
}

void
dh_known_sets_put_back (DhKnownSets *self, guint id)
{
  guint k = 0;
  while (k < self->removed->len && g_array_index (self->removed, Removed, k).id != id)
    k++;
  if (k == self->removed->len)
    return;
  const guint position = g_array_index (self->removed, Removed, k).position;
  g_autoptr (DhKnownSet) set = g_object_ref (g_array_index (self->removed, Removed, k).set);
  g_array_remove_index (self->removed, k);
  /* Opened again since. */
  if (find (self->sets, set->path) < self->sets->len)
    return;
  for (; k < self->removed->len; k++)
    g_array_index (self->removed, Removed, k).position++;
  insert (self, g_steal_pointer (&set), position);
  trim (self);
  save (self);
}
