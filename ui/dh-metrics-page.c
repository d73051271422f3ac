#include "dh-metrics-page.h"
#include <math.h>
#include "dh-class-card.h"
#include "dh-focus.h"
#include "dh-image-card.h"
#include "dh-metrics-charts.h"
#include "dh-metrics-runs.h"
#include "dh-metrics-tables.h"
#include "dh-pair.h"
#include "dh-run-list.h"
#include "dh-session-evaluation.h"
#include "dh-set-reading.h"

#define MARGIN 12

struct _DhMetricsPage
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *stack, *empty, *empty_bar, *empty_text, *model, *model_text, *dataset, *dataset_text, *when, *evaluate,
      *recall, *show_run, *charts, *images;
  int room; /* that the charts have, with the margins */
  guint room_source;
};

G_DEFINE_FINAL_TYPE (DhMetricsPage, dh_metrics_page, GTK_TYPE_WIDGET)

static void
show_context (DhMetricsPage *self)
{
  DhModelInfo *model = dh_session_get_model_info (self->session);
  const char *set = dh_session_get_dataset_title (self->session);
  guint n = dh_image_list_get_size (dh_session_get_list (self->session));
  g_autofree char *count = g_strdup_printf (ngettext ("%u image", "%u images", n), n);
  gtk_label_set_label (GTK_LABEL (self->model), model != NULL ? model->title : _ ("No weights"));
  gtk_label_set_label (GTK_LABEL (self->model_text), model != NULL ? model->network : "");
  gtk_label_set_label (GTK_LABEL (self->dataset), set != NULL ? set : _ ("No data set"));
  gtk_label_set_label (GTK_LABEL (self->dataset_text), count);
}

/* Another start measured the same: unless its maps are gone, its numbers can be read again. */
static void
show_evaluated (DhMetricsPage *self, const DhRun *run)
{
  g_autofree char *when = dh_ui_time (run->started);
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, run->id);
  g_autofree char *title = g_strdup_printf (_ ("Evaluated before, in run %s"), id);
  g_autofree char *what = g_strdup_printf (ngettext ("%s, its %u image with these weights in %s.",
                                                     "%s, all %u images with these weights in %s.", run->images),
                                           when, run->images, run->precision);
  g_autofree char *text =
      g_strjoin (" ", what,
                 run->has_maps ? _ ("All that was measured can be read again from the maps that it wrote. To evaluate "
                                    "again makes a run of its own, and takes what was computed before from the cache.")
                               : _ ("Its maps are gone. The Runs page has its numbers, its curve and its reports; for "
                                    "the rest evaluate again."),
                 NULL);
  adw_status_page_set_title (ADW_STATUS_PAGE (self->empty), title);
  adw_status_page_set_description (ADW_STATUS_PAGE (self->empty), text);
  gtk_button_set_label (GTK_BUTTON (self->evaluate), _ ("Evaluate again"));
  if (run->has_maps)
    gtk_widget_remove_css_class (self->evaluate, "suggested-action");
  g_autofree char *label = g_strdup_printf (_ ("Show run %s"), id);
  gtk_button_set_label (GTK_BUTTON (self->show_run), label);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->show_run), "x", run->id);
}

static void
show_recalled (DhMetricsPage *self, const DhEvaluationProgress *progress)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, progress->recalled);
  g_autofree char *title = g_strdup_printf (_ ("Reading the numbers of run %s again…"), id);
  g_autofree char *text = g_strdup_printf (_ ("%u of %u images"), progress->done, progress->total);
  adw_status_page_set_title (ADW_STATUS_PAGE (self->empty), title);
  adw_status_page_set_description (ADW_STATUS_PAGE (self->empty), text);
}

static void
show_next_step (DhMetricsPage *self, gboolean running)
{
  const gboolean set = dh_session_has_dataset (self->session),
                 weights = dh_session_get_model_info (self->session) != NULL;
  const char *label = running    ? _ ("Stop")
                      : !set     ? _ ("Open a data set…")
                      : !weights ? _ ("Choose weights…")
                                 : _ ("Evaluate the data set");
  const char *action = running    ? "win.cancel-evaluation"
                       : !set     ? "win.open-dataset"
                       : !weights ? "win.open-weights"
                                  : "win.evaluate";
  gtk_button_set_label (GTK_BUTTON (self->evaluate), label);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->evaluate), action);
  if (running)
    gtk_widget_remove_css_class (self->evaluate, "suggested-action");
  else
    gtk_widget_add_css_class (self->evaluate, "suggested-action");
}

static void
show_progress (DhMetricsPage *self)
{
  DhEvaluationProgress progress;
  dh_session_get_evaluation_progress (self->session, &progress);
  gboolean running = dh_session_is_evaluating (self->session), recalling = dh_session_is_recalling (self->session);
  const DhRun *before = running || recalling ? NULL : dh_session_find_evaluated (self->session);
  gtk_widget_set_visible (self->empty_bar, running || recalling);
  gtk_widget_set_visible (self->recall, before != NULL && before->has_maps);
  gtk_widget_set_visible (self->show_run, before != NULL);
  double fraction = progress.calibrating_of > 0 ? (double)(progress.calibrating - 1) / progress.calibrating_of
                    : progress.total > 0        ? (double)progress.done / progress.total
                                                : 0;
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->empty_bar), CLAMP (fraction, 0, 1));
  AdwStatusPage *empty = ADW_STATUS_PAGE (self->empty);
  show_next_step (self, running || recalling);
  if (recalling)
    {
      show_recalled (self, &progress);
      return;
    }
  if (running && progress.calibrating_of > 0)
    {
      g_autofree char *text =
          g_strdup_printf (_ ("Image %u of %u: how large the numbers become that int8 rounds. The result is kept for "
                              "these weights."),
                           progress.calibrating, progress.calibrating_of);
      adw_status_page_set_title (empty, _ ("Calibrating…"));
      adw_status_page_set_description (empty, text);
      return;
    }
  if (running)
    {
      g_autofree char *left = dh_run_dup_duration (progress.seconds_left);
      g_autofree char *text =
          isnan (progress.seconds_left)
              ? g_strdup_printf (ngettext ("%u of %u image", "%u of %u images", progress.total), progress.done,
                                 progress.total)
              : g_strdup_printf (ngettext ("%u of %u image · %s left", "%u of %u images · %s left", progress.total),
                                 progress.done, progress.total, left);
      adw_status_page_set_title (empty, _ ("Evaluating…"));
      adw_status_page_set_description (empty, text);
      return;
    }
  if (before != NULL)
    {
      show_evaluated (self, before);
      return;
    }
  adw_status_page_set_title (empty, _ ("Not evaluated yet"));
  const char *why = !dh_session_has_dataset (self->session) ? _ ("Open a data set and weights first.")
                    : dh_session_get_model_info (self->session) == NULL
                        ? _ ("Choose weights first.")
                        : _ ("Every image goes through the network once; what was computed before is taken from the "
                             "cache, and a stopped evaluation goes on where it was.");
  /* A description is markup, and splits are named by folders. */
  g_autofree char *names = dh_session_dup_splits (self->session);
  g_autofree char *splits = names != NULL ? g_markup_escape_text (names, -1) : NULL;
  g_autofree char *more = splits != NULL
                              ? g_strdup_printf (_ ("All its splits are measured together: %s. The menu under the "
                                                    "set’s name in Browse takes one alone."),
                                                 splits)
                              : NULL;
  g_autofree char *labels = dh_session_explain_reading (self->session, DH_READ_CONSTANT_LABELS);
  g_autofree char *text = g_strconcat (why, more != NULL ? "\n\n" : "", more != NULL ? more : "",
                                       labels != NULL ? "\n\n" : "", labels != NULL ? labels : "", NULL);
  adw_status_page_set_description (empty, text);
}

static void
show_summary (DhMetricsPage *self)
{
  const DhEvaluationSummary *summary = dh_session_get_evaluation (self->session);
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), summary != NULL ? "results" : "empty");
  show_progress (self);
  if (summary == NULL)
    {
      gtk_label_set_label (GTK_LABEL (self->when), "");
      return;
    }
  g_autofree char *when = g_date_time_format (summary->ended, "%-d %b %Y, %H:%M");
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text, _ ("Evaluated %s · %s · %s"), when, summary->device, summary->precision);
  if (summary->seconds >= 0.05)
    g_string_append_printf (text, _ (" · %.1f s"), summary->seconds);
  else
    g_string_append (text, _ (" · all maps from the cache"));
  if (summary->failed > 0)
    g_string_append_printf (text, ngettext (" · %u image left out", " · %u images left out", summary->failed),
                            summary->failed);
  if (!summary->labelled)
    g_string_append (text, summary->classes != NULL ? _ (" · no anomaly labels: classes only")
                                                    : _ (" · no anomaly labels: maps only"));
  /* Nothing would stand in them, and there is something to see below. */
  gtk_widget_set_visible (self->charts, summary->labelled || summary->classes == NULL);
  gtk_label_set_label (GTK_LABEL (self->when), text->str);
}

static GtkWidget *
make_context (const char *icon, GtkWidget **title, GtkWidget **text)
{
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  *title = dh_ui_short_label (NULL, "dh-h", 0);
  *text = dh_ui_short_label (NULL, "dh-small dim-label", 0);
  gtk_box_append (GTK_BOX (lines), *title);
  gtk_box_append (GTK_BOX (lines), *text);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 10, NULL);
  gtk_widget_set_margin_start (box, 8);
  gtk_widget_set_margin_end (box, 12);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name (icon));
  gtk_box_append (GTK_BOX (box), lines);
  return box;
}

static GMenuModel *
make_export_menu (void)
{
  GMenu *menu = g_menu_new ();
  dh_ui_menu_section (menu, _ ("Report"), _ ("_HTML, one file with images…"), "win.export::html", _ ("_PDF…"),
                      "win.export::pdf", _ ("_Markdown…"), "win.export::md", _ ("_LaTeX rows…"), "win.export::latex",
                      _ ("_JSON…"), "win.export::json", _ ("C_SV, per image…"), "win.export::csv", NULL);
  dh_ui_menu_section (menu, NULL, _ ("With sl_ices of the set"), "win.report-slices", _ ("With lists of the _objects"),
                      "win.report-objects", _ ("With _false alarms"), "win.report-false-alarms",
                      _ ("Wi_th 95 % intervals"), "win.report-intervals", NULL);
  dh_ui_menu_section (menu, NULL, _ ("_Copy as command"), "win.copy-command", NULL);
  return G_MENU_MODEL (menu);
}

static GtkWidget *
make_band (DhMetricsPage *self)
{
  GtkWidget *band = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, "dh-band");
  gtk_box_append (GTK_BOX (band), make_context ("dh-chip-symbolic", &self->model, &self->model_text));
  gtk_box_append (GTK_BOX (band), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  gtk_box_append (GTK_BOX (band), make_context ("folder-symbolic", &self->dataset, &self->dataset_text));
  gtk_box_append (GTK_BOX (band), gtk_separator_new (GTK_ORIENTATION_VERTICAL));
  self->when = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  gtk_widget_set_hexpand (self->when, TRUE);
  gtk_widget_set_margin_start (self->when, 8);
  gtk_box_append (GTK_BOX (band), self->when);
  g_autoptr (GMenuModel) export_menu = make_export_menu ();
  GtkWidget *export = dh_ui_text_menu (_ ("Export"), export_menu, NULL);
  gtk_widget_set_valign (export, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (band), export);
  GtkWidget *again = gtk_button_new ();
  GtkWidget *content = adw_button_content_new ();
  adw_button_content_set_icon_name (ADW_BUTTON_CONTENT (content), "view-refresh-symbolic");
  adw_button_content_set_label (ADW_BUTTON_CONTENT (content), _ ("Evaluate again"));
  gtk_button_set_child (GTK_BUTTON (again), content);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (again), "win.evaluate");
  gtk_widget_set_valign (again, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (band), again);
  return band;
}

static gboolean
place_charts (gpointer data)
{
  DhMetricsPage *self = data;
  self->room_source = 0;
  dh_metrics_charts_set_room (self->charts, self->room - 2 * MARGIN);
  return G_SOURCE_REMOVE;
}

/* Not while sizes are being given out. */
static void
on_room (GtkAdjustment *adjustment, GParamSpec *spec, DhMetricsPage *self)
{
  const int room = (int)gtk_adjustment_get_page_size (adjustment);
  if (room == self->room)
    return;
  self->room = room;
  if (self->room_source == 0)
    self->room_source = g_idle_add (place_charts, self);
}

static GtkWidget *
make_results (DhMetricsPage *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  gtk_widget_set_margin_top (box, MARGIN);
  gtk_widget_set_margin_bottom (box, MARGIN);
  gtk_widget_set_margin_start (box, MARGIN);
  gtk_widget_set_margin_end (box, MARGIN);
  self->charts = dh_metrics_charts_new (self->session);
  dh_focus_add_region (self->charts);
  gtk_widget_set_vexpand (self->charts, FALSE); /* what is below would move with every change of its height */
  gtk_box_append (GTK_BOX (box), self->charts);
  GtkWidget *protocols = dh_protocol_card_new (self->session), *left = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  gtk_widget_set_vexpand (protocols, TRUE);
  gtk_box_append (GTK_BOX (left), protocols);
  gtk_box_append (GTK_BOX (left), dh_metrics_runs_new (self->session));
  GtkWidget *pair = dh_pair_new (left, dh_class_card_new (self->session), 12);
  dh_focus_add_region (pair);
  gtk_widget_set_vexpand (pair, FALSE);
  gtk_box_append (GTK_BOX (box), pair);
  self->images = dh_image_card_new (self->session);
  dh_focus_add_region (self->images);
  gtk_widget_set_vexpand (self->images, TRUE);
  gtk_box_append (GTK_BOX (box), self->images);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), box);
  g_signal_connect_object (gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (scroller)), "notify::page-size",
                           G_CALLBACK (on_room), self, 0);
  gtk_widget_set_vexpand (scroller, TRUE);
  GtkWidget *page = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  GtkWidget *band = make_band (self);
  dh_focus_add_region (band);
  gtk_box_append (GTK_BOX (page), band);
  gtk_box_append (GTK_BOX (page), scroller);
  return page;
}

static GtkWidget *
make_empty (DhMetricsPage *self)
{
  self->empty = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (self->empty), "dh-metrics-symbolic");
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 18, NULL);
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  self->empty_bar = gtk_progress_bar_new ();
  gtk_widget_set_size_request (self->empty_bar, 320, -1);
  dh_ui_set_name (self->empty_bar, _ ("Progress of the evaluation"));
  gtk_box_append (GTK_BOX (box), self->empty_bar);
  self->evaluate = gtk_button_new ();
  dh_ui_add_classes (self->evaluate, "pill suggested-action");
  self->recall = gtk_button_new_with_label (_ ("Show what it measured"));
  dh_ui_add_classes (self->recall, "pill suggested-action");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->recall), "win.recall-evaluation");
  self->show_run = gtk_button_new ();
  dh_ui_add_classes (self->show_run, "pill");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->show_run), "x", (gint64)0);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->show_run), "win.show-run");
  GtkWidget *buttons = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 12, NULL);
  gtk_widget_set_halign (buttons, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (buttons), self->recall);
  gtk_box_append (GTK_BOX (buttons), self->show_run);
  gtk_box_append (GTK_BOX (buttons), self->evaluate);
  gtk_box_append (GTK_BOX (box), buttons);
  gtk_box_append (GTK_BOX (box), dh_metrics_runs_new (self->session));
  adw_status_page_set_child (ADW_STATUS_PAGE (self->empty), box);
  return self->empty;
}

gboolean
dh_metrics_page_focus_filter (DhMetricsPage *self)
{
  if (dh_session_get_evaluation (self->session) == NULL)
    return FALSE;
  dh_image_card_focus_filter (self->images);
  return TRUE;
}

/* Runs may have been made elsewhere meanwhile. */
static void
dh_metrics_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (dh_metrics_page_parent_class)->map (widget);
  dh_session_refresh_runs (DH_METRICS_PAGE (widget)->session);
}

static void
dh_metrics_page_dispose (GObject *object)
{
  DhMetricsPage *self = DH_METRICS_PAGE (object);
  g_clear_handle_id (&self->room_source, g_source_remove);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_metrics_page_parent_class)->dispose (object);
}

static void
dh_metrics_page_class_init (DhMetricsPageClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_metrics_page_dispose;
  GTK_WIDGET_CLASS (class)->map = dh_metrics_page_map;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_metrics_page_init (DhMetricsPage *self)
{
}

GtkWidget *
dh_metrics_page_new (DhSession *session)
{
  DhMetricsPage *self = g_object_new (DH_TYPE_METRICS_PAGE, NULL);
  self->session = g_object_ref (session);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), make_empty (self), "empty");
  gtk_stack_add_named (GTK_STACK (self->stack), make_results (self), "results");
  gtk_widget_set_parent (self->stack, GTK_WIDGET (self));
  g_signal_connect_object (session, "evaluation", G_CALLBACK (show_summary), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_runs (session), "items-changed", G_CALLBACK (show_progress), self,
                           G_CONNECT_SWAPPED);
  static const char *const props[] = { "notify::dataset-title", "notify::model-info" };
  for (guint i = 0; i < G_N_ELEMENTS (props); i++)
    {
      g_signal_connect_object (session, props[i], G_CALLBACK (show_context), self, G_CONNECT_SWAPPED);
      g_signal_connect_object (session, props[i], G_CALLBACK (show_summary), self, G_CONNECT_SWAPPED);
    }
  show_context (self);
  show_summary (self);
  return GTK_WIDGET (self);
}
