#include "dh-pickle-private.h"

#include <string.h>

#include "dh-error.h"

enum
{
  MAX_VALUES = 1 << 20,
  MAX_WORK = 1 << 23, /* opcodes, and items put into containers */
  CHUNK = 1024,
};

gboolean
dh_pickle_spend (DhPickle *pickle, guint work, GError **error)
{
  if (work > MAX_WORK - pickle->work)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "the pickle takes more than %d steps, far more than a state dict needs; it was not loaded",
                   MAX_WORK);
      return FALSE;
    }
  pickle->work += work;
  return TRUE;
}

DhPickleValue *
dh_pickle_new_value (DhPickle *pickle, DhPickleKind kind, GError **error)
{
  if (pickle->n_values == MAX_VALUES)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "the pickle holds more than %d values, far more than a state dict needs; it was not loaded",
                   MAX_VALUES);
      return NULL;
    }
  if (pickle->n_values % CHUNK == 0)
    g_ptr_array_add (pickle->chunks, g_new0 (DhPickleValue, CHUNK));
  DhPickleValue *chunk = g_ptr_array_index (pickle->chunks, pickle->n_values / CHUNK);
  DhPickleValue *value = &chunk[pickle->n_values++ % CHUNK];
  value->kind = kind;
  return value;
}

gpointer
dh_pickle_keep (DhPickle *pickle, gpointer memory)
{
  g_ptr_array_add (pickle->kept, memory);
  return memory;
}

static void
root_free (gpointer data)
{
  DhPickleRoot *root = data;
  g_free (root->key);
  g_clear_pointer (&root->bytes, g_bytes_unref);
  g_free (root);
}

DhPickle *
dh_pickle_new (const guint8 *data, gsize size)
{
  DhPickle *pickle = g_new0 (DhPickle, 1);
  pickle->data = data;
  pickle->size = size;
  pickle->chunks = g_ptr_array_new_with_free_func (g_free);
  pickle->stack = g_ptr_array_sized_new (64);
  pickle->marks = g_array_new (FALSE, FALSE, sizeof (guint));
  pickle->memo = g_ptr_array_new ();
  pickle->kept = g_ptr_array_new_with_free_func (g_free);
  pickle->roots = g_ptr_array_new_with_free_func (root_free);
  pickle->root_index = g_hash_table_new (g_str_hash, g_str_equal);
  return pickle;
}

void
dh_pickle_free (DhPickle *pickle)
{
  if (!pickle)
    return;
  for (guint i = 0; i < pickle->n_values; i++)
    {
      DhPickleValue *chunk = g_ptr_array_index (pickle->chunks, i / CHUNK);
      DhPickleValue *value = &chunk[i % CHUNK];
      if (value->kind == DH_PICKLE_TUPLE || value->kind == DH_PICKLE_LIST || value->kind == DH_PICKLE_DICT)
        g_free (value->items.data);
      else if (value->kind == DH_PICKLE_TENSOR && value->tensor)
        dh_tensor_unref (value->tensor->tensor);
    }
  g_ptr_array_unref (pickle->chunks);
  g_ptr_array_unref (pickle->stack);
  g_array_unref (pickle->marks);
  g_ptr_array_unref (pickle->memo);
  g_ptr_array_unref (pickle->kept);
  g_hash_table_unref (pickle->root_index);
  g_ptr_array_unref (pickle->roots);
  g_free (pickle);
}

DhPickleRoot *
dh_pickle_find_storage (DhPickle *pickle, const char *key, gsize length)
{
  g_autofree char *copy = g_strndup (key, length);
  return g_hash_table_lookup (pickle->root_index, copy);
}

DhPickleRoot *
dh_pickle_keep_root (DhPickle *pickle, const char *key, gsize length, DhDtype dtype, gint64 count)
{
  DhPickleRoot *root = dh_pickle_find_storage (pickle, key, length);
  if (root)
    return root;
  root = g_new0 (DhPickleRoot, 1);
  *root = (DhPickleRoot){ .key = g_strndup (key, length), .dtype = dtype, .count = count };
  g_ptr_array_add (pickle->roots, root);
  g_hash_table_insert (pickle->root_index, root->key, root);
  return root;
}

gboolean
dh_pickle_append (DhPickle *pickle, DhPickleValue *to, DhPickleValue *const *items, guint n, GError **error)
{
  if (n == 0)
    return TRUE;
  if (!dh_pickle_spend (pickle, n, error))
    return FALSE;
  if (n > to->items.capacity - to->items.n)
    {
      const guint capacity = MAX (to->items.n + n, to->items.capacity + to->items.capacity / 2);
      DhPickleValue **data = g_try_realloc_n (to->items.data, capacity, sizeof *data);
      if (!data)
        {
          g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for the pickle's values");
          return FALSE;
        }
      to->items.data = data;
      to->items.capacity = capacity;
    }
  memcpy (to->items.data + to->items.n, items, n * sizeof *items);
  to->items.n += n;
  return TRUE;
}

DhPickleValue *
dh_pickle_root (DhPickle *pickle)
{
  return pickle->root;
}

GPtrArray *
dh_pickle_storages (DhPickle *pickle)
{
  return pickle->roots;
}

gboolean
dh_pickle_is_text (const DhPickleValue *value, const char *text)
{
  return value->kind == DH_PICKLE_TEXT && value->text.size == strlen (text)
         && memcmp (value->text.data, text, value->text.size) == 0;
}

DhPickleValue *
dh_pickle_dict_get (const DhPickleValue *dict, const char *key)
{
  for (guint i = dict->items.n; i >= 2; i -= 2)
    if (dh_pickle_is_text (dict->items.data[i - 2], key))
      return dict->items.data[i - 1];
  return NULL;
}
