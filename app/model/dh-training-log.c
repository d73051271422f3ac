#include "dh-training-log.h"
#include <math.h>
#include <string.h>
#include "dh-training-curves.h"
#include "dh-training-job-private.h"

/* How many lines a filter looks at before the window gets its turn again. */
#define FILTER_SLICE 4000

struct _DhTrainingLog
{
  GObject parent_instance;
  GPtrArray *pieces; /* GArray of DhRunEvent */
  GPtrArray *events; /* DhRunEvent, in order; borrowed of the pieces */
  DhTrainingCurves curves;
  gboolean loading;

  char **words;      /* of the filter, case-folded; NULL: all lines */
  GArray *shown;     /* guint: events that pass it */
  guint looked_at;   /* events */
  guint filter_idle; /* source */
};

static void list_model_init (GListModelInterface *interface);
G_DEFINE_FINAL_TYPE_WITH_CODE (DhTrainingLog, dh_training_log, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

enum
{
  PROP_LOADING = 1,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];
static guint points_signal;

static GType
get_item_type (GListModel *model)
{
  return DH_TYPE_TRAINING_LINE;
}

static guint
get_n_items (GListModel *model)
{
  DhTrainingLog *self = DH_TRAINING_LOG (model);
  return self->words != NULL ? self->shown->len : self->events->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  DhTrainingLog *self = DH_TRAINING_LOG (model);
  if (position >= get_n_items (model))
    return NULL;
  const guint which = self->words != NULL ? g_array_index (self->shown, guint, position) : position;
  return dh_training_line_new (self->events->pdata[which]);
}

static void
list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = get_item_type;
  interface->get_n_items = get_n_items;
  interface->get_item = get_item;
}

static gboolean
passes (DhTrainingLog *self, const DhRunEvent *event)
{
  g_autofree char *text = dh_training_line_describe (event);
  g_autofree char *folded = g_utf8_casefold (text, -1);
  for (guint i = 0; self->words[i] != NULL; i++)
    if (strstr (folded, self->words[i]) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
filter_slice (gpointer data)
{
  DhTrainingLog *self = data;
  const guint before = self->shown->len, end = MIN (self->looked_at + FILTER_SLICE, self->events->len);
  for (; self->looked_at < end; self->looked_at++)
    if (passes (self, self->events->pdata[self->looked_at]))
      g_array_append_val (self->shown, self->looked_at);
  const gboolean more = self->looked_at < self->events->len;
  if (!more)
    self->filter_idle = 0;
  if (self->shown->len > before)
    g_list_model_items_changed (G_LIST_MODEL (self), before, 0, self->shown->len - before);
  return more;
}

static void
filter_more (DhTrainingLog *self)
{
  if (self->words != NULL && self->filter_idle == 0 && self->looked_at < self->events->len)
    self->filter_idle = g_idle_add (filter_slice, self);
}

void
dh_training_log_set_filter (DhTrainingLog *self, const char *filter)
{
  const guint before = get_n_items (G_LIST_MODEL (self));
  g_autofree char *folded = filter != NULL ? g_utf8_casefold (filter, -1) : g_strdup ("");
  g_auto (GStrv) parts = g_strsplit_set (folded, " \t", -1);
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  gboolean any = FALSE;
  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] != '\0')
      {
        g_strv_builder_add (words, parts[i]);
        any = TRUE;
      }
  g_clear_handle_id (&self->filter_idle, g_source_remove);
  g_clear_pointer (&self->words, g_strfreev);
  g_array_set_size (self->shown, 0);
  self->looked_at = 0;
  if (any)
    self->words = g_strv_builder_end (words);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before, get_n_items (G_LIST_MODEL (self)));
  /* A short log at once. */
  if (self->words != NULL)
    filter_slice (self);
  filter_more (self);
}

guint
dh_training_log_get_n_lines (DhTrainingLog *self)
{
  return self->events->len;
}

static void
start_again (DhTrainingLog *self)
{
  const guint before = get_n_items (G_LIST_MODEL (self));
  g_ptr_array_set_size (self->events, 0);
  g_ptr_array_set_size (self->pieces, 0);
  g_array_set_size (self->shown, 0);
  self->looked_at = 0;
  dh_training_curves_start_again (&self->curves);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before, 0);
}

void
dh_training_log_take_events (DhTrainingLog *self, GArray *events, gboolean again, gboolean more)
{
  guint lengths[DH_N_TRAINING_CURVES], generations[DH_N_TRAINING_CURVES];
  for (guint i = 0; i < DH_N_TRAINING_CURVES; i++)
    {
      lengths[i] = self->curves.x[i]->len;
      generations[i] = self->curves.generation[i];
    }
  if (again)
    start_again (self);
  const guint before = self->events->len;
  for (guint i = 0; i < events->len; i++)
    {
      DhRunEvent *event = &g_array_index (events, DhRunEvent, i);
      g_ptr_array_add (self->events, event);
      dh_training_curves_take_event (&self->curves, event);
    }
  const guint n = events->len;
  g_ptr_array_add (self->pieces, events);
  if (n > 0 && self->words == NULL)
    g_list_model_items_changed (G_LIST_MODEL (self), before, 0, n);
  filter_more (self);
  if (self->loading != more)
    {
      self->loading = more;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOADING]);
    }
  for (guint i = 0; i < DH_N_TRAINING_CURVES; i++)
    if (lengths[i] != self->curves.x[i]->len || generations[i] != self->curves.generation[i])
      g_signal_emit (self, points_signal, 0, i);
}

void
dh_training_log_get_curve (DhTrainingLog *self, DhTrainingCurveKind kind, DhTrainingCurve *curve)
{
  g_return_if_fail (kind < DH_N_TRAINING_CURVES);
  *curve = (DhTrainingCurve){ .x = (const double *)(gpointer)self->curves.x[kind]->data,
                              .y = (const double *)(gpointer)self->curves.y[kind]->data,
                              .n = self->curves.x[kind]->len,
                              .generation = self->curves.generation[kind],
                              .kept = self->curves.kept[kind] };
}

double
dh_training_log_get_best (DhTrainingLog *self, DhTrainingCurveKind kind, guint *epoch)
{
  double best = NAN;
  guint at = 0;
  g_return_val_if_fail (kind < DH_N_TRAINING_CURVES, NAN);
  for (guint i = 0; !dh_training_curve_is_by_step (kind) && i < self->curves.x[kind]->len; i++)
    {
      const double value = g_array_index (self->curves.y[kind], double, i);
      if (isnan (best) || (kind == DH_CURVE_FPR95 ? value < best : value > best))
        {
          best = value;
          at = (guint)g_array_index (self->curves.x[kind], double, i);
        }
    }
  if (epoch != NULL)
    *epoch = at;
  return best;
}

gboolean
dh_training_log_is_loading (DhTrainingLog *self)
{
  return self->loading;
}

char *
dh_training_log_to_csv (DhTrainingLog *self)
{
  return dh_training_curves_to_csv (&self->curves);
}

static void
dh_training_log_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_LOADING)
    g_value_set_boolean (value, DH_TRAINING_LOG (object)->loading);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
dh_training_log_finalize (GObject *object)
{
  DhTrainingLog *self = DH_TRAINING_LOG (object);
  g_clear_handle_id (&self->filter_idle, g_source_remove);
  g_ptr_array_unref (self->events);
  g_ptr_array_unref (self->pieces);
  dh_training_curves_clear (&self->curves);
  g_array_unref (self->shown);
  g_strfreev (self->words);
  G_OBJECT_CLASS (dh_training_log_parent_class)->finalize (object);
}

static void
dh_training_log_class_init (DhTrainingLogClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->finalize = dh_training_log_finalize;
  object_class->get_property = dh_training_log_get_property;
  properties[PROP_LOADING] =
      g_param_spec_boolean ("loading", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  points_signal = g_signal_new ("points", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
dh_training_log_init (DhTrainingLog *self)
{
  self->pieces = g_ptr_array_new_with_free_func ((GDestroyNotify)g_array_unref);
  self->events = g_ptr_array_new ();
  self->shown = g_array_new (FALSE, FALSE, sizeof (guint));
  self->loading = TRUE;
  dh_training_curves_init (&self->curves);
}

DhTrainingLog *
dh_training_log_new (void)
{
  return g_object_new (DH_TYPE_TRAINING_LOG, NULL);
}
