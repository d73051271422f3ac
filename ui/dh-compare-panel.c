#include "dh-compare-panel.h"
#include "dh-compare-list.h"
#include "dh-compare-table.h"
#include "dh-headed-list.h"
#include "dh-side-tuner.h"

/* Some rows of the list of pictures are always to be seen. */
#define LEAST_LIST 160

enum
{
  PAGE_COMPARE,
  PAGE_TUNE_A,
  PAGE_TUNE_B,
  N_PAGES,
};

/* In the view's words. */
static const char *const page_ids[N_PAGES] = { "compare", "a", "b" };

struct _DhComparePanel
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *subtitle, *stack, *table;
  GtkWidget *tabs[N_PAGES], *pages[N_PAGES];
  guint side; /* tuned last */
};

G_DEFINE_FINAL_TYPE (DhComparePanel, dh_compare_panel, GTK_TYPE_WIDGET)

static void
on_tab (GtkToggleButton *button, DhComparePanel *self)
{
  if (!gtk_toggle_button_get_active (button))
    return;
  for (guint i = 0; i < N_PAGES; i++)
    if (self->tabs[i] == GTK_WIDGET (button))
      {
        gtk_stack_set_visible_child (GTK_STACK (self->stack), self->pages[i]);
        g_object_set (dh_session_get_view (self->session), "compare-page", page_ids[i], NULL);
        if (i != PAGE_COMPARE)
          self->side = i - PAGE_TUNE_A;
      }
}

static void
on_compared (DhComparePanel *self)
{
  gtk_label_set_label (GTK_LABEL (self->subtitle), dh_compare_table_get_summary (DH_COMPARE_TABLE (self->table)));
}

static gboolean
focus_side (DhComparePanel *self, guint side)
{
  DhSideTuner *tuner = DH_SIDE_TUNER (self->pages[PAGE_TUNE_A + side]);
  if (!dh_side_tuner_can_tune (tuner))
    return FALSE;
  /* The field notes what had the focus before, which its tab must not take. */
  GtkWidget *tab = self->tabs[PAGE_TUNE_A + side];
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (tab), TRUE);
  dh_side_tuner_focus_field (tuner);
  return TRUE;
}

void
dh_compare_panel_focus_field (DhComparePanel *self)
{
  const guint side = self->side;
  if (!focus_side (self, side))
    focus_side (self, 1 - side);
}

void
dh_compare_panel_reset (DhComparePanel *self)
{
  dh_side_tuner_reset (DH_SIDE_TUNER (self->pages[PAGE_TUNE_A + self->side]));
}

void
dh_compare_panel_nudge (DhComparePanel *self, double steps)
{
  dh_side_tuner_nudge (DH_SIDE_TUNER (self->pages[PAGE_TUNE_A + self->side]), steps);
}

static void
dh_compare_panel_dispose (GObject *object)
{
  dh_widget_unparent_children (GTK_WIDGET (object));
  g_clear_object (&DH_COMPARE_PANEL (object)->session);
  G_OBJECT_CLASS (dh_compare_panel_parent_class)->dispose (object);
}

static void
dh_compare_panel_class_init (DhComparePanelClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_compare_panel_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
}

static void
dh_compare_panel_init (DhComparePanel *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (widget)), GTK_ORIENTATION_VERTICAL);
  dh_ui_add_classes (widget, "dh-panel right");
  gtk_widget_set_size_request (widget, 344, -1);
}

static GtkWidget *
make_band (DhComparePanel *self)
{
  GtkWidget *band = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "dh-band"), *title;
  g_autoptr (GMenu) menu = g_menu_new ();
  dh_ui_menu_section (menu, NULL, _ ("S_wap A and B"), "pane.swap", _ ("_Keep as B"), "pane.keep",
                      _ ("L_et go of what is kept"), "pane.release", _ ("E_nd the comparison"), "view.layout::grid",
                      NULL);
  dh_ui_menu_section (menu, NULL, _ ("_Choose weights…"), "win.open-weights", _ ("Use the _demo network"),
                      "win.demo-weights", _ ("_About these weights…"), "win.weights-info", NULL);
  gtk_box_append (GTK_BOX (band), dh_ui_context_button ("dh-swipe-symbolic", _ ("Comparison"), G_MENU_MODEL (menu),
                                                        &title, &self->subtitle));
  gtk_label_set_label (GTK_LABEL (title), _ ("A against B"));
  return band;
}

static GtkWidget *
make_tabs (DhComparePanel *self)
{
  static const char *const titles[N_PAGES] = { N_ ("Compare"), N_ ("Tune A"), N_ ("Tune B") };
  GtkWidget *tabs = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "linked dh-tabs");
  gtk_box_set_homogeneous (GTK_BOX (tabs), TRUE);
  gtk_widget_set_margin_start (tabs, 12);
  gtk_widget_set_margin_end (tabs, 12);
  gtk_widget_set_margin_top (tabs, 6);
  gtk_widget_set_margin_bottom (tabs, 9);
  for (guint i = 0; i < N_PAGES; i++)
    {
      self->tabs[i] = gtk_toggle_button_new_with_label (_ (titles[i]));
      if (i > 0)
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (self->tabs[i]), GTK_TOGGLE_BUTTON (self->tabs[0]));
      gtk_box_append (GTK_BOX (tabs), self->tabs[i]);
    }
  return tabs;
}

static GtkWidget *
make_compare (DhComparePanel *self, DhSession *session)
{
  /* Margins inside of what scrolls: a box of its own. */
  GtkWidget *numbers = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  self->table = dh_compare_table_new (session);
  gtk_widget_set_margin_start (self->table, 12);
  gtk_widget_set_margin_end (self->table, 12);
  gtk_widget_set_margin_bottom (self->table, 9);
  gtk_box_append (GTK_BOX (numbers), self->table);
  return dh_headed_list_new (numbers, _ ("Numbers of A and B"), dh_compare_list_new (session), LEAST_LIST);
}

GtkWidget *
dh_compare_panel_new (DhSession *session)
{
  DhComparePanel *self = g_object_new (DH_TYPE_COMPARE_PANEL, NULL);
  self->session = g_object_ref (session);
  gtk_widget_set_parent (make_band (self), GTK_WIDGET (self));
  gtk_widget_set_parent (make_tabs (self), GTK_WIDGET (self));
  self->stack = gtk_stack_new ();
  gtk_widget_set_vexpand (self->stack, TRUE);
  self->pages[PAGE_COMPARE] = make_compare (self, session);
  self->pages[PAGE_TUNE_A] = dh_side_tuner_new (session, 0);
  self->pages[PAGE_TUNE_B] = dh_side_tuner_new (session, 1);
  for (guint i = 0; i < N_PAGES; i++)
    {
      gtk_stack_add_child (GTK_STACK (self->stack), self->pages[i]);
      g_signal_connect (self->tabs[i], "toggled", G_CALLBACK (on_tab), self);
    }
  for (guint i = 0; i < N_PAGES; i++)
    if (dh_view_is (dh_session_get_view (session), "compare-page", page_ids[i]))
      {
        gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->tabs[i]), TRUE);
        break;
      }
  gtk_widget_set_parent (self->stack, GTK_WIDGET (self));
  g_signal_connect_object (self->table, "changed", G_CALLBACK (on_compared), self, G_CONNECT_SWAPPED);
  on_compared (self);
  return GTK_WIDGET (self);
}
