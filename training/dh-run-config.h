#pragma once
#include "dh-device.h"
#include "dh-recipe.h"

G_BEGIN_DECLS

/* What decides a run beside its seed's chance: config.json of its folder. Paths are absolute. */
typedef struct
{
  DhRecipe *recipe;
  char *data_root, *negative_root, *init; /* the latter two may be NULL */
  char *device;                           /* as it was opened: "cpu" */
  guint threads;
  DhPrecision precision; /* f32 in a run of an older program */
  guint64 seed;
  guint validation_images;
  guint64 checkpoint_steps;
  char *pictures; /* SHA-256 over the names of all pictures used; NULL in a run of an older program */
  char *files;    /* and over the sizes of their files; NULL likewise */
  char *program;  /* version that began it; NULL: unknown */
} DhRunConfig;

void dh_run_config_free (DhRunConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunConfig, dh_run_config_free)

/* Errors: DH_ERROR_IO; DH_ERROR_NOT_FOUND, DH_ERROR_INVALID. */
gboolean dh_run_config_write (const DhRunConfig *config, const char *folder, GError **error);
DhRunConfig *dh_run_config_read (const char *folder, GError **error);

G_END_DECLS
