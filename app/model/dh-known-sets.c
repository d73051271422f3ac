#include "dh-known-sets.h"
#include <stdlib.h>

#define GROUP "data-sets"
#define KEY "known"
#define MOST 40

struct _DhKnownSet
{
  GObject parent_instance;
  char *path, *title;
  guint n_images;
};

G_DEFINE_FINAL_TYPE (DhKnownSet, dh_known_set, G_TYPE_OBJECT)

struct _DhKnownSets
{
  GObject parent_instance;
  DhSettings *settings;
  GPtrArray *sets; /* DhKnownSet */
};

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
known_set_new (const char *path, const char *title, guint n_images)
{
  DhKnownSet *self = g_object_new (DH_TYPE_KNOWN_SET, NULL);
  self->path = g_strdup (path);
  self->title = g_strdup (title);
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
dh_known_set_dup_name (DhKnownSet *self)
{
  g_autofree char *base = g_path_get_basename (self->path), *shown = g_filename_display_name (base);
  return g_strdup_printf ("%s · %s", self->title, shown);
}

/* "10 file:///data/smiyc SegmentMeIfYouCan": the path as a URI, for it may be no UTF-8 and has no spaces then. */

static char *
to_text (DhKnownSet *set)
{
  g_autofree char *uri = g_filename_to_uri (set->path, NULL, NULL);
  return uri != NULL ? g_strdup_printf ("%u %s %s", set->n_images, uri, set->title) : NULL;
}

static DhKnownSet *
from_text (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, " ", 3);
  if (g_strv_length (parts) != 3)
    return NULL;
  g_autofree char *path = g_filename_from_uri (parts[1], NULL, NULL);
  return path != NULL ? known_set_new (path, parts[2], (guint)strtoul (parts[0], NULL, 10)) : NULL;
}

static void
save (DhKnownSets *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < self->sets->len; i++)
    {
      g_autofree char *text = to_text (self->sets->pdata[i]);
      if (text != NULL)
        g_strv_builder_add (builder, text);
    }
  g_auto (GStrv) texts = g_strv_builder_end (builder);
  dh_settings_set_list (self->settings, GROUP, KEY, (const char *const *)texts);
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
dh_known_sets_finalize (GObject *object)
{
  g_ptr_array_unref (DH_KNOWN_SETS (object)->sets);
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
  self->sets = g_ptr_array_new_with_free_func (g_object_unref);
}

DhKnownSets *
dh_known_sets_new (DhSettings *settings)
{
  DhKnownSets *self = g_object_new (DH_TYPE_KNOWN_SETS, NULL);
  self->settings = settings;
  g_auto (GStrv) texts = dh_settings_dup_list (settings, GROUP, KEY);
  for (guint i = 0; texts != NULL && texts[i] != NULL && self->sets->len < MOST; i++)
    {
      DhKnownSet *set = from_text (texts[i]);
      if (set != NULL)
        g_ptr_array_add (self->sets, set);
    }
  return self;
}

static DhKnownSet *
take_off (DhKnownSets *self, const char *path, guint *position)
{
  for (guint i = 0; i < self->sets->len; i++)
    if (g_str_equal (((DhKnownSet *)self->sets->pdata[i])->path, path))
      {
        *position = i;
        DhKnownSet *set = g_object_ref (self->sets->pdata[i]);
        g_ptr_array_remove_index (self->sets, i);
        g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
        return set;
      }
  return NULL;
}

void
dh_known_sets_add (DhKnownSets *self, const char *path, const char *title, guint n_images)
{
  guint position;
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autoptr (DhKnownSet) before = take_off (self, absolute, &position);
  dh_known_sets_put_back (self, known_set_new (absolute, title, n_images), 0);
  if (self->sets->len > MOST)
    {
      g_ptr_array_remove_index (self->sets, MOST);
      g_list_model_items_changed (G_LIST_MODEL (self), MOST, 1, 0);
      save (self);
    }
}

DhKnownSet *
dh_known_sets_remove (DhKnownSets *self, const char *path, guint *position)
{
  DhKnownSet *set = take_off (self, path, position);
  if (set != NULL)
    save (self);
  return set;
}

void
dh_known_sets_put_back (DhKnownSets *self, DhKnownSet *set, guint position)
{
  position = MIN (position, self->sets->len);
  g_ptr_array_insert (self->sets, (gint)position, set);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
  save (self);
}
