#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* Items that are asked for by rising numbers, made ahead in threads of their own. */
typedef struct _DhPrefetch DhPrefetch;

/* On any thread, several at once. Never NULL. */
typedef gpointer (*DhPrefetchMake) (guint64 number, gpointer data);

/* Numbers are below `end`. `workers` 0, and where the system has no thread left: items are made in the caller's thread,
 * when they are asked for; else up to workers + 1 are made or wait. `release` frees an item that was never taken. */
DhPrefetch *dh_prefetch_new (guint64 end, guint workers, DhPrefetchMake make, GDestroyNotify release, gpointer data);
/* Items not begun are not made; those under way are waited for. */
void dh_prefetch_free (DhPrefetch *prefetch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPrefetch, dh_prefetch_free)

/* The caller's. Each number once, one thread. */
gpointer dh_prefetch_take (DhPrefetch *prefetch, guint64 number);
/* For a maker that would take long: nobody will take what it makes. */
gboolean dh_prefetch_is_closing (DhPrefetch *prefetch);

G_END_DECLS
