#include "dh-session-files.h"
#include "dh-session-private.h"

static const DhDatasetItem *
get_item (DhSession *self)
{
  DhImageItem *current = dh_session_get_current (self);
  return self->dataset != NULL && current != NULL ? dh_dataset_item (self->dataset, dh_image_item_get_index (current))
                                                  : NULL;
}

static char *
dup_path (const char *path)
{
  return path != NULL ? g_canonicalize_filename (path, NULL) : NULL;
}

char *
dh_session_dup_image_file (DhSession *self)
{
  const DhDatasetItem *item = get_item (self);
  return item != NULL ? dup_path (item->image) : NULL;
}

char *
dh_session_dup_label_file (DhSession *self)
{
  const DhDatasetItem *item = get_item (self);
  return item != NULL ? dup_path (item->label) : NULL;
}

gboolean
dh_session_can_reread (DhSession *self)
{
  return self->dataset != NULL && !self->demo && (self->pictures != NULL || self->dataset_path != NULL);
}

static void
reread (DhSession *self, const DhReading *as)
{
  const DhDatasetItem *item = get_item (self);
  if (self->pictures != NULL)
    {
      g_auto (GStrv) pictures = g_strdupv (self->pictures);
      dh_session_open_pictures (self, (const char *const *)pictures);
      return;
    }
  g_autofree char *path = g_strdup (self->dataset_path), *stem = item != NULL ? g_strdup (item->stem) : NULL;
  g_autoptr (DhReading) reading = as != NULL ? dh_reading_copy (as) : NULL;
  self->filters_settled = FALSE; /* what is read again stays filtered as it is */
  dh_session_open_dataset_at (self, path, stem, reading);
  self->reread_at = g_steal_pointer (&stem);
}

void
dh_session_reread (DhSession *self)
{
  if (dh_session_can_reread (self))
    reread (self, self->reading);
}

void
dh_session_reread_as (DhSession *self, const char *kind)
{
  if (!dh_session_can_reread (self))
    return;
  g_autoptr (DhReading) as = self->reading != NULL ? dh_reading_copy (self->reading) : dh_reading_new ();
  g_free (as->kind);
  as->kind = g_strdup (kind);
  reread (self, as);
}
