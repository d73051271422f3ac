#pragma once
#include "dh-set-reading.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What of each image of the open set is not measured. To be presented. */
GtkWidget *dh_region_window_new (DhSession *session, GtkWindow *parent);

G_END_DECLS
