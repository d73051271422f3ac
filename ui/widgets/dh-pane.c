#include <math.h>
#include "dh-draw-private.h"
#include "dh-fit-column.h"
#include "dh-legend-private.h"
#include "dh-number.h"
#include "dh-pane-private.h"

G_DEFINE_FINAL_TYPE (DhPane, dh_pane, GTK_TYPE_WIDGET)

static void
dh_pane_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float)gtk_widget_get_width (widget),
                                                         (float)gtk_widget_get_height (widget)));
  GTK_WIDGET_CLASS (dh_pane_parent_class)->snapshot (widget, snapshot);
  gtk_snapshot_pop (snapshot);
}

static void
dh_pane_dispose (GObject *object)
{
  DhPane *pane = DH_PANE (object);
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (pane))))
    gtk_widget_unparent (child);
  pane->button = pane->label = pane->message = NULL;
  G_OBJECT_CLASS (dh_pane_parent_class)->dispose (object);
}

static void
dh_pane_finalize (GObject *object)
{
  g_free (DH_PANE (object)->title);
  G_OBJECT_CLASS (dh_pane_parent_class)->finalize (object);
}

static void
dh_pane_class_init (DhPaneClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_pane_dispose;
  G_OBJECT_CLASS (class)->finalize = dh_pane_finalize;
  widget_class->size_allocate = dh_pane_size_allocate;
  widget_class->measure = dh_pane_measure;
  widget_class->snapshot = dh_pane_snapshot;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_widget_class_set_css_name (widget_class, "pane");
}

static GtkWidget *
add_label (DhPane *pane, const char *style)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_widget_add_css_class (label, style);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (label), 0.0f);
  return label;
}

static void
dh_pane_init (DhPane *pane)
{
  GtkWidget *widget = GTK_WIDGET (pane);
  gtk_widget_add_css_class (widget, "dh-pane");
  gtk_widget_set_focusable (widget, TRUE);
  gtk_widget_set_overflow (widget, GTK_OVERFLOW_VISIBLE);
  pane->label = add_label (pane, "title");
  gtk_widget_set_parent (pane->label, widget);
  pane->formula = add_label (pane, "form");
  gtk_widget_set_parent (pane->formula, widget);
  gtk_widget_set_visible (pane->formula, FALSE);
  pane->link = gtk_image_new_from_icon_name ("dh-unlink-symbolic");
  gtk_widget_set_tooltip_text (pane->link, "Moved alone: press L to link all panes again");
  gtk_widget_set_parent (pane->link, widget);
  gtk_widget_set_visible (pane->link, FALSE);
  pane->notice = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  GtkWidget *icon = gtk_image_new_from_icon_name ("dialog-warning-symbolic");
  gtk_widget_add_css_class (icon, "dh-warn");
  gtk_box_append (GTK_BOX (pane->notice), icon);
  GtkWidget *text = add_label (pane, "dh-notice");
  gtk_box_append (GTK_BOX (pane->notice), text);
  GtkWidget *swatch = dh_legend_new ();
  dh_legend_set_entries (DH_LEGEND (swatch), &(DhLegendEntry){ DH_COLOR_NON_FINITE, "", FALSE }, 1);
  gtk_widget_set_size_request (swatch, 14, -1);
  gtk_box_append (GTK_BOX (pane->notice), swatch);
  gtk_widget_set_parent (pane->notice, widget);
  gtk_widget_set_visible (pane->notice, FALSE);
  pane->legend = dh_legend_new ();
  gtk_widget_set_parent (pane->legend, widget);
  gtk_widget_set_visible (pane->legend, FALSE);
  pane->color_bar = dh_color_bar_new ();
  gtk_widget_set_parent (pane->color_bar, widget);
  gtk_widget_set_visible (pane->color_bar, FALSE);
}

static gboolean
has_color_bar (DhPaneKind kind)
{
  return kind == DH_PANE_MAP || kind == DH_PANE_DIFFERENCE;
}

GtkWidget *
dh_pane_new (DhPaneKind kind, guint slot, gboolean in_strip)
{
  static const char *const titles[] = { "Image", "Segmentation", "Map", "Ground truth", "True classes", "A − B" };
  DhPane *pane = g_object_new (DH_TYPE_PANE, NULL);
  pane->kind = kind;
  pane->slot = slot;
  pane->in_strip = in_strip;
  pane->show_color_bar = has_color_bar (kind) && !in_strip;
  gtk_widget_set_visible (pane->color_bar, pane->show_color_bar);
  if (in_strip)
    gtk_widget_add_css_class (GTK_WIDGET (pane), "dh-strippane");
  dh_pane_set_title (pane, titles[kind]);
  return GTK_WIDGET (pane);
}

DhPaneKind
dh_pane_get_kind (DhPane *pane)
{
  g_return_val_if_fail (DH_IS_PANE (pane), DH_PANE_IMAGE);
  return pane->kind;
}

guint
dh_pane_get_slot (DhPane *pane)
{
  g_return_val_if_fail (DH_IS_PANE (pane), 0);
  return pane->slot;
}

guint
dh_pane_get_index (DhPane *pane)
{
  g_return_val_if_fail (DH_IS_PANE (pane), 0);
  return pane->index;
}

void
dh_pane_set_index (DhPane *pane, guint index)
{
  pane->index = index;
}

void
dh_pane_set_room (DhPane *pane, int width)
{
  if (pane->room == width)
    return;
  pane->room = width;
  gtk_widget_queue_allocate (GTK_WIDGET (pane));
}

void
dh_pane_set_title (DhPane *pane, const char *title)
{
  g_return_if_fail (DH_IS_PANE (pane) && title != NULL);
  if (g_strcmp0 (pane->title, title) == 0)
    return;
  g_free (pane->title);
  pane->title = g_utf8_make_valid (title, -1);
  gtk_label_set_text (GTK_LABEL (pane->label), pane->title);
  dh_widget_set_name (GTK_WIDGET (pane), pane->title);
  if (pane->button)
    dh_widget_set_name (pane->button, pane->title);
  if (pane->mirror)
    dh_pane_set_title (pane->mirror, title);
}

void
dh_pane_set_formula (DhPane *pane, const char *formula)
{
  g_return_if_fail (DH_IS_PANE (pane));
  gtk_label_set_text (GTK_LABEL (pane->formula), formula ? formula : "");
  gtk_widget_set_visible (pane->formula, formula != NULL && !pane->in_strip);
}

void
dh_pane_set_menu (DhPane *pane, GMenuModel *menu)
{
  g_return_if_fail (DH_IS_PANE (pane));
  if (menu && pane->button)
    {
      gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (pane->button), menu);
      return;
    }
  if ((menu != NULL) == (pane->button != NULL))
    return;
  g_object_ref (pane->label);
  if (menu)
    {
      gtk_widget_unparent (pane->label);
      GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 3);
      gtk_box_append (GTK_BOX (box), pane->label);
      gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("pan-down-symbolic"));
      pane->button = gtk_menu_button_new ();
      gtk_menu_button_set_child (GTK_MENU_BUTTON (pane->button), box);
      gtk_menu_button_set_has_frame (GTK_MENU_BUTTON (pane->button), FALSE);
      gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (pane->button), menu);
      dh_widget_set_name (pane->button, pane->title);
      gtk_widget_insert_after (pane->button, GTK_WIDGET (pane), NULL);
    }
  else
    {
      gtk_box_remove (GTK_BOX (gtk_widget_get_parent (pane->label)), pane->label);
      gtk_widget_unparent (g_steal_pointer (&pane->button));
      gtk_widget_insert_after (pane->label, GTK_WIDGET (pane), NULL);
    }
  g_object_unref (pane->label);
}

void
dh_pane_set_legend_help (DhPane *pane, const char *text)
{
  gtk_widget_set_tooltip_text (pane->legend, text);
  gtk_widget_set_can_target (pane->legend, text != NULL);
}

void
dh_pane_set_legend (DhPane *pane, const DhLegendEntry *entries, guint n)
{
  g_return_if_fail (DH_IS_PANE (pane));
  dh_legend_set_entries (DH_LEGEND (pane->legend), entries, n);
  gtk_widget_set_visible (pane->legend, n > 0 && !pane->in_strip);
}

void
dh_pane_set_show_color_bar (DhPane *pane, gboolean show)
{
  g_return_if_fail (DH_IS_PANE (pane));
  pane->show_color_bar = show && has_color_bar (pane->kind);
  gtk_widget_set_visible (pane->color_bar, pane->show_color_bar && !pane->in_strip);
}

void
dh_pane_set_scale (DhPane *pane, const DhScale *scale)
{
  dh_color_bar_set_scale (DH_COLOR_BAR (pane->color_bar), scale);
}

void
dh_pane_set_non_finite (DhPane *pane, guint64 count)
{
  gtk_widget_set_visible (pane->notice, count > 0 && !pane->in_strip);
  if (count == 0)
    return;
  g_autofree char *number = dh_number_format_count (count);
  g_autofree char *text = g_strdup_printf ("%s not finite", number);
  gtk_label_set_text (GTK_LABEL (gtk_widget_get_next_sibling (gtk_widget_get_first_child (pane->notice))), text);
  g_autofree char *tip =
      g_strdup_printf ("%s pixels are infinite or not a number; they are drawn in this colour", number);
  gtk_widget_set_tooltip_text (pane->notice, tip);
}

void
dh_pane_set_moved_alone (DhPane *pane, gboolean moved)
{
  gtk_widget_set_visible (pane->link, moved);
}

void
dh_pane_set_active (DhPane *pane, gboolean active)
{
  if (active)
    gtk_widget_add_css_class (GTK_WIDGET (pane), "focus");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (pane), "focus");
}

void
dh_pane_set_mirror (DhPane *pane, DhPane *mirror)
{
  pane->mirror = mirror;
  if (mirror)
    dh_pane_set_title (mirror, pane->title);
}

gboolean
dh_pane_get_in_strip (DhPane *pane)
{
  return pane->in_strip;
}

gboolean
dh_pane_has_message (DhPane *pane)
{
  return pane->message != NULL;
}

void
dh_pane_set_message (DhPane *pane, GtkWidget *message)
{
  g_return_if_fail (DH_IS_PANE (pane));
  g_return_if_fail (message == NULL || GTK_IS_WIDGET (message));
  if (pane->message == message)
    return;
  g_clear_pointer (&pane->message, gtk_widget_unparent);
  if (message)
    {
      pane->message = message;
      gtk_widget_set_parent (message, GTK_WIDGET (pane));
    }
  /* The picture of all panes is drawn by the canvas. */
  if (gtk_widget_get_parent (GTK_WIDGET (pane)))
    gtk_widget_queue_allocate (gtk_widget_get_parent (GTK_WIDGET (pane)));
}

GtkWidget *
dh_pane_show_message (DhPane *pane, const char *icon_name, const char *tone, const char *title, const char *text)
{
  g_return_val_if_fail (DH_IS_PANE (pane), NULL);
  GtkWidget *box = dh_fit_column_new (6);
  GtkWidget *icon;
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  if (icon_name)
    {
      icon = gtk_image_new_from_icon_name (icon_name);
      gtk_image_set_pixel_size (GTK_IMAGE (icon), 32);
    }
  else
    {
      icon = gtk_spinner_new ();
      gtk_widget_set_size_request (icon, 24, 24);
      gtk_spinner_start (GTK_SPINNER (icon));
    }
  if (tone)
    gtk_widget_add_css_class (icon, tone);
  dh_fit_column_append (DH_FIT_COLUMN (box), icon, icon_name ? 4 : 1);
  if (title)
    {
      GtkWidget *label = gtk_label_new (title);
      gtk_widget_add_css_class (label, "dh-h");
      gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
      dh_fit_column_append (DH_FIT_COLUMN (box), label, 0);
    }
  if (text)
    {
      GtkWidget *label = gtk_label_new (text);
      gtk_widget_add_css_class (label, "dh-small");
      gtk_widget_add_css_class (label, "dim-label");
      dh_widget_wrap (label);
      gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
      gtk_label_set_max_width_chars (GTK_LABEL (label), 44);
      gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
      gtk_label_set_lines (GTK_LABEL (label), 4);
      dh_fit_column_append (DH_FIT_COLUMN (box), label, 2);
    }
  /* All of it, where some has no room. */
  gtk_widget_set_tooltip_text (box, text);
  dh_pane_set_message (pane, box);
  return box;
}

void
dh_pane_set_description (DhPane *pane, const char *description)
{
  g_return_if_fail (DH_IS_PANE (pane));
  gtk_accessible_update_property (GTK_ACCESSIBLE (pane), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  description ? description : "", -1);
}
