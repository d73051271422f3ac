#include "dh-training-log.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-run-log.h"
#include "dh-training-job-private.h"

struct _DhTrainingLine
{
  GObject parent_instance;
  DhTrainingLineKind kind;
  gint64 time;
  guint64 step;
  char *text;
};

G_DEFINE_FINAL_TYPE (DhTrainingLine, dh_training_line, G_TYPE_OBJECT)

static void
dh_training_line_finalize (GObject *object)
{
  g_free (DH_TRAINING_LINE (object)->text);
  G_OBJECT_CLASS (dh_training_line_parent_class)->finalize (object);
}

static void
dh_training_line_class_init (DhTrainingLineClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_training_line_finalize;
}

static void
dh_training_line_init (DhTrainingLine *self)
{
}

DhTrainingLineKind
dh_training_line_get_kind (DhTrainingLine *self)
{
  return self->kind;
}

gint64
dh_training_line_get_time (DhTrainingLine *self)
{
  return self->time;
}

guint64
dh_training_line_get_step (DhTrainingLine *self)
{
  return self->step;
}

const char *
dh_training_line_get_text (DhTrainingLine *self)
{
  return self->text;
}

/* How many lines a filter looks at before the window gets its turn again. */
#define FILTER_SLICE 4000

struct _DhTrainingLog
{
  GObject parent_instance;
  GPtrArray *pieces; /* GArray of DhRunEvent */
  GPtrArray *events; /* DhRunEvent, in order; borrowed of the pieces */
  GArray *x[DH_N_TRAINING_CURVES], *y[DH_N_TRAINING_CURVES];
  guint generation[DH_N_TRAINING_CURVES], kept[DH_N_TRAINING_CURVES];
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

/* Lines */

static void
append_number (GString *text, const char *name, double value, const char *format)
{
  if (!isfinite (value))
    return;
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (number, sizeof number, format, value);
  /* A true minus. */
  g_string_append_printf (text, "  %s %s%s", name, *number == '-' ? "−" : "", number + (*number == '-'));
}

static char *
line_text (const DhRunEvent *event)
{
  GString *text = g_string_new (NULL);
  switch (event->kind)
    {
    case DH_EVENT_STEP:
      g_string_append_printf (text, "step %" G_GUINT64_FORMAT, event->step);
      append_number (text, "loss", event->is.step.total, "%.4f");
      append_number (text, "seg", event->is.step.seg, "%.4f");
      append_number (text, "like", event->is.step.like, "%.4f");
      append_number (text, "post", event->is.step.post, "%.4f");
      append_number (text, "lr", event->is.step.rate, "%g");
      break;
    case DH_EVENT_EPOCH:
      g_string_append_printf (text, "epoch %" G_GUINT64_FORMAT, event->epoch);
      append_number (text, "mIoU", 100 * event->is.epoch.miou, "%.2f");
      append_number (text, "AP", 100 * event->is.epoch.ap, "%.2f");
      append_number (text, "AUROC", 100 * event->is.epoch.auroc, "%.2f");
      append_number (text, "FPR95", 100 * event->is.epoch.fpr95, "%.2f");
      break;
    case DH_EVENT_SKIP:
      g_string_append_printf (text, "step %" G_GUINT64_FORMAT "  skipped: %s", event->step,
                              event->text != NULL ? event->text : "");
      break;
    default:
      g_string_append_printf (text, "%s  step %" G_GUINT64_FORMAT, dh_run_event_name (event->kind), event->step);
      if (event->text != NULL)
        g_string_append_printf (text, "  %s", event->text);
    }
  return g_string_free (text, FALSE);
}

static DhTrainingLineKind
line_kind (const DhRunEvent *event)
{
  switch (event->kind)
    {
    case DH_EVENT_STEP:
      return DH_LINE_STEP;
    case DH_EVENT_EPOCH:
      return DH_LINE_EPOCH;
    case DH_EVENT_CHECKPOINT:
      return DH_LINE_CHECKPOINT;
    case DH_EVENT_SKIP:
      return DH_LINE_WARNING;
    case DH_EVENT_END:
      return g_strcmp0 (event->state, "done") == 0 || g_strcmp0 (event->state, "stopped") == 0 ? DH_LINE_NOTE
                                                                                               : DH_LINE_WARNING;
    default:
      return DH_LINE_NOTE;
    }
}

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
  const DhRunEvent *event = self->events->pdata[which];
  DhTrainingLine *line = g_object_new (DH_TYPE_TRAINING_LINE, NULL);
  line->kind = line_kind (event);
  line->time = isnan (event->time) ? 0 : (gint64)CLAMP (event->time, 0, 1e12);
  line->step = event->step;
  line->text = line_text (event);
  return line;
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
  g_autofree char *text = line_text (event);
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

/* Curves */

/* Takes back what stands at `x` and behind it. */
static void
cut (DhTrainingLog *self, DhTrainingCurveKind kind, double x)
{
  const GArray *xs = self->x[kind];
  guint n = xs->len;
  while (n > 0 && g_array_index (xs, double, n - 1) >= x)
    n--;
  if (n == xs->len)
    return;
  g_array_set_size (self->x[kind], n);
  g_array_set_size (self->y[kind], n);
  self->generation[kind]++;
  self->kept[kind] = n;
}

static void
add (DhTrainingLog *self, DhTrainingCurveKind kind, double x, double y)
{
  cut (self, kind, x);
  g_array_append_val (self->x[kind], x);
  g_array_append_val (self->y[kind], y);
}

static gboolean
is_by_step (DhTrainingCurveKind kind)
{
  return kind <= DH_CURVE_RATE;
}

static void
take_event (DhTrainingLog *self, const DhRunEvent *event)
{
  const double step = (double)event->step;
  if (event->kind == DH_EVENT_STEP)
    {
      const double values[] = { event->is.step.seg, event->is.step.like, event->is.step.post, event->is.step.total,
                                event->is.step.rate };
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        if (!isnan (values[i]))
          add (self, DH_CURVE_SEG + i, step, values[i]);
    }
  else if (event->kind == DH_EVENT_EPOCH)
    {
      const double values[] = { event->is.epoch.miou, event->is.epoch.ap, event->is.epoch.auroc,
                                event->is.epoch.fpr95 };
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        if (!isnan (values[i]))
          add (self, DH_CURVE_MIOU + i, (double)event->epoch, values[i]);
    }
  else if (event->kind == DH_EVENT_START)
    /* From here on it was done again, or will be. The epoch's own validation may have been done already. */
    for (DhTrainingCurveKind i = 0; i < DH_N_TRAINING_CURVES; i++)
      cut (self, i, is_by_step (i) ? step + 0.5 : (double)event->epoch + 0.5);
}

static void
start_again (DhTrainingLog *self)
{
  const guint before = get_n_items (G_LIST_MODEL (self));
  g_ptr_array_set_size (self->events, 0);
  g_ptr_array_set_size (self->pieces, 0);
  g_array_set_size (self->shown, 0);
  self->looked_at = 0;
  for (DhTrainingCurveKind i = 0; i < DH_N_TRAINING_CURVES; i++)
    cut (self, i, 0);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before, 0);
}

void
dh_training_log_take_events (DhTrainingLog *self, GArray *events, gboolean again, gboolean more)
{
  guint lengths[DH_N_TRAINING_CURVES], generations[DH_N_TRAINING_CURVES];
  for (guint i = 0; i < DH_N_TRAINING_CURVES; i++)
    {
      lengths[i] = self->x[i]->len;
      generations[i] = self->generation[i];
    }
  if (again)
    start_again (self);
  const guint before = self->events->len;
  for (guint i = 0; i < events->len; i++)
    {
      DhRunEvent *event = &g_array_index (events, DhRunEvent, i);
      g_ptr_array_add (self->events, event);
      take_event (self, event);
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
    if (lengths[i] != self->x[i]->len || generations[i] != self->generation[i])
      g_signal_emit (self, points_signal, 0, i);
}

void
dh_training_log_get_curve (DhTrainingLog *self, DhTrainingCurveKind kind, DhTrainingCurve *curve)
{
  g_return_if_fail (kind < DH_N_TRAINING_CURVES);
  *curve = (DhTrainingCurve){ .x = (const double *)(gpointer)self->x[kind]->data,
                              .y = (const double *)(gpointer)self->y[kind]->data,
                              .n = self->x[kind]->len,
                              .generation = self->generation[kind],
                              .kept = self->kept[kind] };
}

const char *
dh_training_curve_id (DhTrainingCurveKind kind)
{
  static const char *const ids[] = { "seg", "like", "post", "loss", "lr", "miou", "ap", "auroc", "fpr95" };
  return kind < DH_N_TRAINING_CURVES ? ids[kind] : "";
}

const char *
dh_training_curve_title (DhTrainingCurveKind kind)
{
  static const char *const titles[] = {
    N_ ("Segmentation"),
    N_ ("Likelihood"),
    N_ ("Posterior"),
    N_ ("Total loss"),
    N_ ("Learning rate"),
    N_ ("Closed mIoU"),
    N_ ("AP of the hybrid score"),
    N_ ("AUROC of the hybrid score"),
    N_ ("FPR95 of the hybrid score"),
  };
  return kind < DH_N_TRAINING_CURVES ? _ (titles[kind]) : "";
}

double
dh_training_log_get_best (DhTrainingLog *self, DhTrainingCurveKind kind, guint *epoch)
{
  double best = NAN;
  guint at = 0;
  g_return_val_if_fail (kind < DH_N_TRAINING_CURVES, NAN);
  for (guint i = 0; !is_by_step (kind) && i < self->x[kind]->len; i++)
    {
      const double value = g_array_index (self->y[kind], double, i);
      if (isnan (best) || (kind == DH_CURVE_FPR95 ? value < best : value > best))
        {
          best = value;
          at = (guint)g_array_index (self->x[kind], double, i);
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

/* Rows of one axis; a value that is undefined at some x is an empty cell. */
static void
append_rows (DhTrainingLog *self, GString *csv, DhTrainingCurveKind first, guint n, const char *axis)
{
  guint at[DH_N_TRAINING_CURVES] = { 0 };
  g_string_append (csv, axis);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (csv, ",%s", dh_training_curve_id (first + i));
  g_string_append_c (csv, '\n');
  for (;;)
    {
      double x = INFINITY;
      for (guint i = 0; i < n; i++)
        if (at[i] < self->x[first + i]->len)
          x = MIN (x, g_array_index (self->x[first + i], double, at[i]));
      if (isinf (x))
        return;
      g_string_append_printf (csv, "%.0f", x);
      for (guint i = 0; i < n; i++)
        {
          char number[G_ASCII_DTOSTR_BUF_SIZE] = "";
          if (at[i] < self->x[first + i]->len && g_array_index (self->x[first + i], double, at[i]) == x)
            g_ascii_dtostr (number, sizeof number, g_array_index (self->y[first + i], double, at[i]++));
          g_string_append_printf (csv, ",%s", number);
        }
      g_string_append_c (csv, '\n');
    }
}

char *
dh_training_log_to_csv (DhTrainingLog *self)
{
  GString *csv = g_string_new (NULL);
  append_rows (self, csv, DH_CURVE_SEG, DH_CURVE_RATE - DH_CURVE_SEG + 1, "step");
  g_string_append_c (csv, '\n');
  append_rows (self, csv, DH_CURVE_MIOU, DH_CURVE_FPR95 - DH_CURVE_MIOU + 1, "epoch");
  return g_string_free (csv, FALSE);
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
  for (guint i = 0; i < DH_N_TRAINING_CURVES; i++)
    {
      g_array_unref (self->x[i]);
      g_array_unref (self->y[i]);
    }
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
  for (guint i = 0; i < DH_N_TRAINING_CURVES; i++)
    {
      self->x[i] = g_array_new (FALSE, FALSE, sizeof (double));
      self->y[i] = g_array_new (FALSE, FALSE, sizeof (double));
    }
}

DhTrainingLog *
dh_training_log_new (void)
{
  return g_object_new (DH_TYPE_TRAINING_LOG, NULL);
}
