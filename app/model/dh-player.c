#include "dh-player.h"

/* Behind what draws (GDK_PRIORITY_REDRAW is 120): a picture is on the screen before the next one comes. */
#define PRIORITY G_PRIORITY_DEFAULT_IDLE
/* How much of a new interval is taken into the pace. */
#define SHARE 0.25

struct _DhPlayer
{
  GObject parent_instance;
  DhSession *session; /* owns this */
  gboolean playing, stepping;
  guint source;
  gint64 stepped_at; /* monotonic; while it plays */
  double pace;
};

G_DEFINE_FINAL_TYPE (DhPlayer, dh_player, G_TYPE_OBJECT)

enum
{
  PROP_PLAYING = 1,
  PROP_PACE,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static void
set_pace (DhPlayer *self, double pace)
{
  if (self->pace == pace)
    return;
  self->pace = pace;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PACE]);
}

static void
stop (DhPlayer *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  if (!self->playing)
    return;
  self->playing = FALSE;
  set_pace (self, 0);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PLAYING]);
}

static gint64
interval (DhPlayer *self)
{
  const double rate = g_ascii_strtod (dh_view_get_string (dh_session_get_view (self->session), "play-rate"), NULL);
  return (gint64)(G_USEC_PER_SEC / MAX (rate, 0.1));
}

static gboolean
show (DhPlayer *self, DhImageItem *item)
{
  if (item == NULL)
    return FALSE;
  self->stepping = TRUE;
  dh_session_set_current (self->session, item);
  self->stepping = FALSE;
  return TRUE;
}

static void wait_for_next (DhPlayer *self, gint64 until);

static gboolean
step (gpointer data)
{
  DhPlayer *self = data;
  self->source = 0;
  if (!dh_session_is_shown (self->session))
    return G_SOURCE_REMOVE; /* on_shown() goes on */
  DhImageList *list = dh_session_get_list (self->session);
  const gboolean repeats = dh_view_get_boolean (dh_session_get_view (self->session), "play-repeats");
  if (!show (self, dh_image_list_step (list, dh_session_get_current (self->session), 1))
      && !(repeats && show (self, dh_image_list_step (list, NULL, 1))))
    {
      stop (self);
      return G_SOURCE_REMOVE;
    }
  const gint64 now = g_get_monotonic_time ();
  if (now > self->stepped_at)
    {
      const double pace = (double)G_USEC_PER_SEC / (double)(now - self->stepped_at);
      set_pace (self, self->pace == 0 ? pace : (1 - SHARE) * self->pace + SHARE * pace);
    }
  self->stepped_at = now;
  wait_for_next (self, now + interval (self));
  return G_SOURCE_REMOVE;
}

static void
wait_for_next (DhPlayer *self, gint64 until)
{
  const gint64 left = MAX (until - g_get_monotonic_time (), 0);
  g_clear_handle_id (&self->source, g_source_remove);
  self->source = g_timeout_add_full (PRIORITY, (guint)(left / 1000), step, self, NULL);
}

/* What it waited for is there, or never will be. */
static void
on_shown (DhPlayer *self)
{
  if (self->playing && self->source == 0 && dh_session_is_shown (self->session))
    wait_for_next (self, self->stepped_at + interval (self));
}

static void
on_current (DhPlayer *self)
{
  if (!self->stepping)
    stop (self);
}

static void
on_rate (DhPlayer *self)
{
  if (self->playing)
    wait_for_next (self, self->stepped_at + interval (self));
}

gboolean
dh_player_is_playing (DhPlayer *self)
{
  return self->playing;
}

void
dh_player_set_playing (DhPlayer *self, gboolean playing)
{
  if (playing == self->playing)
    return;
  if (!playing)
    {
      stop (self);
      return;
    }
  DhImageList *list = self->session != NULL ? dh_session_get_list (self->session) : NULL; /* none: it was closed */
  DhImageItem *first = list != NULL ? dh_image_list_step (list, NULL, 1) : NULL;
  if (first == NULL || dh_image_list_step (list, first, 1) == NULL)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PLAYING]); /* a button that was pressed goes back */
      return;
    }
  DhImageItem *current = dh_session_get_current (self->session);
  self->playing = TRUE;
  if (current == NULL || dh_image_list_position (list, current) < 0 || dh_image_list_step (list, current, 1) == NULL)
    show (self, first);
  self->stepped_at = g_get_monotonic_time ();
  wait_for_next (self, self->stepped_at + interval (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PLAYING]);
}

double
dh_player_get_pace (DhPlayer *self)
{
  return self->pace;
}

static void
dh_player_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  DhPlayer *self = DH_PLAYER (object);
  if (id == PROP_PLAYING)
    g_value_set_boolean (value, self->playing);
  else
    g_value_set_double (value, self->pace);
}

static void
dh_player_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  dh_player_set_playing (DH_PLAYER (object), g_value_get_boolean (value));
}

static void
dh_player_dispose (GObject *object)
{
  DhPlayer *self = DH_PLAYER (object);
  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_weak_pointer (&self->session);
  G_OBJECT_CLASS (dh_player_parent_class)->dispose (object);
}

static void
dh_player_class_init (DhPlayerClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->get_property = dh_player_get_property;
  object_class->set_property = dh_player_set_property;
  object_class->dispose = dh_player_dispose;
  properties[PROP_PLAYING] = g_param_spec_boolean (
      "playing", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_PACE] = g_param_spec_double ("pace", NULL, NULL, 0, G_MAXDOUBLE, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
dh_player_init (DhPlayer *self)
{
}

DhPlayer *
dh_player_new (DhSession *session)
{
  DhPlayer *self = g_object_new (DH_TYPE_PLAYER, NULL);
  g_set_weak_pointer (&self->session, session);
  g_signal_connect_object (session, "notify::current", G_CALLBACK (on_current), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::dataset-title", G_CALLBACK (stop), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::frame", G_CALLBACK (on_shown), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::play-rate", G_CALLBACK (on_rate), self,
                           G_CONNECT_SWAPPED);
  return self;
}
