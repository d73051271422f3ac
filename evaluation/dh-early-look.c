#include "dh-early-look-private.h"

void
dh_early_look_init (DhEarlyLook *early, DhDataset *dataset, guint classes, const DhClassTable *table,
                    DhEvaluationWarning warning, gpointer data)
{
  const gboolean asked = warning && dh_dataset_degradation (dataset).severity == 0;
  *early = (DhEarlyLook){ asked ? dh_first_look_new (classes, table) : NULL, warning, data };
}

static void
tell (DhEarlyLook *early)
{
  g_autofree char *text = dh_first_look_dup_warning (early->look);
  if (text)
    early->warning (text, early->data);
  g_clear_pointer (&early->look, dh_first_look_free);
}

void
dh_early_look_add (DhEarlyLook *early, const DhRunPicture *picture)
{
  if (!early->look)
    return;
  dh_first_look_add (early->look, picture->maps, picture->classes);
  if (dh_first_look_images (early->look) == DH_FIRST_LOOK_IMAGES)
    tell (early);
}

void
dh_early_look_end (DhEarlyLook *early)
{
  if (early->look && dh_first_look_images (early->look) > 0)
    tell (early);
  g_clear_pointer (&early->look, dh_first_look_free);
}
