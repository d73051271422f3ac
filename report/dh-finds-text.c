#include <math.h>

#include "dh-finds-private.h"
#include "dh-report-private.h"
#include "dh-text.h"
#include "dh-video-info.h"

static const char style[] =
    ".finds{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:14px;margin:18px 0}"
    ".finds figure{margin:0;background:#fff;box-shadow:0 0 0 1px #8883;border-radius:9px;overflow:hidden}"
    ".finds figure img{width:100%;margin:0;border-radius:0;display:block;aspect-ratio:3/2;object-fit:contain;"
    "background:#8882}"
    ".finds figcaption{margin:0;padding:8px 12px 10px;overflow-wrap:anywhere}"
    "@media screen and (prefers-color-scheme:dark){.finds figure{background:#2b2b30}a{color:#78aeed}}";

char *
dh_find_source_dup_title (const DhFindSource *source)
{
  if (source->name)
    return dh_text_escape (source->name, FALSE);
  g_autofree char *time = dh_video_format_time (source->time);
  return g_strdup_printf ("frame %" G_GUINT64_FORMAT ", %s", source->number, time);
}

static void
append_number (GString *csv, guint64 value)
{
  g_string_append_printf (csv, ",%" G_GUINT64_FORMAT, value);
}

static void
append_row (GString *csv, const DhFinds *finds, const DhFindView *view)
{
  const DhFind *find = dh_finds_get (finds, view->find);
  const DhFindSource *source = view->source;
  const DhFinding *finding = view->finding;
  g_autofree char *class_name = dh_finds_dup_class (finds, finding);
  g_string_append_printf (csv, "%u,", view->find + 1);
  if (source->name)
    dh_report_append_csv (csv, source->name);
  g_string_append_c (csv, ',');
  if (source->path)
    dh_report_append_csv (csv, source->path);
  if (source->name)
    g_string_append (csv, ",,");
  else
    {
      append_number (csv, source->number);
      char time[G_ASCII_DTOSTR_BUF_SIZE];
      g_string_append_printf (csv, ",%s", g_ascii_formatd (time, sizeof time, "%.3f", source->time));
    }
  append_number (csv, finding->x);
  append_number (csv, finding->y);
  append_number (csv, finding->width);
  append_number (csv, finding->height);
  append_number (csv, finding->area);
  dh_report_append_csv_number (csv, finding->mean);
  dh_report_append_csv_number (csv, finding->peak);
  append_number (csv, finding->peak_x);
  append_number (csv, finding->peak_y);
  g_string_append_c (csv, ',');
  if (class_name)
    dh_report_append_csv (csv, class_name);
  append_number (csv, find->n_images);
  g_string_append (csv, source == find->source ? ",yes\n" : ",no\n");
}

char *
dh_finds_to_csv (const DhFinds *finds)
{
  GString *csv = g_string_new ("find,image,file,frame,time,x,y,width,height,area,mean,peak,peak_x,peak_y,class,"
                               "images,highest\n");
  g_autoptr (GArray) views = dh_finds_list_views (finds);
  for (guint i = 0; i < views->len; i++)
    append_row (csv, finds, &g_array_index (views, DhFindView, i));
  return g_string_free (csv, FALSE);
}

/* Its name, which leads to the file where there is one. */
static void
append_source (GString *html, const DhFindSource *source)
{
  g_autofree char *title = dh_find_source_dup_title (source);
  g_autofree char *absolute = source->path ? g_canonicalize_filename (source->path, NULL) : NULL;
  g_autofree char *uri = absolute ? g_filename_to_uri (absolute, NULL, NULL) : NULL;
  if (uri)
    {
      g_autofree char *escaped = g_markup_escape_text (uri, -1);
      g_string_append_printf (html, "<a href=\"%s\">", escaped);
    }
  dh_report_append_html_text (html, title);
  g_string_append (html, uri ? "</a>" : "");
}

static void
append_find (GString *html, const DhFinds *finds, guint i)
{
  const DhFind *find = dh_finds_get (finds, i);
  const DhFinding *finding = &find->finding;
  g_autofree char *class_name = dh_finds_dup_class (finds, finding);
  g_autofree char *mean = dh_report_number (finding->mean, 2), *peak = dh_report_number (finding->peak, 2);
  g_autofree char *area = dh_report_count ((gint64)finding->area);
  g_string_append (html, "<figure>");
  g_autofree char *what = g_strdup_printf ("find %u", i + 1);
  if (find->crop)
    dh_report_append_jpeg (html, find->crop, what);
  g_string_append_printf (html, "<figcaption><b>%u</b> · ", i + 1);
  append_source (html, find->source);
  g_string_append_printf (html, "<br>mean %s, peak %s", mean, peak);
  if (class_name)
    {
      g_string_append (html, " · seen as ");
      dh_report_append_html_text (html, class_name);
    }
  g_string_append_printf (html, "<br><span class=n>%s pixels, %u×%u at (%u, %u)", area, finding->width, finding->height,
                          finding->x, finding->y);
  if (find->n_images > 1)
    {
      g_autofree char *first = dh_find_source_dup_title (find->first), *last = dh_find_source_dup_title (find->last);
      g_string_append_printf (html, "<br>in %u images, ", find->n_images);
      dh_report_append_html_text (html, first);
      g_string_append (html, " to ");
      dh_report_append_html_text (html, last);
    }
  if (find->pictured != find->source)
    {
      g_autofree char *pictured = dh_find_source_dup_title (find->pictured);
      g_string_append (html, "<br>the picture: ");
      dh_report_append_html_text (html, pictured);
    }
  g_string_append (html, "</span></figcaption></figure>\n");
}

guint
dh_finds_count_pages (const DhFinds *finds)
{
  const guint shown = MIN (dh_finds_count (finds), dh_finds_options (finds)->most);
  return MAX ((shown + DH_FINDS_ON_PAGE - 1) / DH_FINDS_ON_PAGE, 1);
}

char *
dh_finds_dup_page_name (guint page)
{
  return page == 0 ? g_strdup ("found.html") : g_strdup_printf ("found-%u.html", page + 1);
}

static void
append_ways (GString *html, const DhFinds *finds, guint page)
{
  const guint n = dh_finds_count_pages (finds);
  if (n == 1)
    return;
  g_string_append (html, "<p>Pages:");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = dh_finds_dup_page_name (i);
      if (i == page)
        g_string_append_printf (html, " <b>%u</b>", i + 1);
      else
        g_string_append_printf (html, " <a href=\"%s\">%u</a>", name, i + 1);
    }
  g_string_append (html, "\n");
}

/* Which of all there are stand here, and where the others do. */
static void
append_which (GString *html, const DhFinds *finds, guint first, guint end)
{
  const guint n = dh_finds_count (finds);
  if (n == 0)
    g_string_append (html, "<p>Nothing is flagged.\n");
  else if (first > 0)
    g_string_append_printf (html, "<p>%u to %u of %u; all of them are in found.csv.\n", first + 1, end, n);
  else if (end < n)
    g_string_append_printf (html, "<p>The first %u of %u; all of them are in found.csv.\n", end, n);
}

char *
dh_finds_to_html (const DhFinds *finds, guint page, char **facts)
{
  const guint shown = MIN (dh_finds_count (finds), dh_finds_options (finds)->most);
  const guint first = page * DH_FINDS_ON_PAGE, end = MIN (shown, first + DH_FINDS_ON_PAGE);
  GString *html = dh_report_begin_html ("What was found");
  g_string_append_printf (html, "<style>%s</style>\n", style);
  append_which (html, finds, first, end);
  append_ways (html, finds, page);
  if (end > first)
    g_string_append (html, "<div class=finds>\n");
  for (guint i = first; i < end; i++)
    append_find (html, finds, i);
  if (end > first)
    g_string_append (html, "</div>\n");
  append_ways (html, finds, page);
  dh_report_append_html_facts (html, facts);
  g_string_append (html, "</html>\n");
  return g_string_free (html, FALSE);
}
