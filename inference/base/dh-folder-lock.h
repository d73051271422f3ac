#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* One process, and in it one user, writes into a folder at a time. The kernel keeps the lock (flock on a hidden file in
 * the folder) and lets it go when its process ends in whatever way, so none is ever stale. File systems without locks
 * give one to everybody. Any thread. */
typedef struct _DhFolderLock DhFolderLock;

/* The folder must exist. Errors: DH_ERROR_FAILED where another one holds it, naming its process; DH_ERROR_IO. */
DhFolderLock *dh_folder_lock_take (const char *folder, GError **error);
/* Whether somebody holds it now; asks without taking it. Only for showing: the next moment it may be otherwise. */
gboolean dh_folder_lock_is_held (const char *folder);
/* NULL is nothing. */
void dh_folder_lock_release (DhFolderLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFolderLock, dh_folder_lock_release)

G_END_DECLS
