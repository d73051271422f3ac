#include "dh-components-panel.h"
#include <math.h>
#include "dh-component-row.h"
#include "dh-number.h"
#include "dh-picture-list.h"
#include "dh-session-components.h"
#include "dh-session-evaluation.h"
#include "dh-session-set-objects.h"
#include "dh-terms-bar.h"

struct _DhComponentsPanel
{
  GtkWidget parent_instance;
  DhSession *session;
  DhCanvas *canvas;
  GListStore *items; /* DhComponentItem */
  GtkSingleSelection *selection;
  GtkWidget *counts, *icons[DH_N_OBJECT_KINDS], *numbers[DH_N_OBJECT_KINDS], *f1, *list, *stack, *why;
  GtkWidget *chosen, *sum, *terms;
  gboolean filling;
};

G_DEFINE_FINAL_TYPE (DhComponentsPanel, dh_components_panel, GTK_TYPE_WIDGET)

static gboolean
is_shown (DhComponentsPanel *self)
{
  DhView *view = dh_session_get_view (self->session);
  return dh_view_is (view, "tuning-page", "components") || dh_view_is (view, "tuning-page", "finds");
}

static void
show_counts (DhComponentsPanel *self, const DhPictureComponents *found)
{
  for (guint kind = 0; kind < DH_N_OBJECT_KINDS; kind++)
    {
      const gboolean meant = found != NULL && found->labelled == (kind != DH_OBJECT_FLAGGED);
      gtk_widget_set_visible (gtk_widget_get_parent (self->icons[kind]), meant);
      if (!meant)
        continue;
      g_autofree char *text = g_strdup_printf ("%s %u", dh_object_kind_title (kind), found->n_of[kind]);
      gtk_label_set_label (GTK_LABEL (self->numbers[kind]), text);
    }
}

/* Of the whole set at the threshold of its evaluation. */
static double
f1_of_set (DhComponentsPanel *self)
{
  const DhEvaluationSummary *summary = dh_session_get_evaluation (self->session);
  if (summary == NULL || summary->score != dh_session_get_active_score (self->session))
    return NAN;
  for (guint i = 0; i < summary->lines->len; i++)
    if (((const DhProtocolLine *)summary->lines->pdata[i])->has_components)
      return ((const DhProtocolLine *)summary->lines->pdata[i])->mean_f1;
  return NAN;
}

static void
show_f1 (DhComponentsPanel *self, const DhPictureComponents *found)
{
  gtk_widget_set_visible (self->f1, found != NULL && found->labelled);
  if (found == NULL || !found->labelled)
    return;
  /* At the same threshold; at the evaluation's own where that is not to be known. */
  const DhSetObjects *objects = dh_session_get_set_objects (self->session);
  const gboolean same = objects != NULL && !dh_session_set_objects_are_old (self->session);
  guint done, of;
  dh_session_get_set_objects_progress (self->session, &done, &of);
  const double of_set = same ? objects->mean_f1 : of > 0 ? NAN : f1_of_set (self);
  g_autofree char *here = dh_number_format_percent (found->f1, 1);
  g_autofree char *there = dh_number_format_percent (of_set, 1);
  g_autofree char *text = isnan (of_set) ? g_strdup_printf (_ ("Mean F1 <b>%s</b>"), here)
                          : same         ? g_strdup_printf (_ ("Mean F1 <b>%s</b> · data set %s"), here, there)
                                 : g_strdup_printf (_ ("Mean F1 <b>%s</b> · set at its best F1 %s"), here, there);
  gtk_label_set_markup (GTK_LABEL (self->f1), text);
}

static void
show_chosen (DhComponentsPanel *self)
{
  DhComponentItem *item = gtk_single_selection_get_selected_item (self->selection);
  const DhPictureObject *object = item != NULL ? dh_component_item_get (item) : NULL;
  gtk_widget_set_visible (self->chosen, object != NULL && isfinite (object->minus_log_likelihood + object->log_p_out));
  if (!gtk_widget_get_visible (self->chosen))
    return;
  const double sum = object->minus_log_likelihood + object->log_p_out;
  const double threshold = dh_session_get_threshold (self->session, DH_SCORE_HYBRID)->value;
  g_autofree char *first = dh_number_format (object->minus_log_likelihood, 2);
  g_autofree char *second = dh_number_format (fabs (object->log_p_out), 2);
  g_autofree char *both = dh_number_format (sum, 2);
  g_autofree char *tau = dh_number_format (threshold, 2);
  g_autofree char *text = g_strdup_printf (_ ("mean −ln p̂ + ln P(d_out)\n%s %s %s = <b>%s</b>,  τ %s"), first,
                                           object->log_p_out < 0 ? "−" : "+", second, both, tau);
  gtk_label_set_markup (GTK_LABEL (self->sum), text);
  double low, high;
  dh_session_get_axis (self->session, DH_SCORE_HYBRID, &low, &high);
  dh_terms_bar_set_range (DH_TERMS_BAR (self->terms), low, high);
  dh_terms_bar_set_threshold (DH_TERMS_BAR (self->terms), threshold);
  dh_terms_bar_set_terms (DH_TERMS_BAR (self->terms), object->minus_log_likelihood, object->log_p_out);
}

static DhBoxKind
box_of (DhObjectKind kind)
{
  return kind == DH_OBJECT_MISSED ? DH_BOX_MISSED : kind == DH_OBJECT_FOUND ? DH_BOX_FOUND : DH_BOX_FALSE;
}

static void
show_boxes (DhComponentsPanel *self)
{
  const guint selected = gtk_single_selection_get_selected (self->selection);
  const guint n = is_shown (self) ? g_list_model_get_n_items (G_LIST_MODEL (self->items)) : 0;
  g_autofree DhCanvasBox *boxes = g_new0 (DhCanvasBox, n + 1);
  g_autofree char *title = NULL;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DhComponentItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);
      const DhPictureObject *object = dh_component_item_get (item);
      boxes[i] = (DhCanvasBox){ (int)object->x,      (int)object->y,        (int)object->width,
                                (int)object->height, box_of (object->kind), NULL };
      if (i == selected)
        boxes[i].text = title = dh_component_item_dup_title (item);
    }
  dh_canvas_set_boxes (self->canvas, boxes, n, selected < n ? (int)selected : -1);
}

static void
show_why (DhComponentsPanel *self)
{
  const char *why = dh_session_explain_components (self->session);
  gtk_label_set_label (GTK_LABEL (self->why), why != NULL ? why : "");
}

static void
fill (DhComponentsPanel *self, const DhPictureComponents *found)
{
  DhFrame *frame = dh_session_get_frame (self->session);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; found != NULL && frame != NULL && i < found->n; i++)
    g_ptr_array_add (items, dh_component_item_new (&found->items[i], found->score, frame));
  self->filling = TRUE;
  g_list_store_splice (self->items, 0, g_list_model_get_n_items (G_LIST_MODEL (self->items)), items->pdata, items->len);
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
  self->filling = FALSE;
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), items->len > 0 ? "list" : "why");
}

static void
show (DhComponentsPanel *self)
{
  const DhPictureComponents *found = dh_session_get_components (self->session);
  fill (self, found);
  show_why (self);
  show_counts (self, found);
  show_f1 (self, found);
  show_chosen (self);
  show_boxes (self);
  const gint wanted = dh_session_take_object (self->session);
  if (wanted < 0)
    return;
  gtk_single_selection_set_selected (self->selection, (guint)wanted);
  gtk_widget_activate_action (self->list, "list.scroll-to-item", "u", (guint)wanted);
}

static void
on_summary (DhComponentsPanel *self)
{
  show_f1 (self, dh_session_get_components (self->session));
}

static void
on_threshold (DhSession *session, guint score, DhComponentsPanel *self)
{
  /* What is listed is of the threshold before, for a moment. */
  gtk_widget_set_opacity (self->list, dh_session_components_are_old (session) ? 0.5 : 1);
  if (score == DH_SCORE_HYBRID)
    show_chosen (self);
}

static void
on_components (DhComponentsPanel *self)
{
  gtk_widget_set_opacity (self->list, dh_session_components_are_old (self->session) ? 0.5 : 1);
  show (self);
}

static void
on_selected (DhComponentsPanel *self)
{
  if (self->filling)
    return;
  show_chosen (self);
  show_boxes (self);
  DhComponentItem *item = gtk_single_selection_get_selected_item (self->selection);
  if (item == NULL)
    return;
  const DhPictureObject *object = dh_component_item_get (item);
  dh_canvas_show_rectangle (self->canvas, (int)object->x, (int)object->y, (int)object->width, (int)object->height);
  dh_canvas_set_pin (self->canvas, TRUE, (int)object->peak_x, (int)object->peak_y);
  g_signal_emit_by_name (self->canvas, "pin", TRUE, (int)object->peak_x, (int)object->peak_y);
}

gboolean
dh_components_panel_step (DhComponentsPanel *self, gint step)
{
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (self->items));
  const guint at = gtk_single_selection_get_selected (self->selection);
  if (n == 0)
    return FALSE;
  const guint next = at >= n ? (step > 0 ? 0 : n - 1) : (at + n + (guint)(step > 0 ? 1 : -1)) % n;
  if (next == at)
    on_selected (self); /* the only one: brought into sight again */
  else
    gtk_single_selection_set_selected (self->selection, next);
  gtk_widget_activate_action (self->list, "list.scroll-to-item", "u", next);
  return TRUE;
}

static void
setup_row (GtkSignalListItemFactory *factory, GtkListItem *row, gpointer data)
{
  gtk_list_item_set_child (row, dh_component_row_new ());
}

static void
bind_row (GtkSignalListItemFactory *factory, GtkListItem *row, gpointer data)
{
  dh_component_row_set_item (DH_COMPONENT_ROW (gtk_list_item_get_child (row)), gtk_list_item_get_item (row));
}

static void
unbind_row (GtkSignalListItemFactory *factory, GtkListItem *row, gpointer data)
{
  dh_component_row_set_item (DH_COMPONENT_ROW (gtk_list_item_get_child (row)), NULL);
}

static void
dh_components_panel_dispose (GObject *object)
{
  DhComponentsPanel *self = DH_COMPONENTS_PANEL (object);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->selection);
  g_clear_object (&self->items);
  g_clear_object (&self->canvas);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_components_panel_parent_class)->dispose (object);
}

static void
dh_components_panel_class_init (DhComponentsPanelClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_components_panel_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
}

static GtkWidget *
with_margins (GtkWidget *widget, int top, int bottom)
{
  gtk_widget_set_margin_start (widget, 12);
  gtk_widget_set_margin_end (widget, 12);
  gtk_widget_set_margin_top (widget, top);
  gtk_widget_set_margin_bottom (widget, bottom);
  return widget;
}

static GtkWidget *
make_head (DhComponentsPanel *self)
{
  GtkWidget *head = dh_ui_box (GTK_ORIENTATION_VERTICAL, 3, NULL);
  self->counts = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 15, NULL);
  for (guint kind = 0; kind < DH_N_OBJECT_KINDS; kind++)
    {
      GtkWidget *one = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 5, NULL);
      self->icons[kind] = dh_component_icon_new ();
      dh_component_icon_set (self->icons[kind], kind);
      self->numbers[kind] = dh_ui_label (NULL, "dh-dense dh-num", 0);
      gtk_box_append (GTK_BOX (one), self->icons[kind]);
      gtk_box_append (GTK_BOX (one), self->numbers[kind]);
      gtk_box_append (GTK_BOX (self->counts), one);
    }
  gtk_box_append (GTK_BOX (head), self->counts);
  self->f1 = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  g_autofree char *rule = g_strdup_printf (
      _ ("Objects as the protocol smiyc-component matches them: flagged regions from %u pixels and anomalies from %u; "
         "found where sIoU ≥ 25 %%, false where PPV < 25 %%. The mean is of the F1 at 11 overlaps, 25 %% to 75 %%."),
      DH_PICTURE_MIN_FLAGGED, DH_PICTURE_MIN_ANOMALY);
  gtk_widget_set_tooltip_text (head, rule);
  gtk_box_append (GTK_BOX (head), self->f1);
  return with_margins (head, 9, 6);
}

static GtkWidget *
make_list (DhComponentsPanel *self)
{
  self->items = g_list_store_new (DH_TYPE_COMPONENT_ITEM);
  self->selection = dh_picture_selection_new (G_LIST_MODEL (self->items));
  g_signal_connect_swapped (self->selection, "notify::selected", G_CALLBACK (on_selected), self);
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), NULL);
  return dh_picture_list_new (self->selection, factory, _ ("Objects at this threshold"), &self->list);
}

static GtkWidget *
make_chosen (DhComponentsPanel *self)
{
  self->chosen = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_box_append (GTK_BOX (self->chosen), dh_ui_line ());
  self->sum = dh_ui_short_label (NULL, "dh-small dh-num", 0);
  self->terms = dh_terms_bar_new ();
  gtk_widget_set_size_request (self->terms, -1, 26);
  gtk_box_append (GTK_BOX (self->chosen), with_margins (self->sum, 8, 0));
  gtk_box_append (GTK_BOX (self->chosen), with_margins (self->terms, 4, 8));
  return self->chosen;
}

static void
dh_components_panel_init (DhComponentsPanel *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (widget)), GTK_ORIENTATION_VERTICAL);
  gtk_widget_set_parent (make_head (self), widget);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), make_list (self), "list");
  self->why = dh_ui_label (NULL, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (self->why), TRUE);
  gtk_widget_set_valign (self->why, GTK_ALIGN_START);
  gtk_stack_add_named (GTK_STACK (self->stack), with_margins (self->why, 3, 3), "why");
  gtk_widget_set_parent (self->stack, widget);
  gtk_widget_set_parent (make_chosen (self), widget);
}

GtkWidget *
dh_components_panel_new (DhSession *session, DhCanvas *canvas)
{
  DhComponentsPanel *self = g_object_new (DH_TYPE_COMPONENTS_PANEL, NULL);
  self->session = g_object_ref (session);
  self->canvas = g_object_ref (canvas);
  g_signal_connect_object (session, "components", G_CALLBACK (on_components), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), self, G_CONNECT_AFTER);
  static const char *const of_reason[] = { "notify::model-info", "notify::frame" };
  for (guint i = 0; i < G_N_ELEMENTS (of_reason); i++)
    g_signal_connect_object (session, of_reason[i], G_CALLBACK (show_why), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (on_summary), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "set-objects", G_CALLBACK (on_summary), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::tuning-page", G_CALLBACK (show_boxes), self,
                           G_CONNECT_SWAPPED);
  show (self);
  return GTK_WIDGET (self);
}
