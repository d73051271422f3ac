#include "dh-set-seen.h"
#include <glib/gi18n.h>
#include "dh-session-private.h"
#include "dh-set-reading.h"

static char *
dup_text (DhSession *self)
{
  return self->dataset != NULL ? dh_dataset_dup_seen (self->dataset) : NULL;
}

char *
dh_session_dup_seen (DhSession *self)
{
  g_autofree char *text = dup_text (self);
  return dh_seen_dup_title (text);
}

char *
dh_session_dup_seen_otherwise (DhSession *self, const char *seen)
{
  g_autofree char *ours = dup_text (self);
  if (g_strcmp0 (ours, seen) == 0)
    return NULL;
  return seen != NULL ? dh_seen_dup_title (seen) : g_strdup (_ ("as they are"));
}

char *
dh_session_dup_name_seen (DhSession *self, const char *name, const char *seen)
{
  g_autofree char *otherwise = dh_session_dup_seen_otherwise (self, seen);
  return otherwise != NULL ? g_strdup_printf ("%s · %s", name, otherwise) : g_strdup (name);
}

static const char *
get_region (DhSession *self)
{
  const DhRegion *region = self->dataset != NULL ? dh_dataset_region (self->dataset) : NULL;
  return region != NULL ? dh_region_text (region) : NULL;
}

gboolean
dh_session_leaves_unmeasured (DhSession *self)
{
  return get_region (self) != NULL;
}

gboolean
dh_session_get_unmeasured_shares (DhSession *self, double shares[4])
{
  return dh_region_text_get_shares (get_region (self), shares);
}

char *
dh_session_dup_unmeasured_mask (DhSession *self)
{
  const char *text = get_region (self);
  g_autofree char *path = text != NULL ? dh_region_text_dup_path (text) : NULL;
  return path != NULL ? g_filename_display_name (path) : NULL;
}

void
dh_session_leave_unmeasured (DhSession *self, const double shares[4], const char *mask)
{
  const gboolean by_mask = mask != NULL && *mask != '\0';
  g_autofree char *of_shares = by_mask ? NULL : dh_region_shares_to_text (shares);
  g_autofree char *file = by_mask ? g_filename_from_utf8 (mask, -1, NULL, NULL, NULL) : NULL;
  g_autofree char *path = by_mask ? g_canonicalize_filename (file != NULL ? file : mask, NULL) : NULL;
  dh_session_read_as (self, DH_READ_REGION, path != NULL ? path : of_shares != NULL ? of_shares : "");
}
