#pragma once
#include "dh-components.h"

G_BEGIN_DECLS

/* What a threshold flags in one image without labels, region by region (8-connected). */
typedef struct
{
  guint x, y, width, height; /* bounding box */
  guint64 area;              /* pixels */
  double mean, peak;         /* of the score as it is given: the peak is its most anomalous value */
  guint peak_x, peak_y;      /* of equal ones the first in reading order */
  gint class_id;             /* what most of its pixels are seen as, of equal ones the least; −1: nobody knows */
} DhFinding;

/* In reading order of their first pixels. */
typedef struct
{
  guint n;
  DhFinding *items;
  DhComponentRun *runs; /* their pixels, by finding, of each in reading order */
  gsize *begins;        /* where each finding's are: begins[f] ≤ … < begins[f + 1] */
} DhFindings;
void dh_findings_free (DhFindings *findings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFindings, dh_findings_free)

typedef struct
{
  double threshold; /* what lies beyond it is flagged */
  gboolean low;     /* low values are the anomalous ones */
  guint64 min_area; /* smaller regions are left out */
} DhFindingOptions;

/* `scores`: H×W; what is not finite is not flagged. `classes`: H×W, or NULL. `ignored`: H×W, not 0 where nothing is
 * looked for, which parts regions; or NULL. Any thread. NULL where memory is short (DH_ERROR_NO_MEMORY). */
DhFindings *dh_findings_new (const float *scores, const guint8 *classes, const guint8 *ignored, guint width,
                             guint height, const DhFindingOptions *options, GError **error);

G_END_DECLS
