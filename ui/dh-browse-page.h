#pragma once
#include "dh-canvas.h"
#include "dh-label-tools.h"
#include "dh-found-item.h"
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Browse: images, panes with their probe, tuning. Both panels fold where the window is narrow. */
#define DH_TYPE_BROWSE_PAGE (dh_browse_page_get_type ())
G_DECLARE_FINAL_TYPE (DhBrowsePage, dh_browse_page, DH, BROWSE_PAGE, GtkWidget)

GtkWidget *dh_browse_page_new (DhSession *session);
DhCanvas *dh_browse_page_get_canvas (DhBrowsePage *page);
DhLabelTools *dh_browse_page_get_label_tools (DhBrowsePage *page);
/* An AdwFlap: of the images, or of the tuning. */
GtkWidget *dh_browse_page_get_flap (DhBrowsePage *page, gboolean tuning);
/* That of drawn labels, seen while these are drawn. */
GtkWidget *dh_browse_page_get_label_bar (DhBrowsePage *page);
/* Takes away a folded panel that lies over the panes; FALSE where none does. */
gboolean dh_browse_page_close_panel (DhBrowsePage *page);
void dh_browse_page_focus_filter (DhBrowsePage *page);
/* The images that pass are listed; of a folded panel, too. */
void dh_browse_page_set_filter (DhBrowsePage *page, const char *text);
/* Those of all images listed; of a folded panel, too. */
void dh_browse_page_open_tags (DhBrowsePage *page);
void dh_browse_page_focus_threshold (DhBrowsePage *page);
void dh_browse_page_nudge (DhBrowsePage *page, double steps);
void dh_browse_page_reset_threshold (DhBrowsePage *page);
/* Brings the picture's next (1) or former (−1) object into sight; FALSE where there is none. */
gboolean dh_browse_page_step_component (DhBrowsePage *page, gint step);
/* Of the finds in all images the next (1) or the one before (−1); FALSE at the ends, and where there is none. */
gboolean dh_browse_page_step_find (DhBrowsePage *page, gint step);
/* Says it of the find that is chosen; the same again takes it back. FALSE where none is. */
gboolean dh_browse_page_mark_find (DhBrowsePage *page, DhFindMark mark);
/* FALSE in a comparison, whose panel has no such page. */
gboolean dh_browse_page_focus_notes (DhBrowsePage *page, gboolean note);
/* Holds the probe at the pixel under the pointer, else in the middle of what is seen; or lets it go. */
void dh_browse_page_toggle_pin (DhBrowsePage *page);
/* Lets the probe go; FALSE where it is not held. */
gboolean dh_browse_page_free_pin (DhBrowsePage *page);
/* What the probe reads, to the clipboard. */
void dh_browse_page_copy_probe (DhBrowsePage *page);

G_END_DECLS
