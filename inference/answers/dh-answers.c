#include "dh-answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dh-file.h"

#define MOST_SORTED (1u << 17)

const double dh_answer_quantiles[DH_ANSWER_QUANTILES] = { 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 };

DhAnswer *
dh_answer_new (void)
{
  DhAnswer *answer = g_new0 (DhAnswer, 1);
  answer->scene = -1;
  return answer;
}

void
dh_answer_free (DhAnswer *answer)
{
  if (!answer)
    return;
  g_free (answer->name);
  g_free (answer->pixels);
  g_free (answer);
}

static void
answer_destroy (gpointer answer)
{
  dh_answer_free (answer);
}

DhAnswers *
dh_answers_new (void)
{
  DhAnswers *answers = g_new0 (DhAnswers, 1);
  answers->answers = g_ptr_array_new_with_free_func (answer_destroy);
  return answers;
}

void
dh_answers_free (DhAnswers *answers)
{
  if (!answers)
    return;
  g_free (answers->program);
  g_free (answers->network);
  g_free (answers->normalisation);
  g_free (answers->weights);
  g_free (answers->device);
  g_free (answers->precision);
  g_ptr_array_unref (answers->answers);
  g_free (answers);
}

gboolean
dh_answers_has_map (DhMap map)
{
  return map > DH_MAP_SEGMENTATION && map < DH_MAP_LOGITS;
}

static int
compare_floats (const void *a, const void *b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void
read_quantiles (DhAnswerMap *answer, const float *values, gsize n)
{
  const gsize step = (n + MOST_SORTED - 1) / MOST_SORTED;
  g_autofree float *sorted = g_new (float, n / step + 1);
  gsize count = 0;
  for (gsize i = 0; i < n; i += step)
    if (isfinite (values[i]))
      sorted[count++] = values[i];
  qsort (sorted, count, sizeof *sorted, compare_floats);
  for (guint q = 0; q < DH_ANSWER_QUANTILES; q++)
    answer->quantiles[q] = count ? sorted[(gsize)(dh_answer_quantiles[q] * (double)(count - 1))] : NAN;
}

void
dh_answer_map_read (DhAnswerMap *answer, const float *values, guint width, guint height)
{
  double sums[DH_ANSWER_CELLS] = { 0 };
  gsize counts[DH_ANSWER_CELLS] = { 0 };
  *answer = (DhAnswerMap){ .there = TRUE, .min = INFINITY, .max = -INFINITY };
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        const double value = values[(gsize)y * width + x];
        const guint cell =
            (guint)((guint64)y * DH_ANSWER_ROWS / height * DH_ANSWER_COLUMNS + (guint64)x * DH_ANSWER_COLUMNS / width);
        if (!isfinite (value))
          {
            answer->non_finite++;
            continue;
          }
        answer->min = MIN (answer->min, value);
        answer->max = MAX (answer->max, value);
        sums[cell] += value;
        counts[cell]++;
      }
  double sum = 0;
  gsize count = 0;
  for (guint c = 0; c < DH_ANSWER_CELLS; c++)
    {
      answer->cells[c] = counts[c] ? sums[c] / (double)counts[c] : NAN;
      sum += sums[c];
      count += counts[c];
    }
  answer->mean = count ? sum / (double)count : NAN;
  if (count == 0)
    answer->min = answer->max = NAN;
  read_quantiles (answer, values, (gsize)width * height);
}

const DhAnswer *
dh_answers_find (const DhAnswers *answers, const char *pixels)
{
  for (guint i = 0; i < answers->answers->len; i++)
    if (strcmp (((const DhAnswer *)answers->answers->pdata[i])->pixels, pixels) == 0)
      return answers->answers->pdata[i];
  return NULL;
}

static char *
dup_path (const char *network, const char *weights, const char *more)
{
  g_autofree char *name = g_strdup_printf ("%s-%s%s.json", network, weights, more);
  return g_build_filename (g_get_user_data_dir (), "densehybrid", "answers", name, NULL);
}

char *
dh_answers_dup_kept_path (const char *network, const char *weights)
{
  return dup_path (network, weights, "");
}

gboolean
dh_answers_is_of_scenes (const DhAnswers *answers)
{
  for (guint i = 0; i < answers->answers->len; i++)
    if (((const DhAnswer *)answers->answers->pdata[i])->scene < 0)
      return FALSE;
  return TRUE;
}

static int
compare_pixels (const void *a, const void *b)
{
  const DhAnswer *const *x = a, *const *y = b;
  return strcmp ((*x)->pixels, (*y)->pixels);
}

char *
dh_answers_dup_own_path (const DhAnswers *answers)
{
  if (dh_answers_is_of_scenes (answers))
    return dh_answers_dup_kept_path (answers->network, answers->weights);
  g_autoptr (GPtrArray) sorted = g_ptr_array_copy (answers->answers, NULL, NULL);
  g_ptr_array_set_free_func (sorted, NULL);
  g_ptr_array_sort (sorted, compare_pixels);
  g_autoptr (GString) all = g_string_new (NULL);
  for (guint i = 0; i < sorted->len; i++)
    g_string_append_printf (all, "%s\n", ((const DhAnswer *)sorted->pdata[i])->pixels);
  g_autofree char *sum = dh_sha256 (all->str, all->len);
  g_autofree char *more = g_strdup_printf ("-%.12s", sum);
  return dup_path (answers->network, answers->weights, more);
}

char *
dh_answers_find_beside (const char *weights_path)
{
  g_autofree char *path = g_strconcat (weights_path, ".answers.json", NULL);
  return g_file_test (path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&path) : NULL;
}
