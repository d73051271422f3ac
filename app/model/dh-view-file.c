#include "dh-view-file.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-error.h"
#include "dh-file.h"
#include "dh-session-private.h"

#define HEAD "DenseHybrid view"
#define THRESHOLDS "thresholds"
#define VERSION 1
/* Far more than a view takes. */
#define LARGEST (1u << 20)

gboolean
dh_view_file_save (DhSession *self, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_key_file_set_integer (file, HEAD, "version", VERSION);
  dh_view_store (self->view, file);
  g_key_file_set_string (file, THRESHOLDS, "active", dh_score_id (self->active));
  if (self->model != NULL)
    {
      g_key_file_set_string (file, THRESHOLDS, "weights", self->model->sha256);
      g_key_file_set_string (file, THRESHOLDS, "network", self->model->title);
    }
  for (guint i = 0; i < DH_N_SCORES && self->model != NULL; i++)
    if (isfinite (self->thresholds[i].value))
      {
        g_autofree char *text = dh_threshold_to_string (&self->thresholds[i]);
        g_key_file_set_string (file, THRESHOLDS, dh_score_id (i), text);
      }
  gsize length;
  g_autofree char *text = g_key_file_to_data (file, &length, NULL);
  return dh_file_write (path, text, length, error);
}

static gboolean
is_view (GKeyFile *file, const char *path, GError **error)
{
  const gint version = g_key_file_get_integer (file, HEAD, "version", NULL);
  if (version < 1)
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, _ ("%s is no saved view"), path);
  else if (version > VERSION)
    g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, _ ("%s was written by a newer version of this program"), path);
  return version >= 1 && version <= VERSION;
}

static void
take_thresholds (DhSession *self, GKeyFile *file, char **note)
{
  g_autofree char *active = g_key_file_get_string (file, THRESHOLDS, "active", NULL);
  g_autofree char *weights = g_key_file_get_string (file, THRESHOLDS, "weights", NULL);
  g_autofree char *network = g_key_file_get_string (file, THRESHOLDS, "network", NULL);
  DhScore score;
  if (active != NULL && dh_score_from_id (active, &score))
    dh_session_set_active_score (self, score);
  const gboolean same = self->model != NULL && g_strcmp0 (self->model->sha256, weights) == 0;
  guint n_left = 0;
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      DhThreshold record = { .value = NAN };
      g_autofree char *text = g_key_file_get_string (file, THRESHOLDS, dh_score_id (i), NULL);
      if (!dh_threshold_from_string (text, &record))
        continue;
      if (same)
        dh_session_take_threshold (self, i, &record);
      n_left += !same;
      dh_threshold_clear (&record);
    }
  if (n_left > 0)
    *note = g_strdup_printf (_ ("Its thresholds were left out: they were set with other weights, %s"),
                             network != NULL ? network : "—");
}

gboolean
dh_view_file_open (DhSession *self, const char *path, char **note, GError **error)
{
  *note = NULL;
  g_autoptr (GBytes) bytes = dh_file_read (path, LARGEST, error);
  if (bytes == NULL)
    return FALSE;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  /* An empty file has no bytes at all. */
  g_key_file_load_from_data (file, data != NULL ? data : "", length, G_KEY_FILE_NONE, NULL);
  if (!is_view (file, path, error))
    return FALSE;
  take_thresholds (self, file, note);
  dh_view_take (self->view, file);
  dh_session_settle_kept_map (self);
  return TRUE;
}

void
dh_view_file_show (DhSession *self, const char *path)
{
  g_autofree char *note = NULL, *name = g_filename_display_basename (path);
  g_autoptr (GError) error = NULL;
  if (!dh_view_file_open (self, path, &note, &error))
    dh_session_complain (self, _ ("The view could not be opened"), error->message);
  else if (note != NULL)
    dh_session_say (self, note);
  else
    {
      g_autofree char *text = g_strdup_printf (_ ("The view %s is shown"), name);
      dh_session_say (self, text);
    }
}
