#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Calls func (index, data) once for each index below n, on the calling thread and on as many others as the machine has
 * processors for; back when all are done. The threads are kept. `func` allocates and locks nothing that the caller
 * holds. */
void dh_parallel_for (guint n, void (*func) (guint index, gpointer data), gpointer data);

G_END_DECLS
