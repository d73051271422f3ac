#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A menu button: what a table holds as CSV, to the clipboard or into a file. `make` gives the text (free with g_free)
 * and sets what the file is called first, without ".csv" (static). */
typedef char *(*DhCsvMake) (const char **name, gpointer data);
GtkWidget *dh_csv_menu_new (DhSession *session, DhCsvMake make, gpointer data);

G_END_DECLS
