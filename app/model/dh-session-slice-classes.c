#include <glib/gi18n.h>
#include "dh-session-private.h"
#include "dh-session-slices-private.h"
#include "dh-shown-classes.h"

static char *
dup_class_name (guint id, gpointer session)
{
  return dh_shown_classes_dup_name (session, id);
}

GPtrArray *
dh_session_list_slices (DhSession *self)
{
  const DhSessionSlices *slices = self->slices;
  DhSliceClassNames names = { .n = DH_CLASS_IDS, .dup_name = dup_class_name, .data = self };
  if (slices->classes != NULL)
    names.members = slices->classes->members;
  return dh_slice_list (self->list, slices->classes != NULL ? &names : NULL, G_LIST_MODEL (slices->rows));
}

gboolean
dh_session_has_unscanned_slices (DhSession *self)
{
  return self->slices->classes == NULL && dh_set_maps_has_classes (dh_session_get_set_maps (self));
}

char *
dh_session_explain_classes (DhSession *self)
{
  const DhSliceClasses *classes = self->slices->classes;
  DhSetMaps *maps = dh_session_get_set_maps (self);
  if (maps == NULL || g_list_model_get_n_items (G_LIST_MODEL (self->slices->rows)) == 0)
    return NULL;
  if (!dh_set_maps_has_classes (maps))
    return g_strdup (_ ("no classes: the evaluation left no segmentation"));
  if (classes == NULL || classes->n_left_out == 0)
    return NULL;
  return g_strdup_printf (
      ngettext ("%u image is in no class: %s", "%u images are in no class; the first: %s", classes->n_left_out),
      classes->n_left_out, classes->why);
}
