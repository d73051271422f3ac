#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Rows of cells, GPtrArray of char **, from comma-, semicolon- or tab-separated text: whichever of these the first line
 * holds, tabs before commas before semicolons; `separator` may be NULL. Cells may be quoted, are free of white space at
 * both ends, and rows without any text are left out. Any text is a table; `unclosed` is the line, from 1, of a quote
 * that is never closed, so that all behind it is one cell, or 0. */
GPtrArray *dh_csv_parse (const char *text, char *separator, guint *unclosed);
/* A cell as it is written between commas. */
void dh_csv_append (GString *line, const char *cell);

G_END_DECLS
