#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Others that draw the same mask look at it and write it before or after this one: whose look comes second sees what
 * the first has written. The lock is on the folder of `image`, which is there, and ends with the process; file systems
 * without such locks give none. Waits for another that holds it, for some seconds. *lock is then for
 * dh_mask_unlock(). Errors: DH_ERROR_IO where it is held longer. */
gboolean dh_mask_lock (const char *image, int *lock, GError **error) G_GNUC_INTERNAL;
void dh_mask_unlock (int lock) G_GNUC_INTERNAL;

G_END_DECLS
