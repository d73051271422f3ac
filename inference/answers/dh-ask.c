#include "dh-ask.h"

#include <string.h>

#include "dh-calibrate.h"
#include "dh-config.h"
#include "dh-error.h"
#include "dh-scenes.h"

/* A series of its own: no network was trained on it, nor was a threshold chosen. */
#define SEED 515

struct _DhQuestions
{
  guint n;
  gboolean scenes;
  char **paths;
  DhImage *(*load) (guint index, gpointer data, GError **error);
  const char *(*name) (guint index, gpointer data);
  gpointer data;
};

DhQuestions *
dh_questions_new_scenes (void)
{
  DhQuestions *questions = g_new0 (DhQuestions, 1);
  questions->scenes = TRUE;
  questions->n = DH_QUESTIONS_SCENES;
  return questions;
}

DhQuestions *
dh_questions_new_files (const char *const *paths)
{
  DhQuestions *questions = g_new0 (DhQuestions, 1);
  questions->paths = g_strdupv ((char **)paths);
  questions->n = MIN (g_strv_length (questions->paths), (guint)DH_ANSWERS_MOST);
  return questions;
}

DhQuestions *
dh_questions_new_pictures (guint n, DhImage *(*load) (guint index, gpointer data, GError **error),
                           const char *(*name) (guint index, gpointer data), gpointer data)
{
  DhQuestions *questions = g_new0 (DhQuestions, 1);
  questions->n = MIN (n, (guint)DH_ANSWERS_MOST);
  questions->load = load;
  questions->name = name;
  questions->data = data;
  return questions;
}

void
dh_questions_free (DhQuestions *questions)
{
  if (!questions)
    return;
  g_strfreev (questions->paths);
  g_free (questions);
}

guint
dh_questions_count (const DhQuestions *questions)
{
  return questions->n;
}

static DhImage *
draw (guint index, GError **error)
{
  g_autoptr (DhImage) image = dh_image_new (DH_SCENE_WIDTH, DH_SCENE_HEIGHT);
  g_autofree guint8 *labels = g_try_malloc (DH_SCENE_WIDTH * DH_SCENE_HEIGHT);
  if (!image || !labels)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Scene %u cannot be drawn: not enough memory", index);
      return NULL;
    }
  if (!dh_scene_render (SEED, DH_SCENE_TEST, index, DH_SCENE_WIDTH, DH_SCENE_HEIGHT, image->rgb, labels, error))
    return NULL;
  return g_steal_pointer (&image);
}

/* Picture `index`; as dh_calibrate() wants it. */
static DhImage *
load_picture (guint index, gpointer data, GError **error)
{
  const DhQuestions *questions = data;
  if (questions->scenes)
    return draw (index, error);
  return questions->paths ? dh_image_load (questions->paths[index], error)
                          : questions->load (index, questions->data, error);
}

static char *
dup_name (const DhQuestions *questions, guint index)
{
  if (questions->scenes)
    return g_strdup_printf ("scene %u", index + 1);
  g_autofree char *base = questions->paths ? g_path_get_basename (questions->paths[index]) : NULL;
  return g_filename_display_name (base ? base : questions->name (index, questions->data));
}

char *
dh_answers_hash_pixels (const DhImage *image)
{
  g_autofree char *size = g_strdup_printf ("%ux%u\n", image->width, image->height);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (sum, (const guchar *)size, (gssize)strlen (size));
  g_checksum_update (sum, image->rgb, (gssize)3 * image->width * image->height);
  return g_strdup (g_checksum_get_string (sum));
}

static guint
list_maps (DhModel *model)
{
  guint maps = DH_MAP_BIT (DH_MAP_SEGMENTATION);
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (dh_answers_has_map (m) && (!dh_map_needs_ood (m) || dh_model_has_outlier_head (model)))
      maps |= DH_MAP_BIT (m);
  return maps;
}

static DhAnswer *
read_answer (const DhQuestions *questions, guint index, const DhImage *image, const DhPrediction *prediction)
{
  DhAnswer *answer = dh_answer_new ();
  answer->name = dup_name (questions, index);
  answer->scene = questions->scenes ? (gint)index : -1;
  answer->pixels = dh_answers_hash_pixels (image);
  answer->width = image->width;
  answer->height = image->height;
  const guint8 *classes = dh_tensor_data (prediction->maps[DH_MAP_SEGMENTATION]);
  for (gsize i = 0; i < (gsize)image->width * image->height; i++)
    answer->classes[classes[i]]++;
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (dh_answers_has_map (m) && prediction->maps[m])
      dh_answer_map_read (&answer->maps[m], dh_tensor_f32 (prediction->maps[m]), image->width, image->height);
  return answer;
}

/* `*borrowed`: the predictor is to be without a calibration again. */
static gboolean
calibrate (DhPredictor *predictor, DhQuestions *questions, gboolean *borrowed, GCancellable *cancellable,
           GError **error)
{
  *borrowed = dh_predictor_precision (predictor) == DH_PRECISION_INT8 && !dh_predictor_quantization (predictor);
  if (!*borrowed)
    return TRUE;
  const DhPictures pictures = { questions->n, load_picture, questions };
  g_autoptr (DhQuantization) quantization = dh_calibrate (predictor, &pictures, cancellable, NULL, error);
  if (quantization)
    dh_predictor_set_quantization (predictor, quantization);
  return quantization != NULL;
}

static DhAnswers *
ask (DhPredictor *predictor, DhQuestions *questions, DhAskSeen seen, gpointer data, GCancellable *cancellable,
     const DhProgress *progress, GError **error)
{
  DhModel *model = dh_predictor_model (predictor);
  const guint maps = list_maps (model);
  g_autoptr (DhAnswers) answers = dh_answers_new ();
  answers->program = g_strdup (DH_VERSION);
  answers->network = g_strdup (dh_model_architecture (model));
  answers->classes = (guint)dh_model_classes (model);
  answers->normalisation = g_strdup (dh_model_normalisation (model));
  answers->weights = g_strdup (dh_model_sha256 (model));
  answers->device = g_strdup (dh_device_name (dh_predictor_device (predictor)));
  answers->precision = g_strdup (dh_predictor_precision_name (predictor));
  for (guint i = 0; i < questions->n; i++)
    {
      g_autoptr (DhImage) image = load_picture (i, questions, error);
      g_autoptr (DhPrediction) prediction =
          image ? dh_predictor_run (predictor, image, maps, cancellable, NULL, error) : NULL;
      if (!prediction)
        return NULL;
      g_ptr_array_add (answers->answers, read_answer (questions, i, image, prediction));
      if (seen)
        seen (i, prediction, data);
      dh_progress_report (progress, i + 1, questions->n, "checking");
    }
  return g_steal_pointer (&answers);
}

DhAnswers *
dh_ask (DhPredictor *predictor, DhQuestions *questions, DhAskSeen seen, gpointer data, GCancellable *cancellable,
        const DhProgress *progress, GError **error)
{
  g_return_val_if_fail (predictor != NULL && questions != NULL, NULL);
  if (questions->n == 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_FOUND, "There is no image to check the weights on");
      return NULL;
    }
  gboolean borrowed;
  dh_progress_report (progress, 0, questions->n, "checking");
  DhAnswers *answers = calibrate (predictor, questions, &borrowed, cancellable, error)
                           ? ask (predictor, questions, seen, data, cancellable, progress, error)
                           : NULL;
  if (borrowed)
    dh_predictor_set_quantization (predictor, NULL);
  return answers;
}
