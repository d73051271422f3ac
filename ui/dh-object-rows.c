#include "dh-object-rows.h"
#include <math.h>
#include "dh-number.h"
#include "dh-session-components.h"
#include "dh-session-set-objects.h"

enum
{
  IMAGE,
  SET,
  N_COLUMNS,
};

typedef struct
{
  DhSession *session; /* borrowed; the table's owner has it */
  GtkWidget *found[N_COLUMNS], *means[N_COLUMNS];
} Rows;

typedef struct
{
  guint64 found, missed;
  double mean_f1, siou, ppv;
} Numbers;

static void
set_text (GtkWidget *label, const char *row, guint column, const char *text, gboolean old, const char *tip)
{
  static const char *const columns[] = { N_ ("image"), N_ ("data set") };
  /* A slider that moves comes here at every frame. */
  if (g_str_equal (gtk_label_get_label (GTK_LABEL (label)), text) && old == (gtk_widget_get_opacity (label) < 1)
      && g_strcmp0 (gtk_widget_get_tooltip_text (label), tip) == 0)
    return;
  gtk_label_set_label (GTK_LABEL (label), text);
  gtk_widget_set_opacity (label, old ? 0.5 : 1);
  gtk_widget_set_tooltip_text (label, tip);
  g_autofree char *name = g_strdup_printf ("%s, %s, %s%s", row, _ (columns[column]), tip != NULL ? tip : text,
                                           old ? _ (", of the threshold before") : "");
  dh_ui_set_name (label, name);
}

/* "68 · 58 · 64" */
static char *
format_means (const Numbers *numbers)
{
  const double values[] = { numbers->mean_f1, numbers->siou, numbers->ppv };
  if (isnan (values[0]) && isnan (values[1]) && isnan (values[2]))
    return g_strdup ("—");
  g_autofree char *f1 = dh_number_format (100 * values[0], 0), *siou = dh_number_format (100 * values[1], 0);
  g_autofree char *ppv = dh_number_format (100 * values[2], 0);
  return g_strdup_printf ("%s · %s · %s", f1, siou, ppv);
}

static char *
describe_means (const Numbers *numbers)
{
  g_autofree char *f1 = dh_number_format_percent (numbers->mean_f1, 1);
  g_autofree char *siou = dh_number_format_percent (numbers->siou, 1);
  g_autofree char *ppv = dh_number_format_percent (numbers->ppv, 1);
  return g_strdup_printf (_ ("Mean F1 %s · sIoU %s · PPV %s"), f1, siou, ppv);
}

/* NULL: there are none. */
static void
show_column (Rows *rows, guint column, const Numbers *numbers, gboolean old)
{
  if (numbers == NULL)
    {
      set_text (rows->found[column], _ ("Objects found"), column, "—", FALSE, NULL);
      set_text (rows->means[column], _ ("Mean F1 · sIoU · PPV"), column, "—", FALSE, NULL);
      return;
    }
  g_autofree char *count = dh_number_format_count (numbers->found);
  g_autofree char *all = dh_number_format_count (numbers->found + numbers->missed);
  g_autofree char *found = g_strdup_printf (_ ("%s of %s"), count, all);
  g_autofree char *means = format_means (numbers), *tip = describe_means (numbers);
  set_text (rows->found[column], _ ("Objects found"), column, found, old, NULL);
  set_text (rows->means[column], _ ("Mean F1 · sIoU · PPV"), column, means, old, tip);
}

static void
show_image (Rows *rows)
{
  const DhPictureComponents *found = dh_session_get_components (rows->session);
  if (found == NULL || !found->labelled)
    {
      show_column (rows, IMAGE, NULL, FALSE);
      return;
    }
  const Numbers numbers = { found->n_of[DH_OBJECT_FOUND], found->n_of[DH_OBJECT_MISSED], found->f1, found->siou,
                            found->ppv };
  show_column (rows, IMAGE, &numbers, dh_session_components_are_old (rows->session));
}

static void
show_set (Rows *rows)
{
  const DhSetObjects *objects = dh_session_get_set_objects (rows->session);
  if (objects == NULL || objects->n_unread == objects->n || !objects->counts.labelled)
    {
      show_column (rows, SET, NULL, FALSE);
      return;
    }
  const Numbers numbers = { objects->n_of[DH_OBJECT_FOUND], objects->n_of[DH_OBJECT_MISSED], objects->mean_f1,
                            objects->siou, objects->ppv };
  show_column (rows, SET, &numbers, dh_session_set_objects_are_old (rows->session));
}

static void
on_image (GObject *table)
{
  show_image (g_object_get_data (table, "dh-object-rows"));
}

static void
on_set (GObject *table)
{
  show_set (g_object_get_data (table, "dh-object-rows"));
}

static void
on_threshold (DhSession *session, guint score, GObject *table)
{
  if (score != dh_session_get_active_score (session))
    return;
  on_image (table);
  on_set (table);
}

void
dh_object_rows_add (DhCountsTable *table, DhSession *session)
{
  Rows *rows = g_new0 (Rows, 1);
  rows->session = session;
  dh_counts_table_add_row (table, _ ("Objects found"), &rows->found[IMAGE], &rows->found[SET]);
  dh_counts_table_add_row (table, _ ("Mean F1 · sIoU · PPV"), &rows->means[IMAGE], &rows->means[SET]);
  g_object_set_data_full (G_OBJECT (table), "dh-object-rows", rows, g_free);
  g_signal_connect_object (session, "components", G_CALLBACK (on_image), table, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "set-objects", G_CALLBACK (on_set), table, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (on_set), table, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), table, 0);
  on_image (G_OBJECT (table));
  on_set (G_OBJECT (table));
}
