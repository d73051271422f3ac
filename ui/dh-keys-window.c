#include "dh-keys-window.h"
#include <string.h>

typedef struct
{
  GtkWidget *page, *stack, *filter;
  GtkWidget *group; /* the last one */
} Keys;

static Keys *
keys_of (GtkWidget *window)
{
  return g_object_get_data (G_OBJECT (window), "keys");
}

static char *
fold_case (const char *text)
{
  g_autofree char *normal = g_utf8_normalize (text, -1, G_NORMALIZE_ALL);
  return g_utf8_casefold (normal != NULL ? normal : text, -1);
}

static gboolean
has_words (const char *text, char **words)
{
  g_autofree char *folded = fold_case (text);
  for (guint i = 0; words[i] != NULL; i++)
    if (strstr (folded, words[i]) == NULL)
      return FALSE;
  return TRUE;
}

static void
on_filter (GtkSearchEntry *entry, GtkWidget *window)
{
  Keys *self = keys_of (window);
  g_autofree char *text = fold_case (gtk_editable_get_text (GTK_EDITABLE (entry)));
  g_auto (GStrv) words = g_strsplit_set (text, " +", -1); /* of "ctrl+shift" both, in any order */
  GPtrArray *groups = g_object_get_data (G_OBJECT (window), "groups");
  guint n = 0;
  for (guint i = 0; i < groups->len; i++)
    {
      GPtrArray *rows = g_object_get_data (groups->pdata[i], "rows");
      const char *title = adw_preferences_group_get_title (groups->pdata[i]);
      guint in_group = 0;
      for (guint j = 0; j < rows->len; j++)
        {
          g_autofree char *both = g_strjoin (" ", title, adw_preferences_row_get_title (rows->pdata[j]),
                                             (const char *)g_object_get_data (rows->pdata[j], "keys"), NULL);
          const gboolean shown = has_words (both, words);
          gtk_widget_set_visible (rows->pdata[j], shown);
          in_group += shown;
        }
      gtk_widget_set_visible (groups->pdata[i], in_group > 0);
      n += in_group;
    }
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), n > 0 ? "keys" : "none");
}

/* The first Escape shows all again, the next one closes. */
static void
on_stop (GtkSearchEntry *entry, GtkWidget *window)
{
  if (*gtk_editable_get_text (GTK_EDITABLE (entry)) != '\0')
    gtk_editable_set_text (GTK_EDITABLE (entry), "");
  else
    gtk_window_close (GTK_WINDOW (window));
}

GtkWidget *
dh_keys_window_new (GtkWindow *parent)
{
  Keys *self = g_new0 (Keys, 1);
  GtkWidget *window = adw_window_new ();
  g_object_set (window, "title", _ ("Keys"), "modal", TRUE, "transient-for", parent, NULL);
  dh_ui_set_window_size (window, 560, 640);
  g_object_set_data_full (G_OBJECT (window), "keys", self, g_free);
  g_object_set_data_full (G_OBJECT (window), "groups", g_ptr_array_new (), (GDestroyNotify)g_ptr_array_unref);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_box_append (GTK_BOX (box), adw_header_bar_new ());
  self->filter = gtk_search_entry_new ();
  dh_ui_set_name (self->filter, _ ("Filter the keys"));
  g_object_set (self->filter, "placeholder-text", _ ("Filter: zoom, threshold, F9…"), "margin-start", 12, "margin-end",
                12, "margin-bottom", 6, "margin-top", 6, NULL);
  gtk_search_entry_set_key_capture_widget (GTK_SEARCH_ENTRY (self->filter), window);
  g_signal_connect (self->filter, "search-changed", G_CALLBACK (on_filter), window);
  g_signal_connect (self->filter, "stop-search", G_CALLBACK (on_stop), window);
  gtk_box_append (GTK_BOX (box), self->filter);
  self->page = adw_preferences_page_new ();
  GtkWidget *none = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (none), "system-search-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (none), _ ("No key does that"));
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), self->page, "keys");
  gtk_stack_add_named (GTK_STACK (self->stack), none, "none");
  gtk_widget_set_vexpand (self->stack, TRUE);
  gtk_box_append (GTK_BOX (box), self->stack);
  adw_window_set_content (ADW_WINDOW (window), box);
  dh_ui_close_on_escape (window);
  return window;
}

void
dh_keys_window_add_group (GtkWidget *window, const char *title)
{
  Keys *self = keys_of (window);
  self->group = adw_preferences_group_new ();
  g_autofree char *escaped = g_markup_escape_text (title, -1);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (self->group), escaped);
  g_object_set_data_full (G_OBJECT (self->group), "rows", g_ptr_array_new (), (GDestroyNotify)g_ptr_array_unref);
  g_ptr_array_add (g_object_get_data (G_OBJECT (window), "groups"), self->group);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (self->page), ADW_PREFERENCES_GROUP (self->group));
}

/* "Ctrl+Shift+K"; of several, one after the other. */
static char *
dup_words (const char *accelerators)
{
  g_auto (GStrv) words = g_strsplit (accelerators, " ", -1);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; words[i] != NULL; i++)
    {
      guint key;
      GdkModifierType modifiers;
      if (!gtk_accelerator_parse (words[i], &key, &modifiers) || key == 0)
        continue;
      g_autofree char *label = gtk_accelerator_get_label (key, modifiers);
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", label);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
dh_keys_window_add_key (GtkWidget *window, const char *title, const char *accelerators)
{
  Keys *self = keys_of (window);
  GtkWidget *row = g_object_new (ADW_TYPE_ACTION_ROW, "use-markup", FALSE, "title", title, "title-lines", 0, NULL);
  char *words = dup_words (accelerators);
  g_object_set_data_full (G_OBJECT (row), "keys", words, g_free);
  g_auto (GStrv) all = g_strsplit (accelerators, " ", -1);
  for (guint i = 0; all[i] != NULL; i++)
    if (*all[i] != '\0')
      {
        GtkWidget *label = gtk_shortcut_label_new (all[i]);
        gtk_widget_set_valign (label, GTK_ALIGN_CENTER);
        adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
      }
  g_ptr_array_add (g_object_get_data (G_OBJECT (self->group), "rows"), row);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self->group), row);
}
