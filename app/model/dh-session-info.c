#include <glib/gi18n.h>
#include "dh-config.h"
#include "dh-session-private.h"

const char *
dh_session_get_dataset_title (DhSession *self)
{
  if (self->dataset == NULL)
    return NULL;
  if (self->demo)
    return _ ("Demo scenes");
  return self->pictures != NULL ? _ ("Images") : dh_dataset_title (self->dataset);
}

const char *
dh_session_get_dataset_evidence (DhSession *self)
{
  return self->dataset != NULL && self->pictures == NULL ? dh_dataset_evidence (self->dataset) : NULL;
}

char *
dh_session_dup_splits (DhSession *self)
{
  const char *const *splits = self->dataset != NULL ? dh_dataset_splits (self->dataset) : NULL;
  if (splits == NULL || splits[0] == NULL || splits[1] == NULL)
    return NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint s = 0; splits[s] != NULL; s++)
    {
      guint n = 0;
      for (guint i = 0; i < dh_dataset_size (self->dataset); i++)
        n += g_str_equal (dh_dataset_item (self->dataset, i)->split, splits[s]);
      g_string_append_printf (text, "%s%s %u", s > 0 ? ", " : "", splits[s], n);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

const char *
dh_session_get_program_version (void)
{
  return DH_VERSION;
}

char *
dh_session_dup_root (DhSession *self)
{
  return self->dataset != NULL ? g_canonicalize_filename (dh_dataset_root (self->dataset), NULL) : NULL;
}

const char *
dh_session_get_dataset_path (DhSession *self)
{
  return self->dataset_path;
}

gboolean
dh_session_has_dataset (DhSession *self)
{
  return self->dataset != NULL;
}

gboolean
dh_session_is_demo (DhSession *self)
{
  return self->demo;
}

gboolean
dh_session_has_anomaly_labels (DhSession *self)
{
  return self->dataset != NULL && dh_dataset_has_anomaly_labels (self->dataset);
}

gboolean
dh_session_has_class_labels (DhSession *self)
{
  return self->dataset != NULL && dh_dataset_has_class_labels (self->dataset);
}

gboolean
dh_session_measures_classes (DhSession *self)
{
  const DhClassTable *table = self->dataset != NULL ? dh_dataset_class_table (self->dataset) : NULL;
  return table != NULL && self->model != NULL && table->n_classes == (guint)self->model->n_classes;
}

const char *const *
dh_session_get_notes (DhSession *self)
{
  static const char *const none[] = { NULL };
  return self->dataset != NULL ? dh_dataset_notes (self->dataset) : none;
}

const char *
dh_session_get_class_name (DhSession *self, guint id)
{
  if (self->model != NULL && self->model->class_names != NULL)
    return id < self->model->n_classes ? self->model->class_names[id] : NULL;
  return dh_class_table_class_name (self->table, id);
}

void
dh_session_get_class_color (DhSession *self, guint palette, guint id, guint8 rgb[3])
{
  g_return_if_fail (palette < DH_N_PALETTES);
  dh_class_table_colour (self->table, (DhPalette)palette, id, rgb);
}

const char *
dh_session_get_class_table_title (DhSession *self)
{
  const gboolean own = self->model != NULL && self->model->class_names != NULL;
  return self->table != NULL && !own ? self->table->title : NULL;
}

static void
look_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autofree guint64 *size = g_new (guint64, 1);
  *size = dh_map_cache_get_size (data);
  g_task_return_pointer (task, g_steal_pointer (&size), g_free);
}

static void
clear_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  dh_map_cache_clear (data);
  look_in_thread (task, source, data, cancellable);
}

static void
looked (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autofree guint64 *size = g_task_propagate_pointer (G_TASK (result), NULL);
  if (size == NULL || self->worker == NULL || self->cache_size == *size)
    return;
  self->cache_size = *size;
  dh_session_notify (self, DH_SESSION_PROP_CACHE_SIZE);
}

static void
ask_cache (DhSession *self, GTaskThreadFunc function)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, looked, NULL);
  g_task_set_task_data (task, dh_map_cache_ref (self->cache), (GDestroyNotify)dh_map_cache_unref);
  g_task_run_in_thread (task, function);
}

void
dh_session_look_at_cache (DhSession *self)
{
  ask_cache (self, look_in_thread);
}

void
dh_session_clear_cache (DhSession *self)
{
  ask_cache (self, clear_in_thread);
}

guint64
dh_session_get_cache_size (DhSession *self)
{
  return self->cache_size;
}

guint64
dh_session_get_cache_limit (DhSession *self)
{
  return dh_map_cache_get_limit (self->cache);
}
