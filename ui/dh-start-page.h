#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What there is to do while nothing is open: the demo, a data set, pictures. */
GtkWidget *dh_start_page_new (DhSession *session);

G_END_DECLS
