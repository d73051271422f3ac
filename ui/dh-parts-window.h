#pragma once
#include "dh-set-reading.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Splits, towns and tracks of the open set, some of which are opened together. To be presented. */
GtkWidget *dh_parts_window_new (DhSession *session, GtkWindow *parent);

G_END_DECLS
