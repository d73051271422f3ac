#pragma once
#include "cli.h"
#include "dh-calibrate.h"
#include "dh-dataset.h"
#include "dh-reduction.h"

G_BEGIN_DECLS

/* Makes a predictor of precision int8 ready, of any other there is nothing to do: by --calibration (`chosen`, a file or
 * a folder of pictures), or, where that is NULL, by what is kept or by `pictures`, which are those that the command is
 * about. */
gboolean dh_cli_calibrate (DhCli *cli, const char *chosen, DhPredictor *predictor, const DhPictures *pictures,
                           GError **error);
/* By the pictures of a set, as they will be computed. */
gboolean dh_cli_calibrate_on_set (DhCli *cli, const char *chosen, DhPredictor *predictor, DhDataset *dataset,
                                  const DhReduction *reduction, GError **error);

G_END_DECLS
