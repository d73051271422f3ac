#include "dh-component-row.h"
#include <math.h>
#include "dh-help.h"
#include "dh-number.h"

/* Of the small picture, as it stands in the list; it is made twice as fine. */
#define CROP_WIDTH 60
#define CROP_HEIGHT 40
#define FINE 2

struct _DhComponentItem
{
  GObject parent_instance;
  DhPictureObject object;
  DhScore score;
  DhFrame *frame;
};

G_DEFINE_FINAL_TYPE (DhComponentItem, dh_component_item, G_TYPE_OBJECT)

struct _DhComponentRow
{
  GtkWidget parent_instance;
  GtkWidget *picture, *icon, *title, *area, *overlap, *score;
};

G_DEFINE_FINAL_TYPE (DhComponentRow, dh_component_row, GTK_TYPE_WIDGET)

static void
dh_component_item_finalize (GObject *object)
{
  dh_frame_unref (DH_COMPONENT_ITEM (object)->frame);
  G_OBJECT_CLASS (dh_component_item_parent_class)->finalize (object);
}

static void
dh_component_item_class_init (DhComponentItemClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_component_item_finalize;
}

static void
dh_component_item_init (DhComponentItem *self)
{
}

DhComponentItem *
dh_component_item_new (const DhPictureObject *object, DhScore score, DhFrame *frame)
{
  DhComponentItem *self = g_object_new (DH_TYPE_COMPONENT_ITEM, NULL);
  self->object = *object;
  self->score = score;
  self->frame = dh_frame_ref (frame);
  return self;
}

const DhPictureObject *
dh_component_item_get (DhComponentItem *self)
{
  return &self->object;
}

char *
dh_component_item_dup_title (DhComponentItem *self)
{
  g_autofree char *area = dh_number_format_count (self->object.area);
  return g_strdup_printf (_ ("%s, %s px"), dh_object_kind_title (self->object.kind), area);
}

GtkWidget *
dh_component_icon_new (void)
{
  GtkWidget *icon = gtk_image_new ();
  gtk_image_set_pixel_size (GTK_IMAGE (icon), 13);
  return icon;
}

void
dh_component_icon_set (GtkWidget *icon, DhObjectKind kind)
{
  static const char *const icons[] = { "dh-fn-symbolic", "dh-fp-symbolic", "dh-tp-symbolic", "dh-fp-symbolic" };
  static const char *const classes[] = { "dh-c-missed", "dh-c-false", "dh-c-found", "dh-c-false" };
  gtk_image_set_from_icon_name (GTK_IMAGE (icon), icons[kind]);
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    gtk_widget_remove_css_class (icon, classes[i]);
  gtk_widget_add_css_class (icon, classes[kind]);
}

/* The object with some room about it, in the row's shape, moved into the picture where it would stick out. */
static GdkTexture *
make_crop (const DhComponentItem *item)
{
  const DhFrame *frame = item->frame;
  const DhPictureObject *object = &item->object;
  const guint8 *rgb = g_bytes_get_data (frame->image, NULL);
  const guint columns = CROP_WIDTH * FINE, rows = CROP_HEIGHT * FINE;
  double height = MAX (MAX (object->height * 1.5, object->width * 1.5 * CROP_HEIGHT / CROP_WIDTH), 32);
  height = MIN (MIN (height, frame->height), (double)frame->width * CROP_HEIGHT / CROP_WIDTH);
  const double width = height * CROP_WIDTH / CROP_HEIGHT;
  const double left = CLAMP (object->x + object->width / 2.0 - width / 2, 0, frame->width - width);
  const double top = CLAMP (object->y + object->height / 2.0 - height / 2, 0, frame->height - height);
  guint8 *crop = g_malloc ((gsize)3 * columns * rows);
  for (guint v = 0; v < rows; v++)
    for (guint u = 0; u < columns; u++)
      {
        const gsize x = MIN ((gsize)(left + (u + 0.5) * width / columns), frame->width - 1);
        const gsize y = MIN ((gsize)(top + (v + 0.5) * height / rows), frame->height - 1);
        for (guint c = 0; c < 3; c++)
          crop[3 * ((gsize)v * columns + u) + c] = rgb[3 * (y * frame->width + x) + c];
      }
  g_autoptr (GBytes) bytes = g_bytes_new_take (crop, (gsize)3 * columns * rows);
  return dh_ui_texture (bytes, columns, rows);
}

void
dh_component_row_set_item (DhComponentRow *self, DhComponentItem *item)
{
  if (item == NULL)
    {
      gtk_picture_set_paintable (GTK_PICTURE (self->picture), NULL);
      return;
    }
  const DhPictureObject *object = &item->object;
  g_autoptr (GdkTexture) crop = make_crop (item);
  g_autofree char *count = dh_number_format_count (object->area);
  g_autofree char *area = g_strdup_printf (_ ("%s px"), count);
  g_autofree char *number = dh_number_format (100 * object->overlap, 1);
  g_autofree char *overlap = isnan (object->overlap)           ? g_strdup ("")
                             : object->kind == DH_OBJECT_FALSE ? g_strdup_printf (_ ("PPV %s"), number)
                                                               : g_strdup_printf (_ ("sIoU %s"), number);
  g_autofree char *mean = item->score == DH_SCORE_DATASET_POSTERIOR ? dh_number_format_probability (object->score)
                                                                    : dh_number_format (object->score, 1);
  g_autofree char *score = g_strdup_printf (_ ("mean %s"), mean);
  gtk_picture_set_paintable (GTK_PICTURE (self->picture), GDK_PAINTABLE (crop));
  dh_component_icon_set (self->icon, object->kind);
  gtk_label_set_label (GTK_LABEL (self->title), dh_object_kind_title (object->kind));
  gtk_label_set_label (GTK_LABEL (self->area), area);
  gtk_label_set_label (GTK_LABEL (self->overlap), overlap);
  dh_help_set (self->overlap, object->kind == DH_OBJECT_FALSE ? "PPV" : "sIoU");
  gtk_label_set_label (GTK_LABEL (self->score), score);
}

static void
dh_component_row_dispose (GObject *object)
{
  dh_widget_unparent_children (GTK_WIDGET (object));
  G_OBJECT_CLASS (dh_component_row_parent_class)->dispose (object);
}

static void
dh_component_row_class_init (DhComponentRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_component_row_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static GtkWidget *
make_line (GtkWidget *first, GtkWidget *second, GtkWidget *last)
{
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  if (first != NULL)
    gtk_box_append (GTK_BOX (line), first);
  gtk_widget_set_hexpand (second, TRUE);
  gtk_box_append (GTK_BOX (line), second);
  gtk_box_append (GTK_BOX (line), last);
  return line;
}

static void
dh_component_row_init (DhComponentRow *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, NULL);
  gtk_widget_set_margin_top (box, 4);
  gtk_widget_set_margin_bottom (box, 4);
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  self->picture = gtk_picture_new ();
  gtk_picture_set_content_fit (GTK_PICTURE (self->picture), GTK_CONTENT_FIT_COVER);
  gtk_widget_set_size_request (self->picture, CROP_WIDTH, CROP_HEIGHT);
  gtk_widget_set_overflow (self->picture, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_valign (self->picture, GTK_ALIGN_CENTER);
  dh_ui_add_classes (self->picture, "dh-thumb");
  gtk_box_append (GTK_BOX (box), self->picture);
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 3, NULL);
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  self->icon = dh_component_icon_new ();
  self->title = dh_ui_short_label (NULL, "dh-dense", 0);
  self->area = dh_ui_label (NULL, "dh-dense dh-num", 1);
  self->overlap = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  self->score = dh_ui_label (NULL, "dh-small dim-label dh-num", 1);
  gtk_box_append (GTK_BOX (lines), make_line (self->icon, self->title, self->area));
  gtk_box_append (GTK_BOX (lines), make_line (NULL, self->overlap, self->score));
  gtk_box_append (GTK_BOX (box), lines);
}

GtkWidget *
dh_component_row_new (void)
{
  return g_object_new (DH_TYPE_COMPONENT_ROW, NULL);
}
