#include "dh-rule.h"
#include <glib/gi18n.h>
#include <math.h>

const char *
dh_rule_title (DhRule rule)
{
  switch (rule)
    {
    case DH_RULE_BY_HAND:
      return _ ("set by hand");
    case DH_RULE_START:
      return _ ("Flags 5 %");
    case DH_RULE_TPR95:
      return _ ("TPR 95 %");
    case DH_RULE_FPR5:
      return _ ("FPR 5 %");
    case DH_RULE_BEST_F1:
      return _ ("Best F1");
    case DH_RULE_FALSE_ALARMS_TENTH:
      return _ ("At most 0.1 false alarms an image");
    case DH_RULE_FALSE_ALARMS_ONE:
      return _ ("At most 1 false alarm an image");
    case DH_RULE_FALSE_ALARMS_TEN:
      return _ ("At most 10 false alarms an image");
    case DH_N_ALL_RULES:
    default:
      g_return_val_if_reached ("");
    }
}

static const char *const rule_ids[DH_N_ALL_RULES] = { "by-hand", "start", "tpr95", "fpr5",
                                                      "best-f1", "fa0.1", "fa1",   "fa10" };

const char *
dh_rule_id (DhRule rule)
{
  g_return_val_if_fail (rule < DH_N_ALL_RULES, NULL);
  return rule_ids[rule];
}

gboolean
dh_rule_from_id (const char *id, DhRule *rule)
{
  for (guint i = 0; i < DH_N_ALL_RULES; i++)
    if (g_strcmp0 (id, rule_ids[i]) == 0)
      {
        *rule = i;
        return TRUE;
      }
  return FALSE;
}

double
dh_rule_false_alarms (DhRule rule)
{
  return rule == DH_RULE_FALSE_ALARMS_TENTH ? 0.1
         : rule == DH_RULE_FALSE_ALARMS_ONE ? 1
         : rule == DH_RULE_FALSE_ALARMS_TEN ? 10
                                            : (double)NAN;
}
