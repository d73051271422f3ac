#pragma once
#include "dh-recipe.h"

/* What the tests of trainings share: generated scenes in a temporary folder, and the recipe of a tiny ladder. */
extern char *tiny_folder, *tiny_scenes, *tiny_negatives;
/* Makes the folder and the scenes in it; before any test. */
void tiny_begin (int *argc, char ***argv);
/* Runs the tests and takes the folder away; the status to return from main(). */
int tiny_end (void);

/* Two epochs of so many steps; free with g_free. */
char *tiny_recipe_json (guint steps);
DhRecipe *tiny_recipe (guint steps);

/* A file of a run under the folder; free with g_free. */
char *tiny_path (const char *run, const char *file);
/* Goes on with it; `device` NULL: as it was. */
gboolean tiny_resume (const char *run, const char *device, GError **error);

/* Adds the part of a step's event that must repeat to `steps`; FALSE where the line is another event. */
gboolean tiny_keep_step (const char *line, GPtrArray *steps);
void tiny_assert_same_steps (GPtrArray *a, GPtrArray *b);
/* Of two runs under the folder, byte by byte; `files` ends with NULL. */
void tiny_assert_same_files (const char *a, const char *b, const char *const *files);
