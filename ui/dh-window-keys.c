#include "dh-keys-window.h"
#include "dh-window-private.h"

typedef struct
{
  const char *keys;   /* accelerators, separated by spaces; NULL: a new group begins */
  const char *title;  /* of the key or of the group */
  const char *action; /* a detailed name; NULL: a widget's own key, only told of */
  const char *told;   /* how the list of keys names it; NULL: by `keys` */
} Key;

/* Keys with a modifier go everywhere; single ones only while nothing is being typed. */
static const Key keys[] = {
  { NULL, N_ ("Images"), NULL },
  { "Left", N_ ("Previous image"), "win.step(-1)" },
  { "Right", N_ ("Next image"), "win.step(1)" },
  { "F5", N_ ("Play the images one after another, or stop"), "win.play" },
  { "<Control>f", N_ ("Filter images, a log, or runs"), "win.filter" },
  { "<Control>t", N_ ("Tag this image"), "win.note(false)" },
  { "<Control><Shift>t", N_ ("Tag all images shown"), "win.tag-shown" },
  { "F2", N_ ("Write a note about it"), "win.note(true)" },
  { NULL, N_ ("Panes"), NULL },
  { "g", N_ ("All panes"), "view.layout::grid" },
  { "space", N_ ("One pane large"), "win.single" },
  { "0", N_ ("Fit"), "win.fit" },
  { "1", N_ ("100 %"), "win.zoom-one" },
  { "plus KP_Add", N_ ("Zoom in"), "win.zoom-in", "plus" },
  { "minus KP_Subtract", N_ ("Zoom out"), "win.zoom-out", "minus" },
  { "l", N_ ("Link or part the panes"), "win.link" },
  { "p", N_ ("Pin the probe, or free it"), "win.pin" },
  { "<Control><Shift>k", N_ ("Copy what the probe reads"), "win.copy-probe" },
  { NULL, N_ ("Comparison"), NULL },
  { "c", N_ ("Compare two maps"), "win.compare" },
  { "b", N_ ("Blink between A and B"), "win.blink" },
  { "x", N_ ("Swap A and B"), "win.swap" },
  { "Home", N_ ("The line of a swipe to its edge; arrows move it"), NULL },
  { "k", N_ ("Keep map and threshold as B"), "win.keep" },
  { "Escape", N_ ("Free the probe, then let go of what is kept"), "win.release" },
  { NULL, N_ ("Overlay"), NULL },
  { "o", N_ ("Next overlay"), "win.next-overlay" },
  { "<Shift>o", N_ ("Filled or outlines"), "view.fill" },
  { "<Shift>c", N_ ("Classes shown"), "win.classes" },
  { "bracketleft", N_ ("Less opaque"), "win.opacity(-1)" },
  { "bracketright", N_ ("More opaque"), "win.opacity(1)" },
  { NULL, N_ ("Labels of your own images"), NULL },
  { "<Control>l", N_ ("Draw masks, or draw no more"), "win.label" },
  { "e", N_ ("Take the object under a click"), "win.label-tool::object" },
  { "d", N_ ("Polygon"), "win.label-tool::polygon" },
  { "r", N_ ("Brush; [ and ] make it smaller and larger"), "win.label-tool::brush" },
  { "a", N_ ("Anomaly"), "win.label-value::anomaly" },
  { "i", N_ ("Inlier: erase"), "win.label-value::inlier" },
  { "v", N_ ("Ignored"), "win.label-value::ignore" },
  { "Return KP_Enter", N_ ("Close the polygon"), "win.close-polygon", "Return" },
  { "BackSpace", N_ ("Take its last corner back; Escape drops it"), "win.drop-corner" },
  { "<Control>s", N_ ("Write the mask"), "win.save-labels" },
  { NULL, N_ ("Threshold"), NULL },
  { "<Alt>1", N_ ("Hybrid score"), "win.active-score::hybrid" },
  { "<Alt>2", N_ ("Likelihood"), "win.active-score::likelihood" },
  { "<Alt>3", N_ ("Dataset posterior"), "win.active-score::dataset_posterior" },
  { "t", N_ ("Type a threshold"), "win.threshold-field" },
  { "comma", N_ ("A little lower"), "win.nudge(-1)" },
  { "period", N_ ("A little higher"), "win.nudge(1)" },
  /* What Shift makes of these two keys depends on the keyboard. */
  { "less <Shift>less semicolon <Shift>semicolon", N_ ("Lower"), "win.nudge(-10)", "<Shift>comma" },
  { "greater <Shift>greater colon <Shift>colon", N_ ("Higher"), "win.nudge(10)", "<Shift>period" },
  { "<Control>r", N_ ("Back to the record"), "win.reset-active" },
  { "<Control>z", N_ ("Undo"), "win.undo" },
  { "<Control><Shift>z", N_ ("Redo"), "win.redo" },
  { NULL, N_ ("Objects"), NULL },
  { "n", N_ ("Next missed, false or found object"), "win.component(1)" },
  { "<Shift>n", N_ ("The one before"), "win.component(-1)" },
  { NULL, N_ ("Finds in all images"), NULL },
  { "f", N_ ("Next find"), "win.find(1)" },
  { "<Shift>f", N_ ("The find before"), "win.find(-1)" },
  { "y", N_ ("It is real, or take that back"), "win.mark-find::real" },
  { "w", N_ ("It is a false alarm, or take that back"), "win.mark-find::false" },
  { NULL, N_ ("Window"), NULL },
  { "<Control>1", N_ ("Browse"), "win.page::browse" },
  { "<Control>2", N_ ("Metrics"), "win.page::metrics" },
  { "<Control>3", N_ ("Training"), "win.page::training" },
  { "<Control>4", N_ ("Runs"), "win.page::runs" },
  { "F6", N_ ("Next part of the window"), "win.region(1)" },
  { "<Shift>F6", N_ ("The part before"), "win.region(-1)" },
  { "F9", N_ ("Images panel, form of a training"), "win.toggle-images" },
  { "<Shift>F9", N_ ("Tuning panel"), "win.toggle-tuning" },
  { "<Control>question", N_ ("Keys"), "win.shortcuts" },
  { "<Control>q", N_ ("Quit"), "win.quit" },
  { NULL, N_ ("Training"), NULL },
  { "<Control>Return", N_ ("Add the form's training to the queue"), "win.add-training" },
  { "Delete", N_ ("Remove the chosen training or run from the list"), NULL },
  { NULL, N_ ("Files"), NULL },
  { "<Control>d", N_ ("Open the demo"), "win.open-demo" },
  { "<Control>o", N_ ("Open a data set"), "win.open-dataset" },
  { "<Control><Shift>o", N_ ("Open images"), "win.open-pictures" },
  { "<Control><Shift>r", N_ ("Read the set again, of which files have changed"), "win.reread" },
  { "<Control>m", N_ ("Choose weights"), "win.open-weights" },
  { "<Control>e", N_ ("Evaluate the data set"), "win.evaluate" },
  { "<Control><Shift>e", N_ ("Export a report"), "win.export::html" },
  { "<Control><Shift>c", N_ ("Copy the evaluation as a command"), "win.copy-command" },
};

static gboolean
is_single (const char *key)
{
  return strstr (key, "<Control>") == NULL && strstr (key, "<Alt>") == NULL && strstr (key, "F9") == NULL
         && strstr (key, "F2") == NULL && strstr (key, "F6") == NULL;
}

static gboolean
is_typing (GtkWidget *window)
{
  GtkWidget *focus = gtk_root_get_focus (GTK_ROOT (window));
  return focus != NULL
         && (GTK_IS_EDITABLE (focus) || GTK_IS_TEXT (focus) || GTK_IS_TEXT_VIEW (focus)
             || gtk_widget_get_ancestor (focus, GTK_TYPE_POPOVER) != NULL);
}

static gboolean
press (GtkWidget *window, GVariant *args, gpointer data)
{
  if (is_typing (window))
    return FALSE;
  g_autofree char *name = NULL;
  g_autoptr (GVariant) target = NULL;
  if (!g_action_parse_detailed_name (data, &name, &target, NULL) || !dh_window_can_act (DH_WINDOW (window), name))
    return FALSE;
  return gtk_widget_activate_action_variant (window, name, target);
}

static gboolean
is_accelerator (const char *word)
{
  guint key;
  GdkModifierType modifiers;
  return gtk_accelerator_parse (word, &key, &modifiers) && key != 0;
}

static gboolean
is_same (const char *a, const char *b)
{
  guint key_a, key_b;
  GdkModifierType modifiers_a, modifiers_b;
  return gtk_accelerator_parse (a, &key_a, &modifiers_a) && gtk_accelerator_parse (b, &key_b, &modifiers_b)
         && key_a == key_b && modifiers_a == modifiers_b;
}

/* The keys that a user has given an action, in the group "keys" of the settings; NULL: none of their own. What is no
 * accelerator is left out and, where there is `bad`, told. */
static char **
dup_own_keys (DhWindow *self, const char *action, GString *bad)
{
  DhSettings *settings = dh_session_get_settings (self->session);
  g_autofree char *text = action != NULL ? dh_settings_dup_string (settings, "keys", action) : NULL;
  if (text == NULL)
    return NULL;
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  g_autoptr (GStrvBuilder) good = g_strv_builder_new ();
  gboolean broken = FALSE;
  for (guint i = 0; words[i] != NULL; i++)
    if (is_accelerator (words[i]))
      g_strv_builder_add (good, words[i]);
    else if (*words[i] != '\0')
      {
        broken = TRUE;
        if (bad != NULL)
          g_string_append_printf (bad, "%s%s=%s", bad->len > 0 ? ", " : "", action, words[i]);
      }
  char **own = g_strv_builder_end (good);
  if (own[0] == NULL && broken)
    g_clear_pointer (&own, g_strfreev);
  return own;
}

/* A key that the user has given another action is that one's. */
static gboolean
is_taken (DhWindow *self, const char *accel)
{
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_auto (GStrv) own = dup_own_keys (self, keys[i].action, NULL);
      for (guint j = 0; own != NULL && own[j] != NULL; j++)
        if (is_same (own[j], accel))
          return TRUE;
    }
  return FALSE;
}

static char **
dup_keys (DhWindow *self, const Key *key, GString *bad)
{
  char **own = dup_own_keys (self, key->action, bad);
  if (own != NULL)
    return own;
  g_auto (GStrv) words = g_strsplit (key->keys, " ", -1);
  g_autoptr (GStrvBuilder) left = g_strv_builder_new ();
  for (guint i = 0; words[i] != NULL; i++)
    if (!is_taken (self, words[i]))
      g_strv_builder_add (left, words[i]);
  return g_strv_builder_end (left);
}

static void
add_key (GtkEventController *controller, GtkApplication *application, const char *action, char **accels)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint j = 0; accels[j] != NULL; j++)
    {
      if (!is_single (accels[j]))
        {
          g_strv_builder_add (builder, accels[j]);
          continue;
        }
      GtkShortcutTrigger *trigger = gtk_shortcut_trigger_parse_string (accels[j]);
      GtkShortcutAction *shortcut = gtk_callback_action_new (press, (gpointer)action, NULL);
      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), gtk_shortcut_new (trigger, shortcut));
    }
  g_auto (GStrv) everywhere = g_strv_builder_end (builder);
  if (everywhere[0] != NULL)
    gtk_application_set_accels_for_action (application, action, (const char *const *)everywhere);
}

static gboolean
tell_bad (gpointer data)
{
  DhWindow *self = data;
  g_autofree char *bad = g_object_steal_data (G_OBJECT (self), "bad-keys");
  if (self->session == NULL)
    return G_SOURCE_REMOVE;
  g_autofree char *text = g_strdup_printf (_ ("No keys that are known, in the settings: %s"), bad);
  g_signal_emit_by_name (self->session, "message", text);
  return G_SOURCE_REMOVE;
}

void
dh_window_add_keys (DhWindow *self, GtkApplication *application)
{
  g_autoptr (GString) bad = g_string_new (NULL);
  GtkEventController *controller = gtk_shortcut_controller_new ();
  gtk_shortcut_controller_set_scope (GTK_SHORTCUT_CONTROLLER (controller), GTK_SHORTCUT_SCOPE_LOCAL);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (keys[i].keys == NULL || keys[i].action == NULL)
        continue;
      g_auto (GStrv) accels = dup_keys (self, &keys[i], bad);
      add_key (controller, application, keys[i].action, accels);
    }
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
  if (bad->len > 0)
    {
      g_object_set_data_full (G_OBJECT (self), "bad-keys", g_strdup (bad->str), g_free);
      g_idle_add_full (G_PRIORITY_LOW, tell_bad, g_object_ref (self), g_object_unref);
    }
}

void
dh_window_show_shortcuts (DhWindow *self)
{
  GtkWidget *window = dh_keys_window_new (GTK_WINDOW (self));
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (keys[i].keys == NULL)
        {
          dh_keys_window_add_group (window, _ (keys[i].title));
          continue;
        }
      g_auto (GStrv) own = dup_own_keys (self, keys[i].action, NULL);
      g_auto (GStrv) accels = dup_keys (self, &keys[i], NULL);
      g_autofree char *all = g_strjoinv (" ", accels);
      dh_keys_window_add_key (window, _ (keys[i].title), own == NULL && keys[i].told ? keys[i].told : all);
    }
  gtk_window_present (GTK_WINDOW (window));
}
