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

/* Whether it is one of those that the slice is of. */
static gboolean
is_of (DhSlice *slice, const DhPictureObject *object)
{
  const guint place = dh_slice_get_place (slice);
  guint64 from, below;
  dh_slice_get_areas (slice, &from, &below);
  return object->area >= from && object->area < below
         && (place == DH_N_PLACES || (object->places & DH_PLACE_BIT (place)) != 0);
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

/* Why they cannot be: translated, borrowed. */
static const char *
add_picture (Sums *sums, const DhSetPicture *picture, DhSlice *slice)
{
  const guint place = dh_slice_get_place (slice);
  if (picture->components == NULL)
    return picture->why != NULL ? picture->why : _ ("An image could not be read");
  const DhCounts *counts = place == DH_N_PLACES ? &picture->counts : &picture->components->counts[place];
  sums->counts.tp += counts->tp;
  sums->counts.fp += counts->fp;
  sums->counts.fn += counts->fn;
  sums->counts.tn += counts->tn;
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

void
dh_slice_count (DhSlice *slice, const DhSetObjects *objects, gboolean old)
{
  DhSliceNumbers *numbers = dh_slice_edit_numbers (slice);
  const gboolean of_size = dh_slice_get_kind (slice) == DH_SLICE_SIZE;
  Sums sums = { .counts = { .labelled = TRUE } };
  g_clear_pointer (&numbers->why_not_counted, g_free);
  const char *why = objects != NULL ? add_slice (&sums, slice, objects) : NULL;
  numbers->counted = objects != NULL && why == NULL;
  numbers->old = old;
  numbers->f1 = numbers->tpr = numbers->fpr = numbers->siou = NAN;
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
}
