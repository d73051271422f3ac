#pragma once
#include "dh-findings.h"
#include "dh-pack.h"

G_BEGIN_DECLS

/* Which findings of successive images are one thing: each track moves and grows on as it did last, and takes the
 * finding whose bounding box has the greatest intersection over union with where it should be by now, from
 * DH_TRACKER_LEAST on, the best pair of all first. (What SORT does, Bewley et al. 2016, without its filter and
 * assignment of least cost.) A track that finds nothing waits for `patience` images. One thread at a time. */
typedef struct _DhTracker DhTracker;
#define DH_TRACKER_LEAST 0.2

DhTracker *dh_tracker_new (guint patience);
/* Of the next image: the number of each finding's track, counted from 0, `tracks` has as many as there are findings.
 * Nothing is found where an image could not be looked at: NULL. */
void dh_tracker_add (DhTracker *tracker, const DhFindings *findings, guint *tracks);
/* How many tracks there were by now. */
guint dh_tracker_count (const DhTracker *tracker);
/* What it knows as bytes, and one that goes on as it would have done; NULL where they are of no tracker. */
void dh_tracker_pack (const DhTracker *tracker, DhPack *pack);
DhTracker *dh_tracker_unpack (guint patience, DhUnpack *unpack);
void dh_tracker_free (DhTracker *tracker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTracker, dh_tracker_free)

G_END_DECLS
