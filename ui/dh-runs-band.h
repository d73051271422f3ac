#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* The band over the Runs page: what begins a run at the left, what is done with those that are chosen at the right.
 * All act by the actions "win" and "runs". */
typedef struct
{
  GtkWidget *widget;
  /* buttons that the chosen runs show, hide or explain */
  GtkWidget *curves, *browse, *compare, *combine, *export, *remove;
} DhRunsBand;

void dh_runs_band_init (DhRunsBand *band);
/* Its buttons keep their icons alone where the width has no room for words. */
void dh_runs_band_fit (DhRunsBand *band, int width);
/* The button that imports another method's scores, for a page without a band. */
GtkWidget *dh_runs_band_new_import_button (void);

G_END_DECLS
