#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Precision–recall, ROC, histogram and threshold curves of the evaluated set, side by side; they follow the threshold,
 * and the line in the last two moves it. */
GtkWidget *dh_metrics_charts_new (DhSession *session);
/* They stand four in a row, or two: three would leave one alone. */
void dh_metrics_charts_set_room (GtkWidget *charts, int width);

/* A card with a title, a note beside it, and a place for buttons; the child is appended to the box given back. */
GtkWidget *dh_metrics_card_new (const char *title, GtkWidget **note, GtkWidget **head);

G_END_DECLS
