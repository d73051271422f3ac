#pragma once
#include "dh-session-labels.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The band of tools that is there while labels are drawn: what is drawn and with what, and the way out. Where those of
 * the shown image cannot be, why. */
#define DH_TYPE_LABEL_BAR (dh_label_bar_get_type ())
G_DECLARE_FINAL_TYPE (DhLabelBar, dh_label_bar, DH, LABEL_BAR, GtkWidget)

GtkWidget *dh_label_bar_new (DhSession *session);

G_END_DECLS
