#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Device, weights and set; at the right what is going on, or how full the cache is. */
GtkWidget *dh_status_bar_new (DhSession *session);

G_END_DECLS
