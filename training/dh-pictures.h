#pragma once
#include "dh-composer.h"

G_BEGIN_DECLS

/* The pictures that a recipe learns from and is measured on. Zero before; indices are into the data sets. */
typedef struct
{
  DhDataset *dataset, *negatives;
  GArray *training, *validation, *pasted; /* guint */
  gint classes;
} DhPictures;

/* The labelled pictures of the training and the validation split under `root`. Errors: those of dh_dataset_open();
 * DH_ERROR_MISMATCH where the classes are not the recipe's, DH_ERROR_NOT_FOUND without any to train on. */
gboolean dh_pictures_open_data (DhPictures *pictures, const DhRecipe *recipe, const char *root,
                                GCancellable *cancellable, GError **error);
/* All pictures under `root`, which may be NULL: DH_ERROR_USAGE. */
gboolean dh_pictures_open_negatives (DhPictures *pictures, const char *root, GCancellable *cancellable, GError **error);
void dh_pictures_clear (DhPictures *pictures);

/* What makes samples of the training or the validation pictures; it borrows both arguments. */
DhComposer dh_pictures_compose (const DhPictures *pictures, const DhRecipe *recipe, gboolean validation);
/* SHA-256 over the names of all of them, and over the sizes of their files (what tells most other contents without
 * reading any of them); free with g_free. NULL where it was cancelled. */
char *dh_pictures_dup_hash (const DhPictures *pictures);
char *dh_pictures_dup_files_hash (const DhPictures *pictures, GCancellable *cancellable, GError **error);

G_END_DECLS
