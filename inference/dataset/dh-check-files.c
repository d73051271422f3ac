/* The sentences of the data set doctor on single files: what cannot be read, does not fit, or lies alone. */
#include "dh-check-private.h"

#define MAX_FILES 100

/* Collects the files of one finding. */
typedef struct
{
  GPtrArray *files;
  guint count;
} Names;

static Names
names_new (void)
{
  return (Names){ g_ptr_array_new_with_free_func (g_free), 0 };
}

static void
names_add (Names *names, DhDataset *dataset, const char *path, const char *why)
{
  names->count++;
  if (names->files->len >= MAX_FILES)
    return;
  g_autofree char *name = dh_dataset_display_path (dataset, path);
  g_ptr_array_add (names->files, why ? g_strdup_printf ("%s: %s", name, why) : g_strdup (name));
}

/* Adds a finding where there is a name at all; takes the names and `detail`. */
static void
names_report (Names *names, DhDatasetReport *report, DhFindingSeverity severity, const char *code, const char *one,
              const char *many, const char *detail)
{
  g_ptr_array_add (names->files, NULL);
  char **files = (char **)g_ptr_array_free (names->files, FALSE);
  if (names->count == 0)
    {
      g_strfreev (files);
      return;
    }
  DhFinding *finding =
      dh_check_add (report, severity, code, names->count, dh_check_count (names->count, one, many), g_strdup (detail));
  finding->files = files;
}

static gboolean
is_unequal (const DhItemSight *sight)
{
  return sight->width > 0 && sight->label_width > 0
         && (sight->width != sight->label_width || sight->height != sight->label_height);
}

/* "77, 78"; NULL where every id has a meaning. */
static char *
unknown_ids (const DhSurvey *survey, guint index)
{
  const DhItemSight *sight = &survey->sights[index];
  const DhLabelMap *map = dh_label_map_get (dh_dataset_peek (survey->dataset, index)->form);
  GString *ids = g_string_new (NULL);
  for (guint id = 0; id < 256; id++)
    if (dh_sight_has_id (sight, id) && map->role[id] == DH_ROLE_UNKNOWN)
      g_string_append_printf (ids, ids->len ? ", %u" : "%u", id);
  if (ids->len > 0)
    return g_string_free (ids, FALSE);
  g_string_free (ids, TRUE);
  return NULL;
}

void
dh_check_find_files (const DhSurvey *survey, DhDatasetReport *report)
{
  DhDataset *dataset = survey->dataset;
  Names images = names_new (), labels = names_new (), sizes = names_new (), ids = names_new (), alone = names_new ();
  Names regions = names_new ();
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      const DhItemSight *sight = &survey->sights[i];
      g_autofree char *unknown = unknown_ids (survey, i);
      const gboolean missing = dataset->labels_expected && !item->label;
      if (sight->image_error)
        names_add (&images, dataset, item->image, sight->image_error);
      if (sight->label_error)
        names_add (&labels, dataset, item->label, sight->label_error);
      if (is_unequal (sight))
        {
          g_autofree char *why = g_strdup_printf ("%u×%u, its image %u×%u", sight->label_width, sight->label_height,
                                                  sight->width, sight->height);
          names_add (&sizes, dataset, item->label, why);
        }
      if (unknown)
        names_add (&ids, dataset, item->label, unknown);
      if (missing)
        names_add (&alone, dataset, item->image, NULL);
      if (sight->region_error)
        names_add (&regions, dataset, item->image, sight->region_error);
      if (sight->image_error || sight->label_error || sight->region_error || is_unequal (sight) || unknown || missing)
        g_array_append_val (report->left_out, i);
    }
  const gboolean sizes_fit = sizes.count == 0;
  names_report (&images, report, DH_FINDING_ERROR, "unreadable-image", "image cannot be read and is left out",
                "images cannot be read and are left out",
                "Copy again what is broken, from where it came; save as PNG what is of a kind that is not read");
  names_report (&labels, report, DH_FINDING_ERROR, "unreadable-label", "label cannot be read: its image is left out",
                "labels cannot be read: their images are left out",
                "Copy again what is broken, from where it came; save as PNG what is of a kind that is not read");
  names_report (&sizes, report, DH_FINDING_ERROR, "size-mismatch",
                "label differs in size from its image, which is left out",
                "labels differ in size from their images, which are left out",
                "A resized copy of one of the two will not do: labels and images must be of one release");
  names_report (&ids, report, DH_FINDING_ERROR, "unknown-id",
                "label holds ids without meaning in this layout: its image is left out",
                "labels hold ids without meaning in this layout: their images are left out",
                "The table of label values shows which; another kind of data set, or another numbering of its labels, "
                "may fit");
  names_report (&regions, report, DH_FINDING_ERROR, "region-mismatch",
                "image does not fit what is not measured, and is left out",
                "images do not fit what is not measured, and are left out",
                "A small share of the sides, such as bottom:12%, fits any size");
  g_autofree char *sought =
      g_strdup_printf ("Labels are found as %s", dh_dataset_kind_layout (dh_dataset_kind (dataset)));
  names_report (&alone, report, DH_FINDING_WARNING, "no-label", "image has no label: maps only, no score",
                "images have no label: maps only, no score", sought);

  Names orphans = names_new ();
  const gboolean said = dataset->needs && dh_dataset_size (dataset) == 0; /* that all pictures are missing */
  for (guint i = 0; i < dataset->orphans->len && !said; i++)
    names_add (&orphans, dataset, dataset->orphans->pdata[i], NULL);
  names_report (&orphans, report, dataset->needs ? DH_FINDING_INFO : DH_FINDING_WARNING, "no-image",
                "label has no image and is left out", "labels have no image and are left out", NULL);
  Names no_files = names_new ();
  for (guint i = 0; i < dataset->no_files->len; i++)
    names_add (&no_files, dataset, dataset->no_files->pdata[i], NULL);
  names_report (&no_files, report, DH_FINDING_WARNING, "no-file", "name is a link to nothing, or no file",
                "names are links to nothing, or no files", "Copy the files that the links were made for");
  Names foreign = names_new ();
  for (guint i = 0; i < dataset->foreign->len; i++)
    names_add (&foreign, dataset, dataset->foreign->pdata[i], NULL);
  names_report (&foreign, report, DH_FINDING_WARNING, "foreign-picture", "file is a picture of a kind that is not read",
                "files are pictures of kinds that are not read", "PNG, JPEG, WebP, TIFF and BMP are");
  if (report->n_pairs > 0 && sizes_fit)
    dh_check_add (report, DH_FINDING_OK, "sizes-fit", 0, g_strdup ("Images and labels have the same size"), NULL);
}
