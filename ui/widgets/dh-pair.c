#include "dh-pair.h"

struct _DhPair
{
  GtkWidget parent_instance;
  GtkWidget *children[2];
  int spacing;
};

G_DEFINE_FINAL_TYPE (DhPair, dh_pair, GTK_TYPE_WIDGET)

static int
width_of (const DhPair *self, guint child, gboolean natural)
{
  int least = 0, liked = 0;
  gtk_widget_measure (self->children[child], GTK_ORIENTATION_HORIZONTAL, -1, &least, &liked, NULL, NULL);
  return natural ? liked : least;
}

/* A box of hidden cards is none. */
static gboolean
is_shown (const DhPair *self, guint child)
{
  return gtk_widget_should_layout (self->children[child]) && width_of (self, child, TRUE) > 0;
}

static int
height_of (const DhPair *self, guint child, int width, gboolean natural)
{
  int least = 0, liked = 0;
  gtk_widget_measure (self->children[child], GTK_ORIENTATION_VERTICAL, width, &least, &liked, NULL, NULL);
  return natural ? liked : least;
}

/* Whether both are shown and fit; the widths that each then has. */
static gboolean
divide (const DhPair *self, int width, int widths[2])
{
  widths[0] = widths[1] = width;
  if (!is_shown (self, 0) || !is_shown (self, 1))
    return FALSE;
  /* Letters that can be cut need hardly any width, and would be read by nobody. */
  const int least = MAX (width_of (self, 0, FALSE), MIN (width_of (self, 0, TRUE), width * 2 / 5));
  const int second = width_of (self, 1, TRUE);
  if (width < least + self->spacing + second)
    return FALSE;
  widths[0] = width - self->spacing - second;
  widths[1] = second;
  return TRUE;
}

static void
measure_width (const DhPair *self, int *minimum, int *natural)
{
  *minimum = *natural = 0;
  for (guint i = 0; i < 2; i++)
    if (is_shown (self, i))
      {
        *minimum = MAX (*minimum, width_of (self, i, FALSE));
        *natural += width_of (self, i, TRUE) + (*natural > 0 ? self->spacing : 0);
      }
}

static int
measure_height (const DhPair *self, int width, gboolean natural)
{
  int widths[2], height = 0;
  const gboolean beside = divide (self, width, widths);
  for (guint i = 0; i < 2; i++)
    if (is_shown (self, i))
      {
        const int one = height_of (self, i, widths[i], natural);
        height = beside ? MAX (height, one) : height + one + (height > 0 ? self->spacing : 0);
      }
  return height;
}

static void
dh_pair_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                 int *minimum_baseline, int *natural_baseline)
{
  DhPair *self = DH_PAIR (widget);
  int least, liked;
  measure_width (self, &least, &liked);
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = least;
      *natural = liked;
      return;
    }
  const int width = for_size < 0 ? liked : MAX (for_size, least);
  *minimum = measure_height (self, width, FALSE);
  *natural = measure_height (self, width, TRUE);
}

static void
dh_pair_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhPair *self = DH_PAIR (widget);
  int widths[2], at = 0;
  const gboolean beside = divide (self, width, widths);
  for (guint i = 0; i < 2; i++)
    {
      if (!gtk_widget_should_layout (self->children[i]))
        continue;
      if (!is_shown (self, i))
        {
          gtk_widget_size_allocate (self->children[i], &(GtkAllocation){ 0 }, -1);
          continue;
        }
      const gboolean last = i == 1 || !is_shown (self, 1);
      const int own = beside ? height : last ? height - at : height_of (self, i, width, TRUE);
      const GtkAllocation place = { beside && i == 1 ? width - widths[1] : 0, beside ? 0 : at, widths[i], own };
      gtk_widget_size_allocate (self->children[i], &place, -1);
      at += own + self->spacing;
    }
}

static GtkSizeRequestMode
dh_pair_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
dh_pair_dispose (GObject *object)
{
  DhPair *self = DH_PAIR (object);
  for (guint i = 0; i < 2; i++)
    g_clear_pointer (&self->children[i], gtk_widget_unparent);
  G_OBJECT_CLASS (dh_pair_parent_class)->dispose (object);
}

static void
dh_pair_class_init (DhPairClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_pair_dispose;
  widget_class->measure = dh_pair_measure;
  widget_class->size_allocate = dh_pair_size_allocate;
  widget_class->get_request_mode = dh_pair_get_request_mode;
}

static void
dh_pair_init (DhPair *self)
{
}

GtkWidget *
dh_pair_new (GtkWidget *first, GtkWidget *second, int spacing)
{
  DhPair *self = g_object_new (DH_TYPE_PAIR, NULL);
  self->spacing = spacing;
  self->children[0] = first;
  self->children[1] = second;
  for (guint i = 0; i < 2; i++)
    gtk_widget_set_parent (self->children[i], GTK_WIDGET (self));
  return GTK_WIDGET (self);
}
