#include "dh-runs-actions.h"
#include "dh-combine-dialog.h"
#include "dh-import-dialog.h"
#include "dh-run-removal-dialog.h"
#include "dh-runs-export.h"
#include "dh-session-import.h"
#include "dh-session-reopen.h"

struct _DhRunsActions
{
  GtkWidget *page;
  DhSession *session;
  DhRunsTable *table;
  GSimpleActionGroup *group;
};

static DhRunItem *
chosen (DhRunsActions *self, guint which)
{
  return dh_runs_table_get_chosen (self->table, which);
}

void
dh_runs_actions_browse (DhRunsActions *self, DhRunItem *item, const char *stem)
{
  DhTrainingJob *job = dh_run_item_get_job (item);
  const gboolean done = job != NULL
                            ? dh_session_open_checkpoint (self->session, job, dh_training_job_get_best_path (job))
                            : dh_session_open_run (self->session, dh_run_item_get (item), stem);
  if (done)
    gtk_widget_activate_action (self->page, "win.page", "s", "browse");
}

void
dh_runs_actions_show_curves (DhRunsActions *self, DhRunItem *item)
{
  gtk_widget_activate_action (self->page, "win.show-training", "x", dh_run_item_get (item)->id);
}

static void
export_runs (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  const DhRun *b = chosen (self, 1) != NULL ? dh_run_item_get (chosen (self, 1)) : NULL;
  dh_runs_export_report (self->page, self->session, dh_run_item_get (chosen (self, 0))->id,
                         b != NULL && !b->training ? b->id : 0, g_variant_get_string (value, NULL));
}

static gboolean
is_by_seed (DhRunsActions *self)
{
  g_autoptr (GVariant) state = g_action_group_get_action_state (G_ACTION_GROUP (self->group), "by-seed");
  return g_variant_get_boolean (state);
}

/* Of all that the filter leaves, whatever is chosen. */
static void
export_table (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  dh_runs_export_table (self->page, self->session, dh_runs_table_list_shown (self->table), is_by_seed (self),
                        g_variant_get_string (value, NULL));
}

static void
export_worse (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  dh_runs_export_robustness (self->page, self->session, dh_run_item_get (chosen (self, 0))->id,
                             g_variant_get_string (value, NULL));
}

static void
export_maps (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  dh_runs_export_maps (self->page, self->session, dh_run_item_get (chosen (self, 0))->id,
                       g_variant_get_string (value, NULL));
}

static void
copy_command (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (self->page), dh_run_item_get (chosen (self, 0))->command);
  g_signal_emit_by_name (self->session, "message", _ ("The command is in the clipboard"));
}

static void
browse_chosen (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  g_autoptr (DhRunItem) item = g_object_ref (chosen (self, 0));
  dh_runs_actions_browse (self, item, NULL);
}

static void
compare_chosen (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  if (dh_session_compare_runs (self->session, dh_run_item_get (chosen (self, 0)), dh_run_item_get (chosen (self, 1))))
    gtk_widget_activate_action (self->page, "win.page", "s", "browse");
}

static void
import_scores (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  dh_import_dialog_choose (self->page, self->session);
}

static void
combine_chosen (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  dh_combine_dialog_show (GTK_WINDOW (gtk_widget_get_root (self->page)), self->session,
                          dh_runs_table_list_chosen (self->table));
}

static void
remove_chosen (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsActions *self = data;
  GPtrArray *items = dh_runs_table_list_chosen (self->table);
  dh_run_removal_dialog_show (GTK_WINDOW (gtk_widget_get_root (self->page)), self->session, items);
}

static void
show_chosen_curves (GSimpleAction *action, GVariant *value, gpointer data)
{
  dh_runs_actions_show_curves (data, chosen (data, 0));
}

void
dh_runs_actions_set_enabled (DhRunsActions *self, const char *name, gboolean enabled)
{
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->group), name)),
                               enabled);
}

void
dh_runs_actions_activate (DhRunsActions *self, const char *name)
{
  g_action_group_activate_action (G_ACTION_GROUP (self->group), name, NULL);
}

DhRunsActions *
dh_runs_actions_new (GtkWidget *page, DhSession *session, DhRunsTable *table)
{
  DhRunsActions *self = g_new0 (DhRunsActions, 1);
  self->page = page;
  self->session = g_object_ref (session);
  self->table = g_object_ref (table);
  self->group = g_simple_action_group_new ();
  const GActionEntry entries[] = {
    { "export", export_runs, "s", NULL, NULL },         { "maps", export_maps, "s", NULL, NULL },
    { "copy-command", copy_command, NULL, NULL, NULL }, { "compare", compare_chosen, NULL, NULL, NULL },
    { "browse", browse_chosen, NULL, NULL, NULL },      { "curves", show_chosen_curves, NULL, NULL, NULL },
    { "import", import_scores, NULL, NULL, NULL },      { "table", export_table, "s", NULL, NULL },
    { "remove", remove_chosen, NULL, NULL, NULL },      { "combine", combine_chosen, NULL, NULL, NULL },
    { "by-seed", NULL, NULL, "false", NULL },           { "worse", export_worse, "s", NULL, NULL },
  };
  g_action_map_add_action_entries (G_ACTION_MAP (self->group), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (page, "runs", G_ACTION_GROUP (self->group));
  return self;
}

void
dh_runs_actions_free (DhRunsActions *self)
{
  gtk_widget_insert_action_group (self->page, "runs", NULL);
  g_object_unref (self->group);
  g_object_unref (self->table);
  g_object_unref (self->session);
  g_free (self);
}
