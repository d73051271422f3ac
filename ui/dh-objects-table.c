#include "dh-objects-table.h"
#include <math.h>
#include "dh-component-row.h"
#include "dh-image-filter.h"
#include "dh-number.h"
#include "dh-session-components.h"
#include "dh-session-marks.h"
#include "dh-set-lookup.h"
#include "dh-shown-classes.h"

enum
{
  COLUMN_IMAGE,
  COLUMN_SCENE,
  COLUMN_KIND,
  COLUMN_CLASS,
  COLUMN_AREA,
  COLUMN_OVERLAP,
  COLUMN_SCORE,
  COLUMN_LIKELIHOOD,
  COLUMN_LOG_P_OUT,
  N_COLUMNS,
};

static const DhTableColumn columns[N_COLUMNS] = {
  { N_ ("Image"), .words = TRUE },
  { N_ ("Scene"), 120, .words = TRUE, .dispensable = 3 },
  { N_ ("Object"), 90, 20, .words = TRUE },
  { N_ ("Seen as"), 110, .words = TRUE, .dispensable = 4 },
  { N_ ("Area, px"), 90 },
  { N_ ("sIoU or PPV"), 90 },
  { N_ ("Mean score"), 90 },
  { N_ ("Mean −ln p̂"), 90, .dispensable = 1 },
  { N_ ("Mean ln P(d_out)"), 115, .dispensable = 2 },
};

#define DH_TYPE_SET_OBJECT (dh_set_object_get_type ())
G_DECLARE_FINAL_TYPE (DhSetObject, dh_set_object, DH, SET_OBJECT, GObject)

/* One row: an object in what the threshold finds in the set. */
struct _DhSetObject
{
  GObject parent_instance;
  DhSetObjects *objects;
  DhImageItem *item; /* borrowed of them, as the rest */
  const DhPictureObject *object;
};

G_DEFINE_FINAL_TYPE (DhSetObject, dh_set_object, G_TYPE_OBJECT)

typedef struct
{
  DhSession *session;
  GListStore *store; /* DhSetObject */
  DhSetLookup *lookup;
  DhImageFilter *filter;
  char **classes; /* names, by id */
} Objects;

static void
dh_set_object_finalize (GObject *object)
{
  dh_set_objects_unref (DH_SET_OBJECT (object)->objects);
  G_OBJECT_CLASS (dh_set_object_parent_class)->finalize (object);
}

static void
dh_set_object_class_init (DhSetObjectClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_set_object_finalize;
}

static void
dh_set_object_init (DhSetObject *self)
{
}

static double
value (gpointer item, guint column, gpointer data)
{
  const DhSetObject *row = item;
  const DhPictureObject *object = row->object;
  switch (column)
    {
    case COLUMN_IMAGE:
      return dh_image_item_get_index (row->item);
    case COLUMN_KIND: /* and the largest first */
      return object->kind + 1 / (1 + (double)object->area);
    case COLUMN_AREA:
      return (double)object->area;
    case COLUMN_OVERLAP:
      return object->overlap;
    case COLUMN_SCORE:
      return object->score;
    case COLUMN_LIKELIHOOD:
      return object->minus_log_likelihood;
    case COLUMN_LOG_P_OUT:
      return object->log_p_out;
    default:
      return NAN;
    }
}

/* NULL where nobody knows. */
static const char *
get_class (const Objects *self, const DhSetObject *row)
{
  return row->object->class_id >= 0 && self->classes != NULL ? self->classes[row->object->class_id] : NULL;
}

static const char *
get_word (gpointer item, guint column, gpointer data)
{
  return column == COLUMN_SCENE   ? dh_image_item_get_group (((DhSetObject *)item)->item)
         : column == COLUMN_CLASS ? get_class (data, item)
                                  : NULL;
}

static char *
dup_text (gpointer item, guint column, gpointer data)
{
  const DhSetObject *row = item;
  switch (column)
    {
    case COLUMN_IMAGE:
      return g_strdup (dh_image_item_get_name (row->item));
    case COLUMN_SCENE:
      return g_strdup (dh_image_item_get_group (row->item));
    case COLUMN_KIND:
      return g_strdup (dh_object_kind_title (row->object->kind));
    case COLUMN_CLASS:
      return g_strdup (get_class (data, row) != NULL ? get_class (data, row) : "—");
    case COLUMN_AREA:
      return dh_number_format_count (row->object->area);
    case COLUMN_SCORE:
      if (row->objects->score == DH_SCORE_DATASET_POSTERIOR)
        return dh_number_format_probability (row->object->score);
      return dh_number_format (row->object->score, 2);
    case COLUMN_OVERLAP:
      return dh_number_format (100 * row->object->overlap, 1);
    default:
      return dh_number_format (value (item, column, data), 2);
    }
}

static char *
dup_why (gpointer item, guint column, gpointer data)
{
  if (columns[column].words || !isnan (value (item, column, data)))
    return NULL;
  return g_strdup (column == COLUMN_OVERLAP ? _ ("The image has no labels")
                                            : _ ("The evaluation has not measured both terms"));
}

static char **
dup_more (gpointer item, gpointer data)
{
  const DhSetObject *row = item;
  const guint box[] = { row->object->x, row->object->y, row->object->width, row->object->height };
  GStrvBuilder *builder = g_strv_builder_new ();
  g_autofree char *file = dh_session_dup_file (((Objects *)data)->session, row->item);
  g_strv_builder_add (builder, file);
  for (guint i = 0; i < G_N_ELEMENTS (box); i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", box[i]);
      g_strv_builder_add (builder, number);
    }
  g_autofree char *tags = g_strjoinv (";", (char **)dh_image_item_get_tags (row->item));
  g_strv_builder_add (builder, tags);
  g_strv_builder_add (builder, dh_image_item_get_note (row->item));
  char **more = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return more;
}

static gboolean
is_old (gpointer item, guint column, gpointer data)
{
  return dh_set_lookup_is_old (((Objects *)data)->lookup);
}

static GtkWidget *
make_cell (guint column, gpointer data)
{
  if (column != COLUMN_KIND)
    return NULL;
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_box_append (GTK_BOX (box), dh_component_icon_new ());
  gtk_box_append (GTK_BOX (box), dh_ui_short_label (NULL, NULL, 0));
  return box;
}

static void
show_cell (GtkWidget *cell, gpointer item, guint column, gpointer data)
{
  const DhObjectKind kind = ((DhSetObject *)item)->object->kind;
  dh_component_icon_set (gtk_widget_get_first_child (cell), kind);
  gtk_label_set_label (GTK_LABEL (gtk_widget_get_last_child (cell)), dh_object_kind_title (kind));
}

static gboolean
passes (gpointer item, gpointer data)
{
  const Objects *self = data;
  const DhSetObject *row = item;
  return self->filter == NULL || dh_image_filter_matches_object (self->filter, row->item, row->object);
}

static void
activate (GtkWidget *table, gpointer item, gpointer data)
{
  const DhSetObject *row = item;
  dh_session_show_object (((Objects *)data)->session, row->item, row->object);
  gtk_widget_activate_action (table, "win.page", "s", "browse");
}

static Objects *
objects_of (GtkWidget *table)
{
  return g_object_get_data (G_OBJECT (table), "objects");
}

void
dh_objects_table_set_filter (GtkWidget *table, const char *text)
{
  Objects *self = objects_of (table);
  dh_image_filter_replace (&self->filter, text);
  dh_image_filter_name_classes (self->filter, (const char *const *)self->classes);
  dh_table_refilter (DH_TABLE (table));
}

char *
dh_objects_table_dup_note (GtkWidget *table)
{
  const guint n = dh_table_get_n_shown (DH_TABLE (table));
  g_autofree char *at = dh_set_lookup_dup_note (objects_of (table)->lookup);
  g_autofree char *count = g_strdup_printf (
      ngettext ("%u object · Enter shows it in Browse", "%u objects · Enter shows one in Browse", n), n);
  return g_strdup_printf ("%s · %s", count, at);
}

static void
show_placeholder (GtkWidget *table)
{
  Objects *self = objects_of (table);
  g_autofree char *note = dh_set_lookup_dup_note (self->lookup);
  const gboolean none = g_list_model_get_n_items (G_LIST_MODEL (self->store)) == 0;
  const char *text = !none                                      ? _ ("No object matches the filter.")
                     : dh_set_lookup_get (self->lookup) == NULL ? note
                                                                : _ ("There is no anomaly, and nothing is flagged.");
  dh_table_set_placeholder (DH_TABLE (table), text);
}

/* They are those of the weights in use. */
static void
name_classes (Objects *self)
{
  g_strfreev (self->classes);
  self->classes = g_new0 (char *, DH_MOST_CLASSES + 1);
  for (guint i = 0; i < DH_MOST_CLASSES; i++)
    self->classes[i] = dh_shown_classes_dup_name (self->session, i);
  dh_image_filter_name_classes (self->filter, (const char *const *)self->classes);
}

static void
refill (Objects *self)
{
  name_classes (self);
  const DhSetObjects *objects = dh_set_lookup_get (self->lookup);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; objects != NULL && i < objects->n; i++)
    {
      const DhPictureComponents *found = objects->pictures[i].components;
      for (guint k = 0; found != NULL && k < found->n; k++)
        {
          DhSetObject *row = g_object_new (DH_TYPE_SET_OBJECT, NULL);
          row->objects = dh_set_objects_ref ((DhSetObjects *)objects);
          row->item = objects->pictures[i].item;
          row->object = &found->items[k];
          g_ptr_array_add (rows, row);
        }
    }
  g_list_store_splice (self->store, 0, g_list_model_get_n_items (G_LIST_MODEL (self->store)), rows->pdata, rows->len);
}

/* Rows are made where they are seen: dragging a threshold changes all of them. */
static void
renew (GtkWidget *table)
{
  Objects *self = objects_of (table);
  if (gtk_widget_get_mapped (table) && dh_set_lookup_renew (self->lookup))
    refill (self);
  else
    dh_table_update (DH_TABLE (table), FALSE);
  show_placeholder (table);
}

static void
objects_free (gpointer data)
{
  Objects *self = data;
  g_object_unref (self->session);
  g_object_unref (self->store);
  dh_set_lookup_free (self->lookup);
  g_clear_pointer (&self->filter, dh_image_filter_free);
  g_strfreev (self->classes);
  g_free (self);
}

GtkWidget *
dh_objects_table_new (DhSession *session)
{
  static const DhTableKind kind = {
    .columns = columns,
    .n_columns = N_COLUMNS,
    .sorted_by = COLUMN_KIND,
    .dup_text = dup_text,
    .value = value,
    .get_word = get_word,
    .more_titles = "File,Left,Top,Width,Height,Tags,Note",
    .dup_more = dup_more,
    .dup_why = dup_why,
    .is_old = is_old,
    .make_cell = make_cell,
    .show_cell = show_cell,
    .passes = passes,
    .activate = activate,
  };
  Objects *self = g_new0 (Objects, 1);
  self->session = g_object_ref (session);
  self->store = g_list_store_new (DH_TYPE_SET_OBJECT);
  self->lookup = dh_set_lookup_new (session);
  GtkWidget *table = dh_table_new (&kind, G_LIST_MODEL (self->store), _ ("Objects of the set at this threshold"), self);
  g_object_set_data_full (G_OBJECT (table), "objects", self, objects_free);
  g_signal_connect_object (session, "set-objects", G_CALLBACK (renew), table, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "threshold", G_CALLBACK (renew), table, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_after (table, "map", G_CALLBACK (renew), NULL);
  refill (self);
  show_placeholder (table);
  return table;
}
