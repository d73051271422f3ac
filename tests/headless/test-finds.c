/* What was found in many images: in which order, with which pictures, and as what it is written. */
#include "dh-finds.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "dh-csv.h"
#include "dh-error.h"

#define SIDE 40

static guint32
next (guint32 *state)
{
  return (*state = *state * 1664525u + 1013904223u) >> 8;
}

static DhImage *
make_image (void)
{
  DhImage *image = dh_image_new (SIDE, SIDE);
  memset (image->rgb, 90, (gsize)3 * SIDE * SIDE);
  return image;
}

/* A square of that score in an image of zeros. */
static DhFindings *
make_findings (guint x, guint y, guint side, float score)
{
  g_autofree float *scores = g_new0 (float, SIDE *SIDE);
  for (guint v = y; v < y + side; v++)
    for (guint u = x; u < x + side; u++)
      scores[v * SIDE + u] = score;
  const DhFindingOptions options = { .threshold = 0, .min_area = 1 };
  DhFindings *findings = dh_findings_new (scores, NULL, NULL, SIDE, SIDE, &options, NULL);
  g_assert_nonnull (findings);
  return findings;
}

static void
add_square (DhFinds *finds, guint i, guint x, guint y, guint side, float score)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImage) image = make_image ();
  g_autoptr (DhFindings) findings = make_findings (x, y, side, score);
  g_autofree char *name = g_strdup_printf ("image %u", i);
  const DhFindSource source = { name, NULL, 0, NAN };
  g_assert_true (dh_finds_add (finds, &source, image, findings, &error));
  g_assert_no_error (error);
}

/* Enough for pictures to be dropped on the way: the first ones have theirs, and no other. */
static void
test_order (void)
{
  guint32 state = 3;
  for (DhFindOrder order = DH_FIND_MEAN; order <= DH_FIND_AREA; order++)
    {
      const DhFindsOptions options = { .min_images = 1, .most = 5, .order = order };
      g_autoptr (DhFinds) finds = dh_finds_new (&options);
      for (guint i = 0; i < 400; i++)
        add_square (finds, i, 2, 3, 1 + next (&state) % 30, 0.5f + (float)(next (&state) % 1000));
      dh_finds_finish (finds);
      g_assert_cmpuint (dh_finds_count (finds), ==, 400);
      for (guint i = 0; i < 400; i++)
        {
          const DhFind *find = dh_finds_get (finds, i);
          g_assert_true ((find->crop != NULL) == (i < 5));
          if (i > 0)
            g_assert_cmpfloat (dh_finds_get (finds, i - 1)->value, >=, find->value);
          g_assert_cmpfloat (find->value, ==, order == DH_FIND_AREA ? find->finding.area : find->finding.mean);
        }
    }
}

/* A track in many images among flickers that score higher: these are left out, and their pictures make no room scarce.
 */
static void
test_followed (void)
{
  const DhFindsOptions options = { .follow = TRUE, .patience = 1, .min_images = 3, .most = 2 };
  g_autoptr (DhFinds) finds = dh_finds_new (&options);
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr (DhImage) image = make_image ();
      g_autofree float *scores = g_new0 (float, SIDE *SIDE);
      for (guint y = 30; y < 36; y++)
        for (guint x = 30; x < 36; x++)
          scores[y * SIDE + x] = i == 200 ? 5 : 1;
      const guint flicker = (i % 3) * 8;
      for (guint y = 0; y < 4; y++)
        for (guint x = flicker; x < flicker + 4; x++)
          scores[y * SIDE + x] = 100;
      const DhFindingOptions finding = { .threshold = 0, .min_area = 1 };
      g_autoptr (DhFindings) findings = dh_findings_new (scores, NULL, NULL, SIDE, SIDE, &finding, NULL);
      g_assert_cmpuint (findings->n, ==, 2);
      g_assert_true (dh_finds_add (finds, &(DhFindSource){ NULL, NULL, i, i / 10.0 }, image, findings, NULL));
    }
  dh_finds_finish (finds);
  g_assert_cmpuint (dh_finds_count (finds), ==, 1);
  const DhFind *find = dh_finds_get (finds, 0);
  g_assert_cmpuint (find->n_images, ==, 300);
  g_assert_cmpuint (find->source->number, ==, 200);
  g_assert_cmpuint (find->first->number, ==, 0);
  g_assert_cmpuint (find->last->number, ==, 299);
  g_assert_cmpfloat (find->value, ==, 5);
  g_assert_nonnull (find->crop);
  g_autofree char *title = dh_find_source_dup_title (find->source);
  g_assert_cmpstr (title, ==, "frame 200, 0:20.00");

  guint unclosed;
  g_autofree char *csv = dh_finds_to_csv (finds);
  g_autoptr (GPtrArray) rows = dh_csv_parse (csv, NULL, &unclosed);
  g_assert_cmpuint (rows->len, ==, 301);
  char **row = rows->pdata[201];
  g_assert_cmpstr (row[0], ==, "1");
  g_assert_cmpstr (row[3], ==, "200");
  g_assert_cmpstr (row[4], ==, "20.000");
  g_assert_cmpstr (row[9], ==, "36");
  g_assert_cmpstr (row[15], ==, "300");
  g_assert_cmpstr (row[16], ==, "yes");
  g_assert_cmpstr (((char **)rows->pdata[1])[16], ==, "no");
}

/* Low scores, names that HTML and CSV give a meaning, classes of another network. */
static void
test_written (void)
{
  const char *const names[] = { "<b>a</b>", NULL };
  const DhFindsOptions options = { .min_images = 1, .most = 1, .low = TRUE, .classes = 1, .class_names = names };
  g_autoptr (DhFinds) finds = dh_finds_new (&options);
  const float scores[] = { -3, 0, -7 };
  const guint8 classes[] = { 0, 0, 0 };
  const DhFindingOptions finding = { .threshold = -1, .low = TRUE, .min_area = 1 };
  g_autoptr (DhImage) image = dh_image_new (3, 1);
  memset (image->rgb, 0, 9);
  g_autoptr (DhFindings) findings = dh_findings_new (scores, classes, NULL, 3, 1, &finding, NULL);
  const DhFindSource source = { "a,\"<i>", "/no such/<i>.png", 0, NAN };
  g_assert_true (dh_finds_add (finds, &source, image, findings, NULL));
  g_assert_true (dh_finds_add (finds, &source, NULL, NULL, NULL));
  dh_finds_finish (finds);
  g_assert_cmpuint (dh_finds_count (finds), ==, 2);
  g_assert_cmpfloat (dh_finds_get (finds, 0)->finding.mean, ==, -7);
  g_assert_cmpfloat (dh_finds_get (finds, 0)->value, ==, 7);

  char *facts[] = { (char *)"searched", (char *)"<here>", NULL };
  g_autofree char *html = dh_finds_to_html (finds, 0, facts);
  g_assert_nonnull (strstr (html, "The first 1 of 2"));
  g_assert_nonnull (strstr (html, "&lt;b&gt;a&lt;/b&gt;"));
  g_assert_nonnull (strstr (html, "file:///no%20such/%3Ci%3E.png"));
  g_assert_nonnull (strstr (html, "&lt;here&gt;"));
  g_assert_null (strstr (html, "<i>"));
  g_assert_null (strstr (html, "the picture: "));
  g_assert_nonnull (strstr (html, "<meta name=viewport"));
  guint unclosed;
  g_autofree char *csv = dh_finds_to_csv (finds);
  g_autoptr (GPtrArray) rows = dh_csv_parse (csv, NULL, &unclosed);
  g_assert_cmpuint (rows->len, ==, 3);
  g_assert_cmpstr (((char **)rows->pdata[1])[1], ==, source.name);
  g_assert_cmpstr (((char **)rows->pdata[1])[14], ==, names[0]);
}

/* An image with very many regions: the first ones have pictures, and the others cost none, whatever the order, and
 * though all are equal. */
static void
test_dense (void)
{
  const guint width = 2048, height = 1024;
  g_autofree float *scores = g_new0 (float, (gsize)width *height);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      if (x % 8 < 4 && y % 8 < 4)
        scores[(gsize)y * width + x] = 1;
  const DhFindingOptions finding = { .threshold = 0, .min_area = 1 };
  g_autoptr (DhFindings) findings = dh_findings_new (scores, NULL, NULL, width, height, &finding, NULL);
  g_assert_cmpuint (findings->n, ==, 256 * 128);
  g_autoptr (DhImage) image = dh_image_new (width, height);
  memset (image->rgb, 90, (gsize)3 * width * height);
  const clock_t before = clock ();
  for (DhFindOrder order = DH_FIND_MEAN; order < DH_N_FIND_ORDERS; order++)
    {
      const DhFindsOptions options = {
        .min_images = 1 + (order == DH_FIND_PEAK), .most = 3, .order = order, .follow = TRUE
      };
      g_autoptr (DhFinds) finds = dh_finds_new (&options);
      for (guint i = 0; i < 2; i++)
        g_assert_true (dh_finds_add (finds, &(DhFindSource){ NULL, NULL, i, i }, image, findings, NULL));
      dh_finds_finish (finds);
      g_assert_cmpuint (dh_finds_count (finds), ==, findings->n);
      for (guint i = 0; i < 5; i++)
        {
          const DhFind *find = dh_finds_get (finds, i);
          g_assert_cmpuint (find->finding.x, ==, 8 * i);
          g_assert_true ((find->crop != NULL) == (i < 3));
        }
    }
  g_assert_cmpfloat ((double)(clock () - before) / CLOCKS_PER_SEC, <, 12);
}

/* By the number of images, what becomes one of the first late is seen in a later image than its largest: the page says
 * so. */
static void
test_late (void)
{
  const DhFindsOptions options = { .follow = TRUE, .min_images = 1, .most = 1, .order = DH_FIND_IMAGES };
  g_autoptr (DhFinds) finds = dh_finds_new (&options);
  for (guint i = 0; i < 12; i++)
    {
      g_autofree float *scores = g_new0 (float, SIDE *SIDE);
      for (guint x = 0; i < 4 && x < 6; x++)
        scores[x] = 1;
      for (guint x = 10; i >= 1 && x < (i == 1 ? 18 : 17); x++)
        scores[20 * SIDE + x] = 1;
      const DhFindingOptions finding = { .threshold = 0, .min_area = 1 };
      g_autoptr (DhImage) image = make_image ();
      g_autoptr (DhFindings) findings = dh_findings_new (scores, NULL, NULL, SIDE, SIDE, &finding, NULL);
      g_assert_true (dh_finds_add (finds, &(DhFindSource){ NULL, NULL, i, i / 10.0 }, image, findings, NULL));
    }
  dh_finds_finish (finds);
  const DhFind *find = dh_finds_get (finds, 0);
  g_assert_cmpuint (find->n_images, ==, 11);
  g_assert_cmpuint (find->source->number, ==, 1);
  g_assert_cmpuint (find->finding.area, ==, 8);
  g_assert_nonnull (find->crop);
  g_assert_cmpuint (find->pictured->number, ==, 5);
  char *facts[] = { NULL };
  g_autofree char *html = dh_finds_to_html (finds, 0, facts);
  g_assert_nonnull (strstr (html, "the picture: frame 5, 0:00.50"));
}

static gboolean
keep (gconstpointer bytes, gsize size, gpointer data, GError **error)
{
  (void)error;
  g_byte_array_append (data, bytes, (guint)size);
  return TRUE;
}

static GByteArray *
pack (const DhFinds *finds)
{
  GByteArray *bytes = g_byte_array_new ();
  g_autofree DhPack *pack = g_new (DhPack, 1);
  dh_pack_init (pack, keep, bytes);
  dh_finds_pack (finds, pack);
  g_assert_true (dh_pack_end (pack, NULL));
  return bytes;
}

static DhFinds *
unpack (const DhFindsOptions *options, const GByteArray *bytes, gsize size)
{
  DhUnpack from = { bytes->data, bytes->data + size, FALSE };
  DhFinds *finds = dh_finds_unpack (options, &from);
  g_assert_true (!finds || from.at == from.end);
  return finds;
}

/* What is put away after any image and taken up again ends as what was not; bytes that are cut or changed are refused
 * or taken as other numbers, and never more than that. */
static void
test_kept (void)
{
  char *facts[] = { NULL };
  for (guint follow = 0; follow < 2; follow++)
    {
      const DhFindsOptions options = { .follow = follow, .patience = 2, .min_images = 1 + follow, .most = 2 };
      g_autoptr (DhFinds) whole = dh_finds_new (&options), parts = dh_finds_new (&options);
      guint32 whole_state = 5, parts_state = 5;
      for (guint i = 0; i < 300; i++)
        {
          add_square (whole, i, 2 + next (&whole_state) % 4, 3, 1 + next (&whole_state) % 30, 1 + i % 37);
          add_square (parts, i, 2 + next (&parts_state) % 4, 3, 1 + next (&parts_state) % 30, 1 + i % 37);
          if (i % 7 != 3)
            continue;
          g_autoptr (GByteArray) bytes = pack (parts);
          dh_finds_free (g_steal_pointer (&parts));
          parts = unpack (&options, bytes, bytes->len);
          g_assert_nonnull (parts);
        }
      g_autoptr (GByteArray) bytes = pack (parts);
      for (gsize size = 0; size < bytes->len; size += 1 + size / 50)
        g_assert_null (unpack (&options, bytes, size));
      for (guint i = 0; i < 300; i++)
        {
          const guint at = next (&whole_state) % bytes->len;
          const guint8 was = bytes->data[at];
          bytes->data[at] ^= (guint8)(1 + next (&whole_state) % 255);
          DhUnpack from = { bytes->data, bytes->data + bytes->len, FALSE };
          g_autoptr (DhFinds) other = dh_finds_unpack (&options, &from);
          bytes->data[at] = was;
          if (!other)
            continue;
          dh_finds_finish (other);
          g_autofree char *csv = dh_finds_to_csv (other);
        }
      dh_finds_finish (whole);
      dh_finds_finish (parts);
      g_autofree char *one = dh_finds_to_csv (whole), *other = dh_finds_to_csv (parts);
      g_assert_cmpstr (one, ==, other);
      g_autofree char *page = dh_finds_to_html (whole, 0, facts), *same = dh_finds_to_html (parts, 0, facts);
      g_assert_true (g_str_equal (page, same));
    }
}

/* Each of those that are shown stands on one page, in their order, and the last page has what is left. */
static void
test_pages (void)
{
  const DhFindsOptions options = { .min_images = 1, .most = 2 * DH_FINDS_ON_PAGE + 3 };
  g_autoptr (DhFinds) finds = dh_finds_new (&options);
  const guint n = options.most + 4;
  for (guint i = 0; i < n; i++)
    add_square (finds, i, 2, 3, 4, (float)(n - i));
  dh_finds_finish (finds);
  g_assert_cmpuint (dh_finds_count_pages (finds), ==, 3);
  char *facts[] = { NULL };
  guint shown = 0;
  for (guint page = 0; page < 3; page++)
    {
      g_autofree char *html = dh_finds_to_html (finds, page, facts), *name = dh_finds_dup_page_name (page);
      g_assert_cmpstr (name, ==, page == 0 ? "found.html" : page == 1 ? "found-2.html" : "found-3.html");
      g_assert_null (strstr (html, name));
      g_assert_nonnull (strstr (html, page == 2 ? "found-2.html" : "found-3.html"));
      const char *at = html;
      while ((at = strstr (at, "<figcaption>")))
        {
          g_autofree char *title = g_strdup_printf ("<figcaption><b>%u</b> · image %u<br>", shown + 1, shown);
          g_assert_true (g_str_has_prefix (at, title));
          g_assert_nonnull (dh_finds_get (finds, shown)->crop);
          shown++;
          at++;
        }
      g_assert_cmpuint (shown, ==, MIN ((page + 1) * DH_FINDS_ON_PAGE, options.most));
    }
}

/* None has a page too, and a page that would be empty is none. */
static void
test_bounds (void)
{
  const guint counts[] = { 0, 1, DH_FINDS_ON_PAGE, DH_FINDS_ON_PAGE + 1 };
  char *facts[] = { NULL };
  for (guint c = 0; c < G_N_ELEMENTS (counts); c++)
    {
      const DhFindsOptions options = { .min_images = 1, .most = 10000 };
      g_autoptr (DhFinds) finds = dh_finds_new (&options);
      for (guint i = 0; i < counts[c]; i++)
        add_square (finds, i, 2, 3, 4, 1);
      dh_finds_finish (finds);
      const guint pages = dh_finds_count_pages (finds);
      g_assert_cmpuint (pages, ==, c == 3 ? 2 : 1);
      g_autofree char *last = dh_finds_to_html (finds, pages - 1, facts);
      g_auto (GStrv) parts = g_strsplit (last, "<figure>", -1);
      g_assert_cmpuint (g_strv_length (parts) - 1, ==, c == 3 ? 1 : counts[c]);
      g_assert_true (!strstr (last, "Pages:") == (pages == 1));
    }
}

/* A time that no recording has is refused: it could not be written as hours. */
static void
test_time (void)
{
  const DhFindsOptions options = { .min_images = 1, .most = 1 };
  const double times[] = { 1, NAN, INFINITY, -INFINITY, 1e300 };
  for (guint t = 0; t < G_N_ELEMENTS (times); t++)
    {
      g_autoptr (DhFinds) finds = dh_finds_new (&options);
      g_autoptr (DhImage) image = make_image ();
      g_autoptr (DhFindings) findings = make_findings (2, 3, 4, 1);
      const DhFindSource source = { NULL, NULL, 7, times[t] };
      g_assert_true (dh_finds_add (finds, &source, image, findings, NULL));
      g_autoptr (GByteArray) bytes = pack (finds);
      g_autoptr (DhFinds) taken = unpack (&options, bytes, bytes->len);
      g_assert_true ((taken != NULL) == (t < 2));
    }
}

static void
test_nothing (void)
{
  const DhFindsOptions options = { .min_images = 1, .most = 3 };
  g_autoptr (DhFinds) finds = dh_finds_new (&options);
  dh_finds_finish (finds);
  char *facts[] = { NULL };
  g_autofree char *html = dh_finds_to_html (finds, 0, facts);
  g_assert_nonnull (strstr (html, "Nothing is flagged"));
  DhFindOrder order;
  g_assert_true (dh_find_order_from_name ("images", &order));
  g_assert_cmpint (order, ==, DH_FIND_IMAGES);
  g_assert_false (dh_find_order_from_name ("size", &order));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/finds/order", test_order);
  g_test_add_func ("/finds/followed", test_followed);
  g_test_add_func ("/finds/written", test_written);
  g_test_add_func ("/finds/dense", test_dense);
  g_test_add_func ("/finds/late", test_late);
  g_test_add_func ("/finds/kept", test_kept);
  g_test_add_func ("/finds/pages", test_pages);
  g_test_add_func ("/finds/bounds", test_bounds);
  g_test_add_func ("/finds/time", test_time);
  g_test_add_func ("/finds/nothing", test_nothing);
  return g_test_run ();
}
