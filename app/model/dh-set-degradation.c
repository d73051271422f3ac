#include "dh-set-degradation.h"
#include <glib/gi18n.h>
#include "dh-session-private.h"

char *
dh_session_dup_degradation (DhSession *self)
{
  return self->dataset != NULL ? dh_degradation_dup_title (dh_dataset_degradation (self->dataset)) : NULL;
}

char *
dh_session_dup_seen_otherwise (DhSession *self, const char *text)
{
  DhDegradation theirs = { 0 };
  const DhDegradation ours = self->dataset != NULL ? dh_dataset_degradation (self->dataset) : theirs;
  if (text != NULL)
    dh_degradation_from_text (text, &theirs);
  if (dh_degradation_equal (ours, theirs))
    return NULL;
  return theirs.severity > 0 ? dh_degradation_dup_title (theirs) : g_strdup (_ ("as they are"));
}

char *
dh_session_dup_name_seen (DhSession *self, const char *name, const char *degradation)
{
  g_autofree char *seen = dh_session_dup_seen_otherwise (self, degradation);
  return seen != NULL ? g_strdup_printf ("%s · %s", name, seen) : g_strdup (name);
}
