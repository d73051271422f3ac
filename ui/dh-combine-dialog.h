#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What is to be known before a run is made of others' score maps: how several are put together and brought to one
 * scale, whether the whole is blurred, and what tables shall call it. */
#define DH_TYPE_COMBINE_DIALOG (dh_combine_dialog_get_type ())
G_DECLARE_FINAL_TYPE (DhCombineDialog, dh_combine_dialog, DH, COMBINE_DIALOG, AdwWindow)

/* `items`: DhRunItem, which can be combined (dh-session-combine.h); taken. */
void dh_combine_dialog_show (GtkWindow *parent, DhSession *session, GPtrArray *items);

G_END_DECLS
