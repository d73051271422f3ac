#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* A number of the JSON that a run keeps of what the protocols' table has no column for, in the object `group` (NULL: in
 * the outermost); NaN where there is no such number, whatever is there. */
double dh_run_summary_number (const char *summary, const char *group, const char *name);

G_END_DECLS
