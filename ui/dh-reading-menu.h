#pragma once
#include "dh-set-reading.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* How the open data set is read, as submenus that are filled again with every set. `widget` gets the actions
 * "read.ASPECT", and the menu lives as long as it. Transfer full. */
GMenuModel *dh_reading_menu_new (DhSession *session, GtkWidget *widget);

/* The same as rows of a group, with what each choice is about; NULL where there is nothing to choose. */
GtkWidget *dh_reading_group_new (DhSession *session);

G_END_DECLS
