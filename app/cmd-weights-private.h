#pragma once
#include "cli.h"

G_BEGIN_DECLS

/* `densehybrid weights convert FROM TO.onnx`. Returns the exit status. */
int dh_weights_save_onnx (DhCli *cli, const char *from, const char *to, guint height, guint width);

/* `densehybrid weights check W …`, from "check" on. Returns the exit status. */
int dh_weights_check (DhCli *cli, int argc, char **argv);

G_END_DECLS
