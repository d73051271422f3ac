#include "dh-session-marks.h"
#include <glib/gi18n.h>
#include <string.h>
#include "dh-database.h"
#include "dh-error.h"
#include "dh-records.h"
#include "dh-session-private.h"

/* Milliseconds after which a note that is being typed is kept. */
#define REST 700
/* Milliseconds for which a locked database is waited for: it is tried again. */
#define PATIENCE 3000

struct _DhMarks
{
  GHashTable *rows; /* path → DhMarkRow */
  GPtrArray *list;
};

DhMarks *
dh_marks_read (GError **error)
{
  g_autoptr (DhMarks) marks = g_new0 (DhMarks, 1);
  g_autofree char *path = dh_database_default_path ();
  marks->rows = g_hash_table_new (g_str_hash, g_str_equal);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&marks);
  /* Not one of an earlier program as it stands: brought up to date. */
  g_autoptr (DhDatabase) database = dh_database_open (NULL, error);
  marks->list = database != NULL ? dh_database_list_marks (database, error) : NULL;
  if (marks->list == NULL)
    return NULL;
  for (guint i = 0; i < marks->list->len; i++)
    g_hash_table_insert (marks->rows, ((DhMarkRow *)marks->list->pdata[i])->path, marks->list->pdata[i]);
  return g_steal_pointer (&marks);
}

void
dh_marks_free (DhMarks *marks)
{
  g_hash_table_unref (marks->rows);
  g_clear_pointer (&marks->list, g_ptr_array_unref);
  g_free (marks);
}

static DhMarkRow *
new_row (const char *path, const char *tags, const char *note)
{
  DhMarkRow *row = g_new0 (DhMarkRow, 1);
  row->path = g_strdup (path);
  row->tags = g_strdup (tags);
  row->note = g_strdup (note);
  return row;
}

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)dh_mark_row_free);
}

static void
put_row (GHashTable *table, DhMarkRow *row)
{
  g_hash_table_replace (table, row->path, row);
}

void
dh_session_apply_marks (DhSession *self, DhMarks *marks, const char *path, DhImageItem *item)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  const DhMarkRow *row = self->written_marks != NULL ? g_hash_table_lookup (self->written_marks, absolute) : NULL;
  const DhMarkRow *read = marks != NULL ? g_hash_table_lookup (marks->rows, absolute) : NULL;
  if (self->read_marks == NULL)
    self->read_marks = new_table ();
  if (row == NULL)
    row = read;
  if (row == NULL)
    return;
  if (row == read)
    put_row (self->read_marks, new_row (absolute, row->tags, row->note));
  /* The database may come from anyone. */
  g_autofree char *text = g_utf8_make_valid (row->tags, -1);
  g_autofree char *note = g_utf8_make_valid (row->note, -1);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      g_strv_builder_add (builder, lines[i]);
  g_auto (GStrv) tags = g_strv_builder_end (builder);
  dh_image_item_set_tags (item, (const char *const *)tags);
  dh_image_item_set_note (item, note);
}

static DhMarkRow *
make_row (const char *path, DhImageItem *item)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *tags = g_strjoinv ("\n", (char **)dh_image_item_get_tags (item));
  return new_row (absolute, tags, dh_image_item_get_note (item));
}

/* What was known of a picture, and what it is to be: others may write of it, too. */
typedef struct
{
  DhMarkRow *before, *after;
} Change;

static void
change_free (Change *change)
{
  dh_mark_row_free (change->before);
  dh_mark_row_free (change->after);
  g_free (change);
}

typedef struct
{
  DhSession *session;
  GPtrArray *changes; /* Change */
  char *error;
} Writing;

static void
writing_free (Writing *writing)
{
  g_object_unref (writing->session);
  g_clear_pointer (&writing->changes, g_ptr_array_unref);
  g_free (writing->error);
  g_free (writing);
}

static gboolean
was_not_written (gpointer data)
{
  Writing *writing = data;
  if (writing->session->worker != NULL)
    dh_session_complain (writing->session, _ ("Tags and note could not be kept"), writing->error);
  writing_free (writing);
  return G_SOURCE_REMOVE;
}

static gboolean
was_written (gpointer data)
{
  writing_free (data);
  return G_SOURCE_REMOVE;
}

/* Of a picture whose last change is not kept yet, both become one. */
static void
add_unkept (GHashTable *unkept, Change *change)
{
  Change *earlier = g_hash_table_lookup (unkept, change->after->path);
  if (earlier != NULL)
    {
      DhMarkRow *before = g_steal_pointer (&earlier->before);
      earlier->before = g_steal_pointer (&change->before);
      change->before = before;
    }
  g_hash_table_replace (unkept, change->after->path, change);
}

/* What could not be kept before, and what came since. What is still not kept stays for the next time. */
static gboolean
put_unkept (DhSession *self, GError **error)
{
  g_autoptr (DhDatabase) database = dh_database_open_within (NULL, PATIENCE, error);
  if (database == NULL)
    return FALSE;
  const guint n = g_hash_table_size (self->unkept_marks);
  g_autofree const DhMarkRow **before = g_new (const DhMarkRow *, MAX (n, 1));
  g_autofree const DhMarkRow **after = g_new (const DhMarkRow *, MAX (n, 1));
  GHashTableIter changes;
  gpointer value;
  guint i = 0;
  g_hash_table_iter_init (&changes, self->unkept_marks);
  for (; g_hash_table_iter_next (&changes, NULL, &value); i++)
    {
      before[i] = ((const Change *)value)->before;
      after[i] = ((const Change *)value)->after;
    }
  if (!dh_database_change_marks (database, before, after, n, error))
    return FALSE;
  g_hash_table_remove_all (self->unkept_marks);
  return TRUE;
}

/* The session is let go on the window's thread. */
static void
write_in_thread (gpointer data, gpointer user_data)
{
  Writing *writing = data;
  g_autoptr (GError) error = NULL;
  g_ptr_array_set_free_func (writing->changes, NULL);
  for (guint i = 0; i < writing->changes->len; i++)
    add_unkept (writing->session->unkept_marks, writing->changes->pdata[i]);
  if (!g_atomic_int_get (&writing->session->marks_end) && !put_unkept (writing->session, &error))
    writing->error = g_strdup (error->message);
  g_idle_add (error != NULL ? was_not_written : was_written, writing);
}

/* What this session knows the database to have of a picture, or to have soon. */
static DhMarkRow *
known_row (DhSession *self, const char *path)
{
  const DhMarkRow *row = g_hash_table_lookup (self->written_marks, path);
  if (row == NULL && self->read_marks != NULL)
    row = g_hash_table_lookup (self->read_marks, path);
  return row != NULL ? new_row (path, row->tags, row->note) : new_row (path, "", "");
}

static void
add_change (DhSession *self, DhImageItem *item, GPtrArray *changes)
{
  const guint index = dh_image_item_get_index (item);
  if (self->dataset == NULL || dh_image_list_get_item (self->list, index) != item)
    return;
  const char *path = dh_dataset_item (self->dataset, index)->image;
  DhMarkRow *own = make_row (path, item);
  Change *change = g_new (Change, 1);
  *change = (Change){ known_row (self, own->path), make_row (path, item) };
  g_ptr_array_add (changes, change);
  put_row (self->written_marks, own);
  dh_session_trace (self, "marks %s [%s] %s", dh_image_item_get_stem (item), own->tags, own->note);
}

/* What is now said of them; GPtrArray of DhImageItem. */
static void
keep (DhSession *self, GPtrArray *items)
{
  if (self->mark_writer == NULL)
    {
      self->mark_writer = g_thread_pool_new (write_in_thread, NULL, 1, FALSE, NULL);
      self->written_marks = new_table ();
      self->unkept_marks = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)change_free);
    }
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func ((GDestroyNotify)change_free);
  for (guint i = 0; i < items->len; i++)
    add_change (self, items->pdata[i], changes);
  if (changes->len == 0)
    return;
  Writing *writing = g_new0 (Writing, 1);
  writing->session = g_object_ref (self);
  writing->changes = g_steal_pointer (&changes);
  g_thread_pool_push (self->mark_writer, writing, NULL);
}

void
dh_session_keep_note (DhSession *self)
{
  g_clear_handle_id (&self->writing_source, g_source_remove);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  if (self->writing != NULL)
    g_ptr_array_add (items, g_steal_pointer (&self->writing));
  if (items->len > 0)
    keep (self, items);
}

static gboolean
came_to_rest (gpointer data)
{
  DhSession *self = data;
  self->writing_source = 0;
  dh_session_keep_note (self);
  return G_SOURCE_REMOVE;
}

void
dh_session_set_note (DhSession *self, DhImageItem *item, const char *note)
{
  if (g_str_equal (dh_image_item_get_note (item), note))
    return;
  if (self->writing != item)
    dh_session_keep_note (self);
  g_clear_handle_id (&self->writing_source, g_source_remove);
  g_set_object (&self->writing, item);
  dh_image_item_set_note (item, note);
  dh_session_emit (self, DH_SESSION_MARKS);
  self->writing_source = g_timeout_add (REST, came_to_rest, self);
}

static void
change_tag (DhImageItem *item, const char *tag, gboolean on)
{
  g_autoptr (GStrvBuilder) tags = g_strv_builder_new ();
  const char *const *before = dh_image_item_get_tags (item);
  for (guint i = 0; before[i] != NULL; i++)
    if (!g_str_equal (before[i], tag))
      g_strv_builder_add (tags, before[i]);
  if (on)
    g_strv_builder_add (tags, tag);
  g_auto (GStrv) after = g_strv_builder_end (tags);
  dh_image_item_set_tags (item, (const char *const *)after);
}

guint
dh_session_set_tag_of_all (DhSession *self, GPtrArray *items, const char *tag, gboolean on)
{
  g_autofree char *line = g_utf8_make_valid (tag, -1);
  g_strdelimit (line, "\n\r", ' ');
  g_strstrip (line);
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; *line != '\0' && i < items->len; i++)
    if (dh_image_item_has_tag (items->pdata[i], line) != on)
      g_ptr_array_add (changed, g_object_ref (items->pdata[i]));
  for (guint i = 0; i < changed->len; i++)
    change_tag (changed->pdata[i], line, on);
  if (changed->len > 0)
    {
      dh_session_emit (self, DH_SESSION_MARKS);
      dh_session_renew_slices (self);
      keep (self, changed);
    }
  return changed->len;
}

void
dh_session_set_tag (DhSession *self, DhImageItem *item, const char *tag, gboolean on)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  g_ptr_array_add (items, item);
  dh_session_set_tag_of_all (self, items, tag, on);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *)a, *(const char *const *)b);
}

char *
dh_session_dup_file (DhSession *self, DhImageItem *item)
{
  const guint index = dh_image_item_get_index (item);
  if (self->dataset == NULL || index >= dh_dataset_size (self->dataset))
    return g_strdup ("");
  g_autofree char *path = g_canonicalize_filename (dh_dataset_item (self->dataset, index)->image, NULL);
  return g_utf8_make_valid (path, -1);
}

char **
dh_session_list_tags (DhSession *self)
{
  static const char *const usual[] = { N_ ("label error"), N_ ("reflection"), N_ ("look again") };
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    g_hash_table_add (seen, (gpointer)_ (usual[i]));
  for (guint i = 0; i < dh_image_list_get_size (self->list); i++)
    {
      const char *const *tags = dh_image_item_get_tags (dh_image_list_get_item (self->list, i));
      for (guint j = 0; tags[j] != NULL; j++)
        g_hash_table_add (seen, (gpointer)tags[j]);
    }
  guint n;
  g_autofree gpointer *keys = g_hash_table_get_keys_as_array (seen, &n);
  char **tags = g_strdupv ((char **)keys);
  qsort (tags, n, sizeof *tags, compare);
  return tags;
}

void
dh_session_close_marks (DhSession *self)
{
  dh_session_keep_note (self);
  g_clear_pointer (&self->read_marks, g_hash_table_unref);
  if (self->mark_writer == NULL)
    return;
  /* However many there are, a database that is locked is waited for once more. */
  g_atomic_int_set (&self->marks_end, TRUE);
  g_thread_pool_free (self->mark_writer, FALSE, TRUE);
  self->mark_writer = NULL;
  g_autoptr (GError) error = NULL;
  if (g_hash_table_size (self->unkept_marks) > 0 && !put_unkept (self, &error))
    g_printerr ("%s: %s\n", _ ("Tags and note could not be kept"), error->message);
  g_clear_pointer (&self->unkept_marks, g_hash_table_unref);
  g_clear_pointer (&self->written_marks, g_hash_table_unref);
}
