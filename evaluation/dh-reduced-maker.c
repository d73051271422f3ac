#include "dh-reduced-maker.h"

/* One after the other: nothing is begun ahead. */
static gboolean
begin (const DhImage *image, guint maps, gboolean ahead, GCancellable *cancellable, gpointer data, GError **error)
{
  DhReducedMaker *self = data;
  if (ahead)
    return FALSE;
  g_clear_pointer (&self->made, dh_prediction_free);
  self->made = dh_reduction_run (self->reduction, self->predictor, image, maps, cancellable, error);
  return self->made != NULL;
}

static DhPrediction *
end (gpointer data, GError **error)
{
  return g_steal_pointer (&((DhReducedMaker *)data)->made);
}

static void
between (GCancellable *cancellable, gpointer data)
{
}

DhMapMaker
dh_reduced_maker_get (DhReducedMaker *self)
{
  return (DhMapMaker){ begin, end, between, self };
}

void
dh_reduced_maker_clear (DhReducedMaker *self)
{
  g_clear_pointer (&self->made, dh_prediction_free);
}
