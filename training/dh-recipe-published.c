#include <string.h>

#include "dh-recipe-private.h"

static const char *const names[] = { "dlv3-cityscapes", "ldn-semseg", "ldn-streethazards", NULL };

static const DhRecipe published[] = {
  { .architecture = (char *)"dlv3p_wrn38",
    .dataset = (char *)"cityscapes",
    .classes = 19,
    .negatives = TRUE,
    .batch = 12,
    .crop = 512,
    .epochs = 10,
    .rate = 1e-6,
    .rate_min = 1e-6,
    .backbone = 1,
    .fill = { 73, 83, 72 },
    .keep_short = TRUE,
    .negative_crop = 192,
    .negative_scale = { 0.5, 2 } },
  { .architecture = (char *)"ldn121-closed",
    .dataset = (char *)"street-hazards-full",
    .classes = 12,
    .batch = 16,
    .crop = 768,
    .epochs = 120,
    .rate = 4e-4,
    .rate_min = 1e-7,
    .backbone = 0.25,
    .fill = { 84, 88, 95 },
    .negative_crop = 384,
    .negative_scale = { 1, 1 } },
  { .architecture = (char *)"ldn121",
    .dataset = (char *)"street-hazards-full",
    .classes = 12,
    .negatives = TRUE,
    .batch = 12,
    .crop = 768,
    .epochs = 40,
    .rate = 1e-5,
    .rate_min = 1e-7,
    .backbone = 0.25,
    .fill = { 84, 88, 95 },
    .negative_crop = 384,
    .negative_scale = { 1, 1 } },
};

const char *const *
dh_recipe_names (void)
{
  return names;
}

DhRecipe *
dh_recipe_new_published (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (published); i++)
    if (g_str_equal (names[i], name))
      {
        /* What all three have in common is what any recipe begins with. */
        g_autoptr (DhRecipe) base = dh_recipe_new ();
        DhRecipe *recipe = dh_recipe_copy (&published[i]);
        g_free (recipe->name);
        recipe->name = g_strdup (name);
        recipe->selection = g_strdup ("miou");
        recipe->accumulation = base->accumulation;
        recipe->beta = base->beta;
        memcpy (recipe->scale, base->scale, sizeof recipe->scale);
        recipe->negative_side = base->negative_side;
        recipe->validation_pastes = base->validation_pastes;
        recipe->keep = base->keep;
        recipe->checkpoint_seconds = base->checkpoint_seconds;
        return recipe;
      }
  return NULL;
}
