#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Two cards (or boxes of them) beside each other, the second as wide as it likes and the first with what is left; one
 * below the other where that is less than it needs, or than two fifths if it likes so much, and one alone, the other
 * being hidden, over all of it. */
#define DH_TYPE_PAIR (dh_pair_get_type ())
G_DECLARE_FINAL_TYPE (DhPair, dh_pair, DH, PAIR, GtkWidget)

GtkWidget *dh_pair_new (GtkWidget *first, GtkWidget *second, int spacing);

G_END_DECLS
