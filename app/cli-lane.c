#include "cli-lane.h"

struct _DhCliLane
{
  GMutex mutex;
  GCond changed;
  GQueue items;
  guint most;
  gboolean closed;
  GDestroyNotify free_item;
};

DhCliLane *
dh_cli_lane_new (guint most, GDestroyNotify free_item)
{
  DhCliLane *lane = g_new0 (DhCliLane, 1);
  g_mutex_init (&lane->mutex);
  g_cond_init (&lane->changed);
  lane->most = most;
  lane->free_item = free_item;
  return lane;
}

gboolean
dh_cli_lane_put (DhCliLane *lane, gpointer item)
{
  g_mutex_lock (&lane->mutex);
  while (!lane->closed && lane->items.length >= lane->most)
    g_cond_wait (&lane->changed, &lane->mutex);
  const gboolean open = !lane->closed;
  if (open)
    g_queue_push_tail (&lane->items, item);
  g_cond_broadcast (&lane->changed);
  g_mutex_unlock (&lane->mutex);
  if (!open)
    lane->free_item (item);
  return open;
}

gpointer
dh_cli_lane_take (DhCliLane *lane)
{
  g_mutex_lock (&lane->mutex);
  while (!lane->closed && lane->items.length == 0)
    g_cond_wait (&lane->changed, &lane->mutex);
  gpointer item = g_queue_pop_head (&lane->items);
  g_cond_broadcast (&lane->changed);
  g_mutex_unlock (&lane->mutex);
  return item;
}

void
dh_cli_lane_close (DhCliLane *lane, gboolean drop)
{
  g_mutex_lock (&lane->mutex);
  lane->closed = TRUE;
  if (drop)
    g_queue_clear_full (&lane->items, lane->free_item);
  g_cond_broadcast (&lane->changed);
  g_mutex_unlock (&lane->mutex);
}

void
dh_cli_lane_free (DhCliLane *lane)
{
  g_queue_clear_full (&lane->items, lane->free_item);
  g_mutex_clear (&lane->mutex);
  g_cond_clear (&lane->changed);
  g_free (lane);
}
