#include "cli-find-kept.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dh-error.h"
#include "dh-file.h"

#define MAGIC "densehybrid find 2"
#define OFTEN ((gint64)30 * G_USEC_PER_SEC)
#define FIRST ((gint64)G_USEC_PER_SEC)
/* Times as long between two as one takes. */
#define SHARE 50

static char *
path_of (const char *folder)
{
  return g_build_filename (folder, DH_CLI_FIND_KEPT, NULL);
}

gboolean
dh_cli_find_is_kept (const char *folder)
{
  g_autofree char *path = path_of (folder);
  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* The first line of what it was that is not in what it is, "threshold: 3"; NULL where they are the same. */
static char *
find_difference (const char *was, const char *is)
{
  g_auto (GStrv) old = g_strsplit (was, "\n", -1), new = g_strsplit (is, "\n", -1);
  for (guint i = 0; old[i]; i++)
    if (*old[i] && !g_strv_contains ((const char *const *)new, old[i]))
      return g_steal_pointer (&old[i]);
  return g_str_equal (was, is) ? NULL : g_strdup ("fewer options");
}

void
dh_cli_find_add_file (DhCliFind *find, const char *path)
{
  struct stat info;
  gint64 facts[3] = { -1, -1, -1 };
  if (!path)
    return;
  if (stat (path, &info) == 0)
    {
      facts[0] = info.st_size;
      facts[1] = info.st_mtim.tv_sec;
      facts[2] = info.st_mtim.tv_nsec;
    }
  if (!find->searched)
    find->searched = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (find->searched, (const guchar *)facts, sizeof facts);
}

/* Of all that were added. */
static char *
dup_searched (const DhCliFind *find)
{
  if (!find->searched)
    return g_strdup ("");
  g_autoptr (GChecksum) sum = g_checksum_copy (find->searched);
  return g_strdup (g_checksum_get_string (sum));
}

/* FALSE where they are not as they were. */
static gboolean
add_files (DhCliFind *find, DhCliShots *shots, const char *was)
{
  for (guint64 i = 0; i < find->used && i < dh_cli_shots_count (shots); i++)
    dh_cli_find_add_file (find, dh_cli_shots_path (shots, i));
  g_autofree char *is = dup_searched (find);
  return g_str_equal (was, is);
}

static char *
unpack_text (DhUnpack *unpack)
{
  const gsize size = (gsize)dh_unpack_count (unpack, (guint64)(unpack->end - unpack->at));
  const guint8 *bytes = dh_unpack_bytes (unpack, size);
  return bytes ? g_strndup ((const char *)bytes, size) : NULL;
}

static gboolean
unpack_all (DhCliFind *find, DhUnpack *unpack)
{
  const guint64 used = dh_unpack_count (unpack, G_MAXUINT);
  const guint images = (guint)dh_unpack_count (unpack, used);
  g_autoptr (DhFinds) finds = dh_finds_unpack (&find->options, unpack);
  if (!finds || unpack->at != unpack->end)
    return FALSE;
  g_clear_pointer (&find->finds, dh_finds_free);
  find->finds = g_steal_pointer (&finds);
  find->used = used;
  find->images = images;
  find->left_out = (guint)used - images;
  find->kept = TRUE;
  return TRUE;
}

gboolean
dh_cli_find_take_up (DhCliFind *find, DhCliShots *shots, GError **error)
{
  g_autofree char *path = path_of (find->out);
  if (!dh_cli_find_is_kept (find->out))
    return TRUE;
  g_autoptr (GError) why = NULL;
  g_autoptr (GBytes) bytes = dh_file_read (path, DH_FILE_ANY_SIZE, &why);
  gsize size = 0;
  const guint8 *data = bytes ? g_bytes_get_data (bytes, &size) : NULL;
  DhUnpack unpack = { data, data ? data + size : NULL, FALSE };
  g_autofree char *same = bytes && dh_unpack_same_text (&unpack, MAGIC) ? unpack_text (&unpack) : NULL;
  g_autofree char *difference = same ? find_difference (same, find->same) : NULL;
  g_autofree char *shown = g_filename_display_name (path);
  g_autofree char *searched = same && !difference ? unpack_text (&unpack) : NULL;
  const gboolean taken = searched && unpack_all (find, &unpack);
  if (taken && !add_files (find, shots, searched))
    difference = g_strdup ("images that it searched were changed since");
  if (difference)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "%s is what another search has left unfinished (%s): name another --out, or remove it to begin anew",
                   shown, difference);
      return FALSE;
    }
  if (!taken)
    dh_cli_note (find->cli, "%s cannot be read, so the search begins anew%s%s", shown, why ? ": " : "",
                 why ? why->message : "");
  return TRUE;
}

gboolean
dh_cli_find_should_keep (const DhCliFind *find)
{
  const gint64 now = g_get_monotonic_time (), since = now - find->kept_at, all = now - find->began;
  return since >= MIN (OFTEN, FIRST + all / 10) && since >= SHARE * find->keeping;
}

static gboolean
write_bytes (gconstpointer bytes, gsize size, gpointer writer, GError **error)
{
  return dh_file_writer_write (writer, bytes, size, error);
}

gboolean
dh_cli_find_keep (DhCliFind *find, GError **error)
{
  const gint64 before = g_get_monotonic_time ();
  g_autofree char *path = path_of (find->out);
  g_autofree char *searched = dup_searched (find);
  g_autofree DhPack *pack = g_new (DhPack, 1);
  g_autoptr (DhFileWriter) writer = dh_file_writer_open (path, error);
  gboolean kept = FALSE;
  if (writer)
    {
      dh_pack_init (pack, write_bytes, writer);
      dh_pack_text (pack, MAGIC);
      dh_pack_text (pack, find->same);
      dh_pack_text (pack, searched);
      dh_pack_count (pack, find->used);
      dh_pack_count (pack, find->images);
      dh_finds_pack (find->finds, pack);
      kept = dh_pack_end (pack, error) && dh_file_writer_close (writer, error);
    }
  find->kept |= kept;
  find->kept_at = g_get_monotonic_time ();
  find->keeping = find->kept_at - before;
  return kept;
}

void
dh_cli_find_drop (DhCliFind *find)
{
  g_autofree char *path = path_of (find->out);
  g_unlink (path);
  find->kept = FALSE;
}
