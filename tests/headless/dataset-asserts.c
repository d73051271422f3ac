#include "dataset-asserts.h"

DhDataset *
dataset_open_ok (const char *root, const char *kind)
{
  g_autoptr (GError) error = NULL;
  DhDataset *dataset = dh_dataset_open (root, kind, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

void
dataset_assert_error_says (GError **error, DhError code, const char *words)
{
  g_assert_error (*error, DH_ERROR, (gint)code);
  if (!strstr ((*error)->message, words))
    g_error ("\"%s\" is not in \"%s\"", words, (*error)->message);
  g_clear_error (error);
}

char *
dataset_anomaly_text (DhDataset *dataset, guint index, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_true (dh_dataset_load_labels (dataset, index, &labels, NULL, &error));
  g_assert_no_error (error);
  if (!labels)
    return g_strdup ("none");
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%u", labels->ids[i]);
  return g_string_free (text, FALSE);
}

char *
dataset_class_text (DhDataset *dataset, guint index, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_true (dh_dataset_load_labels (dataset, index, NULL, &labels, &error));
  g_assert_no_error (error);
  if (!labels)
    return g_strdup ("none");
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, i ? ",%u" : "%u", labels->ids[i]);
  return g_string_free (text, FALSE);
}

void
dataset_assert_item (DhDataset *dataset, guint index, const char *stem, const char *id, const char *split,
                     const char *group)
{
  const DhDatasetItem *item = dh_dataset_item (dataset, index);
  g_assert_cmpstr (item->stem, ==, stem);
  g_assert_cmpstr (item->id, ==, id);
  g_assert_cmpstr (item->split, ==, split);
  g_assert_cmpstr (item->group, ==, group);
  g_assert_cmpint (dh_dataset_find (dataset, stem), ==, index);
}
