#pragma once
#include "dh-class-table.h"
#include "dh-onnx-net.h"

G_BEGIN_DECLS

/* The name of such a network in recipes and configurations, whatever it is. */
#define DH_FOREIGN_ARCHITECTURE "onnx"

/* A network of others that is to be trained: an ONNX file, with an outlier head where negatives are learnt from, which
 * is added where it has none (dh-onnx-head.h). */
typedef struct
{
  DhNet *net;
  DhTensorDict *tensors;
  DhOnnxPictures pictures;
  char *sum; /* SHA-256 of the file and of what stands beside it */
} DhForeignStart;

/* Errors: those of dh-onnx-model.h, dh-onnx-net.h and dh-onnx-head.h; DH_ERROR_UNSUPPORTED, naming it, where a batch
 * norm was not folded into a convolution (its statistics would be learnt anew), and where nothing can be trained;
 * DH_ERROR_USAGE for an outlier head in a training without negatives; DH_ERROR_MISMATCH where K, or a class's name, is
 * not `table`'s (NULL: unknown). All name the file. */
gboolean dh_foreign_start_load (DhForeignStart *start, const char *path, gboolean negatives, const DhClassTable *table,
                                GError **error);
void dh_foreign_start_clear (DhForeignStart *start);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhForeignStart, dh_foreign_start_clear)

/* The file, and what stands beside it, as net.onnx in a run's folder, from where the run goes on whatever becomes of
 * it. Before that a model is written as the training will, for a crop of `side`, and read again; nothing of it is left.
 * Errors: DH_ERROR_IO; of dh_onnx_save_trained() and dh_onnx_net_new() where that fails; of dh_onnx_model_read() where
 * its weights lie in other files. */
gboolean dh_foreign_start_keep (const DhForeignStart *start, const char *path, const char *folder, gint side,
                                GError **error);
/* Where it lies there; free with g_free. */
char *dh_foreign_start_path (const char *folder);

G_END_DECLS
