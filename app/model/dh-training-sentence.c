#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "dh-training-job-private.h"

/* What a training's row says of it. */

static char *
numbers (const DhJobProgress *progress)
{
  GString *text = g_string_new (NULL);
  if (progress->epochs > 0)
    g_string_append_printf (text, _ ("epoch %u of %u"), progress->epoch, progress->epochs);
  if (progress->steps > 0)
    g_string_append_printf (text, _ (" · step %'" PRIu64 " of %'" PRIu64), progress->step, progress->steps);
  return g_string_free (text, FALSE);
}

static char *
running_sentence (const DhJobProgress *progress)
{
  g_autofree char *where = numbers (progress);
  if (progress->silent > 0)
    return g_strdup_printf (_ ("%s · no sign of life for %" PRId64 " s"), where, progress->silent);
  switch (progress->phase)
    {
    case DH_JOB_STARTING:
      return g_strdup (_ ("reading data and weights"));
    case DH_JOB_VALIDATING:
      return g_strdup_printf (_ ("%s · measuring on the validation split"), where);
    case DH_JOB_STOPPING:
      return g_strdup_printf (_ ("%s · writing its checkpoint"), where);
    default:
      break;
    }
  if (isnan (progress->steps_per_second))
    return g_steal_pointer (&where);
  if (progress->steps_per_second < 1)
    return g_strdup_printf (_ ("%s · %.1f s a step"), where, 1 / progress->steps_per_second);
  return g_strdup_printf (_ ("%s · %.1f steps/s"), where, progress->steps_per_second);
}

/* What there is to go on from. */
static char *
last_checkpoint (const DhJobSnapshot *snapshot)
{
  for (guint i = 0; i < snapshot->checkpoints->len; i++)
    {
      const DhJobCheckpoint *checkpoint = snapshot->checkpoints->pdata[i];
      if (checkpoint->last)
        return g_strdup_printf (_ ("Last checkpoint: step %'" PRIu64 "."), checkpoint->step);
    }
  return g_strdup (_ ("There is no checkpoint yet."));
}

static char *
as_sentence (const char *text)
{
  g_autofree char *first = g_utf8_substring (text, 0, MIN (1, g_utf8_strlen (text, -1)));
  g_autofree char *upper = g_utf8_strup (first, -1);
  const gsize length = strlen (text);
  return g_strconcat (upper, text + strlen (first), length > 0 && strchr (".!?", text[length - 1]) ? "" : ".", NULL);
}

static char *
memory_sentence (const DhJobRow *row)
{
  g_autofree char *why = as_sentence (row->why != NULL ? row->why : _ ("there was not enough"));
  /* The trainer itself says what to do; the system, which ends a process, does not. */
  const char *advice = strstr (why, "smaller") != NULL
                           ? ""
                           : _ (" A smaller crop or batch needs less; accumulation makes up for the batch.");
  return g_strdup_printf (_ ("Out of memory at step %'" PRId64 ". %s%s"), row->step + 1, why, advice);
}

static char *
ended_sentence (const DhJobSnapshot *snapshot, DhJobState state)
{
  const DhJobRow *row = snapshot->row;
  g_autofree char *last = last_checkpoint (snapshot);
  g_autofree char *why = as_sentence (row->why != NULL ? row->why : "");
  const gboolean ap = row->ap == row->ap;
  switch (state)
    {
    case DH_JOB_DONE:
      if (row->why != NULL)
        return g_steal_pointer (&why);
      if (row->best_epoch == 0 || isnan (ap ? row->ap : row->miou))
        return g_strdup_printf (_ ("%" PRId64 " steps"), row->step);
      return g_strdup_printf (ap ? _ ("best AP %.1f %% at epoch %" PRId64) : _ ("best mIoU %.1f %% at epoch %" PRId64),
                              100 * (ap ? row->ap : row->miou), row->best_epoch);
    case DH_JOB_FAILED:
      return g_strdup (row->why != NULL ? why : _ ("It failed without a word."));
    case DH_JOB_OUT_OF_MEMORY:
      return memory_sentence (row);
    case DH_JOB_CANCELLED:
      if (!snapshot->begun)
        return g_strdup (_ ("cancelled before it began"));
      return g_strdup_printf (_ ("Stopped at step %'" PRId64 ". %s"), row->step, last);
    default:
      return g_strdup_printf (_ ("The process ended without a word at step %'" PRId64 ". %s"), row->step, last);
    }
}

char *
dh_training_sentence (const DhJobSnapshot *snapshot, DhJobState state, guint before)
{
  const DhJobProgress *progress = &snapshot->progress;
  if (state == DH_JOB_RUNNING)
    return running_sentence (progress);
  if (state > DH_JOB_PAUSED)
    return ended_sentence (snapshot, state);
  g_autofree char *where = numbers (progress);
  if (state == DH_JOB_PAUSED)
    return g_strdup_printf (_ ("%s · paused by you"), where);
  const char *after = before == 0   ? _ ("starts in a moment")
                      : before == 1 ? _ ("after the job above")
                                    : _ ("after the jobs above");
  return *where != '\0' ? g_strdup_printf ("%s · %s", where, after) : g_strdup (after);
}
