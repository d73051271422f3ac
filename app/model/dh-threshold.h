#pragma once
#include "dh-score-stats.h"

G_BEGIN_DECLS

/* A threshold is a record: its value, how it was chosen, and on what. Plain data. */
typedef struct
{
  double value; /* NaN: none yet */
  DhRule rule;
  char *source;    /* "RoadAnomaly21", "validation_0"; NULL where it was set by hand */
  char *source_id; /* the same for comparing, by dh_threshold_make_source_id(); NULL where it was set by hand */
  guint n_images;  /* it was chosen on; 0 where it was set by hand */
  guint area;      /* pixels of the least false alarm, where a rule of those chose; 0: other rules, and older records */
} DhThreshold;

void dh_threshold_clear (DhThreshold *threshold);
void dh_threshold_copy (DhThreshold *to, const DhThreshold *from);
gboolean dh_threshold_equal (const DhThreshold *a, const DhThreshold *b);

/* How it was chosen: dh_rule_title(), and what counted as a false alarm: "At most 1 false alarm an image, of 500 pixels
 * or more"; translated. Free with g_free. */
char *dh_threshold_dup_rule (const DhThreshold *threshold);

/* Of a set's folder, canonical, and of those of its splits ("train,val"; NULL or "" where it has none) that are looked
 * at; `stem`: of that picture alone (may be NULL); `seen`: as they were seen (dh-seen.h). Free with
 * g_free.
 */
char *dh_threshold_make_source_id (const char *set, const char *splits, const char *stem, const char *seen);
/* Whether any of the pictures that it was chosen on may be among those of this set's splits. FALSE of one that no rule
 * chose. */
gboolean dh_threshold_is_from (const DhThreshold *threshold, const char *set, const char *splits);
/* How the pictures were seen that it was chosen on: "fog:3"; NULL: as they are. Borrowed. */
const char *dh_threshold_get_seen (const DhThreshold *threshold);

/* One line that g_free frees, for settings; and back, FALSE where the line is none. */
char *dh_threshold_to_string (const DhThreshold *threshold);
gboolean dh_threshold_from_string (const char *text, DhThreshold *threshold);

G_END_DECLS
