#include <glib/gi18n.h>
#include "dh-worker-private.h"

typedef enum
{
  MESSAGE_FRAME,
  MESSAGE_STATS,
  MESSAGE_PROGRESS,
  MESSAGE_FAILED,
  MESSAGE_STORED,
} MessageKind;

/* What a thread has to tell the window about a job. */
typedef struct
{
  MessageKind kind;
  DhJob *job;
  DhFrame *frame;
  gboolean last, memory;
  DhScoreStats *stats;
  double fraction, seconds;
  char *text;
} Message;

static void
message_free (gpointer data)
{
  Message *message = data;
  dh_job_unref (message->job);
  g_clear_pointer (&message->frame, dh_frame_unref);
  g_clear_pointer (&message->stats, dh_score_stats_unref);
  g_free (message->text);
  g_free (message);
}

static gboolean
deliver (gpointer data)
{
  Message *message = data;
  DhJob *job = message->job;
  g_autoptr (DhWorker) self = g_weak_ref_get (&job->worker);
  if (self == NULL || self->stopped || g_cancellable_is_cancelled (job->cancellable))
    return G_SOURCE_REMOVE;
  if ((message->kind == MESSAGE_FRAME && message->last) || message->kind == MESSAGE_FAILED)
    if (g_hash_table_lookup (self->jobs, job->item) == job)
      g_hash_table_remove (self->jobs, job->item);
  switch (message->kind)
    {
    case MESSAGE_FRAME:
      g_signal_emit_by_name (self, "frame", job->item, message->frame, message->last);
      break;
    case MESSAGE_STATS:
      g_signal_emit_by_name (self, "stats", job->item, message->stats);
      break;
    case MESSAGE_PROGRESS:
      g_signal_emit_by_name (self, "progress", job->item, message->fraction, message->seconds, message->text);
      break;
    case MESSAGE_FAILED:
      g_signal_emit_by_name (self, "failed", job->item, message->text, message->memory);
      break;
    case MESSAGE_STORED:
      g_signal_emit_by_name (self, "stored", job->item);
      break;
    }
  return G_SOURCE_REMOVE;
}

static Message *
message_new (MessageKind kind, DhJob *job)
{
  Message *message = g_new0 (Message, 1);
  message->kind = kind;
  message->job = dh_job_ref (job);
  return message;
}

/* Not g_main_context_invoke(), which would call at once on this thread while nobody owns the context. */
void
dh_worker_to_window (GSourceFunc function, gpointer data, GDestroyNotify destroy, gint priority)
{
  GSource *source = g_idle_source_new ();
  g_source_set_priority (source, priority);
  g_source_set_callback (source, function, data, destroy);
  g_source_attach (source, NULL);
  g_source_unref (source);
}

static void
post (Message *message)
{
  dh_worker_to_window (deliver, message, message_free, G_PRIORITY_DEFAULT);
}

void
dh_worker_post_frame (DhJob *job, DhFrame *frame, gboolean last)
{
  Message *message = message_new (MESSAGE_FRAME, job);
  message->frame = dh_frame_ref (frame);
  message->last = last;
  post (message);
}

void
dh_worker_post_stats (DhJob *job, DhScoreStats *stats)
{
  Message *message = message_new (MESSAGE_STATS, job);
  message->stats = dh_score_stats_ref (stats);
  post (message);
}

void
dh_worker_post_stored (DhJob *job)
{
  post (message_new (MESSAGE_STORED, job));
}

void
dh_worker_post_progress (DhJob *job, double fraction, double seconds, const char *layer)
{
  Message *message = message_new (MESSAGE_PROGRESS, job);
  message->fraction = fraction;
  message->seconds = seconds;
  message->text = g_strdup (layer);
  post (message);
}

void
dh_worker_post_failure (DhJob *job, const GError *error, gboolean memory)
{
  Message *message = message_new (MESSAGE_FAILED, job);
  message->memory = memory;
  message->text = g_strdup (error != NULL ? error->message : _ ("It failed for a reason that is not known"));
  post (message);
}
