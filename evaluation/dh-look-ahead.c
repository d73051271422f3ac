#include "dh-look-ahead.h"

static gboolean
begin (DhLookAhead *ahead, const DhImage *image, guint maps, gboolean early, GCancellable *cancellable, GError **error)
{
  const DhMapMaker *maker = ahead->maker;
  if (maker)
    return maker->begin (image, maps, early, cancellable, maker->data, error);
  if (dh_predictor_can_begin (ahead->predictor, image, maps))
    return dh_predictor_begin (ahead->predictor, image, maps, error);
  if (!early)
    ahead->whole = dh_predictor_run (ahead->predictor, image, maps, cancellable, NULL, error);
  return ahead->whole != NULL;
}

static DhPrediction *
end (DhLookAhead *ahead, GError **error)
{
  if (ahead->maker)
    return ahead->maker->end (ahead->maker->data, error);
  return ahead->whole ? g_steal_pointer (&ahead->whole) : dh_predictor_end (ahead->predictor, error);
}

void
dh_look_ahead_clear (DhLookAhead *ahead)
{
  if (ahead->begun)
    dh_prediction_free (end (ahead, NULL));
  ahead->begun = FALSE;
  g_clear_pointer (&ahead->image, dh_image_unref);
}

DhImage *
dh_look_ahead_load (DhLookAhead *ahead, guint index, GError **error)
{
  if (ahead->image && ahead->index == index)
    return dh_image_ref (ahead->image);
  return dh_dataset_load_image (ahead->dataset, index, error);
}

/* Where the device computes meanwhile. */
static gboolean
begin_next (DhLookAhead *ahead, guint next, guint maps, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) reason = NULL;
  if (next == DH_NO_INDEX || dh_predictor_n_begun (ahead->predictor) == 0
      || !(ahead->image = dh_dataset_load_image (ahead->dataset, next, NULL)))
    return TRUE;
  ahead->index = next;
  ahead->begun = begin (ahead, ahead->image, maps, TRUE, cancellable, &reason);
  if (!reason)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

DhPrediction *
dh_look_ahead_take (DhLookAhead *ahead, guint index, const DhImage *image, guint next, guint maps,
                    GCancellable *cancellable, GError **error)
{
  if (ahead->index != index)
    dh_look_ahead_clear (ahead);
  if (!ahead->begun && !begin (ahead, image, maps, FALSE, cancellable, error))
    return NULL;
  ahead->begun = FALSE;
  g_clear_pointer (&ahead->image, dh_image_unref);
  /* Where it fails, everything under way has ended. */
  DhPrediction *prediction = begin_next (ahead, next, maps, cancellable, error) ? end (ahead, error) : NULL;
  ahead->begun = ahead->begun && prediction;
  return prediction;
}
