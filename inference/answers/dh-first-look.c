#include "dh-first-look.h"

#include <math.h>

enum
{
  CLASSES = DH_ANSWER_CLASSES,
};
/* Of the labels that occur. The demo's network has 0.58 on four scenes like its own; with its classes shuffled or its
 * weights 0.002, with images normalised as for another network 0.107. */
#define LEAST_MIOU 0.15
/* Other methods may leave a border or a void out. */
#define MOST_LEFT_OUT 0.1

typedef struct
{
  gboolean there;
  double min, max;
  guint64 finite, non_finite;
} Range;

struct _DhFirstLook
{
  guint classes, images, labelled;
  const DhClassTable *table;
  Range ranges[DH_N_MAPS];
  guint64 predicted[CLASSES], pixels;
  guint64 *confusion; /* K×K, row = label, column = prediction */
};

DhFirstLook *
dh_first_look_new (guint classes, const DhClassTable *table)
{
  g_return_val_if_fail (classes < CLASSES, NULL);
  DhFirstLook *look = g_new0 (DhFirstLook, 1);
  look->classes = classes;
  look->table = table;
  look->confusion = g_new0 (guint64, (gsize)MAX (classes, 1) * MAX (classes, 1));
  return look;
}

void
dh_first_look_free (DhFirstLook *look)
{
  if (!look)
    return;
  g_free (look->confusion);
  g_free (look);
}

static void
add_range (Range *range, const DhTensor *map)
{
  const float *values = dh_tensor_f32 (map);
  const gint64 n = dh_tensor_count (map);
  double min = range->there ? range->min : INFINITY, max = range->there ? range->max : -INFINITY;
  guint64 finite = 0;
  for (gint64 i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        finite++;
        min = MIN (min, values[i]);
        max = MAX (max, values[i]);
      }
  *range = (Range){ TRUE, min, max, range->finite + finite, range->non_finite + (guint64)n - finite };
}

static void
add_segmentation (DhFirstLook *look, const DhTensor *map, const DhLabels *labels)
{
  const guint8 *ids = dh_tensor_data (map);
  const gsize n = (gsize)dh_tensor_count (map);
  look->pixels += n;
  for (gsize i = 0; i < n; i++)
    look->predicted[ids[i]]++;
  if (!labels || (gsize)labels->width * labels->height != n)
    return;
  look->labelled++;
  for (gsize i = 0; i < n; i++)
    if (labels->ids[i] < look->classes && ids[i] < look->classes)
      look->confusion[labels->ids[i] * look->classes + ids[i]]++;
}

void
dh_first_look_add (DhFirstLook *look, DhTensor *const *maps, const DhLabels *classes)
{
  look->images++;
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (maps[m] && dh_answers_has_map (m) && maps[m]->dtype == DH_DTYPE_F32)
      add_range (&look->ranges[m], maps[m]);
  const DhTensor *segmentation = maps[DH_MAP_SEGMENTATION];
  if (segmentation && segmentation->dtype == DH_DTYPE_U8)
    add_segmentation (look, segmentation, classes);
}

guint
dh_first_look_images (const DhFirstLook *look)
{
  return look->images;
}

typedef struct
{
  double miou, known; /* of the classes that are labelled or called; of the labels alone: what is called otherwise here
                       * and there has no IoU */
  double accuracy, best; /* best: were each predicted class called what it mostly lies on */
  guint worst, called;   /* the label with the most wrong pixels, and what it is mostly called */
  guint targets;         /* labels that some predicted class mostly lies on */
  guint present;         /* labels that occur */
} Recognised;

static void
recognise (const DhFirstLook *look, Recognised *result)
{
  const guint k = look->classes;
  guint64 total = 0, right = 0, best = 0, most_wrong = 0;
  gboolean target[CLASSES] = { FALSE };
  double sum = 0, known = 0;
  guint counted = 0;
  *result = (Recognised){ 0 };
  for (guint c = 0; c < k; c++)
    {
      guint64 labelled = 0, called = 0, largest = 0, longest = 0;
      guint lies_on = c, named = c;
      for (guint o = 0; o < k; o++)
        {
          const guint64 as_label = look->confusion[c * k + o], as_class = look->confusion[o * k + c];
          labelled += as_label;
          called += as_class;
          if (as_class > largest)
            {
              largest = as_class;
              lies_on = o;
            }
          if (o != c && as_label > longest)
            {
              longest = as_label;
              named = o;
            }
        }
      const guint64 hit = look->confusion[c * k + c];
      total += labelled;
      right += hit;
      best += largest;
      target[lies_on] = target[lies_on] || largest > 0;
      result->present += labelled > 0;
      if (longest > most_wrong)
        {
          most_wrong = longest;
          result->worst = c;
          result->called = named;
        }
      if (labelled + called > 0)
        {
          const double iou = (double)hit / (double)(labelled + called - hit);
          sum += iou;
          known += labelled > 0 ? iou : 0;
          counted++;
        }
    }
  for (guint c = 0; c < k; c++)
    result->targets += target[c];
  result->miou = counted ? sum / counted : NAN;
  result->known = result->present ? known / result->present : NAN;
  result->accuracy = total ? (double)right / (double)total : NAN;
  result->best = total ? (double)best / (double)total : NAN;
}

double
dh_first_look_miou (const DhFirstLook *look)
{
  Recognised result;
  recognise (look, &result);
  return result.miou;
}

static char *
dup_class (const DhFirstLook *look, guint id)
{
  const char *name = dh_class_table_class_name (look->table, id);
  return name ? g_strdup (name) : g_strdup_printf ("class %u", id);
}

/* Of another method, of whose network nothing is known. */
static char *
warn_of_scores (const DhFirstLook *look)
{
  for (guint m = 0; m < DH_N_MAPS; m++)
    {
      const Range *range = &look->ranges[m];
      const double n = (double)range->finite + (double)range->non_finite;
      if (range->there && (double)range->non_finite > MOST_LEFT_OUT * n)
        return g_strdup_printf ("%.3g %% of the scores are no numbers, and are not measured",
                                100.0 * (double)range->non_finite / n);
      if (range->there && range->max - range->min <= 1e-6 * MAX (fabs (range->min), fabs (range->max)))
        return g_strdup ("the score is the same everywhere: nothing was found in these images, or the maps are empty");
    }
  return NULL;
}

static char *
warn_of_maps (const DhFirstLook *look)
{
  for (guint m = 0; m < DH_N_MAPS; m++)
    {
      const Range *range = &look->ranges[m];
      if (range->there && range->non_finite > 0)
        return g_strdup_printf ("%.3g %% of the values of %s are no numbers: the precision overflows with these "
                                "weights, or the weights are damaged",
                                100.0 * (double)range->non_finite / (double)(range->finite + range->non_finite),
                                dh_map_name (m));
      const double size = MAX (fabs (range->min), fabs (range->max));
      const double least = MIN (fabs (range->min), fabs (range->max));
      if (range->there && range->max - range->min <= 1e-6 * size)
        return g_strdup_printf ("%s has the same value everywhere: the weights are not those of a trained network",
                                dh_map_name (m));
      if (range->there && m == DH_MAP_DATASET_POSTERIOR && (size < 1e-4 || least > 1 - 1e-4))
        return g_strdup_printf ("dataset_posterior is %d everywhere: the outlier head is not trained, or not that of "
                                "these weights",
                                size < 1e-4 ? 0 : 1);
    }
  return NULL;
}

static char *
warn_of_one_class (const DhFirstLook *look)
{
  for (guint c = 0; c < CLASSES; c++)
    if (look->classes > 1 && look->pixels > 0 && (double)look->predicted[c] > 0.999 * (double)look->pixels)
      {
        g_autofree char *name = dup_class (look, c);
        return g_strdup_printf ("Nearly every pixel is taken for %s: the weights are not those of a trained network, "
                                "or the images are normalised otherwise",
                                name);
      }
  return NULL;
}

/* Each of two classes is nearly always called the other. */
static char *
warn_of_exchanged (const DhFirstLook *look)
{
  const guint k = look->classes;
  guint64 *labelled = g_newa0 (guint64, k + 1);
  guint64 total = 0;
  for (guint c = 0; c < k; c++)
    for (guint o = 0; o < k; o++)
      labelled[c] += look->confusion[c * k + o];
  for (guint c = 0; c < k; c++)
    total += labelled[c];
  for (guint c = 0; c < k; c++)
    for (guint o = c + 1; o < k; o++)
      if (100 * labelled[c] > total && 100 * labelled[o] > total && 5 * look->confusion[c * k + o] > 4 * labelled[c]
          && 5 * look->confusion[o * k + c] > 4 * labelled[o])
        {
          g_autofree char *one = dup_class (look, c), *other = dup_class (look, o);
          return g_strdup_printf ("%s is called %s and the other way round: the class table of the weights is not that "
                                  "of the labels",
                                  one, other);
        }
  return NULL;
}

static char *
warn_of_labels (const DhFirstLook *look)
{
  Recognised r;
  recognise (look, &r);
  if (look->labelled == 0 || !isfinite (r.known) || r.present < 3)
    return NULL;
  if (r.known >= LEAST_MIOU)
    return warn_of_exchanged (look);
  g_autofree char *worst = dup_class (look, r.worst), *called = dup_class (look, r.called);
  /* Each class lies on one of the labels, but on another than its own. */
  if (r.best > 0.5 && r.accuracy < 0.5 * r.best && 2 * r.targets > r.present)
    return g_strdup_printf ("mIoU is %.1f %%, but %.0f %% of the pixels would be right with the classes in another "
                            "order (%s is called %s): the class table of the weights is not that of the labels",
                            100 * r.miou, 100 * r.best, worst, called);
  return g_strdup_printf ("mIoU is %.1f %%: the network does not know what it sees. Other weights, another "
                          "normalisation of the images or another class table than these labels' are the usual reasons",
                          100 * r.miou);
}

char *
dh_first_look_dup_warning (const DhFirstLook *look)
{
  char *text = look->classes > 0 ? warn_of_maps (look) : warn_of_scores (look);
  if (!text)
    text = warn_of_one_class (look);
  if (!text)
    text = warn_of_labels (look);
  if (!text)
    return NULL;
  char *whole = look->images == 1 ? g_strdup_printf ("In the first image: %s", text)
                                  : g_strdup_printf ("In the first %u images: %s", look->images, text);
  g_free (text);
  return whole;
}
