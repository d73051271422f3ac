#include "cli-threshold.h"

#include <math.h>
#include <string.h>

#include "dh-report.h"

void
dh_cli_threshold_clear (DhCliThreshold *threshold)
{
  g_clear_pointer (&threshold->rule, g_free);
}

static gboolean
parse (const char *text, DhCliThreshold *threshold)
{
  const char *at = strchr (text, '@');
  if (!at)
    {
      char *end;
      threshold->value = g_ascii_strtod (text, &end);
      return end != text && *end == '\0' && isfinite (threshold->value);
    }
  threshold->rule = g_strndup (text, (gsize)(at - text));
  return (dh_report_rule_name (threshold->rule) || isfinite (dh_report_rule_alarms (threshold->rule)))
         && g_ascii_string_to_signed (at + 1, 10, 1, G_MAXINT64, &threshold->run, NULL);
}

gboolean
dh_cli_parse_threshold (DhCli *cli, const char *text, DhCliThreshold *threshold, int *status)
{
  *threshold = (DhCliThreshold){ NAN };
  if (parse (text, threshold))
    return TRUE;
  *status =
      dh_cli_usage (cli, "--threshold %s is no number, nor tpr95, fpr5, best-f1 or fa1 @ the number of a run", text);
  return FALSE;
}
