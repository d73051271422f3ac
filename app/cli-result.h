#pragma once
#include "cli.h"
#include "dh-froc.h"
#include "dh-metric.h"

G_BEGIN_DECLS

/* The protocols of a comma-separated list (DhProtocol, borrowed, each once), the defaults where `names` is
 * NULL, or every one that takes scores for "all".
 * Errors: DH_ERROR_USAGE: unknown, or open-set, which needs classes. */
GPtrArray *dh_cli_find_protocols (const char *names, GError **error);

/* A member named after the protocol: its values as fractions of 1, undefined ones null. With `rows`
 * also those of every image. */
void dh_cli_add_result (JsonBuilder *json, const DhResult *result, gboolean rows);

/* A line of a table: `name`, AP, FPR95, AUROC in per cent, and what else there is to say. `name` of the heading is what
 * stands in its first column. */
void dh_cli_print_heading (const char *name);
void dh_cli_print_result (const char *name, const DhResult *result);

/* Objects against false alarms: a member "froc", or lines of text. */
void dh_cli_add_froc (JsonBuilder *json, const DhFrocCurve *curve);
void dh_cli_print_froc (const DhFrocCurve *curve);
/* "any", "50%" or "0.5": how much of an object must be flagged. */
gboolean dh_cli_parse_share (const char *text, double *share);

G_END_DECLS
