#include "dh-answers-compare.h"

#include <math.h>
#include <string.h>

#include "dh-answers-private.h"
#include "dh-device.h"
#include "dh-error.h"

void
dh_answers_comparison_free (DhAnswersComparison *comparison)
{
  if (!comparison)
    return;
  g_free (comparison->verdict);
  g_free (comparison->meaning);
  g_free (comparison->note);
  g_free (comparison);
}

/* Three times what was measured, at most, on the generated scenes against float32 on the cpu: of the demo's network and
 * of seeded ladders and DeepLabs, small and whole, whose maps are rougher than a trained network's. Measured were
 * (scores and classes) bf16 1.2 % and 0.65 %, int8 1.7 % and 1.0 %; the demo's network is off by 0.3 % and 0.02 %, 1.4
 * % and 0.06 %. float32 of another device was off by 0.003 %, but is allowed 2e-5 of the largest logit by the golden
 * files, which may be a thousandth of a spread. fp16 and tf32, which round eight times as finely as bf16, were not
 * measured and have its bounds. Networks whose logits go into the thousands may be beyond: their posterior is a step.
 */
static const DhAnswerBound *
bound_of (const char *precision)
{
  static const struct
  {
    DhPrecision precision;
    DhAnswerBound bound;
  } bounds[] = {
    { DH_PRECISION_F32, { 0.001, 0.001 } }, { DH_PRECISION_TF32, { 0.04, 0.02 } }, { DH_PRECISION_F16, { 0.04, 0.02 } },
    { DH_PRECISION_BF16, { 0.04, 0.02 } },  { DH_PRECISION_INT8, { 0.06, 0.03 } },
  };
  g_autofree char *name = g_strndup (precision, strcspn (precision, "-"));
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    if (strcmp (name, dh_precision_name (bounds[i].precision)) == 0)
      return &bounds[i].bound;
  return &bounds[0].bound;
}

/* What differences are a share of. Probabilities and entropy lie between fixed limits, and hardly vary where a network
 * is sure. */
static double
scale_of (const DhAnswers *answers, DhMap map)
{
  if (map == DH_MAP_DATASET_POSTERIOR || map == DH_MAP_MAX_SOFTMAX)
    return 1;
  if (map == DH_MAP_ENTROPY)
    return log (fmax (answers->classes, 2));
  double low = INFINITY, high = -INFINITY, size = 0;
  for (guint i = 0; i < answers->answers->len; i++)
    {
      const DhAnswerMap *answer = &((const DhAnswer *)answers->answers->pdata[i])->maps[map];
      low = fmin (low, answer->quantiles[1]);
      high = fmax (high, answer->quantiles[DH_ANSWER_QUANTILES - 2]);
      size = fmax (size, fabs (answer->mean));
    }
  /* A map that does not vary is measured by its size. */
  return high - low > 1e-6 * size ? high - low : fmax (size, 1e-6);
}

static double
difference (double recorded, double found)
{
  if (isfinite (recorded) && isfinite (found))
    return fabs (recorded - found);
  return isfinite (recorded) == isfinite (found) ? 0 : INFINITY;
}

typedef struct
{
  double n, x, y, xx, yy, xy;
} Sums;

static void
add_cells (Sums *sums, const DhAnswerMap *recorded, const DhAnswerMap *found)
{
  for (guint c = 0; c < DH_ANSWER_CELLS; c++)
    {
      const double x = recorded->cells[c], y = found->cells[c];
      if (!isfinite (x) || !isfinite (y))
        continue;
      sums->n++;
      sums->x += x;
      sums->y += y;
      sums->xx += x * x;
      sums->yy += y * y;
      sums->xy += x * y;
    }
}

static double
correlation (const Sums *s)
{
  const double vx = s->xx - s->x * s->x / s->n, vy = s->yy - s->y * s->y / s->n;
  /* What is left of the subtraction where nothing varies is rounding. */
  return vx > 1e-12 * s->xx && vy > 1e-12 * s->yy ? (s->xy - s->x * s->y / s->n) / sqrt (vx * vy) : NAN;
}

static void
compare_map (const DhAnswers *recorded, const DhAnswers *found, DhAnswerDifference *result)
{
  const double scale = scale_of (recorded, result->map);
  Sums sums = { 0 };
  double off = 0;
  for (guint i = 0; i < recorded->answers->len; i++)
    {
      const DhAnswer *answer = recorded->answers->pdata[i];
      const DhAnswerMap *r = &answer->maps[result->map],
                        *f = &dh_answers_find (found, answer->pixels)->maps[result->map];
      for (guint c = 0; c < DH_ANSWER_CELLS; c++)
        off = fmax (off, difference (r->cells[c], f->cells[c]));
      for (guint q = 0; q < DH_ANSWER_QUANTILES; q++)
        off = fmax (off, difference (r->quantiles[q], f->quantiles[q]));
      if ((r->non_finite == 0) != (f->non_finite == 0))
        off = INFINITY;
      add_cells (&sums, r, f);
    }
  result->off = off / scale;
  result->shift = sums.n > 0 ? (sums.y - sums.x) / sums.n / scale : NAN;
  result->likeness = correlation (&sums);
  result->agrees = result->off <= result->bound;
}

static void
compare_classes (const DhAnswers *recorded, const DhAnswers *found, DhAnswersComparison *result)
{
  for (guint i = 0; i < recorded->answers->len; i++)
    {
      const DhAnswer *r = recorded->answers->pdata[i], *f = dh_answers_find (found, r->pixels);
      guint64 changed = 0;
      for (guint c = 0; c < DH_ANSWER_CLASSES; c++)
        changed += r->classes[c] > f->classes[c] ? r->classes[c] - f->classes[c] : 0;
      result->classes_off = fmax (result->classes_off, (double)changed / ((double)r->width * r->height));
    }
  result->classes_agree = result->classes_off <= result->classes_bound;
}

static gboolean
check_same_questions (const DhAnswers *recorded, const DhAnswers *found, GError **error)
{
  if (strcmp (recorded->network, found->network) != 0 || recorded->classes != found->classes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "What is recorded belongs to another network (%s, %u classes) than these weights (%s, %u classes)",
                   recorded->network, recorded->classes, found->network, found->classes);
      return FALSE;
    }
  for (guint i = 0; i < recorded->answers->len; i++)
    {
      const DhAnswer *answer = recorded->answers->pdata[i];
      if (dh_answers_find (found, answer->pixels))
        continue;
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s, of which answers are recorded, is not among these images: %s", answer->name,
                   answer->scene >= 0 ? "they are others, or this program draws other scenes"
                                      : "another image, or decoded to other pixels");
      return FALSE;
    }
  return TRUE;
}

static char *
describe_origin (const DhAnswers *recorded, const DhAnswers *found)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (strcmp (recorded->weights, found->weights) != 0)
    g_string_append_printf (text, "of another file (SHA-256 %.12s…)", recorded->weights);
  const struct
  {
    const char *what, *recorded, *found;
  } others[] = { { "on", recorded->device, found->device },
                 { "in", recorded->precision, found->precision },
                 { "by version", recorded->program, found->program } };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (strcmp (others[i].recorded, others[i].found) != 0)
      g_string_append_printf (text, "%s%s %s, not %s", text->len ? "; " : "", others[i].what, others[i].recorded,
                              others[i].found);
  if (text->len == 0)
    return NULL;
  g_string_prepend (text, "Recorded ");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

DhAnswersComparison *
dh_answers_compare (const DhAnswers *recorded, const DhAnswers *found, GError **error)
{
  g_return_val_if_fail (recorded != NULL && found != NULL, NULL);
  if (!check_same_questions (recorded, found, error))
    return NULL;
  DhAnswersComparison *result = g_new0 (DhAnswersComparison, 1);
  const DhAnswerBound *r = bound_of (recorded->precision), *f = bound_of (found->precision);
  result->classes_bound = fmax (r->classes, f->classes);
  compare_classes (recorded, found, result);
  result->agrees = result->classes_agree;
  const DhAnswer *first = recorded->answers->pdata[0], *other = dh_answers_find (found, first->pixels);
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (first->maps[m].there && other->maps[m].there)
      {
        DhAnswerDifference *map = &result->maps[result->n_maps++];
        map->map = m;
        map->bound = fmax (r->scores, f->scores);
        compare_map (recorded, found, map);
        result->agrees = result->agrees && map->agrees;
      }
  result->note = describe_origin (recorded, found);
  dh_answers_explain (recorded, found, result);
  return result;
}
