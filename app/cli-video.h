#pragma once
#include "cli.h"
#include "dh-video-info.h"

G_BEGIN_DECLS

/* Which frames of a recording a command takes. */
typedef struct
{
  char *from, *to;
  gint every;
} DhCliRange;
void dh_cli_range_clear (DhCliRange *range);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhCliRange, dh_cli_range_clear)

#define DH_CLI_RANGE_ENTRIES(range)                                                                                    \
  { "every", 0, 0, G_OPTION_ARG_INT, &(range).every, "Every N-th frame (default: each)", "N" },                        \
      { "from", 0, 0, G_OPTION_ARG_STRING, &(range).from, "From this time on, in seconds or as 1:02:03.5", "T" },      \
  {                                                                                                                    \
    "to", 0, 0, G_OPTION_ARG_STRING, &(range).to, "Up to this time", "T"                                               \
  }

/* FALSE after having said what is wrong, with *status set. */
gboolean dh_cli_parse_range (DhCli *cli, const DhCliRange *range, DhVideoRange *parsed, int *status);

G_END_DECLS
