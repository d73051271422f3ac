#include <math.h>

#include <cairo-svg.h>

#include "dh-dataset.h"
#include "dh-metric.h"
#include "dh-map-owner.h"
#include "dh-npy.h"
#include "dh-picture.h"
#include "dh-report-private.h"

#define N_PICTURES 8
#define PICTURE_WIDTH 420

/* A table that is wider than the page moves by itself. Charts and pictures stay light in the dark. */
static const char style[] =
    "body{font:14px/1.45 system-ui,Cantarell,sans-serif;color:#18181b;background:#fafafb;max-width:1240px;"
    "margin:24px auto;padding:0 20px}"
    "h1{font-size:24px}h2{font-size:18px;margin:28px 0 8px}"
    "table{border-collapse:collapse;display:block;width:max-content;max-width:100%;overflow-x:auto;"
    "background:#fff;box-shadow:0 0 0 1px #0001;border-radius:9px;font-variant-numeric:tabular-nums}"
    "th,td{padding:5px 12px;text-align:right;border-bottom:1px solid #8882}th{font-size:12px;color:#5e5c64}"
    "td{white-space:nowrap}"
    "th:first-child,td:first-child,.t{text-align:left;white-space:normal;overflow-wrap:break-word;min-width:60px}"
    "td+td.t{overflow-wrap:anywhere}td.t:first-child{min-width:110px}"
    ".why{color:#5e5c64;text-align:left;white-space:normal;min-width:220px;max-width:560px}"
    ".plots{display:flex;flex-wrap:wrap;gap:12px}"
    ".plots svg{background:#fff;box-shadow:0 0 0 1px #0001;border-radius:9px;padding:8px;max-width:100%;"
    "box-sizing:border-box;height:auto}"
    "figure{margin:0 0 14px}figure img{width:32%;margin-right:1%;border-radius:6px}"
    "figcaption{margin:4px 0;color:#303034}.n{color:#5e5c64}"
    "@media screen and (max-width:640px){body{padding:0 12px}th,td{padding:5px 8px}"
    "td img{width:120px;height:auto}}"
    "@media screen and (prefers-color-scheme:dark){body{color:#eee;background:#1d1d20}table{background:#2b2b30}"
    "th,.n,.why,figcaption{color:#b6b5bc}}"
    "@media print{body{margin:0;padding:0;max-width:none;background:#fff;font-size:10px}h1{font-size:18px}"
    "h2{font-size:14px}table{overflow:visible;box-shadow:none}th,td{padding:2px 6px}th{font-size:9px}"
    "td img{width:150px;height:auto}.plots svg{width:48%}tr,figure,.plots svg{break-inside:avoid}"
    "tr:first-child{break-after:avoid}h2,p.n{break-after:avoid}}";

void
dh_report_append_html_text (GString *html, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *escaped = g_markup_escape_text (valid, -1);
  g_string_append (html, escaped);
}

static cairo_status_t
write_svg (void *closure, const unsigned char *data, unsigned int length)
{
  g_string_append_len (closure, (const char *)data, length);
  return CAIRO_STATUS_SUCCESS;
}

void
dh_report_append_svg (GString *html, const char *prefix, DhReportDraw draw, gpointer data)
{
  g_autoptr (GString) svg = g_string_new (NULL);
  cairo_surface_t *surface =
      cairo_svg_surface_create_for_stream (write_svg, svg, DH_REPORT_PLOT_WIDTH, DH_REPORT_PLOT_HEIGHT);
  cairo_svg_surface_set_document_unit (surface, CAIRO_SVG_UNIT_PX);
  cairo_t *cr = cairo_create (surface);
  const gboolean drawn = draw (cr, data);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  const char *begin = strstr (svg->str, "<svg");
  if (!drawn || !begin)
    return;
  g_autoptr (GString) text = g_string_new (begin);
  g_autofree char *id = g_strdup_printf ("id=\"%s", prefix);
  g_autofree char *link = g_strdup_printf ("href=\"#%s", prefix);
  g_autofree char *url = g_strdup_printf ("url(#%s", prefix);
  g_string_replace (text, "id=\"", id, 0);
  g_string_replace (text, "href=\"#", link, 0);
  g_string_replace (text, "url(#", url, 0);
  g_string_append (html, text->str);
}

typedef struct
{
  const DhReport *report;
  guint run, index;
} Plot;

static gboolean
draw_plot (cairo_t *cr, gpointer data)
{
  const Plot *plot = data;
  return dh_report_draw_plot (cr, plot->report, plot->run, plot->index);
}

static void
append_plots (GString *html, const DhReport *report, guint run)
{
  g_string_append (html, "<div class=plots>\n");
  for (guint i = 0; i < DH_REPORT_PLOTS; i++)
    {
      g_autofree char *prefix = g_strdup_printf ("r%up%u-", run, i);
      dh_report_append_svg (html, prefix, draw_plot, &(Plot){ report, run, i });
    }
  g_string_append (html, "</div>\n");
}

void
dh_report_append_html_facts (GString *html, char **facts)
{
  g_string_append (html, "<table>\n");
  for (guint i = 0; facts[i]; i += 2)
    {
      g_string_append (html, "<tr><td>");
      dh_report_append_html_text (html, facts[i]);
      g_string_append (html, "<td class=t>");
      dh_report_append_html_text (html, facts[i + 1]);
      g_string_append (html, "\n");
    }
  g_string_append (html, "</table>\n");
}

static void
append_provenance (GString *html, const DhReportRun *run)
{
  g_auto (GStrv) facts = dh_report_provenance (run);
  dh_report_append_html_facts (html, facts);
}

void
dh_report_append_html_table (GString *html, DhReportTable *table)
{
  if (!table)
    return;
  g_string_append_printf (html, "<h2>%s</h2>\n", table->title);
  if (table->sentence)
    {
      g_string_append (html, "<p class=n>");
      dh_report_append_html_text (html, table->sentence);
      g_string_append (html, "</p>\n");
    }
  g_string_append (html, "<table>\n");
  for (guint r = 0; r < dh_report_table_n_rows (table); r++)
    {
      g_string_append (html, "<tr>");
      for (guint c = 0; c < table->n_columns; c++)
        {
          g_string_append_printf (html, "<t%s%s>", r == 0 ? "h" : "d", c < table->n_left ? " class=t" : "");
          dh_report_append_html_text (html, dh_report_table_cell (table, r, c));
        }
      g_string_append (html, "\n");
    }
  g_string_append (html, "</table>\n");
  dh_report_table_free (table);
}

static void
append_protocols (GString *html, const DhReportRun *run)
{
  g_string_append (html, "<h2>Protocols, in per cent</h2>\n<table><tr><th>Score<th class=t>Protocol<th>AP<th>FPR95"
                         "<th>AUROC<th>Threshold at TPR 95 %<th>Undefined images<th class=t>What it does\n");
  g_autoptr (GHashTable) told = g_hash_table_new (NULL, NULL); /* a sentence is said once */
  for (guint i = 0; i < run->protocols->len; i++)
    {
      const DhRunProtocolRow *row = run->protocols->pdata[i];
      const DhProtocol *protocol = dh_protocol_find (row->protocol, NULL);
      if (dh_report_is_component_row (row))
        continue;
      g_autofree char *ap = dh_report_percent (row->ap);
      g_autofree char *fpr95 = dh_report_percent (row->fpr95);
      g_autofree char *auroc = dh_report_percent (row->auroc);
      g_autofree char *threshold = dh_report_number (row->threshold_tpr95, 3);
      g_string_append (html, "<tr><td>");
      dh_report_append_html_text (html, row->score);
      g_string_append (html, "<td class=t>");
      dh_report_append_html_text (html, row->protocol);
      g_string_append_printf (html, "<td>%s<td>%s<td>%s<td>%s<td>%" G_GINT64_FORMAT "<td class=why>", ap, fpr95, auroc,
                              threshold, row->undefined_images);
      if (protocol && g_hash_table_add (told, (gpointer)protocol))
        dh_report_append_html_text (html, protocol->description);
      g_string_append (html, "\n");
    }
  g_string_append (html, "</table>\n");
}

void
dh_report_append_jpeg (GString *html, GBytes *jpeg, const char *what)
{
  gsize size;
  const guchar *data = g_bytes_get_data (jpeg, &size);
  g_autofree char *base64 = g_base64_encode (data, size);
  g_string_append_printf (html, "<img alt=\"%s\" src=\"data:image/jpeg;base64,%s\">", what, base64);
}

void
dh_report_append_picture (GString *html, const DhImage *image, guint width, const char *what)
{
  g_autoptr (DhImage) small = dh_image_thumbnail (image, width, width);
  g_autoptr (GBytes) jpeg = small ? dh_image_encode_jpeg (small->width, small->height, small->rgb, 85, NULL) : NULL;
  if (jpeg)
    dh_report_append_jpeg (html, jpeg, what);
}

/* The picture, its score and what is found, false and missed at the threshold of the set. */
static void
append_figure (GString *html, gboolean has_map, DhDataset *dataset, const DhRunImageRow *row, double threshold)
{
  const gint index = dataset ? dh_dataset_find (dataset, row->stem) : -1;
  g_autoptr (DhImage) image =
      index >= 0 ? dh_dataset_load_image (dataset, index, NULL) : dh_image_load (row->path, NULL);
  g_autoptr (DhTensor) map = row->score_file && has_map ? dh_npy_load (row->score_file, NULL) : NULL;
  g_autofree char *ap = dh_report_percent (row->ap);
  g_autofree char *fpr95 = dh_report_percent (row->fpr95);
  g_autofree char *positives = dh_report_count (row->positives);
  g_string_append (html, "<figure><figcaption><b>");
  dh_report_append_html_text (html, row->stem);
  g_string_append_printf (html, "</b> · AP %s · FPR95 %s · %s anomaly pixels</figcaption>", ap, fpr95, positives);
  const gboolean fits = image && map && map->dtype == DH_DTYPE_F32 && map->n_dims == 2 && map->dims[0] == image->height
                        && map->dims[1] == image->width && row->height == image->height && row->width == image->width
                        && dh_map_owner_measured (row, dh_tensor_f32 (map));
  if (!image)
    g_string_append (html, "<p class=n>The image is no longer where it was.</p>");
  else
    dh_report_append_picture (html, image, PICTURE_WIDTH, "picture");
  if (image && !fits)
    g_string_append (html, "<p class=n>The score map is no longer where it was.</p>");
  if (fits)
    {
      g_autoptr (DhLabels) labels = NULL;
      const DhPictureOptions options = { .classes = 0, .threshold = threshold };
      g_autoptr (DhImage) heat = dh_picture_of_map (DH_MAP_HYBRID, map, &options, NULL);
      if (index >= 0)
        dh_dataset_load_labels (dataset, index, &labels, NULL, NULL);
      const gboolean labelled = labels && labels->width == image->width && labels->height == image->height;
      g_autoptr (DhImage) overlay =
          isfinite (threshold) ? dh_picture_overlay (image, map, labelled ? labels->ids : NULL, threshold, NULL) : NULL;
      if (heat)
        dh_report_append_picture (html, heat, PICTURE_WIDTH, "score");
      if (overlay)
        dh_report_append_picture (html, overlay, PICTURE_WIDTH, "found, false and missed");
    }
  g_string_append (html, "</figure>\n");
}

static void
append_images (GString *html, const DhReport *report, const DhReportRun *run)
{
  g_autoptr (GPtrArray) worst = dh_report_worst_first (run);
  const DhRunProtocolRow *pooled = dh_report_find_protocol (run, run->run->score, "densehybrid-pooled");
  g_autoptr (DhDataset) dataset = dh_report_open_dataset (run->run, report->cancellable);
  const gboolean has_maps = dh_report_has_maps (run->run);
  g_string_append (html,
                   "<h2>Worst images</h2>\n<p class=n>Image, score (bright = anomalous), and at the threshold of "
                   "TPR 95 % over this very set: <b style=color:#1c71d8>found</b>, <b style=color:#b06f00>false</b>, "
                   "<b style=color:#c2185b>missed</b>.</p>\n");
  for (guint i = 0; i < MIN (worst->len, N_PICTURES) && !g_cancellable_is_cancelled (report->cancellable); i++)
    append_figure (html, has_maps, dataset, worst->pdata[i], pooled ? pooled->threshold_tpr95 : NAN);

  g_string_append (html,
                   "<h2>All images, worst first</h2>\n<table><tr><th>Image<th class=t>Scene<th>Anomaly pixels<th>AP"
                   "<th>FPR95<th>AUROC<th>Best F1<th>Mean score\n");
  for (guint i = 0; i < worst->len; i++)
    {
      const DhRunImageRow *row = worst->pdata[i];
      g_autofree char *positives = dh_report_count (row->positives);
      g_autofree char *ap = dh_report_percent (row->ap);
      g_autofree char *fpr95 = dh_report_percent (row->fpr95);
      g_autofree char *auroc = dh_report_percent (row->auroc);
      g_autofree char *f1 = dh_report_percent (row->best_f1);
      g_autofree char *mean = dh_report_number (row->mean_score, 2);
      g_string_append (html, "<tr><td>");
      dh_report_append_html_text (html, row->stem);
      g_string_append (html, "<td class=t>");
      dh_report_append_html_text (html, row->scene);
      g_string_append_printf (html, "<td>%s<td>%s<td>%s<td>%s<td>%s<td>%s\n", positives, ap, fpr95, auroc, f1, mean);
    }
  g_string_append (html, "</table>\n");
  for (guint i = 0; i < run->images->len; i++)
    {
      const DhRunImageRow *row = run->images->pdata[i];
      if (g_str_equal (row->state, "done"))
        continue;
      g_string_append (html, "<p class=n>Left out: ");
      dh_report_append_html_text (html, row->why ? row->why : row->stem);
      g_string_append (html, "</p>\n");
    }
}

GString *
dh_report_begin_html (const char *title)
{
  GString *html = g_string_new (NULL);
  g_string_printf (html,
                   "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport "
                   "content='width=device-width,initial-scale=1'>\n<meta name=color-scheme content='light "
                   "dark'>\n<title>%s</title>\n<style>%s</style>\n"
                   "<h1>%s</h1>\n",
                   title, style, title);
  return html;
}

char *
dh_report_to_html (const DhReport *report)
{
  GString *html = dh_report_begin_html ("Dense anomaly detection: report");
  dh_report_append_html_table (html, dh_report_compared_protocols (report));
  dh_report_append_html_table (html, dh_report_compared_intervals (report));
  dh_report_append_html_table (html, dh_report_compared_drawn (report));
  dh_report_append_html_table (html, dh_report_compared_slices (report));
  dh_report_append_html_table (html, dh_report_compared_froc (report));
  dh_report_append_html_table (html, dh_report_compared_images (report));
  for (guint r = 0; r < report->n_runs; r++)
    {
      const DhReportRun *run = &report->runs[r];
      g_string_append_printf (html, "<h2>Run %" G_GINT64_FORMAT "</h2>\n", run->run->id);
      append_provenance (html, run);
      if (run->protocols->len > 0)
        {
          append_protocols (html, run);
          dh_report_append_html_table (html, dh_report_intervals_table (report, r));
          dh_report_append_html_table (html, dh_report_drawn_table (report, r));
          dh_report_append_html_table (html, dh_report_thresholds_table (report, r));
          dh_report_append_html_table (html, dh_report_components_table (run));
        }
      dh_report_append_html_table (html, dh_report_slices_table (report->slices[r]));
      dh_report_append_html_table (html, dh_report_froc_table (report, r));
      if (run->protocols->len > 0)
        {
          g_autoptr (DhReportObjects) objects = dh_report_objects_new (report, r);
          dh_report_append_html_table (html, dh_report_objects_table (objects));
          dh_report_append_html_table (html, dh_report_missed_table (objects));
          dh_report_append_html_table (html, dh_report_classes_table (run));
          g_string_append (html, "<h2>Curves</h2>\n");
          append_plots (html, report, r);
        }
      append_images (html, report, run);
    }
  g_string_append (html, "</html>\n");
  return g_string_free (html, FALSE);
}
