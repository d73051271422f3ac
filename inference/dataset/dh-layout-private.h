#pragma once
#include "dh-dataset.h"
#include "dh-label-map-private.h"
#include "dh-scan-private.h"

G_BEGIN_DECLS

/* Where masks of a plain folder of pictures lie. */
#define DH_MASKS_FOLDER "masks"

typedef struct
{
  DhDatasetItem item;
  DhLabelForm form;
  char *mask; /* where its mask lies, or would be sought; NULL of published sets, and where that is another's place */
} DhItem;
void dh_item_free (DhItem *item);

/* What a layout found under a base folder. Paths of orphans are relative to the root. */
typedef struct
{
  const DhScan *scan;
  const DhScan *base_scan; /* of DhDatasetOptions.base_root; NULL */
  DhDatasetKind kind;
  GPtrArray *items;         /* DhItem */
  GPtrArray *orphans;       /* labels without a picture */
  guint n_duplicates;       /* pictures beside one of the same stem, left aside */
  gboolean labels_expected; /* a picture without label is worth a word */
  const char *title, *evidence;
  const char *needs; /* what is missing to use the set; NULL */
  GPtrArray *notes;
} DhLayoutFind;
DhLayoutFind *dh_layout_find_new (const DhScan *scan, const DhScan *base_scan);
void dh_layout_find_free (DhLayoutFind *find);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhLayoutFind, dh_layout_find_free)

typedef struct
{
  DhDatasetKind kind;
  gboolean (*match) (DhLayoutFind *find, const char *base);
  gboolean labels_expected;
  gboolean merges; /* several folders of it are one data set */
  const char *title, *evidence;
  gboolean builds_on_another; /* whose pictures lie under the same root */
} DhLayout;
extern const DhLayout dh_layouts[];
extern const guint dh_n_layouts;

/* Tries every layout (or those of one kind: `kind` not -1) at the root and two levels below it, in order of how
 * particular they are. Of one without any label, whose pictures have masks, those count. NULL where none fits. */
DhLayoutFind *dh_layout_recognise (const DhScan *scan, const DhScan *base_scan, gint kind);
/* Bits 1 << DhDatasetKind of those in which there are pictures. */
guint dh_layout_list_kinds (const DhScan *scan, const DhScan *base_scan);

G_END_DECLS
