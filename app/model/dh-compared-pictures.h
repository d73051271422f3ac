#pragma once
#include "dh-image-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* The pictures of the open set by how much their AP changes from B to A. An AP is the run's own row, or of the network
 * what the evaluation found for the score that it measured. For the window's thread. */
#define DH_TYPE_COMPARED_PICTURE (dh_compared_picture_get_type ())
G_DECLARE_FINAL_TYPE (DhComparedPicture, dh_compared_picture, DH, COMPARED_PICTURE, GObject)

DhImageItem *dh_compared_picture_get_item (DhComparedPicture *picture); /* borrowed */
/* AP of a side; a fraction of 1, NaN where undefined. */
double dh_compared_picture_get_ap (DhComparedPicture *picture, guint side);
/* A − B; NaN where either is. */
double dh_compared_picture_get_change (DhComparedPicture *picture);
/* "no anomaly pixels": translated; NULL where there is a change. Borrowed. */
const char *dh_compared_picture_get_why (DhComparedPicture *picture);

typedef enum
{
  DH_ORDER_GAIN,   /* of A, the largest first */
  DH_ORDER_LOSS,   /* of A, the largest first */
  DH_ORDER_CHANGE, /* either way, the largest first */
  DH_ORDER_NAME,   /* that of the data set */
  DH_N_ORDERS,
} DhOrder;
/* "gain", "loss", "change", "name" */
const char *dh_order_id (DhOrder order);
/* "Largest gain of A first": translated. */
const char *dh_order_title (DhOrder order);

/* Every picture of the open set, undefined ones last and in its own order; GPtrArray of DhComparedPicture. `sides` as
 * in dh-compared-numbers.h. Empty where a side has no AP of any picture, or other pixels were measured, with a sentence
 * in `why` (translated, static; else NULL). */
GPtrArray *dh_compared_pictures_list (DhSession *session, const gint sides[2], DhOrder order, const char **why);

G_END_DECLS
