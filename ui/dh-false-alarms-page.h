#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Which share of the objects is found at how many false alarms an image: the curve over all thresholds with the present
 * one's point, those of the runs that stand in the comparison, and what is found at 0.1, 1 and 10. Counted once the
 * page is seen. */
GtkWidget *dh_false_alarms_page_new (DhSession *session);
/* What is counted, and how far that is. Free with g_free. */
char *dh_false_alarms_page_dup_note (GtkWidget *page);
/* The curves. Free with g_free. */
char *dh_false_alarms_page_to_csv (GtkWidget *page);

G_END_DECLS
