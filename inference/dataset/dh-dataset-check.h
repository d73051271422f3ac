#pragma once
#include "dh-dataset.h"

G_BEGIN_DECLS

/* The data set doctor: reads every label and picture and says in words what it found. */
typedef enum
{
  DH_FINDING_OK,
  DH_FINDING_INFO,
  DH_FINDING_WARNING, /* something is left out or assumed */
  DH_FINDING_ERROR,   /* something is broken or missing */
} DhFindingSeverity;
const char *dh_finding_severity_name (DhFindingSeverity severity); /* "ok", "info", "warning", "error" */

typedef struct
{
  DhFindingSeverity severity;
  const char *code; /* a stable word: "unreadable-label", "hidden-labels", … */
  char *sentence;   /* "1 label cannot be read and is left out" */
  char *detail;     /* a second sentence: why, or what to do; may be NULL */
  guint count;      /* of files it concerns; 0: none in particular */
  char **files;     /* relative to the root, UTF-8, at most 100; each may go on with ": why"; NULL-terminated */
} DhFinding;

typedef struct
{
  char *name; /* "val", "AnomalyTrack test"; "" where the layout has no splits */
  guint images, labels, pairs;
  guint expected; /* pictures in the published split; 0: not known */
} DhSplitCount;

typedef enum
{
  DH_ROLE_INLIER,
  DH_ROLE_ANOMALY,
  DH_ROLE_IGNORE,
  DH_ROLE_CLASS,   /* a class, in a set without anomaly labels */
  DH_ROLE_SEGMENT, /* a segment of a negative */
  DH_ROLE_UNKNOWN, /* no meaning: the images that hold it are left out */
} DhLabelRole;
const char *dh_label_role_name (DhLabelRole role);

typedef struct
{
  guint8 value; /* in the file */
  DhLabelRole role;
  char *meaning; /* "road", "anomaly", "ignore", … */
  guint64 pixels;
  guint images;
} DhLabelValue;

typedef struct
{
  guint width, height, images;
} DhSizeCount;

typedef struct
{
  DhDatasetKind kind;
  char *root, *title, *evidence;
  guint other_kinds;                 /* bits 1 << DhDatasetKind: as what it could be read as well, beside a folder */
  char *published;                   /* dh_dataset_dup_published(); NULL */
  guint n_images, n_labels, n_pairs; /* files found */
  guint n_unreadable;                /* files */
  guint n_usable;                    /* items that can be opened: see dh_dataset_dup_usable */
  char *region;                      /* dh_region_id() of what is not measured; NULL: all is */
  double unmeasured_share;           /* of the pixels of all images, 0 to 1 */
  guint64 unmeasured;                /* pixels */
  guint64 anomalies, unmeasured_anomalies; /* pixels, of the labels that were read, where there is a region */
  gboolean hidden_labels;                  /* one constant value throughout: maps and export only, no score */
  GPtrArray *splits;                       /* DhSplitCount */
  GPtrArray *sizes;                        /* DhSizeCount, most frequent first */
  GPtrArray *values;                       /* DhLabelValue, by value */
  GPtrArray *findings;                     /* DhFinding, worst first */
  GArray *left_out;                        /* guint: indexes of items of the data set */
} DhDatasetReport;

typedef enum
{
  DH_CHECK_ALL = 0,
  DH_CHECK_QUICK = 1 << 0, /* of pictures only the header is read, and labels are sampled (said in the findings) */
} DhCheckFlags;

/* `threads` 0: one for each processor, at most 8. NULL only where cancelled or out of memory. */
DhDatasetReport *dh_dataset_check (DhDataset *dataset, DhCheckFlags flags, guint threads, GCancellable *cancellable,
                                   const DhProgress *progress, GError **error);
void dh_dataset_report_free (DhDatasetReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhDatasetReport, dh_dataset_report_free)

/* The worst severity among the findings. */
DhFindingSeverity dh_dataset_report_severity (const DhDatasetReport *report);
/* The report as plain text for a terminal or the clipboard; free with g_free. */
char *dh_dataset_report_to_text (const DhDatasetReport *report);

/* The data set without the items that the report leaves out. */
DhDataset *dh_dataset_dup_usable (DhDataset *dataset, const DhDatasetReport *report);

G_END_DECLS
