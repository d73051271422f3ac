#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* The tags of a picture in a cell of a table: as many as have room in the given width, the last one shortened; all of
 * them in the tooltip. */
GtkWidget *dh_tag_chips_new (void);
/* NULL-terminated; also where an unlike cell was shown before. */
void dh_tag_chips_show (GtkWidget *chips, const char *const *tags);

G_END_DECLS
