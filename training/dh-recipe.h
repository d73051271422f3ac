#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* What a training does: network, data, rates, augmentation. The published ones (DenseHybrid, ECCV 2022, and its
 * reference implementation) by name, others from JSON files of the same fields. */
typedef struct
{
  char *name;
  char *architecture; /* dh_architecture_names() */
  char *dataset;      /* dh_dataset_kind_name(), or NULL: recognised */
  char *selection;    /* what makes the best model: "miou", "ap" (of the hybrid score) or "last" */
  gint classes;       /* K; 0: the data set's */
  gboolean negatives; /* the hybrid loss with pasted negatives */
  guint batch, crop;  /* crops of crop × crop pixels */
  guint accumulation; /* batches a step, at least 1 */
  gboolean recompute; /* less memory for more time; see DhTrainOptions */
  guint epochs;
  guint steps;           /* of an epoch; 0: as many as the data gives */
  double rate, rate_min; /* per epoch, a cosine from one to the other; rate_min = rate: constant */
  double backbone;       /* share of the rate for parameters under "backbone." */
  double beta;
  double scale[2];     /* of the shorter side, drawn evenly */
  guint8 fill[3];      /* colour of the padding */
  double color_jitter; /* brightness, contrast, saturation by up to this share, a channel by a third of it; 0: none */
  gboolean keep_short; /* the last, short batch of an epoch is used */
  guint negative_side; /* shorter side that a negative is brought to */
  guint negative_crop; /* of a smaller negative, all of it is the crop */
  double negative_scale[2]; /* drawn before its crop */
  guint validation_pastes;  /* composites of each validation picture, at least 1 */
  guint patience;           /* epochs without a better model behind which it ends; 0: never */
  guint keep;               /* model_{epoch}.pth files kept */
  guint checkpoint_seconds; /* a resumable checkpoint at least so often */
} DhRecipe;

/* NULL-terminated, static. */
const char *const *dh_recipe_names (void);

/* A published recipe's name, or a JSON file. Errors: DH_ERROR_USAGE (no such recipe), DH_ERROR_INVALID (a field that is
 * unknown, of another type or out of range), DH_ERROR_NOT_FOUND, DH_ERROR_IO. */
DhRecipe *dh_recipe_load (const char *name_or_path, GError **error);
DhRecipe *dh_recipe_from_json (const char *text, const char *name, GError **error);
DhRecipe *dh_recipe_copy (const DhRecipe *recipe);
/* The single numbers by their names in JSON; FALSE where there is none of that name. The value is not checked. */
gboolean dh_recipe_get_number (const DhRecipe *recipe, const char *field, double *value);
gboolean dh_recipe_set_number (DhRecipe *recipe, const char *field, double value);
/* What dh_recipe_check() lets through. */
gboolean dh_recipe_get_range (const char *field, double *least, double *most);
/* Whether all is in range, after fields were changed by hand. */
gboolean dh_recipe_check (const DhRecipe *recipe, GError **error);
/* Free with g_free. */
char *dh_recipe_to_json (const DhRecipe *recipe);
void dh_recipe_free (DhRecipe *recipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRecipe, dh_recipe_free)

G_END_DECLS
