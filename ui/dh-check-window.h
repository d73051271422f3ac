#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A window about the open data set: what it was known by at once, and what the doctor finds in its files as soon as all
 * were read. Closing it ends the reading. A data set must be open. */
GtkWidget *dh_check_window_new (DhSession *session, GtkWindow *parent);

G_END_DECLS
