#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Protocols side by side, and why they differ. */
GtkWidget *dh_protocol_card_new (DhSession *session);
/* One row an image, sortable, the worst first; Enter or a double click opens it in Browse (action win.page). */
GtkWidget *dh_image_card_new (DhSession *session);

G_END_DECLS
