/* The objects of a run at one threshold: how many are missed of each size, place, scene and tag, and which. */
#include <math.h>
#include <string.h>

#include "dh-components.h"
#include "dh-error.h"
#include "dh-map.h"
#include "dh-report-private.h"

#define MOST_LISTED 200
/* smiyc-component's, of AnomalyTrack, where the run names none. */
#define MIN_PREDICTION 500
#define MIN_ANOMALY 100
#define TAU 0.25

typedef struct
{
  const DhRunImageRow *row;
  DhComponent object;
} Listed;

typedef struct
{
  char *name;
  gboolean of_pictures; /* and not of objects: false alarms belong to it */
  guint64 found, missed, false_alarms;
  double siou;
} Part;

struct _DhReportObjects
{
  DhReportOperating at;
  guint64 min_prediction, min_anomaly;
  GArray *parts;  /* Part: the set, sizes, places, scenes, tags */
  GArray *listed; /* Listed: missed, false, found, the largest of each first; of what is flagged and lies in anomalies
                     nothing */
  guint n_missed; /* which are the first */
  guint pictures, unread;
};

static const struct
{
  guint64 below;
  const char *name;
} sizes[DH_REPORT_N_SIZES] = { { 16 * 16, "under 16² pixels" },
                               { 48 * 48, "16² to 48² pixels" },
                               { 112 * 112, "48² to 112² pixels" },
                               { G_MAXUINT64, "from 112² pixels" } };

static void
clear_part (gpointer part)
{
  g_free (((Part *)part)->name);
}

static Part *
get_part (GArray *parts, const char *name, gboolean of_pictures)
{
  for (guint i = 0; i < parts->len; i++)
    if (g_str_equal (g_array_index (parts, Part, i).name, name))
      return &g_array_index (parts, Part, i);
  const Part part = { .name = g_strdup (name), .of_pictures = of_pictures };
  g_array_append_val (parts, part);
  return &g_array_index (parts, Part, parts->len - 1);
}

static void
count (Part *part, const DhComponent *object)
{
  if (!object->anomaly)
    {
      part->false_alarms += object->verdict == DH_COMPONENT_FALSE;
      return;
    }
  part->found += object->verdict == DH_COMPONENT_HIT;
  part->missed += object->verdict == DH_COMPONENT_MISSED;
  part->siou += object->siou;
}

static void
add_picture (DhReportObjects *objects, const DhReport *report, const DhRunImageRow *row, const DhComponents *found)
{
  g_auto (GStrv) tags = dh_report_dup_tags (report, row->path);
  g_autofree char *scene = *row->scene ? g_strdup_printf ("scene %s", row->scene) : NULL;
  if (scene)
    get_part (objects->parts, scene, TRUE);
  for (guint i = 0; i < found->n_anomalies + found->n_predictions; i++)
    {
      const DhComponent *object = &found->items[i];
      count (get_part (objects->parts, "all", TRUE), object);
      guint size = 0;
      while (object->area >= sizes[size].below)
        size++;
      if (object->anomaly)
        count (get_part (objects->parts, sizes[size].name, FALSE), object);
      const guint places = dh_place_of (object->x + object->width / 2, object->y + object->height / 2,
                                        (guint)row->width, (guint)row->height);
      for (guint place = 0; place < DH_N_PLACES; place++)
        if (places & DH_PLACE_BIT (place))
          count (get_part (objects->parts, dh_report_place_title (place), TRUE), object);
      if (scene)
        count (get_part (objects->parts, scene, TRUE), object);
      for (guint t = 0; tags[t]; t++)
        {
          g_autofree char *tag = g_strdup_printf ("tag %s", tags[t]);
          if (*tags[t])
            count (get_part (objects->parts, tag, TRUE), object);
        }
      const Listed listed = { row, *object };
      if (object->anomaly || object->verdict == DH_COMPONENT_FALSE)
        g_array_append_val (objects->listed, listed);
      objects->n_missed += object->anomaly && object->verdict == DH_COMPONENT_MISSED;
    }
}

/* FALSE where the map is gone or another run's, or the labels are. */
static gboolean
look_at (DhReportObjects *objects, const DhReport *report, DhDataset *dataset, const DhRunImageRow *row,
         double threshold)
{
  g_autoptr (DhTensor) map = NULL;
  g_autoptr (DhLabels) labels = NULL;
  if (!dh_report_load_measured (row, dataset, &map, &labels))
    return FALSE;
  const gsize n = (gsize)labels->width * labels->height;
  g_autofree guint8 *mask = g_try_malloc (n);
  const float *scores = dh_tensor_f32 (map);
  for (gsize i = 0; mask && i < n; i++)
    mask[i] = scores[i] > threshold;
  const DhComponentOptions options = { objects->min_prediction, objects->min_anomaly, TAU };
  g_autoptr (DhComponents) found =
      mask ? dh_components_match (mask, labels->ids, labels->width, labels->height, &options, NULL) : NULL;
  if (found)
    add_picture (objects, report, row, found);
  return found != NULL;
}

/* Of an object that is listed. */
static guint
kind_of (const DhComponent *object)
{
  return object->verdict == DH_COMPONENT_MISSED ? 0 : object->anomaly ? 2 : 1;
}

static gint
compare_listed (gconstpointer a, gconstpointer b)
{
  const Listed *x = a, *y = b;
  const guint of_x = kind_of (&x->object), of_y = kind_of (&y->object);
  if (of_x != of_y)
    return of_x < of_y ? -1 : 1;
  return x->object.area > y->object.area ? -1 : x->object.area < y->object.area;
}

static guint
rank (const Part *part)
{
  if (g_str_equal (part->name, "all"))
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    if (g_str_equal (part->name, sizes[i].name))
      return 1 + i;
  for (guint place = 0; place < DH_N_PLACES; place++)
    if (g_str_equal (part->name, dh_report_place_title (place)))
      return 1 + G_N_ELEMENTS (sizes) + place;
  return 1 + G_N_ELEMENTS (sizes) + DH_N_PLACES + g_str_has_prefix (part->name, "tag ");
}

static gint
compare_parts (gconstpointer a, gconstpointer b)
{
  const guint x = rank (a), y = rank (b);
  return x != y ? (gint)x - (gint)y : strcmp (((const Part *)a)->name, ((const Part *)b)->name);
}

void
dh_report_find_areas (const DhRunRow *run, guint64 *min_prediction, guint64 *min_anomaly)
{
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  JsonObject *components = dh_report_get_object (root ? json_node_get_object (root) : NULL, "components");
  const double prediction = dh_report_get_number (components, "min_prediction"),
               anomaly = dh_report_get_number (components, "min_anomaly");
  *min_prediction = prediction >= 1 ? (guint64)prediction : MIN_PREDICTION;
  *min_anomaly = anomaly >= 1 ? (guint64)anomaly : MIN_ANOMALY;
}

guint64
dh_report_size_end (guint size)
{
  g_return_val_if_fail (size < DH_REPORT_N_SIZES, 0);
  return sizes[size].below;
}

DhReportObjects *
dh_report_objects_new (const DhReport *report, guint which)
{
  if (!report->objects)
    return NULL;
  const DhReportRun *run = &report->runs[which];
  DhReportObjects *objects = g_new0 (DhReportObjects, 1);
  dh_report_find_areas (run->run, &objects->min_prediction, &objects->min_anomaly);
  objects->parts = g_array_new (FALSE, TRUE, sizeof (Part));
  g_array_set_clear_func (objects->parts, clear_part);
  objects->listed = g_array_new (FALSE, FALSE, sizeof (Listed));
  dh_report_find_operating (report, which, &objects->at);
  const double threshold = dh_report_sign_of (run->run, run->run->score) * objects->at.threshold;
  const gboolean possible = isfinite (threshold) && dh_report_has_maps (run->run);
  g_autoptr (DhDataset) dataset = possible ? dh_report_open_dataset (run->run, report->cancellable) : NULL;
  get_part (objects->parts, "all", TRUE);
  dh_progress_report (report->progress, 0, run->images->len, "objects");
  for (guint i = 0; i < run->images->len && !g_cancellable_is_cancelled (report->cancellable); i++)
    {
      const DhRunImageRow *row = run->images->pdata[i];
      dh_progress_report (report->progress, i + 1, run->images->len, "objects");
      /* Without labels there is nothing to be missed, nor known to be false. */
      if (!g_str_equal (row->state, "done") || row->pixels == 0)
        continue;
      const gboolean seen = dataset && look_at (objects, report, dataset, row, threshold);
      objects->pictures += seen;
      objects->unread += !seen;
    }
  g_array_sort (objects->parts, compare_parts);
  g_array_sort (objects->listed, compare_listed);
  return objects;
}

void
dh_report_objects_free (DhReportObjects *objects)
{
  if (!objects)
    return;
  g_array_unref (objects->parts);
  g_array_unref (objects->listed);
  dh_report_operating_clear (&objects->at);
  g_free (objects);
}

DhReportTable *
dh_report_objects_table (const DhReportObjects *objects)
{
  static const char *const titles[] = {
    "part", "objects", "found", "missed", "found, %", "mean sIoU, %", "false alarms"
  };
  if (!objects)
    return NULL;
  DhReportTable *table = dh_report_table_new ("Objects found and missed", G_N_ELEMENTS (titles), 1, titles);
  if (!isfinite (objects->at.threshold))
    {
      table->sentence = g_strdup_printf ("Nothing is counted: there is no threshold (%s is undefined). Give one.",
                                         objects->at.chosen);
      return table;
    }
  g_autofree char *threshold = dh_report_number (objects->at.threshold, 4);
  g_autofree char *unread = dh_report_dup_unread (objects->unread);
  table->sentence = g_strdup_printf (
      "At the threshold %s (%s), of %u %s, as smiyc-component matches them: anomalies of at least "
      "%" G_GUINT64_FORMAT " pixels, found where sIoU is 25 %% or more; flagged regions of at least %" G_GUINT64_FORMAT
      " pixels.%s%s",
      threshold, objects->at.chosen, objects->pictures, objects->pictures == 1 ? "image" : "images",
      objects->min_anomaly, objects->min_prediction,
      objects->at.own ? " Chosen on this very set: the best that could be had, not what to expect." : "", unread);
  for (guint i = 0; i < objects->parts->len; i++)
    {
      const Part *part = &g_array_index (objects->parts, Part, i);
      const guint64 all = part->found + part->missed;
      g_ptr_array_add (table->cells, g_strdup (part->name));
      g_ptr_array_add (table->cells, dh_report_count ((gint64)all));
      g_ptr_array_add (table->cells, dh_report_count ((gint64)part->found));
      g_ptr_array_add (table->cells, dh_report_count ((gint64)part->missed));
      g_ptr_array_add (table->cells, dh_report_percent (all ? (double)part->found / (double)all : (double)NAN));
      g_ptr_array_add (table->cells, dh_report_percent (all ? part->siou / (double)all : (double)NAN));
      g_ptr_array_add (table->cells, part->of_pictures ? dh_report_count ((gint64)part->false_alarms) : g_strdup ("—"));
    }
  return table;
}

DhReportTable *
dh_report_missed_table (const DhReportObjects *objects)
{
  static const char *const titles[] = { "image", "scene", "pixels", "left, top", "width × height", "sIoU, %" };
  if (!objects || objects->n_missed == 0)
    return NULL;
  DhReportTable *table = dh_report_table_new ("Missed objects, the largest first", G_N_ELEMENTS (titles), 2, titles);
  const guint n = MIN (objects->n_missed, MOST_LISTED);
  if (n < objects->n_missed)
    table->sentence = g_strdup_printf ("The %u largest of %u; CSV and JSON have them all.", n, objects->n_missed);
  for (guint i = 0; i < n; i++)
    {
      const Listed *missed = &g_array_index (objects->listed, Listed, i);
      const DhComponent *object = &missed->object;
      g_ptr_array_add (table->cells, g_strdup (missed->row->stem));
      g_ptr_array_add (table->cells, g_strdup (missed->row->scene));
      g_ptr_array_add (table->cells, dh_report_count ((gint64)object->area));
      g_ptr_array_add (table->cells, g_strdup_printf ("%u, %u", object->x, object->y));
      g_ptr_array_add (table->cells, g_strdup_printf ("%u × %u", object->width, object->height));
      g_ptr_array_add (table->cells, dh_report_percent (object->siou));
    }
  return table;
}

char *
dh_report_objects_to_csv (const DhReport *report, GError **error)
{
  static const char *const kinds[] = { "missed", "false", "found" };
  g_autoptr (DhReportObjects) objects = dh_report_objects_new (report, 0);
  /* Here nothing could be said of what is not listed. */
  if (objects->unread > 0 || !isfinite (objects->at.threshold))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   isfinite (objects->at.threshold)
                       ? "the objects of run %" G_GINT64_FORMAT
                         " cannot all be listed: of some images the map, or the labels, are not there any more"
                       : "the objects of run %" G_GINT64_FORMAT " cannot be listed: there is no threshold. Give one",
                   report->runs[0].run->id);
      return NULL;
    }
  GString *csv = g_string_new ("object,image,path,scene,tags,note,area,left,top,width,height,siou,ppv\r\n");
  for (guint i = 0; i < objects->listed->len; i++)
    {
      const Listed *listed = &g_array_index (objects->listed, Listed, i);
      const DhComponent *object = &listed->object;
      g_auto (GStrv) tags = dh_report_dup_tags (report, listed->row->path);
      g_autofree char *joined = g_strjoinv (";", tags), *note = dh_report_dup_note (report, listed->row->path);
      const char *const words[] = { listed->row->stem, listed->row->path, listed->row->scene, joined, note };
      g_string_append (csv, kinds[kind_of (object)]);
      for (guint w = 0; w < G_N_ELEMENTS (words); w++)
        {
          g_string_append_c (csv, ',');
          dh_report_append_csv (csv, words[w]);
        }
      g_string_append_printf (csv, ",%" G_GUINT64_FORMAT ",%u,%u,%u,%u", object->area, object->x, object->y,
                              object->width, object->height);
      dh_report_append_csv_number (csv, object->siou);
      dh_report_append_csv_number (csv, object->ppv);
      g_string_append (csv, "\r\n");
    }
  return g_string_free (csv, FALSE);
}

void
dh_report_objects_to_json (const DhReportObjects *objects, JsonBuilder *json)
{
  if (!objects)
    return;
  json_builder_set_member_name (json, "objects");
  json_builder_begin_object (json);
  dh_report_member_double (json, "threshold", objects->at.threshold);
  dh_report_member_string (json, "threshold_rule", objects->at.chosen);
  dh_report_member_int (json, "images", (gint64)objects->pictures);
  dh_report_member_int (json, "images_unread", (gint64)objects->unread);
  dh_report_member_int (json, "min_anomaly", (gint64)objects->min_anomaly);
  dh_report_member_int (json, "min_prediction", (gint64)objects->min_prediction);
  json_builder_set_member_name (json, "parts");
  json_builder_begin_array (json);
  for (guint i = 0; i < objects->parts->len; i++)
    {
      const Part *part = &g_array_index (objects->parts, Part, i);
      const guint64 all = part->found + part->missed;
      json_builder_begin_object (json);
      dh_report_member_string (json, "part", part->name);
      dh_report_member_int (json, "found", (gint64)part->found);
      dh_report_member_int (json, "missed", (gint64)part->missed);
      dh_report_member_double (json, "siou", all ? part->siou / (double)all : (double)NAN);
      if (part->of_pictures)
        dh_report_member_int (json, "false_alarms", (gint64)part->false_alarms);
      else
        dh_report_member_double (json, "false_alarms", NAN);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_set_member_name (json, "missed");
  json_builder_begin_array (json);
  for (guint i = 0; i < objects->n_missed; i++)
    {
      const Listed *missed = &g_array_index (objects->listed, Listed, i);
      const DhComponent *object = &missed->object;
      json_builder_begin_object (json);
      dh_report_member_string (json, "image", missed->row->stem);
      dh_report_member_string (json, "path", missed->row->path);
      dh_report_member_int (json, "area", (gint64)object->area);
      dh_report_member_int (json, "x", (gint64)object->x);
      dh_report_member_int (json, "y", (gint64)object->y);
      dh_report_member_int (json, "width", (gint64)object->width);
      dh_report_member_int (json, "height", (gint64)object->height);
      dh_report_member_double (json, "siou", object->siou);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_end_object (json);
}
