#include "dh-set-lookup.h"
#include <math.h>
#include "dh-number.h"

struct _DhSetLookup
{
  DhSession *session;
  DhSetObjects *objects;
};

DhSetLookup *
dh_set_lookup_new (DhSession *session)
{
  DhSetLookup *self = g_new0 (DhSetLookup, 1);
  self->session = g_object_ref (session);
  dh_set_lookup_renew (self);
  return self;
}

void
dh_set_lookup_free (DhSetLookup *self)
{
  g_clear_pointer (&self->objects, dh_set_objects_unref);
  g_object_unref (self->session);
  g_free (self);
}

gboolean
dh_set_lookup_renew (DhSetLookup *self)
{
  DhSetObjects *now = (DhSetObjects *)dh_session_get_set_objects (self->session);
  if (now == self->objects)
    return FALSE;
  g_clear_pointer (&self->objects, dh_set_objects_unref);
  self->objects = now != NULL ? dh_set_objects_ref (now) : NULL;
  return TRUE;
}

const DhSetObjects *
dh_set_lookup_get (const DhSetLookup *self)
{
  return self->objects;
}

gboolean
dh_set_lookup_is_old (const DhSetLookup *self)
{
  return dh_session_set_objects_are_old (self->session);
}

const DhSetPicture *
dh_set_lookup_find (const DhSetLookup *self, DhImageItem *item)
{
  const guint index = dh_image_item_get_index (item);
  const gboolean has = self->objects != NULL && index < self->objects->n && self->objects->pictures[index].item == item;
  return has ? &self->objects->pictures[index] : NULL;
}

char *
dh_set_lookup_dup_note (const DhSetLookup *self)
{
  guint done, of;
  dh_session_get_set_objects_progress (self->session, &done, &of);
  if (of > 0)
    return g_strdup_printf (_ ("updating… %u of %u"), done, of);
  if (self->objects == NULL && !dh_session_has_anomaly_labels (self->session))
    return g_strdup (_ ("no anomaly labels"));
  if (self->objects == NULL)
    {
      char *why = dh_session_explain_set_objects (self->session);
      return why != NULL ? why : g_strdup (_ ("not counted yet"));
    }
  const DhScore score = self->objects->score;
  g_autofree char *tau = score == DH_SCORE_DATASET_POSTERIOR ? dh_number_format_probability (self->objects->threshold)
                                                             : dh_number_format (self->objects->threshold, 2);
  return g_strdup_printf (_ ("%s at τ %s"), dh_score_title (score), tau);
}
