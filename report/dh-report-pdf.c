#include <cairo-pdf.h>
#include <math.h>
#include <pango/pangocairo.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-report-private.h"

/* A4 in points. */
#define PAGE_WIDTH 595.0
#define PAGE_HEIGHT 842.0
#define MARGIN 40.0

/* Of a table's columns; the first `n_left` are to the left, the rest to the right. */
typedef struct
{
  const char *const *cells;
  const double *widths;
  guint n, n_left;
} Head;

typedef struct
{
  cairo_t *cr;
  double y;
} Page;

/* TRUE where that is on a new page. */
static gboolean
need (Page *page, double height)
{
  if (page->y + height <= PAGE_HEIGHT - MARGIN)
    return FALSE;
  cairo_show_page (page->cr);
  page->y = MARGIN;
  return TRUE;
}

static PangoLayout *
make_layout (Page *page, const char *text, double width, double size, gboolean bold)
{
  PangoLayout *layout = pango_cairo_create_layout (page->cr);
  g_autofree char *name = g_strdup_printf ("Sans %s%.1fpx", bold ? "Bold " : "", size);
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  PangoFontDescription *font = pango_font_description_from_string (name);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_width (layout, width * PANGO_SCALE);
  pango_layout_set_text (layout, valid, -1);
  return layout;
}

static void
show (Page *page, PangoLayout *layout, double x)
{
  cairo_set_source_rgb (page->cr, 0.1, 0.1, 0.11);
  cairo_move_to (page->cr, x, page->y);
  pango_cairo_show_layout (page->cr, layout);
}

/* A path or a hash has no hyphens but its own. */
static void
drop_hyphens (PangoLayout *layout)
{
  PangoAttrList *attributes = pango_attr_list_new ();
  pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
}

/* In smaller letters where it has no room on one line, and then on as many as it takes: a name that is cut off is none.
 */
static PangoLayout *
make_left (Page *page, const char *text, double width, double size, gboolean bold)
{
  PangoLayout *layout = NULL;
  for (gboolean fits = FALSE; !fits; size -= 0.5)
    {
      g_clear_object (&layout);
      layout = make_layout (page, text, width, size, bold);
      pango_layout_set_single_paragraph_mode (layout, TRUE);
      pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
      drop_hyphens (layout);
      fits = size <= 7 || pango_layout_get_line_count (layout) == 1;
    }
  return layout;
}

/* A number, or the name of a column. On one line: smaller where it has no room, and shortened only where it has none in
 * small letters either. */
static void
write_text (Page *page, const char *text, double x, double width, double size, gboolean bold, PangoAlignment alignment)
{
  g_autoptr (PangoLayout) layout = NULL;
  for (gboolean fits = FALSE; !fits; size -= 0.5)
    {
      g_clear_object (&layout);
      layout = make_layout (page, text, width, size, bold);
      pango_layout_set_single_paragraph_mode (layout, TRUE);
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_MIDDLE);
      pango_layout_set_alignment (layout, alignment);
      fits = size <= 5 || !pango_layout_is_ellipsized (layout);
    }
  show (page, layout, x);
}

/* Never at the foot of a page: some lines of what it heads come with it. */
static void
write_heading (Page *page, const char *text, double size)
{
  need (page, 2.5 * size + 42);
  page->y += 0.6 * size;
  write_text (page, text, MARGIN, PAGE_WIDTH - 2 * MARGIN, size, TRUE, PANGO_ALIGN_LEFT);
  page->y += 1.6 * size;
}

/* Smaller where there are many. */
static double
size_of (const Head *head)
{
  return head->n > 8 ? 7.5 : 8.5;
}

static double
height_of (Page *page, const char *const *cells, const Head *head, gboolean bold)
{
  double height = 13;
  for (guint i = 0; i < head->n_left; i++)
    {
      int cell;
      g_autoptr (PangoLayout) layout = make_left (page, cells[i], head->widths[i] - 6, size_of (head), bold);
      pango_layout_get_size (layout, NULL, &cell);
      if (pango_layout_get_line_count (layout) > 1)
        height = MAX (height, (double)cell / PANGO_SCALE + 3);
    }
  return height;
}

static void
write_cells (Page *page, const char *const *cells, const Head *head, gboolean bold)
{
  double x = MARGIN;
  for (guint i = 0; i < head->n; i++)
    {
      const double width = head->widths[i] - 6;
      if (i < head->n_left)
        {
          g_autoptr (PangoLayout) layout = make_left (page, cells[i], width, size_of (head), bold);
          show (page, layout, x);
        }
      else
        write_text (page, cells[i], x, width, size_of (head), bold, PANGO_ALIGN_RIGHT);
      x += head->widths[i];
    }
  page->y += height_of (page, cells, head, bold);
}

/* The first row comes with it. */
static void
write_head (Page *page, const Head *head)
{
  need (page, height_of (page, head->cells, head, TRUE) + 15);
  write_cells (page, head->cells, head, TRUE);
}

/* On the next page, the columns' heads stand over it again. */
static void
write_row (Page *page, const char *const *cells, const Head *head)
{
  if (need (page, height_of (page, cells, head, FALSE) + 1))
    write_cells (page, head->cells, head, TRUE);
  write_cells (page, cells, head, FALSE);
}

/* In as many lines as it takes: provenance that is cut off is none. */
static void
write_lines (Page *page, const char *text, double x, double width)
{
  g_autoptr (PangoLayout) layout = make_layout (page, text, width, 8.5, FALSE);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  drop_hyphens (layout);
  cairo_set_source_rgb (page->cr, 0.1, 0.1, 0.11);
  const int n = pango_layout_get_line_count (layout);
  for (int i = 0; i < n; i++)
    {
      PangoLayoutLine *line = pango_layout_get_line_readonly (layout, i);
      if (i > 0)
        need (page, 14);
      cairo_move_to (page->cr, x, page->y + 9);
      pango_cairo_show_layout_line (page->cr, line);
      page->y += i + 1 < n ? 11 : 13;
    }
}

static void
write_table (Page *page, DhReportTable *table, const double *widths)
{
  if (!table)
    return;
  write_heading (page, table->title, 12);
  if (table->sentence)
    write_lines (page, table->sentence, MARGIN, PAGE_WIDTH - 2 * MARGIN);
  const Head head = { (const char *const *)table->cells->pdata, widths, table->n_columns, table->n_left };
  write_head (page, &head);
  for (guint r = 1; r < dh_report_table_n_rows (table); r++)
    write_row (page, head.cells + (gsize)r * table->n_columns, &head);
  dh_report_table_free (table);
}

static void
write_run (Page *page, const DhReport *report, guint which)
{
  const DhReportRun *run = &report->runs[which];
  g_autofree char *title = g_strdup_printf ("Run %" G_GINT64_FORMAT, run->run->id);
  write_heading (page, title, 14);
  g_auto (GStrv) facts = dh_report_provenance (run);
  for (guint i = 0; facts[i]; i += 2)
    {
      need (page, 14);
      write_text (page, facts[i], MARGIN, 100, 8.5, FALSE, PANGO_ALIGN_LEFT);
      write_lines (page, facts[i + 1], MARGIN + 105, PAGE_WIDTH - 2 * MARGIN - 105);
    }

  static const double widths[] = { 105, 190, 55, 55, 55, 55 };
  const Head of_protocols = { (const char *const[]){ "score", "protocol", "AP", "FPR95", "AUROC", "undefined" }, widths,
                              6, 2 };
  if (run->protocols->len > 0)
    {
      write_heading (page, "Protocols, in per cent", 12);
      write_head (page, &of_protocols);
    }
  for (guint i = 0; i < run->protocols->len; i++)
    {
      const DhRunProtocolRow *row = run->protocols->pdata[i];
      if (dh_report_is_component_row (row))
        continue;
      g_autofree char *ap = dh_report_percent (row->ap);
      g_autofree char *fpr95 = dh_report_percent (row->fpr95);
      g_autofree char *auroc = dh_report_percent (row->auroc);
      g_autofree char *undefined = dh_report_count (row->undefined_images);
      write_row (page, (const char *const[]){ row->score, row->protocol, ap, fpr95, auroc, undefined }, &of_protocols);
    }

  static const double interval_widths[] = { 119, 40, 40, 77, 42, 77, 43, 77 };
  write_table (page, dh_report_intervals_table (report, which), interval_widths);
  static const double drawn_widths[] = { 190, 90, 60, 75, 100 };
  write_table (page, dh_report_drawn_table (report, which), drawn_widths);
  static const double threshold_widths[] = { 62, 133, 42, 40, 36, 36, 36, 43, 43, 44 };
  write_table (page, dh_report_thresholds_table (report, which), threshold_widths);
  static const double component_widths[] = { 85, 258, 52, 36, 36, 48 };
  write_table (page, dh_report_components_table (run), component_widths);
  static const double slice_widths[] = { 120, 36, 62, 54, 36, 36, 36, 37, 37, 37, 37 };
  write_table (page, dh_report_slices_table (report->slices[which]), slice_widths);
  static const double froc_widths[] = { 118, 46, 44, 98, 58, 46, 34, 36, 40 };
  write_table (page, dh_report_froc_table (report, which), froc_widths);
  g_autoptr (DhReportObjects) objects = dh_report_objects_new (report, which);
  static const double object_widths[] = { 135, 60, 60, 60, 60, 75, 65 };
  write_table (page, dh_report_objects_table (objects), object_widths);
  static const double missed_widths[] = { 185, 80, 60, 65, 75, 50 };
  write_table (page, dh_report_missed_table (objects), missed_widths);
  static const double class_widths[] = { 120, 70, 90, 200 };
  write_table (page, dh_report_classes_table (run), class_widths);

  const double scale = (PAGE_WIDTH - 2 * MARGIN - 12) / 2 / DH_REPORT_PLOT_WIDTH;
  const gboolean has_plots = run->protocols->len > 0;
  if (has_plots)
    {
      need (page, 30 + DH_REPORT_PLOT_HEIGHT * scale + 10);
      write_heading (page, "Curves", 12);
    }
  for (guint i = 0; has_plots && i < DH_REPORT_PLOTS; i++)
    {
      const double height = DH_REPORT_PLOT_HEIGHT * scale + 10;
      if (i % 2 == 0)
        need (page, height);
      cairo_save (page->cr);
      cairo_translate (page->cr, MARGIN + (i % 2) * (DH_REPORT_PLOT_WIDTH * scale + 12), page->y);
      cairo_scale (page->cr, scale, scale);
      dh_report_draw_plot (page->cr, report, which, i);
      cairo_restore (page->cr);
      if (i % 2 == 1 || i == DH_REPORT_PLOTS - 1)
        page->y += height;
    }

  write_heading (page, "Images, worst first", 12);
  static const double image_widths[] = { 245, 90, 60, 60, 60 };
  const Head of_images = { (const char *const[]){ "image", "anomaly pixels", "AP", "FPR95", "AUROC" }, image_widths, 5,
                           1 };
  write_head (page, &of_images);
  g_autoptr (GPtrArray) worst = dh_report_worst_first (run);
  for (guint i = 0; i < worst->len; i++)
    {
      const DhRunImageRow *row = worst->pdata[i];
      g_autofree char *positives = dh_report_count (row->positives);
      g_autofree char *ap = dh_report_percent (row->ap);
      g_autofree char *fpr95 = dh_report_percent (row->fpr95);
      g_autofree char *auroc = dh_report_percent (row->auroc);
      write_row (page, (const char *const[]){ row->stem, positives, ap, fpr95, auroc }, &of_images);
    }
}

static cairo_status_t
write_bytes (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

gboolean
dh_report_to_pdf (const DhReport *report, const char *path, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  cairo_surface_t *surface = cairo_pdf_surface_create_for_stream (write_bytes, bytes, PAGE_WIDTH, PAGE_HEIGHT);
  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_TITLE, "Dense anomaly detection: report");
  Page page = { cairo_create (surface), MARGIN };
  write_heading (&page, "Dense anomaly detection: report", 18);
  static const double protocol_widths[] = { 122, 36, 36, 45, 44, 44, 45, 48, 48, 45 };
  static const double image_widths[] = { 260, 90, 55, 55, 55 };
  static const double interval_widths[] = { 107, 40, 40, 80, 64, 40, 80, 64 };
  static const double slice_widths[] = { 120, 75, 38, 38, 42, 44, 44, 42, 42, 42 };
  write_table (&page, dh_report_compared_protocols (report), protocol_widths);
  write_table (&page, dh_report_compared_intervals (report), interval_widths);
  static const double drawn_widths[] = { 180, 80, 55, 65, 85, 50 };
  write_table (&page, dh_report_compared_drawn (report), drawn_widths);
  write_table (&page, dh_report_compared_slices (report), slice_widths);
  static const double froc_widths[] = { 175, 110, 110, 120 };
  write_table (&page, dh_report_compared_froc (report), froc_widths);
  write_table (&page, dh_report_compared_images (report), image_widths);
  for (guint r = 0; r < report->n_runs; r++)
    {
      if (r > 0 || report->n_runs > 1)
        need (&page, PAGE_HEIGHT);
      write_run (&page, report, r);
    }
  cairo_show_page (page.cr);
  cairo_destroy (page.cr);
  cairo_surface_finish (surface);
  const cairo_status_t status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status != CAIRO_STATUS_SUCCESS)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s: the report cannot be drawn: %s", path,
                   cairo_status_to_string (status));
      return FALSE;
    }
  return !g_cancellable_set_error_if_cancelled (report->cancellable, error)
         && dh_file_write (path, bytes->data, bytes->len, error);
}
