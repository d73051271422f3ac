#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The numbers at the active threshold, of the picture and of the evaluated set, following it at once. */
#define DH_TYPE_NUMBERS (dh_numbers_get_type ())
G_DECLARE_FINAL_TYPE (DhNumbers, dh_numbers, DH, NUMBERS, GtkWidget)

GtkWidget *dh_numbers_new (DhSession *session);

G_END_DECLS
