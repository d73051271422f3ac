#pragma once
#include "cli.h"

G_BEGIN_DECLS

/* `densehybrid dataset tags …`, from "tags" on. Returns the exit status. */
int dh_dataset_tags (DhCli *cli, int argc, char **argv);

G_END_DECLS
