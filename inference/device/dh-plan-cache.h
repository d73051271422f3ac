#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Texts under keys in a folder, each in a file of its own: what was found out by timing once. Whatever is wrong with a
 * file (torn, another key's, damaged, too large, no file) makes it absent; whatever is wrong with the folder makes all
 * absent, and writing do nothing. Any thread; several processes too. */

/* DH_PLAN_CACHE, or densehybrid/plans in the user's cache folder. NULL where DH_PLAN_CACHE is empty: nothing is kept.
 * Free with g_free. */
char *dh_plan_cache_folder (void);

/* Free with g_free; NULL where there is none. `folder` may be NULL. A key is one line. */
char *dh_plan_cache_read (const char *folder, const char *key);
void dh_plan_cache_write (const char *folder, const char *key, const char *text);
/* Drops what was found to be of no use, or, where there are more than `most`, the oldest half. */
void dh_plan_cache_drop (const char *folder, const char *key);
void dh_plan_cache_prune (const char *folder, guint most);

G_END_DECLS
