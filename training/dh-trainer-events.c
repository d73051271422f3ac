#include "dh-trainer-private.h"

#include "dh-run-json.h"

JsonBuilder *
dh_trainer_begin_event (const DhTrainerRun *run, const char *name)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_run_json_add_text (json, "event", name);
  dh_run_json_add_count (json, "step", run->step);
  /* Of a step: the epoch that it belongs to, counted from 0; else the epochs done. */
  const gboolean of_step = g_str_equal (name, "step") || g_str_equal (name, "skip");
  const guint64 at = run->step - (of_step && run->step > 0);
  if (run->epoch_steps)
    dh_run_json_add_count (json, "epoch", at / run->epoch_steps);
  return json;
}

gboolean
dh_trainer_end_event (DhTrainerRun *run, JsonBuilder *json, GError **error)
{
  /* Last, behind what must repeat from run to run. */
  dh_run_json_add_count (json, "time", (guint64)(g_get_real_time () / G_USEC_PER_SEC));
  g_autofree char *line = dh_run_json_end (json, FALSE);
  const gboolean ok = dh_run_folder_log (run->folder, line, error);
  if (run->training->event)
    run->training->event (line, run->training->data);
  return ok;
}
