#pragma once
#include "dh-image-list.h"
#include "dh-session-set-objects.h"
#include "dh-set-pass-private.h"

G_BEGIN_DECLS

/* What the pass, which is done, came to; its components and reasons are taken. `list` has the set's pictures. */
DhSetObjects *dh_set_objects_new (DhSetPass *pass, DhImageList *list);
/* Of memory, about. */
gsize dh_set_objects_size_bytes (const DhSetObjects *objects);

G_END_DECLS
