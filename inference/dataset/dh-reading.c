#include "dh-reading.h"

#include <string.h>

#include "dh-dataset-private.h"

DhReading *
dh_reading_new (void)
{
  return g_new0 (DhReading, 1);
}

DhReading *
dh_reading_new_for (DhDataset *dataset)
{
  DhReading *reading = dh_reading_new ();
  reading->kind = g_strdup (dh_dataset_kind_name (dataset->kind));
  reading->splits = g_strdup (dataset->chosen);
  reading->base = g_strdup (dataset->base_root);
  reading->label_ids = dataset->label_ids_asked;
  reading->labels_are_true = dataset->labels_are_true;
  reading->mask_values = g_strdup (dh_dataset_mask_values (dataset, NULL));
  reading->degradation = dataset->degradation;
  reading->region = dataset->region ? g_strdup (dh_region_text (dataset->region)) : NULL;
  return reading;
}

DhReading *
dh_reading_copy (const DhReading *reading)
{
  DhReading *copy = g_memdup2 (reading, sizeof *reading);
  copy->kind = g_strdup (reading->kind);
  copy->splits = g_strdup (reading->splits);
  copy->base = g_strdup (reading->base);
  copy->mask_values = g_strdup (reading->mask_values);
  copy->region = g_strdup (reading->region);
  return copy;
}

void
dh_reading_free (DhReading *reading)
{
  if (!reading)
    return;
  g_free (reading->kind);
  g_free (reading->splits);
  g_free (reading->base);
  g_free (reading->mask_values);
  g_free (reading->region);
  g_free (reading);
}

gboolean
dh_reading_equal (const DhReading *a, const DhReading *b)
{
  return g_strcmp0 (a->kind, b->kind) == 0 && g_strcmp0 (a->splits, b->splits) == 0 && g_strcmp0 (a->base, b->base) == 0
         && a->label_ids == b->label_ids && a->labels_are_true == b->labels_are_true
         && a->labels_are_hidden == b->labels_are_hidden && g_strcmp0 (a->mask_values, b->mask_values) == 0
         && dh_degradation_equal (a->degradation, b->degradation) && g_strcmp0 (a->region, b->region) == 0;
}

gboolean
dh_reading_has_same_labels (const DhReading *a, const DhReading *b)
{
  return a->labels_are_true == b->labels_are_true && g_strcmp0 (a->mask_values, b->mask_values) == 0
         && (a->label_ids == b->label_ids || a->label_ids == DH_LABEL_IDS_AUTO || b->label_ids == DH_LABEL_IDS_AUTO);
}

DhDataset *
dh_reading_open (const DhReading *reading, const char *root, GCancellable *cancellable, const DhProgress *progress,
                 GError **error)
{
  const DhDatasetOptions options = { .splits = reading->splits,
                                     .base_root = reading->base,
                                     .label_ids = reading->label_ids,
                                     .labels_are_true = reading->labels_are_true,
                                     .mask_values = reading->mask_values,
                                     .degradation = reading->degradation,
                                     .region = reading->region };
  return dh_dataset_open (root, reading->kind, &options, cancellable, progress, error);
}

/* Paths may be any bytes. */
static void
add (GString *text, const char *name, const char *value)
{
  if (!value)
    return;
  g_autofree char *escaped = g_uri_escape_string (value, "/,", FALSE);
  g_string_append_printf (text, "%s%s=%s", text->len ? ";" : "", name, escaped);
}

char *
dh_reading_to_text (const DhReading *reading)
{
  GString *text = g_string_new (NULL);
  add (text, "kind", reading->kind);
  add (text, "splits", reading->splits);
  add (text, "base", reading->base);
  add (text, "ids", reading->label_ids == DH_LABEL_IDS_AUTO ? NULL : dh_label_ids_name (reading->label_ids));
  add (text, "labels", reading->labels_are_true ? "true" : reading->labels_are_hidden ? "hidden" : NULL);
  add (text, "masks", reading->mask_values);
  g_autofree char *degraded = dh_degradation_to_text (reading->degradation);
  add (text, "degrade", degraded);
  add (text, "region", reading->region);
  return g_string_free (text, FALSE);
}

static void
take (char **to, char *value)
{
  g_free (*to);
  *to = value;
}

DhReading *
dh_reading_from_text (const char *text)
{
  DhReading *reading = dh_reading_new ();
  g_auto (GStrv) words = g_strsplit (text, ";", -1);
  for (guint i = 0; words[i]; i++)
    {
      char *equals = strchr (words[i], '=');
      g_autofree char *value = equals ? g_uri_unescape_string (equals + 1, NULL) : NULL;
      DhDatasetKind kind;
      if (!value || !*value)
        continue;
      *equals = '\0';
      if (strcmp (words[i], "kind") == 0 && dh_dataset_kind_from_name (value, &kind))
        take (&reading->kind, g_steal_pointer (&value));
      else if (strcmp (words[i], "splits") == 0)
        take (&reading->splits, g_steal_pointer (&value));
      else if (strcmp (words[i], "base") == 0)
        take (&reading->base, g_steal_pointer (&value));
      else if (strcmp (words[i], "ids") == 0)
        dh_label_ids_from_name (value, &reading->label_ids);
      else if (strcmp (words[i], "labels") == 0)
        {
          reading->labels_are_true = strcmp (value, "true") == 0;
          reading->labels_are_hidden = strcmp (value, "hidden") == 0;
        }
      else if (strcmp (words[i], "masks") == 0)
        take (&reading->mask_values, g_steal_pointer (&value));
      else if (strcmp (words[i], "degrade") == 0)
        dh_degradation_from_text (value, &reading->degradation);
      else if (strcmp (words[i], "region") == 0)
        take (&reading->region, g_steal_pointer (&value));
    }
  return reading;
}

static void
add_flag (GString *flags, const char *name, const char *value)
{
  if (!value)
    return;
  g_autofree char *quoted = g_shell_quote (value);
  g_string_append_printf (flags, "%s%s %s", flags->len ? " " : "", name, quoted);
}

char *
dh_reading_dup_flags (const DhReading *reading, const char *root)
{
  GString *flags = g_string_new (NULL);
  if (reading->kind)
    g_string_append_printf (flags, "--dataset %s", reading->kind);
  add_flag (flags, "--dataroot", root);
  add_flag (flags, "--base", reading->base);
  add_flag (flags, "--split", reading->splits);
  if (reading->label_ids != DH_LABEL_IDS_AUTO)
    g_string_append_printf (flags, " --label-ids %s", dh_label_ids_name (reading->label_ids));
  if (reading->labels_are_true)
    g_string_append (flags, " --labels-are-true");
  add_flag (flags, "--mask-values", reading->mask_values);
  g_autofree char *degraded = dh_degradation_to_text (reading->degradation);
  if (degraded)
    g_string_append_printf (flags, " --degrade %s", degraded);
  g_autofree char *region = reading->region ? dh_region_text_dup_plain (reading->region) : NULL;
  add_flag (flags, "--ignore-region", region);
  return g_string_free (flags, FALSE);
}
