#include "dh-compare-row.h"
#include <math.h>
#include "dh-mini-bar.h"
#include "dh-number.h"

struct _DhCompareRow
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *picture, *name, *note, *bar, *value;
  DhImageItem *item;
};

G_DEFINE_FINAL_TYPE (DhCompareRow, dh_compare_row, GTK_TYPE_WIDGET)

static void
show_thumbnail (DhCompareRow *self)
{
  guint width, height;
  GBytes *rgb = dh_image_item_get_thumbnail (self->item, &width, &height);
  g_autoptr (GdkTexture) texture = dh_ui_texture (rgb, width, height);
  gtk_picture_set_paintable (GTK_PICTURE (self->picture), GDK_PAINTABLE (texture));
}

static void
forget_item (DhCompareRow *self)
{
  if (self->item == NULL)
    return;
  g_signal_handlers_disconnect_by_func (self->item, show_thumbnail, self);
  dh_session_leave_thumbnail (self->session, self->item);
  g_clear_object (&self->item);
}

void
dh_compare_row_set_picture (DhCompareRow *self, DhComparedPicture *picture, double reach)
{
  forget_item (self);
  if (picture == NULL)
    return;
  self->item = g_object_ref (dh_compared_picture_get_item (picture));
  g_signal_connect_swapped (self->item, "notify::thumbnail", G_CALLBACK (show_thumbnail), self);
  show_thumbnail (self);
  dh_session_show_thumbnail (self->session, self->item);
  const char *name = dh_image_item_get_name (self->item), *why = dh_compared_picture_get_why (picture);
  const double change = dh_compared_picture_get_change (picture);
  g_autofree char *text = dh_number_format_change (100 * change, 1, NULL);
  /* Scenes have pictures of the same names. */
  const char *group = dh_image_item_get_group (self->item);
  g_autofree char *note = why != NULL                       ? g_strdup_printf ("—  %s", why)
                          : group != NULL && *group != '\0' ? g_strdup (group)
                                                            : NULL;
  gtk_label_set_label (GTK_LABEL (self->name), name);
  gtk_label_set_label (GTK_LABEL (self->note), note != NULL ? note : "");
  gtk_widget_set_visible (self->note, note != NULL);
  gtk_label_set_label (GTK_LABEL (self->value), text);
  gtk_widget_set_visible (self->value, why == NULL);
  dh_mini_bar_set_change (DH_MINI_BAR (self->bar), reach > 0 ? change / reach : change);
  gtk_widget_set_visible (self->bar, why == NULL);
  g_autofree char *a = dh_number_format (100 * dh_compared_picture_get_ap (picture, 0), 2);
  g_autofree char *b = dh_number_format (100 * dh_compared_picture_get_ap (picture, 1), 2);
  g_autofree char *tooltip =
      why != NULL ? g_strdup_printf ("%s: %s", dh_image_item_get_stem (self->item), why)
                  : g_strdup_printf (_ ("%s: AP %s of A, %s of B"), dh_image_item_get_stem (self->item), a, b);
  dh_ui_set_row_tooltip (GTK_WIDGET (self), tooltip);
  g_autofree char *spoken = g_strdup_printf (_ ("%s, change in AP %s"), name, why != NULL ? why : text);
  dh_ui_set_name (GTK_WIDGET (self), spoken);
}

static void
dh_compare_row_dispose (GObject *object)
{
  DhCompareRow *self = DH_COMPARE_ROW (object);
  forget_item (self);
  g_clear_object (&self->session);
  dh_widget_unparent_children (GTK_WIDGET (self));
  G_OBJECT_CLASS (dh_compare_row_parent_class)->dispose (object);
}

static void
dh_compare_row_class_init (DhCompareRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_compare_row_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
}

static void
dh_compare_row_init (DhCompareRow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (gtk_widget_get_layout_manager (widget)), 9);
  self->picture = gtk_picture_new ();
  gtk_picture_set_content_fit (GTK_PICTURE (self->picture), GTK_CONTENT_FIT_COVER);
  gtk_picture_set_can_shrink (GTK_PICTURE (self->picture), TRUE);
  gtk_widget_set_size_request (self->picture, 60, 34);
  gtk_widget_set_overflow (self->picture, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_valign (self->picture, GTK_ALIGN_CENTER);
  gtk_widget_set_margin_top (self->picture, 5);
  gtk_widget_set_margin_bottom (self->picture, 5);
  dh_ui_add_classes (self->picture, "dh-thumb");
  gtk_widget_set_parent (self->picture, widget);
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 2, NULL);
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  self->name = dh_ui_short_label (NULL, "dh-dense", 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->name), PANGO_ELLIPSIZE_MIDDLE);
  self->note = dh_ui_short_label (NULL, "dh-small dim-label", 0);
  gtk_box_append (GTK_BOX (lines), self->name);
  gtk_box_append (GTK_BOX (lines), self->note);
  gtk_widget_set_parent (lines, widget);
  self->bar = dh_mini_bar_new (64, 6);
  gtk_widget_set_parent (self->bar, widget);
  self->value = dh_ui_label (NULL, "dh-dense dh-num", 1);
  gtk_label_set_width_chars (GTK_LABEL (self->value), 6);
  gtk_widget_set_parent (self->value, widget);
}

GtkWidget *
dh_compare_row_new (DhSession *session)
{
  DhCompareRow *self = g_object_new (DH_TYPE_COMPARE_ROW, NULL);
  self->session = g_object_ref (session);
  return GTK_WIDGET (self);
}
