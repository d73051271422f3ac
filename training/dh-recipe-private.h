#pragma once
#include "dh-recipe.h"

G_BEGIN_DECLS

/* What a recipe is where nothing else is said. */
G_GNUC_INTERNAL DhRecipe *dh_recipe_new (void);
/* A published one; NULL where there is none of that name. */
G_GNUC_INTERNAL DhRecipe *dh_recipe_new_published (const char *name);

G_END_DECLS
