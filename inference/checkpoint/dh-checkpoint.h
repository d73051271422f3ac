#pragma once
#include <gio/gio.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* Files of weights. The file is read into memory once, so that nobody changes it under its checks, and tensors are
 * views into it wherever their elements stand in row-major order. Nothing in a file is ever run: a pickle is read by a
 * machine of our own that knows only what a state dict needs. */

typedef enum
{
  DH_CONTAINER_PTH_ZIP,    /* PyTorch since 1.6 */
  DH_CONTAINER_PTH_LEGACY, /* PyTorch before 1.6 */
  DH_CONTAINER_SAFETENSORS,
  DH_CONTAINER_NPZ,
} DhContainer;

/* "pytorch-zip", "pytorch-legacy", "safetensors", "npz" */
const char *dh_container_name (DhContainer container);

/* An open file. Immutable; any thread may read it. */
typedef struct _DhCheckpoint DhCheckpoint;

/* The container is told by content, not by name. Errors, each naming the file: DH_ERROR_NOT_FOUND and DH_ERROR_IO
 * (cannot be opened), DH_ERROR_INVALID (truncated, broken, hostile; a pickle that would call anything but the few
 * functions of a state dict is refused by that name), DH_ERROR_UNSUPPORTED (old tar format, TorchScript, a dtype that
 * is not read), DH_ERROR_TOO_LARGE (over a limit that is checked before memory is spent), DH_ERROR_NO_MEMORY. */
DhCheckpoint *dh_checkpoint_open (const char *path, GError **error);
/* `name` stands in messages. A reference to `bytes` is kept. */
DhCheckpoint *dh_checkpoint_open_bytes (GBytes *bytes, const char *name, GError **error);
DhCheckpoint *dh_checkpoint_ref (DhCheckpoint *checkpoint);
void dh_checkpoint_unref (DhCheckpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCheckpoint, dh_checkpoint_unref)

const char *dh_checkpoint_name (DhCheckpoint *checkpoint);
DhContainer dh_checkpoint_container (DhCheckpoint *checkpoint);
/* The state dict in the file's order, without wrapper and prefix. Never NULL, never empty. Borrowed. Tensors may be
 * unaligned in memory: dh_tensor_to_f32() copies those. */
DhTensorDict *dh_checkpoint_state (DhCheckpoint *checkpoint);
/* The key under which the state dict lay: "state_dict", "model", "model_state_dict", "net", "ema", or "". */
const char *dh_checkpoint_wrapper (DhCheckpoint *checkpoint);
/* What stood before every key: "module.", "model.", "module.model.", … or "". */
const char *dh_checkpoint_prefix (DhCheckpoint *checkpoint);
/* Further tensors that dh_checkpoint_save_*() put beside the state dict (optimiser state); may be empty. Borrowed. */
DhTensorDict *dh_checkpoint_extra (DhCheckpoint *checkpoint);
/* Strings by name: safetensors' __metadata__; of a PyTorch file the numbers and strings beside the state dict ("epoch"
 * → "12") and what dh_checkpoint_save_pth() was given. Never NULL. Borrowed. */
GHashTable *dh_checkpoint_metadata (DhCheckpoint *checkpoint);
/* SHA-256 of the file, 64 hexadecimal digits. Reads the whole file at the first call; borrowed; any thread. */
const char *dh_checkpoint_sha256 (DhCheckpoint *checkpoint);

/* What is written. Everything is borrowed during the call. */
typedef struct
{
  DhTensorDict *state;
  DhTensorDict *extra;  /* may be NULL */
  GHashTable *metadata; /* string → string; may be NULL */
} DhCheckpointContents;

/* PyTorch's zip format, whole or not at all. Without extra and metadata the file holds the bare state dict, an
 * OrderedDict that torch.load (file, weights_only=True) gives; else a dict of "state_dict", "extra" and "metadata".
 * Errors: DH_ERROR_IO. */
gboolean dh_checkpoint_save_pth (const char *path, const DhCheckpointContents *contents, GError **error);
/* safetensors, whole or not at all. Extra tensors are written under "__extra__." and found again in
 * dh_checkpoint_extra(). Errors: DH_ERROR_IO. */
gboolean dh_checkpoint_save_safetensors (const char *path, const DhCheckpointContents *contents, GError **error);

G_END_DECLS
