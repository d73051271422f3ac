#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Ascending, in place; all of them finite. */
void dh_floats_sort (float *values, gsize n);

G_END_DECLS
