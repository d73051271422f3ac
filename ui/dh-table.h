#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

typedef struct
{
  const char *title;   /* translated when it is shown */
  int letters;         /* width that its texts take with letters of usual size; 0: what the others leave */
  int more;            /* width that does not grow with them */
  guint dispensable;   /* where there is no room, 1 is left out first; 0: never */
  gboolean words;      /* no number */
  const char *csv;     /* titles of the numbers that it is in a file, separated by commas; NULL: as it is here */
  gboolean descending; /* what one sorts by it for */
} DhTableColumn;

/* What a table shows of its items. All functions get `data` of dh_table_new(). */
typedef struct
{
  const DhTableColumn *columns;
  guint n_columns;
  guint sorted_by;    /* at first */
  gboolean one_click; /* activates a row */
  char *(*dup_text) (gpointer item, guint column, gpointer data);
  /* Of numbers, and of words that have an order of their own; NaN: behind the rest. Called often. */
  double (*value) (gpointer item, guint column, gpointer data);
  /* Words that are sorted as they stand; borrowed, NULL: behind the rest. Called as often. */
  const char *(*get_word) (gpointer item, guint column, gpointer data);
  /* Of a column with titles of its own in files: as many numbers, separated by commas. */
  char *(*dup_csv) (gpointer item, guint column, gpointer data);
  /* What files have behind the columns: titles, separated by commas, and as many texts of an item. May be NULL. */
  const char *more_titles;
  char **(*dup_more) (gpointer item, gpointer data);
  /* Why a number is undefined; NULL: no tooltip. May be NULL, as all that follow. */
  char *(*dup_why) (gpointer item, guint column, gpointer data);
  /* It is of an earlier state, and soon another. */
  gboolean (*is_old) (gpointer item, guint column, gpointer data);
  /* Another cell than a label (NULL: a label), and what it shows. */
  GtkWidget *(*make_cell) (guint column, gpointer data);
  void (*show_cell) (GtkWidget *cell, gpointer item, guint column, gpointer data);
  gboolean (*passes) (gpointer item, gpointer data);
  void (*activate) (GtkWidget *table, gpointer item, gpointer data);
} DhTableKind;

/* Rows of a list model, sorted by their columns and filtered; columns that there is no room for are left out. */
#define DH_TYPE_TABLE (dh_table_get_type ())
G_DECLARE_FINAL_TYPE (DhTable, dh_table, DH, TABLE, GtkWidget)

/* `kind` is static; `data` outlives the table. */
GtkWidget *dh_table_new (const DhTableKind *kind, GListModel *items, const char *accessible_name, gpointer data);
/* What the items show has changed: the cells are filled again, those in sight first. `order`: rows may have another
 * place, or pass no more. */
void dh_table_update (DhTable *table, gboolean order);
/* Other rows pass; what they show has not changed. */
void dh_table_refilter (DhTable *table);
guint dh_table_get_n_shown (DhTable *table);
/* Stands there where no row does. */
void dh_table_set_placeholder (DhTable *table, const char *text);
/* All columns of the rows shown, in their order; numbers as they are, undefined ones empty. Free with g_free. */
char *dh_table_to_csv (DhTable *table);

G_END_DECLS
