#pragma once
#include "dh-evaluation.h"

G_BEGIN_DECLS

/* What one evaluation measures: some maps, each by some protocols, all pixels of each ranked, and, where the pictures'
 * classes are labelled, counted by class. */
typedef struct _DhMeters DhMeters;
/* `classes`: that the network tells apart and labels name; 0: none are looked at. */
DhMeters *dh_meters_new (guint classes);
void dh_meters_free (DhMeters *meters);

/* One more map; before any picture. */
gboolean dh_meters_begin (DhMeters *meters, DhMap map, const DhProtocol *const *protocols, guint n_protocols,
                          const DhMetricOptions *options, GError **error);
guint dh_meters_count (const DhMeters *meters);
DhMap dh_meters_map (const DhMeters *meters, guint index);

/* Empty ones that measure the same, for a picture by itself: on any thread, others being merged meanwhile. */
DhMeters *dh_meters_new_part (const DhMeters *meters);
/* The picture of a part, one alone: `maps` by DhMap, oriented; with `classes` the segmentation is among them. Either
 * kind of labels may be NULL; without those of anomalies no protocol measures it. */
gboolean dh_meters_add (DhMeters *meters, const char *stem, DhTensor *const *maps, const DhLabels *anomalies,
                        const DhLabels *classes, GError **error);
/* Adds what a part has measured. */
gboolean dh_meters_merge (DhMeters *meters, const DhMeters *part, GError **error);
/* All pixels of the first map; borrowed. */
DhRanking *dh_meters_ranking (const DhMeters *meters);

/* DhMetric of the first map that must see all pictures once more; borrowed. Empty: none. Free with g_ptr_array_unref.
 */
GPtrArray *dh_meters_next_pass (const DhMeters *meters);

/* Appends a DhScoreEvaluation for each map to `scores`. Nothing can be added afterwards. */
gboolean dh_meters_finish (DhMeters *meters, GArray *scores, GError **error);

G_END_DECLS
