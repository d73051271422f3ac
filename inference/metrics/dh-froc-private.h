#pragma once
#include "dh-froc.h"

G_BEGIN_DECLS

/* A score and something of it: the complement of the score's key (dh-key-private.h), by which the highest come first,
 * and below it 32 bits of what it is about. */
static inline guint64
dh_froc_pair (guint32 key, guint32 what)
{
  return (guint64)~key << 32 | what;
}

static inline guint32
dh_froc_pair_key (guint64 pair)
{
  return ~(guint32)(pair >> 32);
}

/* By their upper halves; equal ones stay in their order. `other` has room for as many. */
void dh_froc_sort (guint64 *pairs, guint64 *other, gsize n);

/* Memory for a picture, which can be used again. */
typedef struct
{
  gsize room;     /* pixels */
  gsize padded;   /* with a margin */
  guint64 *pairs; /* 2 · room */
  gint32 *parents;
  guint8 *states;
} DhFrocRoom;
void dh_froc_room_release (DhFrocRoom *room);

/* dh-froc-grow.c: appends a picture's steps (pairs of a key and how many alarms more there are from it on, the highest
 * first) and its objects' keys with their areas (pairs) to arrays of guint64, and gives the number of its pixels that
 * count. FALSE where memory is short. */
gboolean dh_froc_grow (DhFrocRoom *room, const DhFrocOptions *options, const float *scores, const guint8 *labels,
                       guint width, guint height, GArray *steps, GArray *objects, gsize *counted);

G_END_DECLS
