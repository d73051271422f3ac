#pragma once
#include "dh-dataset-private.h"

G_BEGIN_DECLS

/* What was seen of one item. */
typedef struct
{
  char *image_error, *label_error; /* why it cannot be read; NULL where it can */
  guint width, height;             /* of the picture; 0 where it cannot be read */
  guint label_width, label_height; /* 0 where there is none, or it was not looked at */
  guint64 seen[4];                 /* bits: ids in the label */
  char *region_error;              /* why it has no such region; NULL */
  guint64 unmeasured;              /* pixels in it */
  guint64 anomalies[2];            /* pixels of its label that is shown: measured, and in the region */
} DhItemSight;

typedef struct
{
  DhDataset *dataset;
  DhCheckFlags flags;
  DhItemSight *sights;             /* of each item */
  guint64 pixels[DH_N_FORMS][256]; /* of ids, over all labels of a form */
  guint images[DH_N_FORMS][256];
} DhSurvey;

/* Reads everything, on several threads. NULL where cancelled. */
DhSurvey *dh_survey_new (DhDataset *dataset, DhCheckFlags flags, guint threads, GCancellable *cancellable,
                         const DhProgress *progress, GError **error);
void dh_survey_free (DhSurvey *survey);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhSurvey, dh_survey_free)

static inline gboolean
dh_sight_has_id (const DhItemSight *sight, guint id)
{
  return sight->seen[id / 64] >> (id % 64) & 1;
}

/* Adds the findings to the report, whose counts, values and sizes stand already. */
void dh_check_find (const DhSurvey *survey, DhDatasetReport *report);
/* Those of them that are about single files; the pictures that are left out as well. */
void dh_check_find_files (const DhSurvey *survey, DhDatasetReport *report);
/* That one on what is not measured (dh-check-region.c). */
void dh_check_find_region (const DhSurvey *survey, DhDatasetReport *report);
/* What of the picture is not measured, of its label (NULL: none that was read). Any thread. */
void dh_check_look_at_region (DhDataset *dataset, guint index, const DhLabels *raw, DhItemSight *sight);
/* One finding; takes sentence and detail (may be NULL). Borrowed. */
DhFinding *dh_check_add (DhDatasetReport *report, DhFindingSeverity severity, const char *code, guint count,
                         char *sentence, char *detail);
/* "1 label is" or "7 labels are"; free with g_free. */
char *dh_check_count (guint n, const char *one, const char *many);
/* What counts and findings call an item's split: "val", "AnomalyTrack test". Free with g_free. */
char *dh_check_split_name (DhDatasetKind kind, const DhDatasetItem *item);
/* "188,513,720"; free with g_free. */
char *dh_group_digits (guint64 number);

G_END_DECLS
