#pragma once
#include "dh-report-private.h"

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
  DH_PAPER_INTERVALS = DH_PAPER_SIOU, /* the numbers before it have them */
};

typedef struct
{
  gint64 run;                                               /* 0: this method was not measured on this set */
  double numbers[DH_PAPER_NUMBERS];                         /* fractions of 1; NAN where undefined */
  char *text[DH_PAPER_NUMBERS];                             /* in per cent; NULL where undefined */
  char *low[DH_PAPER_INTERVALS], *high[DH_PAPER_INTERVALS]; /* the same of their intervals */
  guint rank[DH_PAPER_NUMBERS];                             /* 1 best, 2 second, 0 neither */
  guint note, component_note;                               /* of `notes`, from 1; 0: comparable */
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
  GPtrArray *lacks;              /* char *: why runs have no intervals */
  guint of_scenes, of_images;    /* runs whose intervals are by draws of these */
} DhPaperTable;

/* What makes two runs those of one method: the name that both are given here, the weights, or the name that was given
 * to scores. Free with g_free, as the next. */
char *dh_paper_table_dup_key (const DhPaperTable *table, const DhRunRow *run, const char *score);
char *dh_paper_table_dup_name (const DhPaperTable *table, const DhRunRow *run, const char *score);
/* Rows of one name are told apart: by the score, then the weights' file and the precision, then the run. */
void dh_paper_table_tell_apart (DhPaperTable *table);

char *dh_paper_table_to_latex (const DhPaperTable *table, DhTableMarks marks);
char *dh_paper_table_to_markdown (const DhPaperTable *table, DhTableMarks marks);
char *dh_paper_table_to_csv (const DhPaperTable *table);

G_END_DECLS
