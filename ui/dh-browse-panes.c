#include "dh-browse-panes.h"
#include <math.h>
#include <string.h>
#include "dh-number.h"
#include "dh-widgets.h"

/* What a pane can show, by the name in the setting "panes". */
typedef struct
{
  const char *name, *title, *formula;
  DhPaneKind kind;
  gint map; /* DhFrameMap; −1 */
} Content;

static const Content contents[] = {
  { "image", N_ ("Image"), NULL, DH_PANE_IMAGE, -1 },
  { "segmentation", N_ ("Segmentation"), NULL, DH_PANE_SEGMENTATION, DH_FRAME_SEGMENTATION },
  { "likelihood", N_ ("Likelihood"), "ln p̂(x)", DH_PANE_MAP, DH_FRAME_LIKELIHOOD },
  { "dataset_posterior", N_ ("Dataset posterior"), "P(d_in | x)", DH_PANE_MAP, DH_FRAME_DATASET_POSTERIOR },
  { "hybrid", N_ ("Hybrid score"), "−ln p̂ + ln P(d_out)", DH_PANE_MAP, DH_FRAME_HYBRID },
  { "max_softmax", N_ ("Max softmax"), "1 − max p(y|x)", DH_PANE_MAP, DH_FRAME_MAX_SOFTMAX },
  { "max_logit", N_ ("Max logit"), "−max f", DH_PANE_MAP, DH_FRAME_MAX_LOGIT },
  { "entropy", N_ ("Entropy"), "H(p(y|x))", DH_PANE_MAP, DH_FRAME_ENTROPY },
  { "truth", N_ ("Ground truth"), NULL, DH_PANE_TRUTH, -1 },
  { "classes", N_ ("True classes"), NULL, DH_PANE_CLASSES, -1 },
};

typedef struct
{
  DhCanvas *canvas;
  DhSession *session;
  DhView *view;
  GSimpleActionGroup *actions;
  const Content *shown[DH_CANVAS_MAX_PANES];
  guint n_shown;
  DhFrame *frame; /* what the canvas holds */
  double fraction, seconds;
  char *layer;
  gboolean computing;
} Panes;

static const Content *
find_content (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    if (g_str_equal (contents[i].name, name))
      return &contents[i];
  return NULL;
}

static guint
palette_of (DhView *view)
{
  const char *palette = dh_view_get_string (view, "palette");
  return g_str_equal (palette, "authors") ? 1 : g_str_equal (palette, "safe") ? 2 : 0;
}

static gint
score_of (gint map)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    if ((gint)dh_score_map (i) == map)
      return (gint)i;
  return -1;
}

static void
show_scale (Panes *self, gint map)
{
  DhScale scale = DH_SCALE_INIT;
  dh_color_map_from_name (dh_view_get_string (self->view, "colors"), &scale.map);
  dh_session_get_range (self->session, (DhFrameMap)map, dh_view_get_boolean (self->view, "this-image"), &scale.low,
                        &scale.high);
  gint score = score_of (map);
  gboolean low_is_anomalous = map == DH_FRAME_LIKELIHOOD || map == DH_FRAME_DATASET_POSTERIOR;
  scale.reversed = low_is_anomalous && dh_view_get_boolean (self->view, "bright");
  scale.flag_below = low_is_anomalous;
  if (score >= 0)
    scale.threshold = dh_session_get_threshold (self->session, (DhScore)score)->value;
  dh_canvas_set_scale (self->canvas, (guint)map, &scale);
  dh_canvas_set_outline (self->canvas, (guint)map, dh_view_get_boolean (self->view, "outline"));
}

static void
show_scales (Panes *self)
{
  for (gint map = DH_FRAME_LIKELIHOOD; map < DH_N_FRAME_MAPS; map++)
    show_scale (self, map);
}

static void
show_palette (Panes *self)
{
  guint8 rgb[256 * 3];
  for (guint i = 0; i < 256; i++)
    dh_session_get_class_color (self->session, palette_of (self->view), i, rgb + 3 * i);
  dh_canvas_set_palette (self->canvas, rgb, 256);
}

static void
show_overlay (Panes *self)
{
  const char *name = dh_view_get_string (self->view, "overlay");
  DhOverlay overlay = g_str_equal (name, "mask")      ? DH_OVERLAY_MASK
                      : g_str_equal (name, "outcome") ? DH_OVERLAY_OUTCOME
                      : g_str_equal (name, "classes") ? DH_OVERLAY_CLASSES
                                                      : DH_OVERLAY_NONE;
  dh_canvas_set_overlay (self->canvas, overlay, dh_view_get_opacity (self->view),
                         dh_view_get_boolean (self->view, "fill"));
  dh_canvas_set_active_map (self->canvas, dh_score_map (dh_session_get_active_score (self->session)));
  dh_canvas_set_layout (self->canvas, g_str_equal (dh_view_get_string (self->view, "layout"), "single")
                                          ? DH_CANVAS_SINGLE
                                          : DH_CANVAS_GRID);
}

/* The classes that take most of the picture. */
static guint
common_classes (DhFrame *frame, guint8 *ids, guint room)
{
  guint counts[256] = { 0 };
  gsize n;
  const guint8 *map = g_bytes_get_data (frame->maps[DH_FRAME_SEGMENTATION], &n);
  gsize step = MAX (1, n / 20000);
  for (gsize i = 0; i < n; i += step)
    counts[map[i]]++;
  guint found = 0;
  for (; found < room; found++)
    {
      guint best = 0;
      for (guint i = 1; i < 256; i++)
        if (counts[i] > counts[best])
          best = i;
      if (counts[best] == 0)
        break;
      ids[found] = (guint8)best;
      counts[best] = 0;
    }
  return found;
}

static void
show_segmentation_legend (Panes *self, DhPane *pane)
{
  guint8 ids[3];
  guint n = dh_frame_has_map (self->frame, DH_FRAME_SEGMENTATION) ? common_classes (self->frame, ids, 3) : 0;
  DhLegendEntry entries[3];
  char *names[3] = { NULL };
  for (guint i = 0; i < n; i++)
    {
      guint8 rgb[3];
      dh_session_get_class_color (self->session, palette_of (self->view), ids[i], rgb);
      const char *name = dh_session_get_class_name (self->session, ids[i]);
      names[i] = name != NULL ? g_strdup (name) : g_strdup_printf (_ ("class %u"), ids[i]);
      entries[i] = (DhLegendEntry){ (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2], names[i], FALSE };
    }
  dh_pane_set_legend (pane, entries, n);
  for (guint i = 0; i < n; i++)
    g_free (names[i]);
}

static void
show_legend (Panes *self, guint index)
{
  DhPane *pane = dh_canvas_get_pane (self->canvas, index);
  const Content *content = self->shown[index];
  static const DhLegendEntry truth[] = { { DH_COLOR_FN, N_ ("anomaly"), FALSE }, { 0x9a9a9a, N_ ("void"), TRUE } };
  static const DhLegendEntry outcome[] = { { DH_COLOR_TP, "TP", FALSE },
                                           { DH_COLOR_FP, "FP", FALSE },
                                           { DH_COLOR_FN, "FN", TRUE } };
  if (content->kind == DH_PANE_SEGMENTATION)
    show_segmentation_legend (self, pane);
  else if (content->kind == DH_PANE_TRUTH)
    {
      DhLegendEntry entries[] = { truth[0], truth[1] };
      entries[0].text = _ (truth[0].text);
      entries[1].text = _ (truth[1].text);
      dh_pane_set_legend (pane, entries, self->frame != NULL && self->frame->truth != NULL ? 2 : 0);
    }
  else if (content->kind == DH_PANE_IMAGE)
    {
      const char *overlay = dh_view_get_string (self->view, "overlay");
      gboolean maps = dh_frame_has_map (self->frame, dh_score_map (dh_session_get_active_score (self->session)));
      gboolean judged = maps && self->frame->truth != NULL && g_str_equal (overlay, "outcome");
      gboolean flagged = maps && !judged && (g_str_equal (overlay, "outcome") || g_str_equal (overlay, "mask"));
      const DhLegendEntry mask = { DH_COLOR_TP, _ ("flagged"), FALSE };
      if (flagged)
        dh_pane_set_legend (pane, &mask, 1);
      else
        dh_pane_set_legend (pane, outcome, judged ? G_N_ELEMENTS (outcome) : 0);
    }
}

static void
add_button (GtkWidget *box, const char *label, const char *action)
{
  GtkWidget *button = gtk_button_new_with_label (label);
  gtk_widget_set_halign (button, GTK_ALIGN_CENTER);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_box_append (GTK_BOX (box), button);
}

/* Words in place of a picture that is not there. */
static void
show_message (Panes *self, guint index)
{
  DhPane *pane = dh_canvas_get_pane (self->canvas, index);
  const Content *content = self->shown[index];
  const char *error = dh_session_get_frame_error (self->session);
  DhFrame *frame = self->frame;
  GtkWidget *box;
  if (content->kind == DH_PANE_IMAGE && frame == NULL && error != NULL)
    {
      box = dh_pane_show_message (pane, "dialog-warning-symbolic", "dh-err", _ ("This picture cannot be shown"), error);
      add_button (box, _ ("Try again"), "win.retry");
      return;
    }
  if (content->kind == DH_PANE_TRUTH && frame != NULL && frame->truth == NULL)
    {
      dh_pane_show_message (pane, "dialog-warning-symbolic", frame->truth_error != NULL ? "dh-warn" : NULL,
                            frame->truth_error != NULL ? _ ("The label cannot be used") : _ ("No anomaly label"),
                            frame->truth_error != NULL
                                ? frame->truth_error
                                : _ ("It is left out of every metric, and has maps all the same"));
      return;
    }
  if (content->kind == DH_PANE_CLASSES && frame != NULL && frame->classes == NULL)
    {
      dh_pane_show_message (pane, "dialog-information-symbolic", NULL, _ ("No class labels"), NULL);
      return;
    }
  if (content->map < 0 || dh_frame_has_map (frame, (DhFrameMap)content->map) || frame == NULL)
    {
      dh_pane_set_message (pane, NULL);
      return;
    }
  if (dh_session_is_loading (self->session))
    dh_pane_show_message (pane, NULL, NULL, _ ("Loading weights…"), NULL);
  else if (dh_session_get_model_info (self->session) == NULL)
    {
      box = dh_pane_show_message (pane, "dh-chip-symbolic", NULL, _ ("No weights"), _ ("A network makes this map"));
      add_button (box, _ ("Choose weights…"), "win.open-weights");
    }
  else if (!dh_session_has_map (self->session, (DhFrameMap)content->map))
    dh_pane_show_message (pane, "dialog-information-symbolic", NULL, _ ("No outlier head"),
                          _ ("These weights are of a closed-set network; it has likelihood, max softmax, max logit and "
                             "entropy"));
  else if (error != NULL)
    {
      box = dh_pane_show_message (pane, "dialog-warning-symbolic", "dh-err", _ ("It could not be computed"), error);
      add_button (box, _ ("Try again"), "win.retry");
    }
  else
    {
      g_autofree char *text = NULL;
      if (self->computing)
        {
          double left = self->fraction > 0.02 ? self->seconds / self->fraction - self->seconds : NAN;
          text = isnan (left) ? g_strdup (self->layer)
                              : g_strdup_printf (_ ("%s · about %.0f s left"), self->layer, ceil (left));
        }
      dh_pane_show_message (pane, NULL, NULL, self->computing ? _ ("Computing…") : _ ("Waiting…"), text);
    }
}

static void
show_pane_states (Panes *self)
{
  for (guint i = 0; i < self->n_shown; i++)
    {
      show_message (self, i);
      show_legend (self, i);
    }
}

/* Rows of the frame's arrays have no padding. */
static void
show_frame (Panes *self)
{
  DhFrame *frame = dh_session_get_frame (self->session);
  DhCanvas *canvas = self->canvas;
  if (frame != self->frame)
    {
      self->computing = FALSE;
      DhFrame *before = self->frame;
      self->frame = frame != NULL ? dh_frame_ref (frame) : NULL;
      if (frame == NULL)
        dh_canvas_clear (canvas);
      else
        {
          guint width = frame->width, height = frame->height;
          dh_canvas_set_image (canvas, frame->image, width, height, (gsize)3 * width, 3);
          dh_canvas_set_truth (canvas, frame->truth, width, height, width);
          dh_canvas_set_classes (canvas, frame->classes, width, height, width);
          dh_canvas_set_segmentation (canvas, frame->maps[DH_FRAME_SEGMENTATION], width, height, width);
          for (guint map = DH_FRAME_LIKELIHOOD; map < DH_N_FRAME_MAPS; map++)
            dh_canvas_set_map (canvas, map, frame->maps[map], width, height, sizeof (float) * width);
        }
      g_clear_pointer (&before, dh_frame_unref);
    }
  show_pane_states (self);
}

static void
on_progress (Panes *self, double fraction, double seconds, const char *layer)
{
  self->computing = TRUE;
  self->fraction = fraction;
  self->seconds = seconds;
  g_free (self->layer);
  self->layer = g_strdup (layer);
  for (guint i = 0; i < self->n_shown; i++)
    if (self->shown[i]->map >= 0)
      show_message (self, i);
}

static GMenuModel *
make_pane_menu (Panes *self, guint index)
{
  const Content *content = self->shown[index];
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) choices = g_menu_new ();
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autofree char *action = g_strdup_printf ("pane.content%u::%s", index, contents[i].name);
      g_menu_append (choices, _ (contents[i].title), action);
    }
  g_menu_append_section (menu, NULL, G_MENU_MODEL (choices));
  if (content->kind == DH_PANE_MAP)
    {
      g_autoptr (GMenu) section = g_menu_new ();
      g_autoptr (GMenu) colors = g_menu_new ();
      static const char *const names[] = { "viridis", "magma", "turbo", "grey", "diverging" };
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        {
          g_autofree char *action = g_strconcat ("view.colors::", names[i], NULL);
          g_menu_append (colors, i == 4 ? _ ("diverging about τ") : names[i], action);
        }
      g_menu_append_submenu (section, _ ("Colours"), G_MENU_MODEL (colors));
      g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
      dh_ui_menu_section (menu, NULL, _ ("Range of this image alone"), "view.this-image", _ ("Bright = anomalous"),
                          "view.bright", _ ("Threshold outline"), "view.outline", _ ("Colour bar"), "view.color-bar",
                          NULL);
    }
  g_autofree char *save = g_strdup_printf ("pane.save(%u)", index);
  g_autofree char *close = g_strdup_printf ("pane.close(%u)", index);
  dh_ui_menu_section (menu, NULL, _ ("Save picture…"), save, _ ("Close pane"), close, NULL);
  return G_MENU_MODEL (menu);
}

static void
set_content_state (Panes *self, guint index, const char *name)
{
  g_autofree char *id = g_strdup_printf ("content%u", index);
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), id);
  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_string (name));
}

static gboolean
is_there (Panes *self, const Content *content)
{
  gboolean open = dh_session_has_dataset (self->session);
  if (content->kind == DH_PANE_TRUTH)
    return !open || dh_session_has_anomaly_labels (self->session);
  if (content->kind == DH_PANE_CLASSES)
    return !open || dh_session_has_class_labels (self->session);
  return TRUE;
}

static void
show_panes (Panes *self)
{
  g_auto (GStrv) names = g_strsplit (dh_view_get_string (self->view, "panes"), ",", -1);
  DhPaneSpec specs[DH_CANVAS_MAX_PANES];
  self->n_shown = 0;
  for (guint i = 0; names[i] != NULL && self->n_shown < DH_CANVAS_MAX_PANES; i++)
    {
      const Content *content = find_content (names[i]);
      if (content == NULL || !is_there (self, content))
        continue;
      specs[self->n_shown] = (DhPaneSpec){ content->kind, content->kind == DH_PANE_MAP ? (guint)content->map : 0 };
      self->shown[self->n_shown++] = content;
    }
  if (self->n_shown == 0)
    {
      specs[0] = (DhPaneSpec){ DH_PANE_IMAGE, 0 };
      self->shown[self->n_shown++] = &contents[0];
    }
  dh_canvas_set_panes (self->canvas, specs, self->n_shown);
  for (guint i = 0; i < self->n_shown; i++)
    {
      DhPane *pane = dh_canvas_get_pane (self->canvas, i);
      g_autoptr (GMenuModel) menu = make_pane_menu (self, i);
      dh_pane_set_title (pane, _ (self->shown[i]->title));
      dh_pane_set_formula (pane, self->shown[i]->formula);
      dh_pane_set_menu (pane, menu);
      dh_pane_set_show_color_bar (pane,
                                  self->shown[i]->kind == DH_PANE_MAP && dh_view_get_boolean (self->view, "color-bar"));
      set_content_state (self, i, self->shown[i]->name);
      if (self->shown[i]->map >= 0)
        dh_session_want_map (self->session, (DhFrameMap)self->shown[i]->map);
    }
  show_pane_states (self);
}

static void
save_panes (Panes *self, const Content *const *shown, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", shown[i]->name);
  g_object_set (self->view, "panes", text->str, NULL);
}

static void
change_content (GSimpleAction *action, GVariant *value, gpointer data)
{
  Panes *self = data;
  guint index = (guint)g_ascii_strtoull (g_action_get_name (G_ACTION (action)) + strlen ("content"), NULL, 10);
  const Content *content = find_content (g_variant_get_string (value, NULL));
  if (index >= self->n_shown || content == NULL)
    return;
  self->shown[index] = content;
  save_panes (self, self->shown, self->n_shown);
}

static void
close_pane (GSimpleAction *action, GVariant *value, gpointer data)
{
  Panes *self = data;
  guint index = (guint)g_variant_get_int32 (value);
  if (index >= self->n_shown || self->n_shown == 1)
    return;
  for (guint i = index; i + 1 < self->n_shown; i++)
    self->shown[i] = self->shown[i + 1];
  save_panes (self, self->shown, self->n_shown - 1);
}

static void
add_pane (GSimpleAction *action, GVariant *value, gpointer data)
{
  Panes *self = data;
  const Content *content = find_content (g_variant_get_string (value, NULL));
  if (content == NULL || self->n_shown >= DH_CANVAS_MAX_PANES)
    return;
  self->shown[self->n_shown] = content;
  save_panes (self, self->shown, self->n_shown + 1);
}

static void
usual_panes (GSimpleAction *action, GVariant *value, gpointer data)
{
  Panes *self = data;
  g_object_set (self->view, "panes", "image,segmentation,likelihood,dataset_posterior,hybrid,truth", NULL);
}

static void
picture_chosen (GtkNativeDialog *dialog, int response, gpointer data)
{
  Panes *self = data;
  if (response == GTK_RESPONSE_ACCEPT)
    {
      int index = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (dialog), "index"));
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
      g_autoptr (GError) error = NULL;
      if (path != NULL && !dh_canvas_save_png (self->canvas, index, path, &error))
        g_signal_emit_by_name (self->session, "error", _ ("The picture could not be saved"), error->message);
    }
  g_object_unref (dialog);
}

static void
save_pane (GSimpleAction *action, GVariant *value, gpointer data)
{
  Panes *self = data;
  DhImageItem *item = dh_session_get_current (self->session);
  gint index = g_variant_get_int32 (value);
  if (item == NULL || index < 0 || (guint)index >= self->n_shown)
    return;
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self->canvas)));
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Save picture"), window, GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Save"), NULL);
  g_autofree char *name = g_strdup_printf ("%s_%s.png", dh_image_item_get_name (item), self->shown[index]->name);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  g_object_set_data (G_OBJECT (dialog), "index", GINT_TO_POINTER (index));
  g_signal_connect (dialog, "response", G_CALLBACK (picture_chosen), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
on_threshold (Panes *self, guint score)
{
  dh_canvas_set_threshold (self->canvas, dh_score_map (score), dh_session_get_threshold (self->session, score)->value);
}

static void
on_view (Panes *self, GParamSpec *spec)
{
  static const char *const of_scales[] = { "colors", "this-image", "bright", "outline", NULL };
  if (g_strv_contains (of_scales, spec->name))
    show_scales (self);
  else if (g_str_equal (spec->name, "panes") || g_str_equal (spec->name, "color-bar"))
    show_panes (self);
  else if (g_str_equal (spec->name, "palette"))
    show_palette (self);
  else
    show_overlay (self);
  show_pane_states (self);
}

static void
on_active (Panes *self)
{
  show_overlay (self);
  show_pane_states (self);
}

/* Other weights or another set: other classes, other panes. */
static void
on_context (Panes *self)
{
  show_palette (self);
  show_scales (self);
  show_panes (self);
}

static void
on_stats (Panes *self)
{
  if (dh_view_get_boolean (self->view, "this-image"))
    show_scales (self);
}

static void
panes_free (gpointer data, GClosure *closure)
{
  Panes *self = data;
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_signal_handlers_disconnect_by_data (self->view, self);
  g_clear_pointer (&self->frame, dh_frame_unref);
  g_object_unref (self->actions);
  g_object_unref (self->session);
  g_object_unref (self->view);
  g_free (self->layer);
  g_free (self);
}

static void
on_destroy (DhCanvas *canvas, gpointer data)
{
}

void
dh_browse_panes_connect (DhCanvas *canvas, DhSession *session)
{
  Panes *self = g_new0 (Panes, 1);
  self->canvas = canvas;
  self->session = g_object_ref (session);
  self->view = g_object_ref (dh_session_get_view (session));
  self->actions = g_simple_action_group_new ();
  for (guint i = 0; i < DH_CANVAS_MAX_PANES; i++)
    {
      g_autofree char *name = g_strdup_printf ("content%u", i);
      g_autoptr (GSimpleAction) action =
          g_simple_action_new_stateful (name, G_VARIANT_TYPE_STRING, g_variant_new_string ("image"));
      g_signal_connect (action, "change-state", G_CALLBACK (change_content), self);
      g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
    }
  const GActionEntry entries[] = {
    { "close", close_pane, "i", NULL, NULL },
    { "save", save_pane, "i", NULL, NULL },
    { "add", add_pane, "s", NULL, NULL },
    { "usual", usual_panes, NULL, NULL, NULL },
  };
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (canvas), "pane", G_ACTION_GROUP (self->actions));
  g_object_set_data (G_OBJECT (canvas), "pane-actions", self->actions);
  g_signal_connect_swapped (session, "threshold", G_CALLBACK (on_threshold), self);
  g_signal_connect_swapped (session, "ranges", G_CALLBACK (show_scales), self);
  g_signal_connect_swapped (session, "progress", G_CALLBACK (on_progress), self);
  g_signal_connect_swapped (session, "notify::frame", G_CALLBACK (show_frame), self);
  g_signal_connect_swapped (session, "notify::stats", G_CALLBACK (on_stats), self);
  g_signal_connect_swapped (session, "notify::active-score", G_CALLBACK (on_active), self);
  g_signal_connect_swapped (session, "notify::model-info", G_CALLBACK (on_context), self);
  g_signal_connect_swapped (session, "notify::dataset-title", G_CALLBACK (on_context), self);
  g_signal_connect_swapped (session, "notify::loading", G_CALLBACK (show_pane_states), self);
  g_signal_connect_swapped (self->view, "notify", G_CALLBACK (on_view), self);
  g_signal_connect_data (canvas, "destroy", G_CALLBACK (on_destroy), self, panes_free, 0);
  on_context (self);
  show_overlay (self);
  show_frame (self);
}

GMenuModel *
dh_browse_panes_new_menu (void)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) add = g_menu_new ();
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autofree char *action = g_strconcat ("pane.add::", contents[i].name, NULL);
      g_menu_append (add, _ (contents[i].title), action);
    }
  g_menu_append_section (menu, _ ("Add a pane"), G_MENU_MODEL (add));
  dh_ui_menu_section (menu, NULL, _ ("The usual panes"), "pane.usual", NULL);
  return G_MENU_MODEL (menu);
}
