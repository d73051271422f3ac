#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* How a threshold was chosen. */
typedef enum
{
  DH_RULE_BY_HAND,
  DH_RULE_START,   /* nobody chose yet: it flags the most suspicious twentieth of the first picture */
  DH_RULE_TPR95,   /* the first point of the curve with TPR > 0.95 */
  DH_RULE_FPR5,    /* the last point with FPR ≤ 0.05 */
  DH_RULE_BEST_F1, /* the strictest of the largest F1 */
  DH_N_RULES,      /* that a curve of pixels chooses by */
  /* The last threshold before there are more than 0.1, 1 or 10 false alarms an image (dh-false-alarms.h). */
  DH_RULE_FALSE_ALARMS_TENTH = DH_N_RULES,
  DH_RULE_FALSE_ALARMS_ONE,
  DH_RULE_FALSE_ALARMS_TEN,
  DH_N_ALL_RULES,
} DhRule;
/* "TPR 95 %", … translated. */
const char *dh_rule_title (DhRule rule);
/* "by-hand", "tpr95", "fpr5", "best-f1", "fa0.1" */
const char *dh_rule_id (DhRule rule);
gboolean dh_rule_from_id (const char *id, DhRule *rule);
/* False alarms an image at most; NaN where it is no rule of theirs. */
double dh_rule_false_alarms (DhRule rule);

G_END_DECLS
