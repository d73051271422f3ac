#pragma once
#include "dh-run-threshold.h"

G_BEGIN_DECLS

/* The numbers of a data set by either side of a comparison, A less B. A side is a map of the shown picture: one of a
 * run (DH_FRAME_RUN_A, DH_FRAME_RUN_B), whose numbers the database keeps, or one of the network's, whose numbers are
 * those of the evaluated set. Nothing is computed that is not a look into a curve. Fractions of 1; what is not there is
 * NaN and has a reason. For the window's thread. */
typedef enum
{
  /* by a protocol, whatever the threshold is */
  DH_COMPARED_AP,
  DH_COMPARED_FPR95,
  DH_COMPARED_AUROC,
  /* at either side's own threshold, all pixels pooled */
  DH_COMPARED_PRECISION,
  DH_COMPARED_TPR,
  DH_COMPARED_F1,
  DH_COMPARED_OPEN_MIOU,
  DH_N_COMPARED,
} DhComparedNumber;

typedef struct
{
  double value[2];
  const char *why[2]; /* translated, static: why a value is NaN; NULL where it is not */
  double change;      /* A − B; NaN where either is, or they cannot be subtracted */
} DhComparedLine;

typedef struct
{
  DhComparedLine lines[DH_N_COMPARED];
  const DhThreshold *threshold[2]; /* NULL: that side has none. Borrowed: valid until it changes */
  gboolean own[2];                 /* chosen on the very set of the numbers */
  char *protocol[2];               /* by which the first lines are measured; NULL: by none */
  gboolean same_rule;              /* both thresholds are there, and were chosen by one rule */
  gboolean seen_otherwise;         /* one saw the pictures made worse (dh-degradation.h), or worse in another way */
  GPtrArray *differs;              /* sentences why numbers of the set are not subtracted; empty: they are */
} DhComparedNumbers;

/* `sides`: DhFrameMap; −1 is a picture, whose numbers nothing tells. Free with dh_compared_numbers_free. */
DhComparedNumbers *dh_compared_numbers_new (DhSession *session, const gint sides[2]);
void dh_compared_numbers_free (DhComparedNumbers *numbers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhComparedNumbers, dh_compared_numbers_free)

/* "AP", "Precision": translated. */
const char *dh_compared_number_title (DhComparedNumber number);
gboolean dh_compared_number_more_is_better (DhComparedNumber number);

/* The score whose threshold a side of the network's maps moves; DH_N_SCORES: none (max softmax, a picture, a run). */
DhScore dh_compared_score_of_side (gint side);

G_END_DECLS
