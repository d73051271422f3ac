#include "dh-runs-export.h"
#include "dh-run-list.h"

typedef struct
{
  DhSession *session;
  gint64 run, other;
  char *layout;  /* of maps; NULL: a report */
  GArray *table; /* gint64: a table of them; NULL: none */
  gboolean by_seed;
  gboolean robustness;
} Export;

static void
export_free (gpointer data, GClosure *closure)
{
  Export *export = data;
  g_object_unref (export->session);
  g_free (export->layout);
  g_clear_pointer (&export->table, g_array_unref);
  g_free (export);
}

static void
on_response (GtkNativeDialog *dialog, int response, Export *export)
{
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
  if (path != NULL && export->table != NULL)
    dh_session_export_table (export->session, export->table, export->by_seed, path);
  else if (path != NULL && export->layout != NULL)
    dh_session_export_maps (export->session, export->run, export->layout, path);
  else if (path != NULL && export->robustness)
    dh_session_export_robustness (export->session, export->run, path);
  else if (path != NULL)
    dh_session_export_runs (export->session, export->run, export->other, path);
  g_object_unref (dialog);
}

/* `name` NULL: a folder is chosen. */
static void
ask (GtkWidget *above, const char *title, const char *name, Export *export)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (
      title, GTK_WINDOW (gtk_widget_get_root (above)),
      name != NULL ? GTK_FILE_CHOOSER_ACTION_SAVE : GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("Export"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_response), export, export_free, 0);
  if (name != NULL)
    gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static Export *
export_new (DhSession *session, gint64 run, gint64 other)
{
  Export *export = g_new0 (Export, 1);
  export->session = g_object_ref (session);
  export->run = run;
  export->other = other;
  return export;
}

void
dh_runs_export_report (GtkWidget *above, DhSession *session, gint64 run, gint64 other, const char *form)
{
  g_autofree char *name = g_strdup_printf ("run-%" G_GINT64_FORMAT ".%s", run, form);
  ask (above, _ ("Export a report"), name, export_new (session, run, other));
}

void
dh_runs_export_robustness (GtkWidget *above, DhSession *session, gint64 run, const char *form)
{
  Export *export = export_new (session, run, 0);
  export->robustness = TRUE;
  g_autofree char *name = g_strdup_printf ("run-%" G_GINT64_FORMAT "-worse-images.%s", run, form);
  ask (above, _ ("What worse images cost"), name, export);
}

void
dh_runs_export_maps (GtkWidget *above, DhSession *session, gint64 run, const char *layout)
{
  Export *export = export_new (session, run, 0);
  export->layout = g_strdup (layout);
  ask (above, _ ("A folder for the maps"), NULL, export);
}

void
dh_runs_export_table (GtkWidget *above, DhSession *session, GArray *runs, gboolean by_seed, const char *form)
{
  if (runs->len == 0)
    {
      g_array_unref (runs);
      g_signal_emit_by_name (session, "message", _ ("None of the runs that are shown is a finished evaluation"));
      return;
    }
  Export *export = export_new (session, 0, 0);
  export->table = runs;
  export->by_seed = by_seed;
  g_autofree char *name = g_strconcat ("table.", form, NULL);
  ask (above, _ ("A table of the runs that are shown"), name, export);
}
