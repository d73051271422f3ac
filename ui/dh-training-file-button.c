#include "dh-training-file-button.h"
#include <string.h>
#include "dh-weights-filter.h"

#define MOST_RECENT 8
#define GROUP "training-recent"

/* The fields, and one more for recipes. */
#define RECIPE DH_N_TRAINING_FIELDS

typedef struct
{
  DhSession *session;
  DhTrainingForm *form;
  guint field;
  GtkWidget *button, *label;
  GMenu *menu;
  char **offered; /* paths, in the order of the menu's targets */
} FileButton;

static const char *
key_of (FileButton *self)
{
  return self->field == RECIPE ? "recipe" : dh_training_field_get_info (self->field)->id;
}

static gboolean
is_folder (FileButton *self)
{
  return self->field != RECIPE && dh_training_field_get_info (self->field)->kind == DH_FIELD_FOLDER;
}

static char **
dup_recent (FileButton *self)
{
  char **uris = dh_settings_dup_list (dh_session_get_settings (self->session), GROUP, key_of (self));
  return uris != NULL ? uris : g_new0 (char *, 1);
}

/* To the front of those used lately. */
static void
remember (FileButton *self, const char *path)
{
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  if (uri == NULL)
    return;
  g_auto (GStrv) before = dup_recent (self);
  g_autoptr (GPtrArray) uris = g_ptr_array_new ();
  g_ptr_array_add (uris, uri);
  for (guint i = 0; before[i] != NULL && uris->len < MOST_RECENT; i++)
    if (!g_str_equal (before[i], uri))
      g_ptr_array_add (uris, before[i]);
  g_ptr_array_add (uris, NULL);
  dh_settings_set_list (dh_session_get_settings (self->session), GROUP, key_of (self),
                        (const char *const *)uris->pdata);
}

static void
take (FileButton *self, const char *path)
{
  g_autoptr (GError) error = NULL;
  if (self->field != RECIPE)
    dh_training_form_set_text (self->form, self->field, path);
  else if (!dh_training_form_set_recipe (self->form, path, &error))
    {
      g_signal_emit_by_name (self->session, "error", _ ("The recipe could not be read"), error->message);
      return;
    }
  if (g_path_is_absolute (path))
    remember (self, path);
}

static void
on_response (GtkNativeDialog *dialog, int response, GtkWidget *button)
{
  FileButton *self = g_object_get_data (G_OBJECT (button), "file-button");
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
      if (path != NULL)
        take (self, path);
    }
  g_object_unref (dialog);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *const *suffixes)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, name);
  for (guint i = 0; suffixes[i] != NULL; i++)
    gtk_file_filter_add_suffix (filter, suffixes[i]);
  gtk_file_chooser_add_filter (chooser, filter);
}

static void
choose (GSimpleAction *action, GVariant *value, gpointer data)
{
  static const char *const json[] = { "json", NULL };
  FileButton *self = data;
  const char *title = self->field == RECIPE             ? _ ("Choose a recipe")
                      : self->field == DH_TRAINING_INIT ? _ ("Choose weights to start from")
                                                        : dh_training_field_get_info (self->field)->label;
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (
      title, GTK_WINDOW (gtk_widget_get_root (self->button)),
      is_folder (self) ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_OPEN, _ ("Choose"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  if (self->field == RECIPE)
    add_filter (GTK_FILE_CHOOSER (dialog), _ ("Recipes: JSON"), json);
  else if (!is_folder (self))
    dh_weights_filter_add (GTK_FILE_CHOOSER (dialog));
  g_autoptr (GFile) now =
      self->field != RECIPE ? g_file_new_for_path (dh_training_form_get_text (self->form, self->field)) : NULL;
  if (now != NULL && *dh_training_form_get_text (self->form, self->field) != '\0')
    gtk_file_chooser_set_file (GTK_FILE_CHOOSER (dialog), now, NULL);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_response), self->button, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
pick (GSimpleAction *action, GVariant *value, gpointer data)
{
  FileButton *self = data;
  guint index = g_variant_get_uint32 (value);
  if (self->offered != NULL && index < g_strv_length (self->offered))
    {
      g_autofree char *path = g_strdup (self->offered[index]);
      take (self, path);
    }
}

static void
clear (GSimpleAction *action, GVariant *value, gpointer data)
{
  FileButton *self = data;
  dh_training_form_set_text (self->form, self->field, "");
}

static void
offer (GMenu *section, GPtrArray *offered, const char *label, const char *path)
{
  g_autofree char *action = g_strdup_printf ("file.pick(uint32 %u)", offered->len);
  dh_ui_menu_append_name (section, label, action);
  g_ptr_array_add (offered, g_strdup (path));
}

/* What is open in Browse, where it can be trained with. */
static const char *
open_now (FileButton *self)
{
  if (self->field == DH_TRAINING_DATA)
    return dh_session_get_dataset_path (self->session);
  DhModelInfo *model = self->field == DH_TRAINING_INIT ? dh_session_get_model_info (self->session) : NULL;
  return model != NULL ? model->path : NULL;
}

static void
add_recent (FileButton *self, GPtrArray *offered, GMenu *section)
{
  g_auto (GStrv) uris = dup_recent (self);
  for (guint i = 0; uris[i] != NULL; i++)
    {
      g_autofree char *path = g_filename_from_uri (uris[i], NULL, NULL);
      if (path == NULL || !g_file_test (path, is_folder (self) ? G_FILE_TEST_IS_DIR : G_FILE_TEST_IS_REGULAR))
        continue;
      g_autofree char *folder = g_path_get_dirname (path), *base = g_path_get_basename (path);
      g_autofree char *parent = g_path_get_basename (folder);
      g_autofree char *both = g_build_filename (parent, base, NULL);
      g_autofree char *shown = g_filename_display_name (both);
      offer (section, offered, shown, path);
    }
}

/* Just before it opens: files come and go. */
static void
fill_menu (FileButton *self)
{
  g_autoptr (GPtrArray) offered = g_ptr_array_new ();
  g_autoptr (GMenu) recent = g_menu_new (), named = g_menu_new (), others = g_menu_new ();
  g_menu_remove_all (self->menu);
  const char *const *names = dh_training_recipe_names ();
  for (guint i = 0; self->field == RECIPE && names[i] != NULL; i++)
    offer (named, offered, dh_training_recipe_title (names[i]), names[i]);
  if (open_now (self) != NULL)
    offer (named, offered, _ ("What is open in Browse"), open_now (self));
  add_recent (self, offered, recent);
  g_menu_append (others,
                 self->field == RECIPE ? _ ("From a file…")
                 : is_folder (self)    ? _ ("Choose a folder…")
                                       : _ ("Choose a file…"),
                 "file.choose");
  if (self->field == DH_TRAINING_INIT)
    g_menu_append (others, _ ("Nothing: fresh parameters"), "file.clear");
  g_menu_append_section (self->menu, self->field == RECIPE ? _ ("Published") : NULL, G_MENU_MODEL (named));
  g_menu_append_section (self->menu, _ ("Used lately"), G_MENU_MODEL (recent));
  g_menu_append_section (self->menu, NULL, G_MENU_MODEL (others));
  g_ptr_array_add (offered, NULL);
  g_strfreev (self->offered);
  self->offered = (char **)g_ptr_array_free (g_steal_pointer (&offered), FALSE);
}

static void
create_popup (GtkMenuButton *button, gpointer data)
{
  fill_menu (data);
}

static void
show (FileButton *self)
{
  const char *path = self->field == RECIPE ? dh_training_form_get_recipe (self->form)
                                           : dh_training_form_get_text (self->form, self->field);
  g_autofree char *base = *path != '\0' ? g_path_get_basename (path) : NULL;
  g_autofree char *shown = base != NULL ? g_filename_display_name (base) : NULL;
  g_autofree char *full = g_filename_display_name (path);
  gtk_label_set_label (GTK_LABEL (self->label), shown != NULL                     ? shown
                                                : self->field == DH_TRAINING_INIT ? _ ("nothing")
                                                                                  : _ ("choose…"));
  const char *what = self->field == RECIPE ? _ ("Recipe") : dh_training_field_get_info (self->field)->label;
  g_autofree char *name = g_strdup_printf ("%s: %s", what, gtk_label_get_label (GTK_LABEL (self->label)));
  dh_ui_set_name (self->button, name);
  dh_ui_set_menu_tooltip (self->button, g_path_is_absolute (path) ? full : NULL);
}

static void
on_changed (DhTrainingForm *form, guint field, GtkWidget *button)
{
  FileButton *self = g_object_get_data (G_OBJECT (button), "file-button");
  if (field == self->field || field == DH_N_TRAINING_FIELDS)
    show (self);
}

static void
file_button_free (gpointer data)
{
  FileButton *self = data;
  g_strfreev (self->offered);
  g_object_unref (self->menu);
  g_object_unref (self->form);
  g_object_unref (self->session);
  g_free (self);
}

static GtkWidget *
make (DhSession *session, DhTrainingForm *form, guint field)
{
  FileButton *self = g_new0 (FileButton, 1);
  self->session = g_object_ref (session);
  self->form = g_object_ref (form);
  self->field = field;
  self->menu = g_menu_new ();
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  self->label = dh_ui_label (NULL, NULL, 1);
  gtk_label_set_ellipsize (GTK_LABEL (self->label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_max_width_chars (GTK_LABEL (self->label), 18);
  gtk_box_append (GTK_BOX (box), self->label);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("pan-down-symbolic"));
  self->button = gtk_menu_button_new ();
  gtk_menu_button_set_child (GTK_MENU_BUTTON (self->button), box);
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (self->button), G_MENU_MODEL (self->menu));
  gtk_menu_button_set_create_popup_func (GTK_MENU_BUTTON (self->button), create_popup, self, NULL);
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  dh_ui_add_classes (self->button, "dh-filebtn");
  g_object_set_data_full (G_OBJECT (self->button), "file-button", self, file_button_free);
  g_autoptr (GSimpleActionGroup) actions = g_simple_action_group_new ();
  const GActionEntry entries[] = { { "choose", choose, NULL, NULL, NULL },
                                   { "pick", pick, "u", NULL, NULL },
                                   { "clear", clear, NULL, NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (self->button, "file", G_ACTION_GROUP (actions));
  g_signal_connect_object (form, "changed", G_CALLBACK (on_changed), self->button, 0);
  fill_menu (self);
  show (self);
  return self->button;
}

GtkWidget *
dh_training_file_button_new (DhSession *session, DhTrainingForm *form, DhTrainingField field)
{
  return make (session, form, field);
}

GtkWidget *
dh_training_recipe_button_new (DhSession *session, DhTrainingForm *form)
{
  return make (session, form, RECIPE);
}
