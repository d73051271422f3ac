#pragma once
#include "dh-run-record-private.h"

G_BEGIN_DECLS

/* By what it is noticed later that a picture's label or maps are no longer those that were measured. Any thread. */
typedef struct
{
  guint8 files[16];  /* picture and label by their names, sizes and times, before they were read. All 0: one of them had
                        been changed a moment before, and may have been again within the same tick of the clock */
  guint8 labels[16]; /* what the label says of each pixel */
  guint8 maps[16];   /* all that were measured, by their sizes and times */
} DhPictureSeal;

/* As they lie there now. */
void dh_picture_seal_files (DhPictureSeal *seal, const DhDatasetItem *item);
/* Either may be NULL: there is none. */
void dh_picture_seal_labels (DhPictureSeal *seal, const DhLabels *anomalies, const DhLabels *classes);
/* `maps`: DH_MAP_BIT(). As they lie there now; one that does not is told apart from every one that does. */
void dh_picture_seal_maps (DhPictureSeal *seal, const DhRunRecord *record, guint maps, const char *stem);
/* Whether `files` can be relied on. */
gboolean dh_picture_seal_is_settled (const DhPictureSeal *seal);

G_END_DECLS
