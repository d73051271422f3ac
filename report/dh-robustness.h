#pragma once
#include "dh-degradation.h"
#include "dh-metric.h"
#include "dh-report.h"
#include "dh-run-numbers.h"

G_BEGIN_DECLS

/* What a method loses where the images of a set are made worse (dh-degradation.h): a run that saw them as they are, and
 * of each degradation and severity the newest run that is like it in all else: same files, splits, labels, weights,
 * score, device, precision and version of the program. On the database's thread. */
enum
{
  DH_ROBUSTNESS_AP,
  DH_ROBUSTNESS_FPR95, /* the only one that grows as things get worse */
  DH_ROBUSTNESS_AUROC,
  DH_ROBUSTNESS_NUMBERS,
};

typedef struct
{
  gint64 run; /* 0: there is none */
  double numbers[DH_ROBUSTNESS_NUMBERS];
} DhRobustnessCell;

typedef struct
{
  DhRunRow *run; /* of the images as they are */
  const DhProtocol *protocol;
  DhRobustnessCell clean;
  DhRobustnessCell cells[DH_N_DEGRADE][DH_DEGRADE_SEVERITIES]; /* severity 1 at 0 */
} DhRobustness;

/* Errors: DH_ERROR_NOT_FOUND (no such run, or not measured under that protocol), DH_ERROR_USAGE (it is not done, or saw
 * images that were made worse itself, or is of imported scores). Clear it in any case. */
gboolean dh_robustness_find (DhRobustness *robustness, DhDatabase *database, gint64 run, const DhProtocol *protocol,
                             GError **error);
void dh_robustness_clear (DhRobustness *robustness);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhRobustness, dh_robustness_clear)

/* The newest run that is done, is like `wanted` in what is said above, saw the images as its fingerprint says, and was
 * measured under the protocol; 0, with *error unset, where there is none. Of `wanted` count kind, split, score, device,
 * precision, program, summary, dataset_kind, dataset_fingerprint and model_sha256. */
gint64 dh_robustness_find_run (DhDatabase *database, const DhRunRow *wanted, const DhProtocol *protocol,
                               GError **error);

/* The mean over the severities of a degradation that there are runs of; of DH_N_DEGRADE the mean of these means. NAN
 * where there is none. */
double dh_robustness_mean (const DhRobustness *robustness, guint number, guint kind);
/* "AP"; a constant. */
const char *dh_robustness_number_name (guint number);

/* As CSV, JSON, HTML, Markdown or LaTeX; PDF is DH_ERROR_UNSUPPORTED. Errors: DH_ERROR_IO. */
gboolean dh_robustness_write (const DhRobustness *robustness, DhReportFormat format, const char *path, GError **error);

G_END_DECLS
