#include "dh-tuning-panel.h"
#include "dh-components-panel.h"
#include "dh-finds-panel.h"
#include "dh-notes-panel.h"
#include "dh-numbers.h"
#include "dh-score-tuner.h"
#include "dh-session-components.h"

/* Below this height inactive histograms are flat. */
#define LOW_HEIGHT 720

struct _DhTuningPanel
{
  GtkWidget parent_instance;
  DhSession *session;
  DhCanvas *canvas; /* borrowed: it stands beside */
  GtkWidget *title, *subtitle, *context, *stack, *pages, *components, *components_tab, *notes, *finds;
  DhScoreTuner *tuners[DH_N_SCORES];
  gboolean low;
};

G_DEFINE_FINAL_TYPE (DhTuningPanel, dh_tuning_panel, GTK_TYPE_WIDGET)

static void
show_model (DhTuningPanel *self)
{
  DhModelInfo *model = dh_session_get_model_info (self->session);
  if (dh_session_is_loading (self->session))
    {
      gtk_label_set_label (GTK_LABEL (self->title), _ ("Loading weights…"));
      gtk_label_set_label (GTK_LABEL (self->subtitle), "");
    }
  else if (model == NULL)
    {
      gtk_label_set_label (GTK_LABEL (self->title), _ ("No weights"));
      gtk_label_set_label (GTK_LABEL (self->subtitle), _ ("Choose a checkpoint to see maps"));
    }
  else
    {
      g_autofree char *subtitle = g_strdup_printf ("%s · %.4s %.4s%s", model->network, model->sha256, model->sha256 + 4,
                                                   model->has_outlier_head ? "" : _ (" · no outlier head"));
      gtk_label_set_label (GTK_LABEL (self->title), model->title);
      gtk_label_set_label (GTK_LABEL (self->subtitle), subtitle);
      gtk_widget_set_tooltip_text (self->context, model->path != NULL ? model->path : model->title);
    }
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), model != NULL ? "tune" : "none");
}

static GtkWidget *
make_empty (void)
{
  GtkWidget *page = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (page), "dh-chip-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (page), _ ("No weights"));
  adw_status_page_set_description (
      ADW_STATUS_PAGE (page),
      _ ("A PyTorch checkpoint, safetensors or npz of LDN-121 or DeepLabV3+, or another network as ONNX."));
  gtk_widget_add_css_class (page, "compact");
  GtkWidget *button = gtk_button_new_with_label (_ ("Choose weights…"));
  gtk_widget_set_halign (button, GTK_ALIGN_CENTER);
  dh_ui_add_classes (button, "pill suggested-action");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "win.open-weights");
  adw_status_page_set_child (ADW_STATUS_PAGE (page), button);
  return page;
}

static GtkWidget *
make_tune (DhTuningPanel *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, NULL);
  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  gtk_widget_set_margin_top (box, 9);
  gtk_widget_set_margin_bottom (box, 9);
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      GtkWidget *tuner = dh_score_tuner_new (self->session, i, i > 0 ? self->tuners[0] : NULL);
      self->tuners[i] = DH_SCORE_TUNER (tuner);
      gtk_box_append (GTK_BOX (box), tuner);
      gtk_box_append (GTK_BOX (box), dh_ui_line ());
    }
  gtk_box_append (GTK_BOX (box), dh_numbers_new (self->session));
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), box);
  gtk_widget_set_vexpand (scroller, TRUE);
  return scroller;
}

static void
show_page (DhTuningPanel *self)
{
  gtk_stack_set_visible_child_name (GTK_STACK (self->pages),
                                    dh_view_get_string (dh_session_get_view (self->session), "tuning-page"));
}

/* What is wrong at the threshold is told of wherever one is. */
static void
show_n_components (DhTuningPanel *self)
{
  const DhPictureComponents *found = dh_session_get_components (self->session);
  const guint n = found == NULL     ? 0
                  : found->labelled ? found->n_of[DH_OBJECT_MISSED] + found->n_of[DH_OBJECT_FALSE]
                                    : found->n_of[DH_OBJECT_FLAGGED];
  g_autofree char *text = n > 0 ? g_strdup_printf (_ ("Objects  %u"), n) : g_strdup (_ ("Objects"));
  gtk_button_set_label (GTK_BUTTON (self->components_tab), text);
}

static GtkWidget *
make_tab (const char *title, const char *page, const char *tooltip)
{
  GtkWidget *tab = gtk_toggle_button_new_with_label (title);
  gtk_widget_set_hexpand (tab, TRUE);
  gtk_widget_set_tooltip_text (tab, tooltip);
  g_autofree char *action = g_strconcat ("view.tuning-page::", page, NULL);
  gtk_actionable_set_detailed_action_name (GTK_ACTIONABLE (tab), action);
  return tab;
}

static void
on_leave (DhTuningPanel *self)
{
  DhCanvas *canvas = self->canvas;
  gtk_widget_grab_focus (GTK_WIDGET (dh_canvas_get_pane (canvas, dh_canvas_get_active_pane (canvas))));
}

static GtkWidget *
make_pages (DhTuningPanel *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  GtkWidget *tabs = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "linked dh-tabs");
  gtk_widget_set_margin_start (tabs, 12);
  gtk_widget_set_margin_end (tabs, 12);
  gtk_widget_set_margin_top (tabs, 6);
  self->components_tab =
      make_tab ("", "components", _ ("Objects that are missed, flagged falsely or found (N for the next)"));
  gtk_box_append (GTK_BOX (tabs), make_tab (_ ("Tune"), "tune", _ ("Thresholds and what they make of the pixels")));
  gtk_box_append (GTK_BOX (tabs), self->components_tab);
  gtk_box_append (GTK_BOX (tabs), make_tab (_ ("Notes"), "notes", _ ("Tags and a note of this image (Ctrl+T, F2)")));
  gtk_box_append (GTK_BOX (tabs),
                  make_tab (_ ("Finds"), "finds", _ ("What is flagged in all images (F for the next)")));
  gtk_box_append (GTK_BOX (box), tabs);
  self->pages = gtk_stack_new ();
  self->components = dh_components_panel_new (self->session, self->canvas);
  gtk_stack_add_named (GTK_STACK (self->pages), self->stack, "tune");
  gtk_stack_add_named (GTK_STACK (self->pages), self->components, "components");
  self->notes = dh_notes_panel_new (self->session);
  g_signal_connect_swapped (self->notes, "leave", G_CALLBACK (on_leave), self);
  gtk_stack_add_named (GTK_STACK (self->pages), self->notes, "notes");
  self->finds = dh_finds_panel_new (self->session);
  gtk_stack_add_named (GTK_STACK (self->pages), self->finds, "finds");
  gtk_box_append (GTK_BOX (box), self->pages);
  return box;
}

gboolean
dh_tuning_panel_step_find (DhTuningPanel *self, gint step)
{
  DhView *view = dh_session_get_view (self->session);
  if (dh_view_is (view, "layout", "compare")) /* whose panel has none */
    g_object_set (view, "layout", "grid", NULL);
  g_object_set (view, "tuning-page", "finds", NULL);
  return dh_finds_panel_step (DH_FINDS_PANEL (self->finds), step);
}

gboolean
dh_tuning_panel_mark_find (DhTuningPanel *self, DhFindMark mark)
{
  return dh_finds_panel_mark (DH_FINDS_PANEL (self->finds), mark);
}

gboolean
dh_tuning_panel_step_component (DhTuningPanel *self, gint step)
{
  g_object_set (dh_session_get_view (self->session), "tuning-page", "components", NULL);
  return dh_components_panel_step (DH_COMPONENTS_PANEL (self->components), step);
}

void
dh_tuning_panel_focus_notes (DhTuningPanel *self, gboolean note)
{
  g_object_set (dh_session_get_view (self->session), "tuning-page", "notes", NULL);
  dh_notes_panel_focus (DH_NOTES_PANEL (self->notes), note);
}

void
dh_tuning_panel_focus_field (DhTuningPanel *self)
{
  g_object_set (dh_session_get_view (self->session), "tuning-page", "tune", NULL);
  dh_score_tuner_focus_field (self->tuners[dh_session_get_active_score (self->session)]);
}

void
dh_tuning_panel_nudge (DhTuningPanel *self, double steps)
{
  dh_score_tuner_nudge (self->tuners[dh_session_get_active_score (self->session)], steps);
}

static gboolean
become_compact (gpointer data)
{
  DhTuningPanel *self = data;
  for (guint i = 0; self->session != NULL && i < DH_N_SCORES; i++)
    dh_score_tuner_set_compact (self->tuners[i], self->low);
  g_object_unref (self);
  return G_SOURCE_REMOVE;
}

static void
dh_tuning_panel_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhTuningPanel *self = DH_TUNING_PANEL (widget);
  gtk_widget_allocate (gtk_widget_get_first_child (widget), width, height, baseline, NULL);
  /* Not while sizes are being given out. */
  if ((height < LOW_HEIGHT) != self->low)
    g_idle_add (become_compact, g_object_ref (self));
  self->low = height < LOW_HEIGHT;
}

static void
dh_tuning_panel_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
  gtk_widget_measure (gtk_widget_get_first_child (widget), orientation, for_size, minimum, natural, minimum_baseline,
                      natural_baseline);
}

static void
dh_tuning_panel_dispose (GObject *object)
{
  DhTuningPanel *self = DH_TUNING_PANEL (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_tuning_panel_parent_class)->dispose (object);
}

static void
dh_tuning_panel_class_init (DhTuningPanelClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_tuning_panel_dispose;
  GTK_WIDGET_CLASS (class)->measure = dh_tuning_panel_measure;
  GTK_WIDGET_CLASS (class)->size_allocate = dh_tuning_panel_size_allocate;
}

static void
dh_tuning_panel_init (DhTuningPanel *self)
{
  dh_ui_add_classes (GTK_WIDGET (self), "dh-panel right");
  gtk_widget_set_size_request (GTK_WIDGET (self), 344, -1);
}

GtkWidget *
dh_tuning_panel_new (DhSession *session, DhCanvas *canvas)
{
  DhTuningPanel *self = g_object_new (DH_TYPE_TUNING_PANEL, NULL);
  self->session = g_object_ref (session);
  self->canvas = canvas;
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  GtkWidget *band = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "dh-band");
  g_autoptr (GMenu) menu = g_menu_new ();
  dh_ui_menu_section (menu, NULL, _ ("_Choose weights…"), "win.open-weights", _ ("Use the _demo network"),
                      "win.demo-weights", _ ("_About these weights…"), "win.weights-info", NULL);
  self->context =
      dh_ui_context_button ("dh-chip-symbolic", _ ("Weights"), G_MENU_MODEL (menu), &self->title, &self->subtitle);
  gtk_box_append (GTK_BOX (band), self->context);
  gtk_box_append (GTK_BOX (box), band);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), make_tune (self), "tune");
  gtk_stack_add_named (GTK_STACK (self->stack), make_empty (), "none");
  gtk_box_append (GTK_BOX (box), make_pages (self));
  g_signal_connect_object (session, "components", G_CALLBACK (show_n_components), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::tuning-page", G_CALLBACK (show_page), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model-info", G_CALLBACK (show_model), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::loading", G_CALLBACK (show_model), self, G_CONNECT_SWAPPED);
  show_model (self);
  show_n_components (self);
  show_page (self);
  return GTK_WIDGET (self);
}
