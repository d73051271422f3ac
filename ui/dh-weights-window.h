#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A window about the loaded weights: what they are, and whether they still give what is recorded of them. Weights must
 * be loaded. */
GtkWidget *dh_weights_window_new (DhSession *session, GtkWindow *parent);

G_END_DECLS
