#include <glib/gi18n.h>
#include <math.h>
#include "dh-error.h"
#include "dh-film-run.h"
#include "dh-session-evaluation.h"
#include "dh-session-recording-private.h"

#define RATE 10

G_STATIC_ASSERT ((guint)DH_FRAME_HYBRID == (guint)DH_MAP_HYBRID);

typedef struct
{
  char *path;
  char **stems;
  DhFilmRun what;
  guint images;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;
  g_free (job->path);
  g_strfreev (job->stems);
  g_free (job);
}

gboolean
dh_session_can_export_video (DhSession *self)
{
  return dh_session_get_evaluation (self) != NULL && dh_image_list_get_shown (self->list) > 0;
}

static void
add_pane (DhFilm *film, gint pane)
{
  for (guint i = 0; i < film->n_panes; i++)
    if (film->panes[i] == pane)
      return;
  if (film->n_panes < DH_FILM_MOST_PANES)
    film->panes[film->n_panes++] = pane;
}

/* Those of the grid that a run keeps: the image, the segmentation and the scores that were measured. */
static void
take_panes (DhSession *self, DhFilm *film)
{
  g_autofree char *names = NULL;
  g_object_get (self->view, "panes", &names, NULL);
  g_auto (GStrv) panes = g_strsplit (names != NULL ? names : "", ",", -1);
  for (guint i = 0; panes[i] != NULL; i++)
    {
      DhScore score;
      if (g_str_equal (panes[i], "image"))
        add_pane (film, DH_FILM_IMAGE);
      else if (g_str_equal (panes[i], "segmentation"))
        add_pane (film, DH_MAP_SEGMENTATION);
      else if (dh_score_from_id (panes[i], &score) && (self->model->has_outlier_head || score == DH_SCORE_LIKELIHOOD))
        add_pane (film, (gint)dh_score_map (score));
    }
  if (film->n_panes == 0)
    add_pane (film, DH_FILM_IMAGE);
}

/* As the studio shows them: ranges of the whole set, and the active score's threshold. */
static void
take_look (DhSession *self, DhFilm *film)
{
  const DhThreshold *threshold = dh_session_get_threshold (self, self->active);
  film->overlay = 1;
  film->score = (DhMap)dh_score_map (self->active);
  film->look.classes = (gint)self->model->n_classes;
  film->look.threshold = threshold->rule == DH_RULE_START ? NAN : threshold->value;
  for (guint s = 0; s < DH_N_SCORES; s++)
    {
      const DhFrameMap map = dh_score_map (s);
      dh_session_get_range (self, map, FALSE, &film->look.low[map], &film->look.high[map]);
      film->look.fixed[map] = film->look.low[map] < film->look.high[map];
    }
}

static char **
list_stems (DhSession *self)
{
  g_autoptr (GStrvBuilder) stems = g_strv_builder_new ();
  DhImageItem *item = NULL;
  while ((item = dh_image_list_step (self->list, item, 1)) != NULL)
    g_strv_builder_add (stems, dh_dataset_item (self->dataset, dh_image_item_get_index (item))->stem);
  return g_strv_builder_end (stems);
}

static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  DhSessionRecording *work = data;
  Job *job = work->job;
  const DhProgress progress = { dh_session_recording_note, work };
  GError *error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  if (database != NULL
      && dh_film_run_write (database, &job->what, job->path, &job->images, work->cancellable, &progress, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
written (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  const DhSessionRecording *work = dh_session_recording_end (self, result, &error);
  if (work == NULL)
    return;
  const Job *job = work->job;
  g_autofree char *text = g_strdup_printf (
      ngettext ("%s: a video of %u image", "%s: a video of %u images", job->images), work->name, job->images);
  if (error == NULL)
    dh_session_say_written (self, text, job->path);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    dh_session_say (self, _ ("Stopped; there is no video"));
  else
    dh_session_complain (self, _ ("The video could not be made"), error->message);
}

gboolean
dh_session_export_video (DhSession *self, const char *path)
{
  g_return_val_if_fail (dh_session_can_export_video (self), FALSE);

  Job *job = g_new0 (Job, 1);
  job->path = g_strdup (path);
  job->stems = list_stems (self);
  job->what.run = dh_session_get_evaluation (self)->run;
  job->what.stems = (const char *const *)job->stems;
  job->what.rate = RATE;
  take_panes (self, &job->what.film);
  take_look (self, &job->what.film);
  return dh_session_recording_begin (self, path, job, job_free, write_in_thread, written);
}
