#include "emulated-card-private.h"

#include "dh-error.h"

/* Calls that are written down instead of run. */

gboolean
emulated_record_begin (DhCudaCard *card, GError **error)
{
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
  if (!emulated_fails ("record"))
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
  for (guint i = 0; i < recording->calls->len; i++)
    emulated_queue (card, DH_CUDA_LANE_COMPUTE, &g_array_index (recording->calls, EmulatedCall, i));
  return TRUE;
}
