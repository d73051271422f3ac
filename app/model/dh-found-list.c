#include "dh-found-list.h"
#include <gio/gio.h>
#include <math.h>
#include <stdlib.h>
#include "dh-found-crops-private.h"
#include "dh-session-finds.h"
#include "dh-session-private.h"
#include "dh-session-set-objects.h"

typedef struct
{
  guint image; /* among the objects' pictures */
  DhFindMark mark;
  const DhPictureObject *object; /* of these */
  DhFoundItem *item;             /* while anybody has it */
} Entry;

struct _DhFoundList
{
  GObject parent_instance;
  DhSession *session;
  DhSetObjects *objects; /* NULL: there are none */
  Entry *entries;
  guint n, of;
  DhFoundCrops *crops;
};

static void list_model_init (GListModelInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DhFoundList, dh_found_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static GType
get_item_type (GListModel *model)
{
  return DH_TYPE_FOUND_ITEM;
}

static guint
get_n_items (GListModel *model)
{
  return DH_FOUND_LIST (model)->n;
}

static gpointer
get_item (GListModel *model, guint position)
{
  DhFoundList *self = DH_FOUND_LIST (model);
  if (position >= self->n)
    return NULL;
  Entry *entry = &self->entries[position];
  if (entry->item != NULL)
    return g_object_ref (entry->item);
  entry->item =
      dh_found_item_new (self->objects->pictures[entry->image].item, entry->object, self->objects->score, entry->mark);
  g_object_add_weak_pointer (G_OBJECT (entry->item), (gpointer *)&entry->item);
  return entry->item;
}

static void
list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = get_item_type;
  interface->get_n_items = get_n_items;
  interface->get_item = get_item;
}

static void
forget (DhFoundList *self)
{
  for (guint i = 0; i < self->n; i++)
    if (self->entries[i].item != NULL)
      g_object_remove_weak_pointer (G_OBJECT (self->entries[i].item), (gpointer *)&self->entries[i].item);
  g_clear_pointer (&self->entries, g_free);
  g_clear_pointer (&self->objects, dh_set_objects_unref);
  self->n = self->of = 0;
}

/* As they lie in the set and in the image, where nothing else tells them apart. */
static int
compare_places (const Entry *a, const Entry *b)
{
  if (a->image != b->image)
    return a->image < b->image ? -1 : 1;
  if (a->object->y != b->object->y)
    return a->object->y < b->object->y ? -1 : 1;
  return (a->object->x > b->object->x) - (a->object->x < b->object->x);
}

static int
compare_images (gconstpointer a, gconstpointer b)
{
  return compare_places (a, b);
}

static int
compare_areas (gconstpointer a, gconstpointer b)
{
  const Entry *left = a, *right = b;
  if (left->object->area != right->object->area)
    return left->object->area > right->object->area ? -1 : 1;
  return compare_places (left, right);
}

/* The most anomalous first. */
static int
compare_high (gconstpointer a, gconstpointer b)
{
  const Entry *left = a, *right = b;
  if (left->object->peak != right->object->peak)
    return left->object->peak > right->object->peak ? -1 : 1;
  return compare_places (left, right);
}

static int
compare_low (gconstpointer a, gconstpointer b)
{
  const Entry *left = a, *right = b;
  if (left->object->peak != right->object->peak)
    return left->object->peak < right->object->peak ? -1 : 1;
  return compare_places (left, right);
}

static gboolean
is_wanted (const char *shown, DhFindMark mark)
{
  if (g_str_equal (shown, "open"))
    return mark == DH_FIND_NEW || mark == DH_FIND_SEEN;
  return g_str_equal (shown, "all") || g_str_equal (shown, dh_find_mark_id (mark));
}

static void
collect (DhFoundList *self)
{
  DhView *view = dh_session_get_view (self->session);
  const char *shown = dh_view_get_string (view, "finds-shown");
  const guint64 least = g_ascii_strtoull (dh_view_get_string (view, "finds-least"), NULL, 10);
  const DhScore score = self->objects->score;
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  for (guint i = 0; i < self->objects->n; i++)
    {
      const DhPictureComponents *found = self->objects->pictures[i].components;
      const DhFindMarks *marks = found != NULL && found->n > 0
                                     ? dh_session_get_find_marks (self->session, self->objects->pictures[i].item)
                                     : NULL;
      for (guint k = 0; found != NULL && k < found->n; k++)
        {
          const DhPictureObject *object = &found->items[k];
          if (object->kind == DH_OBJECT_MISSED)
            continue;
          const Entry entry = { i, dh_find_marks_get (marks, score, object), object, NULL };
          self->of++;
          if (object->area >= least && is_wanted (shown, entry.mark))
            g_array_append_val (entries, entry);
        }
    }
  self->n = entries->len;
  self->entries = (Entry *)g_array_free (g_steal_pointer (&entries), FALSE);
  const char *order = dh_view_get_string (view, "finds-order");
  if (self->n > 1)
    qsort (self->entries, self->n, sizeof *self->entries,
           g_str_equal (order, "image")   ? compare_images
           : g_str_equal (order, "area")  ? compare_areas
           : dh_score_flags_above (score) ? compare_high
                                          : compare_low);
}

static void
renew (DhFoundList *self)
{
  const guint before = self->n;
  DhSetObjects *objects = (DhSetObjects *)dh_session_get_set_objects (self->session);
  if (objects != NULL)
    dh_set_objects_ref (objects);
  forget (self);
  self->objects = objects;
  if (objects != NULL)
    collect (self);
  dh_session_trace (self->session, "finds %u of %u", self->n, self->of);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before, self->n);
}

static void
on_set_objects (DhFoundList *self)
{
  if (dh_session_get_set_objects (self->session) != self->objects)
    renew (self);
}

static void
on_set (DhFoundList *self)
{
  dh_found_crops_drop (self->crops);
}

static void
dh_found_list_dispose (GObject *object)
{
  DhFoundList *self = DH_FOUND_LIST (object);
  forget (self);
  g_clear_pointer (&self->crops, dh_found_crops_free);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_found_list_parent_class)->dispose (object);
}

static void
dh_found_list_class_init (DhFoundListClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_found_list_dispose;
}

static void
dh_found_list_init (DhFoundList *self)
{
}

DhFoundList *
dh_found_list_new (DhSession *session)
{
  static const char *const of_view[] = { "notify::finds-order", "notify::finds-least", "notify::finds-shown" };
  DhFoundList *self = g_object_new (DH_TYPE_FOUND_LIST, NULL);
  self->session = g_object_ref (session);
  self->crops = dh_found_crops_new ();
  for (guint i = 0; i < G_N_ELEMENTS (of_view); i++)
    g_signal_connect_object (dh_session_get_view (session), of_view[i], G_CALLBACK (renew), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "set-objects", G_CALLBACK (on_set_objects), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "find-marks", G_CALLBACK (renew), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::dataset-title", G_CALLBACK (on_set), self, G_CONNECT_SWAPPED);
  renew (self);
  return self;
}

guint
dh_found_list_count (DhFoundList *self)
{
  return self->of;
}

gint
dh_found_list_find (DhFoundList *self, DhFoundItem *item)
{
  if (item == NULL || self->objects == NULL || dh_found_item_get_score (item) != self->objects->score)
    return -1;
  const DhPictureObject *wanted = dh_found_item_get_object (item);
  for (guint i = 0; i < self->n; i++)
    {
      const DhPictureObject *object = self->entries[i].object;
      if (object->peak_x == wanted->peak_x && object->peak_y == wanted->peak_y
          && self->objects->pictures[self->entries[i].image].item == dh_found_item_get_image (item))
        return (gint)i;
    }
  return -1;
}

void
dh_found_list_mark (DhFoundList *self, guint position, DhFindMark mark)
{
  g_autoptr (DhFoundItem) item = g_list_model_get_item (G_LIST_MODEL (self), position);
  if (item == NULL)
    return;
  self->entries[position].mark = mark;
  dh_session_mark_find (self->session, item, mark);
}

void
dh_found_list_show_crop (DhFoundList *self, DhFoundItem *item)
{
  if (self->crops != NULL && self->session->dataset != NULL)
    dh_found_crops_show (self->crops, self->session->dataset, item);
}

void
dh_found_list_leave_crop (DhFoundList *self, DhFoundItem *item)
{
  if (self->crops != NULL)
    dh_found_crops_leave (self->crops, item);
}
