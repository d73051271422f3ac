#include "dh-device.h"
#include "dh-session-private.h"

/* In what networks compute. */

static void
want_precision (DhSession *self, DhPrecision precision)
{
  self->precision = precision;
  dh_worker_set_device (self->worker, "auto", precision);
}

void
dh_session_restore_precision (DhSession *self)
{
  g_autofree char *name = dh_settings_dup_string (self->settings, "compute", "precision");
  DhPrecision precision;
  if (name != NULL && dh_precision_from_name (name, &precision))
    want_precision (self, precision);
}

const char *
dh_session_get_precision (DhSession *self)
{
  return dh_precision_name (self->precision);
}

const char **
dh_session_list_precisions (DhSession *self)
{
  const guint has = self->compute != NULL ? self->compute->precisions : 1u << DH_PRECISION_F32;
  const char **names = g_new0 (const char *, DH_N_PRECISIONS + 1);
  guint n = 0;
  for (DhPrecision p = 0; p < DH_N_PRECISIONS; p++)
    if (has & 1u << p)
      names[n++] = dh_precision_name (p);
  return names;
}

void
dh_session_set_precision (DhSession *self, const char *name)
{
  DhPrecision precision;
  if (!dh_precision_from_name (name, &precision) || precision == self->precision)
    return;
  want_precision (self, precision);
  dh_settings_set_string (self->settings, "compute", "precision", name);
  if (self->model != NULL && self->model->path != NULL)
    dh_session_open_weights (self, self->model->path);
  else if (self->model != NULL)
    dh_session_open_demo_weights (self);
}
