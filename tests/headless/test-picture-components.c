/* The objects of a picture at a threshold, by hand and against the protocol; and the session's, which follow picture,
 * score and threshold. */
#include <math.h>
#include <stdio.h>
#include "dh-metric.h"
#include "dh-session-components.h"
#include "session-fixture.h"

enum
{
  WIDTH = 120,
  HEIGHT = 80,
};

typedef struct
{
  float hybrid[WIDTH * HEIGHT], likelihood[WIDTH * HEIGHT];
  guint8 truth[WIDTH * HEIGHT];
} Picture;

static void
fill (Picture *picture, guint x, guint y, guint width, guint height, float hybrid, gint truth)
{
  for (guint v = y; v < y + height; v++)
    for (guint u = x; u < x + width; u++)
      {
        picture->hybrid[v * WIDTH + u] = hybrid;
        picture->likelihood[v * WIDTH + u] = hybrid > 0 ? -3 : 5;
        if (truth >= 0)
          picture->truth[v * WIDTH + u] = (guint8)truth;
      }
}

/* Two anomalies, of which one is found; a false region, and one too small to count. */
static Picture *
make_picture (void)
{
  Picture *picture = g_new0 (Picture, 1);
  fill (picture, 0, 0, WIDTH, HEIGHT, -8, 0);
  fill (picture, 5, 5, 30, 30, 2, 1);
  picture->hybrid[7 * WIDTH + 9] = 4;
  fill (picture, 60, 5, 20, 10, -6, 1);
  fill (picture, 5, 50, 40, 20, 1, 0);
  fill (picture, 90, 50, 10, 10, 1, 0);
  fill (picture, 110, 70, 10, 10, 3, 255);
  return picture;
}

static DhFrame *
make_frame (const Picture *picture, gboolean labelled)
{
  DhFrame *frame = dh_frame_new (WIDTH, HEIGHT);
  frame->maps[DH_FRAME_HYBRID] = g_bytes_new (picture->hybrid, sizeof picture->hybrid);
  frame->maps[DH_FRAME_LIKELIHOOD] = g_bytes_new (picture->likelihood, sizeof picture->likelihood);
  if (labelled)
    frame->truth = g_bytes_new (picture->truth, sizeof picture->truth);
  return frame;
}

static void
test_objects (SessionFixture *fixture, gconstpointer data)
{
  g_autofree Picture *picture = make_picture ();
  g_autoptr (DhFrame) frame = make_frame (picture, TRUE);
  g_autoptr (DhPictureComponents) found = dh_picture_components_new (frame, DH_SCORE_HYBRID, 0);
  g_assert_cmpuint (found->n, ==, 3);
  const DhPictureObject *missed = &found->items[0], *wrong = &found->items[1], *right = &found->items[2];
  g_assert_cmpint (missed->kind, ==, DH_OBJECT_MISSED);
  g_assert_cmpuint (missed->area, ==, 200);
  g_assert_cmpuint (missed->x, ==, 60);
  g_assert_cmpuint (missed->width, ==, 20);
  g_assert_cmpfloat (missed->overlap, ==, 0);
  g_assert_cmpfloat_with_epsilon (missed->score, -6, 1e-9);
  /* the two terms add up to the score */
  g_assert_cmpfloat_with_epsilon (missed->minus_log_likelihood, -5, 1e-9);
  g_assert_cmpfloat_with_epsilon (missed->log_p_out, -1, 1e-9);
  g_assert_cmpint (wrong->kind, ==, DH_OBJECT_FALSE);
  g_assert_cmpuint (wrong->area, ==, 800);
  g_assert_cmpfloat (wrong->overlap, ==, 0);
  g_assert_cmpint (right->kind, ==, DH_OBJECT_FOUND);
  g_assert_cmpuint (right->area, ==, 900);
  g_assert_cmpfloat (right->overlap, ==, 1);
  g_assert_cmpuint (right->peak_x, ==, 9);
  g_assert_cmpuint (right->peak_y, ==, 7);
  /* 2 TP / (2 TP + FN + FP) at every overlap */
  g_assert_cmpfloat_with_epsilon (found->f1, 0.5, 1e-9);

  /* above every score nothing is flagged, and both anomalies are missed, the larger first */
  g_autoptr (DhPictureComponents) none = dh_picture_components_new (frame, DH_SCORE_HYBRID, 10);
  g_assert_cmpuint (none->n_of[DH_OBJECT_MISSED], ==, 2);
  g_assert_cmpuint (none->n, ==, 2);
  g_assert_cmpuint (none->items[0].area, ==, 900);
  g_assert_cmpfloat (none->f1, ==, 0);
}

/* What the network sees in the most of an object's pixels, and all pixels by that. */
static void
test_classes (SessionFixture *fixture, gconstpointer data)
{
  g_autofree Picture *picture = make_picture ();
  g_autoptr (DhFrame) frame = make_frame (picture, TRUE);
  guint8 classes[WIDTH * HEIGHT];
  DhClassCounts expected[] = { { .id = 4 }, { .id = 9 } };
  picture->hybrid[0] = NAN;
  for (guint i = 0; i < WIDTH * HEIGHT; i++)
    {
      const gboolean right = i % WIDTH >= 65;
      const gboolean flagged = picture->hybrid[i] > 0;
      classes[i] = right ? 9 : 4;
      if (picture->truth[i] == 1)
        *(flagged ? &expected[right].tp : &expected[right].fn) += 1;
      else if (picture->truth[i] == 0 && !isnan (picture->hybrid[i]))
        *(flagged ? &expected[right].fp : &expected[right].tn) += 1;
    }
  g_bytes_unref (frame->maps[DH_FRAME_HYBRID]);
  frame->maps[DH_FRAME_HYBRID] = g_bytes_new (picture->hybrid, sizeof picture->hybrid);
  frame->maps[DH_FRAME_SEGMENTATION] = g_bytes_new (classes, sizeof classes);
  g_autoptr (DhPictureComponents) found = dh_picture_components_new (frame, DH_SCORE_HYBRID, 0);
  static const gint of_objects[] = { 9, 4, 4 }; /* missed, false, found */
  g_assert_cmpuint (found->n, ==, G_N_ELEMENTS (of_objects));
  for (guint i = 0; i < found->n; i++)
    g_assert_cmpint (found->items[i].class_id, ==, of_objects[i]);
  g_assert_cmpuint (found->n_classes, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < found->n_classes; i++)
    {
      g_assert_cmpuint (found->classes[i].id, ==, expected[i].id);
      g_assert_cmpuint (found->classes[i].tp, ==, expected[i].tp);
      g_assert_cmpuint (found->classes[i].fp, ==, expected[i].fp);
      g_assert_cmpuint (found->classes[i].fn, ==, expected[i].fn);
      g_assert_cmpuint (found->classes[i].tn, ==, expected[i].tn);
    }
  /* nobody knows */
  g_clear_pointer (&frame->maps[DH_FRAME_SEGMENTATION], g_bytes_unref);
  g_autoptr (DhPictureComponents) bare = dh_picture_components_new (frame, DH_SCORE_HYBRID, 0);
  g_assert_cmpuint (bare->n_classes, ==, 0);
  g_assert_cmpint (bare->items[0].class_id, ==, -1);
}

/* Without labels there is nothing to be right or wrong; the likelihood flags below. */
static void
test_unlabelled (SessionFixture *fixture, gconstpointer data)
{
  g_autofree Picture *picture = make_picture ();
  picture->likelihood[0] = NAN;
  g_autoptr (DhFrame) frame = make_frame (picture, FALSE);
  g_autoptr (DhPictureComponents) found = dh_picture_components_new (frame, DH_SCORE_LIKELIHOOD, 0);
  g_assert_cmpuint (found->n_of[DH_OBJECT_FLAGGED], ==, 2);
  g_assert_cmpuint (found->n, ==, 2);
  g_assert_true (isnan (found->f1));
  g_assert_true (isnan (found->items[0].overlap));
  g_assert_null (dh_picture_components_new (frame, DH_SCORE_DATASET_POSTERIOR, 0.5));
  g_assert_null (dh_picture_components_new (frame, DH_SCORE_HYBRID, NAN));
}

/* F1 of the list is F1 of the report. */
static void
test_protocol (SessionFixture *fixture, gconstpointer data)
{
  g_autofree Picture *picture = make_picture ();
  /* overlaps that some of the protocol's limits accept and others do not */
  fill (picture, 5, 5, 30, 12, -8, -1);
  fill (picture, 30, 45, 10, 30, 1, 1);
  g_autoptr (DhFrame) frame = make_frame (picture, TRUE);
  g_autoptr (DhPictureComponents) found = dh_picture_components_new (frame, DH_SCORE_HYBRID, 0.5);
  g_autoptr (GError) error = NULL;
  const DhMetricOptions options = { .has_threshold = TRUE, .threshold = 0.5 };
  g_autoptr (DhMetric) metric = dh_metric_new (dh_protocol_find ("smiyc-component", NULL), &options, &error);
  g_assert_no_error (error);
  const DhScoredImage image = { "a", picture->hybrid, picture->truth, WIDTH, HEIGHT, NULL };
  g_assert_true (dh_metric_add (metric, &image, &error));
  g_assert_no_error (error);
  g_autoptr (DhResult) result = dh_metric_finish (metric, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (found->f1, >, 0);
  g_assert_cmpfloat (found->f1, <, 1);
  g_assert_cmpfloat_with_epsilon (found->f1, result->components->f1_mean, 1e-12);
}

static void
test_session (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_assert_null (dh_session_get_components (session));
  g_assert_nonnull (strstr (dh_session_explain_components (session), "No weights"));
  session_open_all (fixture);
  session_wait_for (dh_session_get_components (session) != NULL);
  const DhThreshold *threshold = dh_session_get_threshold (session, DH_SCORE_HYBRID);
  g_assert_cmpfloat (dh_session_get_components (session)->threshold, ==, threshold->value);

  /* nothing reaches a threshold above all: the anomaly is missed */
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 1e6);
  g_assert_true (dh_session_components_are_old (session));
  session_wait_for (!dh_session_components_are_old (session));
  g_assert_cmpuint (dh_session_get_components (session)->n_of[DH_OBJECT_MISSED], ==, 1);
  g_assert_cmpuint (dh_session_get_components (session)->n, ==, 1);

  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  g_assert_null (dh_session_get_components (session));
  session_wait_for (dh_session_get_components (session) != NULL);
  g_assert_cmpint (dh_session_get_components (session)->score, ==, DH_SCORE_LIKELIHOOD);

  /* another picture's are not this one's, however quickly one goes on */
  g_assert_true (dh_session_step (session, 1));
  g_assert_true (dh_session_step (session, 1));
  g_assert_null (dh_session_get_components (session));
  /* not yet known is not that there are none */
  g_assert_null (dh_session_explain_components (session));
  session_wait_for (dh_session_get_components (session) != NULL);
  g_assert_cmpfloat (dh_session_get_components (session)->threshold, ==,
                     dh_session_get_threshold (session, DH_SCORE_LIKELIHOOD)->value);
}

/* Bytes that the process has had at most since it was asked to forget the most; 0: it cannot be asked. */
static guint64
most_memory (gboolean forget)
{
  g_autofree char *text = NULL;
  if (forget)
    {
      FILE *file = fopen ("/proc/self/clear_refs", "w");
      const gboolean forgot = file != NULL && fputs ("5", file) >= 0;
      if (file == NULL || fclose (file) != 0 || !forgot)
        return 0;
    }
  const char *line = g_file_get_contents ("/proc/self/status", &text, NULL, NULL) ? strstr (text, "VmHWM:") : NULL;
  return line != NULL ? g_ascii_strtoull (line + 6, NULL, 10) << 10 : 0;
}

/* An object as large as a large picture takes no memory of its own: three masks of the picture, and little more. */
static void
test_large (SessionFixture *fixture, gconstpointer data)
{
  const guint width = 6000, height = 4000;
  const gsize n = (gsize)width * height;
  float *values = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    values[i] = 1;
  values[n - 1] = 3;
  g_autoptr (DhFrame) frame = dh_frame_new (width, height);
  frame->maps[DH_FRAME_HYBRID] = g_bytes_new_take (values, n * sizeof *values);
  const guint64 before = most_memory (TRUE);
  g_autoptr (DhPictureComponents) found = dh_picture_components_new (frame, DH_SCORE_HYBRID, 0);
  const guint64 most = most_memory (FALSE);
  g_assert_cmpuint (found->n, ==, 1);
  g_assert_cmpuint (found->items[0].area, ==, n);
  g_assert_cmpuint (found->items[0].peak_x, ==, width - 1);
  g_assert_cmpuint (found->items[0].peak_y, ==, height - 1);
  g_assert_cmpfloat_with_epsilon (found->items[0].score, 1 + 2.0 / (double)n, 1e-12);
  if (before == 0)
    g_test_skip ("The system does not tell the most memory that was had");
  else
    g_assert_cmpuint (most - before, <, 3 * n + ((guint64)32 << 20));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/picture-components/objects", test_objects, NULL },
    { "/picture-components/classes", test_classes, NULL },
    { "/picture-components/unlabelled", test_unlabelled, NULL },
    { "/picture-components/protocol", test_protocol, NULL },
    { "/picture-components/large", test_large, NULL },
    { "/picture-components/session", test_session, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
