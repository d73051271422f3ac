#include "dh-class-menu.h"
#include <math.h>
#include "dh-session-evaluation.h"

typedef struct
{
  DhSession *session;
  GtkWidget *button; /* owns this */
} ClassMenu;

static void
class_menu_free (gpointer data)
{
  g_object_unref (((ClassMenu *)data)->session);
  g_free (data);
}

static void
append_name (GString *csv, DhSession *session, guint id)
{
  const char *name = dh_session_get_class_name (session, id);
  if (name != NULL)
    g_string_append_printf (csv, "\"%s\"", name);
  else
    g_string_append_printf (csv, "%u", id);
}

static char *
iou_to_csv (DhSession *session, const DhClassNumbers *classes)
{
  GString *csv = g_string_new ("class,iou,labelled pixels,predicted pixels,right pixels\r\n");
  const guint n = classes->n;
  for (guint c = 0; c < n; c++)
    {
      char buffer[G_ASCII_DTOSTR_BUF_SIZE];
      guint64 labelled = 0, predicted = 0;
      for (guint other = 0; other < n; other++)
        {
          labelled += classes->confusion[c * n + other];
          predicted += classes->confusion[other * n + c];
        }
      append_name (csv, session, c);
      g_string_append_printf (csv, ",%s,%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "\r\n",
                              isnan (classes->iou[c]) ? "" : g_ascii_dtostr (buffer, sizeof buffer, classes->iou[c]),
                              labelled, predicted, classes->confusion[c * n + c]);
    }
  return g_string_free (csv, FALSE);
}

static char *
confusion_to_csv (DhSession *session, const DhClassNumbers *classes)
{
  GString *csv = g_string_new ("label \\ prediction");
  for (guint c = 0; c < classes->n; c++)
    {
      g_string_append_c (csv, ',');
      append_name (csv, session, c);
    }
  for (guint label = 0; label < classes->n; label++)
    {
      g_string_append (csv, "\r\n");
      append_name (csv, session, label);
      for (guint c = 0; c < classes->n; c++)
        g_string_append_printf (csv, ",%" G_GUINT64_FORMAT, classes->confusion[label * classes->n + c]);
    }
  g_string_append (csv, "\r\n");
  return g_string_free (csv, FALSE);
}

/* NULL where there is nothing any more. */
static char *
dup_csv (ClassMenu *self, const char *what)
{
  const DhEvaluationSummary *summary = dh_session_get_evaluation (self->session);
  if (summary == NULL || summary->classes == NULL)
    return NULL;
  return (g_str_equal (what, "iou") ? iou_to_csv : confusion_to_csv) (self->session, summary->classes);
}

static void
copy (GSimpleAction *action, GVariant *value, gpointer data)
{
  ClassMenu *self = data;
  g_autofree char *csv = dup_csv (self, g_variant_get_string (value, NULL));
  if (csv == NULL)
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (self->button), csv);
  g_signal_emit_by_name (self->session, "message", _ ("The classes' numbers are in the clipboard"));
}

static void
file_chosen (GtkNativeDialog *dialog, int response, GtkWidget *button)
{
  ClassMenu *self = g_object_get_data (G_OBJECT (button), "class-menu");
  const char *csv = g_object_get_data (G_OBJECT (dialog), "csv");
  if (response == GTK_RESPONSE_ACCEPT && self != NULL)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
      g_autoptr (GError) error = NULL;
      if (path != NULL && !g_file_set_contents (path, csv, -1, &error))
        g_signal_emit_by_name (self->session, "error", _ ("The classes' numbers could not be saved"), error->message);
      else if (path != NULL)
        dh_ui_say_saved (self->session, path);
    }
  g_object_unref (dialog);
}

/* What is shown when it is asked for is what is saved. */
static void
save (GSimpleAction *action, GVariant *value, gpointer data)
{
  ClassMenu *self = data;
  const char *what = g_variant_get_string (value, NULL);
  char *csv = dup_csv (self, what);
  if (csv == NULL)
    return;
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (self->button));
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (_ ("Save the classes' numbers"), window,
                                                              GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Save"), NULL);
  g_object_set_data_full (G_OBJECT (dialog), "csv", csv, g_free);
  g_autofree char *name = g_strdup_printf ("class-%s.csv", what);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (file_chosen), self->button, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

GtkWidget *
dh_class_menu_new (DhSession *session)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  dh_ui_menu_section (menu, _ ("IoU"), _ ("Copy as CSV"), "classes.copy::iou", _ ("Save as CSV…"), "classes.save::iou",
                      NULL);
  dh_ui_menu_section (menu, _ ("Confusion"), _ ("Copy as CSV"), "classes.copy::confusion", _ ("Save as CSV…"),
                      "classes.save::confusion", NULL);
  GtkWidget *button =
      dh_ui_menu_button ("view-more-symbolic", _ ("Numbers of the classes"), G_MENU_MODEL (menu), "flat dh-iconbtn");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  ClassMenu *self = g_new0 (ClassMenu, 1);
  self->session = g_object_ref (session);
  self->button = button;
  g_object_set_data_full (G_OBJECT (button), "class-menu", self, class_menu_free);
  const GActionEntry entries[] = { { "save", save, "s", NULL, NULL }, { "copy", copy, "s", NULL, NULL } };
  g_autoptr (GSimpleActionGroup) actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (button, "classes", G_ACTION_GROUP (actions));
  return button;
}
