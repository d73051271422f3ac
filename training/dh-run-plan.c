#include "dh-run-plan.h"

#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-run-json.h"

#define LARGEST (4 << 20)

struct _DhRunPlan
{
  char *path;
  GHashTable *choices; /* batch → text */
};

static gboolean
read_choices (DhRunPlan *plan, GBytes *bytes)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  g_autoptr (JsonNode) root = text ? dh_run_json_parse (text, size, NULL) : NULL;
  if (!root)
    return FALSE;
  JsonObject *object = json_node_get_object (root);
  g_autoptr (GList) names = json_object_get_members (object);
  for (GList *name = names; name; name = name->next)
    {
      guint64 batch;
      const char *choices = dh_run_json_text (object, name->data);
      if (!choices || !g_ascii_string_to_unsigned (name->data, 10, 1, G_MAXUINT, &batch, NULL))
        return FALSE;
      g_hash_table_insert (plan->choices, GUINT_TO_POINTER ((guint)batch), g_strdup (choices));
    }
  return TRUE;
}

DhRunPlan *
dh_run_plan_open (const char *folder, gboolean forget, GError **error)
{
  g_autoptr (DhRunPlan) plan = g_new0 (DhRunPlan, 1);
  plan->path = g_build_filename (folder, "plan.json", NULL);
  plan->choices = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  if (forget || !g_file_test (plan->path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&plan);
  g_autoptr (GBytes) bytes = dh_file_read (plan->path, LARGEST, error);
  if (!bytes)
    return NULL;
  if (read_choices (plan, bytes))
    return g_steal_pointer (&plan);
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s does not say what this training was computed by", plan->path);
  return NULL;
}

void
dh_run_plan_free (DhRunPlan *plan)
{
  if (!plan)
    return;
  g_hash_table_unref (plan->choices);
  g_free (plan->path);
  g_free (plan);
}

const char *
dh_run_plan_get (DhRunPlan *plan, guint batch)
{
  return g_hash_table_lookup (plan->choices, GUINT_TO_POINTER (batch));
}

gboolean
dh_run_plan_set (DhRunPlan *plan, guint batch, const char *choices, GError **error)
{
  if (g_strcmp0 (dh_run_plan_get (plan, batch), choices) == 0)
    return TRUE;
  g_hash_table_insert (plan->choices, GUINT_TO_POINTER (batch), g_strdup (choices));
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  GHashTableIter iter;
  gpointer key, text;
  g_hash_table_iter_init (&iter, plan->choices);
  while (g_hash_table_iter_next (&iter, &key, &text))
    {
      char name[16];
      g_snprintf (name, sizeof name, "%u", GPOINTER_TO_UINT (key));
      dh_run_json_add_text (json, name, text);
    }
  g_autofree char *whole = dh_run_json_end (json, TRUE);
  return dh_file_write (plan->path, whole, strlen (whole), error);
}
