#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* A threshold as a number: a spin button with a true minus. Return takes what was typed and Escape forgets it; either
 * gives the focus back to what had it before dh_threshold_field_focus(). `name`: for a screen reader. */
GtkWidget *dh_threshold_field_new (GtkAdjustment *adjustment, guint digits, const char *name);
void dh_threshold_field_focus (GtkWidget *field);

G_END_DECLS
