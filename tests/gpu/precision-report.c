#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dh-device.h"
#include "dh-nets.h"

/* precision-report DEVICE NETWORK HEIGHT WIDTH: each precision of a device against its own float32: the largest error
 * of each map over the map's range, and the share of equal classes, in all and where the best logit leads by more than
 * 2 % of the logits' range; and whether a NaN in the picture reaches as many pixels. Where a run that was recorded
 * gives other values than the first, it says so. */

enum
{
  N_MAPS = 5,
  HYBRID = 3, /* of them */
};

static const DhMap shown[N_MAPS] = { DH_MAP_SEGMENTATION, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR, DH_MAP_HYBRID,
                                     DH_MAP_LOGITS };

typedef struct
{
  DhNet *net;
  DhTensorDict *weights;
  float *input;
  gint height, width;
} Picture;

/* Pixels of the hybrid map that are NaN where one of the picture's values is: what a network makes of an overflow. */
static gboolean
spread_nan (DhPlan *plan, const Picture *picture, gpointer maps[N_MAPS], gsize *n, GError **error)
{
  const gsize area = (gsize)picture->height * picture->width, at = area / 2 + picture->width / 2;
  const float kept = picture->input[at], *hybrid = maps[HYBRID];
  picture->input[at] = NAN;
  const gboolean fine = dh_plan_run (plan, picture->input, maps, NULL, NULL, error);
  picture->input[at] = kept;
  *n = 0;
  for (gsize i = 0; fine && i < area; i++)
    *n += isnan (hybrid[i]);
  return fine;
}

/* `n_nan`: spread_nan(); `others`: the first run, and one behind it, which is recorded where the device does that,
 * differ.
 */
static gboolean
compute (DhDevice *device, const Picture *picture, DhPrecision precision, gpointer maps[N_MAPS], gsize *n_nan,
         gboolean *others, GError **error)
{
  const gsize bytes = sizeof (float) * picture->height * picture->width;
  DhValue outputs[N_MAPS];
  for (guint i = 0; i < N_MAPS; i++)
    outputs[i] = picture->net->maps[shown[i]];
  const DhPlanOptions options = {
    .input = { 1, 3, picture->height, picture->width }, .precision = precision, .outputs = outputs, .n_outputs = N_MAPS
  };
  g_autoptr (DhPlan) plan = dh_plan_new (device, picture->net->graph, picture->weights, &options, error);
  if (!plan || !dh_plan_run (plan, picture->input, maps, NULL, NULL, error))
    return FALSE;
  g_autofree gpointer first = g_memdup2 (maps[HYBRID], bytes);
  if (!spread_nan (plan, picture, maps, n_nan, error) || !dh_plan_run (plan, picture->input, maps, NULL, NULL, error))
    return FALSE;
  *others = memcmp (first, maps[HYBRID], bytes) != 0;
  return TRUE;
}

static double
error_over_range (const float *found, const float *expected, gsize n)
{
  double low = INFINITY, high = -INFINITY, worst = 0;
  for (gsize i = 0; i < n; i++)
    {
      low = fmin (low, expected[i]);
      high = fmax (high, expected[i]);
      const double error = fabs ((double)found[i] - expected[i]);
      worst = isfinite (error) ? fmax (worst, error) : INFINITY;
    }
  /* One that is NaN throughout, or the same everywhere, tells nothing. */
  return high > low ? worst / (high - low) : INFINITY;
}

static void
compare_classes (gpointer found[N_MAPS], gpointer expected[N_MAPS], gsize area, gint classes)
{
  const guint8 *a = found[0], *b = expected[0];
  const float *f = expected[4];
  float low = INFINITY, high = -INFINITY;
  gsize equal = 0, clear = 0, clear_equal = 0;
  for (gsize i = 0; i < area * classes; i++)
    {
      low = fminf (low, f[i]);
      high = fmaxf (high, f[i]);
    }
  for (gsize i = 0; i < area; i++)
    {
      float best = -INFINITY, second = -INFINITY;
      for (gint c = 0; c < classes; c++)
        {
          const float v = f[c * area + i];
          second = v > best ? best : fmaxf (second, v);
          best = fmaxf (best, v);
        }
      const gboolean is_clear = best - second > 0.02f * (high - low);
      equal += a[i] == b[i];
      clear += is_clear;
      clear_equal += is_clear && a[i] == b[i];
    }
  printf (" classes equal %.4f %%, where clear %.4f %%", 100.0 * equal / area,
          clear ? 100.0 * clear_equal / clear : 0.0);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  if (argc != 5)
    g_error ("DEVICE NETWORK HEIGHT WIDTH are needed");
  g_autoptr (DhDevice) device = dh_device_open (argv[1], 0, &error);
  if (!device || !dh_architecture_from_name (argv[2], 0, &architecture, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
  Picture picture = { .net = dh_net_new (&architecture), .height = atoi (argv[3]), .width = atoi (argv[4]) };
  const gsize area = (gsize)picture.height * picture.width;
  g_autofree double *r = g_new (double, 3 * area);
  picture.weights = dh_net_new_seeded (picture.net, 1, 1.0);
  picture.input = g_new (float, 3 * area);
  dh_seeded_uniform ("input", 1, 3 * area, r);
  for (gsize i = 0; i < 3 * area; i++)
    picture.input[i] = (float)(r[i] * 0.5 + 0.5);
  gpointer expected[N_MAPS], found[N_MAPS];
  for (guint i = 0; i < N_MAPS; i++)
    {
      const gsize n = shown[i] == DH_MAP_LOGITS ? area * architecture.classes : area;
      expected[i] = g_malloc_n (n, sizeof (float));
      found[i] = g_malloc_n (n, sizeof (float));
    }
  int status = 0;
  gsize n_nan, n_nan_expected = 0;
  for (DhPrecision precision = 0; precision < DH_N_PRECISIONS && !status; precision++)
    {
      if (!dh_device_has_precision (device, precision))
        continue;
      gboolean others = FALSE;
      if (!compute (device, &picture, precision, precision == DH_PRECISION_F32 ? expected : found, &n_nan, &others,
                    &error))
        {
          fprintf (stderr, "%s %s: %s\n", argv[2], dh_precision_name (precision), error->message);
          status = 1;
        }
      else if (precision != DH_PRECISION_F32)
        {
          printf ("%s %s×%s %-5s", argv[2], argv[3], argv[4], dh_precision_name (precision));
          for (guint i = 1; i < N_MAPS; i++)
            printf (" %s %.2g", dh_map_name (shown[i]),
                    error_over_range (found[i], expected[i], i == 4 ? area * architecture.classes : area));
          compare_classes (found, expected, area, architecture.classes);
          printf (", NaN %s\n", n_nan > 0 && n_nan == n_nan_expected ? "kept" : "LOST");
        }
      else
        n_nan_expected = n_nan;
      if (others)
        printf ("%s %s×%s %-5s recorded runs give OTHER VALUES than the first\n", argv[2], argv[3], argv[4],
                dh_precision_name (precision));
    }
  for (guint i = 0; i < N_MAPS; i++)
    {
      g_free (expected[i]);
      g_free (found[i]);
    }
  dh_tensor_dict_unref (picture.weights);
  dh_net_unref (picture.net);
  g_free (picture.input);
  return status;
}
