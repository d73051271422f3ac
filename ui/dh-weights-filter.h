#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What can be weights, and a network of one's own, by the names of files; then all files. */
void dh_weights_filter_add (GtkFileChooser *chooser);

G_END_DECLS
