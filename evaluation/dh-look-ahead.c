#include "dh-look-ahead.h"

void
dh_look_ahead_clear (DhLookAhead *ahead)
{
  if (ahead->begun)
    dh_prediction_free (dh_predictor_end (ahead->predictor, NULL));
  g_clear_pointer (&ahead->begun, dh_image_unref);
}

DhImage *
dh_look_ahead_load (DhLookAhead *ahead, guint index, GError **error)
{
  if (ahead->begun && ahead->index == index)
    return dh_image_ref (ahead->begun);
  return dh_dataset_load_image (ahead->dataset, index, error);
}

/* Nothing is begun, and no error set, where the next one is not of the kind that can be. */
static gboolean
begin_next (DhLookAhead *ahead, guint next, guint maps, GError **error)
{
  g_autoptr (DhImage) image = next != DH_NO_INDEX ? dh_dataset_load_image (ahead->dataset, next, NULL) : NULL;
  if (!image || !dh_predictor_can_begin (ahead->predictor, image, maps))
    return TRUE;
  if (!dh_predictor_begin (ahead->predictor, image, maps, error))
    return FALSE;
  ahead->begun = g_steal_pointer (&image);
  ahead->index = next;
  return TRUE;
}

DhPrediction *
dh_look_ahead_take (DhLookAhead *ahead, guint index, const DhImage *image, guint next, guint maps,
                    GCancellable *cancellable, GError **error)
{
  if (ahead->begun && ahead->index != index)
    dh_look_ahead_clear (ahead);
  if (!ahead->begun)
    {
      if (!dh_predictor_can_begin (ahead->predictor, image, maps))
        return dh_predictor_run (ahead->predictor, image, maps, cancellable, NULL, error);
      if (!dh_predictor_begin (ahead->predictor, image, maps, error))
        return NULL;
    }
  g_clear_pointer (&ahead->begun, dh_image_unref);
  /* Where it fails, everything under way has ended. */
  return begin_next (ahead, next, maps, error) ? dh_predictor_end (ahead->predictor, error) : NULL;
}
