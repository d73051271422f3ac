#pragma once
#include "dh-recipe.h"
#include "dh-records.h"
#include "dh-training-check.h"
#include "dh-training-form.h"

G_BEGIN_DECLS

struct _DhTrainingForm
{
  GObject parent_instance;
  char *recipe;   /* as it is loaded by: a published name or a path */
  DhRecipe *base; /* its own values */
  double numbers[DH_N_TRAINING_FIELDS];
  char *texts[DH_N_TRAINING_FIELDS];           /* never NULL where the kind is a text */
  const char **architectures;                  /* that fit the base; static strings */
  GHashTable *devices;                         /* name, also "auto" and "cuda" → bits of precisions */
  const char **precisions, **precision_titles; /* that are offered; static strings */
};

gboolean dh_training_field_is_of_recipe (DhTrainingField field);
gboolean dh_training_field_is_number (DhTrainingField field);

/* The value that a field of the recipe has in it. */
double dh_training_form_base_number (DhTrainingForm *form, DhTrainingField field);
const char *dh_training_form_base_text (DhTrainingForm *form, DhTrainingField field);

/* Takes the recipe as the form's base and its values; `recipe` is what to load it by. */
void dh_training_form_take_base (DhTrainingForm *form, const char *recipe, DhRecipe *base);

/* The recipe with what was changed; free with dh_recipe_free. */
DhRecipe *dh_training_form_dup_recipe (DhTrainingForm *form);

/* dh-training-seeds.c: trainings that differ in their seed alone. */
guint dh_training_form_count_trainings (DhTrainingForm *form);
/* The training of the i-th seed by itself; a title that was given ends in "-s" and the seed. */
DhTrainingForm *dh_training_form_dup_training (DhTrainingForm *form, guint i);
/* NULL where all seeds are in range. Free with g_free. */
char *dh_training_form_dup_seeds_problem (DhTrainingForm *form);

/* dh-training-precision.c */
const char *const *dh_training_form_list_precisions (DhTrainingForm *form, const char *const **titles);
char *dh_training_form_dup_precision_problem (DhTrainingForm *form);

/* dh-training-form-row.c: a copy whose paths hold from anywhere; NULL with DH_ERROR_USAGE where a field is wrong. */
DhTrainingForm *dh_training_form_dup_absolute (DhTrainingForm *form, GError **error);
/* The row of a queued job; `check` (may be NULL) gives the estimate of time. */
DhJobRow *dh_training_form_make_row (DhTrainingForm *form, const char *folder, const char *title,
                                     const DhTrainingCheck *check);

/* A name of a folder that is free under the form's RUNS; free with g_free. Looks at the disk. */
char *dh_training_form_dup_folder_name (DhTrainingForm *form);

/* Words of the command line for a run of that name. `recipe`: the file to give instead of the recipe's name and its
 * changed values; NULL: these. Free with g_strfreev. */
char **dh_training_form_dup_words (DhTrainingForm *form, const char *recipe, const char *name);

/* "LDN-121, crop 1024": the title without the data, or the one that the user gave; "Cityscapes + ADE20K": the data
 * alone. Free with g_free. */
char *dh_training_form_dup_label (DhTrainingForm *form);
char *dh_training_form_dup_data_title (DhTrainingForm *form);
/* The same of two folders; `negatives` may be NULL or "". */
char *dh_training_data_title (const char *data, const char *negatives);

/* "0.03": as short as it can be and still the same number; free with g_free. */
char *dh_training_number_to_text (double value);

G_END_DECLS
