#pragma once
#include "dh-canvas.h"
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The band over the panes: layout, panes, zoom and overlay, or, where two maps are compared, how. */
#define DH_TYPE_BROWSE_BAND (dh_browse_band_get_type ())
G_DECLARE_FINAL_TYPE (DhBrowseBand, dh_browse_band, DH, BROWSE_BAND, GtkWidget)

GtkWidget *dh_browse_band_new (DhSession *session, DhCanvas *canvas);
/* What the layout has use for, in a page of this width; of that the band leaves out what does not fit. */
void dh_browse_band_show (DhBrowseBand *band, int width);
/* The part that is there for comparisons alone. */
GtkWidget *dh_browse_band_get_comparison (DhBrowseBand *band);

G_END_DECLS
