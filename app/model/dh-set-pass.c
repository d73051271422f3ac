#include "dh-set-pass-private.h"
#include "dh-groups.h"
#include <glib/gi18n.h>
#include <sys/resource.h>
#include "dh-machine.h"
#include "dh-room-private.h"

/* More would be in the way of what computes. */
#define MOST_THREADS 4
/* Bytes for each pixel of a picture while it is measured: the score's map, those of its two terms, of which one stands
 * twice while it is turned round, labels as they are read and as they are meant, classes, and three masks. */
#define BYTES_A_PIXEL 21

struct _DhSetPass
{
  gatomicrefcount refs;
  DhSetMaps *maps;
  DhScore score;
  double threshold;
  guint n;
  DhRoom *room;                      /* for the pictures that are measured at the same time */
  DhSetMeasured *pictures;           /* each of the thread that took its number */
  char *failure;                     /* atomic, set once */
  gint next, done, runners, stopped; /* atomic */
  /* the window's thread */
  void (*callback) (DhSetPass *pass, gpointer data);
  gpointer data;
};

static void
pass_unref (gpointer data)
{
  DhSetPass *self = data;
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  for (guint i = 0; i < self->n; i++)
    {
      g_clear_pointer (&self->pictures[i].components, dh_picture_components_unref);
      g_free (self->pictures[i].why);
    }
  g_free (self->pictures);
  dh_room_free (self->room);
  g_free (self->failure);
  dh_set_maps_unref (self->maps);
  g_free (self);
}

static DhSetPass *
pass_ref (DhSetPass *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
measure (DhSetPass *self, guint index)
{
  DhSetMeasured *measured = &self->pictures[index];
  g_autoptr (GError) error = NULL;
  g_autoptr (DhFrame) frame = dh_set_maps_load (self->maps, index, self->score, &error);
  if (frame == NULL)
    {
      measured->why = g_strdup (error->message);
      return;
    }
  dh_set_maps_add_terms (self->maps, index, frame);
  dh_set_maps_add_classes (self->maps, index, frame);
  measured->components =
      dh_picture_components_measure (frame, self->score, self->threshold, &measured->sums, &measured->counts);
  if (measured->components == NULL)
    {
      measured->counts = (DhCounts){ FALSE };
      measured->why = g_strdup (_ ("no memory is left for it"));
    }
}

/* One picture, where and when there is memory for it beside those of the other threads. */
static void
visit (DhSetPass *self, guint index)
{
  DhSetMeasured *measured = &self->pictures[index];
  const char *left_out = dh_set_maps_left_out (self->maps, index);
  if (left_out != NULL)
    {
      measured->why = g_strdup (left_out);
      return;
    }
  const guint64 bytes = BYTES_A_PIXEL * dh_set_maps_pixels (self->maps, index);
  dh_room_enter (self->room, bytes);
  measured->why = dh_room_dup_shortage (bytes);
  if (measured->why == NULL && !g_atomic_int_get (&self->stopped))
    measure (self, index);
  dh_room_leave (self->room, bytes);
}

/* Whoever takes the folder writes its name before the first map: where the name is right before and behind the pass,
 * all maps were. */
static void
check_maps (DhSetPass *self)
{
  g_autoptr (GError) error = NULL;
  if (dh_set_maps_check (self->maps, &error))
    return;
  char *failure = g_strdup (error->message);
  if (!g_atomic_pointer_compare_and_exchange (&self->failure, NULL, failure))
    g_free (failure);
}

static gboolean
is_over (DhSetPass *self)
{
  return g_atomic_int_get (&self->stopped) || g_atomic_pointer_get (&self->failure) != NULL;
}

static gboolean
tell_done (gpointer data)
{
  DhSetPass *self = data;
  if (!g_atomic_int_get (&self->stopped))
    self->callback (self, self->data);
  return G_SOURCE_REMOVE;
}

static void
run (gpointer data, gpointer unused)
{
  DhSetPass *self = data;
  setpriority (PRIO_PROCESS, 0, 10); /* of this thread alone */
  if (!is_over (self))
    check_maps (self);
  for (;;)
    {
      const guint index = (guint)g_atomic_int_add (&self->next, 1);
      if (index >= self->n || is_over (self))
        break;
      visit (self, index);
      g_atomic_int_inc (&self->done);
    }
  if (g_atomic_int_dec_and_test (&self->runners) && !g_atomic_int_get (&self->stopped))
    {
      check_maps (self);
      g_autoptr (GSource) source = g_idle_source_new ();
      g_source_set_callback (source, tell_done, pass_ref (self), pass_unref);
      g_source_attach (source, NULL);
    }
  pass_unref (self);
}

GThreadPool *
dh_set_pass_pool_new (guint threads)
{
  if (threads == 0)
    threads = CLAMP (dh_groups_processors () / 2, 1, MOST_THREADS);
  GThreadPool *pool = g_thread_pool_new (run, NULL, (gint)threads, TRUE, NULL);
  if (g_thread_pool_get_num_threads (pool) > 0)
    return pool;
  /* GLib gives one all the same, and nothing would ever run in it. */
  g_thread_pool_free (pool, TRUE, FALSE);
  return NULL;
}

DhSetPass *
dh_set_pass_start (GThreadPool *pool, DhSetMaps *maps, DhScore score, double threshold,
                   void (*done) (DhSetPass *pass, gpointer data), gpointer data)
{
  DhSetPass *self = g_new0 (DhSetPass, 1);
  g_atomic_ref_count_init (&self->refs);
  self->maps = dh_set_maps_ref (maps);
  self->score = score;
  self->threshold = threshold;
  self->n = dh_set_maps_size (maps);
  const guint64 there = dh_machine_memory_available ();
  self->room = dh_room_new (there > 0 ? there / 2 : G_MAXUINT64);
  self->pictures = g_new0 (DhSetMeasured, MAX (self->n, 1));
  self->callback = done;
  self->data = data;
  self->runners = g_thread_pool_get_max_threads (pool);
  for (gint i = self->runners; i > 0; i--)
    g_thread_pool_push (pool, pass_ref (self), NULL);
  return self;
}

void
dh_set_pass_stop (DhSetPass *self)
{
  g_atomic_int_set (&self->stopped, TRUE);
  pass_unref (self);
}

DhScore
dh_set_pass_score (const DhSetPass *self)
{
  return self->score;
}

double
dh_set_pass_threshold (const DhSetPass *self)
{
  return self->threshold;
}

guint
dh_set_pass_get_done (DhSetPass *self)
{
  return MIN ((guint)g_atomic_int_get (&self->done), self->n);
}

guint
dh_set_pass_size (DhSetPass *self)
{
  return self->n;
}

const char *
dh_set_pass_get_failure (DhSetPass *self)
{
  return g_atomic_pointer_get (&self->failure);
}

DhSetMeasured *
dh_set_pass_get_pictures (DhSetPass *self)
{
  return self->pictures;
}
