#include "dh-chance.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-run-intervals.h"

/* How often it is told how far it is. */
#define MILLISECONDS 200
#define STEPS 1000

/* Shared between the window's and the measuring thread; atomically reference counted. */
typedef struct
{
  /* set once */
  char *key, *protocol;
  gint64 run, other;
  gboolean components; /* both runs have */
  gint step;           /* atomic: of STEPS */
  /* the measuring thread's, until it is done */
  DhSpreads spreads;
  char *error;
} Measurement;

struct _DhChance
{
  GObject parent_instance;
  GPtrArray *measured;    /* Measurement: those that are done, or failed */
  Measurement *under_way; /* borrowed of its task; NULL: none is */
  GCancellable *cancellable;
  guint source;
};

G_DEFINE_FINAL_TYPE (DhChance, dh_chance, G_TYPE_OBJECT)

static void
clear (gpointer data)
{
  Measurement *measurement = data;
  g_free (measurement->key);
  g_free (measurement->protocol);
  g_free (measurement->error);
}

static void
measurement_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear);
}

static void
say_changed (DhChance *self)
{
  g_signal_emit_by_name (self, "changed");
}

/* On the measuring thread. */

static void
note_progress (guint64 done, guint64 total, const char *what, gpointer data)
{
  g_atomic_int_set (&((Measurement *)data)->step, (gint)(done * STEPS / MAX (total, 1)));
}

static DhSpread
spread_of (DhInterval interval)
{
  return (DhSpread){ interval.low, interval.high };
}

static DhSpreadNumber
number_of (const DhBootstrapNumber *number)
{
  return (DhSpreadNumber){ { spread_of (number->of[0]), spread_of (number->of[1]) },
                           spread_of (number->difference),
                           number->first_higher };
}

static void
measure_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Measurement *measurement = data;
  GError *error = NULL;
  const DhProgress progress = { note_progress, measurement };
  DhRunIntervals intervals;
  DhRunIntervals of_components = { .numbers = { [DH_INTERVAL_MEAN_F1] = DH_BOOTSTRAP_NUMBER_INIT } };
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  if (database != NULL
      && dh_run_intervals_measure (database, measurement->run, measurement->other, measurement->protocol,
                                   DH_DRAWN_BY_ITSELF, &intervals, &progress, cancellable, &error)
      && (!measurement->components
          || dh_run_intervals_measure (database, measurement->run, measurement->other, "smiyc-component",
                                       DH_DRAWN_BY_ITSELF, &of_components, NULL, cancellable, &error)))
    {
      const DhBootstrapNumber *numbers = intervals.numbers;
      measurement->spreads = (DhSpreads){ .scenes = intervals.scenes,
                                          .drawn_from = intervals.groups,
                                          .draws = DH_BOOTSTRAP_DRAWS,
                                          .ap = number_of (&numbers[DH_INTERVAL_AP]),
                                          .fpr95 = number_of (&numbers[DH_INTERVAL_FPR95]),
                                          .auroc = number_of (&numbers[DH_INTERVAL_AUROC]),
                                          .best_f1 = number_of (&numbers[DH_INTERVAL_BEST_F1]),
                                          .mean_f1 = number_of (&of_components.numbers[DH_INTERVAL_MEAN_F1]) };
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

/* On the window's. */

static gint64
id_of (const DhRun *run)
{
  return run != NULL ? run->id : 0;
}

static char *
dup_key (const DhRun *run, const DhRun *other)
{
  const char *of_other = other != NULL ? other->started : NULL;
  return g_strdup_printf ("%" G_GINT64_FORMAT " %s %" G_GINT64_FORMAT " %s", run->id,
                          run->started != NULL ? run->started : "", id_of (other), of_other != NULL ? of_other : "");
}

static gint
find (DhChance *self, const DhRun *run, const DhRun *other)
{
  g_autofree char *key = dup_key (run, other);
  for (guint i = 0; i < self->measured->len; i++)
    if (g_str_equal (((const Measurement *)self->measured->pdata[i])->key, key))
      return (gint)i;
  return -1;
}

static void
end (DhChance *self)
{
  self->under_way = NULL;
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->source, g_source_remove);
}

static void
measured (GObject *source, GAsyncResult *result, gpointer data)
{
  DhChance *self = DH_CHANCE (source);
  Measurement *measurement = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  const gboolean done = g_task_propagate_boolean (G_TASK (result), &error);
  if (self->under_way != measurement) /* stopped */
    return;
  end (self);
  measurement->error = done ? NULL : g_strdup (error->message);
  g_ptr_array_add (self->measured, g_atomic_rc_box_acquire (measurement));
  say_changed (self);
}

static gboolean
tell (gpointer data)
{
  say_changed (data);
  return G_SOURCE_CONTINUE;
}

void
dh_chance_stop (DhChance *self)
{
  if (self->under_way == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  end (self);
  say_changed (self);
}

void
dh_chance_measure (DhChance *self, const DhRun *run, const DhRun *other)
{
  const gint before = find (self, run, other);
  dh_chance_stop (self);
  if (before >= 0)
    g_ptr_array_remove_index (self->measured, (guint)before);
  Measurement *measurement = g_atomic_rc_box_new0 (Measurement);
  measurement->key = dup_key (run, other);
  measurement->protocol = g_strdup (run->protocol);
  measurement->components = !isnan (run->mean_f1) && (other == NULL || !isnan (other->mean_f1));
  measurement->run = run->id;
  measurement->other = id_of (other);
  self->under_way = measurement;
  self->cancellable = g_cancellable_new ();
  self->source = g_timeout_add (MILLISECONDS, tell, self);
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, measured, NULL);
  g_task_set_task_data (task, measurement, measurement_unref);
  g_task_run_in_thread (task, measure_in_thread);
  say_changed (self);
}

const char *
dh_chance_refuse (const DhRun *run, const DhRun *other)
{
  const DhRun *const runs[] = { run, other };
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      const DhRun *one = runs[i];
      if (one == NULL)
        continue;
      if (one->training || g_strcmp0 (one->kind, "eval-ood") != 0)
        return _ ("Evaluations have intervals");
      if (one->state != DH_RUN_ITEM_DONE)
        return _ ("The run is not done");
      if (!one->has_maps)
        return _ ("The run’s maps are gone");
      if (isnan (one->ap))
        return _ ("The run has no AP");
    }
  return other != NULL && !dh_run_can_subtract (run, other) ? _ ("The runs measured other data") : NULL;
}

const DhSpreads *
dh_chance_get (DhChance *self, const DhRun *run, const DhRun *other)
{
  const gint at = find (self, run, other);
  const Measurement *measurement = at >= 0 ? self->measured->pdata[at] : NULL;
  return measurement != NULL && measurement->error == NULL ? &measurement->spreads : NULL;
}

double
dh_chance_get_progress (DhChance *self, const DhRun *run, const DhRun *other)
{
  Measurement *measurement = self->under_way;
  g_autofree char *key = dup_key (run, other);
  if (measurement == NULL || !g_str_equal (measurement->key, key))
    return -1;
  return (double)g_atomic_int_get (&measurement->step) / STEPS;
}

const char *
dh_chance_get_error (DhChance *self, const DhRun *run, const DhRun *other)
{
  const gint at = find (self, run, other);
  return at >= 0 ? ((const Measurement *)self->measured->pdata[at])->error : NULL;
}

DhChance *
dh_chance_new (void)
{
  return g_object_new (DH_TYPE_CHANCE, NULL);
}

static void
dh_chance_finalize (GObject *object)
{
  DhChance *self = DH_CHANCE (object);
  end (self);
  g_ptr_array_unref (self->measured);
  G_OBJECT_CLASS (dh_chance_parent_class)->finalize (object);
}

static void
dh_chance_init (DhChance *self)
{
  self->measured = g_ptr_array_new_with_free_func (measurement_unref);
}

static void
dh_chance_class_init (DhChanceClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_chance_finalize;
  g_signal_new ("changed", DH_TYPE_CHANCE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}
