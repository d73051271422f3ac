#include "dh-found-row.h"
#include "dh-number.h"
#include "dh-session-finds.h"

/* As it stands in the list; it is read twice as fine. */
#define WIDTH (DH_FOUND_CROP_WIDTH / 2)
#define HEIGHT (DH_FOUND_CROP_HEIGHT / 2)

struct _DhFoundRow
{
  GtkWidget parent_instance;
  DhSession *session;
  DhFoundList *list;
  DhFoundItem *item;
  GtkWidget *picture, *name, *mark, *place, *peak;
};

G_DEFINE_FINAL_TYPE (DhFoundRow, dh_found_row, GTK_TYPE_WIDGET)

static void
show_crop (DhFoundRow *self)
{
  const char *why;
  GBytes *rgb = dh_found_item_get_crop (self->item, &why);
  g_autoptr (GdkTexture) texture = dh_ui_texture (rgb, DH_FOUND_CROP_WIDTH, DH_FOUND_CROP_HEIGHT);
  gtk_picture_set_paintable (GTK_PICTURE (self->picture), GDK_PAINTABLE (texture));
  dh_ui_set_row_tooltip (GTK_WIDGET (self), why);
  if (why != NULL)
    gtk_label_set_label (GTK_LABEL (self->place), _ ("the image cannot be read"));
}

static void
show_mark (DhFoundRow *self)
{
  const DhFindMark mark = dh_found_item_get_mark (self->item);
  gtk_label_set_label (GTK_LABEL (self->mark), dh_find_mark_title (mark));
  if (mark == DH_FIND_NEW)
    gtk_widget_add_css_class (self->name, "heading");
  else
    gtk_widget_remove_css_class (self->name, "heading");
  gtk_widget_remove_css_class (self->mark, "dh-c-found");
  gtk_widget_remove_css_class (self->mark, "dh-c-false");
  if (mark == DH_FIND_REAL || mark == DH_FIND_FALSE)
    gtk_widget_add_css_class (self->mark, mark == DH_FIND_REAL ? "dh-c-found" : "dh-c-false");
}

static void
show_numbers (DhFoundRow *self)
{
  const DhPictureObject *object = dh_found_item_get_object (self->item);
  const gboolean posterior = dh_found_item_get_score (self->item) == DH_SCORE_DATASET_POSTERIOR;
  g_autofree char *area = dh_number_format_count (object->area);
  g_autofree char *place = g_strdup_printf (_ ("%s px at %u, %u"), area, object->peak_x, object->peak_y);
  g_autofree char *value = posterior ? dh_number_format_probability (object->peak) : dh_number_format (object->peak, 1);
  g_autofree char *title = dh_session_dup_find_title (self->session, self->item);
  g_autofree char *peak = g_strdup_printf (_ ("peak %s"), value);
  gtk_label_set_label (GTK_LABEL (self->name), title);
  gtk_label_set_label (GTK_LABEL (self->place), place);
  gtk_label_set_label (GTK_LABEL (self->peak), peak);
}

void
dh_found_row_set_item (DhFoundRow *self, DhFoundItem *item)
{
  if (self->item != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->item, self);
      dh_found_list_leave_crop (self->list, self->item);
    }
  g_set_object (&self->item, item);
  if (item == NULL)
    {
      gtk_picture_set_paintable (GTK_PICTURE (self->picture), NULL);
      return;
    }
  g_signal_connect_swapped (item, "notify::crop", G_CALLBACK (show_crop), self);
  g_signal_connect_swapped (item, "notify::mark", G_CALLBACK (show_mark), self);
  show_numbers (self);
  show_mark (self);
  show_crop (self);
  dh_found_list_show_crop (self->list, item);
}

static void
dh_found_row_dispose (GObject *object)
{
  DhFoundRow *self = DH_FOUND_ROW (object);
  if (self->item != NULL)
    dh_found_row_set_item (self, NULL);
  dh_widget_unparent_children (GTK_WIDGET (object));
  g_clear_object (&self->list);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_found_row_parent_class)->dispose (object);
}

static void
dh_found_row_class_init (DhFoundRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_found_row_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static GtkWidget *
make_line (GtkWidget *first, GtkWidget *last)
{
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_widget_set_hexpand (first, TRUE);
  gtk_box_append (GTK_BOX (line), first);
  gtk_box_append (GTK_BOX (line), last);
  return line;
}

static void
dh_found_row_init (DhFoundRow *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, NULL);
  gtk_widget_set_margin_top (box, 4);
  gtk_widget_set_margin_bottom (box, 4);
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  self->picture = gtk_picture_new ();
  gtk_picture_set_content_fit (GTK_PICTURE (self->picture), GTK_CONTENT_FIT_COVER);
  gtk_widget_set_size_request (self->picture, WIDTH, HEIGHT);
  gtk_widget_set_overflow (self->picture, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_valign (self->picture, GTK_ALIGN_CENTER);
  dh_ui_add_classes (self->picture, "dh-thumb");
  gtk_box_append (GTK_BOX (box), self->picture);
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 3, NULL);
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  self->name = dh_ui_short_label (NULL, "dh-dense", 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->name), PANGO_ELLIPSIZE_MIDDLE);
  self->mark = dh_ui_label (NULL, "dh-small", 1);
  self->place = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  self->peak = dh_ui_label (NULL, "dh-small dim-label dh-num", 1);
  gtk_box_append (GTK_BOX (lines), make_line (self->name, self->mark));
  gtk_box_append (GTK_BOX (lines), make_line (self->place, self->peak));
  gtk_box_append (GTK_BOX (box), lines);
}

GtkWidget *
dh_found_row_new (DhSession *session, DhFoundList *list)
{
  DhFoundRow *self = g_object_new (DH_TYPE_FOUND_ROW, NULL);
  self->session = g_object_ref (session);
  self->list = g_object_ref (list);
  return GTK_WIDGET (self);
}
