#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A button with the name of a file or folder of the form; its menu has those used lately, what is open in Browse where
 * it fits, and the file chooser. */
GtkWidget *dh_training_file_button_new (DhSession *session, DhTrainingForm *form, DhTrainingField field);

/* The same for recipes: the published ones, and JSON files. */
GtkWidget *dh_training_recipe_button_new (DhSession *session, DhTrainingForm *form);

G_END_DECLS
