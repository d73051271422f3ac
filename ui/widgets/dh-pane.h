#pragma once
#include <gtk/gtk.h>
#include "dh-color-bar.h"

G_BEGIN_DECLS

/* One pane of a canvas: a head (title with a menu, formula, legend or colour bar, notices) over the picture, which the
 * canvas draws for all panes. Only a canvas makes panes; they stay valid until its next dh_canvas_set_panes(). */
#define DH_TYPE_PANE (dh_pane_get_type ())
G_DECLARE_FINAL_TYPE (DhPane, dh_pane, DH, PANE, GtkWidget)

typedef enum
{
  DH_PANE_IMAGE,        /* the picture under the overlay */
  DH_PANE_SEGMENTATION, /* class ids in palette colours over the picture's luminance */
  DH_PANE_MAP,          /* a float map in colours, with the outline of its threshold */
  DH_PANE_TRUTH,        /* anomaly and void over the darkened picture */
  DH_PANE_CLASSES,      /* true class ids, as SEGMENTATION */
  DH_PANE_DIFFERENCE,   /* one map less another, in colours about zero */
} DhPaneKind;

typedef struct
{
  guint32 rgb; /* 0xRRGGBB */
  const char *text;
  gboolean hatched;
} DhLegendEntry;

DhPaneKind dh_pane_get_kind (DhPane *pane);
guint dh_pane_get_slot (DhPane *pane); /* of a MAP pane */
guint dh_pane_get_index (DhPane *pane);

void dh_pane_set_title (DhPane *pane, const char *title);
void dh_pane_set_formula (DhPane *pane, const char *formula); /* "−ln p̂ + ln P(d_out)"; NULL: none */
/* The menu of the title's button; takes a reference. NULL: a plain title. */
void dh_pane_set_menu (DhPane *pane, GMenuModel *menu);
/* Copies; what does not fit is left out, the last first. */
void dh_pane_set_legend (DhPane *pane, const DhLegendEntry *entries, guint n);
/* What the legend's words mean, for who hovers over it; NULL: nothing. */
void dh_pane_set_legend_help (DhPane *pane, const char *text);
void dh_pane_set_show_color_bar (DhPane *pane, gboolean show);
/* In place of the picture: a spinner, what failed, what to do. NULL: the picture again. */
void dh_pane_set_message (DhPane *pane, GtkWidget *message);
/* The usual forms of it: `icon_name` NULL gives a spinner; `tone` is a style class as "dh-warn", "dh-err" or NULL.
 * Returns the box, so that buttons can be appended. */
GtkWidget *dh_pane_show_message (DhPane *pane, const char *icon_name, const char *tone, const char *title,
                                 const char *text);
/* The accessible description: what the probe reads here. */
void dh_pane_set_description (DhPane *pane, const char *description);

G_END_DECLS
