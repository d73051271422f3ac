#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* What the doctor of data sets (dh-dataset-check.h) says of the open one: every picture and label is read. */
typedef enum
{
  DH_DATA_OK,
  DH_DATA_INFO,
  DH_DATA_WARNING, /* something is left out or assumed */
  DH_DATA_ERROR,   /* something is broken or missing */
} DhDataLevel;

typedef struct
{
  DhDataLevel level;
  char *sentence;
  char *detail; /* NULL: there is none */
  char **files; /* those it concerns, at most 100; each may go on with ": why"; NULL-terminated */
  guint count;  /* of them all; 0: of none in particular */
} DhDataFinding;

/* An id in the label files. */
typedef struct
{
  guint value;
  const char *role; /* what it is taken as, translated */
  char *meaning;
  double share; /* of all labelled pixels */
  guint64 pixels;
  guint images;
  gboolean anomaly, known; /* `known` FALSE: it has no meaning, and its pictures are left out */
} DhDataValue;

typedef struct
{
  char *name; /* of the split; "" where there are none */
  guint images, labels;
  guint published; /* pictures; 0: not known */
} DhDataSplit;

typedef struct
{
  guint images, labels, pairs, usable;
  GPtrArray *splits;   /* DhDataSplit */
  GPtrArray *findings; /* DhDataFinding, worst first */
  GPtrArray *values;   /* DhDataValue, by value */
  char *text;          /* all of it, for the clipboard */
} DhDataCheck;
void dh_data_check_free (DhDataCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhDataCheck, dh_data_check_free)

/* How far a check is: g_atomic_rc_box_new0(), shared with its thread; read with g_atomic_int_get(). */
typedef struct
{
  gint done, total;
} DhDataCheckProgress;

/* On threads of its own, from the window's; `progress` is kept as long as it is needed. A data set must be open. */
void dh_data_check_async (DhSession *session, DhDataCheckProgress *progress, GCancellable *cancellable,
                          GAsyncReadyCallback done, gpointer data);
/* NULL only where cancelled or out of memory. */
DhDataCheck *dh_data_check_finish (GAsyncResult *result, GError **error);

G_END_DECLS
