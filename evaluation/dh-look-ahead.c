#include "dh-look-ahead.h"

void
dh_look_ahead_clear (DhLookAhead *ahead)
{
  if (ahead->begun)
    dh_prediction_free (dh_predictor_end (ahead->predictor, NULL));
  ahead->begun = FALSE;
}

/* TRUE where it was begun; FALSE without error where it is not of the kind that can be. */
static gboolean
begin_next (DhLookAhead *ahead, guint next, guint maps, GError **error)
{
  g_autoptr (DhImage) image = next != DH_NO_INDEX ? dh_dataset_load_image (ahead->dataset, next, NULL) : NULL;
  return image && dh_predictor_can_begin (ahead->predictor, image, maps)
         && dh_predictor_begin (ahead->predictor, image, maps, error);
}

DhPrediction *
dh_look_ahead_take (DhLookAhead *ahead, guint index, guint next, guint maps, GCancellable *cancellable, GError **error)
{
  if (ahead->begun && ahead->index != index)
    dh_look_ahead_clear (ahead);
  if (!ahead->begun)
    {
      g_autoptr (DhImage) image = dh_dataset_load_image (ahead->dataset, index, error);
      if (!image)
        return NULL;
      if (!dh_predictor_can_begin (ahead->predictor, image, maps))
        return dh_predictor_run (ahead->predictor, image, maps, cancellable, NULL, error);
      if (!dh_predictor_begin (ahead->predictor, image, maps, error))
        return NULL;
    }
  GError *reason = NULL;
  ahead->begun = begin_next (ahead, next, maps, &reason);
  ahead->index = next;
  if (!reason)
    return dh_predictor_end (ahead->predictor, error);
  /* Everything under way is ended. */
  g_propagate_error (error, reason);
  return NULL;
}
