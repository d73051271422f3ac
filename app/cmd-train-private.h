#pragma once
#include "cli.h"
#include "dh-run-config.h"

G_BEGIN_DECLS

/* What the command line says of a run that it resumes; what it leaves out is the run's own. */
typedef struct
{
  const DhRecipe *recipe; /* the run's own, or another that was named, with what the options change */
  const char *init;       /* NULL: not given */
  gint64 seed, validation_images, checkpoint_steps; /* G_MININT64: not given */
} DhResumeOptions;

/* The option of a recipe's field, or what the field is called where it has none. Free with g_free. */
G_GNUC_INTERNAL char *dh_cmd_train_dup_option (const char *field);

/* A resumed run is exactly the old one: says with a usage error which option would make another of it. Options that
 * repeat what the run began with are none. TRUE where all is well; else *status is the exit status. */
G_GNUC_INTERNAL gboolean dh_cmd_train_check_resume (DhCli *cli, const DhRunConfig *config,
                                                    const DhResumeOptions *options, int *status);

G_END_DECLS
