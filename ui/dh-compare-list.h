#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The pictures by how much their AP changes from B to A: a click or the arrows open one. It follows the session while
 * two maps are compared. */
#define DH_TYPE_COMPARE_LIST (dh_compare_list_get_type ())
G_DECLARE_FINAL_TYPE (DhCompareList, dh_compare_list, DH, COMPARE_LIST, GtkWidget)

GtkWidget *dh_compare_list_new (DhSession *session);

G_END_DECLS
