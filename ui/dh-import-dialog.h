#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What must be known of another method's scores before they are measured: of which data set they are, the method's
 * name, which end is anomalous. Looks into the folder first, and says what it sees. */
#define DH_TYPE_IMPORT_DIALOG (dh_import_dialog_get_type ())
G_DECLARE_FINAL_TYPE (DhImportDialog, dh_import_dialog, DH, IMPORT_DIALOG, AdwWindow)

/* Asks for the folder, then shows the dialog; over the window of `parent`. */
void dh_import_dialog_choose (GtkWidget *parent, DhSession *session);
/* The dialog of a folder that is known. */
GtkWidget *dh_import_dialog_new (GtkWindow *parent, DhSession *session, const char *folder);

G_END_DECLS
