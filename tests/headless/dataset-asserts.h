#pragma once
#include <string.h>

#include "dh-dataset.h"
#include "dh-error.h"

/* What the tests of data sets ask of one. */
DhDataset *dataset_open_ok (const char *root, const char *kind);
/* Of that code, and with the words in its message; cleared. */
void dataset_assert_error_says (GError **error, DhError code, const char *words);
void dataset_assert_item (DhDataset *dataset, guint index, const char *stem, const char *id, const char *split,
                          const char *group);

/* A JPEG of 24×16, its left half red, its lower quarter blue, with EXIF in front. */
void dataset_write_photo (const char *root, const char *path, guint orientation, gboolean big);

/* The first labels of an item as text, "012" or "0,1,2"; "none" where it has none. Free with g_free. */
char *dataset_anomaly_text (DhDataset *dataset, guint index, guint n);
char *dataset_class_text (DhDataset *dataset, guint index, guint n);
#define dataset_assert_anomaly(dataset, index, want)                                                                   \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *text_ = dataset_anomaly_text (dataset, index, strlen (want));                                     \
    g_assert_cmpstr (text_, ==, want);                                                                                 \
  }                                                                                                                    \
  G_STMT_END
#define dataset_assert_classes(dataset, index, n, want)                                                                \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *text_ = dataset_class_text (dataset, index, n);                                                   \
    g_assert_cmpstr (text_, ==, want);                                                                                 \
  }                                                                                                                    \
  G_STMT_END
