#pragma once
#include "dh-slice-chance-private.h"
#include "dh-slice-classes-private.h"

G_BEGIN_DECLS

/* Slices that are measured on a thread of their own, behind all else that is to be done: their rankings, then how far
 * their AP is a matter of chance. What it finds is told on the window's thread until it is stopped. For that thread. */
typedef struct _DhSlicePass DhSlicePass;
typedef struct
{
  void (*scanned) (DhSliceClasses *classes, gpointer data);
  void (*ranked) (const char *key, DhSliceRank *rank, gpointer data);
  void (*drawn) (const char *key, double low, double high, gpointer data);
  void (*moved) (gpointer data); /* behind each of these, and where it has come further */
  void (*ended) (gpointer data);
} DhSlicePassTold;

/* Takes the draws; NULL: no chance will be measured. */
DhSlicePass *dh_slice_pass_new (DhSetMaps *maps, DhScore score, DhSliceDraws *draws);
DhScore dh_slice_pass_get_score (const DhSlicePass *pass);
/* The ranking under this key; NULL where there is none. Borrowed. */
DhSliceRank *dh_slice_pass_get_rank (const DhSlicePass *pass, const char *key);
gboolean dh_slice_pass_has_chance (const DhSlicePass *pass, const char *key);
/* Before it is started; each key once. These take what they are given. */
void dh_slice_pass_add_scan (DhSlicePass *pass, const GArray *pictures); /* of classes, before all else; copied */
void dh_slice_pass_add_rank (DhSlicePass *pass, const char *key, DhSliceRank *rank);
void dh_slice_pass_add_chance (DhSlicePass *pass, const char *key, DhSliceChance *chance);

/* `told` is a constant. */
void dh_slice_pass_start (DhSlicePass *pass, const DhSlicePassTold *told, gpointer data);
/* Nothing is told any more, and it is let go of. */
void dh_slice_pass_stop (DhSlicePass *pass);
/* How many readings of pictures were made, of how many. */
void dh_slice_pass_get_progress (const DhSlicePass *pass, guint *done, guint *of);
guint dh_slice_pass_count_ranks (const DhSlicePass *pass);

G_END_DECLS
