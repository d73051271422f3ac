#pragma once
#include "dh-report-private.h"
#include "dh-run-series.h"
#include "dh-mean.h"

G_BEGIN_DECLS

/* The numbers of a table for a paper, before they are text. */
enum
{
  DH_PAPER_AP,
  DH_PAPER_FPR95, /* the only one of which little is good */
  DH_PAPER_AUROC,
  DH_PAPER_SIOU,
  DH_PAPER_PPV,
  DH_PAPER_MEAN_F1,
  DH_PAPER_NUMBERS,
};

/* What one run measured. */
typedef struct
{
  const DhReportRun *run;
  const char *score;
  double numbers[DH_PAPER_NUMBERS]; /* fractions of 1; NAN where undefined */
  gboolean components;              /* measured */
  char *why, *component_why;        /* not comparable with the others of the set; NULL: it is */
} DhPaperMember;

typedef struct
{
  GPtrArray *members;                                   /* DhPaperMember; none: not measured on this set */
  DhMean numbers[DH_PAPER_NUMBERS];                     /* over its runs */
  char *text[DH_PAPER_NUMBERS];                         /* the mean, in per cent; NULL where undefined */
  char *deviation[DH_PAPER_NUMBERS];                    /* in per cent; NULL where there is none */
  char *low[DH_PAPER_NUMBERS], *high[DH_PAPER_NUMBERS]; /* the same of one run's intervals */
  guint rank[DH_PAPER_NUMBERS];                         /* 1 best, 2 second, 0 neither */
  GArray *notes[DH_PAPER_NUMBERS];                      /* guint: of `notes`, from 1; empty: comparable */
} DhPaperCell;

typedef struct
{
  char *name, *key;
  const char *score;
  gint64 run;       /* of its first cell */
  GPtrArray *cells; /* DhPaperCell, one a group */
} DhPaperRow;

typedef struct
{
  char *title;
  const DhReportRun *first; /* what the others are compared with */
  gboolean components;
} DhPaperGroup;

typedef struct
{
  const char *protocol;
  const DhTableOptions *options; /* borrowed */
  GPtrArray *rows;               /* DhPaperRow */
  GPtrArray *groups;             /* DhPaperGroup */
  GPtrArray *notes;              /* char * */
  GPtrArray *runs;               /* DhReportRun, for their provenance */
  GPtrArray *lacks;              /* char *: why runs have no intervals, or no seed */
  GHashTable *series;            /* run's id → DhRunSeries, of rows by seed; NULL where that was not asked for */
  guint seeds;                   /* what a deviation is of; 0: there is none */
  gboolean seeds_differ;         /* not all are of so many */
  guint of_scenes, of_images;    /* runs whose intervals are by draws of these */
} DhPaperTable;

DhPaperCell *dh_paper_cell_new (void);
void dh_paper_cell_free (DhPaperCell *cell);
/* Once all are in it: mean and deviation, and notes of what in it is not comparable. */
void dh_paper_cell_settle (DhPaperCell *cell, GPtrArray *notes);
/* "a" of 1, …, "z", "aa"; free with g_free. */
char *dh_paper_dup_mark (guint note);
/* "a", "a,b"; NULL without any. Free with g_free. */
char *dh_paper_cell_dup_marks (const DhPaperCell *cell, guint number);
/* "run 3", "runs 3, 5"; free with g_free. */
char *dh_paper_cell_dup_runs (const DhPaperCell *cell);

/* What makes two runs those of one method: the name that both are given here, the training but its seed, the weights,
 * or the name that was given to scores. Free with g_free, as the next. */
char *dh_paper_table_dup_key (const DhPaperTable *table, const DhRunRow *run, const char *score);
char *dh_paper_table_dup_name (const DhPaperTable *table, const DhRunRow *run, const char *score);
/* Whether a run's numbers belong into a cell of its key, beside those that are there. */
gboolean dh_paper_table_joins (const DhPaperTable *table, const DhPaperCell *cell, const DhRunRow *run);
/* The intervals of every run's own score, where they are wanted. FALSE where cancelled. */
gboolean dh_paper_table_add_intervals (DhPaperTable *table, DhDatabase *database, GCancellable *cancellable);
/* In per cent, without the sign; NULL where undefined. */
char *dh_paper_print_percent (double value, guint digits);
/* Finds the trainings of all runs. */
void dh_paper_table_find_series (DhPaperTable *table);
/* Rows of one name are told apart: by the score, then the weights' file and the precision, then the run. */
void dh_paper_table_tell_apart (DhPaperTable *table);

char *dh_paper_table_to_latex (const DhPaperTable *table, DhTableMarks marks);
char *dh_paper_table_to_markdown (const DhPaperTable *table, DhTableMarks marks);
char *dh_paper_table_to_csv (const DhPaperTable *table);

G_END_DECLS
