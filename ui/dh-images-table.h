#pragma once
#include "dh-session.h"
#include "dh-table.h"

G_BEGIN_DECLS

/* The metrics of each image of the evaluated set; a row that is activated opens its image in Browse. */
GtkWidget *dh_images_table_new (DhSession *session);
/* As dh_image_list_set_filter(). */
void dh_images_table_set_filter (GtkWidget *table, const char *text);
/* What is shown, and what opens it; free with g_free. */
char *dh_images_table_dup_note (GtkWidget *table);

G_END_DECLS
