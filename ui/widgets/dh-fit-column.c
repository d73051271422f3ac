#include "dh-fit-column.h"
#include "dh-widgets.h"

struct _DhFitColumn
{
  GtkWidget parent_instance;
  int spacing;
};

G_DEFINE_FINAL_TYPE (DhFitColumn, dh_fit_column, GTK_TYPE_WIDGET)

#define RANK "dh-rank"

static guint
rank_of (GtkWidget *child)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (child), RANK));
}

static int
height_of (GtkWidget *child, int width)
{
  int natural;
  gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, width, NULL, &natural, NULL, NULL);
  return natural;
}

/* Of those up to a rank. */
static int
total_height (DhFitColumn *self, int width, guint rank)
{
  int height = -self->spacing;
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_get_visible (child) && rank_of (child) <= rank)
      height += height_of (child, width) + self->spacing;
  return MAX (height, 0);
}

/* The highest rank with which all fit. */
static guint
find_rank (DhFitColumn *self, int width, int height)
{
  guint best = 0;
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (rank_of (child) > best && total_height (self, width, rank_of (child)) <= height)
      best = rank_of (child);
  return best;
}

static void
dh_fit_column_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                       int *minimum_baseline, int *natural_baseline)
{
  DhFitColumn *self = DH_FIT_COLUMN (widget);
  *minimum = *natural = 0;
  if (orientation == GTK_ORIENTATION_VERTICAL)
    {
      *minimum = total_height (self, for_size, 0);
      *natural = total_height (self, for_size, G_MAXUINT);
      return;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      int least = 0, wanted = 0;
      if (gtk_widget_get_visible (child))
        gtk_widget_measure (child, orientation, -1, &least, &wanted, NULL, NULL);
      *minimum = MAX (*minimum, least);
      *natural = MAX (*natural, wanted);
    }
}

static void
dh_fit_column_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhFitColumn *self = DH_FIT_COLUMN (widget);
  const guint rank = find_rank (self, width, height);
  int y = 0;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      gtk_widget_set_child_visible (child, rank_of (child) <= rank);
      if (!gtk_widget_get_visible (child) || rank_of (child) > rank)
        continue;
      const int own = height_of (child, width);
      gtk_widget_size_allocate (child, &(GtkAllocation){ 0, y, width, own }, -1);
      y += own + self->spacing;
    }
}

static GtkSizeRequestMode
dh_fit_column_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
dh_fit_column_dispose (GObject *object)
{
  dh_widget_unparent_children (GTK_WIDGET (object));
  G_OBJECT_CLASS (dh_fit_column_parent_class)->dispose (object);
}

static void
dh_fit_column_class_init (DhFitColumnClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_fit_column_dispose;
  GTK_WIDGET_CLASS (class)->measure = dh_fit_column_measure;
  GTK_WIDGET_CLASS (class)->size_allocate = dh_fit_column_size_allocate;
  GTK_WIDGET_CLASS (class)->get_request_mode = dh_fit_column_get_request_mode;
}

static void
dh_fit_column_init (DhFitColumn *self)
{
}

GtkWidget *
dh_fit_column_new (int spacing)
{
  DhFitColumn *self = g_object_new (DH_TYPE_FIT_COLUMN, NULL);
  self->spacing = spacing;
  return GTK_WIDGET (self);
}

void
dh_fit_column_append (DhFitColumn *self, GtkWidget *child, guint rank)
{
  g_object_set_data (G_OBJECT (child), RANK, GUINT_TO_POINTER (rank));
  gtk_widget_set_parent (child, GTK_WIDGET (self));
}
