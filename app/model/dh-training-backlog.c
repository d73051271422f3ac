#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "dh-file.h"
#include "dh-run-json.h"
#include "dh-training-keeper-private.h"

/* The orders that wait, in a file beside the database for as long as they do: one JSON object a line. A window that is
 * closed, or killed, meanwhile leaves them to the next. */

#define LARGEST (16 << 20)

/* NULL: means nothing to a later window. */
static const char *const names[] = {
  [DH_KEEPER_PAUSE] = "pause",
  [DH_KEEPER_GO_ON] = "go-on",
  [DH_KEEPER_CANCEL] = "cancel",
  [DH_KEEPER_MOVE_UP] = "move-up",
  [DH_KEEPER_MOVE_DOWN] = "move-down",
  [DH_KEEPER_REMOVE] = "remove",
  [DH_KEEPER_REMOVE_WITH_FILES] = "remove-with-files",
  [DH_KEEPER_WATCH] = NULL,
};

static char *
dup_path (DhTrainingKeeper *keeper)
{
  return g_strconcat (keeper->path, "-orders", NULL);
}

static void
append_line (GString *text, const DhKeeperCommand *order)
{
  const DhJobRow *row = order->row;
  if (row == NULL && names[order->order] == NULL)
    return;
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_run_json_add_text (json, "order", row != NULL ? "add" : names[order->order]);
  dh_run_json_add_path (json, "folder", row != NULL ? row->folder : order->folder);
  if (row != NULL)
    {
      dh_run_json_add_text (json, "kind", row->kind);
      dh_run_json_add_text (json, "state", row->state);
      dh_run_json_add_text (json, "title", row->title);
      dh_run_json_add_text (json, "recipe", row->recipe);
      dh_run_json_add_text (json, "form", row->form);
      dh_run_json_add_text (json, "device", row->device);
      dh_run_json_add_text (json, "precision", row->precision);
      dh_run_json_add_text (json, "program", row->program);
      dh_run_json_add_text (json, "command", row->command);
      dh_run_json_add_number (json, "estimate", row->estimate);
      dh_run_json_add_number (json, "step_flop", row->step_flop);
    }
  g_autofree char *line = dh_run_json_end (json, FALSE);
  g_string_append (text, line);
  g_string_append_c (text, '\n');
}

static DhJobRow *
read_row (JsonObject *object, const char *folder)
{
  const char *const texts[] = { dh_run_json_text (object, "kind"),    dh_run_json_text (object, "state"),
                                dh_run_json_text (object, "title"),   dh_run_json_text (object, "recipe"),
                                dh_run_json_text (object, "device"),  dh_run_json_text (object, "program"),
                                dh_run_json_text (object, "command"), dh_run_json_text (object, "form") };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i] == NULL)
      return NULL;
  const DhJobRow row = { .kind = (char *)texts[0],
                         .state = (char *)texts[1],
                         .title = (char *)texts[2],
                         .recipe = (char *)texts[3],
                         .device = (char *)texts[4],
                         .program = (char *)texts[5],
                         .command = (char *)texts[6],
                         .form = (char *)texts[7],
                         .folder = (char *)folder,
                         /* Missing in orders of an older program. */
                         .precision = (char *)dh_run_json_text (object, "precision"),
                         .created = (char *)"",
                         .estimate = dh_run_json_number (object, "estimate"),
                         .step_flop = dh_run_json_number (object, "step_flop"),
                         .step_seconds = NAN,
                         .miou = NAN,
                         .ap = NAN,
                         .auroc = NAN,
                         .fpr95 = NAN };
  return dh_job_row_copy (&row);
}

/* NULL: none of ours. */
static DhKeeperCommand *
read_line (const char *line, gsize size)
{
  g_autoptr (JsonNode) root = dh_run_json_parse (line, size, NULL);
  JsonObject *object = root != NULL ? json_node_get_object (root) : NULL;
  const char *name = object != NULL ? dh_run_json_text (object, "order") : NULL;
  g_autofree char *folder = object != NULL ? dh_run_json_dup_path (object, "folder") : NULL;
  if (name == NULL || folder == NULL)
    return NULL;
  DhKeeperCommand *order = g_new0 (DhKeeperCommand, 1);
  if (g_str_equal (name, "add") && (order->row = read_row (object, folder)) != NULL)
    return order;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (names[i], name) == 0)
      {
        order->order = i;
        order->folder = g_steal_pointer (&folder);
        return order;
      }
  g_free (order);
  return NULL;
}

void
dh_training_backlog_read (DhTrainingKeeper *keeper)
{
  g_autofree char *path = dup_path (keeper);
  g_autoptr (GBytes) bytes = dh_file_read (path, LARGEST, NULL);
  if (bytes == NULL)
    return;
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      DhKeeperCommand *order = read_line (lines[i], strlen (lines[i]));
      if (order != NULL)
        g_queue_push_tail (&keeper->waiting, order);
    }
  /* Once nothing waits it goes away. */
  keeper->unkept = TRUE;
}

void
dh_training_backlog_write (DhTrainingKeeper *keeper)
{
  if (!keeper->unkept)
    return;
  g_autofree char *path = dup_path (keeper);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  for (const GList *at = keeper->waiting.head; at != NULL; at = at->next)
    append_line (text, at->data);
  keeper->unkept = FALSE;
  if (text->len == 0)
    g_unlink (path);
  else if (!dh_file_write (path, text->str, text->len, &error))
    {
      g_info ("Orders that wait for the database are not kept: %s", error->message);
      dh_training_keeper_complain_once (keeper, _ ("What was asked for is lost if the window is closed now"), &error);
    }
}
