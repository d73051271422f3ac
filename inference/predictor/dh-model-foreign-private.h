#pragma once
#include "dh-nets.h"
#include "dh-onnx-model.h"

G_BEGIN_DECLS

/* A network that brings its graph with it, as an ONNX file. */
typedef struct
{
  DhOnnxModel *onnx;
  DhNet *net;
  DhTensorDict *tensors; /* the net's own keys, real numbers */
  char *normalisation;   /* in words */
  gboolean assumed;      /* that is so because nothing says another */
  char **classes;        /* their names; NULL: not told */
  char *sha256;          /* of the file, and of what else decides what the network makes of a picture */
} DhForeign;
void dh_foreign_clear (DhForeign *foreign) G_GNUC_INTERNAL;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhForeign, dh_foreign_clear)

/* By what the file begins with; FALSE where it cannot be opened. */
gboolean dh_foreign_is (const char *path) G_GNUC_INTERNAL;
/* Errors as dh-onnx-model.h and dh-onnx-net.h, each naming the file. Of what cannot be made a net, but read, `onnx` is
 * there all the same. */
gboolean dh_foreign_load (const char *path, DhForeign *foreign, GError **error) G_GNUC_INTERNAL;

G_END_DECLS
