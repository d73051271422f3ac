#pragma once
#include <gio/gio.h>
#include "dh-database.h"
#include "dh-progress.h"
#include "dh-records.h"
#include "dh-run-froc.h"
#include "dh-run-intervals.h"

G_BEGIN_DECLS

/* A run with its provenance, its numbers under every protocol and its images, or two runs compared, as a file. */
typedef enum
{
  DH_REPORT_CSV,   /* one row an image */
  DH_REPORT_JSON,  /* everything, in full precision; undefined = null */
  DH_REPORT_HTML,  /* self-contained: tables, curves, pictures of the worst images */
  DH_REPORT_MD,    /* the tables */
  DH_REPORT_LATEX, /* a booktabs table of the protocols */
  DH_REPORT_PDF,   /* the tables and curves on A4 */
  DH_N_REPORT_FORMATS,
} DhReportFormat;

const char *dh_report_format_name (DhReportFormat format);
gboolean dh_report_format_from_name (const char *name, DhReportFormat *format);

/* A threshold that is kept for a run, whatever it was chosen on. Its value is one of the map as it is shown: likelihood
 * and dataset posterior flag what lies below. */
typedef struct
{
  char *score; /* the map that it is of, by its name; NULL: the run's own */
  double value;
  char *rule;        /* "best F1"; NULL: it was set by hand */
  char *source;      /* the set that the rule chose it on */
  guint images;      /* of that set */
  gint64 run;        /* that measured it, 0 where none is known */
  char *fingerprint; /* of its pictures; NULL likewise */
  gboolean own;      /* that set is the run's: the best that could be had, not what to expect */
} DhReportThreshold;
void dh_report_threshold_clear (DhReportThreshold *threshold);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhReportThreshold, dh_report_threshold_clear)
/* How it was chosen: "best F1 on Fishyscapes Static · fs_val, 30 images". Free with g_free. */
char *dh_report_threshold_chosen (const DhReportThreshold *threshold);
/* The rule's name in reports for "tpr95", "fpr5", "best-f1"; NULL for any other. */
const char *dh_report_rule_name (const char *id);
/* Of "fa0.1", the lowest threshold before there are more than so many false alarms an image (dh-run-froc.h); NAN of any
 * other. */
double dh_report_rule_alarms (const char *id);
/* What that rule is called in reports, with the pixels of the least false alarm; 0: not known. "at most 0.1 false
 * alarms of at least 500 pixels an image". Free with g_free. */
char *dh_report_dup_alarms_rule (double rate, guint64 area);
/* What a rule, by its id, chooses on run `source`, for run `run` of the same weights or method. False alarms are
 * counted from the maps of that run, by its own score and by `by`, which only they need. Errors: DH_ERROR_NOT_FOUND (no
 * such run, or nothing to choose on), DH_ERROR_USAGE (they are of other weights), as dh_run_froc_measure(). */
gboolean dh_report_choose_threshold (DhDatabase *database, gint64 run, const char *rule, const DhFrocRules *by,
                                     gint64 source, DhReportThreshold *threshold, const DhProgress *progress,
                                     GCancellable *cancellable, GError **error);
/* The same for what is no run: of `wanted` count id, 0, model_sha256 and score, a map's name. */
gboolean dh_report_choose_for (DhDatabase *database, const DhRunRow *wanted, const char *rule, const DhFrocRules *by,
                               gint64 source, DhReportThreshold *threshold, const DhProgress *progress,
                               GCancellable *cancellable, GError **error);

/* Writes the report whole or not at all. `other` 0: one run alone; CSV of two runs has both columns side by side.
 * Pictures and maps that are gone are left out of the HTML, with a word. On the database's thread. Errors:
 * DH_ERROR_NOT_FOUND (no such run), DH_ERROR_IO. */
gboolean dh_report_write (DhDatabase *database, gint64 run, gint64 other, DhReportFormat format, const char *path,
                          GCancellable *cancellable, GError **error);
/* With what the run gives at thresholds that are kept, in every format but CSV and LaTeX; "—" where the run keeps no
 * curve of that score. Between two points of a curve it is what the stricter one gives; with slices, and at the
 * threshold that they are counted at, every pixel is. */
gboolean dh_report_write_at (DhDatabase *database, gint64 run, const DhReportThreshold *thresholds, guint n_thresholds,
                             DhReportFormat format, const char *path, GCancellable *cancellable, GError **error);

/* All of it. `slices`: AP, FPR95, AUROC, and TPR, FPR and the shares of all false positives and misses at a threshold,
 * of scenes, tags, places in the picture and classes that the network sees.
 * `objects`: the objects that each run finds and misses, by size, place, scene and tag, and the missed ones one by one.
 * `intervals`: how far the pooled numbers of each run, of both runs' difference and of slices are a matter of chance.
 * `froc`: which share of the objects is found at how many false alarms an image, by `froc_rules`, at all thresholds.
 * All in every format but CSV and LaTeX; of one run, CSV with objects is these alone, a row each: the file of the
 * picture, its tags and note, and the box. Its maps and the labels are read again for that. */
typedef struct
{
  gint64 run, other; /* `other` 0: one run alone */
  const DhReportThreshold *thresholds;
  guint n_thresholds;
  gboolean slices, objects, intervals, froc;
  DhFrocRules froc_rules;
  DhDrawn drawn;
  const DhProgress
      *progress; /* of maps that are read for these, once for each kind, and each run of some; may be NULL */
} DhReportContents;
gboolean dh_report_write_contents (DhDatabase *database, const DhReportContents *contents, DhReportFormat format,
                                   const char *path, GCancellable *cancellable, GError **error);

/* A table for a paper: a row a method, a group of columns a data set. What is best in a column is bold, and what comes
 * second underlined where that is asked for; numbers that were measured otherwise than the others of their set (other
 * pixels, images left out, labels read in another way) stand there with a note and take no part in that. */
typedef enum
{
  DH_TABLE_MARK_NONE,
  DH_TABLE_MARK_BEST,
  DH_TABLE_MARK_SECOND, /* the best too */
} DhTableMarks;
typedef struct
{
  gint64 run;
  const char *name;
} DhTableName;
typedef struct
{
  const gint64 *runs;   /* in the order of the rows */
  guint n_runs;         /* 0: every evaluation that is done, the oldest first, but for those of images made worse */
  const char *protocol; /* of AP, FPR95 and AUROC; NULL: densehybrid-pooled */
  guint digits;         /* behind the point; up to 6 */
  DhTableMarks marks;
  /* How the rows of some runs are called. Runs of one name are one method's: where several of them measured one set,
   * its cell has their mean and sample standard deviation. */
  const DhTableName *names;
  guint n_names;
  /* The same of runs without a name whose weights come from trainings that differ in their seed alone (by the
   * config.json beside them, dh-run-series.h), where the weights' files are of one name. */
  gboolean by_seed;
  /* AP, FPR95 and AUROC of the runs' own scores with their 95 % intervals, of densehybrid-pooled alone: reads the runs'
   * maps again. Where they cannot be had there are none, and a comment says why. */
  gboolean intervals;
  DhDrawn drawn;
  const DhProgress *progress; /* of that; NULL: none. Each run begins anew */
} DhTableOptions;
/* As LaTeX, Markdown or CSV (others, and intervals of another protocol: DH_ERROR_UNSUPPORTED). Errors otherwise as
 * dh_report_write(), and DH_ERROR_NOT_FOUND where no run has numbers of the protocol. */
gboolean dh_report_write_table (DhDatabase *database, const DhTableOptions *options, DhReportFormat format,
                                const char *path, GCancellable *cancellable, GError **error);

G_END_DECLS
