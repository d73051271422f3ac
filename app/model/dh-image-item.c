#include "dh-image-item.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

struct _DhImageItem
{
  GObject parent_instance;
  guint index;
  char *stem, *name, *group;
  gboolean labelled;
  DhItemState state;
  char *reason;
  GBytes *thumbnail;
  guint thumbnail_width, thumbnail_height;
  DhItemMetrics metrics;
  gint n_missed, n_false;
  double largest_missed; /* of those */
  char **tags;
  char *note;
};

enum
{
  PROP_STATE = 1,
  PROP_THUMBNAIL,
  PROP_METRICS,
  PROP_OBJECTS,
  PROP_MARKS,
  N_PROPS,
};
static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (DhImageItem, dh_image_item, G_TYPE_OBJECT)

static void
dh_image_item_finalize (GObject *object)
{
  DhImageItem *self = DH_IMAGE_ITEM (object);
  g_free (self->stem);
  g_free (self->name);
  g_free (self->group);
  g_free (self->reason);
  g_strfreev (self->tags);
  g_free (self->note);
  g_clear_pointer (&self->thumbnail, g_bytes_unref);
  G_OBJECT_CLASS (dh_image_item_parent_class)->finalize (object);
}

static void
dh_image_item_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  DhImageItem *self = DH_IMAGE_ITEM (object);
  switch (id)
    {
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;
    case PROP_THUMBNAIL:
      g_value_set_boxed (value, self->thumbnail);
      break;
    case PROP_METRICS:
      g_value_set_boolean (value, self->metrics.evaluated);
      break;
    case PROP_OBJECTS:
      g_value_set_boolean (value, self->n_missed >= 0);
      break;
    case PROP_MARKS:
      g_value_set_boolean (value, dh_image_item_is_marked (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
dh_image_item_class_init (DhImageItemClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->finalize = dh_image_item_finalize;
  object_class->get_property = dh_image_item_get_property;
  properties[PROP_STATE] =
      g_param_spec_uint ("state", NULL, NULL, 0, DH_ITEM_FAILED, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_THUMBNAIL] =
      g_param_spec_boxed ("thumbnail", NULL, NULL, G_TYPE_BYTES, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_METRICS] =
      g_param_spec_boolean ("metrics", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_OBJECTS] =
      g_param_spec_boolean ("objects", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_MARKS] = g_param_spec_boolean ("marks", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
dh_image_item_init (DhImageItem *self)
{
  self->metrics = DH_ITEM_METRICS_NONE;
  self->n_missed = self->n_false = -1;
  self->tags = g_new0 (char *, 1);
  self->note = g_strdup ("");
}

DhImageItem *
dh_image_item_new (guint index, const char *stem, const char *group, gboolean labelled)
{
  DhImageItem *self = g_object_new (DH_TYPE_IMAGE_ITEM, NULL);
  const char *slash = strrchr (stem, '/');
  self->index = index;
  self->stem = g_strdup (stem);
  self->name = g_strdup (slash != NULL ? slash + 1 : stem);
  self->group = g_strdup (group);
  self->labelled = labelled;
  return self;
}

guint
dh_image_item_get_index (DhImageItem *self)
{
  return self->index;
}

const char *
dh_image_item_get_stem (DhImageItem *self)
{
  return self->stem;
}

const char *
dh_image_item_get_name (DhImageItem *self)
{
  return self->name;
}

const char *
dh_image_item_get_group (DhImageItem *self)
{
  return self->group;
}

gboolean
dh_image_item_is_labelled (DhImageItem *self)
{
  return self->labelled;
}

void
dh_image_item_set_labelled (DhImageItem *self, gboolean labelled)
{
  self->labelled = labelled;
}

DhItemState
dh_image_item_get_state (DhImageItem *self)
{
  return self->state;
}

const char *
dh_image_item_get_reason (DhImageItem *self)
{
  return self->reason;
}

void
dh_image_item_set_state (DhImageItem *self, DhItemState state, const char *reason)
{
  if (self->state == state && g_strcmp0 (self->reason, reason) == 0)
    return;
  self->state = state;
  g_free (self->reason);
  self->reason = g_strdup (reason);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

GBytes *
dh_image_item_get_thumbnail (DhImageItem *self, guint *width, guint *height)
{
  *width = self->thumbnail_width;
  *height = self->thumbnail_height;
  return self->thumbnail;
}

void
dh_image_item_set_thumbnail (DhImageItem *self, GBytes *rgb, guint width, guint height)
{
  g_clear_pointer (&self->thumbnail, g_bytes_unref);
  self->thumbnail = rgb != NULL ? g_bytes_ref (rgb) : NULL;
  self->thumbnail_width = width;
  self->thumbnail_height = height;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_THUMBNAIL]);
}

const DhItemMetrics *
dh_image_item_get_metrics (DhImageItem *self)
{
  return &self->metrics;
}

const char *
dh_image_item_why_no_ap (DhImageItem *self)
{
  const DhItemMetrics *metrics = &self->metrics;
  if (!metrics->evaluated || !isnan (metrics->ap))
    return NULL;
  return metrics->n_anomaly + metrics->n_inlier == 0 ? _ ("no anomaly label")
         : metrics->n_anomaly == 0                   ? _ ("no anomaly pixels")
                                                     : _ ("no inlier pixels");
}

void
dh_image_item_set_metrics (DhImageItem *self, const DhItemMetrics *metrics)
{
  self->metrics = *metrics;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_METRICS]);
}

gint
dh_image_item_get_n_missed (DhImageItem *self)
{
  return self->n_missed;
}

gint
dh_image_item_get_n_false (DhImageItem *self)
{
  return self->n_false;
}

double
dh_image_item_get_largest_missed (DhImageItem *self)
{
  return self->n_missed >= 0 ? self->largest_missed : self->metrics.largest_missed;
}

void
dh_image_item_set_objects (DhImageItem *self, gint n_missed, gint n_false, double largest_missed)
{
  self->largest_missed = largest_missed;
  if (self->n_missed == n_missed && self->n_false == n_false)
    return;
  self->n_missed = n_missed;
  self->n_false = n_false;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OBJECTS]);
}

const char *const *
dh_image_item_get_tags (DhImageItem *self)
{
  return (const char *const *)self->tags;
}

gboolean
dh_image_item_has_tag (DhImageItem *self, const char *tag)
{
  return g_strv_contains ((const char *const *)self->tags, tag);
}

const char *
dh_image_item_get_note (DhImageItem *self)
{
  return self->note;
}

gboolean
dh_image_item_is_marked (DhImageItem *self)
{
  return self->tags[0] != NULL || *self->note != '\0';
}

static int
compare_tags (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *)a, *(const char *const *)b);
}

void
dh_image_item_set_tags (DhImageItem *self, const char *const *tags)
{
  char **copy = g_strdupv ((char **)tags);
  qsort (copy, g_strv_length (copy), sizeof *copy, compare_tags);
  g_strfreev (self->tags);
  self->tags = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MARKS]);
}

void
dh_image_item_set_note (DhImageItem *self, const char *note)
{
  if (g_str_equal (self->note, note))
    return;
  g_free (self->note);
  self->note = g_strdup (note);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MARKS]);
}

struct _DhImageGroup
{
  GObject parent_instance;
  char *title;
  guint size;
};

G_DEFINE_FINAL_TYPE (DhImageGroup, dh_image_group, G_TYPE_OBJECT)

static void
dh_image_group_finalize (GObject *object)
{
  g_free (DH_IMAGE_GROUP (object)->title);
  G_OBJECT_CLASS (dh_image_group_parent_class)->finalize (object);
}

static void
dh_image_group_class_init (DhImageGroupClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_image_group_finalize;
}

static void
dh_image_group_init (DhImageGroup *self)
{
}

DhImageGroup *
dh_image_group_new (const char *title, guint size)
{
  DhImageGroup *self = g_object_new (DH_TYPE_IMAGE_GROUP, NULL);
  self->title = g_strdup (title);
  self->size = size;
  return self;
}

const char *
dh_image_group_get_title (DhImageGroup *self)
{
  return self->title;
}

guint
dh_image_group_get_size (DhImageGroup *self)
{
  return self->size;
}
