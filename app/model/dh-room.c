#include "dh-room-private.h"

struct _DhRoom
{
  GMutex lock;
  GCond left;
  guint64 bytes, taken;
};

DhRoom *
dh_room_new (guint64 bytes)
{
  DhRoom *self = g_new0 (DhRoom, 1);
  g_mutex_init (&self->lock);
  g_cond_init (&self->left);
  self->bytes = bytes;
  return self;
}

void
dh_room_free (DhRoom *self)
{
  g_assert (self->taken == 0);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->left);
  g_free (self);
}

void
dh_room_enter (DhRoom *self, guint64 bytes)
{
  g_mutex_lock (&self->lock);
  while (self->taken > 0 && self->taken + bytes > self->bytes)
    g_cond_wait (&self->left, &self->lock);
  self->taken += bytes;
  g_mutex_unlock (&self->lock);
}

void
dh_room_leave (DhRoom *self, guint64 bytes)
{
  g_mutex_lock (&self->lock);
  self->taken -= bytes;
  g_cond_broadcast (&self->left);
  g_mutex_unlock (&self->lock);
}
