#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A button with what the card of classes has as numbers: IoU and confusion as CSV, to the clipboard or a file. */
GtkWidget *dh_class_menu_new (DhSession *session);

G_END_DECLS
