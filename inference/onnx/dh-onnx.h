#pragma once
#include <gio/gio.h>
#include "dh-graph.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* A network as an ONNX file (IR version 7, operator set 13: the first in which every operator here has the form that
 * later ones keep), for other programs to run. Picture to maps, all of it:
 *
 *   image  uint8 1×H×W×3, RGB as a decoder gives it; what the network wants of it is done in the file
 *   one output a map, by the map's name, 1×H×W: segmentation uint8, the others float32 (dh-map.h)
 *
 * Batch norms and weights bear the checkpoint's names. The size is fixed, for the pyramid's windows depend on it.
 *
 * Or, with `names`, as networks of others are: from "input", float32 N×3×H×W that is normalised already (the channel
 * scale is left out), of any size, to values N×C×H×W of the graph by these names. */
typedef struct
{
  const DhGraph *graph;
  DhTensorDict *parameters; /* all that `outputs` need, in any float dtype */
  const DhValue *outputs;   /* scores: segmentation, likelihood, dataset posterior, hybrid, or some of them */
  guint n_outputs;
  const char *const *names;       /* of `outputs`, which then are no scores; NULL: they are */
  gint height, width;             /* with `names` some size that the network can take */
  const char *name, *description; /* for people; UTF-8 */
  GHashTable *metadata;           /* string → string; may be NULL */
} DhOnnxContents;

#define DH_ONNX_INPUT "image"

/* Whole or not at all; weights are written one by one, so that no second copy of them is held. Everything is borrowed
 * during the call. Errors: DH_ERROR_IO; DH_ERROR_TOO_LARGE for a file over 2 GiB, which readers of ONNX refuse, before
 * anything is written; DH_ERROR_MISMATCH for a parameter that is missing or of another shape; DH_ERROR_UNSUPPORTED
 * where, with `names`, a size is that of a value which no output needs, or a pool has several windows, naming it;
 * DH_ERROR_NO_MEMORY; of the size as
 * dh_graph_infer_shapes(). */
gboolean dh_onnx_save (const char *path, const DhOnnxContents *contents, GError **error);

G_END_DECLS
