#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Whether the processor multiplies tiles of bfloat16 and int8 (Intel AMX) and the system lets this process do so, which
 * the first call asks it for. Thread-safe. */
gboolean dh_cpu_tiles_allowed (void);

G_END_DECLS
