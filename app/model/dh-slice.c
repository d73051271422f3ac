#include "dh-slice.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-image-filter.h"
#include "dh-place.h"

struct _DhSlice
{
  GObject parent_instance;
  DhSliceKind kind;
  char *name, *filter;
  guint order;
  DhPlace place;
  gint class_id;
  guint64 from, below;
  GArray *members; /* guint */
  char *sum;       /* of them; NULL before it was asked for */
  DhSliceNumbers numbers;
};

G_DEFINE_FINAL_TYPE (DhSlice, dh_slice, G_TYPE_OBJECT)

/* Sides of squares, after ISSU: an object of fewer pixels is in an earlier bin. */
static const struct
{
  guint below;
  const char *name;
} sizes[] = {
  { 16, N_ ("Too small: under 16²") },
  { 3 * 16, N_ ("Small: 16² to 48²") },
  { 7 * 16, N_ ("Large: 48² to 112²") },
  { 0, N_ ("Very large: from 112²") },
};

static const char *const places[DH_N_PLACES] = {
  [DH_PLACE_TOP] = N_ ("Top third"),
  [DH_PLACE_MIDDLE] = N_ ("Middle third"),
  [DH_PLACE_BOTTOM] = N_ ("Bottom third"),
  [DH_PLACE_BORDER] = N_ ("Near the border"),
  [DH_PLACE_INNER] = N_ ("Away from the border"),
};

static void
dh_slice_finalize (GObject *object)
{
  DhSlice *self = DH_SLICE (object);
  g_free (self->name);
  g_free (self->filter);
  g_array_unref (self->members);
  g_free (self->sum);
  g_free (self->numbers.why_not_ranked);
  g_free (self->numbers.why_not_counted);
  G_OBJECT_CLASS (dh_slice_parent_class)->finalize (object);
}

static void
dh_slice_class_init (DhSliceClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_slice_finalize;
}

static void
dh_slice_init (DhSlice *self)
{
  self->members = g_array_new (FALSE, FALSE, sizeof (guint));
  self->below = G_MAXUINT64;
  self->place = DH_N_PLACES;
  self->class_id = -1;
  DhSliceNumbers *numbers = &self->numbers;
  numbers->ap = numbers->fpr95 = numbers->auroc = NAN;
  numbers->f1 = numbers->tpr = numbers->fpr = numbers->siou = NAN;
  numbers->fp_share = numbers->fn_share = NAN;
}

const char *
dh_slice_kind_title (DhSliceKind kind)
{
  switch (kind)
    {
    case DH_SLICE_WHOLE:
      return _ ("Set");
    case DH_SLICE_ANOMALIES:
      return _ ("Anomalies");
    case DH_SLICE_SCENE:
      return _ ("Scene");
    case DH_SLICE_TAG:
      return _ ("Tag");
    case DH_SLICE_PLACE:
      return _ ("Place");
    case DH_SLICE_CLASS:
      return _ ("Class");
    case DH_SLICE_SIZE:
      return _ ("Size");
    case DH_N_SLICE_KINDS:
    default:
      g_return_val_if_reached ("");
    }
}

DhSliceKind
dh_slice_get_kind (DhSlice *self)
{
  return self->kind;
}

const char *
dh_slice_get_name (DhSlice *self)
{
  return self->name;
}

const char *
dh_slice_get_filter (DhSlice *self)
{
  return self->filter;
}

gboolean
dh_slice_is_of_objects (DhSlice *self)
{
  return self->kind == DH_SLICE_PLACE || self->kind == DH_SLICE_CLASS || self->kind == DH_SLICE_SIZE;
}

guint
dh_slice_get_order (DhSlice *self)
{
  return self->order;
}

guint
dh_slice_get_place (DhSlice *self)
{
  return self->place;
}

gint
dh_slice_get_class (DhSlice *self)
{
  return self->class_id;
}

gboolean
dh_slice_is_part_of_pictures (DhSlice *self)
{
  return self->place != DH_N_PLACES || self->class_id >= 0;
}

const DhSliceNumbers *
dh_slice_get_numbers (DhSlice *self)
{
  return &self->numbers;
}

void
dh_slice_get_areas (DhSlice *self, guint64 *from, guint64 *below)
{
  *from = self->from;
  *below = self->below;
}

const GArray *
dh_slice_get_members (DhSlice *self)
{
  return self->members;
}

const char *
dh_slice_get_sum (DhSlice *self)
{
  if (self->sum == NULL)
    self->sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)self->members->data,
                                             self->members->len * sizeof (guint));
  return self->sum;
}

DhSliceNumbers *
dh_slice_edit_numbers (DhSlice *self)
{
  return &self->numbers;
}

static DhSlice *
slice_new (GPtrArray *slices, DhSliceKind kind, const char *name, char *filter)
{
  DhSlice *self = g_object_new (DH_TYPE_SLICE, NULL);
  self->kind = kind;
  self->name = g_strdup (name);
  self->filter = filter;
  g_ptr_array_add (slices, self);
  return self;
}

static void
add_member (DhSlice *self, DhImageItem *item)
{
  const guint index = dh_image_item_get_index (item);
  g_array_append_val (self->members, index);
  const DhItemMetrics *metrics = dh_image_item_get_metrics (item);
  self->numbers.n_pictures++;
  self->numbers.n_pixels += metrics->n_anomaly + metrics->n_inlier;
  self->numbers.n_anomaly += metrics->n_anomaly;
}

static DhSlice *
find_or_add (GHashTable *named, GPtrArray *slices, DhSliceKind kind, const char *field, const char *name,
             const char *shown)
{
  DhSlice *slice = g_hash_table_lookup (named, name);
  if (slice != NULL)
    return slice;
  slice = slice_new (slices, kind, shown, dh_image_filter_quote (field, name));
  g_hash_table_insert (named, (gpointer)name, slice);
  return slice;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate ((*(DhSlice *const *)a)->name, (*(DhSlice *const *)b)->name);
}

static void
add_places (GPtrArray *slices, const DhSlice *whole)
{
  for (guint i = 0; i < DH_N_PLACES; i++)
    {
      DhSlice *slice =
          slice_new (slices, DH_SLICE_PLACE, _ (places[i]), g_strconcat ("place:", dh_place_name (i), NULL));
      slice->place = i;
      slice->numbers.n_pictures = whole->numbers.n_pictures;
      g_array_append_vals (slice->members, whole->members->data, whole->members->len);
    }
}

static void
add_classes (GPtrArray *slices, const DhSliceClassNames *classes)
{
  for (guint i = 0; i < classes->n; i++)
    {
      const GArray *members = classes->members[i];
      if (members == NULL)
        continue;
      g_autofree char *name = classes->dup_name (i, classes->data);
      DhSlice *slice = slice_new (slices, DH_SLICE_CLASS, name, dh_image_filter_quote ("class", name));
      slice->class_id = (gint)i;
      slice->numbers.n_pictures = members->len;
      g_array_append_vals (slice->members, members->data, members->len);
    }
}

static void
add_sizes (GPtrArray *slices, const GArray *members)
{
  guint64 from = 0;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      DhSlice *slice = slice_new (slices, DH_SLICE_SIZE, _ (sizes[i].name), NULL);
      const guint64 below = (guint64)sizes[i].below * sizes[i].below;
      slice->from = from;
      g_array_append_vals (slice->members, members->data, members->len);
      slice->below = below > 0 ? below : G_MAXUINT64;
      slice->filter = from > 0 ? g_strdup_printf ("area>=%" G_GUINT64_FORMAT, from) : g_strdup ("");
      if (below > 0)
        {
          g_autofree char *lower = slice->filter;
          slice->filter = g_strdup_printf ("%s%sarea<%" G_GUINT64_FORMAT, lower, from > 0 ? " " : "", below);
        }
      from = below;
    }
}

static void
move (GPtrArray *to, GPtrArray *from, guint least)
{
  for (guint i = 0; from->len >= least && i < from->len; i++)
    g_ptr_array_add (to, g_object_ref (from->pdata[i]));
}

static gboolean
is_same (const DhSlice *a, const DhSlice *b)
{
  return a->kind == b->kind && g_str_equal (a->filter, b->filter) && a->members->len == b->members->len
         && memcmp (a->members->data, b->members->data, a->members->len * sizeof (guint)) == 0
         && (dh_slice_is_of_objects ((DhSlice *)a) || a->numbers.n_anomaly == b->numbers.n_anomaly);
}

static void
take_over (GPtrArray *slices, GListModel *before)
{
  const guint n = before != NULL ? g_list_model_get_n_items (before) : 0;
  for (guint i = 0; i < slices->len; i++)
    {
      for (guint k = 0; k < n; k++)
        {
          g_autoptr (DhSlice) old = g_list_model_get_item (before, (i + k) % n);
          if (!is_same (old, slices->pdata[i]))
            continue;
          g_object_unref (slices->pdata[i]);
          slices->pdata[i] = g_steal_pointer (&old);
          break;
        }
      ((DhSlice *)slices->pdata[i])->order = i;
    }
}

GPtrArray *
dh_slice_list (DhImageList *list, const DhSliceClassNames *classes, GListModel *before)
{
  GPtrArray *slices = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) scenes = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) by_scene = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) by_tag = g_hash_table_new (g_str_hash, g_str_equal);
  DhSlice *whole = slice_new (slices, DH_SLICE_WHOLE, _ ("All images"), g_strdup (""));
  DhSlice *with = slice_new (parts, DH_SLICE_ANOMALIES, _ ("With anomalies"), g_strdup ("anomalies>0"));
  DhSlice *without = slice_new (parts, DH_SLICE_ANOMALIES, _ ("Without anomalies"), g_strdup ("anomalies<1"));
  for (guint i = 0; i < dh_image_list_get_size (list); i++)
    {
      DhImageItem *item = dh_image_list_get_item (list, i);
      if (!dh_image_item_get_metrics (item)->evaluated || !dh_image_item_is_labelled (item)
          || dh_image_item_get_state (item) == DH_ITEM_FAILED)
        continue;
      const char *scene = dh_image_item_get_group (item);
      add_member (whole, item);
      add_member (dh_image_item_get_metrics (item)->n_anomaly > 0 ? with : without, item);
      add_member (find_or_add (by_scene, scenes, DH_SLICE_SCENE, "scene", scene, *scene != '\0' ? scene : _ ("Others")),
                  item);
      const char *const *names = dh_image_item_get_tags (item);
      for (guint k = 0; names[k] != NULL; k++)
        add_member (find_or_add (by_tag, tags, DH_SLICE_TAG, "tag", names[k], names[k]), item);
    }
  if (with->members->len > 0 && without->members->len > 0)
    move (slices, parts, 2);
  move (slices, scenes, 2);
  g_ptr_array_sort (tags, compare_names);
  move (slices, tags, 1);
  if (with->members->len > 0)
    add_places (slices, whole);
  if (classes != NULL)
    add_classes (slices, classes);
  if (with->members->len > 0)
    add_sizes (slices, whole->members);
  take_over (slices, before);
  return slices;
}
