#include "dh-image-list.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-image-filter.h"

struct _DhImageList
{
  GObject parent_instance;
  GPtrArray *items;     /* DhImageItem, the whole set */
  GPtrArray *shown;     /* DhImageItem and DhImageGroup */
  GHashTable *position; /* DhImageItem → position in `shown` + 1 */
  guint n_shown;
  DhSort sort;
  gboolean worst_first, grouped;
  char *filter_text;
  DhImageFilter *filter;
};

static GType
get_item_type (GListModel *model)
{
  return G_TYPE_OBJECT;
}

static guint
get_n_items (GListModel *model)
{
  return DH_IMAGE_LIST (model)->shown->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  DhImageList *self = DH_IMAGE_LIST (model);
  return position < self->shown->len ? g_object_ref (self->shown->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DhImageList, dh_image_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static const char *const sort_ids[DH_N_SORTS] = { "name",         "ap",     "fpr95", "mean-score",
                                                  "largest-miss", "missed", "false", "anomaly-pixels" };

const char *
dh_sort_id (DhSort sort)
{
  g_return_val_if_fail (sort < DH_N_SORTS, NULL);
  return sort_ids[sort];
}

const char *
dh_sort_title (DhSort sort)
{
  switch (sort)
    {
    case DH_SORT_NAME:
      return _ ("Name");
    case DH_SORT_AP:
      return _ ("AP");
    case DH_SORT_FPR95:
      return _ ("FPR95");
    case DH_SORT_MEAN_SCORE:
      return _ ("Mean score");
    case DH_SORT_LARGEST_MISS:
      return _ ("Largest miss");
    case DH_SORT_MISSED:
      return _ ("Missed objects");
    case DH_SORT_FALSE:
      return _ ("False objects");
    case DH_SORT_ANOMALY_PIXELS:
      return _ ("Anomaly pixels");
    case DH_N_SORTS:
    default:
      g_return_val_if_reached ("");
    }
}

static void
dh_image_list_finalize (GObject *object)
{
  DhImageList *self = DH_IMAGE_LIST (object);
  g_ptr_array_unref (self->items);
  g_ptr_array_unref (self->shown);
  g_hash_table_unref (self->position);
  g_free (self->filter_text);
  dh_image_filter_free (self->filter);
  G_OBJECT_CLASS (dh_image_list_parent_class)->finalize (object);
}

static void
dh_image_list_class_init (DhImageListClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_image_list_finalize;
}

static void
dh_image_list_init (DhImageList *self)
{
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  self->shown = g_ptr_array_new_with_free_func (g_object_unref);
  self->position = g_hash_table_new (NULL, NULL);
  self->grouped = TRUE;
  self->worst_first = TRUE;
}

DhImageList *
dh_image_list_new (void)
{
  return g_object_new (DH_TYPE_IMAGE_LIST, NULL);
}

static double
object_key (gint n)
{
  return n >= 0 ? -(double)n : NAN;
}

/* The value to sort by, such that the worst is the smallest; NaN: undefined. */
static double
badness_key (DhImageItem *item, DhSort sort)
{
  const DhItemMetrics *metrics = dh_image_item_get_metrics (item);
  if (sort == DH_SORT_MISSED)
    return object_key (dh_image_item_get_n_missed (item));
  if (sort == DH_SORT_FALSE)
    return object_key (dh_image_item_get_n_false (item));
  if (!metrics->evaluated)
    return NAN;
  switch (sort)
    {
    case DH_SORT_AP:
      return metrics->ap;
    case DH_SORT_FPR95:
      return -metrics->fpr95;
    case DH_SORT_MEAN_SCORE:
      return -metrics->mean_score;
    case DH_SORT_LARGEST_MISS:
      return -dh_image_item_get_largest_missed (item);
    case DH_SORT_ANOMALY_PIXELS:
      return -(double)metrics->n_anomaly;
    case DH_SORT_MISSED:
    case DH_SORT_FALSE:
    case DH_SORT_NAME:
    case DH_N_SORTS:
    default:
      return NAN;
    }
}

static gint
compare_items (gconstpointer a, gconstpointer b, gpointer data)
{
  DhImageList *self = data;
  DhImageItem *left = *(DhImageItem *const *)a, *right = *(DhImageItem *const *)b;
  gint by_index = (gint)dh_image_item_get_index (left) - (gint)dh_image_item_get_index (right);
  if (self->grouped)
    {
      gint by_group = g_strcmp0 (dh_image_item_get_group (left), dh_image_item_get_group (right));
      if (by_group != 0)
        return by_group;
    }
  if (self->sort == DH_SORT_NAME)
    return by_index;
  double x = badness_key (left, self->sort), y = badness_key (right, self->sort);
  if (isnan (x) || isnan (y))
    return isnan (x) == isnan (y) ? by_index : isnan (x) ? 1 : -1;
  gint order = (x > y) - (x < y);
  if (!self->worst_first)
    order = -order;
  return order != 0 ? order : by_index;
}

static void
add_groups (DhImageList *self, GPtrArray *items, GPtrArray *shown)
{
  for (guint i = 0; i < items->len;)
    {
      const char *group = dh_image_item_get_group (items->pdata[i]);
      guint end = i;
      while (end < items->len && g_str_equal (dh_image_item_get_group (items->pdata[end]), group))
        end++;
      g_ptr_array_add (shown, dh_image_group_new (*group != '\0' ? group : _ ("Others"), end - i));
      for (; i < end; i++)
        g_ptr_array_add (shown, g_object_ref (items->pdata[i]));
    }
}

static gboolean
has_groups (DhImageList *self)
{
  for (guint i = 1; i < self->items->len; i++)
    if (!g_str_equal (dh_image_item_get_group (self->items->pdata[0]), dh_image_item_get_group (self->items->pdata[i])))
      return TRUE;
  return FALSE;
}

static gboolean
same_row (gpointer a, gpointer b)
{
  if (!DH_IS_IMAGE_GROUP (a) || !DH_IS_IMAGE_GROUP (b))
    return a == b;
  return dh_image_group_get_size (a) == dh_image_group_get_size (b)
         && g_str_equal (dh_image_group_get_title (a), dh_image_group_get_title (b));
}

static gboolean
same_rows (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!same_row (a->pdata[i], b->pdata[i]))
      return FALSE;
  return TRUE;
}

static void
rebuild (DhImageList *self)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  for (guint i = 0; i < self->items->len; i++)
    if (self->filter == NULL || dh_image_filter_matches (self->filter, self->items->pdata[i]))
      g_ptr_array_add (items, self->items->pdata[i]);
  g_ptr_array_sort_with_data (items, compare_items, self);
  GPtrArray *shown = g_ptr_array_new_with_free_func (g_object_unref);
  if (self->grouped && has_groups (self))
    add_groups (self, items, shown);
  else
    for (guint i = 0; i < items->len; i++)
      g_ptr_array_add (shown, g_object_ref (items->pdata[i]));
  self->n_shown = items->len;
  if (same_rows (shown, self->shown))
    {
      g_ptr_array_unref (shown);
      return;
    }
  GPtrArray *before = self->shown;
  self->shown = shown;
  g_hash_table_remove_all (self->position);
  for (guint i = 0; i < shown->len; i++)
    g_hash_table_insert (self->position, shown->pdata[i], GUINT_TO_POINTER (i + 1));
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before->len, shown->len);
  g_ptr_array_unref (before);
}

void
dh_image_list_take_items (DhImageList *self, GPtrArray *items)
{
  g_ptr_array_unref (self->items);
  self->items = items != NULL ? items : g_ptr_array_new_with_free_func (g_object_unref);
  rebuild (self);
}

guint
dh_image_list_get_size (DhImageList *self)
{
  return self->items->len;
}

DhImageItem *
dh_image_list_get_item (DhImageList *self, guint index)
{
  return index < self->items->len ? self->items->pdata[index] : NULL;
}

guint
dh_image_list_get_shown (DhImageList *self)
{
  return self->n_shown;
}

gint
dh_image_list_position (DhImageList *self, DhImageItem *item)
{
  return (gint)GPOINTER_TO_UINT (g_hash_table_lookup (self->position, item)) - 1;
}

DhImageItem *
dh_image_list_step (DhImageList *self, DhImageItem *item, gint step)
{
  gint at = item != NULL ? dh_image_list_position (self, item) : -1;
  gint direction = step < 0 ? -1 : 1;
  DhImageItem *found = NULL;
  for (gint left = item == NULL || at < 0 ? 1 : ABS (step); left > 0;)
    {
      at += direction;
      if (at < 0 || at >= (gint)self->shown->len)
        return NULL;
      if (DH_IS_IMAGE_ITEM (self->shown->pdata[at]))
        {
          found = self->shown->pdata[at];
          left--;
        }
    }
  return found;
}

void
dh_image_list_set_sort (DhImageList *self, DhSort sort, gboolean worst_first)
{
  self->sort = sort;
  self->worst_first = worst_first;
  rebuild (self);
}

DhSort
dh_image_list_get_sort (DhImageList *self)
{
  return self->sort;
}

gboolean
dh_image_list_get_worst_first (DhImageList *self)
{
  return self->worst_first;
}

void
dh_image_list_set_grouped (DhImageList *self, gboolean grouped)
{
  self->grouped = grouped;
  rebuild (self);
}

gboolean
dh_image_list_get_grouped (DhImageList *self)
{
  return self->grouped;
}

void
dh_image_list_set_filter (DhImageList *self, const char *filter)
{
  if (g_strcmp0 (self->filter_text, filter) == 0)
    return;
  g_free (self->filter_text);
  self->filter_text = g_strdup (filter);
  dh_image_filter_replace (&self->filter, filter);
  rebuild (self);
}

void
dh_image_list_resort (DhImageList *self)
{
  rebuild (self);
}

guint
dh_image_list_count_state (DhImageList *self, DhItemState state)
{
  guint count = 0;
  for (guint i = 0; i < self->items->len; i++)
    count += dh_image_item_get_state (self->items->pdata[i]) == state;
  return count;
}
