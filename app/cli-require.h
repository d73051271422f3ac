#pragma once
#include "cli.h"
#include "dh-database.h"
#include "dh-metric.h"
#include "dh-run-froc.h"

G_BEGIN_DECLS

/* What numbers must be for the exit status to be 0, for scripts that build on it: "ap>=60%,smiyc-pixel:fpr95<=0.2".
 * A number is one of the first protocol where none is named, a bound a fraction of 1 or in per cent. Of a run a bound
 * can be what another has, by its number, or "last": the newest one before it of the same pictures; more or less so
 * much: "ap>=@12-1%". "slices:" before a number asks it of each scene, tag and place, "classes:"
 * of each class, of the pixels where the network sees it; "surely:" asks that it holds in all of the 95 % interval of
 * the number, or of the two runs' difference (dh-run-intervals.h), "maybe:" that it does in some of it: by
 * densehybrid-pooled, or "surely:smiyc-component:mean_f1".
 * "found@1" is the share of objects that is found at one false alarm an image, "froc" the mean that is (dh-froc.h). */
#define DH_CLI_REQUIRE_ENTRY(text)                                                                                     \
  {                                                                                                                    \
    "require", 0, 0, G_OPTION_ARG_STRING, &(text),                                                                     \
        "Exit status 1 unless this holds: ap>=60%,fpr95<=20% (also auroc, best_f1, tpr_at_fpr5, siou, ppv, mean_f1; "  \
        "of another than the first protocol: PROTOCOL:ap>=60%)",                                                       \
        "R,…"                                                                                                        \
  }
#define DH_CLI_REQUIRE_OF_CLASSES_ENTRY(text)                                                                          \
  {                                                                                                                    \
    "require", 0, 0, G_OPTION_ARG_STRING, &(text),                                                                     \
        "Exit status 1 unless this holds: open_miou>=40%,closed_miou>=60%; against run 12: open_miou>=@12-1% (one "    \
        "percentage point less, at most), against the last run of the same images: open_miou>=@last-1%",               \
        "R,…"                                                                                                        \
  }
#define DH_CLI_REQUIRE_OF_RUN_ENTRY(text)                                                                              \
  {                                                                                                                    \
    "require", 0, 0, G_OPTION_ARG_STRING, &(text),                                                                     \
        "Exit status 1 unless this holds: ap>=60%,fpr95<=20% (also auroc, best_f1, tpr_at_fpr5, siou, ppv, mean_f1, "  \
        "closed_miou, open_miou, froc, and found@1, the share of objects found at one false alarm an image; of "       \
        "another "                                                                                                     \
        "than the first protocol: PROTOCOL:ap>=60%). Against run 12: ap>=@12-1% "                                      \
        "(one percentage point "                                                                                       \
        "less, at most), against the last run of the same images: ap>=@last-1%. Of each scene, tag and place: "        \
        "slices:ap>=@12-2%; where the network sees each class: classes:ap>=50%. In all of the 95 % interval for the "  \
        "chance of which images there are: surely:ap>=@12-1%; "                                                        \
        "in some of it: maybe:ap>=@12; of another protocol than densehybrid-pooled: "                                  \
        "surely:smiyc-component:mean_f1>=40%",                                                                         \
        "R,…"                                                                                                        \
  }

typedef struct _DhCliRequired DhCliRequired;

/* What the numbers are of. */
typedef enum
{
  DH_CLI_REQUIRE_OF_MAPS, /* no run: none can be named, and there are no slices */
  DH_CLI_REQUIRE_OF_RUN,
  DH_CLI_REQUIRE_OF_STORED, /* a run of which only what the database keeps is known */
} DhCliRequireOf;

/* `text` NULL: nothing is. `protocols` (DhProtocol, borrowed) are those that will be measured; NULL: any may be named,
 * and densehybrid-pooled need not be. Errors: DH_ERROR_USAGE. */
DhCliRequired *dh_cli_required_new (const char *text, GPtrArray *protocols, DhCliRequireOf of, GError **error);
/* By what found@1 and froc are counted, if not by dh-run-froc.h. */
void dh_cli_required_set_froc (DhCliRequired *required, const DhFrocRules *rules);
void dh_cli_required_free (DhCliRequired *required);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCliRequired, dh_cli_required_free)
/* Whether some of it is measured from a run's maps: of slices, classes, intervals or false alarms. */
gboolean dh_cli_required_reads_maps (const DhCliRequired *required);
/* The first that holds classes against another run's, as it was written; NULL where none does. Borrowed. */
const char *dh_cli_required_find_compared_classes (const DhCliRequired *required);

/* Says what does not hold in `results` (DhResult; NULL: as `database` keeps them of `run`); an undefined number holds
 * nowhere, but in a slice without anomalies, where there is none. `database` may be NULL where no run can be named.
 * Gives `status`, or failed, or cancelled. */
int dh_cli_check_required (DhCli *cli, const DhCliRequired *required, GPtrArray *results, DhDatabase *database,
                           gint64 run, int status);

G_END_DECLS
