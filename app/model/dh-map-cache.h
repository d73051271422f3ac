#pragma once
#include "dh-frame.h"

G_BEGIN_DECLS

/* Maps on disk, by content: what was computed once from these weights and this picture is never computed again. One
 * file a picture, written whole or not at all; when the folder outgrows its limit, the files unused for longest go
 * first. A file that is broken or from another version counts as absent and is removed. Reference counted (atomic). All
 * calls from any thread; they read and write disk, so never from the window's. */
typedef struct _DhMapCache DhMapCache;

#define DH_MAP_CACHE_DEFAULT_LIMIT (G_GUINT64_CONSTANT (8) << 30)

/* The folder is made when first written to. */
DhMapCache *dh_map_cache_new (const char *folder, guint64 limit);
DhMapCache *dh_map_cache_ref (DhMapCache *cache);
void dh_map_cache_unref (DhMapCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhMapCache, dh_map_cache_unref)

/* Hashed of what makes the maps (weights' SHA-256, device and precision: each rounds in its own way) and of what they
 * are of (the pixels' SHA-256, and their size). Free with g_free. */
char *dh_map_cache_key (const char *weights, const char *device, const char *precision, const char *picture,
                        guint width, guint height);

/* Sets frame->maps, non_finite and tile from the file (views into its bytes: no copy) for the maps it has; TRUE where
 * all of `wanted` (bits 1 << DhFrameMap) are there now. The frame's width and height must agree. */
gboolean dh_map_cache_load (DhMapCache *cache, const char *key, guint wanted, DhFrame *frame);
/* Writes all maps that the frame has. Errors: DH_ERROR_IO naming the path and the cause. */
gboolean dh_map_cache_store (DhMapCache *cache, const char *key, const DhFrame *frame, GError **error);

/* Bytes in the folder and its limit. */
guint64 dh_map_cache_get_size (DhMapCache *cache);
guint64 dh_map_cache_get_limit (DhMapCache *cache);
void dh_map_cache_set_limit (DhMapCache *cache, guint64 limit);
/* Removes all files. */
void dh_map_cache_clear (DhMapCache *cache);

G_END_DECLS
