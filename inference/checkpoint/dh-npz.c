#include "dh-npy-private.h"

#include <string.h>

#include "dh-bytes-private.h"
#include "dh-error.h"
#include "dh-zip-private.h"
#include "dh-zip-writer-private.h"

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

/* "a, b, c" of what is there; a few of them. */
static char *
list_members (DhZip *zip)
{
  GString *names = g_string_new (NULL);
  for (guint i = 0; i < MIN (dh_zip_count (zip), 5); i++)
    {
      const char *name = dh_zip_member (zip, i)->name;
      g_autofree char *shown = dh_printable (name, strlen (name));
      g_string_append_printf (names, "%s%s", i ? ", " : "", shown);
    }
  if (dh_zip_count (zip) > 5)
    g_string_append (names, ", …");
  return g_string_free (names, FALSE);
}

static const DhZipMember *
find_array (DhZip *zip, const char *array, GError **error)
{
  g_autofree char *wanted = g_strconcat (array, ".npy", NULL);
  const DhZipMember *member = dh_zip_find (zip, wanted);
  if (!member && dh_zip_count (zip) == 1)
    member = dh_zip_member (zip, 0);
  g_autofree char *there = list_members (zip);
  if (!member)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "holds no array \"%s\", but %s", array,
                 *there ? there : "nothing at all");
  return member;
}

DhTensor *
dh_npz_load_array (GBytes *npz, const char *name, const char *array, guint64 most, GError **error)
{
  g_return_val_if_fail (npz != NULL && name != NULL && array != NULL, NULL);

  DhCopyBudget budget = { .left = most }, copies = { .left = most };
  DhTensor *tensor = NULL;
  if (!dh_zip_is (npz))
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s", g_bytes_get_size (npz) ? "is no .npz file" : "is empty");
  else
    {
      g_autoptr (DhZip) zip = dh_zip_open (npz, error);
      const DhZipMember *member = zip ? find_array (zip, array, error) : NULL;
      g_autoptr (GBytes) bytes = member ? dh_zip_read (zip, member, &budget, error) : NULL;
      tensor = bytes ? dh_npy_parse (bytes, &copies, array, error) : NULL;
    }
  if (!tensor)
    g_prefix_error (error, "%s: ", name);
  return tensor;
}

static gboolean
add_array (DhZipWriter *zip, const char *name, DhTensor *tensor, GError **error)
{
  g_autoptr (GBytes) header = dh_npy_header (tensor->dtype, tensor->n_dims, tensor->dims);
  const gsize before = g_bytes_get_size (header), size = dh_tensor_size_bytes (tensor);
  g_autofree guint8 *bytes = g_try_malloc (before + size);
  if (!bytes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for writing the array %s", name);
      return FALSE;
    }
  memcpy (bytes, g_bytes_get_data (header, NULL), before);
  memcpy (bytes + before, dh_tensor_data (tensor), size);
  g_autofree char *member = g_strconcat (name, ".npy", NULL);
  return dh_zip_writer_add (zip, member, bytes, before + size, error);
}

gboolean
dh_npz_save (const char *path, const char *const *names, DhTensor *const *tensors, guint n, GError **error)
{
  g_return_val_if_fail (path != NULL && n > 0, FALSE);

  g_auto (DhZipWriter) zip = { NULL };
  if (!dh_zip_writer_open (&zip, path, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!add_array (&zip, names[i], tensors[i], error))
      return FALSE;
  return dh_zip_writer_close (&zip, error);
}
