#include "dh-image-row.h"
#include <math.h>
#include <string.h>
#include "dh-mini-bar.h"
#include "dh-number.h"
#include "dh-object-badges.h"
#include "dh-session-set-objects.h"

/* Characters of tags and note that are told of in the list. */
#define LONGEST_TIP 300
#define THUMBNAIL_WIDTH 72

struct _DhImageRow
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *group;
  GtkWidget *image, *picture, *name, *bar, *value, *note, *icon, *mark, *spinner, *badges;
  DhImageItem *item;
};

G_DEFINE_FINAL_TYPE (DhImageRow, dh_image_row, GTK_TYPE_WIDGET)

static void
show_thumbnail (DhImageRow *self)
{
  guint width, height;
  GBytes *rgb = dh_image_item_get_thumbnail (self->item, &width, &height);
  g_autoptr (GdkTexture) texture = dh_ui_texture (rgb, width, height);
  gtk_picture_set_paintable (GTK_PICTURE (self->picture), GDK_PAINTABLE (texture));
}

/* The row is narrow and names the picture already: of "/where/it/is.png: is truncated" the end. */
static const char *
without_path (const char *reason)
{
  const char *end = reason != NULL && reason[0] == '/' ? strstr (reason, ": ") : NULL;
  return end != NULL && end[2] != '\0' ? end + 2 : reason;
}

static void
show_state (DhImageRow *self)
{
  DhItemState state = dh_image_item_get_state (self->item);
  const DhItemMetrics *metrics = dh_image_item_get_metrics (self->item);
  const char *note = NULL, *icon = NULL;
  gboolean spin = FALSE;
  switch (state)
    {
    case DH_ITEM_QUEUED:
      icon = "document-open-recent-symbolic";
      note = _ ("queued");
      break;
    case DH_ITEM_COMPUTING:
      spin = TRUE;
      note = _ ("computing…");
      break;
    case DH_ITEM_FAILED:
      icon = "dialog-warning-symbolic";
      note = without_path (dh_image_item_get_reason (self->item));
      break;
    case DH_ITEM_UNKNOWN:
    case DH_ITEM_CACHED:
    default:
      break;
    }
  gboolean measured = metrics->evaluated && note == NULL;
  if (measured && isnan (metrics->ap))
    note = metrics->n_inlier == 0 ? "—" : _ ("—  no anomaly pixels");
  gboolean has_value = measured && !isnan (metrics->ap);
  gtk_widget_set_visible (self->bar, has_value);
  gtk_widget_set_visible (self->value, has_value);
  gtk_widget_set_visible (self->note, note != NULL);
  gtk_label_set_label (GTK_LABEL (self->note), note != NULL ? note : "");
  dh_ui_set_row_tooltip (GTK_WIDGET (self), state == DH_ITEM_FAILED ? dh_image_item_get_reason (self->item) : NULL);
  if (has_value)
    {
      g_autofree char *text = dh_number_format (metrics->ap * 100, 1);
      dh_mini_bar_set_fraction (DH_MINI_BAR (self->bar), metrics->ap);
      gtk_label_set_label (GTK_LABEL (self->value), text);
      g_autofree char *spoken = g_strdup_printf (_ ("AP %s per cent"), text);
      dh_ui_set_name (self->value, spoken);
    }
  gtk_widget_set_visible (self->spinner, spin);
  gtk_spinner_set_spinning (GTK_SPINNER (self->spinner), spin);
  gtk_widget_set_visible (self->icon, icon != NULL);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), icon);
  gboolean failed = state == DH_ITEM_FAILED;
  if (failed)
    gtk_widget_remove_css_class (self->note, "dim-label");
  else
    gtk_widget_add_css_class (self->note, "dim-label");
  GtkWidget *coloured[] = { self->note, self->icon };
  for (guint i = 0; i < G_N_ELEMENTS (coloured); i++)
    {
      if (failed)
        gtk_widget_add_css_class (coloured[i], "dh-err");
      else
        gtk_widget_remove_css_class (coloured[i], "dh-err");
    }
  gboolean faded = state == DH_ITEM_QUEUED || failed;
  gtk_widget_set_opacity (self->picture, faded ? 0.5 : 1);
}

static void
show_marks (DhImageRow *self)
{
  const gboolean marked = dh_image_item_is_marked (self->item);
  gtk_widget_set_visible (self->mark, marked);
  if (!marked)
    return;
  const char *note = dh_image_item_get_note (self->item);
  g_autofree char *tags = g_strjoinv (" · ", (char **)dh_image_item_get_tags (self->item));
  g_autofree char *all = g_strconcat (tags, *tags != '\0' && *note != '\0' ? "\n" : "", note, NULL);
  g_autofree char *start = g_utf8_strlen (all, -1) > LONGEST_TIP ? g_utf8_substring (all, 0, LONGEST_TIP) : NULL;
  g_autofree char *text = start != NULL ? g_strconcat (start, "…", NULL) : g_strdup (all);
  dh_ui_set_row_tooltip (self->mark, text);
  dh_ui_set_name (self->mark, text);
}

static void
show_objects (DhImageRow *self)
{
  dh_object_badges_set (DH_OBJECT_BADGES (self->badges), dh_image_item_get_n_missed (self->item),
                        dh_image_item_get_n_false (self->item));
}

static void
on_set_objects (DhImageRow *self)
{
  const gboolean old =
      dh_session_get_set_objects (self->session) == NULL || dh_session_set_objects_are_old (self->session);
  dh_object_badges_set_old (DH_OBJECT_BADGES (self->badges), old);
}

static void
on_item_notify (DhImageItem *item, GParamSpec *spec, DhImageRow *self)
{
  if (g_str_equal (spec->name, "thumbnail"))
    show_thumbnail (self);
  else if (g_str_equal (spec->name, "marks"))
    show_marks (self);
  else if (g_str_equal (spec->name, "objects"))
    show_objects (self);
  else
    show_state (self);
}

static void
forget_item (DhImageRow *self)
{
  if (self->item == NULL)
    return;
  g_signal_handlers_disconnect_by_func (self->item, on_item_notify, self);
  dh_session_leave_thumbnail (self->session, self->item);
  g_clear_object (&self->item);
}

void
dh_image_row_set_object (DhImageRow *self, GObject *object)
{
  forget_item (self);
  gtk_widget_set_visible (self->group, DH_IS_IMAGE_GROUP (object));
  gtk_widget_set_visible (self->image, DH_IS_IMAGE_ITEM (object));
  if (DH_IS_IMAGE_GROUP (object))
    {
      DhImageGroup *group = DH_IMAGE_GROUP (object);
      g_autofree char *text =
          g_strdup_printf ("%s  %u", dh_image_group_get_title (group), dh_image_group_get_size (group));
      gtk_label_set_label (GTK_LABEL (self->group), text);
    }
  if (!DH_IS_IMAGE_ITEM (object))
    return;
  self->item = DH_IMAGE_ITEM (g_object_ref (object));
  gtk_label_set_label (GTK_LABEL (self->name), dh_image_item_get_name (self->item));
  g_signal_connect (self->item, "notify", G_CALLBACK (on_item_notify), self);
  show_thumbnail (self);
  show_state (self);
  show_marks (self);
  show_objects (self);
  dh_session_show_thumbnail (self->session, self->item);
}

static void
dh_image_row_dispose (GObject *object)
{
  DhImageRow *self = DH_IMAGE_ROW (object);
  forget_item (self);
  g_clear_object (&self->session);
  dh_widget_unparent_children (GTK_WIDGET (self));
  G_OBJECT_CLASS (dh_image_row_parent_class)->dispose (object);
}

static void
dh_image_row_class_init (DhImageRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_image_row_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_image_row_init (DhImageRow *self)
{
  GtkWidget *both = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_widget_set_parent (both, GTK_WIDGET (self));
  self->group = dh_ui_short_label (NULL, "dh-group dh-num", 0);
  gtk_box_append (GTK_BOX (both), self->group);

  self->image = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 8, NULL);
  gtk_widget_set_margin_top (self->image, 5);
  gtk_widget_set_margin_bottom (self->image, 5);
  self->picture = gtk_picture_new ();
  gtk_picture_set_content_fit (GTK_PICTURE (self->picture), GTK_CONTENT_FIT_COVER);
  gtk_widget_set_size_request (self->picture, THUMBNAIL_WIDTH, 40);
  gtk_widget_set_overflow (self->picture, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_valign (self->picture, GTK_ALIGN_CENTER);
  gtk_picture_set_can_shrink (GTK_PICTURE (self->picture), TRUE);
  dh_ui_add_classes (self->picture, "dh-thumb");
  /* A picture would like to be as wide as the height of its row makes it. */
  GtkWidget *clamp = adw_clamp_new ();
  /* In pixels: since libadwaita 1.4 a clamp's own unit grows with the letters. */
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (clamp), "unit") != NULL)
    g_object_set (clamp, "unit", 0, NULL);
  adw_clamp_set_maximum_size (ADW_CLAMP (clamp), THUMBNAIL_WIDTH);
  adw_clamp_set_tightening_threshold (ADW_CLAMP (clamp), THUMBNAIL_WIDTH);
  adw_clamp_set_child (ADW_CLAMP (clamp), self->picture);
  gtk_box_append (GTK_BOX (self->image), clamp);

  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 3, NULL);
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  self->name = dh_ui_short_label (NULL, "dh-dense", 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->name), PANGO_ELLIPSIZE_MIDDLE);
  gtk_widget_set_hexpand (self->name, TRUE);
  GtkWidget *head = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_box_append (GTK_BOX (head), self->name);
  gtk_box_append (GTK_BOX (lines), head);
  GtkWidget *numbers = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  self->bar = dh_mini_bar_new (40, 4);
  dh_mini_bar_set_least (DH_MINI_BAR (self->bar), 8);
  gtk_widget_set_valign (self->bar, GTK_ALIGN_CENTER);
  self->value = dh_ui_label (NULL, "dh-dense dh-num", 0);
  self->note = dh_ui_short_label (NULL, "dh-small dim-label", 0);
  gtk_box_append (GTK_BOX (numbers), self->bar);
  gtk_box_append (GTK_BOX (numbers), self->value);
  gtk_box_append (GTK_BOX (numbers), self->note);
  self->badges = dh_object_badges_new ();
  gtk_widget_set_hexpand (self->badges, TRUE);
  gtk_widget_set_halign (self->badges, GTK_ALIGN_END);
  gtk_box_append (GTK_BOX (numbers), self->badges);
  gtk_box_append (GTK_BOX (lines), numbers);
  gtk_box_append (GTK_BOX (self->image), lines);
  self->spinner = gtk_spinner_new ();
  gtk_widget_set_valign (self->spinner, GTK_ALIGN_CENTER);
  self->icon = gtk_image_new ();
  gtk_widget_set_valign (self->icon, GTK_ALIGN_CENTER);
  self->mark = gtk_image_new_from_icon_name ("dh-tag-symbolic");
  gtk_image_set_pixel_size (GTK_IMAGE (self->mark), 13);
  gtk_widget_set_valign (self->mark, GTK_ALIGN_CENTER);
  dh_ui_add_classes (self->mark, "dim-label");
  gtk_box_append (GTK_BOX (head), self->mark);
  gtk_box_append (GTK_BOX (self->image), self->spinner);
  gtk_box_append (GTK_BOX (self->image), self->icon);
  gtk_box_append (GTK_BOX (both), self->image);
}

GtkWidget *
dh_image_row_new (DhSession *session)
{
  DhImageRow *self = g_object_new (DH_TYPE_IMAGE_ROW, NULL);
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "set-objects", G_CALLBACK (on_set_objects), self, G_CONNECT_SWAPPED);
  on_set_objects (self);
  return GTK_WIDGET (self);
}
