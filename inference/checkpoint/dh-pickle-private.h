#pragma once
#include <glib.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* A machine for pickles that is data all the way: it knows the opcodes and the few functions that a state dict needs,
 * calls nothing, and refuses everything else by name. No recursion; every length is checked against the pickle, and
 * stack, memo, values and work are limited. */

typedef enum
{
  DH_PICKLE_NONE,
  DH_PICKLE_BOOL,
  DH_PICKLE_INT,
  DH_PICKLE_LONG, /* over 64 bits: its little-endian two's complement bytes, in text */
  DH_PICKLE_FLOAT,
  DH_PICKLE_TEXT,
  DH_PICKLE_BYTES,
  DH_PICKLE_TUPLE,
  DH_PICKLE_LIST,
  DH_PICKLE_DICT, /* an OrderedDict too; items are key, value, key, value, … as they were set */
  DH_PICKLE_GLOBAL,
  DH_PICKLE_STORAGE,
  DH_PICKLE_TENSOR,
  DH_PICKLE_NUMPY_DTYPE,
} DhPickleKind;

/* The names that are known. */
typedef enum
{
  DH_GLOBAL_ORDERED_DICT,
  DH_GLOBAL_REBUILD_TENSOR,    /* (storage, offset, size, stride) */
  DH_GLOBAL_REBUILD_TENSOR_V2, /* (…, requires_grad, backward_hooks[, metadata]) */
  DH_GLOBAL_REBUILD_TENSOR_V3, /* (…, requires_grad, backward_hooks, dtype[, metadata]) */
  DH_GLOBAL_REBUILD_PARAMETER, /* (tensor, requires_grad, backward_hooks[, state]) */
  DH_GLOBAL_STORAGE,           /* torch.FloatStorage, … */
  DH_GLOBAL_DTYPE,             /* torch.float32, … */
  DH_GLOBAL_NUMPY_DTYPE,
  DH_GLOBAL_NUMPY_SCALAR,
  DH_GLOBAL_ENCODE, /* _codecs.encode (text, "latin1"): how protocol 2 writes bytes */
} DhGlobal;

/* What the file keeps outside the pickle under a key. Filled in by the reader of the container. */
typedef struct
{
  char *key;
  DhDtype dtype;
  gint64 count;  /* elements, as the pickle says */
  GBytes *bytes; /* NULL until found */
} DhPickleRoot;

typedef struct
{
  DhPickleRoot *root;
  DhDtype dtype;
  gint64 offset; /* elements into the root: legacy views */
  gint64 count;
} DhPickleStorage;

typedef struct
{
  const DhPickleStorage *storage;
  DhDtype dtype;
  gint64 offset; /* elements into the storage; nothing here is checked against it yet */
  guint n_dims;
  gint64 dims[DH_MAX_DIMS], strides[DH_MAX_DIMS];
  DhTensor *tensor; /* once made; owned */
} DhPickleTensor;

typedef struct _DhPickleValue DhPickleValue;
struct _DhPickleValue
{
  guint8 kind;   /* DhPickleKind */
  guint8 global; /* DhGlobal */
  guint8 dtype;  /* DhDtype of a global */
  union
  {
    gint64 integer;
    double real;
    struct
    {
      const char *data; /* in the pickle, or kept by the machine; not terminated */
      gsize size;
    } text;
    struct
    {
      DhPickleValue **data;
      guint n, capacity;
    } items;
    DhPickleStorage *storage;
    DhPickleTensor *tensor;
    struct
    {
      char kind;     /* 'f', 'i', 'u', 'b' */
      char order;    /* '<', '>', '|' */
      guint16 width; /* bytes */
    } numpy;
  };
};

typedef struct _DhPickle DhPickle;

/* Reads the pickle that begins at `data`; `used` receives its length. The bytes must outlive the result. */
DhPickle *dh_pickle_read (const guint8 *data, gsize size, gsize *used, GError **error);
void dh_pickle_free (DhPickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPickle, dh_pickle_free)
DhPickleValue *dh_pickle_root (DhPickle *pickle);
/* DhPickleRoot in the order in which they were met. Borrowed. */
GPtrArray *dh_pickle_storages (DhPickle *pickle);
DhPickleRoot *dh_pickle_find_storage (DhPickle *pickle, const char *key, gsize length);

gboolean dh_pickle_is_text (const DhPickleValue *value, const char *text);
/* The value under a key of a dict (the one set last), or NULL. */
DhPickleValue *dh_pickle_dict_get (const DhPickleValue *dict, const char *key);

/* Belongs to the files dh-pickle.c (opcodes), dh-pickle-stack.c, dh-pickle-call.c and dh-pickle-value.c. */
struct _DhPickle
{
  const guint8 *data;
  gsize size, at;
  GPtrArray *chunks; /* of values */
  guint n_values;
  GPtrArray *stack; /* DhPickleValue, borrowed */
  GArray *marks;    /* guint: heights of the stack */
  GPtrArray *memo;  /* DhPickleValue, borrowed; holes are NULL */
  GPtrArray *kept;  /* memory of values */
  GPtrArray *roots;
  GHashTable *root_index;
  guint work;
  DhPickleValue *root;
};

G_GNUC_INTERNAL DhPickle *dh_pickle_new (const guint8 *data, gsize size);
/* Counts work against its limit. */
G_GNUC_INTERNAL gboolean dh_pickle_spend (DhPickle *pickle, guint work, GError **error);

/* dh-pickle-stack.c: what opcodes take from and leave to each other. Nothing is popped beyond the innermost mark. */
G_GNUC_INTERNAL void dh_pickle_set_broken (DhPickle *pickle, const char *why, GError **error);
/* How many values may be popped. */
G_GNUC_INTERNAL guint dh_pickle_height (DhPickle *pickle);
/* `value` NULL: FALSE, the error is set. */
G_GNUC_INTERNAL gboolean dh_pickle_push (DhPickle *pickle, DhPickleValue *value, GError **error);
G_GNUC_INTERNAL DhPickleValue *dh_pickle_pop (DhPickle *pickle, GError **error);
G_GNUC_INTERNAL DhPickleValue *dh_pickle_top (DhPickle *pickle, GError **error);
G_GNUC_INTERNAL gboolean dh_pickle_push_mark (DhPickle *pickle, GError **error);
G_GNUC_INTERNAL gboolean dh_pickle_pop_mark (DhPickle *pickle, guint *mark, GError **error);
/* Keeps the top under a number; pushes what was kept. */
G_GNUC_INTERNAL gboolean dh_pickle_memo_put (DhPickle *pickle, guint32 index, GError **error);
G_GNUC_INTERNAL gboolean dh_pickle_memo_get (DhPickle *pickle, guint32 index, GError **error);

/* dh-pickle-value.c and dh-pickle-call.c */
G_GNUC_INTERNAL DhPickleValue *dh_pickle_new_value (DhPickle *pickle, DhPickleKind kind, GError **error);
G_GNUC_INTERNAL gpointer dh_pickle_keep (DhPickle *pickle, gpointer memory);
G_GNUC_INTERNAL DhPickleRoot *dh_pickle_keep_root (DhPickle *pickle, const char *key, gsize length, DhDtype dtype,
                                                   gint64 count);
G_GNUC_INTERNAL gboolean dh_pickle_append (DhPickle *pickle, DhPickleValue *to, DhPickleValue *const *items, guint n,
                                           GError **error);
G_GNUC_INTERNAL DhPickleValue *dh_pickle_global (DhPickle *pickle, const char *module, gsize module_length,
                                                 const char *name, gsize name_length, GError **error);
G_GNUC_INTERNAL DhPickleValue *dh_pickle_call (DhPickle *pickle, DhPickleValue *function, DhPickleValue *arguments,
                                               GError **error);
G_GNUC_INTERNAL gboolean dh_pickle_build (DhPickle *pickle, DhPickleValue *object, DhPickleValue *state,
                                          GError **error);
G_GNUC_INTERNAL DhPickleValue *dh_pickle_persistent (DhPickle *pickle, DhPickleValue *id, GError **error);

G_END_DECLS
