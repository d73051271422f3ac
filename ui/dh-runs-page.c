#include "dh-runs-page.h"
#include "dh-focus.h"
#include "dh-import-bar.h"
#include "dh-run-list.h"
#include "dh-run-removal.h"
#include "dh-runs-actions.h"
#include "dh-runs-band.h"
#include "dh-runs-charts.h"
#include "dh-runs-compared.h"
#include "dh-session-combine.h"
#include "dh-session-import.h"
#include "dh-session-reopen.h"

#define MARGIN 12

struct _DhRunsPage
{
  GtkWidget parent_instance;
  DhSession *session;
  DhRunsBand band;
  GtkWidget *stack, *table, *lower, *compared, *charts;
  DhRunsActions *actions;
  guint tick, room_source;
  guint drawn; /* kinds of what is chosen, on which the charts' widths depend */
  int width, height;
};

G_DEFINE_FINAL_TYPE (DhRunsPage, dh_runs_page, GTK_TYPE_WIDGET)

static DhRunItem *
chosen (DhRunsPage *self, guint which)
{
  return dh_runs_table_get_chosen (DH_RUNS_TABLE (self->table), which);
}

/* Columns and charts go where there is no room for them: as many charts as fit by their own measure. Not while sizes
 * are being given out. */
static gboolean
fit (gpointer data)
{
  DhRunsPage *self = data;
  const int width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  self->room_source = 0;
  if (width <= 0)
    return G_SOURCE_REMOVE;
  dh_runs_band_fit (&self->band, width);
  dh_runs_table_set_room (DH_RUNS_TABLE (self->table), width);
  guint cards = width >= 940 ? 2 : width >= 640 ? 1 : 0;
  for (int needed = G_MAXINT;; cards--)
    {
      dh_runs_charts_set_room (DH_RUNS_CHARTS (self->charts), cards);
      gtk_widget_measure (self->lower, GTK_ORIENTATION_HORIZONTAL, -1, &needed, NULL, NULL, NULL);
      if (cards == 0 || needed <= width - 2 * MARGIN)
        break;
    }
  gtk_widget_set_size_request (self->lower, -1, height >= 700 ? 330 : height >= 520 ? 250 : 170);
  int least;
  gtk_widget_measure (self->stack, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  if (least > width)
    g_log ("dh-runs", G_LOG_LEVEL_DEBUG, "runs: the page needs %d px and has %d", least, width);
  return G_SOURCE_REMOVE;
}

static void
fit_soon (DhRunsPage *self)
{
  if (self->room_source == 0)
    self->room_source = g_idle_add (fit, self);
}

/* Of all that are chosen, not only of the two that are compared. */
static const char *
refuse_removal (DhRunsPage *self)
{
  g_autoptr (GPtrArray) items = dh_runs_table_list_chosen (DH_RUNS_TABLE (self->table));
  const char *kept = NULL;
  for (guint i = 0; kept == NULL && i < items->len; i++)
    kept = dh_session_refuse_removal (self->session, dh_run_item_get (items->pdata[i]));
  return kept;
}

/* Of all that are chosen as well. */
static void
show_combining (DhRunsPage *self, gboolean busy)
{
  g_autoptr (GPtrArray) items = dh_runs_table_list_chosen (DH_RUNS_TABLE (self->table));
  g_autofree const DhRun **runs = g_new (const DhRun *, items->len);
  for (guint i = 0; i < items->len; i++)
    runs[i] = dh_run_item_get (items->pdata[i]);
  const char *refused = dh_session_refuse_combining (runs, items->len);
  dh_runs_actions_set_enabled (self->actions, "combine", refused == NULL && !busy);
  gtk_widget_set_tooltip_text (self->band.combine, refused != NULL   ? refused
                                                   : items->len == 1 ? _ ("A run of its score maps, blurred")
                                                                     : _ ("A run of their score maps: their mean, "
                                                                          "maximum or weighted sum"));
}

static void
show_chosen (DhRunsPage *self)
{
  DhRunItem *a = chosen (self, 0), *b = chosen (self, 1);
  const DhRun *first = a != NULL ? dh_run_item_get (a) : NULL, *second = b != NULL ? dh_run_item_get (b) : NULL;
  DhTrainingJob *job = a != NULL ? dh_run_item_get_job (a) : NULL;
  g_autoptr (GPtrArray) all = dh_runs_table_list_chosen (DH_RUNS_TABLE (self->table));
  dh_runs_compared_set (self->compared, a, b, all);
  dh_runs_charts_set (DH_RUNS_CHARTS (self->charts), a, b);
  const gboolean both = first != NULL && second != NULL && !first->training && !second->training;
  dh_runs_actions_set_enabled (self->actions, "export", first != NULL && !first->training);
  dh_runs_actions_set_enabled (self->actions, "worse",
                               first != NULL && !both && dh_session_has_robustness (self->session, first));
  dh_runs_actions_set_enabled (self->actions, "maps", first != NULL && !first->training && !both);
  dh_runs_actions_set_enabled (self->actions, "copy-command", first != NULL && first->command != NULL);
  dh_runs_actions_set_enabled (self->actions, "browse",
                               first != NULL && (job == NULL || dh_training_job_get_best_path (job) != NULL));
  dh_runs_actions_set_enabled (self->actions, "curves", job != NULL);
  const char *kept = refuse_removal (self);
  dh_runs_actions_set_enabled (self->actions, "remove", first != NULL && kept == NULL);
  gtk_widget_set_tooltip_text (self->band.remove,
                               kept != NULL ? kept : _ ("Off this list, with its maps or without (Delete)"));
  const char *refused = dh_session_refuse_runs (first, second);
  dh_runs_actions_set_enabled (self->actions, "compare", refused == NULL);
  /* In the place of the one that opens a single run: a row that is opened does so all the same. */
  gtk_widget_set_visible (self->band.compare, both);
  gtk_widget_set_visible (self->band.browse, !both);
  gtk_widget_set_tooltip_text (self->band.compare,
                               refused != NULL ? refused : _ ("Their score maps, swiped or subtracted"));
  gtk_widget_set_visible (self->band.curves, job != NULL);
  gtk_widget_set_visible (self->band.export, job == NULL);
  gtk_widget_set_visible (self->band.remove, job == NULL);
  gtk_menu_button_set_label (GTK_MENU_BUTTON (self->band.export), both ? _ ("Export 2 runs") : _ ("Export"));
  DhImportProgress progress;
  const gboolean importing = dh_session_get_import_progress (self->session, &progress);
  dh_runs_actions_set_enabled (self->actions, "import", !importing);
  show_combining (self, importing);
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack),
                                    importing || dh_runs_table_get_size (DH_RUNS_TABLE (self->table)) > 0 ? "runs"
                                                                                                          : "empty");
  const guint drawn = (first == NULL     ? 0
                       : first->training ? 1
                                         : 2)
                      + 3
                            * (second == NULL     ? 0
                               : second->training ? 1
                                                  : 2);
  if (drawn != self->drawn)
    fit_soon (self);
  self->drawn = drawn;
}

/* A row that is opened leads to what it is about: a training's curves, an evaluation's pictures. */
static void
on_opened (DhRunsTable *table, DhRunItem *item, DhRunsPage *self)
{
  if (dh_run_item_get_job (item) != NULL)
    dh_runs_actions_show_curves (self->actions, item);
  else
    dh_runs_actions_browse (self->actions, item, NULL);
}

static void
on_picture (DhRunsCharts *charts, DhRunItem *item, const char *stem, DhRunsPage *self)
{
  dh_runs_actions_browse (self->actions, item, stem);
}

/* In the table alone: elsewhere the key takes a letter. */
static gboolean
on_key (GtkEventControllerKey *keys, guint keyval, guint code, GdkModifierType state, DhRunsPage *self)
{
  if (keyval != GDK_KEY_Delete)
    return FALSE;
  dh_runs_actions_activate (self->actions, "remove");
  return TRUE;
}

void
dh_runs_page_focus_filter (DhRunsPage *self)
{
  dh_runs_table_focus_filter (DH_RUNS_TABLE (self->table));
}

void
dh_runs_page_choose (DhRunsPage *self, gint64 run)
{
  dh_runs_table_choose (DH_RUNS_TABLE (self->table), run);
}

/* The page */

/* Evaluations go on in other programs as well: while the page is seen it is read anew. */
static gboolean
on_tick (gpointer data)
{
  DhRunsPage *self = data;
  dh_session_refresh_runs (self->session);
  return G_SOURCE_CONTINUE;
}

static void
dh_runs_page_map (GtkWidget *widget)
{
  DhRunsPage *self = DH_RUNS_PAGE (widget);
  GTK_WIDGET_CLASS (dh_runs_page_parent_class)->map (widget);
  dh_session_refresh_runs (self->session);
  self->tick = g_timeout_add_seconds (2, on_tick, self);
}

static void
dh_runs_page_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&DH_RUNS_PAGE (widget)->tick, g_source_remove);
  GTK_WIDGET_CLASS (dh_runs_page_parent_class)->unmap (widget);
}

static void
dh_runs_page_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhRunsPage *self = DH_RUNS_PAGE (widget);
  gtk_widget_allocate (self->stack, width, height, baseline, NULL);
  if (width != self->width || height != self->height)
    fit_soon (self);
  self->width = width;
  self->height = height;
}

static void
dh_runs_page_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  gtk_widget_measure (DH_RUNS_PAGE (widget)->stack, orientation, for_size, minimum, natural, minimum_baseline,
                      natural_baseline);
  /* Columns and charts go where there is no room for them: the width must be allowed to become small. */
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = MIN (*minimum, 360);
}

static void
dh_runs_page_dispose (GObject *object)
{
  DhRunsPage *self = DH_RUNS_PAGE (object);
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_handle_id (&self->room_source, g_source_remove);
  g_clear_pointer (&self->actions, dh_runs_actions_free);
  g_clear_pointer (&self->stack, gtk_widget_unparent);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_runs_page_parent_class)->dispose (object);
}

static void
dh_runs_page_class_init (DhRunsPageClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_runs_page_dispose;
  GTK_WIDGET_CLASS (class)->map = dh_runs_page_map;
  GTK_WIDGET_CLASS (class)->unmap = dh_runs_page_unmap;
  GTK_WIDGET_CLASS (class)->measure = dh_runs_page_measure;
  GTK_WIDGET_CLASS (class)->size_allocate = dh_runs_page_size_allocate;
}

static void
dh_runs_page_init (DhRunsPage *self)
{
}

static GtkWidget *
make_empty (void)
{
  GtkWidget *empty = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (empty), "dh-runs-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (empty), _ ("No runs yet"));
  adw_status_page_set_description (
      ADW_STATUS_PAGE (empty), _ ("Every evaluation and every training, from here or from the command line, is kept "
                                  "with what it needs to be repeated."));
  GtkWidget *import = dh_runs_band_new_import_button ();
  gtk_widget_set_halign (import, GTK_ALIGN_CENTER);
  adw_status_page_set_child (ADW_STATUS_PAGE (empty), import);
  return empty;
}

static GtkWidget *
make_lower (DhRunsPage *self)
{
  self->lower = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 12, NULL);
  gtk_box_set_homogeneous (GTK_BOX (self->lower), TRUE);
  self->compared = dh_runs_compared_new ();
  dh_focus_add_region (self->compared);
  self->charts = dh_runs_charts_new (self->session);
  dh_focus_add_region (self->charts);
  gtk_box_append (GTK_BOX (self->lower), self->compared);
  gtk_box_append (GTK_BOX (self->lower), self->charts);
  /* What is left over is the table's. */
  gtk_widget_set_vexpand (self->lower, FALSE);
  return self->lower;
}

GtkWidget *
dh_runs_page_new (DhSession *session)
{
  DhRunsPage *self = g_object_new (DH_TYPE_RUNS_PAGE, NULL);
  self->session = g_object_ref (session);
  GtkWidget *cards = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  gtk_widget_set_margin_top (cards, MARGIN);
  gtk_widget_set_margin_bottom (cards, MARGIN);
  gtk_widget_set_margin_start (cards, MARGIN);
  gtk_widget_set_margin_end (cards, MARGIN);
  gtk_box_append (GTK_BOX (cards), dh_import_bar_new (session));
  self->table = dh_runs_table_new (session);
  self->actions = dh_runs_actions_new (GTK_WIDGET (self), session, DH_RUNS_TABLE (self->table));
  dh_focus_add_region (self->table);
  GtkEventController *keys = gtk_event_controller_key_new ();
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (self->table, keys);
  gtk_box_append (GTK_BOX (cards), self->table);
  gtk_box_append (GTK_BOX (cards), make_lower (self));
  GtkWidget *page = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  dh_runs_band_init (&self->band);
  dh_focus_add_region (self->band.widget);
  gtk_box_append (GTK_BOX (page), self->band.widget);
  gtk_box_append (GTK_BOX (page), cards);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), make_empty (), "empty");
  gtk_stack_add_named (GTK_STACK (self->stack), page, "runs");
  gtk_widget_set_parent (self->stack, GTK_WIDGET (self));
  g_signal_connect_object (self->table, "chosen", G_CALLBACK (show_chosen), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "import", G_CALLBACK (show_chosen), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "evaluation", G_CALLBACK (show_chosen), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->table, "opened", G_CALLBACK (on_opened), self, 0);
  g_signal_connect_object (self->charts, "picture", G_CALLBACK (on_picture), self, 0);
  show_chosen (self);
  return GTK_WIDGET (self);
}
