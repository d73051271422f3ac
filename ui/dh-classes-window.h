#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A window beside the pictures in which the user chooses what classes are drawn (dh-shown-classes.h): a list that can
 * be searched, each with its colour and its share of the shown picture. Return or a double click shows one class alone,
 * and again all of them; Space shows or hides it. What is chosen is seen at once. Shows the one that is open already.
 */
void dh_classes_window_show (DhSession *session, GtkWindow *parent);

G_END_DECLS
