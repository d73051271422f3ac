#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The evaluated set class by class: IoU as bars, or the confusion, with closed mIoU and the open-mIoU that follows the
 * threshold. Hidden where the set does not label the network's classes. */
GtkWidget *dh_class_card_new (DhSession *session);

G_END_DECLS
