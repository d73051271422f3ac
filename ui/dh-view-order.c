#include "dh-view-order.h"

/* The view's sorter is asked for the order of two rows, and the first column that it asks itself, of those that are not
 * yet known, answers. */
typedef struct
{
  GArray *told; /* NULL: nobody asks */
} Question;

/* What a column's sorter is given, which somebody may keep a while longer than the view. */
typedef struct
{
  Question *question;
  guint column;
} Answer;

static int
answer (gconstpointer a, gconstpointer b, gpointer data)
{
  const Answer *self = data;
  GArray *told = self->question->told;
  for (guint i = 0; told != NULL && i < told->len; i++)
    if (g_array_index (told, DhViewOrder, i).column == self->column)
      return 0;
  if (told == NULL)
    return 0;
  g_array_append_val (told, ((DhViewOrder){ .column = self->column }));
  return -1;
}

static void
answer_free (gpointer data)
{
  Answer *self = data;
  g_rc_box_release (self->question);
  g_free (self);
}

static Question *
question_of (GtkColumnView *view)
{
  Question *question = g_object_get_data (G_OBJECT (view), "order");
  if (question == NULL)
    {
      question = g_rc_box_new0 (Question);
      g_object_set_data_full (G_OBJECT (view), "order", question, g_rc_box_release);
    }
  return question;
}

void
dh_view_order_add (GtkColumnView *view, GtkColumnViewColumn *column, guint number)
{
  Answer *asked = g_new (Answer, 1);
  *asked = (Answer){ g_rc_box_acquire (question_of (view)), number };
  g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (answer, asked, answer_free));
  gtk_column_view_column_set_sorter (column, sorter);
}

GArray *
dh_view_order_get (GtkColumnView *view)
{
  GArray *told = g_array_new (FALSE, FALSE, sizeof (DhViewOrder));
  Question *question = question_of (view);
  GtkSorter *sorter = gtk_column_view_get_sorter (view);
  question->told = told;
  for (GtkOrdering order; (order = gtk_sorter_compare (sorter, view, question)) != GTK_ORDERING_EQUAL;)
    g_array_index (told, DhViewOrder, told->len - 1).descending = order == GTK_ORDERING_LARGER;
  question->told = NULL;
  return told;
}
