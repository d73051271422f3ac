#include <math.h>
#include <string.h>

#include "dh-answers-private.h"

/* In how much of all pixels the counts still differ where class c of the record is class order[c] now. FALSE where two
 * are taken for one, or all stand where they stood. */
static gboolean
find_order (const DhAnswers *recorded, const DhAnswers *found, guint order[DH_ANSWER_CLASSES], double *left)
{
  gboolean taken[DH_ANSWER_CLASSES] = { FALSE }, moved = FALSE, single = TRUE;
  double changed = 0, pixels = 0;
  for (guint c = 0; c < recorded->classes; c++)
    {
      double best = INFINITY;
      guint64 there = 0;
      order[c] = c;
      for (guint k = 0; k <= recorded->classes; k++)
        {
          const guint d = k == 0 ? c : k - 1; /* of equal ones its own */
          double distance = 0;
          for (guint i = 0; i < recorded->answers->len; i++)
            {
              const DhAnswer *r = recorded->answers->pdata[i], *f = dh_answers_find (found, r->pixels);
              distance += fabs ((double)r->classes[c] - (double)f->classes[d]);
              there += k == 0 ? r->classes[c] : 0;
            }
          if (distance < best)
            {
              best = distance;
              order[c] = d;
            }
        }
      if (there == 0)
        {
          order[c] = c;
          continue;
        }
      single = single && !taken[order[c]];
      taken[order[c]] = TRUE;
      moved = moved || order[c] != c;
      changed += best;
      pixels += (double)there;
    }
  *left = changed / 2 / pixels;
  return moved && single;
}

static char *
describe_order (const DhAnswers *recorded, const guint *order)
{
  GString *text = g_string_new (NULL);
  guint n = 0;
  for (guint c = 0; c < recorded->classes; c++)
    if (order[c] != c && n++ < 6)
      g_string_append_printf (text, "%s%u is now %u", n > 1 ? ", " : "", c, order[c]);
  if (n > 6)
    g_string_append (text, ", …");
  return g_string_free (text, FALSE);
}

static const DhAnswerDifference *
find (const DhAnswersComparison *comparison, DhMap map)
{
  for (guint m = 0; m < comparison->n_maps; m++)
    if (comparison->maps[m].map == map)
      return &comparison->maps[m];
  return NULL;
}

static char *
explain_classes (const DhAnswers *recorded, const DhAnswers *found, const DhAnswersComparison *comparison)
{
  guint order[DH_ANSWER_CLASSES];
  double left;
  if (find_order (recorded, found, order, &left) && left <= fmax (comparison->classes_bound, 0.01))
    {
      g_autofree char *text = describe_order (recorded, order);
      return g_strdup_printf ("All scores agree, but the classes are in another order: class %s. The weights' class "
                              "table is another than the one recorded, and every mIoU would be wrong",
                              text);
    }
  return g_strdup ("All scores agree, but the segmentation does not: some classes' last layer is another");
}

/* A map by itself: whether it is off by little, and everywhere the same picture. */
static gboolean
is_close (const DhAnswerDifference *map)
{
  return map->agrees || (map->off <= 10 * map->bound && map->likeness > 0.99);
}

static char *
explain (const DhAnswers *recorded, const DhAnswers *found, const DhAnswersComparison *comparison)
{
  const DhAnswerDifference *likelihood = find (comparison, DH_MAP_LIKELIHOOD);
  gboolean all_agree = TRUE, all_close = comparison->classes_off <= 10 * comparison->classes_bound, closed_agree = TRUE;
  for (guint m = 0; m < comparison->n_maps; m++)
    {
      const DhAnswerDifference *map = &comparison->maps[m];
      if (!isfinite (map->off))
        return g_strdup ("Some values are no numbers: the precision overflows with these weights, or the weights are "
                         "damaged");
      all_agree = all_agree && map->agrees;
      all_close = all_close && is_close (map);
      closed_agree = closed_agree && (map->agrees || dh_map_needs_ood (map->map));
    }
  if (all_agree)
    return explain_classes (recorded, found, comparison);
  if (strcmp (recorded->weights, found->weights) == 0)
    return g_strdup (all_close ? "Everything is the same but for a little. The file is the recorded one, so it is not "
                                 "the weights: device, precision or version of the program compute otherwise, by more "
                                 "than they should"
                               : "The file is the recorded one, so it is not the weights: this device or its driver, "
                                 "this precision or this version of the program does not compute what was computed");
  if (all_close)
    return g_strdup ("Everything is the same but for a little: nearly the recorded weights (stored in fewer bits, "
                     "averaged, trained a little further), or device and precision compute otherwise than they should");
  if (closed_agree && comparison->classes_agree)
    return g_strdup ("Segmentation and likelihood agree, what needs the outlier head does not: the head is another "
                     "one, or was freshly initialised");
  if (likelihood && likelihood->likeness > 0.9 && fabs (likelihood->shift) > 0.7 * likelihood->off)
    return g_strdup ("The maps have the same shape and are off by a constant: weights of another state of the training "
                     "or another normalisation of the images");
  if (likelihood && likelihood->likeness > 0.5)
    return g_strdup ("The maps resemble the recorded ones: weights of another state of the training (another epoch, "
                     "fine-tuned), or another normalisation or order of the images' channels");
  return g_strdup ("The maps have nothing in common with the recorded ones: other weights, weights that were not "
                   "loaded into the right layers, or another normalisation of the images");
}

void
dh_answers_explain (const DhAnswers *recorded, const DhAnswers *found, DhAnswersComparison *comparison)
{
  const DhAnswerDifference *worst = NULL;
  for (guint m = 0; m < comparison->n_maps; m++)
    if (!worst || comparison->maps[m].off / comparison->maps[m].bound > worst->off / worst->bound)
      worst = &comparison->maps[m];
  if (comparison->agrees)
    comparison->verdict = g_strdup ("These weights give what is recorded");
  else if (worst && !isfinite (worst->off))
    comparison->verdict = g_strdup_printf ("These weights do not give what is recorded: %s has values that are no "
                                           "numbers on one side alone",
                                           dh_map_name (worst->map));
  else if (worst && !worst->agrees)
    comparison->verdict = g_strdup_printf ("These weights do not give what is recorded: %s is off by %.3g %% of its "
                                           "range, where up to %.3g %% is to be expected",
                                           dh_map_name (worst->map), 100 * worst->off, 100 * worst->bound);
  else
    comparison->verdict = g_strdup_printf ("These weights do not give what is recorded: at least %.3g %% of an image's "
                                           "pixels have another class, where up to %.3g %% are to be expected",
                                           100 * comparison->classes_off, 100 * comparison->classes_bound);
  if (!comparison->agrees)
    comparison->meaning = explain (recorded, found, comparison);
}
