#pragma once
#include "dh-pane.h"

G_BEGIN_DECLS

struct _DhPane
{
  GtkWidget parent_instance;
  DhPaneKind kind;
  guint slot, index;
  char *title;
  GtkWidget *button; /* GtkMenuButton, while there is a menu */
  GtkWidget *label;  /* the title, in the button or alone */
  GtkWidget *formula, *notice, *link, *legend, *color_bar;
  GtkWidget *message;
  gboolean show_color_bar, in_strip, formula_barred;
  int room;       /* width for head and message; 0: all of it */
  DhPane *mirror; /* its likeness in the strip; the canvas owns both */
};

/* dh-pane-layout.c: what stands where in the head, and what is put aside where it is narrow. */
void dh_pane_size_allocate (GtkWidget *widget, int width, int height, int baseline);
void dh_pane_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline);

/* For the canvas. */
#define DH_PANE_HEAD 24
#define DH_PANE_INSET 2 /* about the picture, so that the focus ring shows */

/* In the strip below a single pane only the title is shown, under the picture. */
GtkWidget *dh_pane_new (DhPaneKind kind, guint slot, gboolean in_strip);
/* The strip's pane that takes this one's title. Borrowed; NULL: none. */
void dh_pane_set_mirror (DhPane *pane, DhPane *mirror);
void dh_pane_set_index (DhPane *pane, guint index);
/* Confines head and message to the left `width` pixels, for another pane stands over the rest; 0: no longer. */
void dh_pane_set_room (DhPane *pane, int width);
/* Whether a head of this width has room for the formula, and whether it may be shown: two that stand side by side say
 * equally much. */
gboolean dh_pane_fits_formula (DhPane *pane, int width);
void dh_pane_allow_formula (DhPane *pane, gboolean allowed);
void dh_pane_set_scale (DhPane *pane, const DhScale *scale);
void dh_pane_set_non_finite (DhPane *pane, guint64 count);
void dh_pane_set_moved_alone (DhPane *pane, gboolean moved);
void dh_pane_set_active (DhPane *pane, gboolean active);
gboolean dh_pane_get_in_strip (DhPane *pane);
gboolean dh_pane_has_message (DhPane *pane);
/* Where the picture goes, in the pane's coordinates. */
void dh_pane_get_picture_area (DhPane *pane, GdkRectangle *area);

G_END_DECLS
