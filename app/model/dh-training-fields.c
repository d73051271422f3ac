#include <glib/gi18n.h>
#include "dh-recipe.h"
#include "dh-training-form-private.h"

#define RECIPE(id, kind, label, meaning, step)                                                                         \
  {                                                                                                                    \
    { id, kind, label, meaning, 0, 0, step }, TRUE                                                                     \
  }
#define OWN(id, kind, label, meaning, least, most, step)                                                               \
  {                                                                                                                    \
    { id, kind, label, meaning, least, most, step }, FALSE                                                             \
  }

/* `id` of a recipe's field: its name in the recipe's JSON. */
static const struct
{
  DhTrainingFieldInfo info;
  gboolean of_recipe;
} fields[DH_N_TRAINING_FIELDS] = {
  [DH_TRAINING_TITLE] = OWN ("title", DH_FIELD_TEXT, N_ ("Title"),
                             N_ ("What the job is called in the list. Left empty, it is made of the rest."), 0, 0, 0),
  [DH_TRAINING_INIT] =
      OWN ("init", DH_FIELD_FILE, N_ ("Start from"),
           N_ ("Weights to begin with, in any format that can be opened. A closed-set network gets a fresh outlier "
               "head where the recipe needs one. Empty: all parameters are drawn afresh."),
           0, 0, 0),
  [DH_TRAINING_DATA] = OWN ("data", DH_FIELD_FOLDER, N_ ("Data set"),
                            N_ ("Images with class labels, in one of the known layouts."), 0, 0, 0),
  [DH_TRAINING_NEGATIVES] =
      OWN ("negatives_folder", DH_FIELD_FOLDER, N_ ("Negatives"),
           N_ ("Images of anything but street scenes; pieces of them are pasted into the training images and stand "
               "for the unknown. ADE20K in the published recipes."),
           0, 0, 0),
  [DH_TRAINING_RUNS] = OWN ("runs", DH_FIELD_FOLDER, N_ ("Runs in"),
                            N_ ("Where the training's folder is made: log, checkpoints, models."), 0, 0, 0),
  [DH_TRAINING_SEED] = OWN ("seed", DH_FIELD_COUNT, N_ ("Seed"),
                            N_ ("All chance comes from it: the same seed on the same device gives the same training."),
                            0, 4503599627370495, 1),
  [DH_TRAINING_TRAININGS] = OWN (
      "trainings", DH_FIELD_COUNT, N_ ("Trainings"),
      N_ ("So many that differ in their seed alone, from that seed on: their results are told as mean ± deviation."), 1,
      20, 1),
  [DH_TRAINING_DEVICE] = OWN ("device", DH_FIELD_CHOICE, N_ ("Device"),
                              N_ ("What computes. Automatic: a graphics card where one is there."), 0, 0, 0),
  [DH_TRAINING_PRECISION] =
      OWN ("precision", DH_FIELD_CHOICE, N_ ("Precision"),
           N_ ("What weights, activations and gradients are multiplied in. bfloat16 is faster, by far on a "
               "graphics card or a processor with AMX; sums, norms, losses and Adam stay in float32."),
           0, 0, 0),
  [DH_TRAINING_THREADS] =
      OWN ("threads", DH_FIELD_COUNT, N_ ("Threads"), N_ ("Of the processor. 0: as many as it has cores."), 0, 1024, 1),
  [DH_TRAINING_WORKERS] = OWN (
      "workers", DH_FIELD_COUNT, N_ ("Loaders"),
      N_ ("Threads that read and prepare images ahead of the step. 0: as many as the device has use for. No result "
          "depends on their number."),
      0, 64, 1),
  [DH_TRAINING_VALIDATION_IMAGES] =
      OWN ("validation_images", DH_FIELD_COUNT, N_ ("Validate on"),
           N_ ("So many images of the validation split, the first ones. 0: all of them."), 0, 1000000, 10),
  [DH_TRAINING_ARCHITECTURE] = RECIPE ("architecture", DH_FIELD_CHOICE, N_ ("Network"), N_ ("What is trained."), 0),
  [DH_TRAINING_DATASET] = RECIPE ("dataset", DH_FIELD_CHOICE, N_ ("Layout"),
                                  N_ ("How the data set's folder is laid out, and which classes it has."), 0),
  [DH_TRAINING_EPOCHS] = RECIPE ("epochs", DH_FIELD_COUNT, N_ ("Epochs"),
                                 N_ ("Passes over the training images. The learning rate falls over all of them."), 1),
  [DH_TRAINING_STEPS] = RECIPE ("steps", DH_FIELD_COUNT, N_ ("Steps an epoch"),
                                N_ ("0: as many as the data gives. Else validation comes after so many."), 100),
  [DH_TRAINING_BATCH] =
      RECIPE ("batch", DH_FIELD_COUNT, N_ ("Batch"),
              N_ ("Crops that are computed together: memory grows with it, and the norms see so many."), 1),
  [DH_TRAINING_ACCUMULATION] =
      RECIPE ("accumulation", DH_FIELD_COUNT, N_ ("Accumulation"),
              N_ ("Batches whose gradients make one step: a large batch in the memory of a small one."), 1),
  [DH_TRAINING_CROP] =
      RECIPE ("crop", DH_FIELD_COUNT, N_ ("Crop, px"),
              N_ ("Side of the square that is cut from each image. Memory grows with its square."), 64),
  [DH_TRAINING_RATE] = RECIPE ("rate", DH_FIELD_NUMBER, N_ ("Learning rate"), N_ ("At the beginning."), 0),
  [DH_TRAINING_RATE_MIN] = RECIPE ("rate_min", DH_FIELD_NUMBER, N_ ("Rate at the end"),
                                   N_ ("Reached on a cosine. The same as the learning rate: it stays constant."), 0),
  [DH_TRAINING_BACKBONE] = RECIPE ("backbone", DH_FIELD_NUMBER, N_ ("Backbone’s share"),
                                   N_ ("The pretrained part learns at this fraction of the rate."), 0),
  [DH_TRAINING_BETA] = RECIPE (
      "beta", DH_FIELD_NUMBER, N_ ("β"),
      N_ ("Weight of the losses on negatives: β times the likelihood term, 10 β times the posterior term."), 0.01),
  [DH_TRAINING_SELECTION] = RECIPE ("selection", DH_FIELD_CHOICE, N_ ("Best model by"),
                                    N_ ("Measured on the validation split after every epoch."), 0),
  [DH_TRAINING_VALIDATION_PASTES] =
      RECIPE ("validation_pastes", DH_FIELD_COUNT, N_ ("Pastes an image"),
              N_ ("So many negatives are pasted into each validation image, one at a time. With few images several "
                  "make AP a steadier measure; each is one more image to compute."),
              1),
  [DH_TRAINING_PATIENCE] =
      RECIPE ("patience", DH_FIELD_COUNT, N_ ("Patience"),
              N_ ("It ends early after so many epochs without a better model. 0: it never does."), 1),
  [DH_TRAINING_KEEP] =
      RECIPE ("keep", DH_FIELD_COUNT, N_ ("Models kept"), N_ ("Of the last epochs, beside the best and the last."), 1),
  [DH_TRAINING_CHECKPOINT_SECONDS] =
      RECIPE ("checkpoint_seconds", DH_FIELD_COUNT, N_ ("Checkpoint every, s"),
              N_ ("At most so much work is lost where the machine fails. One is written after every epoch too."), 60),
};
#undef RECIPE
#undef OWN

gboolean
dh_training_field_is_of_recipe (DhTrainingField field)
{
  return fields[field].of_recipe;
}

gboolean
dh_training_field_is_number (DhTrainingField field)
{
  return fields[field].info.kind == DH_FIELD_COUNT || fields[field].info.kind == DH_FIELD_NUMBER;
}

const DhTrainingFieldInfo *
dh_training_field_get_info (DhTrainingField field)
{
  static DhTrainingFieldInfo infos[DH_N_TRAINING_FIELDS];
  static gsize once;
  g_return_val_if_fail (field < DH_N_TRAINING_FIELDS, NULL);
  if (g_once_init_enter (&once))
    {
      for (guint i = 0; i < DH_N_TRAINING_FIELDS; i++)
        {
          infos[i] = fields[i].info;
          infos[i].label = _ (fields[i].info.label);
          infos[i].meaning = _ (fields[i].info.meaning);
          if (fields[i].of_recipe)
            dh_recipe_get_range (infos[i].id, &infos[i].least, &infos[i].most);
        }
      g_once_init_leave (&once, 1);
    }
  return &infos[field];
}

const char *const *
dh_training_recipe_names (void)
{
  return dh_recipe_names ();
}

const char *
dh_training_recipe_title (const char *name)
{
  static const char *const titles[][2] = {
    { "dlv3-cityscapes", N_ ("DeepLabV3+ on Cityscapes with pasted negatives") },
    { "ldn-semseg", N_ ("LDN-121 on StreetHazards, closed set") },
    { "ldn-streethazards", N_ ("LDN-121 on StreetHazards with pasted negatives") },
  };
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_strcmp0 (titles[i][0], name) == 0)
      return _ (titles[i][1]);
  return _ ("A recipe of your own");
}
