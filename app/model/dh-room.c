#include "dh-room-private.h"
#include <glib/gi18n.h>
#include "dh-machine.h"

/* Without asking what there is. */
#define SMALL ((guint64)64 << 20)

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

char *
dh_room_dup_shortage (guint64 bytes)
{
  const guint64 there = bytes > SMALL ? dh_machine_memory_available () : 0;
  if (there == 0 || bytes <= there)
    return NULL;
  g_autofree char *need = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *have = g_format_size_full (there, G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf (_ ("needs about %s of memory, and %s can be had"), need, have);
}
