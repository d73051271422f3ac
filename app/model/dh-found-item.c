#include "dh-found-item.h"
#include <glib/gi18n.h>

struct _DhFoundItem
{
  GObject parent_instance;
  DhImageItem *image;
  DhPictureObject object;
  DhScore score;
  DhFindMark mark;
  GBytes *crop;
  char *why;
};

G_DEFINE_FINAL_TYPE (DhFoundItem, dh_found_item, G_TYPE_OBJECT)

enum
{
  PROP_MARK = 1,
  PROP_CROP,
  N_PROPS,
};
static GParamSpec *properties[N_PROPS];

static const char *const ids[DH_N_FIND_MARKS] = { "", "seen", "real", "false" };

const char *
dh_find_mark_id (DhFindMark mark)
{
  return ids[mark];
}

DhFindMark
dh_find_mark_from_id (const char *id)
{
  for (guint i = 0; i < DH_N_FIND_MARKS; i++)
    if (g_str_equal (ids[i], id))
      return i;
  return DH_FIND_NEW;
}

const char *
dh_find_mark_title (DhFindMark mark)
{
  static const char *const titles[DH_N_FIND_MARKS] = { N_ ("New"), N_ ("Seen"), N_ ("Real"), N_ ("False alarm") };
  return _ (titles[mark]);
}

static void
dh_found_item_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  DhFoundItem *self = DH_FOUND_ITEM (object);
  if (id == PROP_MARK)
    g_value_set_uint (value, self->mark);
  else
    g_value_set_boxed (value, self->crop);
}

static void
dh_found_item_finalize (GObject *object)
{
  DhFoundItem *self = DH_FOUND_ITEM (object);
  g_object_unref (self->image);
  g_clear_pointer (&self->crop, g_bytes_unref);
  g_free (self->why);
  G_OBJECT_CLASS (dh_found_item_parent_class)->finalize (object);
}

static void
dh_found_item_class_init (DhFoundItemClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  object_class->get_property = dh_found_item_get_property;
  object_class->finalize = dh_found_item_finalize;
  properties[PROP_MARK] = g_param_spec_uint ("mark", NULL, NULL, 0, DH_N_FIND_MARKS - 1, 0, flags);
  properties[PROP_CROP] = g_param_spec_boxed ("crop", NULL, NULL, G_TYPE_BYTES, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
dh_found_item_init (DhFoundItem *self)
{
}

DhFoundItem *
dh_found_item_new (DhImageItem *image, const DhPictureObject *object, DhScore score, DhFindMark mark)
{
  DhFoundItem *self = g_object_new (DH_TYPE_FOUND_ITEM, NULL);
  self->image = g_object_ref (image);
  self->object = *object;
  self->score = score;
  self->mark = mark;
  return self;
}

DhImageItem *
dh_found_item_get_image (DhFoundItem *self)
{
  return self->image;
}

const DhPictureObject *
dh_found_item_get_object (DhFoundItem *self)
{
  return &self->object;
}

DhScore
dh_found_item_get_score (DhFoundItem *self)
{
  return self->score;
}

gboolean
dh_found_item_is_same (DhFoundItem *self, DhFoundItem *other)
{
  return self->image == other->image && self->score == other->score && self->object.peak_x == other->object.peak_x
         && self->object.peak_y == other->object.peak_y;
}

DhFindMark
dh_found_item_get_mark (DhFoundItem *self)
{
  return self->mark;
}

void
dh_found_item_set_mark (DhFoundItem *self, DhFindMark mark)
{
  if (self->mark == mark)
    return;
  self->mark = mark;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MARK]);
}

GBytes *
dh_found_item_get_crop (DhFoundItem *self, const char **why)
{
  *why = self->why;
  return self->crop;
}

void
dh_found_item_set_crop (DhFoundItem *self, GBytes *crop, const char *why)
{
  g_clear_pointer (&self->crop, g_bytes_unref);
  g_free (self->why);
  self->crop = crop != NULL ? g_bytes_ref (crop) : NULL;
  self->why = g_strdup (why);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CROP]);
}
