#pragma once
#include "cli.h"
#include "dh-metric.h"

G_BEGIN_DECLS

/* What numbers must be for the exit status to be 0, for scripts that build on it: "ap>=60%,smiyc-pixel:fpr95<=0.2".
 * A number is one of the first protocol where none is named, a bound a fraction of 1 or in per cent. */
#define DH_CLI_REQUIRE_ENTRY(text)                                                                                     \
  {                                                                                                                    \
    "require", 0, 0, G_OPTION_ARG_STRING, &(text),                                                                     \
        "Exit status 1 unless this holds: ap>=60%,fpr95<=20% (also auroc, best_f1, tpr_at_fpr5, siou, ppv, mean_f1; "  \
        "of another than the first protocol: PROTOCOL:ap>=60%)",                                                       \
        "R,…"                                                                                                        \
  }

typedef struct _DhCliRequired DhCliRequired;

/* `text` NULL: nothing is. `protocols` (DhProtocol, borrowed) are those that will be measured. Errors: DH_ERROR_USAGE.
 */
DhCliRequired *dh_cli_required_new (const char *text, GPtrArray *protocols, GError **error);
void dh_cli_required_free (DhCliRequired *required);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCliRequired, dh_cli_required_free)

/* Says what does not hold in `results` (DhResult); an undefined number holds nowhere. Gives `status`, or failed. */
int dh_cli_check_required (DhCli *cli, const DhCliRequired *required, GPtrArray *results, int status);

G_END_DECLS
