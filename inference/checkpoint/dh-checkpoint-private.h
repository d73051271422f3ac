#pragma once
#include "dh-checkpoint.h"

G_BEGIN_DECLS

/* What the readers of the containers share. Their messages do not name the file: dh_checkpoint_open_bytes() does. */
struct _DhCheckpoint
{
  gatomicrefcount refs;
  char *name;
  DhContainer container;
  GBytes *bytes;
  DhTensorDict *state;
  DhTensorDict *extra;
  GHashTable *metadata; /* owned strings */
  char *wrapper;
  char *prefix;
  GMutex lock; /* of sha256 */
  char *sha256;
};

#define DH_EXTRA_PREFIX "__extra__."

/* Memory that a file's tensors may take beside the mapping (elements that must be put in order, inflated members): a
 * small file cannot ask for a large allocation. */
typedef struct
{
  guint64 left;
} DhCopyBudget;
void dh_copy_budget_init (DhCopyBudget *budget, GBytes *file);
/* Memory for `size` bytes, or NULL with DH_ERROR_TOO_LARGE or DH_ERROR_NO_MEMORY; free with g_free. */
gpointer dh_copy_budget_take (DhCopyBudget *budget, guint64 size, const char *what, GError **error);

/* Elements at `first + Σ i_d · strides[d]` of `storage`, all inside it (checked by the caller), as a row-major tensor:
 * a view where they stand so already. `swap`: the bytes of each element are in big-endian order. */
DhTensor *dh_strided_tensor (GBytes *storage, DhDtype dtype, gsize first, guint n_dims, const gint64 *dims,
                             const gint64 *strides, gboolean swap, DhCopyBudget *budget, const char *what,
                             GError **error);

gboolean dh_read_safetensors (DhCheckpoint *checkpoint, GError **error);
gboolean dh_read_zip (DhCheckpoint *checkpoint, GError **error); /* PyTorch zip or npz */
gboolean dh_read_legacy (DhCheckpoint *checkpoint, GError **error);
typedef struct _DhZip DhZip;
gboolean dh_read_npz (DhCheckpoint *checkpoint, DhZip *zip, DhCopyBudget *budget, GError **error);

G_END_DECLS
