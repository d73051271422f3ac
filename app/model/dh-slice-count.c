#include <glib/gi18n.h>
#include <math.h>
#include "dh-place.h"
#include "dh-slice.h"

typedef struct
{
  DhCounts counts;
  guint n_pictures;
  guint64 n_found, n_missed, area;
  double siou;
} Sums;

/* NULL: it is not seen there. */
static const DhClassCounts *
find_class (const DhPictureComponents *components, guint id)
{
  for (guint i = 0; i < components->n_classes; i++)
    if (components->classes[i].id == id)
      return &components->classes[i];
  return NULL;
}

/* Whether it is one of those that the slice is of. */
static gboolean
is_of (DhSlice *slice, const DhPictureObject *object)
{
  const guint place = dh_slice_get_place (slice);
  const gint class_id = dh_slice_get_class (slice);
  guint64 from, below;
  dh_slice_get_areas (slice, &from, &below);
  return object->area >= from && object->area < below
         && (place == DH_N_PLACES || (object->places & DH_PLACE_BIT (place)) != 0)
         && (class_id < 0 || object->class_id == class_id);
}

static void
add_objects (Sums *sums, const DhPictureComponents *components, DhSlice *slice)
{
  gboolean has = FALSE;
  for (guint i = 0; i < components->n; i++)
    {
      const DhPictureObject *object = &components->items[i];
      const gboolean found = object->kind == DH_OBJECT_FOUND;
      if ((!found && object->kind != DH_OBJECT_MISSED) || !is_of (slice, object))
        continue;
      has = TRUE;
      sums->n_found += found;
      sums->n_missed += !found;
      sums->area += object->area;
      sums->siou += object->overlap;
    }
  sums->n_pictures += has;
}

/* FALSE where the network saw other things there when the set was walked, or its segmentation could not be read. */
static gboolean
get_counts (const DhSetPicture *picture, DhSlice *slice, DhCounts *counts)
{
  const guint place = dh_slice_get_place (slice);
  const gint class_id = dh_slice_get_class (slice);
  if (class_id < 0)
    {
      *counts = place == DH_N_PLACES ? picture->counts : picture->components->counts[place];
      return TRUE;
    }
  /* Where all of it is void, nothing is counted of it. */
  const DhClassCounts *found = find_class (picture->components, (guint)class_id);
  *counts = (DhCounts){ .labelled = TRUE };
  if (found == NULL)
    return picture->components->n_classes > 0 || picture->counts.pixels == 0;
  counts->tp = found->tp;
  counts->fp = found->fp;
  counts->fn = found->fn;
  counts->tn = found->tn;
  return TRUE;
}

/* Why they cannot be: translated, borrowed. */
static const char *
add_picture (Sums *sums, const DhSetPicture *picture, DhSlice *slice)
{
  DhCounts counts;
  if (picture->components == NULL)
    return picture->why != NULL ? picture->why : _ ("An image could not be read");
  if (!get_counts (picture, slice, &counts))
    return _ ("A segmentation could not be read");
  sums->counts.tp += counts.tp;
  sums->counts.fp += counts.fp;
  sums->counts.fn += counts.fn;
  sums->counts.tn += counts.tn;
  add_objects (sums, picture->components, slice);
  return NULL;
}

static const char *
add_slice (Sums *sums, DhSlice *slice, const DhSetObjects *objects)
{
  const GArray *members = dh_slice_get_members (slice);
  const char *why = NULL;
  for (guint i = 0; i < members->len && why == NULL; i++)
    {
      const guint index = g_array_index (members, guint, i);
      why =
          index < objects->n ? add_picture (sums, &objects->pictures[index], slice) : _ ("An image could not be read");
    }
  return why;
}

static double
share_of (guint64 part, guint64 whole)
{
  return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

void
dh_slice_count (DhSlice *slice, const DhSetObjects *objects, const DhSliceNumbers *whole, gboolean old)
{
  DhSliceNumbers *numbers = dh_slice_edit_numbers (slice);
  const gboolean of_size = dh_slice_get_kind (slice) == DH_SLICE_SIZE;
  Sums sums = { .counts = { .labelled = TRUE } };
  g_clear_pointer (&numbers->why_not_counted, g_free);
  const char *why = objects != NULL ? add_slice (&sums, slice, objects) : NULL;
  numbers->counted = objects != NULL && why == NULL;
  numbers->old = old;
  numbers->f1 = numbers->tpr = numbers->fpr = numbers->siou = numbers->fp_share = numbers->fn_share = NAN;
  numbers->fp = numbers->fn = 0;
  numbers->n_found = numbers->n_missed = 0;
  numbers->why_not_counted = g_strdup (why);
  if (!numbers->counted)
    return;
  numbers->n_found = sums.n_found;
  numbers->n_missed = sums.n_missed;
  if (sums.n_found + sums.n_missed > 0)
    numbers->siou = sums.siou / (double)(sums.n_found + sums.n_missed);
  if (of_size)
    {
      numbers->n_pictures = sums.n_pictures;
      numbers->n_anomaly = sums.area;
      numbers->why_not_counted = g_strdup (_ ("A size is one of objects: other pixels belong to none"));
      return;
    }
  numbers->f1 = dh_counts_f1 (&sums.counts);
  numbers->tpr = dh_counts_tpr (&sums.counts);
  numbers->fpr = dh_counts_fpr (&sums.counts);
  numbers->fp = sums.counts.fp;
  numbers->fn = sums.counts.fn;
  if (whole != NULL && !whole->counted)
    return;
  numbers->fp_share = share_of (numbers->fp, whole != NULL ? whole->fp : numbers->fp);
  numbers->fn_share = share_of (numbers->fn, whole != NULL ? whole->fn : numbers->fn);
}
