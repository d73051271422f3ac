#include "dh-set-seen.h"
#include <glib/gi18n.h>
#include "dh-error.h"
#include "dh-session-private.h"
#include "dh-set-reading.h"

#define MOST_LOOKED_AT 1024

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

/* From what a person typed. */
static char *
dup_mask_path (const char *mask)
{
  g_autofree char *file = g_filename_from_utf8 (mask, -1, NULL, NULL, NULL);
  return g_canonicalize_filename (file != NULL ? file : mask, NULL);
}

void
dh_session_leave_unmeasured (DhSession *self, const double shares[4], const char *mask)
{
  const gboolean by_mask = mask != NULL && *mask != '\0';
  g_autofree char *text = by_mask ? dup_mask_path (mask) : dh_region_shares_to_text (shares);
  dh_session_read_as (self, DH_READ_REGION, text != NULL ? text : "");
}

typedef struct
{
  char *path, *name; /* the picture's; NULL: none is shown */
  guint width, height, n_columns, n_rows;
} Look;

static void
look_free (gpointer data)
{
  Look *look = data;
  g_free (look->path);
  g_free (look->name);
  g_free (look);
}

static GBytes *
look_at (Look *look, GError **error)
{
  if (look->name == NULL)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("No image is shown"));
      return NULL;
    }
  g_autoptr (DhRegion) region = dh_region_new (look->path, error);
  if (region == NULL || !dh_region_fits (region, look->width, look->height, look->name, error))
    return NULL;
  g_autofree guint8 *ids = g_malloc0 ((gsize)look->width * look->height);
  dh_region_apply (region, ids, look->width, look->height, 255);
  const guint step = (MAX (look->width, look->height) + MOST_LOOKED_AT - 1) / MOST_LOOKED_AT;
  look->n_columns = look->width / step;
  look->n_rows = look->height / step;
  guint8 *seen = g_malloc ((gsize)look->n_columns * look->n_rows);
  for (guint y = 0; y < look->n_rows; y++)
    for (guint x = 0; x < look->n_columns; x++)
      seen[(gsize)y * look->n_columns + x] = ids[(gsize)y * step * look->width + (gsize)x * step];
  return g_bytes_new_take (seen, (gsize)look->n_columns * look->n_rows);
}

static void
look_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  GBytes *seen = look_at (data, &error);
  if (seen != NULL)
    g_task_return_pointer (task, seen, (GDestroyNotify)g_bytes_unref);
  else
    g_task_return_error (task, error);
}

void
dh_session_look_at_mask_async (DhSession *self, const char *mask, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  const DhFrame *frame = dh_session_get_frame (self);
  Look *look = g_new0 (Look, 1);
  look->path = dup_mask_path (mask);
  if (frame != NULL && self->current != NULL)
    {
      look->name = g_strdup (dh_image_item_get_name (self->current));
      look->width = frame->width;
      look->height = frame->height;
    }
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_task_set_task_data (task, look, look_free);
  g_task_run_in_thread (task, look_in_thread);
}

GBytes *
dh_session_look_at_mask_finish (DhSession *self, GAsyncResult *result, guint *width, guint *height, GError **error)
{
  const Look *look = g_task_get_task_data (G_TASK (result));
  GBytes *seen = g_task_propagate_pointer (G_TASK (result), error);
  if (seen != NULL)
    {
      *width = look->n_columns;
      *height = look->n_rows;
      g_autofree char *name = g_filename_display_name (look->path);
      dh_session_trace (self, "looked at mask %s", name);
    }
  return seen;
}
