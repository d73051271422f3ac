#include "dh-fit-row.h"
#include "dh-widgets.h"

struct _DhFitRow
{
  GtkWidget parent_instance;
  int spacing;
  GArray *ranks; /* guint, of the children in their order */
};

G_DEFINE_FINAL_TYPE (DhFitRow, dh_fit_row, GTK_TYPE_WIDGET)

typedef struct
{
  GtkWidget *widget;
  guint rank;
  GtkRequestedSize width;
} Item;

static void
measure_child (GtkWidget *child, GtkOrientation orientation, int for_size, int *minimum, int *natural)
{
  gtk_widget_measure (child, orientation, for_size, minimum, natural, NULL, NULL);
}

/* The visible children with their widths. */
static GArray *
list_items (DhFitRow *self)
{
  GArray *items = g_array_new (FALSE, TRUE, sizeof (Item));
  guint n = 0;
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      Item item = { .widget = child, .rank = g_array_index (self->ranks, guint, n++) };
      if (!gtk_widget_get_visible (child))
        continue;
      measure_child (child, GTK_ORIENTATION_HORIZONTAL, -1, &item.width.minimum_size, &item.width.natural_size);
      g_array_append_val (items, item);
    }
  return items;
}

/* Least width of those up to a rank. */
static int
least_width (DhFitRow *self, const GArray *items, guint rank)
{
  int width = -self->spacing;
  for (guint i = 0; i < items->len; i++)
    if (g_array_index (items, Item, i).rank <= rank)
      width += g_array_index (items, Item, i).width.minimum_size + self->spacing;
  return MAX (width, 0);
}

/* The highest rank with which all fit. */
static guint
find_rank (DhFitRow *self, const GArray *items, int width)
{
  guint best = 0;
  for (guint i = 0; i < items->len; i++)
    {
      const guint rank = g_array_index (items, Item, i).rank;
      if (rank > best && least_width (self, items, rank) <= width)
        best = rank;
    }
  return best;
}

static void
dh_fit_row_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                    int *minimum_baseline, int *natural_baseline)
{
  DhFitRow *self = DH_FIT_ROW (widget);
  g_autoptr (GArray) items = list_items (self);
  *minimum = *natural = 0;
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      for (guint i = 0; i < items->len; i++)
        *natural += g_array_index (items, Item, i).width.natural_size + (i > 0 ? self->spacing : 0);
      *minimum = least_width (self, items, 0);
      return;
    }
  /* As high as with all of them: it does not jump when one comes back. */
  for (guint i = 0; i < items->len; i++)
    {
      int least, wanted;
      measure_child (g_array_index (items, Item, i).widget, orientation, -1, &least, &wanted);
      *minimum = MAX (*minimum, least);
      *natural = MAX (*natural, wanted);
    }
}

static void
dh_fit_row_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhFitRow *self = DH_FIT_ROW (widget);
  g_autoptr (GArray) items = list_items (self);
  const guint rank = find_rank (self, items, width);
  g_autofree GtkRequestedSize *sizes = g_new (GtkRequestedSize, items->len + 1);
  guint n = 0;
  int room = width - least_width (self, items, rank), expanding = 0;
  for (guint i = 0; i < items->len; i++)
    {
      Item *item = &g_array_index (items, Item, i);
      gtk_widget_set_child_visible (item->widget, item->rank <= rank);
      if (item->rank > rank)
        continue;
      sizes[n++] = item->width;
      expanding += gtk_widget_compute_expand (item->widget, GTK_ORIENTATION_HORIZONTAL);
    }
  room = gtk_distribute_natural_allocation (MAX (room, 0), n, sizes);
  const gboolean mirrored = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int x = 0;
  n = 0;
  for (guint i = 0; i < items->len; i++)
    {
      Item *item = &g_array_index (items, Item, i);
      if (item->rank > rank)
        continue;
      int own = sizes[n++].minimum_size;
      if (gtk_widget_compute_expand (item->widget, GTK_ORIENTATION_HORIZONTAL))
        {
          const int share = room / expanding--;
          own += share;
          room -= share;
        }
      const GtkAllocation place = { mirrored ? width - x - own : x, 0, own, height };
      gtk_widget_size_allocate (item->widget, &place, -1);
      x += own + self->spacing;
    }
}

static void
dh_fit_row_dispose (GObject *object)
{
  dh_widget_unparent_children (GTK_WIDGET (object));
  G_OBJECT_CLASS (dh_fit_row_parent_class)->dispose (object);
}

static void
dh_fit_row_finalize (GObject *object)
{
  g_array_unref (DH_FIT_ROW (object)->ranks);
  G_OBJECT_CLASS (dh_fit_row_parent_class)->finalize (object);
}

static void
dh_fit_row_class_init (DhFitRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_fit_row_dispose;
  G_OBJECT_CLASS (class)->finalize = dh_fit_row_finalize;
  GTK_WIDGET_CLASS (class)->measure = dh_fit_row_measure;
  GTK_WIDGET_CLASS (class)->size_allocate = dh_fit_row_size_allocate;
}

static void
dh_fit_row_init (DhFitRow *self)
{
  self->ranks = g_array_new (FALSE, FALSE, sizeof (guint));
}

GtkWidget *
dh_fit_row_new (int spacing)
{
  DhFitRow *self = g_object_new (DH_TYPE_FIT_ROW, NULL);
  self->spacing = spacing;
  return GTK_WIDGET (self);
}

void
dh_fit_row_append (DhFitRow *self, GtkWidget *child, guint rank)
{
  g_array_append_val (self->ranks, rank);
  gtk_widget_set_parent (child, GTK_WIDGET (self));
}
