#include <glib/gi18n.h>
#include "dh-session-marks.h"
#include "dh-session-private.h"
#include "dh-tag-table.h"

/* Of rows that name no image. */
#define MOST_TOLD 5

typedef struct
{
  DhDataset *dataset;
  char *path;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;
  dh_dataset_unref (reading->dataset);
  g_free (reading->path);
  g_free (reading);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Reading *reading = data;
  GError *error = NULL;
  DhTagTable *table = dh_tag_table_read (reading->path, reading->dataset, FALSE, cancellable, &error);
  if (table != NULL)
    g_task_return_pointer (task, table, (GDestroyNotify)dh_tag_table_free);
  else
    g_task_return_error (task, error);
}

/* Tag → GPtrArray of DhImageItem, borrowed. */
static GHashTable *
list_by_tag (DhSession *self, const DhTagTable *table)
{
  GHashTable *by_tag = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
  for (guint i = 0; i < dh_image_list_get_size (self->list); i++)
    {
      char *const *tags = dh_tag_table_get (table, i);
      for (guint t = 0; tags != NULL && tags[t] != NULL; t++)
        {
          GPtrArray *items = g_hash_table_lookup (by_tag, tags[t]);
          if (items == NULL)
            g_hash_table_insert (by_tag, tags[t], items = g_ptr_array_new ());
          g_ptr_array_add (items, dh_image_list_get_item (self->list, i));
        }
    }
  return by_tag;
}

static void
tell_unknown (DhSession *self, const DhTagTable *table, const char *added)
{
  const guint n = dh_tag_table_n_unknown (table);
  char *const *lines = dh_tag_table_unknown (table);
  g_autofree char *title = g_strdup_printf (
      ngettext ("%s; %u row is of no image, or of several", "%s; %u rows are of no image, or of several", n), added, n);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; lines[i] != NULL && i < MOST_TOLD; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", lines[i]);
  if (n > MOST_TOLD)
    g_string_append (text, "\n…");
  dh_session_complain (self, title, text->str);
}

static void
was_read (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTagTable) table = g_task_propagate_pointer (G_TASK (result), &error);
  const Reading *reading = g_task_get_task_data (G_TASK (result));
  if (self->worker == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (table == NULL)
    {
      dh_session_complain (self, _ ("No tags were taken"), error->message);
      return;
    }
  if (self->dataset != reading->dataset)
    {
      dh_session_complain (self, _ ("No tags were taken"), _ ("Another data set was opened meanwhile."));
      return;
    }
  g_autoptr (GHashTable) by_tag = list_by_tag (self, table);
  GHashTableIter tags;
  gpointer tag, items;
  guint n = 0;
  g_hash_table_iter_init (&tags, by_tag);
  while (g_hash_table_iter_next (&tags, &tag, &items))
    n += dh_session_set_tag_of_all (self, items, tag, TRUE);
  g_autofree char *added = g_strdup_printf (ngettext ("%u tag added", "%u tags added", n), n);
  if (dh_tag_table_n_unknown (table) > 0)
    tell_unknown (self, table, added);
  else
    dh_session_say (self, added);
}

void
dh_session_add_tags_of_table (DhSession *self, const char *path)
{
  if (self->dataset == NULL)
    return;
  Reading *reading = g_new (Reading, 1);
  *reading = (Reading){ dh_dataset_ref (self->dataset), g_strdup (path) };
  g_autoptr (GTask) task = g_task_new (self, self->closing, was_read, NULL);
  g_task_set_task_data (task, reading, reading_free);
  g_task_run_in_thread (task, read_in_thread);
}
