#pragma once
#include <gio/gio.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* Weights with their network, recognised and checked, or brought with them by an ONNX file (dh-onnx-net.h). Immutable
 * after loading; any thread may read it. */
typedef struct _DhModel DhModel;

typedef struct
{
  const char *architecture;    /* "ldn121", "dlv3p_wrn38", …; NULL: recognised from the keys and shapes */
  gint classes;                /* 0: read off the final layer; else must agree */
  gboolean fresh_outlier_head; /* a closed-set checkpoint gets a freshly initialised head (said in the title) */
} DhModelOptions;

/* Errors as dh-checkpoint.h, of ONNX as dh-onnx-model.h and dh-onnx-net.h; DH_ERROR_MISMATCH, all naming the file: no
 * network known here, weights of another network than the one asked for, another number of classes, no outlier head
 * where one was asked for, missing keys and keys of another shape (the first few and their number), elements that are
 * no real numbers. Keys that the network does not know are no error: dh_model_unexpected(). `options` may be NULL. */
DhModel *dh_model_load (const char *path, const DhModelOptions *options, GError **error);
/* From memory, such as the embedded demo weights; `name` is for messages. */
DhModel *dh_model_load_bytes (GBytes *bytes, const char *name, const DhModelOptions *options, GError **error);
/* Seeded weights of a named architecture (the golden files' rule), for benchmarks. `classes` 0: the published number.
 * Errors: DH_ERROR_USAGE, DH_ERROR_NO_MEMORY. */
DhModel *dh_model_new_seeded (const char *architecture, gint classes, guint64 seed, double gain, GError **error);
/* Whether a file is a network of its own, an ONNX file: by what it begins with. */
gboolean dh_model_is_foreign (const char *path);
DhModel *dh_model_ref (DhModel *model);
void dh_model_unref (DhModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhModel, dh_model_unref)
const char *dh_model_path (DhModel *model);  /* NULL where it came from memory */
const char *dh_model_title (DhModel *model); /* "ldn121, 13 classes" */
const char *dh_model_architecture (DhModel *model);
gint dh_model_classes (DhModel *model);
/* Their names, as many, NULL-terminated, where an ONNX file has them beside it; else NULL. Borrowed. */
const char *const *dh_model_class_names (DhModel *model);
gboolean dh_model_has_outlier_head (DhModel *model);
/* What happens to the picture before the network, in words; borrowed. */
const char *dh_model_normalisation (DhModel *model);
/* Whether that is taken for granted: an ONNX file of which nothing says how its pictures are normalised. */
gboolean dh_model_assumes_normalisation (DhModel *model);
gint64 dh_model_parameter_count (DhModel *model);
/* Of the file's bytes; of ONNX of these and of how its pictures are normalised; of a text that names the seed where the
 * weights are seeded. Reads the file at the first call. */
const char *dh_model_sha256 (DhModel *model);
/* Keys of the file that the network does not know; NULL-terminated, never NULL. */
const char *const *dh_model_unexpected (DhModel *model);

/* The whole state dict of the reference implementation in its order, to be written back: what the file holds, and
 * defaults for the keys that may be missing (num_batches_tracked 0, logits_aux freshly initialised). Errors:
 * DH_ERROR_NO_MEMORY. */
DhTensorDict *dh_model_dup_state (DhModel *model, GError **error);

G_END_DECLS
