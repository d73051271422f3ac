#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A recording is to be opened: which of its frames become images, and in which folder. Looks into it first, and says
 * how many they are and how much room they take. */
#define DH_TYPE_RECORDING_DIALOG (dh_recording_dialog_get_type ())
G_DECLARE_FINAL_TYPE (DhRecordingDialog, dh_recording_dialog, DH, RECORDING_DIALOG, AdwWindow)

GtkWidget *dh_recording_dialog_new (GtkWindow *parent, DhSession *session, const char *path);

G_END_DECLS
