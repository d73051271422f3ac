#include "dh-headed-list.h"

/* GtkScrolledWindow asks what it holds for its height at its natural width, at which lines that wrap are fewer. */
struct _DhHeadedList
{
  GtkWidget parent_instance;
  GtkWidget *head, *scroller, *line, *list;
  int rows;
};

G_DEFINE_FINAL_TYPE (DhHeadedList, dh_headed_list, GTK_TYPE_WIDGET)

static void
measure (GtkWidget *widget, GtkOrientation orientation, int size, int *minimum, int *natural)
{
  gtk_widget_measure (widget, orientation, size, minimum, natural, NULL, NULL);
}

static void
dh_headed_list_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                        int *minimum_baseline, int *natural_baseline)
{
  DhHeadedList *self = DH_HEADED_LIST (widget);
  int head[2], line[2], list[2];
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      measure (self->scroller, orientation, -1, &head[0], &head[1]);
      measure (self->list, orientation, -1, &list[0], &list[1]);
      *minimum = MAX (head[0], list[0]);
      *natural = MAX (head[1], list[1]);
      return;
    }
  measure (self->line, orientation, for_size, &line[0], &line[1]);
  measure (self->list, orientation, for_size, &list[0], &list[1]);
  measure (self->head, orientation, for_size, &head[0], &head[1]);
  *minimum = line[0] + MAX (list[0], self->rows);
  *natural = head[1] + line[1] + MAX (list[1], self->rows);
}

static void
allocate (GtkWidget *child, int y, int width, int height)
{
  gtk_widget_size_allocate (child, &(GtkAllocation){ 0, y, width, height }, -1);
}

static void
dh_headed_list_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhHeadedList *self = DH_HEADED_LIST (widget);
  int head[2], line[2], list[2], least[2];
  measure (self->head, GTK_ORIENTATION_VERTICAL, width, &head[0], &head[1]);
  measure (self->scroller, GTK_ORIENTATION_VERTICAL, width, &least[0], &least[1]);
  measure (self->line, GTK_ORIENTATION_VERTICAL, width, &line[0], &line[1]);
  measure (self->list, GTK_ORIENTATION_VERTICAL, width, &list[0], &list[1]);
  const int room = height - line[0] - MAX (list[0], self->rows);
  const int top = MAX (MIN (head[1], room), MIN (least[0], height));
  allocate (self->scroller, 0, width, top);
  allocate (self->line, top, width, line[0]);
  allocate (self->list, top + line[0], width, MAX (height - top - line[0], list[0]));
}

static GtkSizeRequestMode
dh_headed_list_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
dh_headed_list_dispose (GObject *object)
{
  dh_widget_unparent_children (GTK_WIDGET (object));
  G_OBJECT_CLASS (dh_headed_list_parent_class)->dispose (object);
}

static void
dh_headed_list_class_init (DhHeadedListClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_headed_list_dispose;
  widget_class->measure = dh_headed_list_measure;
  widget_class->size_allocate = dh_headed_list_size_allocate;
  widget_class->get_request_mode = dh_headed_list_get_request_mode;
}

static void
dh_headed_list_init (DhHeadedList *self)
{
}

GtkWidget *
dh_headed_list_new (GtkWidget *head, const char *name, GtkWidget *list, int rows)
{
  DhHeadedList *self = g_object_new (DH_TYPE_HEADED_LIST, NULL);
  self->head = head;
  self->list = list;
  self->rows = rows;
  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), head);
  dh_ui_set_name (self->scroller, name);
  self->line = dh_ui_line ();
  gtk_widget_set_parent (self->scroller, GTK_WIDGET (self));
  gtk_widget_set_parent (self->line, GTK_WIDGET (self));
  gtk_widget_set_parent (list, GTK_WIDGET (self));
  return GTK_WIDGET (self);
}
