#pragma once
#include "dh-curve.h"
#include "dh-slice-ranks-private.h"

G_BEGIN_DECLS

/* How far the AP of a part of a set is a matter of chance, of which pictures it has (dh-bootstrap.h). */
typedef struct
{
  DhSliceRank *rank; /* done before this is measured; NULL: `members` and `ap` are known without */
  GArray *members;   /* guint: numbers of pictures in the set, ascending */
  double ap;         /* of it, exactly */
  double low, high;  /* what is measured: its 95 % interval; NaN: too few pictures, or some cannot be read */
} DhSliceChance;

/* Of a ranking, or else of `members`, which are copied. Free with dh_slice_chance_free. */
DhSliceChance *dh_slice_chance_new (DhSliceRank *rank, const GArray *members, double ap);
void dh_slice_chance_free (gpointer chance);

/* What is drawn. */
typedef struct
{
  DhCurve *curve; /* of the whole set, whose values are high where anomalous */
  guint *groups;  /* of each picture of the set the number of its group */
  guint n_groups;
} DhSliceDraws;
DhSliceDraws *dh_slice_draws_new (DhCurve *curve, guint *groups, guint n_groups); /* takes both */
void dh_slice_draws_free (DhSliceDraws *draws);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhSliceDraws, dh_slice_draws_free)

/* How many pictures dh_slice_chances_measure() reads. */
guint dh_slice_chances_count_readings (GPtrArray *chances);

/* `reading` pictures were read, of as many as were counted; `chance`, where it is not NULL, is measured. */
typedef void (*DhSliceChanceTold) (DhSliceChance *chance, guint reading, gpointer data);

/* Measures each of the array (DhSliceChance): reads each picture once, then draws. Gives up where cancelled, and tells
 * no more. Any thread but the window's. */
void dh_slice_chances_measure (GPtrArray *chances, DhSetMaps *maps, DhScore score, const DhSliceDraws *draws,
                               DhSliceChanceTold told, gpointer data, GCancellable *cancellable);

G_END_DECLS
