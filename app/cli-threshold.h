#pragma once
#include "cli.h"

G_BEGIN_DECLS

/* A threshold as --threshold says it: "-10.6", or "best-f1@3", what that rule chooses on run 3. */
typedef struct
{
  double value;
  char *rule; /* NULL: the value itself */
  gint64 run;
} DhCliThreshold;
void dh_cli_threshold_clear (DhCliThreshold *threshold);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhCliThreshold, dh_cli_threshold_clear)

/* FALSE after having said what is wrong, with *status set. */
gboolean dh_cli_parse_threshold (DhCli *cli, const char *text, DhCliThreshold *threshold, int *status);

G_END_DECLS
