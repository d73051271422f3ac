#include "dh-map-owner.h"

#include <math.h>
#include <string.h>

#include "dh-dataset.h"
#include "dh-file-part.h"
#include "dh-file.h"
#include "dh-numbers-folder-private.h"

#define MOST_BYTES 4096
#define OTHERS "\nbeside "

char *
dh_map_owner_new (const DhRunRow *run, const char *others)
{
  /* What is not measured is in the maps all the same. */
  const char *seen = dh_fingerprint_get_seen (run->dataset_fingerprint);
  g_autofree char *degraded = dh_degradation_to_text (dh_seen_get_degradation (seen));
  return g_strdup_printf ("weights %s\nscore %s\nprecision %s\ndevice %s%s%s" OTHERS "%s\n", run->model_sha256,
                          run->score, run->precision, run->device, degraded ? "\ndegraded " : "",
                          degraded ? degraded : "", others ? others : "");
}

static char *
path_of (const char *folder)
{
  return g_build_filename (folder, "eval", "owner.txt", NULL);
}

char *
dh_map_owner_read (const char *folder)
{
  g_autofree char *path = path_of (folder);
  g_autoptr (GBytes) bytes = dh_file_read (path, MOST_BYTES, NULL);
  gsize size = 0;
  const char *text = bytes ? g_bytes_get_data (bytes, &size) : NULL;
  return text ? g_strndup (text, size) : NULL;
}

char *
dh_map_owner_read_others (const char *folder)
{
  g_autofree char *owner = dh_map_owner_read (folder);
  const char *others = owner ? strstr (owner, OTHERS) : NULL;
  return others ? g_strchomp (g_strdup (others + strlen (OTHERS))) : NULL;
}

gboolean
dh_map_owner_is (const char *folder, const char *owner)
{
  g_autofree char *there = dh_map_owner_read (folder);
  return !there || g_str_equal (there, owner);
}

gboolean
dh_map_owner_made_scores (const char *folder, const char *owner)
{
  g_autofree char *there = dh_map_owner_read (folder);
  const char *end = strstr (owner, OTHERS);
  return !there || !end || strncmp (there, owner, (gsize)(end - owner) + strlen (OTHERS)) == 0;
}

gboolean
dh_map_owner_measured (const DhRunImageRow *row, const float *scores)
{
  const gsize n = (gsize)row->width * (gsize)row->height;
  double sum = 0, most = -INFINITY;
  gsize finite = 0;
  if (!isfinite (row->max_score) || !isfinite (row->mean_score))
    return TRUE;
  for (gsize i = 0; i < n; i++)
    if (isfinite (scores[i]))
      {
        sum += scores[i];
        most = MAX (most, scores[i]);
        finite++;
      }
  /* Another build may add up in another order. */
  return finite > 0 && most == row->max_score
         && fabs (sum / (double)finite - row->mean_score) <= 1e-9 * (1 + fabs (row->mean_score));
}

static gboolean
is_ours (const char *name, gpointer data)
{
  return g_str_has_suffix (name, ".npy") || dh_numbers_folder_has (name) || g_str_equal (name, "owner.txt");
}

gboolean
dh_map_owner_take (const char *folder, const char *owner, GError **error)
{
  g_autofree char *path = path_of (folder), *parent = g_path_get_dirname (path);
  dh_file_remove_parts (parent, TRUE, is_ours, NULL);
  if (!dh_map_owner_made_scores (folder, owner))
    dh_numbers_folder_clear (folder);
  return dh_folder_make (parent, error) && dh_file_write (path, owner, strlen (owner), error);
}
