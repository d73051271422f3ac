#include "cli-video.h"

void
dh_cli_range_clear (DhCliRange *range)
{
  g_clear_pointer (&range->from, g_free);
  g_clear_pointer (&range->to, g_free);
}

gboolean
dh_cli_parse_range (DhCli *cli, const DhCliRange *range, DhVideoRange *parsed, int *status)
{
  *parsed = (DhVideoRange){ 0 };
  if (range->every < 0)
    *status = dh_cli_usage (cli, "--every %d is no number of frames", range->every);
  else if (range->from && !dh_video_parse_time (range->from, &parsed->from))
    *status = dh_cli_usage (cli, "--from %s is no time; write seconds, 1:30 or 1:02:03.5", range->from);
  else if (range->to && (!dh_video_parse_time (range->to, &parsed->to) || !(parsed->to > 0)))
    *status = dh_cli_usage (cli, "--to %s is no time above 0; write seconds, 1:30 or 1:02:03.5", range->to);
  else if (range->to && parsed->to <= parsed->from)
    *status = dh_cli_usage (cli, "--to %s is not behind --from %s", range->to, range->from);
  else
    {
      parsed->every = (guint)MAX (range->every, 1);
      return TRUE;
    }
  return FALSE;
}
