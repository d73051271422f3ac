/* The sentences of the data set doctor. */
#include "dh-check-private.h"
#include "dh-published-private.h"

#include <string.h>

#define MAX_FILES 100

static DhFinding *
add (DhDatasetReport *report, DhFindingSeverity severity, const char *code, guint count, char *sentence, char *detail)
{
  DhFinding *finding = g_new0 (DhFinding, 1);
  finding->severity = severity;
  finding->code = code;
  finding->count = count;
  finding->sentence = sentence;
  finding->detail = detail;
  g_ptr_array_add (report->findings, finding);
  return finding;
}

/* "1 label is" or "7 labels are". */
static char *
count_of (guint n, const char *one, const char *many)
{
  g_autofree char *number = dh_group_digits (n);
  return g_strdup_printf ("%s %s", number, n == 1 ? one : many);
}

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
      add (report, severity, code, names->count, count_of (names->count, one, many), g_strdup (detail));
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

static void
find_broken (const DhSurvey *survey, DhDatasetReport *report)
{
  DhDataset *dataset = survey->dataset;
  Names images = names_new (), labels = names_new (), sizes = names_new (), ids = names_new (), alone = names_new ();
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
      if (sight->image_error || sight->label_error || is_unequal (sight) || unknown || missing)
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
    add (report, DH_FINDING_OK, "sizes-fit", 0, g_strdup ("Images and labels have the same size"), NULL);
}

/* How what is there differs from what was published. */
static void
find_difference (DhDatasetReport *report, const DhPublishedMatch *match)
{
  const guint images = match->there + match->others;
  g_autofree char *there = dh_group_digits (match->there), *all = dh_group_digits (match->pictures);
  g_autofree char *n = count_of (images, "image", "images"), *others = dh_group_digits (match->others);
  const char *in = match->in[0] ? " in " : "";
  g_autoptr (GString) text = g_string_new (NULL);
  if (match->there == 0)
    {
      g_string_printf (text, "%s%s%s, not named as those of %s %s", n, in, match->in, match->set, match->split);
      add (report, DH_FINDING_INFO, "count", images, g_string_free (g_steal_pointer (&text), FALSE),
           g_strdup_printf ("Another set in the same layout; the published one has %s", all));
      return;
    }
  g_string_printf (text, "%s %s: %s of %s images", match->set, match->split, there, all);
  if (match->there < match->pictures)
    {
      g_autofree char *missing = dh_group_digits (match->pictures - match->there);
      g_string_append_printf (text, ", %s missing", missing);
    }
  if (match->others > 0)
    g_string_append_printf (text, ", and %s named otherwise", others);
  char *detail = match->missing                    ? g_strdup_printf ("Not there: %s", match->missing)
                 : match->there <= match->pictures ? g_strdup ("A part of it, or another set in the same layout")
                                                   : g_strdup ("Another release, or another set in the same layout");
  add (report, DH_FINDING_INFO, "count", images, g_string_free (g_steal_pointer (&text), FALSE), detail);
}

static void
find_counts (DhDataset *dataset, DhDatasetReport *report)
{
  g_autoptr (GPtrArray) matches = dh_published_match (dataset);
  for (guint i = 0; i < matches->len;)
    {
      g_autofree char *name = dh_published_dup_name (matches, &i);
      if (name)
        add (report, DH_FINDING_OK, "count", 0, g_strdup_printf ("This is %s, whole", name), NULL);
      else
        find_difference (report, matches->pdata[i++]);
    }
}

static void
find_sizes (DhDatasetReport *report)
{
  if (report->sizes->len == 0)
    return;
  const DhSizeCount *most = report->sizes->pdata[0];
  g_autofree char *n = dh_group_digits (most->images);
  if (report->sizes->len == 1)
    add (report, DH_FINDING_OK, "size", 0,
         most->images == 1 ? g_strdup_printf ("The image is %u×%u", most->width, most->height)
                           : g_strdup_printf ("All %s images are %u×%u", n, most->width, most->height),
         NULL);
  else
    add (report, DH_FINDING_INFO, "size", 0,
         g_strdup_printf ("Images are of %u sizes; the most frequent is %u×%u (%s)", report->sizes->len, most->width,
                          most->height, n),
         NULL);
}

/* One value throughout a split stands for labels that are kept back. */
static void
find_hidden (const DhSurvey *survey, DhDatasetReport *report)
{
  guint labels = 0, hidden = 0, varied = 0;
  g_autoptr (GPtrArray) named = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < dh_dataset_size (survey->dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (survey->dataset, i);
      const DhItemSight *sight = &survey->sights[i];
      if (item->hidden)
        {
          char *name = dh_check_split_name (report->kind, item);
          if (named->len > 0 && strcmp (named->pdata[named->len - 1], name) == 0)
            g_free (name);
          else
            g_ptr_array_add (named, name);
          hidden++;
        }
      if (sight->label_width == 0)
        continue;
      labels++;
      guint ids = 0;
      for (guint k = 0; k < 4; k++)
        ids += __builtin_popcountll (sight->seen[k]);
      varied += ids > 1;
    }
  if (labels == 0 || report->kind == DH_DATASET_ADE20K)
    return;
  report->hidden_labels = hidden > 0 && hidden == report->n_labels;
  const char *detail = "Maps and export only: a score against them would mean nothing. Where the images truly hold "
                       "nothing else, say that the labels are true (--labels-are-true)";
  if (report->hidden_labels)
    add (report, DH_FINDING_WARNING, "hidden-labels", hidden,
         g_strdup ("Every label is one constant value: these are hidden test labels"), g_strdup (detail));
  else if (hidden > 0)
    {
      g_ptr_array_add (named, NULL);
      g_autofree char *names = g_strjoinv (", ", (char **)named->pdata);
      add (report, DH_FINDING_WARNING, "hidden-labels", hidden,
           g_strdup_printf ("The labels of %s are one constant value: these are hidden test labels", names),
           g_strdup (detail));
    }
  else if (dh_dataset_n_taken_as_true (survey->dataset) > 0)
    add (report, DH_FINDING_INFO, "labels-taken-as-true", dh_dataset_n_taken_as_true (survey->dataset),
         count_of (dh_dataset_n_taken_as_true (survey->dataset),
                   "label is one constant value and is taken as true, as was said",
                   "labels are one constant value and are taken as true, as was said"),
         g_strdup ("Where they hold no anomaly, AP, AUROC and FPR95 are undefined; what a threshold flags is false"));
  else
    {
      g_autofree char *n = dh_group_digits (varied), *all = dh_group_digits (labels);
      add (report, DH_FINDING_OK, "labels-shown", 0, g_strdup ("The labels are not hidden"),
           g_strdup_printf ("%s of %s hold more than one value", n, all));
    }
}

static guint
images_with (const DhSurvey *survey, guint form, guint id)
{
  return survey->images[form][id];
}

/* 255 and no anomaly: a mask of an image editor, perhaps. */
static gboolean
has_white (const DhSurvey *survey)
{
  static const guint forms[] = { DH_FORM_LF, DH_FORM_BINARY };
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    if (images_with (survey, forms[i], 255) > 0 && images_with (survey, forms[i], 1) == 0)
      return TRUE;
  return FALSE;
}

/* Usable pictures without any anomaly, where the set has anomaly labels. */
static void
find_anomalies (const DhSurvey *survey, DhDatasetReport *report)
{
  guint labelled = 0, with = 0, skip = 0;
  for (guint i = 0; i < dh_dataset_size (survey->dataset); i++)
    {
      if (skip < report->left_out->len && g_array_index (report->left_out, guint, skip) == i)
        {
          skip++;
          continue;
        }
      const DhItemSight *sight = &survey->sights[i];
      const DhLabelMap *map = dh_label_map_get (dh_dataset_peek (survey->dataset, i)->form);
      if (sight->label_width == 0 || dh_dataset_item (survey->dataset, i)->hidden || !map->has_anomaly)
        continue;
      labelled++;
      gboolean any = FALSE;
      for (guint id = 0; id < 256 && !any; id++)
        any = dh_sight_has_id (sight, id) && map->role[id] == DH_ROLE_ANOMALY;
      with += any;
    }
  if (labelled == 0 || report->hidden_labels)
    return;
  g_autofree char *without = count_of (labelled - with, "labelled image holds", "labelled images hold");
  if (with == 0)
    add (report, report->kind == DH_DATASET_STREET_HAZARDS_FULL ? DH_FINDING_INFO : DH_FINDING_WARNING, "no-anomaly",
         labelled, g_strdup ("No label holds an anomaly: AP, AUROC and FPR95 are undefined"),
         has_white (survey)
             ? g_strdup ("255 is taken as ignore: where these are masks of black and white, 1 must stand "
                         "for what is white in them")
             : NULL);
  else if (with < labelled)
    add (report, DH_FINDING_INFO, "some-without-anomaly", labelled - with, g_strdup_printf ("%s no anomaly", without),
         g_strdup ("Metrics that are means over images are undefined there, and their number is printed beside them"));
}

static void
find_numbering (const DhSurvey *survey, DhDatasetReport *report)
{
  DhDataset *dataset = survey->dataset;
  if (images_with (survey, DH_FORM_LF, 255) > 0 && images_with (survey, DH_FORM_LF, 2) == 0 && !has_white (survey))
    add (report, DH_FINDING_INFO, "255-ignored", images_with (survey, DH_FORM_LF, 255),
         g_strdup ("255 is taken as ignore"),
         g_strdup ("The reference packs ignore as 2; these labels hold 255, as Fishyscapes itself does: nothing needs "
                   "doing"));
  if (dataset->mask_note)
    {
      char *said = g_strdup (dataset->mask_note);
      said[0] = g_ascii_toupper (said[0]);
      add (report, DH_FINDING_INFO, "masks", 0, said,
           dataset->mask_values_certain
               ? NULL
               : g_strdup ("Where they mean something else, say what: mask values (--mask-values 'anomaly=1,2 "
                           "ignore=255')"));
    }
  if (dataset->orientation_note)
    add (report, DH_FINDING_INFO, "orientation", 0, g_strdup (dataset->orientation_note), NULL);
  guint ids = 0, train_ids = 0;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhItem *item = dh_dataset_peek (dataset, i);
      ids += item->item.label && item->form == DH_FORM_CITYSCAPES;
      train_ids += item->item.label && item->form == DH_FORM_CITYSCAPES_TRAIN;
    }
  if (ids > 0)
    add (report, DH_FINDING_INFO, "label-ids", ids, g_strdup ("Labels are mapped from labelIds to the 19 train ids"),
         g_strdup ("labelTrainIds files are not needed"));
  if (train_ids > 0)
    add (report, DH_FINDING_INFO, "train-ids", train_ids,
         count_of (train_ids, "label is there as labelTrainIds only, and is used as it stands",
                   "labels are there as labelTrainIds only, and are used as they stand"),
         NULL);
  g_autoptr (GString) odd = g_string_new (NULL);
  for (guint id = 34; id < 255; id++)
    if (images_with (survey, DH_FORM_CITYSCAPES, id) > 0)
      g_string_append_printf (odd, odd->len ? ", %u" : "%u", id);
  if (odd->len > 0)
    add (report, DH_FINDING_WARNING, "unknown-id-ignored", 0,
         g_strdup_printf ("Labels hold ids that Cityscapes does not define, taken as ignore: %s", odd->str), NULL);

  if (report->kind != DH_DATASET_STREET_HAZARDS && report->kind != DH_DATASET_STREET_HAZARDS_FULL)
    return;
  if (!dataset->label_ids_certain)
    add (report, DH_FINDING_WARNING, "label-ids-uncertain", 0,
         dataset->label_ids == DH_LABEL_IDS_SHIFTED
             ? g_strdup ("The labels do not tell whether their ids are shifted by one (anomaly 13) or the packed "
                         "classes (anomaly 12): taken as shifted")
             : g_strdup ("The labels do not tell whether their ids are as published (anomaly 14) or shifted by one "
                         "(anomaly 13): taken as published"),
         g_strdup ("Say which: label ids raw, shifted or packed (--label-ids)"));
  else if (dataset->label_ids == DH_LABEL_IDS_SHIFTED)
    add (report, DH_FINDING_INFO, "label-ids-shifted", 0,
         g_strdup ("The labels' ids are already shifted by one: anomaly is 13"), NULL);
  else if (dataset->label_ids == DH_LABEL_IDS_PACKED)
    add (report, DH_FINDING_INFO, "label-ids-packed", 0,
         g_strdup ("The labels' ids are the packed classes: anomaly is 12"), NULL);
  else
    add (report, DH_FINDING_OK, "label-ids-raw", 0, g_strdup ("The labels' ids are as published: anomaly is 14"), NULL);
}

/* Of ObstacleTrack's validation pictures the benchmark's own kit leaves out ten. */
static gboolean
kit_leaves_out (const DhDatasetItem *item)
{
  if (strcmp (item->group, "ObstacleTrack") != 0 || !g_str_has_prefix (item->id, "validation_"))
    return FALSE;
  const gint64 number = g_ascii_strtoll (item->id + strlen ("validation_"), NULL, 10);
  return number == 19 || (number >= 21 && number <= 29);
}

static void
find_smiyc (const DhSurvey *survey, DhDatasetReport *report)
{
  if (report->kind != DH_DATASET_SMIYC)
    return;
  guint unlabelled = 0, kit = 0, on_validation = 0, shown = 0;
  for (guint i = 0; i < dh_dataset_size (survey->dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (survey->dataset, i);
      unlabelled += item->label == NULL || item->hidden;
      on_validation += item->label && !item->hidden && strcmp (item->split, "validation") == 0;
      shown += item->label && !item->hidden;
      kit += kit_leaves_out (item);
    }
  if (unlabelled > 0 && !report->hidden_labels)
    {
      g_autofree char *scored = count_of (shown, "image has a label and gets", "images have labels and get");
      g_autofree char *rest = dh_group_digits (unlabelled);
      add (report, DH_FINDING_INFO, "validation-only", unlabelled,
           g_strdup_printf ("%s scores; the other %s get maps and export only", scored, rest),
           g_strdup (on_validation == shown
                         ? "Labels are public for the validation frames alone; the benchmark's server scores the rest"
                         : NULL));
    }
  else if (shown > 0)
    add (report, DH_FINDING_OK, "all-labelled", 0, g_strdup ("Every image has a label"), NULL);
  if (kit > 0)
    add (report, DH_FINDING_INFO, "kit-leaves-out", kit,
         g_strdup ("The benchmark's own kit leaves out validation_19 and validation_21 to 29 of ObstacleTrack"),
         g_strdup ("Scores over all validation frames differ from the kit's"));
}

void
dh_check_find (const DhSurvey *survey, DhDatasetReport *report)
{
  DhDataset *dataset = survey->dataset;
  if (dataset->needs)
    add (report, DH_FINDING_ERROR, "images-needed", dataset->orphans->len, g_strdup (dataset->needs), NULL);
  find_broken (survey, report);
  for (guint i = 0; dataset->scan_notes[i]; i++)
    add (report, DH_FINDING_WARNING, "folder", 0, g_strdup (dataset->scan_notes[i]), NULL);
  find_hidden (survey, report);
  find_numbering (survey, report);
  find_anomalies (survey, report);
  find_counts (dataset, report);
  find_smiyc (survey, report);
  find_sizes (report);
  if (dataset->n_duplicates > 0)
    add (report, DH_FINDING_INFO, "duplicates", dataset->n_duplicates,
         count_of (dataset->n_duplicates, "image stands beside one of the same name in another format and is left out",
                   "images stand beside one of the same name in another format and are left out"),
         NULL);
  if (report->kind == DH_DATASET_FOLDER)
    add (report, DH_FINDING_INFO, "no-labels", 0, g_strdup ("There are no labels: maps only, no metrics"), NULL);
  if (survey->flags & DH_CHECK_QUICK)
    add (report, DH_FINDING_INFO, "quick", 0,
         g_strdup ("A quick check: of images only the header was read, and at most 400 labels"), NULL);
}
