#include "dh-run-facts.h"
#include <math.h>
#include <string.h>
#include "dh-number.h"
#include "dh-ui.h"

static char *
shorten (const char *hash)
{
  return hash != NULL ? g_strdup_printf ("%.4s %.4s", hash, strlen (hash) > 4 ? hash + 4 : "") : NULL;
}

char *
dh_run_facts_dup_weights (const DhRun *run)
{
  return shorten (run->weights);
}

char *
dh_run_facts_dup_fingerprint (const DhRun *run)
{
  return shorten (run->fingerprint);
}

char *
dh_run_facts_dup_score (const DhRun *run)
{
  return g_strdup (dh_run_get_score_name (run));
}

char *
dh_run_facts_dup_best_f1_threshold (const DhRun *run)
{
  return isnan (run->best_f1_threshold) ? NULL : dh_number_format (run->best_f1_threshold, 2);
}

char *
dh_run_facts_dup_images (const DhRun *run)
{
  return run->training ? NULL : g_strdup_printf (_ ("%u of %u"), run->images, run->total);
}

char *
dh_run_facts_dup_device (const DhRun *run)
{
  if (run->device == NULL)
    return NULL;
  return run->precision != NULL ? g_strdup_printf ("%s · %s", run->device, run->precision) : g_strdup (run->device);
}

char *
dh_run_facts_dup_steps (const DhRun *run)
{
  if (!run->training || run->steps == 0)
    return NULL;
  g_autofree char *step = dh_number_format_count (run->step), *steps = dh_number_format_count (run->steps);
  return g_strdup_printf (ngettext ("%s of %s, %u epoch", "%s of %s, %u epochs", run->epochs), step, steps,
                          run->epochs);
}

char *
dh_run_facts_dup_best_epoch (const DhRun *run)
{
  return run->best_epoch > 0 ? g_strdup_printf (_ ("epoch %u of %u"), run->best_epoch, run->epochs) : NULL;
}

char *
dh_run_facts_dup_time (const DhRun *run)
{
  if (!(run->seconds > 0))
    return NULL;
  g_autofree char *seconds = dh_number_format (run->seconds, 1);
  return run->seconds < 10 ? g_strdup_printf (_ ("%s s"), seconds) : dh_run_dup_duration (run->seconds);
}

char *
dh_run_facts_dup_start (const DhRun *run)
{
  return dh_ui_time (run->started);
}

char *
dh_run_facts_dup_kind (const DhRun *run)
{
  return g_strdup (run->training ? _ ("training") : run->imported ? dh_run_get_score_name (run) : _ ("evaluation"));
}
