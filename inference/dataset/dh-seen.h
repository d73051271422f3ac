#pragma once
#include "dh-degradation.h"
#include "dh-region.h"

G_BEGIN_DECLS

/* How the pictures of a set are seen, in one text that stands behind its fingerprint: made worse, "fog:3", without a
 * region that is not measured, "ignore=bottom:12%", or both, "fog:3+ignore=bottom:12%". NULL: as they are, and whole.
 * Texts are equal where pictures are seen alike. */

/* `region` may be NULL. Free with g_free. */
char *dh_seen_new (DhDegradation degradation, const DhRegion *region);
/* Whether dh_seen_new() makes such a text. */
gboolean dh_seen_is (const char *text);
/* All 0 where pictures are not made worse. */
DhDegradation dh_seen_get_degradation (const char *seen);
/* dh_region_id(), borrowed; NULL: all is measured. */
const char *dh_seen_get_region (const char *seen);
gboolean dh_seen_has_same_degradation (const char *seen, const char *other);
gboolean dh_seen_has_same_region (const char *seen, const char *other);
/* "Fog 3", "without bottom 12 %", "Fog 3 · without bottom 12 %"; NULL of NULL. Free with g_free. */
char *dh_seen_dup_title (const char *seen);
/* Behind "saw the images": "degraded by fog:3, without bottom 12 %", "as they are". Free with g_free. */
char *dh_seen_dup_phrase (const char *seen);

/* What of it stands behind a fingerprint, borrowed. NULL of NULL. */
const char *dh_fingerprint_get_seen (const char *fingerprint);
/* Whether the files are the same, however they are seen. NULL is a fingerprint that is not known. */
gboolean dh_fingerprint_has_same_files (const char *fingerprint, const char *other);

G_END_DECLS
