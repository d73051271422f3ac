#include "dh-cuda-segments.h"

typedef struct
{
  guint first, end;
  DhCudaRecording *recording; /* NULL: they are not recorded */
} Stretch;

static DhCudaRecording *
record (DhCudaCard *card, guint first, guint end, DhCudaQueueStep queue, gpointer data, GError **error)
{
  if (!dh_cuda_driver.record_begin (card, error))
    return NULL;
  gboolean queued = TRUE;
  for (guint i = first; queued && i < end; i++)
    queued = queue (data, i, error);
  DhCudaRecording *recording = dh_cuda_driver.record_end (card, queued ? error : NULL);
  if (queued || !recording)
    return recording;
  dh_cuda_driver.recording_free (card, recording);
  return NULL;
}

static void
note_refusal (DhCudaSegments *segments, guint step, const GError *reason)
{
  if (segments->why_not)
    return;
  segments->first_refused = step;
  segments->why_not = g_strdup (reason->message);
}

static void
add_stretch (DhCudaSegments *segments, guint first, guint end, DhCudaRecording *recording)
{
  const Stretch stretch = { first, end, recording };
  g_array_append_val (segments->stretches, stretch);
  segments->n_refused += recording ? 0 : end - first;
}

/* A recording that is broken does not say by which step: each is tried by itself. */
static void
record_apart (DhCudaSegments *segments, DhCudaCard *card, DhCudaQueueStep queue, gpointer data)
{
  g_autofree gboolean *refused = g_new0 (gboolean, segments->n_steps);
  for (guint i = 0; i < segments->n_steps; i++)
    {
      g_autoptr (GError) reason = NULL;
      DhCudaRecording *recording = record (card, i, i + 1, queue, data, &reason);
      refused[i] = !recording;
      if (recording)
        dh_cuda_driver.recording_free (card, recording);
      else
        note_refusal (segments, i, reason);
    }
  for (guint first = 0, end; first < segments->n_steps; first = end)
    {
      g_autoptr (GError) reason = NULL;
      for (end = first + 1; end < segments->n_steps && refused[end] == refused[first];)
        end++;
      DhCudaRecording *recording = refused[first] ? NULL : record (card, first, end, queue, data, &reason);
      if (reason)
        note_refusal (segments, first, reason);
      add_stretch (segments, first, end, recording);
    }
}

DhCudaSegments *
dh_cuda_segments_new (DhCudaCard *card, guint n_steps, DhCudaQueueStep queue, gpointer data)
{
  DhCudaSegments *segments = g_new0 (DhCudaSegments, 1);
  segments->stretches = g_array_new (FALSE, FALSE, sizeof (Stretch));
  segments->n_steps = n_steps;
  DhCudaRecording *whole = record (card, 0, n_steps, queue, data, NULL);
  if (whole)
    add_stretch (segments, 0, n_steps, whole);
  else
    record_apart (segments, card, queue, data);
  return segments;
}

gboolean
dh_cuda_segments_run (const DhCudaSegments *segments, DhCudaCard *card, DhCudaQueueStep queue, gpointer data,
                      GError **error)
{
  gboolean fine = TRUE;
  for (guint i = 0; fine && i < segments->stretches->len; i++)
    {
      const Stretch *stretch = &g_array_index (segments->stretches, Stretch, i);
      if (stretch->recording)
        fine = dh_cuda_driver.replay (card, stretch->recording, error);
      for (guint step = stretch->first; !stretch->recording && fine && step < stretch->end; step++)
        fine = queue (data, step, error);
    }
  return fine;
}

void
dh_cuda_segments_free (DhCudaSegments *segments, DhCudaCard *card)
{
  if (!segments)
    return;
  for (guint i = 0; i < segments->stretches->len; i++)
    {
      const Stretch *stretch = &g_array_index (segments->stretches, Stretch, i);
      if (stretch->recording)
        dh_cuda_driver.recording_free (card, stretch->recording);
    }
  g_array_unref (segments->stretches);
  g_free (segments->why_not);
  g_free (segments);
}
