#include "cli-find.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli-find-kept.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-finds-write.h"

void
dh_cli_find_clear (DhCliFind *find)
{
  dh_report_threshold_clear (&find->threshold);
  g_clear_pointer (&find->finds, dh_finds_free);
  g_clear_pointer (&find->region, dh_region_unref);
  g_clear_pointer (&find->ignored, g_free);
  g_clear_pointer (&find->same, g_free);
  g_clear_pointer (&find->searched, g_checksum_free);
  g_clear_pointer (&find->made_by, g_strfreev);
}

/* The region in an image like this; TRUE with NULL where there is none. */
static gboolean
fit_region (DhCliFind *find, const DhCliShot *shot, GError **error)
{
  const guint width = shot->image->width, height = shot->image->height;
  if (!find->region || (find->ignored && find->width == width && find->height == height))
    return TRUE;
  if (!dh_region_fits (find->region, width, height, shot->line, error))
    return FALSE;
  g_free (find->ignored);
  find->ignored = g_try_malloc0 ((gsize)width * height);
  find->width = width;
  find->height = height;
  if (find->ignored)
    dh_region_apply (find->region, find->ignored, width, height, 1);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for %s", shot->line);
  return find->ignored != NULL;
}

static gboolean
leave_out (DhCliFind *find, const DhFindSource *source, const char *why, GError **error)
{
  dh_cli_note (find->cli, "left out: %s", why);
  find->left_out++;
  return dh_finds_add (find->finds, source, NULL, NULL, error);
}

/* Its map may be of another size than the image by now. */
static gboolean
check_size (const DhCliFind *find, const DhCliShot *shot, GError **error)
{
  const DhTensor *scores = shot->maps[find->score];
  if (scores->dims[0] == shot->image->height && scores->dims[1] == shot->image->width)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: its map has another size than the image", shot->line);
  return FALSE;
}

static gboolean
search (DhCliFind *find, const DhCliShot *shot, GError **error)
{
  const DhFindSource source = { shot->name, shot->path, shot->moment.number, shot->name ? NAN : shot->moment.time };
  if (!shot->image)
    return leave_out (find, &source, shot->why, error);
  const DhTensor *classes = shot->maps[DH_MAP_SEGMENTATION];
  if (!check_size (find, shot, error) || !fit_region (find, shot, error))
    return FALSE;
  g_autoptr (DhFindings) findings =
      dh_findings_new (dh_tensor_f32 (shot->maps[find->score]), classes ? dh_tensor_data ((DhTensor *)classes) : NULL,
                       find->ignored, shot->image->width, shot->image->height, &find->finding, error);
  if (!findings || !dh_finds_add (find->finds, &source, shot->image, findings, error))
    return FALSE;
  find->images++;
  return TRUE;
}

/* A disk that is full may have room again before it is done. */
static void
keep (DhCliFind *find)
{
  g_autoptr (GError) why = NULL;
  if (dh_cli_find_keep (find, &why) || find->told_full)
    return;
  dh_cli_note (find->cli, "what is found cannot be kept meanwhile: %s", why->message);
  find->told_full = TRUE;
}

static gboolean
look_at (DhCliShot *shot, gpointer data, GCancellable *cancellable, GError **error)
{
  DhCliFind *find = data;
  if (!search (find, shot, error))
    return FALSE;
  find->used++;
  dh_cli_find_add_file (find, shot->path);
  if (dh_cli_find_should_keep (find))
    keep (find);
  return TRUE;
}

static void
add_fact (GPtrArray *facts, const char *name, char *value)
{
  g_ptr_array_add (facts, g_strdup (name));
  g_ptr_array_add (facts, value);
}

/* Pairs for the page's end, NULL-terminated. */
static char **
list_facts (const DhCliFind *find, const GError *ended)
{
  GPtrArray *facts = g_ptr_array_new ();
  g_autofree char *chosen = dh_report_threshold_chosen (&find->threshold);
  add_fact (facts, "searched", g_filename_display_name (find->in));
  add_fact (facts, "images",
            ended ? g_strdup_printf ("%u, and there are more: %s", find->images, ended->message)
                  : g_strdup_printf ("%u", find->images));
  if (find->left_out > 0)
    add_fact (facts, "left out, not readable", g_strdup_printf ("%u", find->left_out));
  for (guint i = 0; find->made_by[i]; i += 2)
    add_fact (facts, find->made_by[i], g_strdup (find->made_by[i + 1]));
  add_fact (facts, "threshold",
            g_strdup_printf ("%s %s %g (%s)", find->score_name, find->finding.low ? "below" : "above",
                             find->threshold.value, chosen));
  add_fact (facts, "smallest region", g_strdup_printf ("%" G_GUINT64_FORMAT " pixels", find->finding.min_area));
  if (find->region)
    add_fact (facts, "not looked at", dh_region_id_dup_title (dh_region_id (find->region)));
  if (find->options.follow)
    add_fact (facts, "images follow one another",
              find->options.min_images > 1
                  ? g_strdup_printf ("yes; what is found in fewer than %u is left out", find->options.min_images)
                  : g_strdup ("yes"));
  add_fact (facts, "order", g_strdup (dh_find_order_name (find->options.order)));
  g_ptr_array_add (facts, NULL);
  return (char **)g_ptr_array_free (facts, FALSE);
}

static void
add_source (JsonBuilder *json, const char *name, const DhFindSource *source)
{
  json_builder_set_member_name (json, name);
  json_builder_begin_object (json);
  if (source->name)
    dh_json_member_string (json, "image", source->name);
  if (source->path)
    dh_json_member_string (json, "file", source->path);
  if (!source->name)
    {
      dh_json_member_int (json, "frame", (gint64)source->number);
      dh_json_member_number (json, "time", source->time);
    }
  json_builder_end_object (json);
}

static void
print_json (const DhCliFind *find, const DhCliFindImages *images, double seconds, double network_seconds)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "folder", find->out);
  dh_json_member_int (json, "images", find->images);
  dh_json_member_int (json, "left_out", find->left_out);
  dh_json_member_number (json, "threshold", find->threshold.value);
  dh_json_member_boolean (json, "followed", find->options.follow);
  dh_json_member_int (json, "found", dh_finds_count (find->finds));
  if (images->folder)
    dh_json_member_int (json, "written_images", images->written);
  dh_json_member_number (json, "seconds", seconds);
  dh_json_member_number (json, "network_seconds", network_seconds);
  json_builder_set_member_name (json, "finds");
  json_builder_begin_array (json);
  for (guint i = 0; i < dh_finds_count (find->finds); i++)
    {
      const DhFind *one = dh_finds_get (find->finds, i);
      g_autofree char *class_name = dh_finds_dup_class (find->finds, &one->finding);
      json_builder_begin_object (json);
      add_source (json, "highest", one->source);
      add_source (json, "first", one->first);
      add_source (json, "last", one->last);
      dh_json_member_int (json, "images", one->n_images);
      dh_json_member_int (json, "x", one->finding.x);
      dh_json_member_int (json, "y", one->finding.y);
      dh_json_member_int (json, "width", one->finding.width);
      dh_json_member_int (json, "height", one->finding.height);
      dh_json_member_int (json, "area", (gint64)one->finding.area);
      dh_json_member_number (json, "mean", one->finding.mean);
      dh_json_member_number (json, "peak", one->finding.peak);
      dh_json_member_string (json, "class", class_name);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_end_object (json);
  dh_json_print (json);
}

/* Before anything is searched, which may take hours. */
static gboolean
make_folder (const char *folder, GError **error)
{
  if (!dh_folder_make (folder, error))
    return FALSE;
  if (g_access (folder, W_OK) == 0)
    return TRUE;
  const int why = errno;
  g_autofree char *shown = g_filename_display_name (folder);
  g_set_error (error, DH_ERROR, DH_ERROR_IO, "nothing can be written into %s: %s", shown, g_strerror (why));
  return FALSE;
}

/* Whether an earlier search wrote its pages here, and left nothing to go on with. */
static gboolean
has_pages (const char *folder)
{
  g_autofree char *table = g_build_filename (folder, "found.csv", NULL);
  return g_file_test (table, G_FILE_TEST_EXISTS) && !dh_cli_find_is_kept (folder);
}

/* All that comes behind the choice of what and how. */
int
dh_cli_find_run (DhCliFind *find, DhCliFlow *flow, DhCliFindImages *images)
{
  DhCli *cli = find->cli;
  g_autoptr (GError) error = NULL;
  const gint64 before = g_get_monotonic_time ();
  const gboolean fresh = !g_file_test (find->out, G_FILE_TEST_EXISTS);
  if (!make_folder (find->out, &error))
    return dh_cli_fail (cli, &error);
  if (has_pages (find->out))
    dh_cli_note (cli, "%s holds what an earlier search found: that is replaced", find->out);
  if (!dh_cli_find_take_up (find, flow->shots, &error))
    return dh_cli_fail (cli, &error);
  if (find->used > 0)
    dh_cli_note (cli, "goes on behind the first %" G_GUINT64_FORMAT " images, which were searched before", find->used);
  dh_cli_shots_skip (flow->shots, find->used);
  flow->before = find->used;
  find->began = find->kept_at = g_get_monotonic_time ();
  const gboolean done = dh_cli_flow_run (cli, flow, look_at, find, &error);
  dh_cli_progress_end (cli);
  if (!done && find->images == 0)
    {
      if (fresh)
        g_rmdir (find->out);
      return dh_cli_fail (cli, &error);
    }
  if (!done || images->folder || find->kept)
    keep (find);
  dh_finds_finish (find->finds);
  g_auto (GStrv) facts = list_facts (find, error);
  g_autoptr (GError) why = NULL;
  images->finds = find->finds;
  images->most = find->options.most;
  const gboolean written = dh_finds_write (find->finds, find->out, facts, &why)
                           && (!images->folder || !done || dh_cli_find_images_write (cli, images, &why));
  dh_cli_progress_end (cli);
  if (!written)
    return dh_cli_fail (cli, &why);
  if (done)
    dh_cli_find_drop (find);
  const double seconds = (double)(g_get_monotonic_time () - before) / G_USEC_PER_SEC;
  const char *damage = dh_cli_shots_complaint (flow->shots);
  if (damage)
    dh_cli_note (cli, "%s may be damaged: %s", find->in, damage);
  if (images->lost > 0)
    dh_cli_note (cli, "%u %s not be written: gone, or not met again", images->lost,
                 images->lost == 1 ? "image could" : "images could");
  if (!done)
    dh_cli_note (cli, "what was found in the first %u images is in %s; the same again goes on from there", find->images,
                 find->out);
  if (cli->json)
    print_json (find, images, seconds, flow->network_seconds);
  else if (!cli->quiet)
    printf ("%u found in %u image%s, in %s\n", dh_finds_count (find->finds), find->images, find->images == 1 ? "" : "s",
            find->out);
  if (!done)
    return dh_cli_fail (cli, &error);
  return find->left_out > 0 || images->lost > 0 ? DH_EXIT_FAILED : DH_EXIT_DONE;
}
