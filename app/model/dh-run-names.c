#include <glib/gi18n.h>
#include "dh-run-names-private.h"
#include "dh-run-state.h"
#include "dh-session-private.h"

char *
dh_run_names_dup_data (const DhRunRow *run)
{
  const char *root = run->dataset_root;
  if (root != NULL && dh_session_id_of_root (root) != root)
    {
      DhDegradation degradation = { 0 };
      const char *text = dh_fingerprint_get_degradation (run->dataset_fingerprint);
      if (text == NULL || !dh_degradation_from_text (text, &degradation))
        return g_strdup (_ ("Demo scenes"));
      g_autofree char *title = dh_degradation_dup_title (degradation);
      return g_strconcat (_ ("Demo scenes"), " · ", title, NULL);
    }
  return g_strdup (run->dataset_title);
}

char *
dh_run_names_dup_model (const DhRunRow *run)
{
  char *weights = dh_run_row_dup_weights (run);
  if (weights != NULL)
    return weights;
  /* What is in no file came with the program. */
  return g_strdup (run->method == NULL ? _ ("Demo network") : run->model_title);
}
