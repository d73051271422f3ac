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
  DhFrame *frame; /* what the canvas holds */
  double fraction, seconds;
  char *layer;
  gboolean computing;
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

/* The palette chosen, as dh_session_get_class_color() counts them. */
G_GNUC_INTERNAL guint dh_browse_panes_palette (DhView *view);

G_END_DECLS
