#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What the user writes about the current picture: tags as buttons, a field for a new one, and a note. Escape leaves
 * the fields by the signal "leave". */
#define DH_TYPE_NOTES_PANEL (dh_notes_panel_get_type ())
G_DECLARE_FINAL_TYPE (DhNotesPanel, dh_notes_panel, DH, NOTES_PANEL, GtkWidget)

GtkWidget *dh_notes_panel_new (DhSession *session);
/* The field for a new tag, or the note. */
void dh_notes_panel_focus (DhNotesPanel *panel, gboolean note);

G_END_DECLS
