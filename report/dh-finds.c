#include "dh-finds-private.h"

#include <math.h>
#include <string.h>

#include "dh-class-table.h"
#include "dh-error.h"
#include "dh-tracker.h"

/* A find in one image. */
typedef struct
{
  guint find, source; /* places */
  DhFinding finding;
} View;

/* A find while images come. */
typedef struct
{
  guint n_images, best, first, last; /* views */
  guint64 seen;                      /* the image in which it was last */
  double value;
  GBytes *crop;
} Growing;

struct _DhFinds
{
  DhFindsOptions options;
  DhTracker *tracker;
  guint64 n_images;
  double cutoff;      /* below it nothing comes to be one of the first `most` any more */
  guint crops, prune; /* how many there are; at how many they are looked through */
  GPtrArray *sources; /* DhFindSource */
  GArray *views;      /* View */
  GArray *growing;    /* Growing, by number */
  GArray *finds;      /* DhFind, in order, once all are in */
  guint *places;      /* of each of `growing` among these; G_MAXUINT: left out */
};

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

static void
free_source (gpointer data)
{
  DhFindSource *source = data;
  g_free (source->name);
  g_free (source->path);
  g_free (source);
}

static void
clear_growing (gpointer data)
{
  g_clear_pointer (&((Growing *)data)->crop, g_bytes_unref);
}

static void
clear_find (gpointer data)
{
  g_clear_pointer (&((DhFind *)data)->crop, g_bytes_unref);
}

DhFinds *
dh_finds_new (const DhFindsOptions *options)
{
  DhFinds *finds = g_new0 (DhFinds, 1);
  finds->options = *options;
  finds->tracker = dh_tracker_new (options->patience);
  finds->cutoff = -INFINITY;
  finds->prune = 4 * options->most + 64;
  finds->sources = g_ptr_array_new_with_free_func (free_source);
  finds->views = g_array_new (FALSE, FALSE, sizeof (View));
  finds->growing = g_array_new (FALSE, FALSE, sizeof (Growing));
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
rank_of (const DhFinds *finds, const Growing *growing)
{
  return finds->options.order == DH_FIND_IMAGES ? growing->n_images : growing->value;
}

static gint
compare_down (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x < y) - (x > y);
}

static void
drop_crop (DhFinds *finds, Growing *growing)
{
  finds->crops -= growing->crop != NULL;
  g_clear_pointer (&growing->crop, g_bytes_unref);
}

/* Drops the pictures of what can not be among the first any more, so that they never are many. What was seen in too few
 * images by now stays while it may still be seen. */
static void
prune (DhFinds *finds)
{
  g_autoptr (GArray) ranks = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint i = 0; i < finds->growing->len; i++)
    {
      Growing *growing = &g_array_index (finds->growing, Growing, i);
      const double rank = rank_of (finds, growing);
      if (growing->n_images >= finds->options.min_images)
        g_array_append_val (ranks, rank);
      else if (growing->seen + finds->options.patience < finds->n_images)
        drop_crop (finds, growing);
    }
  g_array_sort (ranks, compare_down);
  if (ranks->len > finds->options.most)
    finds->cutoff = g_array_index (ranks, double, finds->options.most);
  for (guint i = 0; i < finds->growing->len; i++)
    {
      Growing *growing = &g_array_index (finds->growing, Growing, i);
      if (growing->n_images >= finds->options.min_images && rank_of (finds, growing) < finds->cutoff)
        drop_crop (finds, growing);
    }
  finds->prune = 2 * finds->crops + 4 * finds->options.most + 64;
}

static void
take (DhFinds *finds, guint number, guint source, const DhImage *image, const DhFindings *findings, guint which)
{
  const View view = { number, source, findings->items[which] };
  const guint place = finds->views->len;
  const double value = value_of (finds, &view.finding);
  g_array_append_val (finds->views, view);
  if (number == finds->growing->len)
    {
      const Growing begun = { .first = place, .value = -INFINITY };
      g_array_append_val (finds->growing, begun);
    }
  Growing *growing = &g_array_index (finds->growing, Growing, number);
  growing->n_images++;
  growing->last = place;
  growing->seen = finds->n_images;
  const gboolean better = growing->n_images == 1 || value > growing->value;
  if (better)
    {
      growing->value = value;
      growing->best = place;
    }
  /* Where a picture was dropped, another than the best image may bring it back. */
  if (finds->options.most == 0 || rank_of (finds, growing) < finds->cutoff || (!better && growing->crop))
    return;
  drop_crop (finds, growing);
  growing->crop = dh_find_crop (image, findings, which);
  finds->crops += growing->crop != NULL;
}

gboolean
dh_finds_add (DhFinds *finds, const DhFindSource *source, const DhImage *image, const DhFindings *findings,
              GError **error)
{
  finds->n_images++;
  if (!findings || findings->n == 0)
    {
      if (finds->options.follow)
        dh_tracker_add (finds->tracker, NULL, NULL);
      return TRUE;
    }
  if (findings->n > DH_FINDS_MOST - finds->views->len)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "the threshold flags more than %d regions: take a stricter one, or a larger --min-area",
                   DH_FINDS_MOST);
      return FALSE;
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
  for (guint f = 0; f < findings->n; f++)
    take (finds, numbers[f], finds->sources->len - 1, image, findings, f);
  if (finds->crops > finds->prune)
    prune (finds);
  return TRUE;
}

/* High first; of equal ones in the order in which they were found. */
static gint
compare_finds (gconstpointer a, gconstpointer b, gpointer data)
{
  const DhFinds *finds = data;
  const guint i = *(const guint *)a, j = *(const guint *)b;
  const double x = rank_of (finds, &g_array_index (finds->growing, Growing, i));
  const double y = rank_of (finds, &g_array_index (finds->growing, Growing, j));
  return x != y ? (x > y ? -1 : 1) : (i > j) - (i < j);
}

static const DhFindSource *
source_of (const DhFinds *finds, guint view)
{
  return finds->sources->pdata[g_array_index (finds->views, View, view).source];
}

void
dh_finds_finish (DhFinds *finds)
{
  g_return_if_fail (!finds->places);
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));
  finds->places = g_new (guint, finds->growing->len + 1);
  for (guint i = 0; i < finds->growing->len; i++)
    {
      finds->places[i] = G_MAXUINT;
      if (g_array_index (finds->growing, Growing, i).n_images >= finds->options.min_images)
        g_array_append_val (order, i);
    }
  g_array_sort_with_data (order, compare_finds, finds);
  for (guint i = 0; i < order->len; i++)
    {
      const guint number = g_array_index (order, guint, i);
      Growing *growing = &g_array_index (finds->growing, Growing, number);
      const DhFind find = { growing->n_images,
                            rank_of (finds, growing),
                            g_array_index (finds->views, View, growing->best).finding,
                            source_of (finds, growing->best),
                            source_of (finds, growing->first),
                            source_of (finds, growing->last),
                            i < finds->options.most ? g_steal_pointer (&growing->crop) : NULL };
      finds->places[number] = i;
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
      const View *view = &g_array_index (finds->views, View, i);
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
