#pragma once
#include "cli.h"

G_BEGIN_DECLS

/* `densehybrid weights convert FROM TO.onnx`. Returns the exit status. */
int dh_weights_save_onnx (DhCli *cli, const char *from, const char *to, guint height, guint width);

G_END_DECLS
