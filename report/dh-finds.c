#include "dh-finds-private.h"

#include <math.h>
#include <string.h>

#include "dh-class-table.h"
#include "dh-error.h"

static const char *const orders[DH_N_FIND_ORDERS] = { "mean", "peak", "area", "images" };

const char *
dh_find_order_name (DhFindOrder order)
{
  return orders[order];
}

gboolean
dh_find_order_from_name (const char *name, DhFindOrder *order)
{
  for (guint i = 0; i < DH_N_FIND_ORDERS; i++)
    if (g_str_equal (orders[i], name))
      {
        *order = i;
        return TRUE;
      }
  return FALSE;
}

void
dh_find_source_free (gpointer data)
{
  DhFindSource *source = data;
  g_free (source->name);
  g_free (source->path);
  g_free (source);
}

static void
clear_growing (gpointer data)
{
  g_clear_pointer (&((DhFindsGrowing *)data)->crop, g_bytes_unref);
}

static void
clear_find (gpointer data)
{
  g_clear_pointer (&((DhFind *)data)->crop, g_bytes_unref);
}

/* Pictures that may be there beside those that are shown, before they are looked through: not many times as many where
 * many are shown, since each takes some ten thousand bytes. */
static guint
spare_of (const DhFinds *finds)
{
  return 64 + finds->options.most + MIN (3 * finds->options.most, 1000);
}

DhFinds *
dh_finds_new (const DhFindsOptions *options)
{
  DhFinds *finds = g_new0 (DhFinds, 1);
  finds->options = *options;
  finds->tracker = dh_tracker_new (options->patience);
  finds->last_shown = (DhFindsPlace){ -INFINITY, G_MAXUINT };
  finds->prune = spare_of (finds);
  finds->sources = g_ptr_array_new_with_free_func (dh_find_source_free);
  finds->views = g_array_new (FALSE, FALSE, sizeof (DhFindsView));
  finds->growing = g_array_new (FALSE, FALSE, sizeof (DhFindsGrowing));
  g_array_set_clear_func (finds->growing, clear_growing);
  finds->finds = g_array_new (FALSE, FALSE, sizeof (DhFind));
  g_array_set_clear_func (finds->finds, clear_find);
  return finds;
}

/* How high a finding stands by itself. */
static double
value_of (const DhFinds *finds, const DhFinding *finding)
{
  const double sign = finds->options.low ? -1 : 1;
  switch (finds->options.order)
    {
    case DH_FIND_MEAN:
      return sign * finding->mean;
    case DH_FIND_PEAK:
      return sign * finding->peak;
    case DH_FIND_AREA:
    case DH_FIND_IMAGES:
    case DH_N_FIND_ORDERS:
    default:
      return (double)finding->area;
    }
}

/* The same of a find: no image that is added makes it less. */
static double
rank_of (const DhFinds *finds, const DhFindsGrowing *growing)
{
  return finds->options.order == DH_FIND_IMAGES ? growing->n_images : growing->value;
}

static DhFindsPlace
place_of (const DhFinds *finds, guint number)
{
  return (DhFindsPlace){ rank_of (finds, &g_array_index (finds->growing, DhFindsGrowing, number)), number };
}

/* High first; of equal ones in the order in which they were found. */
static gint
compare_places (gconstpointer a, gconstpointer b)
{
  const DhFindsPlace *x = a, *y = b;
  return x->rank != y->rank ? (x->rank > y->rank ? -1 : 1) : (x->number > y->number) - (x->number < y->number);
}

static gboolean
is_confirmed (const DhFinds *finds, const DhFindsGrowing *growing)
{
  return growing->n_images >= finds->options.min_images;
}

static gboolean
is_behind (const DhFinds *finds, const DhFindsPlace *place)
{
  return compare_places (place, &finds->last_shown) > 0;
}

/* Of places that are all confirmed, in their order, `most` of them at least. */
static void
raise_last_shown (DhFinds *finds, const DhFindsPlace *place)
{
  if (!is_behind (finds, place))
    finds->last_shown = *place;
}

static void
drop_crop (DhFinds *finds, DhFindsGrowing *growing)
{
  finds->crops -= growing->crop != NULL;
  g_clear_pointer (&growing->crop, g_bytes_unref);
}

/* Drops the pictures of what is not among the first, so that they never are many. What was seen in too few images by
 * now stays while it may still be seen. */
static void
prune (DhFinds *finds)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (DhFindsPlace));
  for (guint i = 0; i < finds->growing->len; i++)
    {
      DhFindsGrowing *growing = &g_array_index (finds->growing, DhFindsGrowing, i);
      const DhFindsPlace place = place_of (finds, i);
      if (is_confirmed (finds, growing))
        g_array_append_val (places, place);
      else if (growing->seen + finds->options.patience < finds->n_images)
        drop_crop (finds, growing);
    }
  g_array_sort (places, compare_places);
  if (places->len >= finds->options.most)
    raise_last_shown (finds, &g_array_index (places, DhFindsPlace, finds->options.most - 1));
  for (guint i = 0; i < finds->growing->len; i++)
    {
      const DhFindsPlace place = place_of (finds, i);
      if (is_behind (finds, &place))
        drop_crop (finds, &g_array_index (finds->growing, DhFindsGrowing, i));
    }
  finds->prune = finds->crops + MIN (finds->crops, 1000) + spare_of (finds);
}

static void
take (DhFinds *finds, guint number, guint source, const DhFinding *finding)
{
  const DhFindsView view = { number, source, *finding };
  const guint place = finds->views->len;
  const double value = value_of (finds, finding);
  g_array_append_val (finds->views, view);
  if (number == finds->growing->len)
    {
      const DhFindsGrowing begun = { .first = place, .value = -INFINITY };
      g_array_append_val (finds->growing, begun);
    }
  DhFindsGrowing *growing = &g_array_index (finds->growing, DhFindsGrowing, number);
  growing->n_images++;
  growing->last = place;
  growing->seen = finds->n_images;
  if (growing->n_images == 1 || value > growing->value)
    {
      growing->value = value;
      growing->best = place;
    }
}

/* Draws what is seen best in this image, or has no picture, and is among the first by now: `first`, the place of the
 * image's first view, and so on. An image may have very many regions, so of those that were seen in too few images the
 * foremost alone have pictures. */
static void
draw (DhFinds *finds, const DhImage *image, const DhFindings *findings, guint first)
{
  g_autoptr (GArray) places = g_array_sized_new (FALSE, FALSE, sizeof (DhFindsPlace), findings->n);
  guint confirmed = 0, others = 0;
  for (guint f = 0; f < findings->n; f++)
    {
      const DhFindsPlace place = place_of (finds, g_array_index (finds->views, DhFindsView, first + f).find);
      g_array_append_val (places, place);
    }
  g_array_sort (places, compare_places);
  for (guint i = 0; i < places->len; i++)
    {
      const DhFindsPlace *place = &g_array_index (places, DhFindsPlace, i);
      DhFindsGrowing *growing = &g_array_index (finds->growing, DhFindsGrowing, place->number);
      if (!is_confirmed (finds, growing))
        others++;
      else if (++confirmed == finds->options.most)
        raise_last_shown (finds, place);
      if (is_behind (finds, place) || others > spare_of (finds) || (growing->best != growing->last && growing->crop))
        continue;
      drop_crop (finds, growing);
      growing->crop = dh_find_crop (image, findings, growing->last - first);
      growing->pictured = growing->last;
      finds->crops += growing->crop != NULL;
    }
}

gboolean
dh_finds_add (DhFinds *finds, const DhFindSource *source, const DhImage *image, const DhFindings *findings,
              GError **error)
{
  if (findings && findings->n > DH_FINDS_MOST - finds->views->len)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "the threshold flags more than %d regions: take a stricter one, or a larger --min-area",
                   DH_FINDS_MOST);
      return FALSE;
    }
  finds->n_images++;
  if (!findings || findings->n == 0)
    {
      if (finds->options.follow)
        dh_tracker_add (finds->tracker, NULL, NULL);
      return TRUE;
    }
  g_autofree guint *numbers = g_new (guint, findings->n);
  if (finds->options.follow)
    dh_tracker_add (finds->tracker, findings, numbers);
  else
    for (guint f = 0; f < findings->n; f++)
      numbers[f] = finds->growing->len + f;
  DhFindSource *copy = g_new (DhFindSource, 1);
  *copy = *source;
  copy->name = g_strdup (source->name);
  copy->path = g_strdup (source->path);
  g_ptr_array_add (finds->sources, copy);
  const guint first = finds->views->len;
  for (guint f = 0; f < findings->n; f++)
    take (finds, numbers[f], finds->sources->len - 1, &findings->items[f]);
  if (finds->options.most > 0)
    draw (finds, image, findings, first);
  if (finds->crops > finds->prune)
    prune (finds);
  return TRUE;
}

static const DhFindSource *
source_of (const DhFinds *finds, guint view)
{
  return finds->sources->pdata[g_array_index (finds->views, DhFindsView, view).source];
}

void
dh_finds_finish (DhFinds *finds)
{
  g_return_if_fail (!finds->places);
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (DhFindsPlace));
  finds->places = g_new (guint, (gsize)finds->growing->len + 1);
  for (guint i = 0; i < finds->growing->len; i++)
    {
      const DhFindsPlace place = place_of (finds, i);
      finds->places[i] = G_MAXUINT;
      if (is_confirmed (finds, &g_array_index (finds->growing, DhFindsGrowing, i)))
        g_array_append_val (order, place);
    }
  g_array_sort (order, compare_places);
  for (guint i = 0; i < order->len; i++)
    {
      const DhFindsPlace *place = &g_array_index (order, DhFindsPlace, i);
      DhFindsGrowing *growing = &g_array_index (finds->growing, DhFindsGrowing, place->number);
      const DhFind find = { growing->n_images,
                            place->rank,
                            g_array_index (finds->views, DhFindsView, growing->best).finding,
                            source_of (finds, growing->best),
                            source_of (finds, growing->first),
                            source_of (finds, growing->last),
                            source_of (finds, growing->crop ? growing->pictured : growing->best),
                            i < finds->options.most ? g_steal_pointer (&growing->crop) : NULL };
      finds->places[place->number] = i;
      g_array_append_val (finds->finds, find);
    }
}

guint
dh_finds_count (const DhFinds *finds)
{
  return finds->finds->len;
}

const DhFind *
dh_finds_get (const DhFinds *finds, guint i)
{
  return &g_array_index (finds->finds, DhFind, i);
}

const DhFindsOptions *
dh_finds_options (const DhFinds *finds)
{
  return &finds->options;
}

static gint
compare_views (gconstpointer a, gconstpointer b)
{
  const DhFindView *x = a, *y = b;
  if (x->find != y->find)
    return x->find < y->find ? -1 : 1;
  return (x->finding > y->finding) - (x->finding < y->finding); /* both are of the one array */
}

GArray *
dh_finds_list_views (const DhFinds *finds)
{
  GArray *views = g_array_new (FALSE, FALSE, sizeof (DhFindView));
  for (guint i = 0; i < finds->views->len; i++)
    {
      const DhFindsView *view = &g_array_index (finds->views, DhFindsView, i);
      const DhFindView listed = { finds->places[view->find], finds->sources->pdata[view->source], &view->finding };
      if (listed.find != G_MAXUINT)
        g_array_append_val (views, listed);
    }
  g_array_sort (views, compare_views);
  return views;
}

char *
dh_finds_dup_class (const DhFinds *finds, const DhFinding *finding)
{
  if (finding->class_id < 0)
    return NULL;
  const guint id = (guint)finding->class_id;
  const char *name = finds->options.class_names && id < finds->options.classes
                         ? finds->options.class_names[id]
                         : dh_class_table_class_name (dh_class_table_for_count (finds->options.classes), id);
  return name ? g_strdup (name) : g_strdup_printf ("%u", id);
}

void
dh_finds_free (DhFinds *finds)
{
  if (!finds)
    return;
  dh_tracker_free (finds->tracker);
  g_ptr_array_unref (finds->sources);
  g_array_unref (finds->views);
  g_array_unref (finds->growing);
  g_array_unref (finds->finds);
  g_free (finds->places);
  g_free (finds);
}
