#include "dh-onnx-private.h"

/* The maps in operators that overflow in no program: logsumexp and softplus, which some readers of ONNX make without
 * taking the largest term out, are written out. Formulas: dh-score.h. */

static const gint64 one = 1;

/* 1×1×H×W → 1×H×W, the map itself. */
static const char *
squeeze (DhOnnxFile *file, const char *map, const char *x)
{
  return dh_onnx_file_node (file, "Squeeze", map, x, dh_onnx_file_int64s (file, "axes", 1, &one, &one), NULL);
}

/* The cast by way of float32 is for TensorRT, which makes uint8 of nothing else. */
static const char *
add_segmentation (DhOnnxFile *file, const char *f)
{
  const char *argmax = dh_onnx_file_node (file, "ArgMax", "segmentation/argmax", f, NULL);
  dh_onnx_file_set_int (file, "axis", 1);
  dh_onnx_file_set_int (file, "keepdims", 0);
  const char *number = dh_onnx_file_node (file, "Cast", "segmentation/float", argmax, NULL);
  dh_onnx_file_set_int (file, "to", DH_ONNX_FLOAT);
  const char *map = dh_onnx_file_node (file, "Cast", "segmentation", number, NULL);
  dh_onnx_file_set_int (file, "to", DH_ONNX_UINT8);
  return map;
}

/* m + ln Σ e^(f − m), m = max f */
static const char *
add_likelihood (DhOnnxFile *file, const char *f)
{
  const char *max = dh_onnx_file_node (file, "ReduceMax", "likelihood/max", f, NULL);
  dh_onnx_file_set_ints (file, "axes", 1, &one);
  dh_onnx_file_set_int (file, "keepdims", 1);
  const char *terms = dh_onnx_file_node (file, "Sub", "likelihood/difference", f, max, NULL);
  terms = dh_onnx_file_node (file, "Exp", "likelihood/exp", terms, NULL);
  const char *axes = dh_onnx_file_int64s (file, "axes", 1, &one, &one);
  const char *sum = dh_onnx_file_node (file, "ReduceSum", "likelihood/sum", terms, axes, NULL);
  dh_onnx_file_set_int (file, "keepdims", 1);
  const char *rest = dh_onnx_file_node (file, "Log", "likelihood/log", sum, NULL);
  return squeeze (file, "likelihood", dh_onnx_file_node (file, "Add", "likelihood/add", max, rest, NULL));
}

/* g_0 − g_1, 1×H×W. */
static const char *
add_difference (DhOnnxFile *file, const char *map, const char *g)
{
  const char *parts[2];
  g_autofree char *channel = g_strconcat (map, "/channel", NULL), *difference = g_strconcat (map, "/difference", NULL);
  for (gint64 i = 0; i < 2; i++)
    {
      parts[i] = dh_onnx_file_node (file, "Gather", channel, g, dh_onnx_file_int64s (file, "index", 0, NULL, &i), NULL);
      dh_onnx_file_set_int (file, "axis", 1);
    }
  return dh_onnx_file_node (file, "Sub", difference, parts[0], parts[1], NULL);
}

/* −(max (d, 0) + ln (1 + e^−|d|)) − likelihood, d = g_0 − g_1 */
static const char *
add_hybrid (DhOnnxFile *file, const char *g, const char *likelihood)
{
  static const float one_f = 1;
  const char *d = add_difference (file, "hybrid", g);
  const char *positive = dh_onnx_file_node (file, "Relu", "hybrid/relu", d, NULL);
  const char *e = dh_onnx_file_node (file, "Abs", "hybrid/abs", d, NULL);
  e = dh_onnx_file_node (file, "Neg", "hybrid/neg", e, NULL);
  e = dh_onnx_file_node (file, "Exp", "hybrid/exp", e, NULL);
  e = dh_onnx_file_node (file, "Add", "hybrid/sum", e, dh_onnx_file_floats (file, "one", 0, NULL, &one_f), NULL);
  e = dh_onnx_file_node (file, "Log", "hybrid/log", e, NULL);
  const char *softplus = dh_onnx_file_node (file, "Add", "hybrid/softplus", positive, e, NULL);
  const char *outlier = dh_onnx_file_node (file, "Neg", "hybrid/outlier", softplus, NULL);
  return dh_onnx_file_node (file, "Sub", "hybrid", outlier, likelihood, NULL);
}

const char *
dh_onnx_score (DhOnnxFile *file, DhMap map, const char *f, const char *g, const char *likelihood)
{
  switch (map)
    {
    case DH_MAP_SEGMENTATION:
      return add_segmentation (file, f);
    case DH_MAP_LIKELIHOOD:
      return add_likelihood (file, f);
    case DH_MAP_DATASET_POSTERIOR:
      return dh_onnx_file_node (file, "Sigmoid", "dataset_posterior", add_difference (file, "dataset_posterior", g),
                                NULL);
    case DH_MAP_HYBRID:
      return add_hybrid (file, g, likelihood ? likelihood : add_likelihood (file, f));
    default:
      g_assert_not_reached ();
    }
}
