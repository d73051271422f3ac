#pragma once
#include "dh-dataset.h"

G_BEGIN_DECLS

/* How a folder is to be read as a data set where its own recognition is overruled: what the options of the command line
 * say and the studio's menus choose, and what runs and the list of data sets remember. */
typedef struct
{
  char *kind;   /* NULL: recognised */
  char *splits; /* as in DhDatasetOptions; NULL: all */
  char *base;   /* the base_root; NULL: none */
  DhLabelIds label_ids;
  gboolean labels_are_true;
  gboolean labels_are_hidden; /* somebody said so: read as if not, and asked no more */
  char *mask_values;          /* as in DhDatasetOptions; NULL: recognised */
  DhDegradation degradation;  /* likewise */
  char *region;               /* likewise */
} DhReading;

/* One that says nothing. */
DhReading *dh_reading_new (void);
/* As an open set is read. */
DhReading *dh_reading_new_for (DhDataset *dataset);
DhReading *dh_reading_copy (const DhReading *reading);
void dh_reading_free (DhReading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhReading, dh_reading_free)
gboolean dh_reading_equal (const DhReading *a, const DhReading *b);

/* Whether labels mean the same to both, as far as that is said. */
gboolean dh_reading_has_same_labels (const DhReading *a, const DhReading *b);

/* dh_dataset_open() so; errors are its own. */
DhDataset *dh_reading_open (const DhReading *reading, const char *root, GCancellable *cancellable,
                            const DhProgress *progress, GError **error);

/* "kind=smiyc;splits=validation": ASCII without spaces; "" where nothing is said. What is not understood in a text is
 * passed over. Free with g_free. */
char *dh_reading_to_text (const DhReading *reading);
DhReading *dh_reading_from_text (const char *text);
/* "--dataset smiyc --dataroot '/data/smiyc' --split 'validation'", for a shell. Free with g_free. */
char *dh_reading_dup_flags (const DhReading *reading, const char *root);

G_END_DECLS
