/* Whether what --require says holds. */
#include <math.h>

#include "cli-require-private.h"
#include "dh-error.h"
#include "dh-run-intervals.h"
#include "dh-run-numbers.h"

static double
number_of (const DhResult *result, guint number)
{
  const DhComponentResult *components = result->components;
  const double values[] = { result->ap,
                            result->auroc,
                            result->fpr95,
                            result->best_f1,
                            result->tpr_at_fpr5,
                            components ? components->siou_mean : (double)NAN,
                            components ? components->ppv_mean : (double)NAN,
                            components ? components->f1_mean : (double)NAN,
                            (double)NAN,
                            (double)NAN,
                            (double)NAN,
                            (double)NAN };
  G_STATIC_ASSERT (G_N_ELEMENTS (values) == DH_CLI_N_NUMBERS);
  return values[number];
}

static double
kept_number (const DhRunNumbers *kept, guint number)
{
  const double values[] = { kept->ap,  kept->auroc,   kept->fpr95,       kept->best_f1,   (double)NAN, kept->siou,
                            kept->ppv, kept->mean_f1, kept->closed_miou, kept->open_miou, (double)NAN, (double)NAN };
  G_STATIC_ASSERT (G_N_ELEMENTS (values) == DH_CLI_N_NUMBERS);
  return values[number];
}

/* What is asked of what. */
typedef struct
{
  DhCli *cli;
  GPtrArray *results; /* NULL: as the database keeps them */
  DhDatabase *database;
  gint64 run, sliced[DH_CLI_N_SLICES][2];
  GPtrArray *slices[DH_CLI_N_SLICES][2]; /* of each kind, of these runs, once they are measured */
  gboolean has_intervals;
  gint64 against;          /* which run they are less; 0: none */
  const DhProtocol *drawn; /* by which protocol they are; NULL: of false alarms, */
  double drawn_rate;       /* at so many an image */
  DhRunIntervals intervals;
  const DhFrocRules *froc_rules;
  gint64 counted[2];
  DhFrocCurve *froc[2]; /* of these runs, once they are counted */
  int status;
} Check;

static const DhResult *
find_result (GPtrArray *results, const DhProtocol *protocol)
{
  for (guint i = 0; i < results->len; i++)
    if (((const DhResult *)results->pdata[i])->protocol == protocol)
      return results->pdata[i];
  return NULL;
}

static char *
shown (double value)
{
  return isnan (value) ? g_strdup ("undefined") : g_strdup_printf ("%.4f %%", 100 * value);
}

static gboolean
holds (const DhCliRequirement *requirement, double value, double bound)
{
  if (requirement->least)
    return requirement->strict ? value > bound : value >= bound;
  return requirement->strict ? value < bound : value <= bound;
}

/* `base` NAN where no run's number is the bound. */
static void
compare (Check *check, const DhCliRequirement *requirement, const char *where, double value, gint64 run, double base)
{
  const double bound = requirement->run ? base + requirement->bound : requirement->bound;
  if (holds (requirement, value, bound))
    return;
  g_autofree char *own = shown (value), *other = shown (base);
  g_autofree char *of = run ? g_strdup_printf (", of run %" G_GINT64_FORMAT " %s", run, other) : g_strdup ("");
  g_autofree char *images = run ? dh_run_numbers_dup_images (check->database, check->run, run) : NULL;
  g_autoptr (GError) error = g_error_new (
      DH_ERROR, DH_ERROR_FAILED, "%s is required and does not hold: %s %s is %s%s%s%s", requirement->text,
      dh_cli_required_name (requirement->number), where, own, of, images ? "; " : "", images ? images : "");
  check->status = dh_cli_fail (check->cli, &error);
}

/* Of at most two runs: the one that is asked about, and what the last requirement held it against. */
static GPtrArray *
find_slices (Check *check, DhCliSlices kind, guint which, gint64 run, GError **error)
{
  GPtrArray **slices = &check->slices[kind][which];
  if (*slices && check->sliced[kind][which] == run)
    return *slices;
  g_clear_pointer (slices, g_ptr_array_unref);
  check->sliced[kind][which] = run;
  return *slices = dh_run_slices_measure (check->database, run, kind == DH_CLI_SLICES_OF_CLASSES,
                                          check->cli->cancellable, error);
}

static const DhRunNumbers *
find_slice (GPtrArray *slices, const char *name)
{
  for (guint i = 0; slices && i < slices->len; i++)
    if (g_str_equal (((DhRunSlice *)slices->pdata[i])->name, name))
      return &((DhRunSlice *)slices->pdata[i])->numbers;
  return NULL;
}

static gboolean
check_slices (Check *check, const DhCliRequirement *requirement, gint64 run, GError **error)
{
  GPtrArray *own = find_slices (check, requirement->slices, 0, check->run, error);
  GPtrArray *others = own && run ? find_slices (check, requirement->slices, 1, run, error) : NULL;
  guint compared = 0;
  if (!own || (run && !others))
    return FALSE;
  for (guint i = 0; i < own->len; i++)
    {
      const DhRunSlice *slice = own->pdata[i];
      const DhRunNumbers *other = find_slice (others, slice->name);
      if (slice->numbers.positives == 0)
        continue;
      if (run && (!other || other->pixels != slice->numbers.pixels || other->positives != slice->numbers.positives))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                       "runs %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " measured other pixels of the slice %s%s",
                       check->run, run, slice->name,
                       requirement->slices == DH_CLI_SLICES_OF_CLASSES ? ": their networks see it elsewhere" : "");
          return FALSE;
        }
      g_autofree char *where = g_strdup_printf ("of the slice %s", slice->name);
      compare (check, requirement, where, kept_number (&slice->numbers, requirement->number), run,
               other ? kept_number (other, requirement->number) : (double)NAN);
      compared++;
    }
  if (compared == 0)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "run %" G_GINT64_FORMAT " has no slice with an anomaly, so nothing is known of its slices",
                 check->run);
  return compared > 0;
}

/* Of the last pair of runs that was asked about. */
static gboolean
find_intervals (Check *check, const DhProtocol *protocol, double rate, gint64 against, GError **error)
{
  const DhProgress *progress = check->cli->quiet ? NULL : &check->cli->progress;
  if (check->has_intervals && check->against == against && check->drawn == protocol && check->drawn_rate == rate)
    return TRUE;
  check->against = against;
  check->drawn = protocol;
  check->drawn_rate = rate;
  check->has_intervals =
      protocol ? dh_run_intervals_measure (check->database, check->run, against, protocol->name, DH_DRAWN_BY_ITSELF,
                                           &check->intervals, progress, check->cli->cancellable, error)
               : dh_run_froc_intervals_measure (check->database, check->run, against, check->froc_rules, rate,
                                                DH_DRAWN_BY_ITSELF, &check->intervals, progress,
                                                check->cli->cancellable, error);
  dh_cli_progress_end (check->cli);
  return check->has_intervals;
}

static char *
shown_interval (DhInterval interval)
{
  return g_strdup_printf ("%.4f to %.4f %%", 100 * interval.low, 100 * interval.high);
}

static gboolean
check_chance (Check *check, const DhCliRequirement *requirement, gint64 run, GError **error)
{
  static const DhIntervalNumber kinds[] = { DH_INTERVAL_AP, DH_INTERVAL_AUROC, DH_INTERVAL_FPR95, DH_INTERVAL_BEST_F1,
                                            DH_N_INTERVALS, DH_INTERVAL_SIOU,  DH_INTERVAL_PPV,   DH_INTERVAL_MEAN_F1,
                                            DH_N_INTERVALS, DH_N_INTERVALS,    DH_INTERVAL_FROC,  DH_INTERVAL_FOUND };
  G_STATIC_ASSERT (G_N_ELEMENTS (kinds) == DH_CLI_N_NUMBERS);
  if (!find_intervals (check, requirement->protocol, requirement->rate, run, error))
    return FALSE;
  const DhRunIntervals *all = &check->intervals;
  const DhIntervalNumber kind = kinds[requirement->number];
  const DhInterval interval = run ? all->numbers[kind].difference : all->numbers[kind].of[0];
  const double *exact = all->exact[kind];
  if (isnan (exact[0]) || (run && isnan (exact[1])))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s%s%s of run %" G_GINT64_FORMAT " is undefined",
                   dh_cli_required_name (requirement->number), requirement->protocol ? " under " : "",
                   requirement->protocol ? requirement->protocol->name : "", isnan (exact[0]) ? check->run : run);
      return FALSE;
    }
  if (isnan (interval.low))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "too few %s, or too few with anomalies, for an interval: %u",
                   all->scenes ? "scenes" : "images", all->groups);
      return FALSE;
    }
  /* Where it must hold the most, and where it is enough that it does. */
  const double value =
      requirement->least == (requirement->chance == DH_CLI_CHANCE_SURELY) ? interval.low : interval.high;
  if (holds (requirement, value, requirement->bound))
    return TRUE;
  g_autofree char *own = shown (exact[0]), *range = shown_interval (interval);
  g_autofree char *other = shown (exact[1]);
  g_autofree char *of =
      run ? g_strdup_printf (", of run %" G_GINT64_FORMAT " %s; the difference is", run, other) : g_strdup (",");
  g_autofree char *under =
      requirement->protocol ? g_strdup_printf (" under %s", requirement->protocol->name) : g_strdup ("");
  g_autofree char *at =
      requirement->number == DH_CLI_NUMBER_FOUND ? g_strdup_printf ("@%g", requirement->rate) : g_strdup ("");
  g_autoptr (GError) failure =
      g_error_new (DH_ERROR, DH_ERROR_FAILED, "%s is required and does not hold: %s%s%s is %s%s %s in 95 of 100 draws",
                   requirement->text, dh_cli_required_name (requirement->number), at, under, own, of, range);
  check->status = dh_cli_fail (check->cli, &failure);
  return TRUE;
}

/* Of two runs as of slices; the other by the rules that the first came to. */
static const DhFrocCurve *
find_froc (Check *check, guint which, gint64 run, GError **error)
{
  if (check->froc[which] && check->counted[which] == run)
    return check->froc[which];
  g_clear_pointer (&check->froc[which], dh_froc_curve_free);
  DhFrocRules rules = *check->froc_rules;
  if (which == 1)
    {
      rules.min_area = check->froc[0]->options.min_area;
      rules.min_anomaly = check->froc[0]->options.min_anomaly;
    }
  check->counted[which] = run;
  check->froc[which] = dh_run_froc_measure (
      check->database, run, &rules, check->cli->quiet ? NULL : &check->cli->progress, check->cli->cancellable, error);
  dh_cli_progress_end (check->cli);
  return check->froc[which];
}

static double
froc_number (const DhFrocCurve *curve, const DhCliRequirement *requirement)
{
  return requirement->number == DH_CLI_NUMBER_FROC
             ? dh_froc_curve_mean (curve)
             : dh_froc_curve_found (curve, dh_froc_curve_at_rate (curve, requirement->rate));
}

static gboolean
check_froc (Check *check, const DhCliRequirement *requirement, gint64 run, GError **error)
{
  if (run && !dh_run_numbers_check_pixels (check->database, check->run, run, error))
    return FALSE;
  const DhFrocCurve *own = find_froc (check, 0, check->run, error);
  const DhFrocCurve *other = own && run ? find_froc (check, 1, run, error) : NULL;
  if (!own || (run && !other))
    return FALSE;
  g_autofree char *where =
      requirement->number == DH_CLI_NUMBER_FROC
          ? g_strdup_printf ("of %u objects", own->n_objects)
          : g_strdup_printf ("at %g %s an image, of %u objects,", requirement->rate,
                             requirement->rate == 1 ? "false alarm" : "false alarms", own->n_objects);
  compare (check, requirement, where, froc_number (own, requirement), run,
           other ? froc_number (other, requirement) : (double)NAN);
  return TRUE;
}

static gboolean
check_whole (Check *check, const DhCliRequirement *requirement, gint64 run, GError **error)
{
  DhRunNumbers own = { 0 }, other = { 0 };
  const char *protocol = requirement->protocol ? requirement->protocol->name : NULL;
  g_autofree char *where = protocol ? g_strdup_printf ("under %s", protocol) : g_strdup ("of the whole set");
  const gboolean kept = !check->results || !protocol;
  const DhResult *result = kept ? NULL : find_result (check->results, requirement->protocol);
  if (((kept || run) && !dh_run_numbers_get (check->database, check->run, protocol, &own, error))
      || (run && !dh_run_numbers_get (check->database, run, protocol, &other, error)))
    return FALSE;
  if (run && (own.pixels != other.pixels || own.positives != other.positives))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "runs %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " measured other pixels under %s", check->run, run,
                   protocol);
      return FALSE;
    }
  const double value = kept     ? kept_number (&own, requirement->number)
                       : result ? number_of (result, requirement->number)
                                : (double)NAN;
  compare (check, requirement, where, value, run, run ? kept_number (&other, requirement->number) : (double)NAN);
  return TRUE;
}

static gboolean
check_one (Check *check, const DhCliRequirement *requirement, GError **error)
{
  gint64 run = requirement->run;
  if (run == DH_CLI_LAST)
    run = dh_run_numbers_find_last (check->database, check->run, error);
  if (run && run == check->run)
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "it holds run %" G_GINT64_FORMAT " against itself", run);
  if ((requirement->run && run == 0) || run == check->run
      || (check->run && !dh_run_numbers_check_done (check->database, check->run, error))
      || (run && !dh_run_numbers_check_done (check->database, run, error))
      || (run && !dh_run_numbers_check_same (check->database, check->run, run, error)))
    return FALSE;
  return (requirement->chance                           ? check_chance
          : requirement->number >= DH_CLI_FIRST_OF_FROC ? check_froc
          : requirement->slices                         ? check_slices
                                                        : check_whole) (check, requirement, run, error);
}

int
dh_cli_check_required (DhCli *cli, const DhCliRequired *required, GPtrArray *results, DhDatabase *database, gint64 run,
                       int status)
{
  Check check = {
    .cli = cli, .results = results, .database = database, .run = run, .froc_rules = &required->froc, .status = status
  };
  for (guint i = 0; i < required->all->len && check.status != DH_EXIT_CANCELLED; i++)
    {
      const DhCliRequirement *requirement = &g_array_index (required->all, DhCliRequirement, i);
      g_autoptr (GError) error = NULL;
      if (check_one (&check, requirement, &error))
        continue;
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_prefix_error (&error, "%s is required and cannot be told: ", requirement->text);
      check.status = dh_cli_fail (cli, &error);
    }
  for (guint i = 0; i < DH_CLI_N_SLICES; i++)
    for (guint which = 0; which < 2; which++)
      g_clear_pointer (&check.slices[i][which], g_ptr_array_unref);
  for (guint which = 0; which < 2; which++)
    g_clear_pointer (&check.froc[which], dh_froc_curve_free);
  return check.status;
}
