#include "dh-error.h"
#include "dh-onnx-build-private.h"

/* What is known before the first node is visited. */

/* Where the file does not say how large its pictures are: sides that tell height and width apart at every step. */
#define HEIGHT 416
#define WIDTH 608
/* And sides that nothing divides, at which is looked whether sizes that were reckoned are those values' here as well;
 * then, where the network has no such pictures, sides that are halved as often as any network does. */
static const DhShape elsewhere[DH_ONNX_ELSEWHERE] = { { 1, 3, 389, 643 }, { 1, 3, 384, 640 } };

/* All at once, so that nobody mends one to find the next. */
gboolean
dh_onnx_check_operations (const DhOnnxModel *model, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < model->nodes->len; i++)
    {
      const DhOnnxNode *node = model->nodes->pdata[i];
      if (dh_onnx_operation (node))
        continue;
      const guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, node->operation));
      if (n == 0)
        g_ptr_array_add (names, node->operation);
      g_hash_table_insert (counts, node->operation, GUINT_TO_POINTER (n + 1));
    }
  if (names->len == 0)
    return TRUE;
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < MIN (names->len, 6); i++)
    g_string_append_printf (text, "%s%s (%u)", i > 0 ? ", " : "", (const char *)names->pdata[i],
                            GPOINTER_TO_UINT (g_hash_table_lookup (counts, names->pdata[i])));
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
               "the network has operators that are not known here: %s%s. Networks of convolutions, norms, "
               "activations, products, attention, pools and resizing are; the score maps of any other can be imported",
               text->str, names->len > 6 ? " and more" : "");
  return FALSE;
}

gboolean
dh_onnx_begin (DhOnnxBuild *build, const DhOnnxPictures *pictures, GError **error)
{
  const DhOnnxModel *model = build->model;
  const DhOnnxValue *picture = model->inputs->len == 1 ? model->inputs->pdata[0] : NULL;
  const gboolean told = picture && picture->n_dims >= 0;
  const gboolean planes = told && picture->n_dims == 4 && (picture->dims[1] < 0 || picture->dims[1] == 3);
  const gboolean pixels = told && picture->n_dims == 4 && picture->dims[3] == 3 && picture->dims[1] != 3;
  const gboolean real = picture && (picture->type == 0 || dh_onnx_is_real (picture->type));
  if (!picture || (told && !planes) || pixels || !real)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "the network reads %u inputs, not one picture of the form N×3×H×W in float32%s", model->inputs->len,
                   pixels ? " (its input is N×H×W×3; this program writes such files for others to run: open the "
                            "weights that it was made of)"
                   : picture && !real ? " (its input is of another type: export it without the conversion)"
                                      : "");
      return FALSE;
    }
  const gboolean sized = build->sized = picture->n_dims == 4 && picture->dims[2] > 0 && picture->dims[3] > 0;
  if (sized && (picture->dims[2] > 1 << 15 || picture->dims[3] > 1 << 15))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "the network reads pictures of %" G_GINT64_FORMAT "×%" G_GINT64_FORMAT, picture->dims[3],
                   picture->dims[2]);
      return FALSE;
    }
  build->nominal = (DhShape){ 1, 3, HEIGHT, WIDTH };
  if (sized)
    build->nominal = (DhShape){ 1, 3, (gint)picture->dims[2], (gint)picture->dims[3] };
  else if (build->elsewhere > 0)
    build->nominal = elsewhere[build->elsewhere - 1];
  build->input = dh_graph_input (build->graph, 3);
  DhOnnxKnown *known = g_new0 (DhOnnxKnown, 1);
  known->value = dh_graph_channel_scale (build->graph, build->input, pictures->mean, pictures->deviation);
  known->classes = 1;
  known->like = DH_NO_VALUE;
  g_hash_table_replace (build->known, picture->name, known);
  for (guint i = 0; i < dh_tensor_dict_size (model->constants); i++)
    {
      known = g_new0 (DhOnnxKnown, 1);
      known->value = known->like = DH_NO_VALUE;
      known->tensor = dh_tensor_ref (dh_tensor_dict_at (model->constants, i));
      g_hash_table_replace (build->known, (gpointer)dh_tensor_dict_name (model->constants, i), known);
    }
  for (guint i = 0; i < model->nodes->len; i++)
    {
      const DhOnnxNode *node = model->nodes->pdata[i];
      for (guint k = 0; k < node->inputs->len; k++)
        {
          GPtrArray *readers = g_hash_table_lookup (build->readers, node->inputs->pdata[k]);
          if (!readers)
            g_hash_table_insert (build->readers, node->inputs->pdata[k], readers = g_ptr_array_new ());
          g_ptr_array_add (readers, (gpointer)node);
        }
    }
  return TRUE;
}
