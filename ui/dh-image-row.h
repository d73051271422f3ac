#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A row of the image list: a picture or a heading. */
#define DH_TYPE_IMAGE_ROW (dh_image_row_get_type ())
G_DECLARE_FINAL_TYPE (DhImageRow, dh_image_row, DH, IMAGE_ROW, GtkWidget)

GtkWidget *dh_image_row_new (DhSession *session);
/* A DhImageItem or DhImageGroup; NULL: none, for a row that is used again. */
void dh_image_row_set_object (DhImageRow *row, GObject *object);

G_END_DECLS
