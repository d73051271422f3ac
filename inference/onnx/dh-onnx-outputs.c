#include "dh-error.h"
#include "dh-onnx-build-private.h"

#include <string.h>

/* Which of the outputs are the logits. */

static const DhOnnxKnown *
find_output (DhOnnxBuild *build, const char *name, gint *channels)
{
  const DhOnnxKnown *known = g_hash_table_lookup (build->known, name);
  if (!known || known->value == DH_NO_VALUE)
    return NULL;
  /* N×C×H×W, or these axes in another order. */
  for (guint i = 0; i < known->layout.n; i++)
    if (known->layout.n != 4 || known->layout.axes[i].n > 1)
      return NULL;
  *channels = dh_graph_node (build->graph, known->value)->channels;
  return known;
}

static gboolean
sounds_like_outliers (const char *name)
{
  static const char *const words[] = { "ood", "outlier", "anomal", "posterior", "dataset" };
  g_autofree char *lower = g_ascii_strdown (name, -1);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (lower, words[i]))
      return TRUE;
  return FALSE;
}

static char *
list_outputs (DhOnnxBuild *build)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < build->model->outputs->len; i++)
    {
      const DhOnnxValue *output = build->model->outputs->pdata[i];
      gint channels;
      g_string_append_printf (text, "%s“%s”", i > 0 ? ", " : "", output->name);
      if (find_output (build, output->name, &channels))
        g_string_append_printf (text, " (%d channels)", channels);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Of two outputs with K > 2 and 2 channels the latter, in whatever order they come, or one of 2 channels that is called
 * so. */
static gboolean
is_of_outliers (DhOnnxBuild *build, guint index)
{
  const GPtrArray *outputs = build->model->outputs;
  const DhOnnxValue *output = outputs->pdata[index];
  gint channels = 0, others = 0;
  if (!find_output (build, output->name, &channels) || channels != 2)
    return FALSE;
  if (sounds_like_outliers (output->name))
    return TRUE;
  const DhOnnxValue *other = outputs->len == 2 ? outputs->pdata[1 - index] : NULL;
  return other && find_output (build, other->name, &others) && others > 2;
}

/* A sigmoid tells no more than what it is of; of two outlier logits it would be another posterior. */
static DhValue
logits_of (DhOnnxBuild *build, DhValue value)
{
  const DhNode *node = dh_graph_node (build->graph, value);
  return node->op == DH_OP_ACTIVATION && node->activation.kind == DH_ACTIVATION_SIGMOID ? node->inputs[0] : value;
}

/* Features that a network also gives end with a ReLU or its like, and logits do not. */
static gboolean
is_of_features (DhOnnxBuild *build, const DhOnnxKnown *known)
{
  const DhNode *node = dh_graph_node (build->graph, known->value);
  return node->op == DH_OP_RELU || (node->op == DH_OP_ACTIVATION && node->activation.kind != DH_ACTIVATION_SIGMOID);
}

/* The outputs that are named, else the outliers' and the first that may be logits: further ones, such as an auxiliary
 * head's, are nobody's. */
static gboolean
choose_outputs (DhOnnxBuild *build, const DhOnnxPictures *pictures, const DhOnnxKnown *chosen[2], GError **error)
{
  gint channels = 0;
  chosen[0] = pictures->logits ? find_output (build, pictures->logits, &channels) : NULL;
  chosen[1] = pictures->outlier_logits ? find_output (build, pictures->outlier_logits, &channels) : NULL;
  const DhOnnxKnown *features = NULL;
  const GPtrArray *outputs = build->model->outputs;
  for (guint i = 0; i < outputs->len && !pictures->logits; i++)
    {
      const DhOnnxValue *output = outputs->pdata[i];
      const DhOnnxKnown *known = find_output (build, output->name, &channels);
      if (!known)
        continue;
      if (is_of_outliers (build, i))
        chosen[1] = chosen[1] || pictures->outlier_logits ? chosen[1] : known;
      else if (is_of_features (build, known))
        features = features ? features : known;
      else if (!chosen[0])
        chosen[0] = known;
    }
  chosen[0] = chosen[0] || pictures->logits ? chosen[0] : features;
  if (chosen[0] && (chosen[1] || !pictures->outlier_logits))
    return TRUE;
  g_autofree char *all = list_outputs (build);
  if (pictures->logits || pictures->outlier_logits)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "there is no output “%s” of logits; there are %s",
                 chosen[0] || !pictures->logits ? pictures->outlier_logits : pictures->logits, all);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "none of its outputs are logits of the form N×K×H×W: %s", all);
  return FALSE;
}

/* At the picture's size. What is as large at the nominal one may not be at others. */
static DhValue
enlarge (DhOnnxBuild *build, DhValue value)
{
  const DhNode *node = dh_graph_node (build->graph, value);
  return node->op == DH_OP_RESIZE && node->like == build->input && !node->factor
             ? value
             : dh_graph_resize (build->graph, value, build->input, build->align_corners);
}

DhNet *
dh_onnx_finish (DhOnnxBuild *build, const DhOnnxPictures *pictures, GError **error)
{
  const DhOnnxKnown *chosen[2];
  if (!choose_outputs (build, pictures, chosen, error))
    return NULL;
  const gint classes = dh_graph_node (build->graph, chosen[0]->value)->channels;
  const gint sides = chosen[1] ? dh_graph_node (build->graph, chosen[1]->value)->channels : 2;
  if (classes < 2 || classes > 255 || sides != 2)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "the network has %d class logits and %d outlier logits: here it is 2 to 255 and 2", classes, sides);
      return NULL;
    }
  const guint named = pictures->classes ? g_strv_length (pictures->classes) : 0;
  if (named > 0 && named != (guint)classes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "the .onnx.json beside it names %u classes, and the network tells %d apart", named, classes);
      return NULL;
    }
  if (chosen[1] && logits_of (build, chosen[1]->value) != chosen[1]->value)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                           "the outlier logits end with a sigmoid: here they end with a softmax, or as they are");
      return NULL;
    }
  const DhValue logits = enlarge (build, logits_of (build, chosen[0]->value));
  const DhValue outliers = chosen[1] ? enlarge (build, chosen[1]->value) : DH_NO_VALUE;
  return dh_net_new_foreign (build->graph, build->input, logits, outliers);
}
