#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* What the field's words mean, for who hovers over them: metrics, counts, protocols' columns. */

/* `title` as it is shown, translated; NULL where there is nothing to tell. A constant, translated. */
const char *dh_help_of (const char *title);
/* The help of `title` becomes the widget's tooltip, where there is one. */
void dh_help_set (GtkWidget *widget, const char *title);
/* The same for the title of a column. */
void dh_help_set_column (GtkColumnView *view, guint index, const char *title);

G_END_DECLS
