#pragma once
#include "dh-run-item.h"
#include "dh-ui.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* Asks whether an evaluation or import is to go from the list of runs, and whether with its maps, and does it. One that
 * dh_session_refuse_removal() lets go. */
void dh_run_removal_dialog_show (GtkWindow *parent, DhSession *session, DhRunItem *item);

G_END_DECLS
