/* Frames that were computed, with what was counted of them: those used last. */
#include "dh-session-private.h"

static void
entry_free (gpointer data)
{
  DhSessionEntry *entry = data;
  g_object_unref (entry->item);
  dh_frame_unref (entry->frame);
  g_clear_pointer (&entry->stats, dh_score_stats_unref);
  g_free (entry);
}

/* Takes one that is out of the queue. */
static void
drop_entry (DhSession *self, DhSessionEntry *entry)
{
  self->entries_bytes -= dh_frame_size_bytes (entry->frame);
  self->entries_stats_bytes -= entry->stats_bytes;
  entry_free (entry);
}

/* Those that were used last stay. */
void
dh_session_drop_oldest_frames (DhSession *self)
{
  while (self->entries.length > 1
         && (self->entries_bytes > DH_SESSION_FRAME_BUDGET || self->entries_stats_bytes > DH_SESSION_STATS_BUDGET))
    drop_entry (self, g_queue_pop_tail (&self->entries));
}

DhSessionEntry *
dh_session_find_entry (DhSession *self, DhImageItem *item)
{
  for (GList *link = self->entries.head; link != NULL; link = link->next)
    if (((DhSessionEntry *)link->data)->item == item)
      return link->data;
  return NULL;
}

void
dh_session_use_entry (DhSession *self, DhSessionEntry *entry)
{
  g_queue_remove (&self->entries, entry);
  g_queue_push_head (&self->entries, entry);
}

void
dh_session_keep_frame (DhSession *self, DhImageItem *item, DhFrame *frame)
{
  DhSessionEntry *entry = dh_session_find_entry (self, item);
  if (entry != NULL)
    {
      g_queue_remove (&self->entries, entry);
      drop_entry (self, entry);
    }
  entry = g_new0 (DhSessionEntry, 1);
  entry->item = g_object_ref (item);
  entry->frame = dh_frame_ref (frame);
  g_queue_push_head (&self->entries, entry);
  self->entries_bytes += dh_frame_size_bytes (frame);
  dh_session_drop_oldest_frames (self);
}

void
dh_session_forget_frames (DhSession *self)
{
  g_hash_table_remove_all (self->relabelled);
  g_queue_clear_full (&self->entries, entry_free);
  self->entries_bytes = self->entries_stats_bytes = 0;
  dh_session_drop_run_maps (self);
}
