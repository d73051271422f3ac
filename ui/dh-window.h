#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The one window: header bar with the pages, banner, pages, status bar; actions, keys, files dropped anywhere. */
#define DH_TYPE_WINDOW (dh_window_get_type ())
G_DECLARE_FINAL_TYPE (DhWindow, dh_window, DH, WINDOW, AdwApplicationWindow)

GtkWidget *dh_window_new (AdwApplication *application, DhSession *session);
/* That on which it was closed last. */
void dh_window_show_last_page (DhWindow *window);

G_END_DECLS
