#include "dh-images-table.h"
#include <math.h>
#include "dh-image-filter.h"
#include "dh-mini-bar.h"
#include "dh-number.h"
#include "dh-session-evaluation.h"
#include "dh-session-marks.h"
#include "dh-set-lookup.h"
#include "dh-tag-chips.h"

enum
{
  COLUMN_NAME,
  COLUMN_SCENE,
  COLUMN_PIXELS,
  COLUMN_AP,
  COLUMN_FPR95,
  COLUMN_AUROC,
  COLUMN_F1,
  COLUMN_OBJECTS,
  COLUMN_LARGEST,
  COLUMN_MEAN,
  COLUMN_TAGS,
  N_COLUMNS,
};

static const DhTableColumn columns[N_COLUMNS] = {
  { N_ ("Image"), .words = TRUE },
  { N_ ("Scene"), 100, .words = TRUE, .dispensable = 2 },
  { N_ ("Anomaly px"), 90, .dispensable = 5 },
  { "AP", 65, 70 },
  { "FPR95", 70 },
  { "AUROC", 60, .dispensable = 4 },
  { N_ ("F1 at τ"), 60 },
  { N_ ("Found / missed / false"), 140, .csv = "Found,Missed,False" },
  { N_ ("Largest miss, px"), 115, .dispensable = 3 },
  { N_ ("Mean score"), 80, .dispensable = 1 },
  { N_ ("Tags"), 120, .words = TRUE, .dispensable = 6 },
};

typedef struct
{
  DhSession *session;
  GListStore *store;
  DhSetLookup *lookup;
  DhImageFilter *filter;
} Images;

static gboolean
is_at_threshold (guint column)
{
  return column == COLUMN_F1 || column == COLUMN_OBJECTS || column == COLUMN_LARGEST;
}

/* Of a picture with labels whose objects are known; else NULL. */
static const DhSetPicture *
find_counted (Images *self, DhImageItem *item)
{
  const DhSetPicture *picture = dh_set_lookup_find (self->lookup, item);
  return picture != NULL && picture->components != NULL && picture->components->labelled ? picture : NULL;
}

static double
value (gpointer item, guint column, gpointer data)
{
  Images *self = data;
  const DhItemMetrics *metrics = dh_image_item_get_metrics (item);
  const DhSetPicture *picture = is_at_threshold (column) ? find_counted (self, item) : NULL;
  if (column == COLUMN_NAME)
    return dh_image_item_get_index (item);
  if (!metrics->evaluated)
    return NAN;
  switch (column)
    {
    case COLUMN_PIXELS:
      return metrics->n_anomaly + metrics->n_inlier > 0 ? (double)metrics->n_anomaly : NAN;
    case COLUMN_AP:
      return metrics->ap;
    case COLUMN_FPR95:
      return metrics->fpr95;
    case COLUMN_AUROC:
      return metrics->auroc;
    case COLUMN_F1:
      return picture != NULL ? dh_counts_f1 (&picture->counts) : NAN;
    case COLUMN_OBJECTS: /* what is missed is worse than what is false */
      return picture != NULL
                 ? picture->components->n_of[DH_OBJECT_MISSED] * 1e6 + picture->components->n_of[DH_OBJECT_FALSE]
                 : NAN;
    case COLUMN_LARGEST:
      return picture != NULL ? dh_picture_components_largest_missed (picture->components) : NAN;
    case COLUMN_MEAN:
      return metrics->mean_score;
    default:
      return NAN;
    }
}

static const char *
get_word (gpointer item, guint column, gpointer data)
{
  if (column == COLUMN_SCENE)
    return dh_image_item_get_group (item);
  return column == COLUMN_TAGS ? dh_image_item_get_tags (item)[0] : NULL;
}

static char *
dup_objects (Images *self, DhImageItem *item, const char *between)
{
  const DhSetPicture *picture = find_counted (self, item);
  if (picture == NULL)
    return NULL;
  const guint *n_of = picture->components->n_of;
  return g_strdup_printf ("%u%s%u%s%u", n_of[DH_OBJECT_FOUND], between, n_of[DH_OBJECT_MISSED], between,
                          n_of[DH_OBJECT_FALSE]);
}

/* A picture without anomalies has a rate of false alarms at the threshold all the same. */
static char *
dup_fpr (Images *self, DhImageItem *item)
{
  const double fpr95 = value (item, COLUMN_FPR95, self);
  const DhSetPicture *picture = isnan (fpr95) ? find_counted (self, item) : NULL;
  const double fpr = picture != NULL && !dh_set_lookup_is_old (self->lookup) ? dh_counts_fpr (&picture->counts) : NAN;
  if (isnan (fpr))
    return dh_number_format (fpr95 * 100, 1);
  g_autofree char *number = dh_number_format (fpr * 100, 1);
  return g_strdup_printf (_ ("%s at τ"), number);
}

static char *
dup_text (gpointer item, guint column, gpointer data)
{
  Images *self = data;
  const double number = value (item, column, self);
  switch (column)
    {
    case COLUMN_NAME:
      return g_strdup (dh_image_item_get_name (item));
    case COLUMN_SCENE:
      return g_strdup (dh_image_item_get_group (item));
    case COLUMN_PIXELS:
    case COLUMN_LARGEST:
      return isnan (number) ? g_strdup ("—") : dh_number_format_count ((guint64)number);
    case COLUMN_AP:
      if (dh_image_item_get_state (item) == DH_ITEM_FAILED)
        return g_strdup_printf ("—  %s", dh_image_item_get_reason (item));
      return dh_image_item_why_no_ap (item) != NULL ? g_strdup_printf ("—  %s", dh_image_item_why_no_ap (item))
                                                    : dh_number_format (number * 100, 1);
    case COLUMN_FPR95:
      return dup_fpr (self, item);
    case COLUMN_OBJECTS:
      {
        char *text = dup_objects (self, item, " / ");
        return text != NULL ? text : g_strdup ("—");
      }
    case COLUMN_MEAN:
      return dh_number_format (number, 2);
    case COLUMN_TAGS:
      return g_strjoinv (", ", (char **)dh_image_item_get_tags (item));
    default:
      return dh_number_format (number * 100, 1);
    }
}

static char *
dup_csv (gpointer item, guint column, gpointer data)
{
  char *text = dup_objects (data, item, ",");
  return text != NULL ? text : g_strdup (",,");
}

static char **
dup_more (gpointer item, gpointer data)
{
  char **more = g_new0 (char *, 3);
  more[0] = dh_session_dup_file (((Images *)data)->session, item);
  more[1] = g_strdup (dh_image_item_get_note (item));
  return more;
}

static char *
dup_why (gpointer item, guint column, gpointer data)
{
  Images *self = data;
  const DhItemMetrics *metrics = dh_image_item_get_metrics (item);
  if (!isnan (value (item, column, self)) || columns[column].words || !metrics->evaluated)
    return NULL;
  const DhSetPicture *picture = dh_set_lookup_find (self->lookup, item);
  if (is_at_threshold (column) && find_counted (self, item) == NULL)
    return picture != NULL && picture->why != NULL ? g_strdup (picture->why) : dh_set_lookup_dup_note (self->lookup);
  if (column == COLUMN_LARGEST && dh_image_item_why_no_ap (item) == NULL)
    return g_strdup_printf (_ ("no anomaly of %u pixels or more"), DH_PICTURE_MIN_ANOMALY);
  return g_strdup (dh_image_item_why_no_ap (item) != NULL ? dh_image_item_why_no_ap (item) : _ ("no inlier pixels"));
}

static gboolean
is_old (gpointer item, guint column, gpointer data)
{
  return is_at_threshold (column) && dh_set_lookup_is_old (((Images *)data)->lookup);
}

static GtkWidget *
make_cell (guint column, gpointer data)
{
  if (column == COLUMN_TAGS)
    return dh_tag_chips_new ();
  if (column != COLUMN_AP)
    return NULL;
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, NULL);
  GtkWidget *bar = dh_mini_bar_new (60, 4);
  GtkWidget *label = dh_ui_short_label (NULL, "dh-num", 1);
  gtk_widget_set_valign (bar, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), bar);
  gtk_box_append (GTK_BOX (box), label);
  return box;
}

static void
show_cell (GtkWidget *cell, gpointer item, guint column, gpointer data)
{
  if (column == COLUMN_TAGS)
    {
      dh_tag_chips_show (cell, dh_image_item_get_tags (item));
      return;
    }
  GtkWidget *bar = gtk_widget_get_first_child (cell), *label = gtk_widget_get_last_child (cell);
  const double ap = value (item, COLUMN_AP, data);
  const gboolean has = !isnan (ap);
  g_autofree char *text = dup_text (item, COLUMN_AP, data);
  gtk_label_set_label (GTK_LABEL (label), text);
  dh_ui_set_row_tooltip (label, has ? NULL : text);
  gtk_widget_set_visible (bar, has);
  dh_mini_bar_set_fraction (DH_MINI_BAR (bar), ap);
  gtk_label_set_xalign (GTK_LABEL (label), has ? 1 : 0);
  if (has)
    gtk_widget_remove_css_class (label, "dim-label");
  else
    gtk_widget_add_css_class (label, "dim-label");
}

static gboolean
passes (gpointer item, gpointer data)
{
  Images *self = data;
  const gboolean shown =
      dh_image_item_get_metrics (item)->evaluated || dh_image_item_get_state (item) == DH_ITEM_FAILED;
  return shown && (self->filter == NULL || dh_image_filter_matches (self->filter, item));
}

static void
activate (GtkWidget *table, gpointer item, gpointer data)
{
  dh_session_set_current (((Images *)data)->session, item);
  gtk_widget_activate_action (table, "win.page", "s", "browse");
}

static Images *
images_of (GtkWidget *table)
{
  return g_object_get_data (G_OBJECT (table), "images");
}

void
dh_images_table_set_filter (GtkWidget *table, const char *text)
{
  dh_image_filter_replace (&images_of (table)->filter, text);
  dh_table_refilter (DH_TABLE (table));
}

char *
dh_images_table_dup_note (GtkWidget *table)
{
  const guint n = dh_table_get_n_shown (DH_TABLE (table));
  g_autofree char *at = dh_set_lookup_dup_note (images_of (table)->lookup);
  g_autofree char *count =
      g_strdup_printf (ngettext ("%u image · Enter opens it in Browse", "%u images · Enter opens one in Browse", n), n);
  return g_strdup_printf (_ ("%s · F1 and objects: %s"), count, at);
}

/* The end of an evaluation, or another set. */
static void
refill (GtkWidget *table)
{
  Images *self = images_of (table);
  DhImageList *list = dh_session_get_list (self->session);
  const guint before = g_list_model_get_n_items (G_LIST_MODEL (self->store));
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  if (dh_session_get_evaluation (self->session) != NULL)
    for (guint i = 0; i < dh_image_list_get_size (list); i++)
      g_ptr_array_add (items, dh_image_list_get_item (list, i));
  dh_set_lookup_renew (self->lookup);
  g_list_store_splice (self->store, 0, before, items->pdata, items->len);
}

static void
on_objects (GtkWidget *table)
{
  Images *self = images_of (table);
  dh_table_update (DH_TABLE (table), dh_set_lookup_renew (self->lookup));
}

static void
show_again (GtkWidget *table)
{
  dh_table_update (DH_TABLE (table), FALSE);
}

static void
images_free (gpointer data)
{
  Images *self = data;
  g_object_unref (self->session);
  g_object_unref (self->store);
  dh_set_lookup_free (self->lookup);
  g_clear_pointer (&self->filter, dh_image_filter_free);
  g_free (self);
}

GtkWidget *
dh_images_table_new (DhSession *session)
{
  static const DhTableKind kind = {
    .columns = columns,
    .n_columns = N_COLUMNS,
    .sorted_by = COLUMN_AP,
    .dup_text = dup_text,
    .value = value,
    .get_word = get_word,
    .dup_csv = dup_csv,
    .more_titles = "File,Note",
    .dup_more = dup_more,
    .dup_why = dup_why,
    .is_old = is_old,
    .make_cell = make_cell,
    .show_cell = show_cell,
    .passes = passes,
    .activate = activate,
  };
  Images *self = g_new0 (Images, 1);
  self->session = g_object_ref (session);
  self->store = g_list_store_new (DH_TYPE_IMAGE_ITEM);
  self->lookup = dh_set_lookup_new (session);
  GtkWidget *table = dh_table_new (&kind, G_LIST_MODEL (self->store), _ ("Metrics of each image"), self);
  g_object_set_data_full (G_OBJECT (table), "images", self, images_free);
  dh_table_set_placeholder (DH_TABLE (table), _ ("No image matches the filter."));
  g_signal_connect_object (session, "notify::evaluating", G_CALLBACK (refill), table, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (refill), table, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "set-objects", G_CALLBACK (on_objects), table, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "threshold", G_CALLBACK (show_again), table, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "marks", G_CALLBACK (show_again), table, G_CONNECT_SWAPPED);
  refill (table);
  return table;
}
