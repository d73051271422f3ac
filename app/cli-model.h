#pragma once
#include "cli.h"
#include "dh-checkpoint.h"
#include "dh-evaluation.h"
#include "dh-predictor.h"
#include "dh-reduction.h"

G_BEGIN_DECLS

/* The options by which every command that computes names its network, and the loading of it. */
typedef struct
{
  char *params;       /* --params, --model: the weights */
  char *architecture; /* --arch */
  gint classes;       /* --num_classes */
  char *calibration;  /* --calibration */
} DhCliModel;
void dh_cli_model_clear (DhCliModel *model);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhCliModel, dh_cli_model_clear)

#define DH_CLI_MODEL_ENTRIES(model)                                                                                    \
  { "params",                                                                                                          \
    0,                                                                                                                 \
    0,                                                                                                                 \
    G_OPTION_ARG_FILENAME,                                                                                             \
    &(model).params,                                                                                                   \
    "The weights (.pth, .pt, .safetensors, .npz; .onnx: a network of its own; demo: the built-in ones)",               \
    "W" },                                                                                                             \
      { "model", 0, 0, G_OPTION_ARG_FILENAME, &(model).params, "The same as --params", "W" },                          \
      { "arch", 0, 0, G_OPTION_ARG_STRING, &(model).architecture, "The network (default: recognised)", "A" },          \
      { "calibration",                                                                                                 \
        0,                                                                                                             \
        0,                                                                                                             \
        G_OPTION_ARG_FILENAME,                                                                                         \
        &(model).calibration,                                                                                          \
        "With --precision int8: a calibration, or a folder of images to make one of (default: the one that is kept "   \
        "of the weights, or made of the images at hand)",                                                              \
        "FILE|DIR" },                                                                                                  \
  {                                                                                                                    \
    "num_classes", 0, 0, G_OPTION_ARG_INT, &(model).classes, "Classes (default: read off the weights)", "K"            \
  }

/* The weights in a file, or those that come with the program where `params` is "demo" and no file bears that name. */
DhCheckpoint *dh_cli_open_checkpoint (const char *params, GError **error);
DhModel *dh_cli_load_model (const char *params, const DhModelOptions *options, GError **error);
/* Loads the weights and opens the device; NULL after having said why, with *status set. */
DhPredictor *dh_cli_open_predictor (DhCli *cli, const DhCliModel *model, int *status);

#define DH_CLI_REDUCTION_ENTRIES(scale, tile)                                                                          \
  { "scale",                                                                                                           \
    0,                                                                                                                 \
    0,                                                                                                                 \
    G_OPTION_ARG_DOUBLE,                                                                                               \
    &(scale),                                                                                                          \
    "Makes the images smaller first, for those too large for the memory (at most 1: as they are); the maps are "       \
    "brought back to the images' size, and measured there",                                                            \
    "S" },                                                                                                             \
  {                                                                                                                    \
    "tile", 0, 0, G_OPTION_ARG_INT, &(tile),                                                                           \
        "Cuts images that are larger into overlapping tiles of N×N pixels, for those too large for the memory; each " \
        "tile is seen by itself, so that the numbers are others than of the whole",                                    \
        "N"                                                                                                            \
  }

/* How large a share and how large a tile of an image is computed: what --scale and --tile say. FALSE after having said
 * what is wrong with them, with *status set. */
gboolean dh_cli_check_reduction (DhCli *cli, double scale, gint tile, DhReduction *reduction, int *status);

/* Reads "a,b,c" of maps into bits DH_MAP_BIT(); DH_ERROR_USAGE for an unknown one. */
gboolean dh_cli_parse_maps (const char *text, guint *maps, GError **error);

/* The numbers of an evaluation on standard output, as text or as one JSON document. Gives the exit status: failed,
 * after having said so, where pictures are left out of them. */
int dh_cli_print_evaluation (DhCli *cli, const DhEvaluation *evaluation);

/* What is wrong with the first images of an evaluation, beside its progress; `cli` is the command's. */
void dh_cli_warn_early (const char *text, gpointer cli);
/* That the disk of `folder` has no room for the maps that an evaluation will write there, `n_scores` of each image and
 * perhaps a segmentation; by the size of the first image. Nothing where it has. */
void dh_cli_say_room (DhCli *cli, DhDataset *dataset, const char *folder, guint n_scores, gboolean segmentation);
/* That of some images that were measured the map is gone already; `n_left_out` have none. */
void dh_cli_say_lost (DhCli *cli, DhDataset *dataset, const char *folder, guint n_left_out);
/* That the maps of earlier runs (gint64) were written over; nothing where there are none. */
void dh_cli_say_displaced (DhCli *cli, const GArray *runs, const char *folder);

G_END_DECLS
