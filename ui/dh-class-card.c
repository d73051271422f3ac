#include "dh-class-card.h"
#include <math.h>
#include "dh-class-menu.h"
#include "dh-matrix.h"
#include "dh-metrics-charts.h"
#include "dh-mini-bar.h"
#include "dh-number.h"
#include "dh-session-evaluation.h"

typedef struct
{
  DhSession *session;
  GtkWidget *card, *line, *stack, *bars, *matrix;
  GtkWidget *toggles[2];
} Card;

static const char *const page_names[2] = { "iou", "confusion" };

static void
card_free (gpointer data)
{
  g_object_unref (((Card *)data)->session);
  g_free (data);
}

static const DhClassNumbers *
get_classes (const Card *self)
{
  const DhEvaluationSummary *summary = dh_session_get_evaluation (self->session);
  return summary != NULL ? summary->classes : NULL;
}

static char *
dup_name (const Card *self, guint id)
{
  const char *name = dh_session_get_class_name (self->session, id);
  return name != NULL ? g_strdup (name) : g_strdup_printf (_ ("class %u"), id);
}

/* What is measured, on what, and at which threshold; follows it. */
static void
show_line (Card *self)
{
  const DhClassNumbers *classes = get_classes (self);
  if (classes == NULL)
    return;
  const DhScore score = dh_session_get_active_score (self->session);
  const double threshold = dh_session_get_threshold (self->session, score)->value;
  const double open = dh_score_stats_open_miou (dh_session_get_set_stats (self->session), score, threshold);
  const char *set = dh_session_get_dataset_title (self->session);
  g_autofree char *closed = dh_number_format (100 * classes->closed_miou, 1);
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_printf (text, _ ("closed set, %s, mIoU %s"), set != NULL ? set : "—", closed);
  if (!isnan (open))
    {
      g_autofree char *value = dh_number_format (100 * open, 1),
                      *at = dh_number_format (threshold, score == DH_SCORE_DATASET_POSTERIOR ? 3 : 2);
      g_string_append_printf (text, _ (" · open-mIoU %s at τ %s"), value, at);
    }
  if (!g_str_equal (gtk_label_get_label (GTK_LABEL (self->line)), text->str))
    gtk_label_set_label (GTK_LABEL (self->line), text->str);
  gtk_widget_set_tooltip_text (self->line, text->str);
}

static void
add_bar (Card *self, guint id, double iou, const DhClassNumbers *classes)
{
  const guint n_lines = (classes->n + 1) / 2;
  const int column = 3 * (int)(id / n_lines), line = (int)(id % n_lines);
  g_autofree char *name = dup_name (self, id);
  GtkWidget *label = dh_ui_label (name, "dh-small", 1);
  if (column > 0)
    gtk_widget_set_margin_start (label, 12);
  gtk_grid_attach (GTK_GRID (self->bars), label, column, line, 1, 1);
  if (isnan (iou))
    {
      GtkWidget *absent = dh_ui_label (_ ("—  absent"), "dh-small dim-label", 0);
      g_autofree char *said = g_strdup_printf (_ ("%s: neither labelled nor predicted"), name);
      dh_ui_set_name (absent, said);
      gtk_grid_attach (GTK_GRID (self->bars), absent, column + 1, line, 2, 1);
      return;
    }
  guint8 rgb[3];
  dh_session_get_class_color (self->session, dh_view_get_palette (dh_session_get_view (self->session)), id, rgb);
  const GdkRGBA color = { rgb[0] / 255.0f, rgb[1] / 255.0f, rgb[2] / 255.0f, 1 };
  GtkWidget *bar = dh_mini_bar_new (84, 8);
  dh_mini_bar_set_fraction (DH_MINI_BAR (bar), iou);
  dh_mini_bar_set_color (DH_MINI_BAR (bar), &color);
  gtk_widget_set_hexpand (bar, TRUE);
  gtk_grid_attach (GTK_GRID (self->bars), bar, column + 1, line, 1, 1);
  g_autofree char *value = dh_number_format (100 * iou, 1);
  GtkWidget *number = dh_ui_label (value, "val", 1);
  gtk_label_set_width_chars (GTK_LABEL (number), 5);
  g_autofree char *said = g_strdup_printf (_ ("%s, IoU %s per cent"), name, value);
  dh_ui_set_name (number, said);
  gtk_grid_attach (GTK_GRID (self->bars), number, column + 2, line, 1, 1);
}

static void
show_bars (Card *self)
{
  dh_ui_clear_grid (GTK_GRID (self->bars));
  const DhClassNumbers *classes = get_classes (self);
  /* Few lines take about the room of the card beside. */
  gtk_grid_set_row_spacing (GTK_GRID (self->bars), classes != NULL && classes->n <= 12 ? 9 : 1);
  for (guint i = 0; classes != NULL && i < classes->n; i++)
    add_bar (self, i, classes->iou[i], classes);
}

static void
show_matrix (Card *self)
{
  const DhClassNumbers *classes = get_classes (self);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; classes != NULL && i < classes->n; i++)
    g_ptr_array_add (names, dup_name (self, i));
  dh_matrix_set (DH_MATRIX (self->matrix), names->len, (const char *const *)names->pdata,
                 classes != NULL ? classes->confusion : NULL);
}

static void
show_all (GtkWidget *card)
{
  Card *self = g_object_get_data (G_OBJECT (card), "classes");
  gtk_widget_set_visible (card, get_classes (self) != NULL);
  show_bars (self);
  show_matrix (self);
  show_line (self);
}

static void
on_threshold (GtkWidget *card, guint score, gpointer session)
{
  Card *self = g_object_get_data (G_OBJECT (card), "classes");
  if (score == dh_session_get_active_score (self->session))
    show_line (self);
}

static void
on_score (GtkWidget *card)
{
  show_line (g_object_get_data (G_OBJECT (card), "classes"));
}

static void
on_palette (GtkWidget *card)
{
  show_bars (g_object_get_data (G_OBJECT (card), "classes"));
}

static void
on_toggled (GtkWidget *toggle, Card *self)
{
  for (guint i = 0; i < 2; i++)
    if (self->toggles[i] == toggle && gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (toggle)))
      gtk_stack_set_visible_child_name (GTK_STACK (self->stack), page_names[i]);
}

static void
add_head (Card *self, GtkWidget *head)
{
  static const char *const titles[2] = { N_ ("IoU"), N_ ("Confusion") };
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "linked dh-tabs");
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  for (guint i = 0; i < 2; i++)
    {
      self->toggles[i] = gtk_toggle_button_new_with_label (_ (titles[i]));
      gtk_box_append (GTK_BOX (box), self->toggles[i]);
    }
  gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (self->toggles[1]), GTK_TOGGLE_BUTTON (self->toggles[0]));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->toggles[0]), TRUE);
  for (guint i = 0; i < 2; i++)
    g_signal_connect (self->toggles[i], "toggled", G_CALLBACK (on_toggled), self);
  gtk_box_append (GTK_BOX (head), box);
  gtk_box_append (GTK_BOX (head), dh_class_menu_new (self->session));
}

static GtkWidget *
make_stack (Card *self)
{
  self->stack = gtk_stack_new ();
  gtk_stack_set_vhomogeneous (GTK_STACK (self->stack), FALSE);
  self->bars = dh_ui_table (1);
  gtk_grid_set_column_spacing (GTK_GRID (self->bars), 6);
  gtk_widget_set_valign (self->bars, GTK_ALIGN_START);
  gtk_stack_add_named (GTK_STACK (self->stack), self->bars, page_names[0]);
  self->matrix = dh_matrix_new ();
  gtk_widget_set_margin_start (self->matrix, 12);
  gtk_widget_set_margin_end (self->matrix, 12);
  gtk_widget_set_margin_bottom (self->matrix, 6);
  gtk_widget_set_vexpand (self->matrix, TRUE);
  gtk_stack_add_named (GTK_STACK (self->stack), self->matrix, page_names[1]);
  return self->stack;
}

GtkWidget *
dh_class_card_new (DhSession *session)
{
  Card *self = g_new0 (Card, 1);
  GtkWidget *note, *head;
  self->session = g_object_ref (session);
  self->card = dh_metrics_card_new (_ ("Per class"), &note, &head);
  g_object_set_data_full (G_OBJECT (self->card), "classes", self, card_free);
  add_head (self, head);
  self->line = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  gtk_widget_set_margin_start (self->line, 12);
  gtk_widget_set_margin_end (self->line, 12);
  gtk_box_append (GTK_BOX (self->card), self->line);
  gtk_box_append (GTK_BOX (self->card), make_stack (self));
  static const char *const all[] = { "notify::evaluating", "notify::set-stats", "evaluation" };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_signal_connect_object (session, all[i], G_CALLBACK (show_all), self->card, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::active-score", G_CALLBACK (on_score), self->card, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), self->card, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::palette", G_CALLBACK (on_palette), self->card,
                           G_CONNECT_SWAPPED);
  show_all (self->card);
  return self->card;
}
