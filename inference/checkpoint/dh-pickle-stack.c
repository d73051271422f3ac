#include "dh-pickle-private.h"

#include "dh-error.h"

enum
{
  MAX_STACK = 1 << 18,
};

void
dh_pickle_set_broken (DhPickle *pickle, const char *why, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the pickle is broken at byte %" G_GSIZE_FORMAT ": %s", pickle->at,
               why);
}

gboolean
dh_pickle_push (DhPickle *pickle, DhPickleValue *value, GError **error)
{
  if (!value)
    return FALSE;
  if (pickle->stack->len == MAX_STACK)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "the pickle is nested or stacked more than %d deep, far more than a state dict needs; it was not "
                   "loaded",
                   MAX_STACK);
      return FALSE;
    }
  g_ptr_array_add (pickle->stack, value);
  return TRUE;
}

guint
dh_pickle_height (DhPickle *pickle)
{
  const guint floor = pickle->marks->len ? g_array_index (pickle->marks, guint, pickle->marks->len - 1) : 0;
  return pickle->stack->len - floor;
}

DhPickleValue *
dh_pickle_pop (DhPickle *pickle, GError **error)
{
  if (dh_pickle_height (pickle) == 0)
    {
      dh_pickle_set_broken (pickle, "it takes more from the stack than is there", error);
      return NULL;
    }
  return g_ptr_array_steal_index (pickle->stack, pickle->stack->len - 1);
}

DhPickleValue *
dh_pickle_top (DhPickle *pickle, GError **error)
{
  if (dh_pickle_height (pickle) == 0)
    {
      dh_pickle_set_broken (pickle, "it takes more from the stack than is there", error);
      return NULL;
    }
  return g_ptr_array_index (pickle->stack, pickle->stack->len - 1);
}

gboolean
dh_pickle_push_mark (DhPickle *pickle, GError **error)
{
  if (pickle->marks->len == MAX_STACK)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "the pickle is nested more than %d deep, far more than a state dict needs; it was not loaded",
                   MAX_STACK);
      return FALSE;
    }
  g_array_append_val (pickle->marks, pickle->stack->len);
  return TRUE;
}

gboolean
dh_pickle_pop_mark (DhPickle *pickle, guint *mark, GError **error)
{
  if (pickle->marks->len == 0)
    {
      dh_pickle_set_broken (pickle, "a mark is missing", error);
      return FALSE;
    }
  *mark = g_array_index (pickle->marks, guint, pickle->marks->len - 1);
  g_array_set_size (pickle->marks, pickle->marks->len - 1);
  return TRUE;
}

gboolean
dh_pickle_memo_put (DhPickle *pickle, guint32 index, GError **error)
{
  DhPickleValue *value = dh_pickle_top (pickle, error);
  if (!value)
    return FALSE;
  if (index > pickle->work) /* picklers number in order: there cannot be more entries than steps so far */
    {
      dh_pickle_set_broken (pickle, "its memo skips numbers", error);
      return FALSE;
    }
  if (index >= pickle->memo->len)
    g_ptr_array_set_size (pickle->memo, index + 1);
  pickle->memo->pdata[index] = value;
  return TRUE;
}

gboolean
dh_pickle_memo_get (DhPickle *pickle, guint32 index, GError **error)
{
  DhPickleValue *value = index < pickle->memo->len ? pickle->memo->pdata[index] : NULL;
  if (!value)
    {
      dh_pickle_set_broken (pickle, "it refers to a value that was never kept", error);
      return FALSE;
    }
  return dh_pickle_push (pickle, value, error);
}
