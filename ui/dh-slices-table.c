#include "dh-slices-table.h"
#include <math.h>
#include <string.h>
#include "dh-number.h"
#include "dh-session-slices.h"
#include "dh-set-lookup.h"

enum
{
  COLUMN_NAME,
  COLUMN_KIND,
  COLUMN_PICTURES,
  COLUMN_ALL_PIXELS,
  COLUMN_PIXELS,
  COLUMN_AP,
  COLUMN_SPREAD,
  COLUMN_FPR95,
  COLUMN_AUROC,
  COLUMN_F1,
  COLUMN_TPR,
  COLUMN_FPR,
  COLUMN_FP_SHARE,
  COLUMN_FN_SHARE,
  COLUMN_OBJECTS,
  COLUMN_SIOU,
  N_COLUMNS,
};

static const DhTableColumn columns[N_COLUMNS] = {
  { N_ ("Slice"), .words = TRUE },
  { N_ ("By"), 80, .words = TRUE, .dispensable = 5 },
  { N_ ("Images"), 60 },
  { N_ ("Pixels"), 95, .dispensable = 1 },
  { N_ ("Anomaly px"), 90, .dispensable = 3 },
  { "AP", 60 },
  { N_ ("AP, 95 %"), 85, .dispensable = 8, .csv = "AP low,AP high" },
  { "FPR95", 60 },
  { "AUROC", 60, .dispensable = 2 },
  { N_ ("F1 at τ"), 60 },
  { N_ ("TPR at τ"), 65, .dispensable = 6 },
  { N_ ("FPR at τ"), 65 },
  { N_ ("Of all FP"), 70 },
  { N_ ("Of all FN"), 70, .dispensable = 7 },
  { N_ ("Found / missed"), 105, .csv = "Found,Missed" },
  { N_ ("Mean sIoU"), 75, .dispensable = 4 },
};

typedef struct
{
  DhSession *session;
  DhSetLookup *lookup;
  char *words; /* casefolded; NULL: no filter */
  DhSlicesOpen open;
  gpointer data;
} Slices;

static gboolean
is_at_threshold (guint column)
{
  return column >= COLUMN_F1;
}

/* Of a size objects are counted, and of a place or class pixels: before that nothing is known. */
static gboolean
has_pixels (gpointer item)
{
  const DhSliceNumbers *numbers = dh_slice_get_numbers (item);
  const gboolean of_size = dh_slice_get_kind (item) == DH_SLICE_SIZE;
  return of_size ? numbers->counted : !dh_slice_is_part_of_pictures (item) || numbers->ranked;
}

static double
value (gpointer item, guint column, gpointer data)
{
  const DhSliceNumbers *numbers = dh_slice_get_numbers (item);
  switch (column)
    {
    case COLUMN_NAME:
      return dh_slice_get_order (item);
    case COLUMN_KIND:
      return dh_slice_get_kind (item);
    case COLUMN_PICTURES:
      return dh_slice_get_kind (item) != DH_SLICE_SIZE || numbers->counted ? numbers->n_pictures : NAN;
    case COLUMN_ALL_PIXELS:
      return has_pixels (item) && dh_slice_get_kind (item) != DH_SLICE_SIZE ? (double)numbers->n_pixels : NAN;
    case COLUMN_PIXELS:
      return has_pixels (item) ? (double)numbers->n_anomaly : NAN;
    case COLUMN_AP:
      return numbers->ap;
    case COLUMN_SPREAD:
      return numbers->ap_low;
    case COLUMN_FPR95:
      return numbers->fpr95;
    case COLUMN_AUROC:
      return numbers->auroc;
    case COLUMN_F1:
      return numbers->f1;
    case COLUMN_TPR:
      return numbers->tpr;
    case COLUMN_FPR:
      return numbers->fpr;
    case COLUMN_FP_SHARE:
      return numbers->fp_share;
    case COLUMN_FN_SHARE:
      return numbers->fn_share;
    case COLUMN_OBJECTS: /* by the share that is missed */
      return numbers->n_found + numbers->n_missed > 0
                 ? (double)numbers->n_missed / (double)(numbers->n_found + numbers->n_missed)
                 : NAN;
    case COLUMN_SIOU:
      return numbers->siou;
    default:
      return NAN;
    }
}

/* "51.7–67.8" */
static char *
dup_spread (const DhSliceNumbers *numbers)
{
  g_autofree char *low = dh_number_format (100 * numbers->ap_low, 1),
                  *high = dh_number_format (100 * numbers->ap_high, 1);
  return isnan (numbers->ap_low) ? g_strdup (numbers->drawn ? "—" : "…") : g_strdup_printf ("%s–%s", low, high);
}

static char *
dup_text (gpointer item, guint column, gpointer data)
{
  const DhSliceNumbers *numbers = dh_slice_get_numbers (item);
  const double number = value (item, column, data);
  switch (column)
    {
    case COLUMN_NAME:
      return g_strdup (dh_slice_get_name (item));
    case COLUMN_KIND:
      return g_strdup (dh_slice_kind_title (dh_slice_get_kind (item)));
    case COLUMN_PICTURES:
    case COLUMN_ALL_PIXELS:
    case COLUMN_PIXELS:
      return isnan (number) ? g_strdup ("—") : dh_number_format_count ((guint64)number);
    case COLUMN_OBJECTS:
      return numbers->counted
                 ? g_strdup_printf ("%" G_GUINT64_FORMAT " / %" G_GUINT64_FORMAT, numbers->n_found, numbers->n_missed)
                 : g_strdup ("—");
    case COLUMN_SPREAD:
      return dup_spread (numbers);
    case COLUMN_AP:
    case COLUMN_FPR95:
    case COLUMN_AUROC:
      return numbers->ranked ? dh_number_format (number * 100, 2) : g_strdup ("…");
    default:
      return dh_number_format (number * 100, 2);
    }
}

static char *
dup_csv_spread (const DhSliceNumbers *numbers)
{
  char low[G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];
  if (isnan (numbers->ap_low))
    return g_strdup (",");
  g_ascii_formatd (low, sizeof low, "%.9g", numbers->ap_low);
  g_ascii_formatd (high, sizeof high, "%.9g", numbers->ap_high);
  return g_strconcat (low, ",", high, NULL);
}

static char *
dup_csv (gpointer item, guint column, gpointer data)
{
  const DhSliceNumbers *numbers = dh_slice_get_numbers (item);
  if (column == COLUMN_SPREAD)
    return dup_csv_spread (numbers);
  return numbers->counted
             ? g_strdup_printf ("%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT, numbers->n_found, numbers->n_missed)
             : g_strdup (",");
}

static char *
dup_why (gpointer item, guint column, gpointer data)
{
  Slices *self = data;
  const DhSliceNumbers *numbers = dh_slice_get_numbers (item);
  if (column == COLUMN_NAME && dh_slice_get_kind (item) == DH_SLICE_SIZE)
    return g_strdup_printf (_ ("Anomalies by their pixels, in the bins of ISSU. Those under %u are left out, as "
                               "smiyc-component does, and what is flagged falsely belongs to no size."),
                            DH_PICTURE_MIN_ANOMALY);
  if (column == COLUMN_NAME && dh_slice_get_kind (item) == DH_SLICE_PLACE)
    return g_strdup (
        _ ("The pixels there, and the objects whose middle is there. Thirds are of the rows: in images from "
           "a car the bottom is near, the middle far. The border is a tenth of the shorter side."));
  if (column == COLUMN_NAME && dh_slice_get_kind (item) == DH_SLICE_CLASS)
    return g_strdup (
        _ ("The pixels where the network sees this class, whatever they are labelled, and the objects that "
           "it sees as it for the most part"));
  if (columns[column].words || !isnan (value (item, column, self)))
    return NULL;
  if (column == COLUMN_SPREAD && dh_slice_is_part_of_pictures (item))
    return g_strdup (_ ("It is of images: of a part of each one there is none"));
  if (column == COLUMN_SPREAD && numbers->ranked && !isnan (numbers->ap))
    return g_strdup (numbers->drawn ? _ ("Of ten images at least, of a set of ten scenes or more of ten scenes, "
                                         "several of them with anomalies")
                                    : _ ("It is being measured"));
  if ((column >= COLUMN_AP && column <= COLUMN_AUROC)
      || ((column == COLUMN_PIXELS || column == COLUMN_ALL_PIXELS) && dh_slice_is_part_of_pictures (item)))
    return g_strdup (numbers->ranked ? numbers->why_not_ranked : _ ("It is being measured"));
  if (column == COLUMN_ALL_PIXELS)
    return g_strdup (_ ("A size is one of objects: other pixels belong to none"));
  if (numbers->why_not_counted != NULL)
    return g_strdup (numbers->why_not_counted);
  if (numbers->counted && column == COLUMN_FP_SHARE)
    return g_strdup (_ ("Nothing is flagged falsely"));
  if (numbers->counted && column == COLUMN_FN_SHARE)
    return g_strdup (_ ("No anomaly pixel is missed"));
  return numbers->counted ? g_strdup (_ ("no anomaly pixels")) : dh_set_lookup_dup_note (self->lookup);
}

static gboolean
is_old (gpointer item, guint column, gpointer data)
{
  const gboolean of_size = dh_slice_get_kind (item) == DH_SLICE_SIZE;
  return (is_at_threshold (column) || (of_size && !columns[column].words)) && dh_slice_get_numbers (item)->old;
}

static gboolean
passes (gpointer item, gpointer data)
{
  const char *words = ((Slices *)data)->words;
  if (words == NULL)
    return TRUE;
  g_autofree char *text =
      g_strconcat (dh_slice_kind_title (dh_slice_get_kind (item)), ":", dh_slice_get_name (item), NULL);
  g_autofree char *folded = g_utf8_casefold (text, -1);
  g_auto (GStrv) each = g_strsplit (words, " ", -1);
  for (guint i = 0; each[i] != NULL; i++)
    if (strstr (folded, each[i]) == NULL)
      return FALSE;
  return TRUE;
}

static void
activate (GtkWidget *table, gpointer item, gpointer data)
{
  Slices *self = data;
  self->open (dh_slice_get_filter (item), dh_slice_is_of_objects (item), self->data);
}

static Slices *
slices_of (GtkWidget *table)
{
  return g_object_get_data (G_OBJECT (table), "slices");
}

void
dh_slices_table_set_filter (GtkWidget *table, const char *text)
{
  Slices *self = slices_of (table);
  g_clear_pointer (&self->words, g_free);
  if (*text != '\0')
    self->words = g_utf8_casefold (text, -1);
  dh_table_refilter (DH_TABLE (table));
}

char *
dh_slices_table_dup_note (GtkWidget *table)
{
  Slices *self = slices_of (table);
  guint done, of, counted, of_counted;
  dh_session_get_slices_progress (self->session, &done, &of);
  dh_session_get_set_objects_progress (self->session, &counted, &of_counted);
  g_autoptr (GString) note = g_string_new (NULL);
  g_string_append_printf (
      note, _ ("%s, densehybrid-pooled over the pixels of each · a click shows its images, or components"),
      dh_score_title (dh_session_get_slices_score (self->session)));
  if (of > 0)
    g_string_append_printf (note, _ (" · measuring… %u of %u"), done, of);
  else if (of_counted > 0)
    g_string_append_printf (note, _ (" · updating… %u of %u"), counted, of_counted);
  g_autofree char *why = dh_session_explain_classes (self->session);
  if (why != NULL)
    g_string_append_printf (note, " · %s", why);
  return g_string_free (g_steal_pointer (&note), FALSE);
}

static void
show_placeholder (GtkWidget *table)
{
  DhSession *session = slices_of (table)->session;
  const gboolean none = g_list_model_get_n_items (dh_session_get_slices (session)) == 0;
  dh_table_set_placeholder (DH_TABLE (table), none && !dh_session_has_anomaly_labels (session)
                                                  ? _ ("No anomaly labels: nothing to measure")
                                              : none ? "—"
                                                     : _ ("No slice matches the filter."));
}

static void
on_slices (GtkWidget *table)
{
  show_placeholder (table);
  dh_set_lookup_renew (slices_of (table)->lookup);
  dh_table_update (DH_TABLE (table), TRUE);
}

/* Of another evaluation they are wanted where they are seen. */
static void
want (GtkWidget *table)
{
  show_placeholder (table);
  if (gtk_widget_get_mapped (table))
    dh_session_want_slices (slices_of (table)->session);
}

static void
slices_free (gpointer data)
{
  Slices *self = data;
  g_object_unref (self->session);
  dh_set_lookup_free (self->lookup);
  g_free (self->words);
  g_free (self);
}

GtkWidget *
dh_slices_table_new (DhSession *session, DhSlicesOpen open, gpointer data)
{
  static const DhTableKind kind = {
    .columns = columns,
    .n_columns = N_COLUMNS,
    .sorted_by = COLUMN_NAME,
    .one_click = TRUE,
    .dup_text = dup_text,
    .value = value,
    .dup_csv = dup_csv,
    .dup_why = dup_why,
    .is_old = is_old,
    .passes = passes,
    .activate = activate,
  };
  Slices *self = g_new0 (Slices, 1);
  self->session = g_object_ref (session);
  self->lookup = dh_set_lookup_new (session);
  self->open = open;
  self->data = data;
  GtkWidget *table = dh_table_new (&kind, dh_session_get_slices (session), _ ("Metrics of parts of the set"), self);
  g_object_set_data_full (G_OBJECT (table), "slices", self, slices_free);
  show_placeholder (table);
  g_signal_connect_object (session, "slices", G_CALLBACK (on_slices), table, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (want), table, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_after (table, "map", G_CALLBACK (want), NULL);
  return table;
}
