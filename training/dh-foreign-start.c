#include "dh-foreign-start.h"

#include <glib/gstdio.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-onnx-folded.h"
#include "dh-onnx-head.h"
#include "dh-onnx-trained.h"

#define NAME "net.onnx"
#define TRIAL "model_best.onnx"
#define LARGEST ((gsize)2 << 30)

void
dh_foreign_start_clear (DhForeignStart *start)
{
  g_clear_pointer (&start->net, dh_net_unref);
  g_clear_pointer (&start->tensors, dh_tensor_dict_unref);
  g_clear_pointer (&start->sum, g_free);
  dh_onnx_pictures_clear (&start->pictures);
}

/* A norm of the graph's would learn new statistics from each batch, which is another network than the one exported. */
static gboolean
check_norms (const DhNet *net, GError **error)
{
  const DhValue outputs[] = { net->logits, net->logits_ood };
  g_autofree gboolean *needed = dh_graph_mark_needed (net->graph, outputs, net->logits_ood == DH_NO_VALUE ? 1 : 2);
  for (DhValue v = 0; v < (DhValue)dh_graph_size (net->graph); v++)
    {
      const DhNode *node = dh_graph_node (net->graph, v);
      if (node->op != DH_OP_NORM || !needed[v])
        continue;
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "the batch norm or scale “%s” is not part of a convolution, and is not trained as it stands; export "
                   "a network whose norms follow convolutions after model.eval(), so that they are folded into these",
                   node->name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_classes (const DhForeignStart *start, const DhClassTable *table, GError **error)
{
  const gint classes = start->net->architecture.classes;
  if (table && classes != (gint)table->n_classes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "the network tells %d classes apart, and the data set %s has %u; choose a data set of its classes",
                   classes, table->title, table->n_classes);
      return FALSE;
    }
  for (gint i = 0; table && start->pictures.classes && i < classes; i++)
    if (g_ascii_strcasecmp (start->pictures.classes[i], table->classes[i].name) != 0)
      {
        g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                     "class %d is “%s” in the .onnx.json beside it, and “%s” in the data set %s", i,
                     start->pictures.classes[i], table->classes[i].name, table->title);
        return FALSE;
      }
  return TRUE;
}

static char *
sum_of (const char *path, const DhOnnxModel *model)
{
  g_autofree char *beside = g_strconcat (path, ".json", NULL), *text = NULL;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = 0;
  g_checksum_update (sum, (const guint8 *)model->sha256, -1);
  if (g_file_get_contents (beside, &text, &length, NULL))
    g_checksum_update (sum, (const guint8 *)text, (gssize)length);
  return g_strdup (g_checksum_get_string (sum));
}

static gboolean
make_network (DhForeignStart *start, const DhOnnxModel *model, gboolean negatives, const DhClassTable *table,
              GError **error)
{
  g_autoptr (DhNet) net = dh_onnx_net_new (model, &start->pictures, &start->tensors, error);
  start->net = net ? dh_onnx_net_folded (net, start->tensors, error) : NULL;
  if (!start->net || !check_norms (start->net, error) || !check_classes (start, table, error))
    return FALSE;
  if (!negatives && start->net->logits_ood != DH_NO_VALUE)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "the network has an outlier head, but the recipe trains without negatives");
      return FALSE;
    }
  g_auto (GStrv) trained = dh_net_list_trained (start->net);
  if (!*trained)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "the network has no parameters that can be trained");
      return FALSE;
    }
  DhNet *whole = negatives ? dh_onnx_net_with_head (start->net, start->tensors, error) : dh_net_ref (start->net);
  dh_net_unref (start->net);
  start->net = whole;
  return whole != NULL;
}

gboolean
dh_foreign_start_load (DhForeignStart *start, const char *path, gboolean negatives, const DhClassTable *table,
                       GError **error)
{
  g_return_val_if_fail (start != NULL && path != NULL, FALSE);
  *start = (DhForeignStart){ NULL };
  g_autoptr (DhOnnxModel) model = dh_onnx_model_read (path, error);
  if (!model || !dh_onnx_pictures_read (path, &start->pictures, error))
    return FALSE;
  start->sum = sum_of (path, model);
  if (make_network (start, model, negatives, table, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

char *
dh_foreign_start_path (const char *folder)
{
  return g_build_filename (folder, NAME, NULL);
}

static gboolean
copy_file (const char *from, const char *to, GError **error)
{
  g_autoptr (GBytes) bytes = dh_file_read (from, LARGEST, error);
  gsize size = 0;
  const char *data = bytes ? g_bytes_get_data (bytes, &size) : NULL;
  return bytes && dh_file_write (to, data, size, error);
}

/* What would be learnt for nothing is told before the first step: what the net is written as must be read again. */
static gboolean
try_result (const DhForeignStart *start, const char *folder, gint side, GError **error)
{
  g_autofree char *path = g_build_filename (folder, TRIAL, NULL), *beside = g_strconcat (path, ".json", NULL);
  g_auto (DhOnnxPictures) pictures = { FALSE };
  g_autoptr (DhTensorDict) tensors = NULL;
  g_autoptr (DhOnnxModel) model = NULL;
  g_autoptr (DhNet) net = NULL;
  if (dh_onnx_save_trained (path, start->net, start->tensors, &start->pictures, side, error)
      && (model = dh_onnx_model_read (path, error)) && dh_onnx_pictures_read (path, &pictures, error))
    net = dh_onnx_net_new (model, &pictures, &tensors, error);
  g_unlink (path);
  g_unlink (beside);
  if (!net)
    g_prefix_error (error, "What is trained could not be written as a network again: ");
  return net != NULL;
}

gboolean
dh_foreign_start_keep (const DhForeignStart *start, const char *path, const char *folder, gint side, GError **error)
{
  g_autofree char *to = dh_foreign_start_path (folder);
  g_autofree char *beside = g_strconcat (path, ".json", NULL), *to_beside = g_strconcat (to, ".json", NULL);
  if (!try_result (start, folder, side, error))
    return FALSE;
  /* What an earlier try left there would say another normalisation. */
  g_unlink (to_beside);
  if ((g_file_test (beside, G_FILE_TEST_EXISTS) && !copy_file (beside, to_beside, error))
      || !copy_file (path, to, error))
    return FALSE;
  g_autoptr (DhOnnxModel) kept = dh_onnx_model_read (to, error);
  if (!kept)
    g_prefix_error (error, "A network whose weights lie in files beside it cannot be trained; keep them within it "
                           "(torch.onnx.export with external_data=False): ");
  return kept != NULL;
}
