#include "dh-browse-panes-private.h"
#include <inttypes.h>
#include <string.h>
#include "dh-run-list.h"
#include "dh-run-map.h"
#include "dh-set-seen.h"

/* In a menu; all of them are on the page of runs. */
#define MOST_RUNS 12

const DhPaneContent dh_pane_contents[] = {
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

const guint dh_n_pane_contents = G_N_ELEMENTS (dh_pane_contents);

const DhPaneContent *
dh_pane_content_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (dh_pane_contents); i++)
    if (g_str_equal (dh_pane_contents[i].name, name))
      return &dh_pane_contents[i];
  return NULL;
}

/* What is chosen in a pane's menu; NULL: nothing, of those that go along with a comparison. */
static char *
dup_choosing_action (DhBrowsePanes *self, guint index)
{
  if (!self->comparing)
    return g_strdup_printf ("pane.content%u", index);
  return g_strdup ((gint)index == self->sides[0]   ? "view.compare-a"
                   : (gint)index == self->sides[1] ? "view.compare-b"
                                                   : NULL);
}

/* Finished runs of the open set, the newest first, as sides of a comparison. */
static void
append_runs (DhBrowsePanes *self, GMenu *menu, const char *choose)
{
  g_autoptr (GMenu) section = g_menu_new ();
  GListModel *runs = dh_session_get_runs (self->session);
  guint n = 0;
  for (guint i = 0; i < g_list_model_get_n_items (runs) && n < MOST_RUNS; i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
      const DhRun *run = dh_run_item_get (item);
      const DhPaneContent *content = run->score != NULL ? dh_pane_content_find (run->score) : NULL;
      if ((content == NULL && !run->imported) || !dh_session_can_compare_run (self->session, run))
        continue;
      const char *model = run->model != NULL ? run->model : "—";
      g_autofree char *text =
          content != NULL ? g_strdup_printf (_ ("Run %" PRId64 " · %s · %s"), run->id, model, _ (content->title))
                          : g_strdup_printf (_ ("Run %" PRId64 " · %s"), run->id, model);
      g_autofree char *action = g_strdup_printf ("%s::run:%" G_GINT64_FORMAT, choose, run->id);
      g_autofree char *seen = dh_session_dup_name_seen (self->session, text, dh_run_get_seen (run));
      dh_ui_menu_append_name (section, seen, action);
      n++;
    }
  if (n > 0)
    g_menu_append_submenu (menu, _ ("O_f other runs"), G_MENU_MODEL (section));
}

GMenuModel *
dh_browse_panes_new_pane_menu (DhBrowsePanes *self, guint index)
{
  const DhPaneContent *content = self->shown[index];
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) choices = g_menu_new ();
  g_autofree char *choose = dup_choosing_action (self, index);
  for (guint i = 0; i < G_N_ELEMENTS (dh_pane_contents) && choose != NULL; i++)
    {
      g_autofree char *action = g_strconcat (choose, "::", dh_pane_contents[i].name, NULL);
      g_menu_append (choices, _ (dh_pane_contents[i].title), action);
    }
  if (self->comparing && choose != NULL)
    append_runs (self, choices, choose);
  g_menu_append_section (menu, NULL, G_MENU_MODEL (choices));
  if (content->kind == DH_PANE_MAP)
    {
      g_autoptr (GMenu) section = g_menu_new ();
      g_autoptr (GMenu) colors = g_menu_new ();
      /* An item without an action is insensitive. */
      gboolean free = choose == NULL || !dh_browse_comparison_is_aligned (self, content);
      static const char *const names[] = { "viridis", "magma", "turbo", "grey", "diverging" };
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        {
          g_autofree char *action = g_strconcat (free ? "view.colors::" : "pane.none::", names[i], NULL);
          g_menu_append (colors, i == 4 ? _ ("diverging about τ") : names[i], action);
        }
      g_menu_append_submenu (section, _ ("_Colours"), G_MENU_MODEL (colors));
      g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
      dh_ui_menu_section (menu, free ? NULL : _ ("Aligned at τ: blue, white, orange"), _ ("_Range of this image alone"),
                          free ? "view.this-image" : "pane.none", _ ("_Bright = anomalous"),
                          free ? "view.bright" : "pane.none", _ ("Threshold _outline"), "view.outline",
                          _ ("Colour b_ar"), "view.color-bar", NULL);
    }
  if (content->kind == DH_PANE_MAP || content->kind == DH_PANE_IMAGE)
    dh_browse_kept_append_menu (self, menu, self->comparing ? choose : NULL);
  if (content->kind == DH_PANE_SEGMENTATION || content->kind == DH_PANE_CLASSES)
    dh_ui_menu_section (menu, NULL, _ ("C_lasses shown…"), "win.classes", NULL);
  g_autoptr (GMenu) files = g_menu_new ();
  g_autoptr (GMenu) section = g_menu_new ();
  dh_ui_menu_section (files, NULL, _ ("_Open the image"), "win.open-image-file", _ ("Open its _label"),
                      "win.open-label-file", NULL);
  dh_ui_menu_section (files, NULL, _ ("Copy the _image’s path"), "win.copy-image-file", _ ("Copy the label’s _path"),
                      "win.copy-label-file", NULL);
  g_menu_append_submenu (section, _ ("_Files"), G_MENU_MODEL (files));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
  g_autofree char *save = g_strdup_printf ("pane.save(%u)", index);
  g_autofree char *close = g_strdup_printf ("pane.close(%u)", index);
  if (self->comparing)
    dh_ui_menu_section (menu, NULL, _ ("Copy what the _probe reads"), "win.copy-probe", _ ("_Save image…"), save, NULL);
  else
    dh_ui_menu_section (menu, NULL, _ ("Copy what the _probe reads"), "win.copy-probe", _ ("_Save image…"), save,
                        _ ("Close pa_ne"), close, NULL);
  return G_MENU_MODEL (menu);
}

static void
save_panes (DhBrowsePanes *self, const DhPaneContent *const *shown, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", shown[i]->name);
  g_object_set (self->view, "panes", text->str, NULL);
}

static void
change_content (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhBrowsePanes *self = data;
  guint index = (guint)g_ascii_strtoull (g_action_get_name (G_ACTION (action)) + strlen ("content"), NULL, 10);
  const DhPaneContent *content = dh_pane_content_find (g_variant_get_string (value, NULL));
  if (index >= self->n_shown || content == NULL)
    return;
  self->shown[index] = content;
  save_panes (self, self->shown, self->n_shown);
}

static void
close_pane (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhBrowsePanes *self = data;
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
  DhBrowsePanes *self = data;
  const DhPaneContent *content = dh_pane_content_find (g_variant_get_string (value, NULL));
  if (content == NULL || self->n_shown >= DH_CANVAS_MAX_PANES)
    return;
  self->shown[self->n_shown] = content;
  save_panes (self, self->shown, self->n_shown + 1);
}

static void
usual_panes (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhBrowsePanes *self = data;
  g_object_set (self->view, "panes", "image,segmentation,likelihood,dataset_posterior,hybrid,truth", NULL);
}

static void
picture_chosen (GtkNativeDialog *dialog, int response, gpointer data)
{
  DhBrowsePanes *self = data;
  if (response == GTK_RESPONSE_ACCEPT)
    {
      int index = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (dialog), "index"));
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
      g_autoptr (GError) error = NULL;
      if (path != NULL && !dh_canvas_save_png (self->canvas, index, path, &error))
        g_signal_emit_by_name (self->session, "error", _ ("The image could not be saved"), error->message);
      else if (path != NULL)
        dh_ui_say_saved (self->session, path);
    }
  g_object_unref (dialog);
}

static void
save_pane (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhBrowsePanes *self = data;
  DhImageItem *item = dh_session_get_current (self->session);
  gint index = g_variant_get_int32 (value);
  if (item == NULL || index < 0 || (guint)index >= self->n_shown)
    return;
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self->canvas)));
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Save image"), window, GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Save"), NULL);
  g_autofree char *name = g_strdup_printf ("%s_%s.png", dh_image_item_get_name (item), self->shown[index]->name);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  g_object_set_data (G_OBJECT (dialog), "index", GINT_TO_POINTER (index));
  g_signal_connect (dialog, "response", G_CALLBACK (picture_chosen), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

GMenuModel *
dh_browse_panes_new_menu (void)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) add = g_menu_new ();
  for (guint i = 0; i < G_N_ELEMENTS (dh_pane_contents); i++)
    {
      g_autofree char *action = g_strconcat ("pane.add::", dh_pane_contents[i].name, NULL);
      g_menu_append (add, _ (dh_pane_contents[i].title), action);
    }
  g_menu_append_section (menu, _ ("Add a pane"), G_MENU_MODEL (add));
  dh_ui_menu_section (menu, NULL, _ ("The _usual panes"), "pane.usual", NULL);
  return G_MENU_MODEL (menu);
}

void
dh_browse_panes_add_actions (DhBrowsePanes *self)
{
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
  dh_browse_comparison_add_actions (self);
  dh_browse_kept_add_actions (self);
}
