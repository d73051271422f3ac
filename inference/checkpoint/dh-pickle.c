#include "dh-pickle-private.h"

#include "dh-bytes-private.h"
#include "dh-error.h"

static gboolean
push_int (DhPickle *pickle, DhPickleKind kind, gint64 integer, GError **error)
{
  DhPickleValue *value = dh_pickle_new_value (pickle, kind, error);
  if (value)
    value->integer = integer;
  return dh_pickle_push (pickle, value, error);
}

/* The next `length` bytes of the pickle. */
static const guint8 *
take (DhPickle *pickle, guint64 length, GError **error)
{
  if (length > pickle->size - pickle->at)
    {
      dh_pickle_set_broken (pickle, "it ends in the middle; the file is truncated", error);
      return NULL;
    }
  const guint8 *at = pickle->data + pickle->at;
  pickle->at += length;
  return at;
}

static gboolean
push_text (DhPickle *pickle, DhPickleKind kind, guint64 length, GError **error)
{
  const guint8 *at = take (pickle, length, error);
  DhPickleValue *value = at ? dh_pickle_new_value (pickle, kind, error) : NULL;
  if (value)
    {
      value->text.data = (const char *)at;
      value->text.size = length;
    }
  return dh_pickle_push (pickle, value, error);
}

/* A length of 1, 4 or 8 bytes, then that many bytes. */
static gboolean
push_sized (DhPickle *pickle, DhPickleKind kind, guint width, GError **error)
{
  const guint8 *at = take (pickle, width, error);
  return at && push_text (pickle, kind, width == 1 ? *at : width == 4 ? dh_u32 (at) : dh_u64 (at), error);
}

static gboolean
push_long (DhPickle *pickle, guint width, GError **error)
{
  const guint8 *at = take (pickle, width, error);
  const guint64 length = !at ? 0 : width == 1 ? *at : dh_u32 (at);
  const guint8 *digits = at ? take (pickle, length, error) : NULL;
  if (!digits)
    return FALSE;
  DhPickleValue *value = dh_pickle_new_value (pickle, length <= 8 ? DH_PICKLE_INT : DH_PICKLE_LONG, error);
  if (value && length <= 8)
    {
      guint64 bits = length > 0 && digits[length - 1] & 0x80 ? G_MAXUINT64 : 0;
      for (guint i = length; i-- > 0;)
        bits = bits << 8 | digits[i];
      value->integer = (gint64)bits;
    }
  else if (value)
    {
      value->text.data = (const char *)digits;
      value->text.size = length;
    }
  return dh_pickle_push (pickle, value, error);
}

static gboolean
push_float (DhPickle *pickle, GError **error)
{
  const guint8 *at = take (pickle, 8, error);
  DhPickleValue *value = at ? dh_pickle_new_value (pickle, DH_PICKLE_FLOAT, error) : NULL;
  if (value)
    {
      const guint64 bits = GUINT64_SWAP_LE_BE (dh_u64 (at)); /* stands in big-endian order */
      memcpy (&value->real, &bits, sizeof bits);
    }
  return dh_pickle_push (pickle, value, error);
}

/* Replaces everything above `from` by one tuple. */
static gboolean
make_tuple (DhPickle *pickle, guint from, GError **error)
{
  DhPickleValue *tuple = dh_pickle_new_value (pickle, DH_PICKLE_TUPLE, error);
  if (!tuple
      || !dh_pickle_append (pickle, tuple, (DhPickleValue **)pickle->stack->pdata + from, pickle->stack->len - from,
                            error))
    return FALSE;
  g_ptr_array_set_size (pickle->stack, from);
  return dh_pickle_push (pickle, tuple, error);
}

static gboolean
make_short_tuple (DhPickle *pickle, guint n, GError **error)
{
  if (dh_pickle_height (pickle) < n)
    {
      dh_pickle_set_broken (pickle, "it takes more from the stack than is there", error);
      return FALSE;
    }
  return make_tuple (pickle, pickle->stack->len - n, error);
}

/* Moves everything above `from` into the list or dict below it. */
static gboolean
extend (DhPickle *pickle, guint from, DhPickleKind kind, GError **error)
{
  const guint n = pickle->stack->len - from;
  DhPickleValue *to = from > 0 ? g_ptr_array_index (pickle->stack, from - 1) : NULL;
  if (!to || to->kind != kind || (kind == DH_PICKLE_DICT && n % 2 != 0))
    {
      dh_pickle_set_broken (
          pickle, kind == DH_PICKLE_DICT ? "items are set on what is no dict" : "items are put on what is no list",
          error);
      return FALSE;
    }
  if (!dh_pickle_append (pickle, to, (DhPickleValue **)pickle->stack->pdata + from, n, error))
    return FALSE;
  g_ptr_array_set_size (pickle->stack, from);
  return TRUE;
}

static gboolean
extend_by (DhPickle *pickle, guint n, DhPickleKind kind, GError **error)
{
  if (dh_pickle_height (pickle) < n + 1)
    {
      dh_pickle_set_broken (pickle, "it takes more from the stack than is there", error);
      return FALSE;
    }
  return extend (pickle, pickle->stack->len - n, kind, error);
}

/* Two lines of text: module and name. */
static gboolean
read_global (DhPickle *pickle, GError **error)
{
  const char *lines[2];
  gsize lengths[2];
  for (guint i = 0; i < 2; i++)
    {
      const guint8 *start = pickle->data + pickle->at;
      const guint8 *end = memchr (start, '\n', pickle->size - pickle->at);
      if (!end)
        {
          dh_pickle_set_broken (pickle, "it ends in the middle; the file is truncated", error);
          return FALSE;
        }
      lines[i] = (const char *)start;
      lengths[i] = end - start;
      pickle->at += lengths[i] + 1;
    }
  return dh_pickle_push (pickle, dh_pickle_global (pickle, lines[0], lengths[0], lines[1], lengths[1], error), error);
}

static gboolean
read_stack_global (DhPickle *pickle, GError **error)
{
  DhPickleValue *name = dh_pickle_pop (pickle, error);
  DhPickleValue *module = name ? dh_pickle_pop (pickle, error) : NULL;
  if (!module)
    return FALSE;
  if (name->kind != DH_PICKLE_TEXT || module->kind != DH_PICKLE_TEXT)
    {
      dh_pickle_set_broken (pickle, "the name of a global is no text", error);
      return FALSE;
    }
  return dh_pickle_push (
      pickle, dh_pickle_global (pickle, module->text.data, module->text.size, name->text.data, name->text.size, error),
      error);
}

static gboolean
reduce (DhPickle *pickle, GError **error)
{
  DhPickleValue *arguments = dh_pickle_pop (pickle, error);
  DhPickleValue *function = arguments ? dh_pickle_pop (pickle, error) : NULL;
  return function && dh_pickle_push (pickle, dh_pickle_call (pickle, function, arguments, error), error);
}

static gboolean
build (DhPickle *pickle, GError **error)
{
  DhPickleValue *state = dh_pickle_pop (pickle, error);
  DhPickleValue *object = state ? dh_pickle_top (pickle, error) : NULL;
  return object && dh_pickle_build (pickle, object, state, error);
}

static gboolean
persistent (DhPickle *pickle, GError **error)
{
  DhPickleValue *id = dh_pickle_pop (pickle, error);
  DhPickleValue *storage = id ? dh_pickle_persistent (pickle, id, error) : NULL;
  return storage && dh_pickle_push (pickle, storage, error);
}

/* One opcode but STOP; the names are those of Python's pickletools. */
static gboolean
step (DhPickle *pickle, guint8 opcode, GError **error)
{
  const guint8 *at;
  guint mark;
  switch (opcode)
    {
    case 0x80: /* PROTO */
      if (!(at = take (pickle, 1, error)))
        return FALSE;
      if (*at > 5)
        dh_pickle_set_broken (pickle, "its protocol is not known", error);
      return *at <= 5;
    case 0x95: /* FRAME */
      return take (pickle, 8, error) != NULL;
    case '(': /* MARK */
      return dh_pickle_push_mark (pickle, error);
    case '0': /* POP */
      return dh_pickle_pop (pickle, error) != NULL;
    case '1': /* POP_MARK */
      if (!dh_pickle_pop_mark (pickle, &mark, error))
        return FALSE;
      g_ptr_array_set_size (pickle->stack, mark);
      return TRUE;

    case 'N': /* NONE */
      return dh_pickle_push (pickle, dh_pickle_new_value (pickle, DH_PICKLE_NONE, error), error);
    case 0x88: /* NEWTRUE */
    case 0x89: /* NEWFALSE */
      return push_int (pickle, DH_PICKLE_BOOL, opcode == 0x88, error);
    case 'J': /* BININT */
      return (at = take (pickle, 4, error)) && push_int (pickle, DH_PICKLE_INT, (gint32)dh_u32 (at), error);
    case 'K': /* BININT1 */
      return (at = take (pickle, 1, error)) && push_int (pickle, DH_PICKLE_INT, *at, error);
    case 'M': /* BININT2 */
      return (at = take (pickle, 2, error)) && push_int (pickle, DH_PICKLE_INT, dh_u16 (at), error);
    case 0x8a: /* LONG1 */
      return push_long (pickle, 1, error);
    case 0x8b: /* LONG4 */
      return push_long (pickle, 4, error);
    case 'G': /* BINFLOAT */
      return push_float (pickle, error);

    case 0x8c: /* SHORT_BINUNICODE */
    case 'U':  /* SHORT_BINSTRING: Python 2's text */
      return push_sized (pickle, DH_PICKLE_TEXT, 1, error);
    case 'X': /* BINUNICODE */
    case 'T': /* BINSTRING */
      return push_sized (pickle, DH_PICKLE_TEXT, 4, error);
    case 0x8d: /* BINUNICODE8 */
      return push_sized (pickle, DH_PICKLE_TEXT, 8, error);
    case 'C': /* SHORT_BINBYTES */
      return push_sized (pickle, DH_PICKLE_BYTES, 1, error);
    case 'B': /* BINBYTES */
      return push_sized (pickle, DH_PICKLE_BYTES, 4, error);
    case 0x8e: /* BINBYTES8 */
      return push_sized (pickle, DH_PICKLE_BYTES, 8, error);

    case ']': /* EMPTY_LIST */
      return dh_pickle_push (pickle, dh_pickle_new_value (pickle, DH_PICKLE_LIST, error), error);
    case 'a': /* APPEND */
      return extend_by (pickle, 1, DH_PICKLE_LIST, error);
    case 'e': /* APPENDS */
      return dh_pickle_pop_mark (pickle, &mark, error) && extend (pickle, mark, DH_PICKLE_LIST, error);
    case '}': /* EMPTY_DICT */
      return dh_pickle_push (pickle, dh_pickle_new_value (pickle, DH_PICKLE_DICT, error), error);
    case 's': /* SETITEM */
      return extend_by (pickle, 2, DH_PICKLE_DICT, error);
    case 'u': /* SETITEMS */
      return dh_pickle_pop_mark (pickle, &mark, error) && extend (pickle, mark, DH_PICKLE_DICT, error);
    case ')': /* EMPTY_TUPLE */
      return make_short_tuple (pickle, 0, error);
    case 't': /* TUPLE */
      return dh_pickle_pop_mark (pickle, &mark, error) && make_tuple (pickle, mark, error);
    case 0x85: /* TUPLE1 */
    case 0x86: /* TUPLE2 */
    case 0x87: /* TUPLE3 */
      return make_short_tuple (pickle, opcode - 0x84, error);

    case 'q': /* BINPUT */
      return (at = take (pickle, 1, error)) && dh_pickle_memo_put (pickle, *at, error);
    case 'r': /* LONG_BINPUT */
      return (at = take (pickle, 4, error)) && dh_pickle_memo_put (pickle, dh_u32 (at), error);
    case 0x94: /* MEMOIZE */
      return dh_pickle_memo_put (pickle, pickle->memo->len, error);
    case 'h': /* BINGET */
      return (at = take (pickle, 1, error)) && dh_pickle_memo_get (pickle, *at, error);
    case 'j': /* LONG_BINGET */
      return (at = take (pickle, 4, error)) && dh_pickle_memo_get (pickle, dh_u32 (at), error);

    case 'c': /* GLOBAL */
    case 'i': /* INST: names what it would make, and no state dict makes anything this way */
      return read_global (pickle, error);
    case 0x93: /* STACK_GLOBAL */
      return read_stack_global (pickle, error);
    case 'R': /* REDUCE */
      return reduce (pickle, error);
    case 'b': /* BUILD */
      return build (pickle, error);
    case 'Q': /* BINPERSID */
      return persistent (pickle, error);

    default:
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "the pickle uses opcode 0x%02x at byte %" G_GSIZE_FORMAT
                   ", which a state dict does not need; it was not loaded",
                   opcode, pickle->at - 1);
      return FALSE;
    }
}

DhPickle *
dh_pickle_read (const guint8 *data, gsize size, gsize *used, GError **error)
{
  g_autoptr (DhPickle) pickle = dh_pickle_new (data, size);
  for (;;)
    {
      const guint8 *opcode = take (pickle, 1, error);
      if (!opcode || !dh_pickle_spend (pickle, 1, error))
        return NULL;
      if (*opcode == '.') /* STOP */
        break;
      if (!step (pickle, *opcode, error))
        return NULL;
    }
  pickle->root = dh_pickle_pop (pickle, error);
  if (!pickle->root)
    return NULL;
  *used = pickle->at;
  return g_steal_pointer (&pickle);
}
