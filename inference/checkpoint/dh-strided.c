#include "dh-checkpoint-private.h"

#include <string.h>

#include "dh-error.h"

void
dh_copy_budget_init (DhCopyBudget *budget, GBytes *file)
{
  budget->left = (G_GUINT64_CONSTANT (256) << 20) + 4 * (guint64)g_bytes_get_size (file);
}

gpointer
dh_copy_budget_take (DhCopyBudget *budget, guint64 size, const char *what, GError **error)
{
  if (size > budget->left)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "%s would take %" G_GUINT64_FORMAT
                   " MiB of memory, far more than the file itself; it was not loaded",
                   what, size >> 20);
      return NULL;
    }
  gpointer memory = g_try_malloc (MAX (size, 1));
  if (!memory)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for %s (%" G_GUINT64_FORMAT " MiB)", what,
                 size >> 20);
  else
    budget->left -= size;
  return memory;
}

static gboolean
in_order (guint n_dims, const gint64 *dims, const gint64 *strides)
{
  gint64 expected = 1;
  for (guint i = n_dims; i-- > 0;)
    {
      if (dims[i] == 1)
        continue;
      if (strides[i] != expected)
        return FALSE;
      expected *= dims[i];
    }
  return TRUE;
}

/* One row of `n` elements that stand `stride` elements apart. */
static void
copy_row (guint8 *to, const guint8 *from, gint64 n, gint64 stride, gsize size)
{
  for (gint64 i = 0; i < n; i++)
    memcpy (to + i * size, from + i * stride * (gint64)size, size);
}

static void
swap_all (guint8 *data, gint64 count, gsize size)
{
  for (gint64 i = 0; i < count; i++)
    for (gsize a = 0, b = size - 1; a < b; a++, b--)
      {
        const guint8 byte = data[i * size + a];
        data[i * size + a] = data[i * size + b];
        data[i * size + b] = byte;
      }
}

DhTensor *
dh_strided_tensor (GBytes *storage, DhDtype dtype, gsize first, guint n_dims, const gint64 *dims, const gint64 *strides,
                   gboolean swap, DhCopyBudget *budget, const char *what, GError **error)
{
  const gsize size = dh_dtype_size (dtype);
  gint64 steps[DH_MAX_DIMS];
  for (guint d = 0; d < n_dims; d++)
    steps[d] = dims[d] > 1 ? strides[d] : 0; /* the stride of a single element may be any number */
  const gint64 count = dh_shape_count (n_dims, dims, size);
  swap = swap && size > 1;
  if (count == 0)
    return dh_tensor_new_take (dtype, n_dims, dims, g_bytes_new (NULL, 0));
  if (!swap && in_order (n_dims, dims, strides))
    return dh_tensor_new_take (dtype, n_dims, dims, g_bytes_new_from_bytes (storage, first * size, count * size));

  guint8 *data = dh_copy_budget_take (budget, (guint64)count * size, what, error);
  if (!data)
    return NULL;
  const guint8 *from = (const guint8 *)g_bytes_get_data (storage, NULL) + first * size;
  const gint64 row = n_dims > 0 ? dims[n_dims - 1] : 1, row_stride = n_dims > 0 ? steps[n_dims - 1] : 1;
  gint64 at[DH_MAX_DIMS] = { 0 }, offset = 0;
  for (gint64 done = 0; done < count; done += row)
    {
      copy_row (data + done * size, from + offset * (gint64)size, row, row_stride, size);
      for (guint d = n_dims > 1 ? n_dims - 1 : 0; d-- > 0;)
        {
          offset += steps[d];
          if (++at[d] < dims[d])
            break;
          offset -= steps[d] * dims[d];
          at[d] = 0;
        }
    }
  if (swap)
    swap_all (data, count, size);
  return dh_tensor_new_take (dtype, n_dims, dims, g_bytes_new_take (data, count * size));
}
