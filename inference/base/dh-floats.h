#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Ascending, in place; all of them finite. */
void dh_floats_sort (float *values, gsize n);

/* Between which most of the finite ones lie: all but half a percent on each side, of some thousands that stand for all.
 * FALSE where none is finite. */
gboolean dh_floats_span (const float *values, gsize n, float *low, float *high);

G_END_DECLS
