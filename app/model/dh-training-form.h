#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* What a new training is to do, as a form shows it: a recipe's published values, and what was changed of them. For the
 * window's thread; nothing blocks.
 *
 * Signal "changed" (uint DhTrainingField): a value changed; DH_N_TRAINING_FIELDS: all may have, with another recipe. */
#define DH_TYPE_TRAINING_FORM (dh_training_form_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingForm, dh_training_form, DH, TRAINING_FORM, GObject)

typedef enum
{
  /* Beside the recipe. */
  DH_TRAINING_TITLE,     /* of the job; "": made of the rest */
  DH_TRAINING_INIT,      /* weights to start from; "": fresh ones */
  DH_TRAINING_DATA,      /* folder */
  DH_TRAINING_NEGATIVES, /* folder */
  DH_TRAINING_RUNS,      /* folder in which the run's folder is made */
  DH_TRAINING_SEED,
  DH_TRAINING_TRAININGS, /* so many that differ in their seed alone, which is one more in each */
  DH_TRAINING_DEVICE,    /* a choice; "auto" */
  DH_TRAINING_PRECISION, /* a choice: of those that the device trains in; "f32" */
  DH_TRAINING_THREADS,
  DH_TRAINING_WORKERS,
  DH_TRAINING_VALIDATION_IMAGES,
  /* Of the recipe. */
  DH_TRAINING_ARCHITECTURE, /* a choice */
  DH_TRAINING_DATASET,      /* a choice: the layout; "": recognised */
  DH_TRAINING_EPOCHS,
  DH_TRAINING_STEPS,
  DH_TRAINING_BATCH,
  DH_TRAINING_ACCUMULATION,
  DH_TRAINING_CROP,
  DH_TRAINING_RATE,
  DH_TRAINING_RATE_MIN,
  DH_TRAINING_BACKBONE,
  DH_TRAINING_BETA,
  DH_TRAINING_SELECTION, /* a choice: what makes the best model */
  DH_TRAINING_VALIDATION_PASTES,
  DH_TRAINING_PATIENCE,
  DH_TRAINING_KEEP,
  DH_TRAINING_CHECKPOINT_SECONDS,
  DH_N_TRAINING_FIELDS,
} DhTrainingField;

typedef enum
{
  DH_FIELD_TEXT,
  DH_FIELD_FILE,
  DH_FIELD_FOLDER,
  DH_FIELD_COUNT,  /* a whole number */
  DH_FIELD_NUMBER, /* best shown with %g */
  DH_FIELD_CHOICE, /* text, one of dh_training_form_get_choices() */
} DhFieldKind;

typedef struct
{
  const char *id; /* "epochs": stable, for settings and tests */
  DhFieldKind kind;
  const char *label;   /* translated, short */
  const char *meaning; /* translated, a sentence or two */
  double least, most;  /* of numbers */
  double step;         /* of a count's buttons */
} DhTrainingFieldInfo;
/* Static. */
const DhTrainingFieldInfo *dh_training_field_get_info (DhTrainingField field);

/* Published recipes by name; NULL-terminated, static; and what each does: a sentence, translated. */
const char *const *dh_training_recipe_names (void);
const char *dh_training_recipe_title (const char *name);

/* Begins with the first published recipe. */
DhTrainingForm *dh_training_form_new (void);

/* A published recipe's name, or the path of a JSON file of one. Takes its values and forgets what was changed of the
 * recipe; data, weights, device stay. On an error the form stays as it was. */
gboolean dh_training_form_set_recipe (DhTrainingForm *form, const char *name_or_path, GError **error);
const char *dh_training_form_get_recipe (DhTrainingForm *form); /* the name; borrowed */
/* Whether its values are published ones, rather than those of a file. */
gboolean dh_training_form_is_published (DhTrainingForm *form);
/* "dlv3p_wrn38 · Cityscapes · hybrid loss": what the recipe is; free with g_free. */
char *dh_training_form_dup_summary (DhTrainingForm *form);
/* Whether it pastes negatives (else β and the negatives' folder have no meaning). */
gboolean dh_training_form_has_negatives (DhTrainingForm *form);
/* Whether the field has a meaning with this recipe. */
gboolean dh_training_form_is_used (DhTrainingForm *form, DhTrainingField field);

/* Values. Numbers are for kinds COUNT and NUMBER, texts for the others; texts are borrowed until they change. A value
 * out of range is kept, so that it can be shown, and told by dup_problem(). */
double dh_training_form_get_number (DhTrainingForm *form, DhTrainingField field);
void dh_training_form_set_number (DhTrainingForm *form, DhTrainingField field, double value);
const char *dh_training_form_get_text (DhTrainingForm *form, DhTrainingField field); /* never NULL */
void dh_training_form_set_text (DhTrainingForm *form, DhTrainingField field, const char *text);
/* Values and their names for people, translated; NULL-terminated, borrowed. NULL for other kinds. */
const char *const *dh_training_form_get_choices (DhTrainingForm *form, DhTrainingField field,
                                                 const char *const **labels);

/* A device that there is ("cpu", "cuda:0"), the one that "auto" takes first, and bits 1 << DhPrecision that it trains
 * in. Until its device is known, DH_TRAINING_PRECISION offers float32 and what it is, and finds nothing wrong. */
void dh_training_form_add_device (DhTrainingForm *form, const char *name, guint precisions);
/* "bfloat16"; the name itself where it is none. */
const char *dh_training_precision_title (const char *name);

/* The recipe's own value as text, "12", "1e-06"; free with g_free; NULL where the recipe has none (DATA, INIT, …). */
char *dh_training_form_dup_published (DhTrainingForm *form, DhTrainingField field);
gboolean dh_training_form_is_changed (DhTrainingForm *form, DhTrainingField field);
guint dh_training_form_count_changed (DhTrainingForm *form);
/* "Epochs 10 → 4, β 0.03 → 0.1"; "" where nothing is. Free with g_free. */
char *dh_training_form_dup_changes (DhTrainingForm *form);
void dh_training_form_reset (DhTrainingForm *form, DhTrainingField field);
void dh_training_form_reset_all (DhTrainingForm *form);

/* What is wrong with a field by itself (out of range, missing, no such folder): a sentence, translated; NULL where
 * nothing is. Free with g_free. The whole, data and memory among it, is dh-training-check.h. */
char *dh_training_form_dup_problem (DhTrainingForm *form, DhTrainingField field);
/* No field has a problem. */
gboolean dh_training_form_is_complete (DhTrainingForm *form);

/* "seeds 1, 2, 3" of several trainings; NULL of one. Free with g_free. */
char *dh_training_form_dup_seeds (DhTrainingForm *form);

/* Whether they say the same training but for its seed, and for what changes no result: title, folder, device, threads.
 */
gboolean dh_training_form_differs_in_seed (DhTrainingForm *form, DhTrainingForm *other);

/* The job's title: as set, or made: "LDN-121 on streethazards + ade20k, β 0.1, seed 1"; of several trainings without
 * their seed. Free with g_free. */
char *dh_training_form_dup_title (DhTrainingForm *form);
/* The command line that does the same, a loop of the shell where there are several; free with g_free. */
char *dh_training_form_dup_command (DhTrainingForm *form);

/* To and from a text that holds everything, for settings; free with g_free. Fields that a text lacks stay. */
char *dh_training_form_to_text (DhTrainingForm *form);
gboolean dh_training_form_read_text (DhTrainingForm *form, const char *text, GError **error);

G_END_DECLS
