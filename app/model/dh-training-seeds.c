#include <glib/gi18n.h>
#include <string.h>
#include "dh-training-form-private.h"

/* Several trainings by one form: how far a result is a matter of the seed is told by more than one. */

guint
dh_training_form_count_trainings (DhTrainingForm *self)
{
  const DhTrainingFieldInfo *info = dh_training_field_get_info (DH_TRAINING_TRAININGS);
  return (guint)CLAMP (self->numbers[DH_TRAINING_TRAININGS], info->least, info->most);
}

/* "ours" of "ours-s0", where 0 is the seed that the form has: the title of a job that is edited. */
static char *
dup_given_title (DhTrainingForm *self)
{
  const char *title = self->texts[DH_TRAINING_TITLE];
  g_autofree char *end = g_strdup_printf ("-s%.0f", self->numbers[DH_TRAINING_SEED]);
  const gboolean has_end = g_str_has_suffix (title, end) && !g_str_equal (title, end);
  return g_strndup (title, strlen (title) - (has_end ? strlen (end) : 0));
}

DhTrainingForm *
dh_training_form_dup_training (DhTrainingForm *self, guint i)
{
  g_autofree char *text = dh_training_form_to_text (self);
  DhTrainingForm *own = dh_training_form_new ();
  if (!dh_training_form_read_text (own, text, NULL) || dh_training_form_count_trainings (self) < 2)
    return own;
  const double seed = self->numbers[DH_TRAINING_SEED] + i;
  dh_training_form_set_number (own, DH_TRAINING_SEED, seed);
  dh_training_form_set_number (own, DH_TRAINING_TRAININGS, 1);
  if (*self->texts[DH_TRAINING_TITLE] == '\0')
    return own;
  g_autofree char *given = dup_given_title (self);
  g_autofree char *title = g_strdup_printf ("%s-s%.0f", given, seed);
  dh_training_form_set_text (own, DH_TRAINING_TITLE, title);
  return own;
}

char *
dh_training_form_dup_seeds (DhTrainingForm *self)
{
  const guint n = dh_training_form_count_trainings (self);
  const double first = self->numbers[DH_TRAINING_SEED];
  if (n < 2)
    return NULL;
  if (n > 4)
    return g_strdup_printf (_ ("seeds %.0f to %.0f"), first, first + n - 1);
  g_autoptr (GString) list = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (list, "%s%.0f", i > 0 ? ", " : "", first + i);
  return g_strdup_printf (_ ("seeds %s"), list->str);
}

gboolean
dh_training_form_differs_in_seed (DhTrainingForm *self, DhTrainingForm *other)
{
  static const DhTrainingField texts[] = { DH_TRAINING_DATA, DH_TRAINING_NEGATIVES, DH_TRAINING_INIT,
                                           DH_TRAINING_PRECISION };
  g_autoptr (DhRecipe) own = dh_training_form_dup_recipe (self), that = dh_training_form_dup_recipe (other);
  g_autofree char *recipe = dh_recipe_to_json (own), *other_recipe = dh_recipe_to_json (that);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (dh_training_form_is_used (self, texts[i]) && !g_str_equal (self->texts[texts[i]], other->texts[texts[i]]))
      return FALSE;
  return g_str_equal (recipe, other_recipe) && self->numbers[DH_TRAINING_SEED] != other->numbers[DH_TRAINING_SEED]
         && self->numbers[DH_TRAINING_VALIDATION_IMAGES] == other->numbers[DH_TRAINING_VALIDATION_IMAGES];
}

char *
dh_training_form_dup_seeds_problem (DhTrainingForm *self)
{
  const double most = dh_training_field_get_info (DH_TRAINING_SEED)->most;
  return self->numbers[DH_TRAINING_SEED] + dh_training_form_count_trainings (self) - 1 > most
             ? g_strdup_printf (_ ("The last seed must not be above %.0f"), most)
             : NULL;
}
