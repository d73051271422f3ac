#pragma once
#include "dh-session.h"
#include "dh-table.h"

G_BEGIN_DECLS

/* All objects of the evaluated set at the threshold, the missed ones first, each kind from the largest down; a row that
 * is activated opens its image in Browse, with the object chosen and framed. */
GtkWidget *dh_objects_table_new (DhSession *session);
/* As dh_image_list_set_filter(), and terms of objects. */
void dh_objects_table_set_filter (GtkWidget *table, const char *text);
char *dh_objects_table_dup_note (GtkWidget *table);

G_END_DECLS
