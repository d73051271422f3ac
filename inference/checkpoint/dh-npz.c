#include "dh-npy-private.h"

#include "dh-bytes-private.h"
#include "dh-error.h"
#include "dh-zip-private.h"

gboolean
dh_read_npz (DhCheckpoint *checkpoint, DhZip *zip, DhCopyBudget *budget, GError **error)
{
  for (guint i = 0; i < dh_zip_count (zip); i++)
    {
      const DhZipMember *member = dh_zip_member (zip, i);
      g_autofree char *shown = dh_printable (member->name, strlen (member->name));
      if (!g_str_has_suffix (member->name, ".npy") || !g_utf8_validate (member->name, -1, NULL))
        {
          g_set_error (
              error, DH_ERROR, DH_ERROR_INVALID,
              "is a zip archive that holds %s, neither a PyTorch file nor npz; if the weights are in it, unpack it",
              shown);
          return FALSE;
        }
      g_autoptr (GBytes) bytes = dh_zip_read (zip, member, budget, error);
      DhTensor *tensor = bytes ? dh_npy_parse (bytes, budget, shown, error) : NULL;
      if (!tensor)
        {
          if (bytes)
            g_prefix_error (error, "%s: ", shown);
          return FALSE;
        }
      g_autofree char *name = g_strndup (member->name, strlen (member->name) - strlen (".npy"));
      dh_tensor_dict_take (checkpoint->state, name, tensor);
    }
  return TRUE;
}
