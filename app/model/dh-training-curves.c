#include "dh-training-curves.h"
#include <glib/gi18n.h>
#include <math.h>

const char *
dh_training_curve_id (DhTrainingCurveKind kind)
{
  static const char *const ids[] = { "seg", "like", "post", "loss", "lr", "miou", "ap", "auroc", "fpr95" };
  return kind < DH_N_TRAINING_CURVES ? ids[kind] : "";
}

const char *
dh_training_curve_title (DhTrainingCurveKind kind)
{
  static const char *const titles[] = {
    N_ ("Segmentation"),
    N_ ("Likelihood"),
    N_ ("Posterior"),
    N_ ("Total loss"),
    N_ ("Learning rate"),
    N_ ("Closed mIoU"),
    N_ ("AP of the hybrid score"),
    N_ ("AUROC of the hybrid score"),
    N_ ("FPR95 of the hybrid score"),
  };
  return kind < DH_N_TRAINING_CURVES ? _ (titles[kind]) : "";
}

void
dh_training_curves_init (DhTrainingCurves *self)
{
  *self = (DhTrainingCurves){ { NULL }, { NULL }, { 0 }, { 0 } };
  for (guint i = 0; i < DH_N_TRAINING_CURVES; i++)
    {
      self->x[i] = g_array_new (FALSE, FALSE, sizeof (double));
      self->y[i] = g_array_new (FALSE, FALSE, sizeof (double));
    }
}

void
dh_training_curves_clear (DhTrainingCurves *self)
{
  for (guint i = 0; i < DH_N_TRAINING_CURVES; i++)
    {
      g_array_unref (self->x[i]);
      g_array_unref (self->y[i]);
    }
}

/* Takes back what stands at `x` and behind it. */
static void
cut (DhTrainingCurves *self, DhTrainingCurveKind kind, double x)
{
  const GArray *xs = self->x[kind];
  guint n = xs->len;
  while (n > 0 && g_array_index (xs, double, n - 1) >= x)
    n--;
  if (n == xs->len)
    return;
  g_array_set_size (self->x[kind], n);
  g_array_set_size (self->y[kind], n);
  self->generation[kind]++;
  self->kept[kind] = n;
}

static void
add (DhTrainingCurves *self, DhTrainingCurveKind kind, double x, double y)
{
  cut (self, kind, x);
  g_array_append_val (self->x[kind], x);
  g_array_append_val (self->y[kind], y);
}

gboolean
dh_training_curve_is_by_step (DhTrainingCurveKind kind)
{
  return kind <= DH_CURVE_RATE;
}

void
dh_training_curves_take_event (DhTrainingCurves *self, const DhRunEvent *event)
{
  const double step = (double)event->step;
  if (event->kind == DH_EVENT_STEP)
    {
      const double values[] = { event->is.step.seg, event->is.step.like, event->is.step.post, event->is.step.total,
                                event->is.step.rate };
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        if (!isnan (values[i]))
          add (self, DH_CURVE_SEG + i, step, values[i]);
    }
  else if (event->kind == DH_EVENT_EPOCH)
    {
      const double values[] = { event->is.epoch.miou, event->is.epoch.ap, event->is.epoch.auroc,
                                event->is.epoch.fpr95 };
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        if (!isnan (values[i]))
          add (self, DH_CURVE_MIOU + i, (double)event->epoch, values[i]);
    }
  else if (event->kind == DH_EVENT_START)
    /* From here on it was done again, or will be. The epoch's own validation may have been done already. */
    for (DhTrainingCurveKind i = 0; i < DH_N_TRAINING_CURVES; i++)
      cut (self, i, dh_training_curve_is_by_step (i) ? step + 0.5 : (double)event->epoch + 0.5);
}

/* Rows of one axis; a value that is undefined at some x is an empty cell. */
static void
append_rows (const DhTrainingCurves *self, GString *csv, DhTrainingCurveKind first, guint n, const char *axis)
{
  guint at[DH_N_TRAINING_CURVES] = { 0 };
  g_string_append (csv, axis);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (csv, ",%s", dh_training_curve_id (first + i));
  g_string_append_c (csv, '\n');
  for (;;)
    {
      double x = INFINITY;
      for (guint i = 0; i < n; i++)
        if (at[i] < self->x[first + i]->len)
          x = MIN (x, g_array_index (self->x[first + i], double, at[i]));
      if (isinf (x))
        return;
      g_string_append_printf (csv, "%.0f", x);
      for (guint i = 0; i < n; i++)
        {
          char number[G_ASCII_DTOSTR_BUF_SIZE] = "";
          if (at[i] < self->x[first + i]->len && g_array_index (self->x[first + i], double, at[i]) == x)
            g_ascii_dtostr (number, sizeof number, g_array_index (self->y[first + i], double, at[i]++));
          g_string_append_printf (csv, ",%s", number);
        }
      g_string_append_c (csv, '\n');
    }
}

char *
dh_training_curves_to_csv (const DhTrainingCurves *self)
{
  GString *csv = g_string_new (NULL);
  append_rows (self, csv, DH_CURVE_SEG, DH_CURVE_RATE - DH_CURVE_SEG + 1, "step");
  g_string_append_c (csv, '\n');
  append_rows (self, csv, DH_CURVE_MIOU, DH_CURVE_FPR95 - DH_CURVE_MIOU + 1, "epoch");
  return g_string_free (csv, FALSE);
}

void
dh_training_curves_start_again (DhTrainingCurves *self)
{
  for (DhTrainingCurveKind i = 0; i < DH_N_TRAINING_CURVES; i++)
    cut (self, i, 0);
}
