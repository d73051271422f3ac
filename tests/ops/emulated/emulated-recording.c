#include "emulated-card-private.h"

#include <stdlib.h>

#include "dh-error.h"

/* Calls that are written down instead of run. */

/* As DH_EMULATED_REFUSES calls it; free with g_free. */
static char *
name_of (const EmulatedCall *call)
{
  return call->what == EMULATED_COPY     ? g_strdup ("copy")
         : call->what == EMULATED_KERNEL ? g_strdup_printf ("kernel-%d", call->kernel.op)
                                         : g_strdup_printf ("conv-%u", call->number);
}

/* The card's code of a call: each convolution's own, and of kernels as many as there are of each. Free with g_free. */
static char *
code_of (const EmulatedCall *call)
{
  const DhCudaKernel *k = &call->kernel;
  const gboolean by_mode = k->op == DH_CUDA_FUSED || k->op == DH_CUDA_POOL_BACK;
  if (call->what != EMULATED_KERNEL)
    return name_of (call);
  return g_strdup_printf ("%d in %d, %d, %d, %d", k->op, dh_cuda_kernel_type (k), by_mode ? k->mode : 0,
                          k->op == DH_CUDA_FUSED && k->rows, dh_cuda_is_large (k));
}

static gboolean
is_refused (const EmulatedCall *call)
{
  const char *wanted = g_getenv ("DH_EMULATED_REFUSES");
  g_auto (GStrv) words = g_strsplit (wanted ? wanted : "", ",", -1);
  g_autofree char *name = name_of (call);
  return g_strv_contains ((const char *const *)words, name) || g_strv_contains ((const char *const *)words, "all");
}

void
emulated_note_start (DhCudaCard *card, const EmulatedCall *call)
{
  g_hash_table_add (card->started, code_of (call));
}

gboolean
emulated_record (DhCudaCard *card, const EmulatedCall *call, GError **error)
{
  DhCudaRecording *recording = card->recording;
  g_autofree char *code = code_of (call);
  /* A card loads what it has not started yet, which it may refuse while it records. */
  if (call->what != EMULATED_COPY && !g_hash_table_contains (card->started, code))
    g_error ("%s is recorded before it ever ran", code);
  const gboolean refused = !recording->is_broken && is_refused (call);
  const gboolean is_told = recording->is_broken || !g_getenv ("DH_EMULATED_REFUSES_LATE");
  recording->is_broken = recording->is_broken || refused;
  g_array_append_val (recording->calls, *call);
  if (!recording->is_broken || !is_told)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_FAILED, refused ? "this is not recorded" : "the recording is broken");
  return FALSE;
}

gboolean
emulated_record_begin (DhCudaCard *card, GError **error)
{
  g_assert_null (card->recording);
  card->recording = g_new0 (DhCudaRecording, 1);
  card->recording->calls = g_array_new (FALSE, FALSE, sizeof (EmulatedCall));
  return TRUE;
}

void
emulated_recording_free (DhCudaCard *card, DhCudaRecording *recording)
{
  g_array_unref (recording->calls);
  g_free (recording);
}

DhCudaRecording *
emulated_record_end (DhCudaCard *card, GError **error)
{
  DhCudaRecording *recording = g_steal_pointer (&card->recording);
  if (!emulated_fails ("record") && !recording->is_broken)
    return recording;
  emulated_recording_free (card, recording);
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "the card does not record");
  return NULL;
}

gboolean
emulated_replay (DhCudaCard *card, DhCudaRecording *recording, GError **error)
{
  if (emulated_lose (card, "replay", error))
    return FALSE;
  g_assert_null (card->recording);
  const char *replays = g_getenv ("DH_EMULATED_REPLAYS");
  g_autofree char *more = replays ? g_strdup_printf ("%d", atoi (replays) + 1) : NULL;
  if (more)
    g_setenv ("DH_EMULATED_REPLAYS", more, TRUE);
  gboolean fine = TRUE;
  for (guint i = g_getenv ("DH_EMULATED_FORGETS") != NULL; fine && i < recording->calls->len; i++)
    fine = emulated_queue (card, DH_CUDA_LANE_COMPUTE, &g_array_index (recording->calls, EmulatedCall, i), error);
  return fine;
}
