#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-dataset.h"
#include "dh-nets.h"
#include "dh-training-form-private.h"

G_DEFINE_FINAL_TYPE (DhTrainingForm, dh_training_form, G_TYPE_OBJECT)

static guint changed_signal;

static void
changed (DhTrainingForm *self, DhTrainingField field)
{
  g_signal_emit (self, changed_signal, 0, (guint)field);
}

double
dh_training_form_base_number (DhTrainingForm *self, DhTrainingField field)
{
  double value = 0;
  dh_recipe_get_number (self->base, dh_training_field_get_info (field)->id, &value);
  return value;
}

const char *
dh_training_form_base_text (DhTrainingForm *self, DhTrainingField field)
{
  const char *text = field == DH_TRAINING_ARCHITECTURE ? self->base->architecture
                     : field == DH_TRAINING_DATASET    ? self->base->dataset
                                                       : self->base->selection;
  return text != NULL ? text : "";
}

/* Networks with an outlier head for recipes with negatives, without one for the others. */
static void
list_architectures (DhTrainingForm *self)
{
  const char *const *all = dh_architecture_names ();
  guint n = 0;
  g_free (self->architectures);
  self->architectures = g_new0 (const char *, g_strv_length ((char **)all) + 1);
  for (guint i = 0; all[i] != NULL; i++)
    if (g_str_has_suffix (all[i], "-closed") != self->base->negatives)
      self->architectures[n++] = all[i];
}

void
dh_training_form_take_base (DhTrainingForm *self, const char *recipe, DhRecipe *base)
{
  g_free (self->recipe);
  self->recipe = g_strdup (recipe);
  g_clear_pointer (&self->base, dh_recipe_free);
  self->base = base;
  list_architectures (self);
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    if (!dh_training_field_is_of_recipe (i))
      continue;
    else if (dh_training_field_is_number (i))
      self->numbers[i] = dh_training_form_base_number (self, i);
    else
      {
        g_free (self->texts[i]);
        self->texts[i] = g_strdup (dh_training_form_base_text (self, i));
      }
  changed (self, DH_N_TRAINING_FIELDS);
}

static void
dh_training_form_finalize (GObject *object)
{
  DhTrainingForm *self = DH_TRAINING_FORM (object);
  g_free (self->recipe);
  g_clear_pointer (&self->base, dh_recipe_free);
  g_free (self->architectures);
  g_free (self->precisions);
  g_free (self->precision_titles);
  g_hash_table_unref (self->devices);
  for (guint i = 0; i < DH_N_TRAINING_FIELDS; i++)
    g_free (self->texts[i]);
  G_OBJECT_CLASS (dh_training_form_parent_class)->finalize (object);
}

static void
dh_training_form_class_init (DhTrainingFormClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_training_form_finalize;
  changed_signal = g_signal_new ("changed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
dh_training_form_init (DhTrainingForm *self)
{
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    self->texts[i] = g_strdup ("");
  g_free (self->texts[DH_TRAINING_RUNS]);
  self->texts[DH_TRAINING_RUNS] = g_build_filename (g_get_user_data_dir (), "densehybrid", "trainings", NULL);
  g_free (self->texts[DH_TRAINING_DEVICE]);
  self->texts[DH_TRAINING_DEVICE] = g_strdup ("auto");
  g_free (self->texts[DH_TRAINING_PRECISION]);
  self->texts[DH_TRAINING_PRECISION] = g_strdup ("f32");
  self->devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->numbers[DH_TRAINING_SEED] = 1;
  self->numbers[DH_TRAINING_TRAININGS] = 1;
  const char *first = dh_recipe_names ()[0];
  dh_training_form_take_base (self, first, dh_recipe_load (first, NULL));
}

DhTrainingForm *
dh_training_form_new (void)
{
  return g_object_new (DH_TYPE_TRAINING_FORM, NULL);
}

gboolean
dh_training_form_set_recipe (DhTrainingForm *self, const char *name_or_path, GError **error)
{
  DhRecipe *base = dh_recipe_load (name_or_path, error);
  if (base == NULL)
    return FALSE;
  dh_training_form_take_base (self, name_or_path, base);
  return TRUE;
}

const char *
dh_training_form_get_recipe (DhTrainingForm *self)
{
  return self->base->name;
}

gboolean
dh_training_form_has_negatives (DhTrainingForm *self)
{
  return self->base->negatives;
}

gboolean
dh_training_form_is_used (DhTrainingForm *self, DhTrainingField field)
{
  return self->base->negatives
         || (field != DH_TRAINING_NEGATIVES && field != DH_TRAINING_BETA && field != DH_TRAINING_VALIDATION_PASTES);
}

double
dh_training_form_get_number (DhTrainingForm *self, DhTrainingField field)
{
  g_return_val_if_fail (field < DH_N_TRAINING_FIELDS && dh_training_field_is_number (field), NAN);
  return self->numbers[field];
}

void
dh_training_form_set_number (DhTrainingForm *self, DhTrainingField field, double value)
{
  g_return_if_fail (field < DH_N_TRAINING_FIELDS && dh_training_field_is_number (field));
  if (dh_training_field_get_info (field)->kind == DH_FIELD_COUNT)
    value = rint (value);
  if (self->numbers[field] == value)
    return;
  /* A constant rate stays one. */
  const gboolean both = field == DH_TRAINING_RATE && self->numbers[DH_TRAINING_RATE_MIN] == self->numbers[field];
  self->numbers[field] = value;
  if (both)
    self->numbers[DH_TRAINING_RATE_MIN] = value;
  changed (self, field);
  if (both)
    changed (self, DH_TRAINING_RATE_MIN);
}

const char *
dh_training_form_get_text (DhTrainingForm *self, DhTrainingField field)
{
  g_return_val_if_fail (field < DH_N_TRAINING_FIELDS && !dh_training_field_is_number (field), "");
  return self->texts[field];
}

void
dh_training_form_set_text (DhTrainingForm *self, DhTrainingField field, const char *text)
{
  g_return_if_fail (field < DH_N_TRAINING_FIELDS && !dh_training_field_is_number (field));
  if (g_str_equal (self->texts[field], text != NULL ? text : ""))
    return;
  g_free (self->texts[field]);
  self->texts[field] = g_strdup (text != NULL ? text : "");
  changed (self, field);
}

const char *const *
dh_training_form_get_choices (DhTrainingForm *self, DhTrainingField field, const char *const **labels)
{
  static const char *const devices[] = { "auto", "cuda", "cpu", "ref", NULL };
  static const char *const datasets[] = { "", "cityscapes", "street-hazards-full", "camvid", NULL };
  static const char *const selections[] = { "ap", "miou", "last", NULL };
  if (field == DH_TRAINING_PRECISION)
    return dh_training_form_list_precisions (self, labels);
  static const char *device_labels[5], *dataset_labels[5], *selection_labels[4];
  device_labels[0] = _ ("Automatic");
  device_labels[1] = _ ("Graphics card (CUDA)");
  device_labels[2] = _ ("Processor");
  device_labels[3] = _ ("Plain C, slow");
  dataset_labels[0] = _ ("Recognised");
  dataset_labels[1] = _ ("Cityscapes, KITTI");
  dataset_labels[2] = _ ("StreetHazards");
  dataset_labels[3] = _ ("CamVid");
  selection_labels[0] = _ ("AP, hybrid score");
  selection_labels[1] = _ ("Closed mIoU");
  selection_labels[2] = _ ("The last one");
  const guint from = field == DH_TRAINING_SELECTION && !self->base->negatives;
  const char *const *values = field == DH_TRAINING_DEVICE         ? devices
                              : field == DH_TRAINING_DATASET      ? datasets
                              : field == DH_TRAINING_SELECTION    ? selections + from
                              : field == DH_TRAINING_ARCHITECTURE ? (const char *const *)self->architectures
                                                                  : NULL;
  const char *const *names = field == DH_TRAINING_DEVICE      ? device_labels
                             : field == DH_TRAINING_DATASET   ? dataset_labels
                             : field == DH_TRAINING_SELECTION ? selection_labels + from
                                                              : values;
  if (labels != NULL)
    *labels = names;
  return values;
}

gboolean
dh_training_form_is_published (DhTrainingForm *self)
{
  return g_strv_contains (dh_training_recipe_names (), dh_training_form_get_recipe (self));
}

char *
dh_training_form_dup_published (DhTrainingForm *self, DhTrainingField field)
{
  if (!dh_training_field_is_of_recipe (field))
    return NULL;
  return dh_training_field_is_number (field) ? dh_training_number_to_text (dh_training_form_base_number (self, field))
                                             : g_strdup (dh_training_form_base_text (self, field));
}

gboolean
dh_training_form_is_changed (DhTrainingForm *self, DhTrainingField field)
{
  if (!dh_training_field_is_of_recipe (field))
    return FALSE;
  return dh_training_field_is_number (field)
             ? self->numbers[field] != dh_training_form_base_number (self, field)
             : !g_str_equal (self->texts[field], dh_training_form_base_text (self, field));
}

guint
dh_training_form_count_changed (DhTrainingForm *self)
{
  guint n = 0;
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    n += dh_training_form_is_changed (self, i) != FALSE;
  return n;
}

void
dh_training_form_reset (DhTrainingForm *self, DhTrainingField field)
{
  if (!dh_training_form_is_changed (self, field))
    return;
  if (dh_training_field_is_number (field))
    {
      self->numbers[field] = dh_training_form_base_number (self, field);
      changed (self, field);
    }
  else
    dh_training_form_set_text (self, field, dh_training_form_base_text (self, field));
}

void
dh_training_form_reset_all (DhTrainingForm *self)
{
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    dh_training_form_reset (self, i);
}

DhRecipe *
dh_training_form_dup_recipe (DhTrainingForm *self)
{
  DhRecipe *recipe = dh_recipe_copy (self->base);
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    if (dh_training_field_is_of_recipe (i) && dh_training_field_is_number (i))
      dh_recipe_set_number (recipe, dh_training_field_get_info (i)->id, self->numbers[i]);
  char **const texts[] = { &recipe->architecture, &recipe->dataset, &recipe->selection };
  static const DhTrainingField which[] = { DH_TRAINING_ARCHITECTURE, DH_TRAINING_DATASET, DH_TRAINING_SELECTION };
  for (guint i = 0; i < G_N_ELEMENTS (which); i++)
    {
      g_free (*texts[i]);
      *texts[i] = *self->texts[which[i]] != '\0' ? g_strdup (self->texts[which[i]]) : NULL;
    }
  /* Another data set has other classes. */
  if (dh_training_form_is_changed (self, DH_TRAINING_DATASET))
    recipe->classes = 0;
  return recipe;
}

static char *
number_problem (DhTrainingForm *self, DhTrainingField field)
{
  const DhTrainingFieldInfo *info = dh_training_field_get_info (field);
  const double value = self->numbers[field];
  if (!(value >= info->least && value <= info->most))
    return g_strdup_printf (_ ("%s must lie within %g and %g"), info->label, info->least, info->most);
  if (field == DH_TRAINING_RATE_MIN && value > self->numbers[DH_TRAINING_RATE])
    return g_strdup (_ ("The rate at the end is above the learning rate"));
  if (field == DH_TRAINING_TRAININGS)
    return dh_training_form_dup_seeds_problem (self);
  return NULL;
}

char *
dh_training_form_dup_problem (DhTrainingForm *self, DhTrainingField field)
{
  if (!dh_training_form_is_used (self, field))
    return NULL;
  if (dh_training_field_is_number (field))
    return number_problem (self, field);
  const char *text = self->texts[field];
  if (!g_utf8_validate (text, -1, NULL) && dh_training_field_get_info (field)->kind == DH_FIELD_TEXT)
    return g_strdup (_ ("This is no text"));
  switch (field)
    {
    case DH_TRAINING_DATA:
    case DH_TRAINING_NEGATIVES:
      if (*text == '\0')
        return g_strdup (field == DH_TRAINING_DATA ? _ ("Choose a data set") : _ ("Choose a folder of negatives"));
      return g_file_test (text, G_FILE_TEST_IS_DIR) ? NULL : g_strdup_printf (_ ("There is no folder %s"), text);
    case DH_TRAINING_RUNS:
      return *text == '\0' ? g_strdup (_ ("Choose a folder for the run")) : NULL;
    case DH_TRAINING_INIT:
      return *text == '\0' || g_file_test (text, G_FILE_TEST_IS_REGULAR)
                 ? NULL
                 : g_strdup_printf (_ ("There is no file %s"), text);
    case DH_TRAINING_DATASET:
      {
        DhDatasetKind kind;
        return *text == '\0' || dh_dataset_kind_from_name (text, &kind)
                   ? NULL
                   : g_strdup_printf (_ ("“%s” is no known layout"), text);
      }
    case DH_TRAINING_ARCHITECTURE:
      return g_strv_contains ((const char *const *)self->architectures, text)
                 ? NULL
                 : g_strdup_printf (_ ("The network “%s” does not fit this recipe"), text);
    case DH_TRAINING_PRECISION:
      return dh_training_form_dup_precision_problem (self);
    case DH_TRAINING_SELECTION:
      return g_strv_contains (dh_training_form_get_choices (self, field, NULL), text)
                 ? NULL
                 : g_strdup (_ ("This recipe cannot choose its best model so"));
    default:
      return NULL;
    }
}

gboolean
dh_training_form_is_complete (DhTrainingForm *self)
{
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    {
      g_autofree char *problem = dh_training_form_dup_problem (self, i);
      if (problem != NULL)
        return FALSE;
    }
  return TRUE;
}
