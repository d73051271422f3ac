#pragma once
#include "dh-run-item.h"
#include "dh-ui.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* Asks whether evaluations or imports are to go from the list of runs, and whether with their maps, and does it.
 * `items`: DhRunItem that dh_session_refuse_removal() lets go; taken. */
void dh_run_removal_dialog_show (GtkWindow *parent, DhSession *session, GPtrArray *items);

G_END_DECLS
