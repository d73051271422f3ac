#include "dh-check-private.h"
#include "dh-published-private.h"

#include <string.h>

static const char *const severity_names[] = { "ok", "info", "warning", "error" };
static const char *const role_names[] = { "inlier", "anomaly", "ignore", "class", "segment", "unknown" };

const char *
dh_finding_severity_name (DhFindingSeverity severity)
{
  return severity < G_N_ELEMENTS (severity_names) ? severity_names[severity] : NULL;
}

const char *
dh_label_role_name (DhLabelRole role)
{
  return role < G_N_ELEMENTS (role_names) ? role_names[role] : NULL;
}

char *
dh_group_digits (guint64 number)
{
  g_autofree char *plain = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  const gsize n = strlen (plain);
  GString *to = g_string_new (NULL);
  for (gsize i = 0; i < n; i++)
    {
      if (i > 0 && (n - i) % 3 == 0)
        g_string_append_c (to, ',');
      g_string_append_c (to, plain[i]);
    }
  return g_string_free (to, FALSE);
}

static void
free_finding (gpointer data)
{
  DhFinding *finding = data;
  g_free (finding->sentence);
  g_free (finding->detail);
  g_strfreev (finding->files);
  g_free (finding);
}

static void
free_split (gpointer data)
{
  DhSplitCount *split = data;
  g_free (split->name);
  g_free (split);
}

static void
free_value (gpointer data)
{
  DhLabelValue *value = data;
  g_free (value->meaning);
  g_free (value);
}

void
dh_dataset_report_free (DhDatasetReport *report)
{
  if (!report)
    return;
  g_free (report->root);
  g_free (report->title);
  g_free (report->evidence);
  g_free (report->published);
  g_free (report->region);
  g_ptr_array_unref (report->splits);
  g_ptr_array_unref (report->sizes);
  g_ptr_array_unref (report->values);
  g_ptr_array_unref (report->findings);
  g_array_unref (report->left_out);
  g_free (report);
}

char *
dh_check_split_name (DhDatasetKind kind, const DhDatasetItem *item)
{
  if (kind == DH_DATASET_LF || kind == DH_DATASET_STATIC)
    return g_strdup ("");
  if (kind == DH_DATASET_SMIYC && item->group[0])
    return g_strconcat (item->group, " ", item->split, NULL);
  return g_strdup (item->split);
}

static DhSplitCount *
find_split (DhDatasetReport *report, const char *name)
{
  for (guint i = 0; i < report->splits->len; i++)
    if (strcmp (((DhSplitCount *)report->splits->pdata[i])->name, name) == 0)
      return report->splits->pdata[i];
  DhSplitCount *split = g_new0 (DhSplitCount, 1);
  split->name = g_strdup (name);
  g_ptr_array_add (report->splits, split);
  return split;
}

static void
count_files (const DhSurvey *survey, DhDatasetReport *report)
{
  DhDataset *dataset = survey->dataset;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      const DhItemSight *sight = &survey->sights[i];
      g_autofree char *name = dh_check_split_name (report->kind, item);
      DhSplitCount *split = find_split (report, name);
      split->images++;
      split->labels += item->label != NULL;
      split->pairs += item->label != NULL;
      report->n_images++;
      report->n_pairs += item->label != NULL;
      report->n_unreadable += (sight->image_error != NULL) + (sight->label_error != NULL);
    }
  report->n_labels = report->n_pairs + dataset->orphans->len;
}

/* Another set in the layout of a published one has nothing to do with its number, and neither have some of its towns.
 */
static void
find_expected (DhDataset *dataset, DhDatasetReport *report)
{
  g_autoptr (GPtrArray) matches = dh_published_match (dataset);
  for (guint i = 0; i < matches->len; i++)
    {
      const DhPublishedMatch *match = matches->pdata[i];
      find_split (report, match->in)->expected = match->there > 0 ? match->pictures : 0;
    }
}

static gint
compare_sizes (gconstpointer a, gconstpointer b)
{
  const DhSizeCount *p = *(const DhSizeCount *const *)a, *q = *(const DhSizeCount *const *)b;
  if (p->images != q->images)
    return p->images > q->images ? -1 : 1;
  if (p->width != q->width)
    return p->width > q->width ? -1 : 1;
  return p->height == q->height ? 0 : p->height > q->height ? -1 : 1;
}

static void
count_sizes (const DhSurvey *survey, DhDatasetReport *report)
{
  g_autoptr (GHashTable) by_size = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  for (guint i = 0; i < dh_dataset_size (survey->dataset); i++)
    {
      const DhItemSight *sight = &survey->sights[i];
      const gint64 key = (gint64)sight->width << 32 | sight->height;
      if (key == 0)
        continue;
      DhSizeCount *size = g_hash_table_lookup (by_size, &key);
      if (!size)
        {
          size = g_new0 (DhSizeCount, 1);
          size->width = sight->width;
          size->height = sight->height;
          g_ptr_array_add (report->sizes, size);
          g_hash_table_insert (by_size, g_memdup2 (&key, sizeof key), size);
        }
      size->images++;
    }
  g_ptr_array_sort (report->sizes, compare_sizes);
}

static void
count_values (const DhSurvey *survey, DhDatasetReport *report)
{
  for (guint form = 0; form < DH_N_FORMS; form++)
    for (guint id = 0; id < 256; id++)
      {
        if (survey->pixels[form][id] == 0)
          continue;
        const DhLabelMap *map = dh_label_map_get (form);
        DhLabelValue *value = g_new0 (DhLabelValue, 1);
        value->value = id;
        value->role = map->role[id];
        value->meaning = g_strdup (map->meaning[id]);
        value->pixels = survey->pixels[form][id];
        value->images = survey->images[form][id];
        g_ptr_array_add (report->values, value);
      }
}

static gint
worst_first (gconstpointer a, gconstpointer b)
{
  const DhFinding *p = *(const DhFinding *const *)a, *q = *(const DhFinding *const *)b;
  return (gint)q->severity - (gint)p->severity;
}

DhDatasetReport *
dh_dataset_check (DhDataset *dataset, DhCheckFlags flags, guint threads, GCancellable *cancellable,
                  const DhProgress *progress, GError **error)
{
  g_return_val_if_fail (dataset != NULL, NULL);

  g_autoptr (DhSurvey) survey = dh_survey_new (dataset, flags, threads, cancellable, progress, error);
  if (!survey)
    return NULL;
  DhDatasetReport *report = g_new0 (DhDatasetReport, 1);
  report->kind = dataset->kind;
  report->root = g_filename_display_name (dataset->root);
  report->title = g_strdup (dataset->title);
  report->evidence = g_strdup (dataset->evidence);
  report->published = dh_dataset_dup_published (dataset);
  report->other_kinds = dataset->kinds & ~(1u << dataset->kind | 1u << DH_DATASET_FOLDER);
  report->splits = g_ptr_array_new_with_free_func (free_split);
  report->sizes = g_ptr_array_new_with_free_func (g_free);
  report->values = g_ptr_array_new_with_free_func (free_value);
  report->findings = g_ptr_array_new_with_free_func (free_finding);
  report->left_out = g_array_new (FALSE, FALSE, sizeof (guint));
  count_files (survey, report);
  find_expected (dataset, report);
  count_sizes (survey, report);
  count_values (survey, report);
  dh_check_find (survey, report);
  report->n_usable = report->n_images - report->left_out->len;
  g_ptr_array_sort (report->findings, worst_first); /* a stable merge sort */
  return report;
}

DhFindingSeverity
dh_dataset_report_severity (const DhDatasetReport *report)
{
  return report->findings->len > 0 ? ((DhFinding *)report->findings->pdata[0])->severity : DH_FINDING_OK;
}

DhDataset *
dh_dataset_dup_usable (DhDataset *dataset, const DhDatasetReport *report)
{
  g_return_val_if_fail (dataset != NULL && report != NULL, NULL);

  DhDataset *copy = dh_dataset_new_empty (dataset->root);
  copy->kind = dataset->kind;
  copy->title = g_strdup (dataset->title);
  copy->evidence = g_strdup (dataset->evidence);
  copy->needs = g_strdup (dataset->needs);
  copy->labels_expected = dataset->labels_expected;
  copy->label_ids = dataset->label_ids;
  copy->label_ids_certain = dataset->label_ids_certain;
  copy->notes = g_strdupv (dataset->notes);
  copy->scan_notes = g_strdupv (dataset->scan_notes);
  copy->n_duplicates = dataset->n_duplicates;
  copy->base_root = g_strdup (dataset->base_root);
  copy->chosen = g_strdup (dataset->chosen);
  copy->kinds = dataset->kinds;
  copy->label_ids_asked = dataset->label_ids_asked;
  copy->labels_are_true = dataset->labels_are_true;
  copy->n_taken_as_true = dataset->n_taken_as_true;
  copy->mask_note = g_strdup (dataset->mask_note);
  copy->orientation_note = g_strdup (dataset->orientation_note);
  copy->mask_values = dataset->mask_values ? dh_mask_values_ref (dataset->mask_values) : NULL;
  copy->mask_values_said = dataset->mask_values_said;
  copy->mask_values_certain = dataset->mask_values_certain;
  copy->mask_readings = g_strdupv (dataset->mask_readings);
  g_ptr_array_unref (copy->parts);
  copy->parts = g_ptr_array_ref (dataset->parts);
  copy->degradation = dataset->degradation;
  copy->region = dataset->region ? dh_region_ref (dataset->region) : NULL;
  guint skip = 0;
  for (guint i = 0; i < dataset->items->len; i++)
    if (skip < report->left_out->len && g_array_index (report->left_out, guint, skip) == i)
      skip++;
    else
      g_ptr_array_add (copy->items, dh_item_copy (dh_dataset_peek (dataset, i)));
  dh_dataset_arrange (copy, FALSE);
  return copy;
}

static void
append_value (GString *text, const char *ids, const DhLabelValue *value, guint64 all)
{
  g_autofree char *pixels = dh_group_digits (value->pixels), *images = dh_group_digits (value->images);
  g_string_append_printf (text, "  %7s  %-8s  %-22s  %14.3f %%  %16s  %8s\n", ids, dh_label_role_name (value->role),
                          value->meaning, 100.0 * value->pixels / all, pixels, images);
}

/* Segments, which mean no more than one another, make one line. */
static void
append_values (GString *text, const DhDatasetReport *report)
{
  guint64 all = 0;
  guint first = 0, last = 0;
  DhLabelValue segments = { .role = DH_ROLE_SEGMENT, .meaning = (char *)"any segment" };
  for (guint i = 0; i < report->values->len; i++)
    all += ((DhLabelValue *)report->values->pdata[i])->pixels;
  if (all == 0)
    return;
  g_string_append (text,
                   "\nLabel values\n    value  taken as  meaning                 share of pixels            pixels"
                   "    images\n");
  for (guint i = 0; i < report->values->len; i++)
    {
      const DhLabelValue *value = report->values->pdata[i];
      if (value->role == DH_ROLE_SEGMENT)
        {
          first = segments.pixels ? first : value->value;
          last = value->value;
          segments.pixels += value->pixels;
          segments.images = MAX (segments.images, value->images);
          continue;
        }
      g_autofree char *id = g_strdup_printf ("%u", value->value);
      append_value (text, id, value, all);
    }
  if (segments.pixels == 0)
    return;
  g_autofree char *ids = g_strdup_printf ("%u-%u", first, last);
  append_value (text, ids, &segments, all);
}

char *
dh_dataset_report_to_text (const DhDatasetReport *report)
{
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "%s (%s)\n  in %s\n  known by %s\n", report->title, dh_dataset_kind_name (report->kind),
                          report->root, report->evidence);
  for (guint kind = 0, n = 0; kind < DH_N_DATASET_KINDS; kind++)
    if (report->other_kinds & 1u << kind)
      g_string_append_printf (text, "%s%s", n++ ? ", " : "  could be read too as ", dh_dataset_kind_name (kind));
  if (report->other_kinds)
    g_string_append_c (text, '\n');
  if (report->published)
    g_string_append_printf (text, "  published as %s\n", report->published);
  g_autofree char *images = dh_group_digits (report->n_images), *labels = dh_group_digits (report->n_labels);
  g_autofree char *pairs = dh_group_digits (report->n_pairs), *usable = dh_group_digits (report->n_usable);
  g_string_append_printf (
      text, "  %s %s, %s %s, %s %s; %s can be used\n", images, report->n_images == 1 ? "image" : "images", labels,
      report->n_labels == 1 ? "label" : "labels", pairs, report->n_pairs == 1 ? "pair" : "pairs", usable);
  for (guint i = 0; i < report->splits->len; i++)
    {
      const DhSplitCount *split = report->splits->pdata[i];
      g_autofree char *there = dh_group_digits (split->images), *labelled = dh_group_digits (split->labels);
      g_autofree char *known = dh_group_digits (split->expected);
      if (split->name[0])
        g_string_append_printf (text, "    %-24s %6s %s, %s %s%s%s%s\n", split->name, there,
                                split->images == 1 ? "image" : "images", labelled,
                                split->labels == 1 ? "label" : "labels", split->expected ? " (" : "",
                                split->expected ? known : "", split->expected ? " images published)" : "");
    }
  g_string_append (text, "\nFindings\n");
  for (guint i = 0; i < report->findings->len; i++)
    {
      const DhFinding *finding = report->findings->pdata[i];
      g_string_append_printf (text, "  %-8s %s\n", severity_names[finding->severity], finding->sentence);
      if (finding->detail)
        g_string_append_printf (text, "           %s\n", finding->detail);
      for (guint k = 0; finding->files && finding->files[k]; k++)
        g_string_append_printf (text, "             %s\n", finding->files[k]);
      if (finding->files && finding->count > g_strv_length (finding->files) && finding->files[0])
        g_string_append_printf (text, "             … and %u more\n", finding->count - g_strv_length (finding->files));
    }
  append_values (text, report);
  return g_string_free (text, FALSE);
}
