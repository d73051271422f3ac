#include "dh-browse-page.h"
#include "dh-browse-band.h"
#include "dh-browse-panes-private.h"
#include "dh-browse-panes.h"
#include "dh-compare-panel.h"
#include "dh-focus.h"
#include "dh-image-panel.h"
#include "dh-label-bar.h"
#include "dh-number.h"
#include "dh-probe-strip.h"
#include "dh-score-tuner.h"
#include "dh-tuning-panel.h"

/* Window widths under which the panels fold; AdwFlap itself would wait until nothing fits any more. Where words are
 * long or letters large they fold as soon as something does not fit. */
#define TUNING_FOLDS 1216
#define IMAGES_FOLD 872

struct _DhBrowsePage
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *images_flap, *tuning_flap;
  GtkWidget *images, *right, *tuning, *comparison, *band, *labels, *canvas, *probe, *line;
  DhLabelTools *label_tools; /* the canvas's */
  gboolean wide_tuning, wide_images, known, folding;
  guint fold_source;
  gboolean hovering;
  int hover_x, hover_y;
};

G_DEFINE_FINAL_TYPE (DhBrowsePage, dh_browse_page, GTK_TYPE_WIDGET)

static void
describe_panes (DhBrowsePage *self)
{
  g_autofree char *text = dh_probe_strip_dup_text (DH_PROBE_STRIP (self->probe));
  for (guint i = 0; i < dh_canvas_get_n_panes (DH_CANVAS (self->canvas)); i++)
    dh_pane_set_description (dh_canvas_get_pane (DH_CANVAS (self->canvas), i), text);
}

static void
on_hover (DhCanvas *canvas, gboolean inside, int x, int y, DhBrowsePage *self)
{
  self->hovering = inside;
  self->hover_x = x;
  self->hover_y = y;
  if (dh_canvas_get_pin (canvas, NULL, NULL))
    return;
  dh_probe_strip_set_pixel (DH_PROBE_STRIP (self->probe), inside, x, y);
}

static void
on_pin (DhCanvas *canvas, gboolean pinned, int x, int y, DhBrowsePage *self)
{
  /* A freed one follows the pointer again, from where that is. */
  if (!pinned && self->hovering)
    dh_probe_strip_set_pixel (DH_PROBE_STRIP (self->probe), TRUE, self->hover_x, self->hover_y);
  else
    dh_probe_strip_set_pixel (DH_PROBE_STRIP (self->probe), pinned, x, y);
  describe_panes (self);
}

gboolean
dh_browse_page_free_pin (DhBrowsePage *self)
{
  if (!dh_canvas_get_pin (DH_CANVAS (self->canvas), NULL, NULL))
    return FALSE;
  dh_canvas_set_pin (DH_CANVAS (self->canvas), FALSE, 0, 0);
  on_pin (DH_CANVAS (self->canvas), FALSE, 0, 0, self);
  return TRUE;
}

void
dh_browse_page_toggle_pin (DhBrowsePage *self)
{
  DhCanvas *canvas = DH_CANVAS (self->canvas);
  guint width, height;
  double x = self->hover_x, y = self->hover_y;
  if (!dh_canvas_get_size (canvas, &width, &height))
    return;
  const gboolean pinned = !dh_canvas_get_pin (canvas, NULL, NULL);
  if (!self->hovering)
    dh_canvas_get_center (canvas, &x, &y);
  const int at_x = CLAMP ((int)x, 0, (int)width - 1), at_y = CLAMP ((int)y, 0, (int)height - 1);
  dh_canvas_set_pin (canvas, pinned, at_x, at_y);
  on_pin (canvas, pinned, at_x, at_y, self);
}

/* What is hidden with the focus on it would hand it to a button somewhere else in the window. */
static void
keep_focus (DhBrowsePage *self, GtkWidget *leaving)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  DhCanvas *canvas = DH_CANVAS (self->canvas);
  if (focus != NULL && gtk_widget_is_ancestor (focus, leaving))
    gtk_widget_grab_focus (GTK_WIDGET (dh_canvas_get_pane (canvas, dh_canvas_get_active_pane (canvas))));
}

/* The bar goes with the mode. */
static void
keep_label_focus (DhBrowsePage *self)
{
  if (!dh_session_is_labelling (self->session))
    keep_focus (self, self->labels);
}

DhLabelTools *
dh_browse_page_get_label_tools (DhBrowsePage *self)
{
  return self->label_tools;
}

static void
show_layout (DhBrowsePage *self)
{
  gboolean compares = dh_view_is (dh_session_get_view (self->session), "layout", "compare");
  if (!compares)
    keep_focus (self, dh_browse_band_get_comparison (DH_BROWSE_BAND (self->band)));
  GtkWidget *panel = compares ? self->comparison : self->tuning;
  if (gtk_stack_get_visible_child (GTK_STACK (self->right)) != panel)
    {
      keep_focus (self, self->right);
      gtk_stack_set_visible_child (GTK_STACK (self->right), panel);
    }
  dh_browse_band_show (DH_BROWSE_BAND (self->band), gtk_widget_get_width (GTK_WIDGET (self)));
}

static int
least_width (GtkWidget *widget)
{
  int least;
  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  return least;
}

/* Hidden panels come back by the window's buttons; the view remembers what the user wants where there is room. */
static void
set_flap (GtkWidget *flap, gboolean wide, gboolean wanted)
{
  adw_flap_set_fold_policy (ADW_FLAP (flap), wide ? ADW_FLAP_FOLD_POLICY_NEVER : ADW_FLAP_FOLD_POLICY_ALWAYS);
  adw_flap_set_reveal_flap (ADW_FLAP (flap), wide && wanted);
}

static gboolean
fold (gpointer data)
{
  DhBrowsePage *self = data;
  self->fold_source = 0;
  show_layout (self);
  int width = gtk_widget_get_width (GTK_WIDGET (self));
  /* Not what the probe takes, which changes with the pointer. */
  const int needed = least_width (self->images) + least_width (self->band) + 1;
  gboolean wide_images = width >= MAX (IMAGES_FOLD, needed);
  gboolean wide_tuning = wide_images && width >= MAX (TUNING_FOLDS, needed + least_width (self->right) + 1);
  if (width <= 0 || (self->known && wide_tuning == self->wide_tuning && wide_images == self->wide_images))
    return G_SOURCE_REMOVE;
  DhView *view = dh_session_get_view (self->session);
  self->folding = TRUE;
  if (!wide_tuning)
    keep_focus (self, self->right);
  if (!wide_images)
    keep_focus (self, self->images);
  if (!self->known || wide_tuning != self->wide_tuning)
    set_flap (self->tuning_flap, wide_tuning, dh_view_get_boolean (view, "show-tuning"));
  if (!self->known || wide_images != self->wide_images)
    set_flap (self->images_flap, wide_images, dh_view_get_boolean (view, "show-images"));
  self->folding = FALSE;
  self->known = TRUE;
  self->wide_tuning = wide_tuning;
  self->wide_images = wide_images;
  return G_SOURCE_REMOVE;
}

static void
dh_browse_page_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhBrowsePage *self = DH_BROWSE_PAGE (widget);
  gtk_widget_allocate (self->images_flap, width, height, baseline, NULL);
  if (self->fold_source == 0)
    self->fold_source = g_idle_add (fold, self);
}

static gboolean
lies_over (GtkWidget *flap)
{
  return adw_flap_get_folded (ADW_FLAP (flap)) && adw_flap_get_reveal_flap (ADW_FLAP (flap));
}

/* Of two that would lie over the panes, and over each other, the last one stays. */
static void
give_way (DhBrowsePage *self, GtkWidget *flap, GtkWidget *other)
{
  if (!lies_over (flap) || !lies_over (other))
    return;
  keep_focus (self, adw_flap_get_flap (ADW_FLAP (other)));
  adw_flap_set_reveal_flap (ADW_FLAP (other), FALSE);
}

gboolean
dh_browse_page_close_panel (DhBrowsePage *self)
{
  GtkWidget *flap = lies_over (self->images_flap) ? self->images_flap : self->tuning_flap;
  if (!lies_over (flap))
    return FALSE;
  keep_focus (self, adw_flap_get_flap (ADW_FLAP (flap)));
  adw_flap_set_reveal_flap (ADW_FLAP (flap), FALSE);
  return TRUE;
}

static void
on_images_revealed (AdwFlap *flap, GParamSpec *spec, DhBrowsePage *self)
{
  give_way (self, self->images_flap, self->tuning_flap);
  if (self->known && self->wide_images && !self->folding)
    g_object_set (dh_session_get_view (self->session), "show-images", adw_flap_get_reveal_flap (flap), NULL);
}

static void
on_set (DhBrowsePage *self)
{
  if (dh_session_has_dataset (self->session))
    dh_image_panel_focus_list (DH_IMAGE_PANEL (self->images));
}

static void
show_line (DhBrowsePage *self)
{
  /* Between two runs there is no threshold of the network that would move anything. */
  DhView *view = dh_session_get_view (self->session);
  gboolean runs = dh_view_is (view, "layout", "compare") && dh_browse_comparison_side (view, 0)->map >= DH_FRAME_RUN_A
                  && dh_browse_comparison_side (view, 1)->map >= DH_FRAME_RUN_A;
  gtk_widget_set_visible (self->line, !adw_flap_get_reveal_flap (ADW_FLAP (self->tuning_flap)) && !runs
                                          && dh_session_get_model_info (self->session) != NULL);
}

static void
on_tuning_revealed (AdwFlap *flap, GParamSpec *spec, DhBrowsePage *self)
{
  give_way (self, self->tuning_flap, self->images_flap);
  show_line (self);
  if (self->known && self->wide_tuning && !self->folding)
    g_object_set (dh_session_get_view (self->session), "show-tuning", adw_flap_get_reveal_flap (flap), NULL);
}

GtkWidget *
dh_browse_page_get_flap (DhBrowsePage *self, gboolean tuning)
{
  return tuning ? self->tuning_flap : self->images_flap;
}

GtkWidget *
dh_browse_page_get_label_bar (DhBrowsePage *self)
{
  return self->labels;
}

DhCanvas *
dh_browse_page_get_canvas (DhBrowsePage *self)
{
  return DH_CANVAS (self->canvas);
}

void
dh_browse_page_set_filter (DhBrowsePage *self, const char *text)
{
  dh_image_panel_set_filter (DH_IMAGE_PANEL (self->images), text);
}

void
dh_browse_page_focus_filter (DhBrowsePage *self)
{
  adw_flap_set_reveal_flap (ADW_FLAP (self->images_flap), TRUE);
  dh_image_panel_focus_filter (DH_IMAGE_PANEL (self->images));
}

void
dh_browse_page_open_tags (DhBrowsePage *self)
{
  adw_flap_set_reveal_flap (ADW_FLAP (self->images_flap), TRUE);
  dh_image_panel_open_tags (DH_IMAGE_PANEL (self->images));
}

void
dh_browse_page_focus_threshold (DhBrowsePage *self)
{
  adw_flap_set_reveal_flap (ADW_FLAP (self->tuning_flap), TRUE);
  if (dh_view_is (dh_session_get_view (self->session), "layout", "compare"))
    dh_compare_panel_focus_field (DH_COMPARE_PANEL (self->comparison));
  else
    dh_tuning_panel_focus_field (DH_TUNING_PANEL (self->tuning));
}

void
dh_browse_page_reset_threshold (DhBrowsePage *self)
{
  if (dh_view_is (dh_session_get_view (self->session), "layout", "compare"))
    dh_compare_panel_reset (DH_COMPARE_PANEL (self->comparison));
  else
    dh_session_reset_threshold (self->session, dh_session_get_active_score (self->session));
}

void
dh_browse_page_nudge (DhBrowsePage *self, double steps)
{
  if (dh_view_is (dh_session_get_view (self->session), "layout", "compare"))
    dh_compare_panel_nudge (DH_COMPARE_PANEL (self->comparison), steps);
  else
    dh_tuning_panel_nudge (DH_TUNING_PANEL (self->tuning), steps);
}

gboolean
dh_browse_page_focus_notes (DhBrowsePage *self, gboolean note)
{
  if (dh_view_is (dh_session_get_view (self->session), "layout", "compare"))
    return FALSE;
  adw_flap_set_reveal_flap (ADW_FLAP (self->tuning_flap), TRUE);
  dh_tuning_panel_focus_notes (DH_TUNING_PANEL (self->tuning), note);
  return TRUE;
}

gboolean
dh_browse_page_step_component (DhBrowsePage *self, gint step)
{
  return dh_tuning_panel_step_component (DH_TUNING_PANEL (self->tuning), step);
}

gboolean
dh_browse_page_step_find (DhBrowsePage *self, gint step)
{
  return dh_tuning_panel_step_find (DH_TUNING_PANEL (self->tuning), step);
}

gboolean
dh_browse_page_mark_find (DhBrowsePage *self, DhFindMark mark)
{
  return dh_tuning_panel_mark_find (DH_TUNING_PANEL (self->tuning), mark);
}

void
dh_browse_page_copy_probe (DhBrowsePage *self)
{
  g_autofree char *text = dh_probe_strip_dup_text (DH_PROBE_STRIP (self->probe));
  if (text != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
}

static void
dh_browse_page_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                        int *minimum_baseline, int *natural_baseline)
{
  gtk_widget_measure (DH_BROWSE_PAGE (widget)->images_flap, orientation, for_size, minimum, natural, minimum_baseline,
                      natural_baseline);
  /* The panels fold when they no longer fit: the width must be allowed to become small. */
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = MIN (*minimum, 360);
}

static void
dh_browse_page_dispose (GObject *object)
{
  DhBrowsePage *self = DH_BROWSE_PAGE (object);
  g_clear_handle_id (&self->fold_source, g_source_remove);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_browse_page_parent_class)->dispose (object);
}

static void
dh_browse_page_class_init (DhBrowsePageClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_browse_page_dispose;
  GTK_WIDGET_CLASS (class)->measure = dh_browse_page_measure;
  GTK_WIDGET_CLASS (class)->size_allocate = dh_browse_page_size_allocate;
}

static void
dh_browse_page_init (DhBrowsePage *self)
{
}

GtkWidget *
dh_browse_page_new (DhSession *session)
{
  DhBrowsePage *self = g_object_new (DH_TYPE_BROWSE_PAGE, NULL);
  self->session = g_object_ref (session);
  GtkWidget *centre = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_widget_set_hexpand (centre, TRUE);
  self->canvas = dh_canvas_new ();
  dh_focus_add_region (self->canvas);
  self->band = dh_browse_band_new (session, DH_CANVAS (self->canvas));
  dh_focus_add_region (self->band);
  gtk_box_append (GTK_BOX (centre), self->band);
  self->labels = dh_label_bar_new (session);
  dh_focus_add_region (self->labels);
  gtk_box_append (GTK_BOX (centre), self->labels);
  gtk_widget_set_vexpand (self->canvas, TRUE);
  gtk_box_append (GTK_BOX (centre), self->canvas);
  self->line = dh_score_line_new (session);
  dh_focus_add_region (self->line);
  gtk_widget_set_visible (self->line, FALSE);
  gtk_box_append (GTK_BOX (centre), self->line);
  self->probe = dh_probe_strip_new (session);
  gtk_box_append (GTK_BOX (centre), self->probe);

  self->images = dh_image_panel_new (session);
  dh_focus_add_region (self->images);
  self->tuning = dh_tuning_panel_new (session, DH_CANVAS (self->canvas));
  self->comparison = dh_compare_panel_new (session);
  self->right = gtk_stack_new ();
  dh_focus_add_region (self->right);
  gtk_stack_add_child (GTK_STACK (self->right), self->tuning);
  gtk_stack_add_child (GTK_STACK (self->right), self->comparison);
  self->tuning_flap = adw_flap_new ();
  adw_flap_set_content (ADW_FLAP (self->tuning_flap), centre);
  adw_flap_set_flap (ADW_FLAP (self->tuning_flap), self->right);
  adw_flap_set_flap_position (ADW_FLAP (self->tuning_flap), GTK_PACK_END);
  self->images_flap = adw_flap_new ();
  adw_flap_set_content (ADW_FLAP (self->images_flap), self->tuning_flap);
  adw_flap_set_flap (ADW_FLAP (self->images_flap), self->images);
  adw_flap_set_swipe_to_open (ADW_FLAP (self->images_flap), FALSE);
  adw_flap_set_swipe_to_open (ADW_FLAP (self->tuning_flap), FALSE);
  adw_flap_set_swipe_to_close (ADW_FLAP (self->images_flap), FALSE);
  adw_flap_set_swipe_to_close (ADW_FLAP (self->tuning_flap), FALSE);
  gtk_widget_set_parent (self->images_flap, GTK_WIDGET (self));

  dh_browse_panes_connect (DH_CANVAS (self->canvas), session);
  self->label_tools = dh_label_tools_connect (DH_CANVAS (self->canvas), session);
  g_signal_connect_object (session, "labels", G_CALLBACK (keep_label_focus), self, G_CONNECT_SWAPPED);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "pane",
                                  g_object_get_data (G_OBJECT (self->canvas), "pane-actions"));
  g_signal_connect_object (self->canvas, "hover", G_CALLBACK (on_hover), self, 0);
  g_signal_connect_object (self->canvas, "pin", G_CALLBACK (on_pin), self, 0);
  g_signal_connect_object (self->images_flap, "notify::reveal-flap", G_CALLBACK (on_images_revealed), self, 0);
  g_signal_connect_object (self->tuning_flap, "notify::reveal-flap", G_CALLBACK (on_tuning_revealed), self, 0);
  g_signal_connect_object (session, "notify::dataset-title", G_CALLBACK (on_set), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "notify::model-info", G_CALLBACK (show_line), self, G_CONNECT_SWAPPED);
  DhView *view = dh_session_get_view (session);
  g_signal_connect_object (view, "notify::layout", G_CALLBACK (show_layout), self, G_CONNECT_SWAPPED);
  static const char *const of_line[] = { "notify::layout", "notify::compare-a", "notify::compare-b" };
  for (guint i = 0; i < G_N_ELEMENTS (of_line); i++)
    g_signal_connect_object (view, of_line[i], G_CALLBACK (show_line), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}
