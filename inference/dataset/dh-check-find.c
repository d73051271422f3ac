/* The sentences of the data set doctor on what the set is; on its files: dh-check-files.c. */
#include "dh-check-private.h"
#include "dh-published-private.h"

#include <string.h>

DhFinding *
dh_check_add (DhDatasetReport *report, DhFindingSeverity severity, const char *code, guint count, char *sentence,
              char *detail)
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

char *
dh_check_count (guint n, const char *one, const char *many)
{
  g_autofree char *number = dh_group_digits (n);
  return g_strdup_printf ("%s %s", number, n == 1 ? one : many);
}

/* How what is there differs from what was published. */
static void
find_difference (DhDatasetReport *report, const DhPublishedMatch *match)
{
  const guint images = match->there + match->others;
  g_autofree char *there = dh_group_digits (match->there), *all = dh_group_digits (match->pictures);
  g_autofree char *n = dh_check_count (images, "image", "images"), *others = dh_group_digits (match->others);
  const char *in = match->in[0] ? " in " : "";
  g_autoptr (GString) text = g_string_new (NULL);
  if (match->there == 0)
    {
      g_string_printf (text, "%s%s%s, not named as those of %s %s", n, in, match->in, match->set, match->split);
      dh_check_add (report, DH_FINDING_INFO, "count", images, g_string_free (g_steal_pointer (&text), FALSE),
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
  dh_check_add (report, DH_FINDING_INFO, "count", images, g_string_free (g_steal_pointer (&text), FALSE), detail);
}

static void
find_counts (DhDataset *dataset, DhDatasetReport *report)
{
  g_autoptr (GPtrArray) matches = dh_published_match (dataset);
  for (guint i = 0; i < matches->len;)
    {
      g_autofree char *name = dh_published_dup_name (matches, &i);
      if (name)
        dh_check_add (report, DH_FINDING_OK, "count", 0, g_strdup_printf ("This is %s, whole", name), NULL);
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
    dh_check_add (report, DH_FINDING_OK, "size", 0,
                  most->images == 1 ? g_strdup_printf ("The image is %u×%u", most->width, most->height)
                                    : g_strdup_printf ("All %s images are %u×%u", n, most->width, most->height),
                  NULL);
  else
    dh_check_add (report, DH_FINDING_INFO, "size", 0,
                  g_strdup_printf ("Images are of %u sizes; the most frequent is %u×%u (%s)", report->sizes->len,
                                   most->width, most->height, n),
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
    dh_check_add (report, DH_FINDING_WARNING, "hidden-labels", hidden,
                  g_strdup ("Every label is one constant value: these are hidden test labels"), g_strdup (detail));
  else if (hidden > 0)
    {
      g_ptr_array_add (named, NULL);
      g_autofree char *names = g_strjoinv (", ", (char **)named->pdata);
      dh_check_add (report, DH_FINDING_WARNING, "hidden-labels", hidden,
                    g_strdup_printf ("The labels of %s are one constant value: these are hidden test labels", names),
                    g_strdup (detail));
    }
  else if (dh_dataset_n_taken_as_true (survey->dataset) > 0)
    dh_check_add (
        report, DH_FINDING_INFO, "labels-taken-as-true", dh_dataset_n_taken_as_true (survey->dataset),
        dh_check_count (dh_dataset_n_taken_as_true (survey->dataset),
                        "label is one constant value and is taken as true, as was said",
                        "labels are one constant value and are taken as true, as was said"),
        g_strdup ("Where they hold no anomaly, AP, AUROC and FPR95 are undefined; what a threshold flags is false"));
  else
    {
      g_autofree char *n = dh_group_digits (varied), *all = dh_group_digits (labels);
      dh_check_add (report, DH_FINDING_OK, "labels-shown", 0, g_strdup ("The labels are not hidden"),
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
  g_autofree char *without = dh_check_count (labelled - with, "labelled image holds", "labelled images hold");
  if (with == 0)
    dh_check_add (report, report->kind == DH_DATASET_STREET_HAZARDS_FULL ? DH_FINDING_INFO : DH_FINDING_WARNING,
                  "no-anomaly", labelled, g_strdup ("No label holds an anomaly: AP, AUROC and FPR95 are undefined"),
                  has_white (survey)
                      ? g_strdup ("255 is taken as ignore: where these are masks of black and white, 1 must stand "
                                  "for what is white in them")
                      : NULL);
  else if (with < labelled)
    dh_check_add (
        report, DH_FINDING_INFO, "some-without-anomaly", labelled - with, g_strdup_printf ("%s no anomaly", without),
        g_strdup ("Metrics that are means over images are undefined there, and their number is printed beside them"));
}

static void
find_numbering (const DhSurvey *survey, DhDatasetReport *report)
{
  DhDataset *dataset = survey->dataset;
  if (images_with (survey, DH_FORM_LF, 255) > 0 && images_with (survey, DH_FORM_LF, 2) == 0 && !has_white (survey))
    dh_check_add (
        report, DH_FINDING_INFO, "255-ignored", images_with (survey, DH_FORM_LF, 255),
        g_strdup ("255 is taken as ignore"),
        g_strdup ("The reference packs ignore as 2; these labels hold 255, as Fishyscapes itself does: nothing needs "
                  "doing"));
  if (dataset->mask_note)
    {
      char *said = g_strdup (dataset->mask_note);
      said[0] = g_ascii_toupper (said[0]);
      dh_check_add (report, DH_FINDING_INFO, "masks", 0, said,
                    dataset->mask_values_certain
                        ? NULL
                        : g_strdup ("Where they mean something else, say what: mask values (--mask-values 'anomaly=1,2 "
                                    "ignore=255')"));
    }
  if (dataset->orientation_note)
    dh_check_add (report, DH_FINDING_INFO, "orientation", 0, g_strdup (dataset->orientation_note), NULL);
  guint ids = 0, train_ids = 0;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhItem *item = dh_dataset_peek (dataset, i);
      ids += item->item.label && item->form == DH_FORM_CITYSCAPES;
      train_ids += item->item.label && item->form == DH_FORM_CITYSCAPES_TRAIN;
    }
  if (ids > 0)
    dh_check_add (report, DH_FINDING_INFO, "label-ids", ids,
                  g_strdup ("Labels are mapped from labelIds to the 19 train ids"),
                  g_strdup ("labelTrainIds files are not needed"));
  if (train_ids > 0)
    dh_check_add (report, DH_FINDING_INFO, "train-ids", train_ids,
                  dh_check_count (train_ids, "label is there as labelTrainIds only, and is used as it stands",
                                  "labels are there as labelTrainIds only, and are used as they stand"),
                  NULL);
  g_autoptr (GString) odd = g_string_new (NULL);
  for (guint id = 34; id < 255; id++)
    if (images_with (survey, DH_FORM_CITYSCAPES, id) > 0)
      g_string_append_printf (odd, odd->len ? ", %u" : "%u", id);
  if (odd->len > 0)
    dh_check_add (report, DH_FINDING_WARNING, "unknown-id-ignored", 0,
                  g_strdup_printf ("Labels hold ids that Cityscapes does not define, taken as ignore: %s", odd->str),
                  NULL);

  if (report->kind != DH_DATASET_STREET_HAZARDS && report->kind != DH_DATASET_STREET_HAZARDS_FULL)
    return;
  if (!dataset->label_ids_certain)
    dh_check_add (
        report, DH_FINDING_WARNING, "label-ids-uncertain", 0,
        dataset->label_ids == DH_LABEL_IDS_SHIFTED
            ? g_strdup ("The labels do not tell whether their ids are shifted by one (anomaly 13) or the packed "
                        "classes (anomaly 12): taken as shifted")
            : g_strdup ("The labels do not tell whether their ids are as published (anomaly 14) or shifted by one "
                        "(anomaly 13): taken as published"),
        g_strdup ("Say which: label ids raw, shifted or packed (--label-ids)"));
  else if (dataset->label_ids == DH_LABEL_IDS_SHIFTED)
    dh_check_add (report, DH_FINDING_INFO, "label-ids-shifted", 0,
                  g_strdup ("The labels' ids are already shifted by one: anomaly is 13"), NULL);
  else if (dataset->label_ids == DH_LABEL_IDS_PACKED)
    dh_check_add (report, DH_FINDING_INFO, "label-ids-packed", 0,
                  g_strdup ("The labels' ids are the packed classes: anomaly is 12"), NULL);
  else
    dh_check_add (report, DH_FINDING_OK, "label-ids-raw", 0,
                  g_strdup ("The labels' ids are as published: anomaly is 14"), NULL);
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
      g_autofree char *scored = dh_check_count (shown, "image has a label and gets", "images have labels and get");
      g_autofree char *rest = dh_group_digits (unlabelled);
      dh_check_add (
          report, DH_FINDING_INFO, "validation-only", unlabelled,
          g_strdup_printf ("%s scores; the other %s get maps and export only", scored, rest),
          g_strdup (on_validation == shown
                        ? "Labels are public for the validation frames alone; the benchmark's server scores the rest"
                        : NULL));
    }
  else if (shown > 0)
    dh_check_add (report, DH_FINDING_OK, "all-labelled", 0, g_strdup ("Every image has a label"), NULL);
  if (kit > 0)
    dh_check_add (
        report, DH_FINDING_INFO, "kit-leaves-out", kit,
        g_strdup ("The benchmark's own kit leaves out validation_19 and validation_21 to 29 of ObstacleTrack"),
        g_strdup ("Scores over all validation frames differ from the kit's"));
}

void
dh_check_find (const DhSurvey *survey, DhDatasetReport *report)
{
  DhDataset *dataset = survey->dataset;
  if (dataset->needs)
    dh_check_add (report, DH_FINDING_ERROR, "images-needed", dataset->orphans->len, g_strdup (dataset->needs), NULL);
  dh_check_find_files (survey, report);
  for (guint i = 0; dataset->scan_notes[i]; i++)
    dh_check_add (report, DH_FINDING_WARNING, "folder", 0, g_strdup (dataset->scan_notes[i]), NULL);
  find_hidden (survey, report);
  find_numbering (survey, report);
  find_anomalies (survey, report);
  find_counts (dataset, report);
  find_smiyc (survey, report);
  find_sizes (report);
  dh_check_find_region (survey, report);
  if (dataset->n_duplicates > 0)
    dh_check_add (report, DH_FINDING_INFO, "duplicates", dataset->n_duplicates,
                  dh_check_count (dataset->n_duplicates,
                                  "image stands beside one of the same name in another format and is left out",
                                  "images stand beside one of the same name in another format and are left out"),
                  NULL);
  if (report->kind == DH_DATASET_FOLDER)
    dh_check_add (report, DH_FINDING_INFO, "no-labels", 0, g_strdup ("There are no labels: maps only, no metrics"),
                  NULL);
  if (survey->flags & DH_CHECK_QUICK)
    dh_check_add (report, DH_FINDING_INFO, "quick", 0,
                  g_strdup ("A quick check: of images only the header was read, and at most 400 labels"), NULL);
}
