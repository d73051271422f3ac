#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Protocols side by side, and why they differ. */
GtkWidget *dh_protocol_card_new (DhSession *session);

G_END_DECLS
