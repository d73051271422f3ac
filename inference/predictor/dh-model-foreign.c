#include "dh-model-foreign-private.h"

#include <string.h>

#include "dh-file.h"
#include "dh-onnx-net.h"

#define HEAD 1024

void
dh_foreign_clear (DhForeign *foreign)
{
  g_clear_pointer (&foreign->onnx, dh_onnx_model_unref);
  g_clear_pointer (&foreign->net, dh_net_unref);
  g_clear_pointer (&foreign->tensors, dh_tensor_dict_unref);
  g_clear_pointer (&foreign->normalisation, g_free);
  g_clear_pointer (&foreign->sha256, g_free);
  g_clear_pointer (&foreign->classes, g_strfreev);
}

gboolean
dh_foreign_is (const char *path)
{
  guint64 size;
  gsize n;
  g_autoptr (GBytes) bytes = dh_file_read_head (path, HEAD, &size, NULL);
  const char *head = bytes ? g_bytes_get_data (bytes, &n) : NULL;
  return head && dh_onnx_looks_like (head, n);
}

/* How pictures are normalised and which outputs are read decides the maps as much as the weights do. */
static char *
sum (const DhOnnxModel *onnx, const DhOnnxPictures *pictures)
{
  g_autoptr (GString) text = g_string_new (onnx->sha256);
  for (guint c = 0; c < 3; c++)
    g_string_append_printf (text, " %a %a", pictures->mean[c], pictures->deviation[c]);
  g_string_append_printf (text, "\n%s\n%s", pictures->logits ? pictures->logits : "",
                          pictures->outlier_logits ? pictures->outlier_logits : "");
  /* And names are what numbers of classes are told by. */
  for (guint i = 0; pictures->classes && pictures->classes[i]; i++)
    g_string_append_printf (text, "\n%s", pictures->classes[i]);
  return dh_sha256 (text->str, text->len);
}

gboolean
dh_foreign_load (const char *path, DhForeign *foreign, GError **error)
{
  g_auto (DhOnnxPictures) pictures = { FALSE };
  *foreign = (DhForeign){ NULL };
  if (!(foreign->onnx = dh_onnx_model_read (path, error)) || !dh_onnx_pictures_read (path, &pictures, error))
    return FALSE;
  foreign->normalisation = dh_onnx_pictures_dup_text (&pictures);
  foreign->assumed = !pictures.told;
  foreign->sha256 = sum (foreign->onnx, &pictures);
  foreign->net = dh_onnx_net_new (foreign->onnx, &pictures, &foreign->tensors, error);
  foreign->classes = g_steal_pointer (&pictures.classes);
  if (!foreign->net)
    g_prefix_error (error, "%s: ", path);
  return foreign->net != NULL;
}
