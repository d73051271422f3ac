#include "dh-map-folder.h"

#include <stdlib.h>
#include <string.h>

#include "dh-error.h"
#include "dh-map-file.h"
#include "dh-scan-private.h"
#include "dh-text.h"

struct _DhMapFolder
{
  char *path;
  char **files; /* of each picture, or NULL */
  guint n, n_found, n_others;
};

/* A file that bears a picture's name: how well its folders agree with the picture's. */
typedef struct
{
  const char *file;  /* relative; NULL: none */
  const char *other; /* another that agrees as well */
  guint agreement;
} Claim;

typedef struct
{
  DhDataset *dataset;
  GHashTable *by_name;   /* a name in lower layers' bytes, also behind one and more of its folders → GArray of guint:
                            the pictures that bear it */
  GHashTable *by_number; /* of Fishyscapes' sets: the number before the name → index + 1 */
  Claim *claims;
  const char *unclear; /* a file that two pictures claim, and these */
  guint unclear_first, unclear_second, n_others;
} Search;

static const char *const suffixes[] = { "", "_hybrid", "_anomaly" };

static char *
last_part (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  return g_strndup (name, dh_path_stem_length (name));
}

static void
add_name (Search *search, const char *name, guint index)
{
  GArray *pictures = g_hash_table_lookup (search->by_name, name);
  if (!pictures)
    {
      pictures = g_array_new (FALSE, FALSE, sizeof (guint));
      g_hash_table_insert (search->by_name, g_strdup (name), pictures);
    }
  if (pictures->len == 0 || g_array_index (pictures, guint, pictures->len - 1) != index)
    g_array_append_val (pictures, index);
}

/* The name of a picture, and the same behind each of its folders: "x", "scene/x", "test/scene/x". */
static void
add_placed (Search *search, const char *name, guint index)
{
  g_autofree char *folder = g_path_get_dirname (dh_dataset_item (search->dataset, index)->stem);
  g_auto (GStrv) parts = g_strsplit (folder, "/", -1);
  g_autoptr (GString) placed = g_string_new (name);
  add_name (search, name, index);
  for (guint n = g_strv_length (parts); n > 0 && !g_str_equal (parts[n - 1], "."); n--)
    {
      g_string_prepend_c (placed, '/');
      g_string_prepend (placed, parts[n - 1]);
      add_name (search, placed->str, index);
    }
}

/* A stem is no file: it ends where it ends. */
static const char *
stem_name (const DhDatasetItem *item)
{
  const char *slash = strrchr (item->stem, '/');
  return slash ? slash + 1 : item->stem;
}

static char *
without (char *name, const char *suffix)
{
  if (g_str_has_suffix (name, suffix) && strlen (name) > strlen (suffix))
    name[strlen (name) - strlen (suffix)] = '\0';
  return name;
}

static void
add_names (Search *search, guint index)
{
  const DhDatasetItem *item = dh_dataset_item (search->dataset, index);
  g_autofree char *flat = g_strdelimit (g_strdup (item->stem), "/", '_');
  g_autofree char *picture = last_part (item->image), *safe = dh_text_escape (picture, FALSE);
  g_autofree char *label = item->label ? without (without (last_part (item->label), "_labels"), "_semantic") : NULL;
  const char *names[] = { stem_name (item), item->id, flat, picture, safe, label };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i])
      add_placed (search, names[i], index);
  const DhDatasetKind kind = dh_dataset_kind (search->dataset);
  const char *name = label ? label : stem_name (item);
  const gsize digits = strspn (name, "0123456789");
  if ((kind == DH_DATASET_LF || kind == DH_DATASET_STATIC) && digits > 0 && name[digits] == '_')
    g_hash_table_insert (search->by_number, GUINT_TO_POINTER ((guint)strtoul (name, NULL, 10)),
                         GUINT_TO_POINTER (index + 1));
}

/* Folders count from the name upwards while they are the same; one that names the picture's group (t5, AnomalyTrack as
 * AnomalyTrack-all, dataset_AnomalyTrack) tells less. */
static guint
agreement_of (const char *file, const DhDatasetItem *item)
{
  g_autofree char *there = g_path_get_dirname (file), *own = g_path_get_dirname (item->stem);
  g_auto (GStrv) a = g_strsplit (there, "/", -1), b = g_strsplit (own, "/", -1);
  guint n = g_strv_length (a), m = g_strv_length (b), same = 0;
  while (n > 0 && m > 0 && !g_str_equal (a[n - 1], ".") && g_str_equal (a[--n], b[--m]))
    same++;
  gboolean group = FALSE;
  for (guint i = 0; *item->group && a[i]; i++)
    {
      const char *name = g_str_has_prefix (a[i], "dataset_") ? a[i] + strlen ("dataset_") : a[i];
      const gsize length = strlen (item->group);
      group = group || (strncmp (name, item->group, length) == 0 && (name[length] == '\0' || name[length] == '-'));
    }
  return 2 * same + group;
}

/* Of pictures that bear one name, as the frames of many scenes do, those that agree with the file in most folders. */
static GArray *
nearest_of (Search *search, const char *file, const char *name, GArray *pictures)
{
  g_autofree char *folder = g_path_get_dirname (file);
  g_auto (GStrv) parts = g_strsplit (folder, "/", -1);
  g_autoptr (GString) placed = g_string_new (name);
  for (guint n = g_strv_length (parts); n > 0 && pictures->len > 1; n--)
    {
      g_string_prepend_c (placed, '/');
      g_string_prepend (placed, parts[n - 1]);
      GArray *nearer = g_hash_table_lookup (search->by_name, placed->str);
      if (!nearer)
        break;
      pictures = nearer;
    }
  return g_array_ref (pictures);
}

/* The pictures that the file's name is of: as it stands, then without what layouts append to it. */
static GArray *
pictures_of (Search *search, const char *file)
{
  g_autofree char *whole = last_part (file);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *plain = without (g_strdup (whole), suffixes[i]);
      if (*suffixes[i] && g_str_equal (plain, whole))
        continue;
      GArray *pictures = g_hash_table_lookup (search->by_name, plain);
      const char *name = plain, *behind = plain + strspn (plain, "0123456789");
      if (!pictures && behind > plain && *behind == '_')
        pictures = g_hash_table_lookup (search->by_name, name = behind + 1);
      if (pictures)
        return nearest_of (search, file, name, pictures);
    }
  GArray *one = g_array_new (FALSE, FALSE, sizeof (guint));
  const gpointer number = GUINT_TO_POINTER ((guint)strtoul (whole, NULL, 10));
  const guint index = g_str_has_suffix (whole, "_anomaly") && g_ascii_isdigit (*whole)
                          ? GPOINTER_TO_UINT (g_hash_table_lookup (search->by_number, number))
                          : 0;
  if (index > 0)
    g_array_append_vals (one, (const guint[]){ index - 1 }, 1);
  return one;
}

static void
claim (Search *search, const char *file)
{
  g_autoptr (GArray) pictures = pictures_of (search, file);
  guint best = 0, n_best = 0, first = 0, second = 0;
  for (guint i = 0; i < pictures->len; i++)
    {
      const guint index = g_array_index (pictures, guint, i);
      const guint agreement = agreement_of (file, dh_dataset_item (search->dataset, index));
      if (n_best > 0 && agreement < best)
        continue;
      n_best = n_best > 0 && agreement == best ? n_best + 1 : 1;
      second = n_best > 1 ? index : second;
      first = n_best > 1 ? first : index;
      best = agreement;
    }
  search->n_others += n_best == 0;
  if (n_best > 1 && !search->unclear)
    {
      search->unclear = file;
      search->unclear_first = first;
      search->unclear_second = second;
    }
  if (n_best != 1)
    return;
  Claim *claim = &search->claims[first];
  if (claim->file && claim->agreement > best)
    return;
  claim->other = claim->file && claim->agreement == best ? claim->file : NULL;
  claim->file = file;
  claim->agreement = best;
}

char *
dh_map_folder_sought (DhDataset *dataset, guint index)
{
  const char *name = stem_name (dh_dataset_item (dataset, index));
  return g_strdup_printf ("%s.npy, %s_hybrid.npy, %s_anomaly.npy, %s.npz, %s.hdf5", name, name, name, name, name);
}

/* What is there, a few of it. */
static char *
list_files (const GPtrArray *files)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < MIN (files->len, 3); i++)
    {
      g_autofree char *name = g_filename_display_name (files->pdata[i]);
      g_string_append_printf (text, "%s%s", i ? ", " : "", name);
    }
  if (files->len > 3)
    g_string_append_printf (text, " and %u more", files->len - 3);
  return g_string_free (text, FALSE);
}

static void
say_nothing_found (const char *path, DhDataset *dataset, const GPtrArray *files, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path), *sought = dh_map_folder_sought (dataset, 0);
  g_autofree char *there = list_files (files);
  if (files->len == 0)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "%s: holds no score map (.npy, .npz or .hdf5); for the data set's first image, %s was sought", shown,
                 sought);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "%s: no file bears the name of an image of this data set; for the first image, %s was sought, and "
                 "there is %s",
                 shown, sought, there);
}

static gboolean
is_clear (const char *path, const Search *search, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  guint n = 0, first = 0;
  for (guint i = dh_dataset_size (search->dataset); i-- > 0;)
    if (search->claims[i].other)
      {
        n++;
        first = i;
      }
  if (n > 0)
    {
      g_autofree char *more = n > 1 ? g_strdup_printf (" (and so of %u more)", n - 1) : g_strdup ("");
      g_set_error (
          error, DH_ERROR, DH_ERROR_MISMATCH,
          "%s: two files could be the score map of %s: %s and %s%s; name the folder of one method, or leave one "
          "of them",
          shown, dh_dataset_item (search->dataset, first)->stem, search->claims[first].other,
          search->claims[first].file, more);
      return FALSE;
    }
  if (!search->unclear)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "%s: %s could be the score map of %s or of %s; keep the maps in folders named like the images'", shown,
               search->unclear, dh_dataset_item (search->dataset, search->unclear_first)->stem,
               dh_dataset_item (search->dataset, search->unclear_second)->stem);
  return FALSE;
}

/* Whether a relative path lies in a folder that is not looked into. */
static gboolean
is_excepted (const char *root, const char *file, const char *except)
{
  g_autofree char *path = g_build_filename (root, file, NULL), *full = g_canonicalize_filename (path, NULL);
  const gsize length = except ? strlen (except) : 0;
  return except && strncmp (full, except, length) == 0 && full[length] == '/';
}

static GPtrArray *
list_maps (const DhScan *scan, const char *root, const char *except)
{
  g_autofree char *out = except ? g_canonicalize_filename (except, NULL) : NULL;
  GPtrArray *files = g_ptr_array_new ();
  for (guint i = 0; i < scan->files->len; i++)
    if (!is_excepted (root, scan->files->pdata[i], out))
      g_ptr_array_add (files, scan->files->pdata[i]);
  return files;
}

DhMapFolder *
dh_map_folder_open (const char *path, DhDataset *dataset, const char *except, GCancellable *cancellable,
                    const DhProgress *progress, GError **error)
{
  g_return_val_if_fail (path != NULL && dataset != NULL && dh_dataset_size (dataset) > 0, NULL);
  g_autofree char *scores = g_build_filename (path, "eval", "scores", NULL);
  const char *root = g_file_test (scores, G_FILE_TEST_IS_DIR) ? scores : path;
  g_autoptr (DhScan) scan = dh_scan_new (root, dh_map_file_is, cancellable, progress, error);
  if (!scan)
    return NULL;
  g_autoptr (GPtrArray) files = list_maps (scan, root, except);
  g_autoptr (DhMapFolder) folder = g_new0 (DhMapFolder, 1);
  folder->path = g_strdup (path);
  folder->n = dh_dataset_size (dataset);
  folder->files = g_new0 (char *, folder->n);
  Search search = { .dataset = dataset, .claims = g_new0 (Claim, folder->n) };
  search.by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  search.by_number = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < folder->n; i++)
    add_names (&search, i);
  for (guint i = 0; i < files->len; i++)
    claim (&search, files->pdata[i]);
  const gboolean clear = is_clear (path, &search, error);
  for (guint i = 0; i < folder->n; i++)
    if (search.claims[i].file)
      {
        folder->files[i] = g_build_filename (root, search.claims[i].file, NULL);
        folder->n_found++;
      }
  folder->n_others = search.n_others;
  g_free (search.claims);
  g_hash_table_unref (search.by_name);
  g_hash_table_unref (search.by_number);
  if (clear && folder->n_found == 0)
    say_nothing_found (path, dataset, files, error);
  return clear && folder->n_found > 0 ? g_steal_pointer (&folder) : NULL;
}

void
dh_map_folder_free (DhMapFolder *folder)
{
  if (!folder)
    return;
  for (guint i = 0; i < folder->n; i++)
    g_free (folder->files[i]);
  g_free (folder->files);
  g_free (folder->path);
  g_free (folder);
}

const char *
dh_map_folder_path (const DhMapFolder *folder)
{
  return folder->path;
}

const char *
dh_map_folder_file (const DhMapFolder *folder, guint index)
{
  g_return_val_if_fail (index < folder->n, NULL);
  return folder->files[index];
}

guint
dh_map_folder_n_found (const DhMapFolder *folder)
{
  return folder->n_found;
}

guint
dh_map_folder_n_others (const DhMapFolder *folder)
{
  return folder->n_others;
}
