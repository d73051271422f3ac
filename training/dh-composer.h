#pragma once
#include "dh-dataset.h"
#include "dh-recipe.h"

G_BEGIN_DECLS

/* Training samples out of pictures: scaled, padded, cropped, flipped, negatives pasted. All chance comes from one key;
 * nothing is remembered from sample to sample: any thread, any order. */
typedef struct
{
  const DhRecipe *recipe;
  DhDataset *dataset;
  DhDataset *negatives; /* NULL without */
  const guint *items;   /* of `dataset` */
  guint n_items;
  const guint *negative_items;
  guint n_negative_items;
  gint classes;
} DhComposer;

/* A stream of numbers from a key. */
typedef struct
{
  guint64 state;
} DhRandom;
DhRandom dh_random_new (guint64 seed, guint64 stream, guint64 number);
double dh_random_uniform (DhRandom *random); /* in [0, 1) */
/* 0 … n − 1; n ≥ 1. */
guint dh_random_below (DhRandom *random, guint n);

/* One crop of item `item` with its labels (K ignored, K + 1 pasted) and, where the recipe says so, a negative.
 * `input`: 3×crop×crop floats, `labels`: crop×crop. Errors: those of the files. */
gboolean dh_composer_sample (const DhComposer *composer, guint item, DhRandom random, float *input, guint8 *labels,
                             GError **error);

/* A whole picture as it is, and its labels (K ignored), for validation. */
gboolean dh_composer_load (const DhComposer *composer, guint item, DhImage **image, DhLabels **labels, GError **error);
/* The same with a negative pasted: *image and *labels (0 inlier, 1 pasted, 2 void) are new. */
gboolean dh_composer_composite (const DhComposer *composer, const DhImage *of, const DhLabels *of_labels,
                                DhRandom random, DhImage **image, DhLabels **labels, GError **error);

G_END_DECLS
