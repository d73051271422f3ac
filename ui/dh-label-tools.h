#pragma once
#include "dh-canvas.h"
#include "dh-session-labels.h"

G_BEGIN_DECLS

/* What pointer and keys draw on the canvas while labels are drawn: the view's "label-tool", with its "label-value" and
 * "label-size". Lives as long as the canvas. */
typedef struct _DhLabelTools DhLabelTools;

DhLabelTools *dh_label_tools_connect (DhCanvas *canvas, DhSession *session);
/* Of a polygon that is being drawn, and that is closed where another tool or picture is chosen or labels are written:
 * it is filled, its last corner goes, all of it goes. FALSE where there is none. */
gboolean dh_label_tools_close (DhLabelTools *tools);
gboolean dh_label_tools_drop_corner (DhLabelTools *tools);
gboolean dh_label_tools_drop (DhLabelTools *tools);
/* By steps, a larger or a smaller brush; FALSE where that is not the tool. */
gboolean dh_label_tools_resize (DhLabelTools *tools, gint steps);

/* The colour of what the view's "label-value" draws, 0xRRGGBB. */
guint32 dh_label_color (const char *value);

G_END_DECLS
