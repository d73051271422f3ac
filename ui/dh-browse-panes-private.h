#pragma once
#include "dh-browse-panes.h"

G_BEGIN_DECLS

/* What a pane can show, by the name in the setting "panes". */
typedef struct
{
  const char *name, *title, *formula;
  DhPaneKind kind;
  gint map; /* DhFrameMap; −1 */
} DhPaneContent;

/* What stands in a pane in place of its picture; the box is gone with the message. */
typedef struct
{
  DhPane *pane;
  const char *title;
  GtkWidget *box;
} DhPaneMessage;

typedef struct
{
  DhCanvas *canvas;
  DhSession *session;
  DhView *view;
  GSimpleActionGroup *actions;
  const DhPaneContent *shown[DH_CANVAS_MAX_PANES];
  guint n_shown;
  DhPaneMessage messages[DH_CANVAS_MAX_PANES];
  DhFrame *frame;     /* what the canvas holds */
  gconstpointer edit; /* the DhLabelEdit whose pixels it shows as labels; NULL: the frame's */
  double fraction, seconds;
  char *layer;
  gboolean computing;
  gboolean look_waits;                /* for a picture */
  gboolean telling_look, taking_look; /* the canvas's look is being written into the view; and the other way round */

  gboolean comparing;      /* the layout is that of a comparison */
  gint sides[2];           /* the panes of A and B */
  gboolean has_difference; /* the canvas can draw A − B */
  gboolean blinking;
  guint blink_id;
} DhBrowsePanes;

/* dh-browse-menus.c: what panes can show, and how the user chooses it. */
extern const DhPaneContent dh_pane_contents[];
extern const guint dh_n_pane_contents;
G_GNUC_INTERNAL const DhPaneContent *dh_pane_content_find (const char *name);
G_GNUC_INTERNAL void dh_browse_panes_add_actions (DhBrowsePanes *self);
G_GNUC_INTERNAL GMenuModel *dh_browse_panes_new_pane_menu (DhBrowsePanes *self, guint index);

/* dh-browse-messages.c: legends in the heads, words in place of what is not there. */
G_GNUC_INTERNAL void dh_browse_panes_show_legend (DhBrowsePanes *self, guint index);
G_GNUC_INTERNAL void dh_browse_panes_show_message (DhBrowsePanes *self, guint index);
G_GNUC_INTERNAL void dh_browse_panes_forget_message (DhPaneMessage *message);

/* dh-browse-comparison.c: A against B. What either side shows, and how: the mode that can be shown of those that are
 * chosen, and why a difference cannot; NULL where it can. */
G_GNUC_INTERNAL const DhPaneContent *dh_browse_comparison_side (DhView *view, guint side);
G_GNUC_INTERNAL const char *dh_browse_comparison_mode (DhSession *session);
G_GNUC_INTERNAL const char *dh_browse_comparison_refuse_difference (DhSession *session);
/* "Hybrid score", "Run 12 · entropy"; free with g_free. */
G_GNUC_INTERNAL char *dh_browse_comparison_dup_title (DhSession *session, guint side);
/* The same with the network that made it. */
G_GNUC_INTERNAL char *dh_browse_comparison_dup_long_title (DhSession *session, guint side);
/* Tells the session which runs stand there. */
G_GNUC_INTERNAL void dh_browse_comparison_tell_runs (DhBrowsePanes *self);
/* The panes of a comparison, their number; tells the canvas which are large. */
G_GNUC_INTERNAL guint dh_browse_comparison_list (DhBrowsePanes *self, const DhPaneContent **shown);
/* The scale of a map that is aligned now. */
G_GNUC_INTERNAL void dh_browse_comparison_adjust (DhBrowsePanes *self, gint map, DhScale *scale);
/* Whether a side is shown by that scale, whatever colours are chosen. */
G_GNUC_INTERNAL gboolean dh_browse_comparison_is_aligned (DhBrowsePanes *self, const DhPaneContent *content);
/* What A − B is, after thresholds, medians or maps changed. */
G_GNUC_INTERNAL void dh_browse_comparison_update (DhBrowsePanes *self);
/* For the probe: what either side reads there, raw; and A − B, NULL where it cannot be taken, with what was subtracted
 * ("A − (−B)"). Free with g_free. */
G_GNUC_INTERNAL char *dh_browse_comparison_dup_value (DhSession *session, guint side, const DhProbe *probe);
G_GNUC_INTERNAL char *dh_browse_comparison_dup_difference (DhSession *session, const DhProbe *probe, char **caption);
G_GNUC_INTERNAL void dh_browse_comparison_settle_blink (DhBrowsePanes *self);
G_GNUC_INTERNAL void dh_browse_comparison_add_actions (DhBrowsePanes *self);
G_GNUC_INTERNAL void dh_browse_comparison_connect (DhBrowsePanes *self);
G_GNUC_INTERNAL void dh_browse_comparison_stop (DhBrowsePanes *self);

/* dh-browse-look.c: zoom, middle and active pane from one start to the next. The first follows the view's "look" while
 * another has set it, the second its "active-pane". */
G_GNUC_INTERNAL void dh_browse_look_show (DhBrowsePanes *self);
G_GNUC_INTERNAL void dh_browse_look_show_own (DhBrowsePanes *self);
G_GNUC_INTERNAL void dh_browse_look_show_pane (DhBrowsePanes *self);
G_GNUC_INTERNAL void dh_browse_look_connect (DhBrowsePanes *self);

/* dh-browse-kept.c: a map that is kept with its threshold (dh-kept-map.h). "Hybrid score > −8.25 (kept)"; free with
 * g_free. `choose`: by what a side is chosen; NULL: none is. */
G_GNUC_INTERNAL char *dh_browse_kept_dup_title (DhSession *session);
G_GNUC_INTERNAL void dh_browse_kept_append_menu (DhBrowsePanes *self, GMenu *menu, const char *choose);
G_GNUC_INTERNAL void dh_browse_kept_add_actions (DhBrowsePanes *self);

/* dh-browse-labels.c: the labels of the frame that the canvas holds, or those that are drawn of it. */
G_GNUC_INTERNAL void dh_browse_labels_show (DhBrowsePanes *self);
G_GNUC_INTERNAL void dh_browse_labels_connect (DhBrowsePanes *self);
G_GNUC_INTERNAL void dh_browse_panes_show_overlay (DhBrowsePanes *self);

/* What stands in a pane's head beside its title; NULL: nothing. Free with g_free. */
G_GNUC_INTERNAL char *dh_browse_panes_dup_formula (DhBrowsePanes *self, const DhPaneContent *content);
/* Whether the open set has what a pane of this kind shows. */
G_GNUC_INTERNAL gboolean dh_browse_panes_is_there (DhBrowsePanes *self, const DhPaneContent *content);

G_END_DECLS
