#pragma once
#include <cairo.h>
#include <json-glib/json-glib.h>
#include "dh-curve.h"
#include "dh-dataset.h"
#include "dh-place.h"
#include "dh-report.h"
#include "dh-run-froc.h"
#include "dh-run-intervals.h"
#include "dh-stored-curve.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

typedef struct
{
  DhRunRow *run;
  GPtrArray *images;    /* DhRunImageRow */
  GPtrArray *protocols; /* DhRunProtocolRow */
} DhReportRun;

typedef struct
{
  DhReportRun runs[2];
  guint n_runs;
  const DhReportThreshold *thresholds; /* of the first run */
  guint n_thresholds;
  gboolean objects;                     /* to be counted and listed, in every format but CSV and LaTeX */
  struct _DhReportSlices *slices[2];    /* of each run, for the same formats; NULL where they are not wanted */
  struct _DhReportFroc *froc[2];        /* likewise */
  struct _DhReportIntervals *intervals; /* of the runs, likewise */
  GPtrArray *marks;                     /* DhMarkRow, for their tags; NULL */
  GCancellable *cancellable;
  const DhProgress *progress; /* of images whose maps are read; may be NULL */
} DhReport;

/* With its images and protocols, those of its own score first. FALSE leaves what dh_report_clear_run() frees. */
gboolean dh_report_load_run (DhDatabase *database, gint64 id, DhReportRun *run, GError **error);
void dh_report_clear_run (DhReportRun *run);
/* FALSE where the run has not measured all of its images: what it has of some is no number of the set. `what` cannot be
 * had then: "slices". Errors: DH_ERROR_NOT_FOUND. */
gboolean dh_report_check_done (const DhRunRow *run, const char *what, GError **error);
/* The provenance of a run, (name, value) after another; NULL-terminated, free with g_strfreev. */
char **dh_report_provenance (const DhReportRun *run);
/* The run's summary; NULL where it has none, or one that is no object. Free with json_node_unref. */
JsonNode *dh_report_parse_summary (const DhRunRow *run);
/* dh-report-json.c: members that are written. Text that is no UTF-8 is made so; NULL and what is not finite are null.
 * A double without a name is an element of an array. */
void dh_report_member_string (JsonBuilder *json, const char *name, const char *value);
void dh_report_member_double (JsonBuilder *json, const char *name, double value);
void dh_report_member_int (JsonBuilder *json, const char *name, gint64 value);
/* Members of such an object (may be NULL): NULL or NAN where there is none of that kind. Borrowed. */
JsonObject *dh_report_get_object (JsonObject *object, const char *name);
const char *dh_report_get_string (JsonObject *object, const char *name);
double dh_report_get_number (JsonObject *object, const char *name);
/* Whether it measured imported scores of which low ones are anomalous, as they lay. */
gboolean dh_report_was_turned (const DhRunRow *run);
/* What the run keeps of smiyc-component; FALSE where it was not measured by it. Numbers that are undefined are NAN. */
typedef struct
{
  char *protocol;
  double siou, ppv, mean_f1, threshold;
  gboolean given; /* the threshold, else it is that of the very set's best F1 */
  char *rule;     /* how the threshold was chosen, and of what size components count */
} DhReportComponents;
gboolean dh_report_find_components (const DhRunRow *run, DhReportComponents *components);
void dh_report_components_clear (DhReportComponents *components);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhReportComponents, dh_report_components_clear)
/* Whether the row's numbers are those of components, of which it has no AP, FPR95 and AUROC. */
gboolean dh_report_is_component_row (const DhRunProtocolRow *row);
/* Adds name and value of what a run was made of, where that is other runs. */
void dh_report_add_made_of (const DhRunRow *run, GPtrArray *facts);
/* The same in one line, without checksums; NULL where it is not made of others. Free with g_free. */
char *dh_report_dup_made_of (const DhRunRow *run);
/* Adds name and value of the open set's numbers, all towns' and each one's, where the run has them. */
void dh_report_add_reading (const DhRunRow *run, GPtrArray *facts);
void dh_report_add_towns (const DhRunRow *run, GPtrArray *facts);
/* The same of the pooled thresholds and of what was labelled, from rows. */
void dh_report_add_measured (const DhReportRun *run, GPtrArray *facts);
/* The data set again, as the run saw it; NULL where it is no longer there. */
DhDataset *dh_report_open_dataset (const DhRunRow *run, GCancellable *cancellable);
/* Of the score of the run, the others follow. Borrowed; NULL where there is none. */
const DhRunProtocolRow *dh_report_find_protocol (const DhReportRun *run, const char *score, const char *protocol);
/* The same among the rows of one run. */
const DhRunProtocolRow *dh_report_find_row (GPtrArray *protocols, const char *score, const char *protocol);
/* Whether the folder of the run's maps still holds those of its score, and not another run's. */
gboolean dh_report_has_maps (const DhRunRow *run);
/* Images that were measured, the lowest AP first, undefined ones last; DhRunImageRow borrowed. */
GPtrArray *dh_report_worst_first (const DhReportRun *run);
/* "94.32", "—"; for HTML, Markdown and tables. */
char *dh_report_percent (double fraction);
/* The first less the second: "+1.25", "−0.03", "—". */
char *dh_report_difference (double a, double b);
/* "−10.60" */
char *dh_report_number (double value, guint digits);
/* "1,043,905" */
char *dh_report_count (gint64 value);

/* A table of text, n_columns cells a row after the row of titles; the first n_left columns stand to the left. */
typedef struct
{
  char *title;
  char *sentence; /* beneath the title; may be NULL */
  guint n_columns, n_left;
  GPtrArray *cells; /* char * */
} DhReportTable;
/* With the row of titles; n_columns of these. */
DhReportTable *dh_report_table_new (const char *title, guint n_columns, guint n_left, const char *const *titles);
void dh_report_table_free (DhReportTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhReportTable, dh_report_table_free)
guint dh_report_table_n_rows (const DhReportTable *table); /* with the titles */
const char *dh_report_table_cell (const DhReportTable *table, guint row, guint column);
/* NULL where the run was not measured by components. */
DhReportTable *dh_report_components_table (const DhReportRun *run);
/* What the run gives at the thresholds that are kept for it. NULL without any. */
DhReportTable *dh_report_thresholds_table (const DhReport *report, guint run);
/* The pixels of the first run at a threshold: each (`exact`) where its slices were counted at that, else from its
 * stored curve: between two of its points those of the stricter one. FALSE without one. */
gboolean dh_report_count_at (const DhReport *report, const DhReportThreshold *threshold, gboolean *exact,
                             DhConfusion *confusion);
/* What turns a value of the map into one that is high where anomalous, and back: 1 or -1. */
double dh_report_sign_of (const DhRunRow *run, const char *score);
/* dh-report-operating.c: the threshold that is kept for the run's score, else that of its components, else that of the
 * best F1 of the very set. */
typedef struct
{
  double threshold; /* of the map as it is shown: what lies beyond is flagged; NAN where there is none */
  char *chosen;     /* how, in words */
  gboolean own;     /* on that very set */
} DhReportOperating;
void dh_report_find_operating (const DhReport *report, guint run, DhReportOperating *at);
void dh_report_operating_clear (DhReportOperating *at);
/* The objects of the run at the threshold that is kept for it, else that of its best F1, from its maps and the labels
 * as they lie there now; NULL where the report is not to have them, which all of these take. */
typedef struct _DhReportObjects DhReportObjects;
DhReportObjects *dh_report_objects_new (const DhReport *report, guint run);
void dh_report_objects_free (DhReportObjects *objects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhReportObjects, dh_report_objects_free)
/* By size, place, scene and tag; and one by one, NULL where none is missed. */
DhReportTable *dh_report_objects_table (const DhReportObjects *objects);
DhReportTable *dh_report_missed_table (const DhReportObjects *objects);
void dh_report_objects_to_json (const DhReportObjects *objects, JsonBuilder *json);
/* All of the first run, missed, false and found, a row each: the file, tags and note of its image, and its box. Errors:
 * DH_ERROR_NOT_FOUND (there is no threshold, or not every image could be read). */
char *dh_report_objects_to_csv (const DhReport *report, GError **error);
/* Of what size anomalies and predictions count for the run's components, else for SegmentMeIfYouCan's of AnomalyTrack.
 */
void dh_report_find_areas (const DhRunRow *run, guint64 *min_prediction, guint64 *min_anomaly);
/* Sizes of objects, from the small ones on: the area that is too large for one. */
#define DH_REPORT_N_SIZES 4
guint64 dh_report_size_end (guint size);
/* dh-report-froc.c: objects against false alarms at every threshold, from the run's maps and the labels as they lie
 * there now. */
typedef struct _DhReportFroc DhReportFroc;
DhReportFroc *dh_report_froc_new (const DhReport *report, guint run, const DhFrocRules *rules);
/* By what both runs of a report are counted. */
DhFrocOptions dh_report_froc_options (const DhReport *report, const DhFrocRules *rules);
void dh_report_froc_free (DhReportFroc *froc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhReportFroc, dh_report_froc_free)
/* dh-report-froc-text.c; NULL and nothing where the report is not to have it. Of two runs, what they find beside each
 * other: NULL of one. */
DhReportTable *dh_report_froc_table (const DhReport *report, guint run);
DhReportTable *dh_report_compared_froc (const DhReport *report);
void dh_report_froc_to_json (const DhReport *report, guint run, JsonBuilder *json);
/* The pooled numbers of parts of the set, from the run's maps and the labels as they lie there now: of the whole, and
 * of these kinds. All of these functions but the first take NULL. */
enum
{
  DH_REPORT_SLICES_OF_PARTS = 1 << 0,   /* scenes, tags, places in the picture */
  DH_REPORT_SLICES_OF_CLASSES = 1 << 1, /* what the network sees, pixel by pixel */
};
typedef struct _DhReportSlices DhReportSlices;
DhReportSlices *dh_report_slices_new (const DhReport *report, guint run, guint kinds);
void dh_report_slices_free (DhReportSlices *slices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhReportSlices, dh_report_slices_free)
DhReportTable *dh_report_slices_table (const DhReportSlices *slices);
/* Of two runs, those that both have, beside each other; NULL of one. */
DhReportTable *dh_report_compared_slices (const DhReport *report);
void dh_report_slices_to_json (const DhReportSlices *slices, JsonBuilder *json);
/* The whole set's pixels at a threshold. FALSE where the slices were counted at another, or not all images were read.
 */
gboolean dh_report_slices_count_whole (const DhReportSlices *slices, double threshold, DhConfusion *confusion);
/* Their numbers, DhRunSlice; those of the whole are not among them. NULL where some image could not be read, or its
 * classes could not. */
GPtrArray *dh_report_slices_list (const DhReportSlices *slices);
/* Why there are no classes, in a sentence; NULL where there are, or none are wanted. Borrowed. */
const char *dh_report_slices_why_no_classes (const DhReportSlices *slices);
/* A part of a run's set, as it is drawn anew. */
typedef struct
{
  const GPtrArray *rows;   /* DhRunImageRow; NULL: all that were measured */
  double ap, fpr95, auroc; /* of it, by densehybrid-pooled */
} DhReportPart;
/* Of the slices that are of some images, and no places or classes in them, the one at `*at` or the next, to whose place
 * that is set; FALSE behind the last. Free the name with g_free. */
gboolean dh_report_slices_next_part (const DhReportSlices *slices, guint *at, DhReportPart *part, char **name);

/* dh-report-intervals.c: how far the numbers are a matter of chance. Empty until images are added to it, by who reads
 * them anyway, or by dh_report_intervals_read(). Of one protocol, or NULL: of all that the runs were measured by; with
 * `froc` of false alarms as well, by these rules, and what is found at `rate` of them an image. */
typedef struct _DhReportIntervals DhReportIntervals;
DhReportIntervals *dh_report_intervals_new (const DhReport *report, const char *protocol, const DhFrocRules *froc,
                                            double rate, DhDrawn drawn);
void dh_report_intervals_free (DhReportIntervals *intervals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhReportIntervals, dh_report_intervals_free)
/* An image of run `which` as it was measured: its map, oriented. */
void dh_report_intervals_add (DhReportIntervals *intervals, guint which, DhRunImageRow *row, const float *scores,
                              const DhLabels *labels);
/* All images of run `which`; the progress is one of all runs. */
void dh_report_intervals_read (DhReportIntervals *intervals, guint which, const DhProgress *progress,
                               GCancellable *cancellable);
/* Why there are none; NULL where there are. Once all was added. */
const char *dh_report_intervals_why (DhReportIntervals *intervals);
/* The same of what is counted in bins, by densehybrid-pooled alone; `compared`: of the runs' difference. Free with
 * g_free. */
char *dh_report_intervals_dup_why_pooled (DhReportIntervals *intervals, gboolean compared);
/* Whether the runs measured the same pixels by the protocol; else they have no difference. */
gboolean dh_report_intervals_measured_same (const DhReportIntervals *intervals, const char *protocol);
gboolean dh_report_intervals_of_scenes (const DhReportIntervals *intervals);
/* The whole of run `which`. FALSE where it was not measured by the protocol. */
gboolean dh_report_intervals_get_whole (const DhReportIntervals *intervals, guint which, DhReportPart *part);
/* Of `n` runs, beginning with `which`, a part of each. FALSE where there are none, two measured other pixels, memory is
 * short, or cancelled. */
gboolean dh_report_intervals_draw (DhReportIntervals *intervals, const DhReportPart *parts, guint which, guint n,
                                   DhBootstrapNumbers *numbers, GCancellable *cancellable);
/* The protocols of run `which`, at 0 and on; NULL behind the last. */
const char *dh_report_intervals_protocol (const DhReportIntervals *intervals, guint which, guint index);
/* The whole of `n` runs by a protocol: the numbers as they are kept, and their intervals. FALSE where there are none,
 * one was not measured by it, two measured other pixels, memory is short, or cancelled. */
gboolean dh_report_intervals_draw_protocol (DhReportIntervals *intervals, const char *protocol, guint which, guint n,
                                            DhRunIntervals *drawn, GCancellable *cancellable);
/* dh-report-drawn-text.c: by each protocol, what is not of densehybrid-pooled's three. As the next ones. */
DhReportTable *dh_report_drawn_table (const DhReport *report, guint run);
DhReportTable *dh_report_compared_drawn (const DhReport *report);
void dh_report_drawn_to_json (const DhReport *report, guint run, guint n, JsonBuilder *json);
/* "85.10 to 89.42"; with sign "−0.40 to +1.85". */
char *dh_report_interval (DhInterval interval, gboolean with_sign);
/* A number and "…_interval", an array of its ends. */
void dh_report_member_interval (JsonBuilder *json, const char *number, double value, DhInterval interval);
/* Whether there are two runs whose numbers may be subtracted. */
gboolean dh_report_intervals_are_compared (const DhReport *report);
/* dh-report-intervals-text.c; NULL where the report is not to have them. Of two runs that measured the same, their
 * difference: NULL of one. */
DhReportTable *dh_report_intervals_table (const DhReport *report, guint run);
DhReportTable *dh_report_compared_intervals (const DhReport *report);
void dh_report_intervals_to_json (const DhReport *report, guint run, JsonBuilder *json);
void dh_report_differences_to_json (const DhReport *report, JsonBuilder *json);

/* dh-report-maps.c: the map that the row was measured on, oriented, and its labels, of one size. FALSE where the map is
 * gone or another run's, or the labels are. */
gboolean dh_report_load_measured (const DhRunImageRow *row, DhDataset *dataset, DhTensor **map, DhLabels **labels);
/* Those of a picture, by its path; free with g_strfreev. */
char **dh_report_dup_tags (const DhReport *report, const char *path);
/* What a user wrote of it; "". Free with g_free. */
char *dh_report_dup_note (const DhReport *report, const char *path);
/* A sentence, with the space before it, where there are any: images whose maps could not be read. Free with g_free. */
char *dh_report_dup_unread (guint images);
const char *dh_report_place_title (DhPlace place);
/* What the run found of each class; NULL where it measured none, or what it keeps of them does not fit together. */
DhReportTable *dh_report_classes_table (const DhReportRun *run);
/* The network and its weights' file; of two runs that would read alike, with the weights' sum. Free with g_free. */
char *dh_report_dup_model (const DhReport *report, guint run);
/* Of two runs, their numbers beside each other, under each protocol that both have; subtracted where they are of the
 * same data, and a sentence where not. NULL of one run. */
DhReportTable *dh_report_compared_protocols (const DhReport *report);
/* Whether two runs measured as many pixels, and anomalies among them, by a protocol, or by NULL in all images: where
 * one has scores that are no numbers, the other may not. And the same with DH_ERROR_MISMATCH. */
gboolean dh_report_measured_same_pixels (const DhReportRun *a, const DhReportRun *b, const char *protocol);
gboolean dh_report_check_same_pixels (const DhReportRun *a, const DhReportRun *b, const char *protocol, GError **error);
/* "measured other data": what tells the pictures and labels of two runs apart; NULL where they are the same. */
const char *dh_report_name_difference (const DhRunRow *a, const DhRunRow *b);
/* Whether one saw the pictures made worse, or worse in another way (dh-degradation.h), than the other: their numbers
 * are compared all the same, to know what it costs. */
gboolean dh_report_differ_in_images (const DhRunRow *a, const DhRunRow *b);
/* "run 13 saw the images degraded by fog:3, run 12 as they are"; NULL where both saw the same. Free with g_free. */
char *dh_report_dup_images (const DhRunRow *a, const DhRunRow *b);
/* Why numbers of the two runs are not subtracted, in a sentence; NULL likewise. Free with g_free. */
char *dh_report_explain_difference (const DhReport *report);
/* Two fractions, and the first less the second: "—" where they are not to be subtracted. */
void dh_report_table_add_pair (DhReportTable *table, double a, double b, gboolean subtract);
/* The pictures that both measured, by the difference of their AP, the largest first. NULL of one run, and where no
 * picture is of both. */
DhReportTable *dh_report_compared_images (const DhReport *report);

/* Text for a table of LaTeX or Markdown, on one line: what has a meaning there is escaped. */
void dh_report_append_latex (GString *tex, const char *text);
char *dh_report_escape_markdown (const char *text);
/* A field of CSV, quoted where it must be. */
void dh_report_append_csv (GString *csv, const char *text);
/* A comma and the number, in full precision; nothing behind it where that is undefined. */
void dh_report_append_csv_number (GString *csv, double value);

char *dh_report_to_csv (const DhReport *report);
char *dh_report_to_json (const DhReport *report);
char *dh_report_to_markdown (const DhReport *report);
char *dh_report_to_latex (const DhReport *report);
char *dh_report_to_html (const DhReport *report);
gboolean dh_report_to_pdf (const DhReport *report, const char *path, GError **error);

/* Parts of a page: its head, facts as dh_report_provenance() gives them, a table (taken; NULL is nothing), and a chart
 * as it is drawn, whose ids begin with `prefix` so that there can be several. And a table in Markdown. */
typedef gboolean (*DhReportDraw) (cairo_t *cr, gpointer data);
GString *dh_report_begin_html (const char *title);
void dh_report_append_html_facts (GString *html, char **facts);
void dh_report_append_html_table (GString *html, DhReportTable *table);
/* Text with what HTML gives a meaning escaped. */
void dh_report_append_html_text (GString *html, const char *text);
/* A JPEG in the page itself; `what` it shows, free of what HTML gives a meaning. */
void dh_report_append_jpeg (GString *html, GBytes *jpeg, const char *what);
/* An image, of that width at most, as JPEG in the page itself; `what` it shows, free of what HTML gives a meaning. */
void dh_report_append_picture (GString *html, const DhImage *image, guint width, const char *what);
void dh_report_append_svg (GString *html, const char *prefix, DhReportDraw draw, gpointer data);
void dh_report_append_markdown_table (GString *md, DhReportTable *table);

/* A chart, drawn by cairo for SVG and PDF alike. Series are points (x, y) in data space. */
typedef struct
{
  const char *name;
  guint32 colour; /* 0xrrggbb */
  gboolean dashed;
  gboolean filled; /* steps down to the axis, for histograms: point i is the left edge of bin i */
  guint n;
  const double *x, *y;
} DhPlotSeries;
typedef struct
{
  const char *title, *x_title, *y_title;
  double x_low, x_high, y_low, y_high;
  gboolean x_log, y_log;
  double mark_x;        /* a vertical line; NAN: none */
  gboolean names_right; /* the series' names stand at the right */
  double width, height;
} DhPlot;
void dh_plot_draw (cairo_t *cr, const DhPlot *plot, const DhPlotSeries *series, guint n_series);

/* The plots of a run: precision–recall, ROC, histogram of its score, objects against false alarms (of both runs, where
 * there are two). `index` 0…3; FALSE where its data is missing.
 * Draws at the origin. */
#define DH_REPORT_PLOTS 4
#define DH_REPORT_PLOT_WIDTH 380
#define DH_REPORT_PLOT_HEIGHT 250
gboolean dh_report_draw_plot (cairo_t *cr, const DhReport *report, guint run, guint index);

G_END_DECLS
