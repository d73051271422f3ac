#pragma once
#include "cli.h"
#include "dh-dataset.h"

G_BEGIN_DECLS

/* The options by which commands name a data set. */
typedef struct
{
  char *root;   /* --dataroot */
  char *kind;   /* --dataset; NULL: recognised */
  char *splits; /* --split */
  char *base;   /* --base */
  char *ids;    /* --label-ids */
  char *masks;  /* --mask-values */
  gboolean labels_are_true;
  char *degrade; /* --degrade, of commands that compute maps */
  char *region;  /* --ignore-region, of commands that measure */
} DhCliDataset;

#define DH_CLI_DATASET_ENTRIES(set)                                                                                    \
  { "dataroot", 0, 0, G_OPTION_ARG_FILENAME, &(set).root, "The data set's folder", "DIR" },                            \
      { "dataset", 0, 0, G_OPTION_ARG_STRING, &(set).kind, "Its layout (default: recognised): lf, static, smiyc, …",   \
        "KIND" },                                                                                                      \
      { "split", 0, 0, G_OPTION_ARG_STRING, &(set).splits, "Only these splits, or towns and tracks of one: test/t5",   \
        "S,…" },                                                                                                       \
      { "base",      0,                                                                                                \
        0,           G_OPTION_ARG_FILENAME,                                                                            \
        &(set).base, "Where the images are that the official Fishyscapes sets build upon",                             \
        "DIR" },                                                                                                       \
      { "label-ids",                                                                                                   \
        0,                                                                                                             \
        0,                                                                                                             \
        G_OPTION_ARG_STRING,                                                                                           \
        &(set).ids,                                                                                                    \
        "How StreetHazards' labels count: raw (anomaly 14), shifted (13) or packed (12)",                              \
        "auto|raw|shifted|packed" },                                                                                   \
      { "mask-values",                                                                                                 \
        0,                                                                                                             \
        0,                                                                                                             \
        G_OPTION_ARG_STRING,                                                                                           \
        &(set).masks,                                                                                                  \
        "What the values of your own masks mean: 'anomaly=1,2 ignore=255'; also ranges (2-200), colours (#ff0000) "    \
        "and "                                                                                                         \
        "rest",                                                                                                        \
        "ROLE=V,…" },                                                                                                  \
  {                                                                                                                    \
    "labels-are-true", 0, 0, G_OPTION_ARG_NONE, &(set).labels_are_true,                                                \
        "Labels of one constant value are no hidden test labels: the images hold nothing else", NULL                   \
  }

/* How pictures are made worse before the network sees them. */
#define DH_CLI_DEGRADE_ENTRY(text)                                                                                     \
  {                                                                                                                    \
    "degrade", 0, 0, G_OPTION_ARG_STRING, &(text),                                                                     \
        "Makes the images worse first, in severity 1 to 5: fog:3; also noise, shot, defocus, motion, dark, bright, "   \
        "contrast, rain, jpeg, resolution",                                                                            \
        "KIND:N"                                                                                                       \
  }
/* What of the pictures is not measured. */
#define DH_CLI_REGION_ENTRY(text)                                                                                      \
  {                                                                                                                    \
    "ignore-region", 0, 0, G_OPTION_ARG_FILENAME, &(text),                                                             \
        "What of each image is not measured, as the car itself: shares of its sides (bottom:12%,top:5%), or a mask, "  \
        "a picture of the images' size or aspect that is not black there",                                             \
        "REGION"                                                                                                       \
  }
/* What --degrade says, of which NULL is none; FALSE after having said why not, with *status set. */
gboolean dh_cli_parse_degrade (DhCli *cli, const char *text, DhDegradation *degradation, int *status);

/* NULL after having said why, with *status set. */
DhDataset *dh_cli_open_dataset (DhCli *cli, const DhCliDataset *set, int *status);
/* What was assumed of it, and which option says otherwise. */
void dh_cli_say_notes (DhCli *cli, DhDataset *dataset);
void dh_cli_dataset_clear (DhCliDataset *set);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhCliDataset, dh_cli_dataset_clear)

G_END_DECLS
