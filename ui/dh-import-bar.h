#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* How far the import of another method's scores is, with a button that stops it; hidden while there is none. */
#define DH_TYPE_IMPORT_BAR (dh_import_bar_get_type ())
G_DECLARE_FINAL_TYPE (DhImportBar, dh_import_bar, DH, IMPORT_BAR, GtkWidget)

GtkWidget *dh_import_bar_new (DhSession *session);

G_END_DECLS
