#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Training: the form of a new one at the left, all of them with curves and log at the right. The form folds where the
 * window is narrow. */
#define DH_TYPE_TRAINING_PAGE (dh_training_page_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingPage, dh_training_page, DH, TRAINING_PAGE, GtkWidget)

GtkWidget *dh_training_page_new (DhSession *session);
/* An AdwFlap with the form. */
GtkWidget *dh_training_page_get_flap (DhTrainingPage *page);
/* Takes the form away where it lies over the page. */
void dh_training_page_close_form (DhTrainingPage *page);
void dh_training_page_focus_filter (DhTrainingPage *page);
/* Into the queue what the form says; FALSE where the check forbids it. */
gboolean dh_training_page_add (DhTrainingPage *page);
void dh_training_page_choose (DhTrainingPage *page, DhTrainingJob *job);

G_END_DECLS
