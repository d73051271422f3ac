#include "dh-training-form-private.h"
#include "dh-training-job-private.h"

/* What a training is called in the list and on the disk, beside those that are there. */

char *
dh_training_choose_folder (GHashTable *taken, DhTrainingForm *form)
{
  g_autofree char *runs = g_canonicalize_filename (form->texts[DH_TRAINING_RUNS], NULL);
  g_autofree char *name = dh_training_form_dup_folder_name (form);
  for (guint i = 1;; i++)
    {
      g_autofree char *candidate = i == 1 ? g_strdup (name) : g_strdup_printf ("%s-%u", name, i);
      g_autofree char *folder = g_build_filename (runs, candidate, NULL);
      if (!g_hash_table_contains (taken, folder) && !g_file_test (folder, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&folder);
    }
}

static gboolean
has_title (GListModel *jobs, const char *title)
{
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (DhTrainingJob) job = g_list_model_get_item (jobs, i);
      if (g_str_equal (dh_training_job_get_title (job), title))
        return TRUE;
    }
  return FALSE;
}

char *
dh_training_choose_title (GListModel *jobs, DhTrainingForm *form)
{
  char *title = dh_training_form_dup_title (form);
  if (*form->texts[DH_TRAINING_TITLE] != '\0')
    return title;
  g_autofree char *first = g_strdup (title);
  for (guint i = 2; has_title (jobs, title); i++)
    {
      g_free (title);
      title = g_strdup_printf ("%s (%u)", first, i);
    }
  return title;
}
