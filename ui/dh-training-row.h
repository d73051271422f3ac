#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A row of the form of a training: what a value is called, what it means (its tooltip), its control; under the name
 * what is wrong with it, what was published where it differs, or what was found there. */
#define DH_TYPE_TRAINING_ROW (dh_training_row_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingRow, dh_training_row, DH, TRAINING_ROW, GtkWidget)

GtkWidget *dh_training_row_new (DhSession *session, DhTrainingForm *form, DhTrainingField field);
/* Two numbers that belong together, as in 12 × 1; `label` NULL: that of the first. */
GtkWidget *dh_training_row_new_pair (DhSession *session, DhTrainingForm *form, DhTrainingField first,
                                     DhTrainingField second, const char *label);
/* What was found there, while nothing is wrong and nothing was changed; NULL: nothing. */
void dh_training_row_set_note (DhTrainingRow *row, const char *note);

/* A card of rows with a heading over it; rows are appended with dh_training_card_add(). `heading` may be NULL. */
GtkWidget *dh_training_card_new (const char *heading);
void dh_training_card_add (GtkWidget *card, GtkWidget *row);
/* The plain row behind all of them: a name, a line under it (`subtitle` may be NULL: none), room for controls. */
GtkWidget *dh_training_plain_row_new (const char *title, GtkWidget **subtitle);

G_END_DECLS
