#include "dh-nets-private.h"

#include <string.h>

#include "dh-error.h"

#define CLOSED "-closed"

/* Names without "-closed", which each may bear. */
static const struct
{
  const char *name, *closed_name;
  DhArchitecture architecture;
} known[] = {
  { "ldn121",
    "ldn121" CLOSED,
    { .family = DH_FAMILY_LDN,
      .classes = 12,
      .ldn = { .stem = 64,
               .growth = 32,
               .blocks = { 6, 12, 24, 16 },
               .pyramid = 512,
               .level = 128,
               .fuse = 512,
               .decoder = { 256, 256, 128 } } } },
  { "dlv3p_wrn38",
    "dlv3p_wrn38" CLOSED,
    { .family = DH_FAMILY_DLV3P,
      .classes = 19,
      .dlv3p = { .stem = 64,
                 .blocks = { 3, 3, 6, 3, 1, 1 },
                 .channels = { { 128, 128 },
                               { 256, 256 },
                               { 512, 512 },
                               { 512, 1024 },
                               { 512, 1024, 2048 },
                               { 1024, 2048, 4096 } },
                 .aspp = 256,
                 .fine = 48,
                 .decoder = 256 } } },
  { "ldn-demo",
    "ldn-demo" CLOSED,
    { .family = DH_FAMILY_LDN,
      .classes = 12,
      .ldn = { .stem = 32,
               .growth = 16,
               .blocks = { 3, 4, 6, 4 },
               .pyramid = 96,
               .level = 24,
               .fuse = 96,
               .decoder = { 80, 64, 48 } } } },
  { "ldn-tiny",
    "ldn-tiny" CLOSED,
    { .family = DH_FAMILY_LDN,
      .classes = 12,
      .ldn = { .stem = 16,
               .growth = 8,
               .blocks = { 2, 2, 3, 2 },
               .pyramid = 32,
               .level = 8,
               .fuse = 32,
               .decoder = { 24, 24, 16 } } } },
  { "dlv3p-tiny",
    "dlv3p-tiny" CLOSED,
    { .family = DH_FAMILY_DLV3P,
      .classes = 19,
      .dlv3p = { .stem = 8,
                 .blocks = { 2, 1, 2, 1, 1, 1 },
                 .channels = { { 8, 8 }, { 16, 16 }, { 24, 24 }, { 24, 32 }, { 16, 32, 48 }, { 32, 48, 64 } },
                 .aspp = 16,
                 .fine = 6,
                 .decoder = 16 } } },
};

const char *const *
dh_architecture_names (void)
{
  static const char *names[2 * G_N_ELEMENTS (known) + 1];
  static gsize once = 0;
  if (g_once_init_enter (&once))
    {
      for (guint i = 0; i < G_N_ELEMENTS (known); i++)
        {
          names[2 * i] = known[i].name;
          names[2 * i + 1] = known[i].closed_name;
        }
      g_once_init_leave (&once, 1);
    }
  return names;
}

gboolean
dh_architecture_from_name (const char *name, gint classes, DhArchitecture *architecture, GError **error)
{
  g_return_val_if_fail (name != NULL && architecture != NULL, FALSE);
  if (classes != 0 && (classes < 2 || classes > 255))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "A network can tell 2 to 255 classes apart, not %d", classes);
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      const gboolean closed = g_str_equal (name, known[i].closed_name);
      if (!closed && !g_str_equal (name, known[i].name))
        continue;
      *architecture = known[i].architecture;
      architecture->outlier_head = !closed;
      if (classes)
        architecture->classes = classes;
      return TRUE;
    }
  g_autofree char *names = g_strjoinv (", ", (char **)dh_architecture_names ());
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "Unknown network “%s”; known are %s", name, names);
  return FALSE;
}

const char *
dh_architecture_name (const DhArchitecture *architecture)
{
  g_return_val_if_fail (architecture != NULL, NULL);
  const gboolean closed = !architecture->outlier_head;
  if (architecture->family == DH_FAMILY_FOREIGN)
    return closed ? "onnx" CLOSED : "onnx";
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].architecture.family == architecture->family
        && memcmp (&known[i].architecture.ldn, &architecture->ldn, sizeof (DhLdn)) == 0
        && memcmp (&known[i].architecture.dlv3p, &architecture->dlv3p, sizeof (DhDlv3p)) == 0)
      return closed ? known[i].closed_name : known[i].name;
  if (architecture->family == DH_FAMILY_LDN)
    return closed ? "ldn-variant" CLOSED : "ldn-variant";
  return closed ? "dlv3p-variant" CLOSED : "dlv3p-variant";
}

gint
dh_recognise_width (DhTensorDict *dict, const char *key, GError **error)
{
  DhTensor *tensor = dh_tensor_dict_get (dict, key);
  if (!tensor)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The weights lack “%s”", key);
  else if (tensor->n_dims != 4 || tensor->dims[0] < 1 || tensor->dims[0] > 65536)
    {
      g_autofree char *shape = dh_tensor_shape_string (tensor);
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "“%s” has the shape %s, which no convolution has", key, shape);
    }
  else
    return (gint)tensor->dims[0];
  return 0;
}

gint
dh_recognise_count (DhTensorDict *dict, const char *prefix, const char *suffix, GError **error)
{
  for (gint count = 0; count <= 256; count++)
    {
      g_autofree char *key = g_strdup_printf ("%s%d%s", prefix, count + 1, suffix);
      if (dh_tensor_dict_get (dict, key))
        continue;
      if (count == 0)
        g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The weights lack “%s”", key);
      return count;
    }
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The weights have more than 256 layers “%s…%s”", prefix, suffix);
  return 0;
}

gboolean
dh_architecture_recognise (DhTensorDict *dict, DhArchitecture *architecture, GError **error)
{
  g_return_val_if_fail (dict != NULL && architecture != NULL, FALSE);
  *architecture = (DhArchitecture){ 0 };
  gboolean ok;
  if (dh_tensor_dict_get (dict, "backbone.features.conv0.weight"))
    {
      architecture->family = DH_FAMILY_LDN;
      ok = dh_ldn_recognise (dict, architecture, error);
    }
  else if (dh_tensor_dict_get (dict, "mod1.conv1.weight"))
    {
      architecture->family = DH_FAMILY_DLV3P;
      ok = dh_dlv3p_recognise (dict, architecture, error);
    }
  else
    {
      g_set_error_literal (
          error, DH_ERROR, DH_ERROR_MISMATCH,
          "These are not the weights of a network known here: neither “backbone.features.conv0.weight” "
          "(ldn121) nor “mod1.conv1.weight” (dlv3p_wrn38) is among them");
      ok = FALSE;
    }
  if (ok && (architecture->classes < 2 || architecture->classes > 255))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "A network can tell 2 to 255 classes apart, not %d",
                   architecture->classes);
      ok = FALSE;
    }
  architecture->outlier_head = dh_tensor_dict_get (dict, "logits_ood.conv.weight") != NULL;
  return ok;
}
