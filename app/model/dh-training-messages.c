#include "dh-training-keeper-private.h"

/* What the keeper's thread tells the window's. */

typedef struct
{
  DhTrainingKeeper *keeper;
  GPtrArray *snapshots;
  GArray *events;
  gboolean again, more, ended;
  char *folder, *title, *text;
} Message;

static void
message_free (gpointer data)
{
  Message *message = data;
  g_clear_pointer (&message->snapshots, g_ptr_array_unref);
  g_clear_pointer (&message->events, g_array_unref);
  dh_training_keeper_unref (message->keeper);
  g_free (message->folder);
  g_free (message->title);
  g_free (message->text);
  g_free (message);
}

static gboolean
deliver (gpointer data)
{
  Message *message = data;
  DhTrainingKeeper *keeper = message->keeper;
  if (g_atomic_int_get (&keeper->stopped))
    return G_SOURCE_REMOVE;
  if (message->snapshots != NULL)
    keeper->calls.jobs (message->snapshots, keeper->data);
  if (message->events != NULL)
    keeper->calls.events (message->folder, g_steal_pointer (&message->events), message->again, message->more,
                          keeper->data);
  if (message->ended)
    keeper->calls.ended (message->folder, keeper->data);
  if (message->title != NULL)
    keeper->calls.error (message->folder, message->title, message->text, keeper->data);
  return G_SOURCE_REMOVE;
}

/* Takes what the message points at. */
static void
post (DhTrainingKeeper *keeper, Message message)
{
  Message *copy = g_memdup2 (&message, sizeof message);
  copy->keeper = dh_training_keeper_ref (keeper);
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, deliver, copy, message_free);
  g_source_attach (source, keeper->context);
}

void
dh_training_post_jobs (DhTrainingKeeper *keeper, GPtrArray *snapshots)
{
  post (keeper, (Message){ .snapshots = snapshots });
}

void
dh_training_post_events (DhTrainingKeeper *keeper, const char *folder, GArray *events, gboolean again, gboolean more)
{
  post (keeper, (Message){ .events = events, .again = again, .more = more, .folder = g_strdup (folder) });
}

void
dh_training_post_end (DhTrainingKeeper *keeper, const char *folder)
{
  post (keeper, (Message){ .ended = TRUE, .folder = g_strdup (folder) });
}

void
dh_training_keeper_complain (DhTrainingKeeper *keeper, const char *folder, const char *title, GError **error)
{
  post (keeper, (Message){ .folder = g_strdup (folder),
                           .title = g_strdup (title),
                           .text = g_strdup (*error != NULL ? (*error)->message : "") });
  g_clear_error (error);
}

void
dh_training_keeper_complain_once (DhTrainingKeeper *keeper, const char *title, GError **error)
{
  if (!keeper->told)
    dh_training_keeper_complain (keeper, NULL, title, error);
  g_clear_error (error);
  keeper->told = title;
}

void
dh_training_keeper_take_back (DhTrainingKeeper *keeper)
{
  if (keeper->told)
    post (keeper, (Message){ .title = g_strdup (keeper->told) });
  keeper->told = NULL;
}
