#pragma once
#include "dh-canvas.h"

G_BEGIN_DECLS

/* The line between the two pictures of a swipe with the knob on it. It lies over their whole place and takes events on
 * the line alone. Role SLIDER, in per cent. Keys: arrows, with Shift a tenth of the step, Home, End; a double click
 * brings it back to the middle. */
GtkWidget *dh_swipe_handle_new (DhCanvas *canvas);
/* The canvas's split was set. */
void dh_swipe_handle_update (GtkWidget *handle);

G_END_DECLS
