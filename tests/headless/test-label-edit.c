/* Drawing labels: against plain references, at the borders, and undone to the byte. */
#include "dh-label-edit.h"
#include <math.h>
#include <string.h>

static DhLabelEdit *
new_edit (guint width, guint height)
{
  g_autofree guint8 *ids = g_malloc0 ((gsize)width * height);
  return dh_label_edit_new (width, height, ids);
}

static guint
count (const DhLabelEdit *edit, guint8 id)
{
  guint n = 0;
  for (gsize i = 0; i < (gsize)dh_label_edit_width (edit) * dh_label_edit_height (edit); i++)
    n += dh_label_edit_ids (edit)[i] == id;
  return n;
}

/* How often the polygon goes round a point. */
static gint
winding_at (const DhLabelPoint *points, guint n, double x, double y)
{
  gint winding = 0;
  for (guint i = 0; i < n; i++)
    {
      const DhLabelPoint a = points[i], b = points[(i + 1) % n];
      const double side = (b.x - a.x) * (y - a.y) - (x - a.x) * (b.y - a.y);
      if (a.y <= y && b.y > y && side > 0)
        winding++;
      else if (a.y > y && b.y <= y && side < 0)
        winding--;
    }
  return winding;
}

static void
assert_polygon (const DhLabelPoint *points, guint n, guint width, guint height)
{
  g_autoptr (DhLabelEdit) edit = new_edit (width, height);
  dh_label_edit_fill_polygon (edit, points, n, 1);
  const DhLabelRect changed = dh_label_edit_take_changed (edit);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        const guint8 id = dh_label_edit_ids (edit)[y * width + x];
        g_assert_cmpuint (id, ==, winding_at (points, n, x + 0.5, y + 0.5) != 0);
        if (id != 0)
          g_assert_true (x >= changed.x && y >= changed.y && x < changed.x + changed.width
                         && y < changed.y + changed.height);
      }
}

/* Corners beside the middles of pixels, so that rounding decides nothing; many of them cross themselves and reach
 * beyond the picture. */
static void
test_polygons (void)
{
  for (guint round = 0; round < 400; round++)
    {
      DhLabelPoint points[9];
      const guint n = (guint)g_test_rand_int_range (3, 10);
      for (guint i = 0; i < n; i++)
        points[i] =
            (DhLabelPoint){ g_test_rand_double_range (-20, 60) + 0.001, g_test_rand_double_range (-15, 45) + 0.001 };
      assert_polygon (points, n, 40, 30);
    }
}

/* A star whose lines all cross is full, its middle too. */
static void
test_star (void)
{
  DhLabelPoint star[5];
  for (guint i = 0; i < 5; i++)
    star[i] = (DhLabelPoint){ 20 + 15 * sin (i * 4 * G_PI / 5), 15 - 14 * cos (i * 4 * G_PI / 5) };
  assert_polygon (star, 5, 40, 30);
  g_autoptr (DhLabelEdit) edit = new_edit (40, 30);
  g_assert_true (dh_label_edit_fill_polygon (edit, star, 5, 255));
  g_assert_cmpuint (dh_label_edit_ids (edit)[15 * 40 + 20], ==, 255);
}

/* Whole pixels from edge to edge, the whole picture and more, and what has no area. */
static void
test_borders (void)
{
  const DhLabelPoint square[4] = { { 2, 3 }, { 5, 3 }, { 5, 7 }, { 2, 7 } };
  const DhLabelPoint all[4] = { { -1e6, -1e6 }, { 1e6, -1e6 }, { 1e6, 1e6 }, { -1e6, 1e6 } };
  const DhLabelPoint line[3] = { { 1, 1 }, { 8, 8 }, { 1, 1 } };
  g_autoptr (DhLabelEdit) edit = new_edit (10, 9);
  g_assert_true (dh_label_edit_fill_polygon (edit, square, 4, 1));
  g_assert_cmpuint (count (edit, 1), ==, 12);
  g_assert_cmpuint (dh_label_edit_ids (edit)[3 * 10 + 2], ==, 1);
  g_assert_cmpuint (dh_label_edit_ids (edit)[6 * 10 + 4], ==, 1);
  g_assert_false (dh_label_edit_fill_polygon (edit, square, 4, 1)); /* it is so already */
  g_assert_true (dh_label_edit_fill_polygon (edit, all, 4, 255));
  g_assert_cmpuint (count (edit, 255), ==, 90);
  g_assert_false (dh_label_edit_fill_polygon (edit, line, 3, 1));
  g_assert_false (dh_label_edit_fill_polygon (edit, square, 2, 1));
}

static void
test_strokes (void)
{
  g_autoptr (DhLabelEdit) edit = new_edit (50, 40);
  dh_label_edit_begin_stroke (edit, 10.2, 10.7, 4.5, 1);
  dh_label_edit_move_stroke (edit, 30.1, 22.3);
  dh_label_edit_move_stroke (edit, 49.5, -3.0);
  g_assert_false (dh_label_edit_undo (edit)); /* not in the middle of it */
  g_assert_true (dh_label_edit_end_stroke (edit));
  static const double lines[2][4] = { { 10.2, 10.7, 30.1, 22.3 }, { 30.1, 22.3, 49.5, -3.0 } };
  for (guint y = 0; y < 40; y++)
    for (guint x = 0; x < 50; x++)
      {
        gboolean within = FALSE;
        for (guint l = 0; l < 2; l++)
          for (guint k = 0; k <= 4000; k++)
            {
              const double t = k / 4000.0;
              within |= hypot (x + 0.5 - lines[l][0] - t * (lines[l][2] - lines[l][0]),
                               y + 0.5 - lines[l][1] - t * (lines[l][3] - lines[l][1]))
                        <= 4.5;
            }
        g_assert_cmpuint (dh_label_edit_ids (edit)[y * 50 + x], ==, within);
      }
  g_assert_true (dh_label_edit_undo (edit));
  g_assert_cmpuint (count (edit, 0), ==, 50 * 40);

  /* Ever so small, it draws the pixel under it, and nothing beyond the picture. */
  dh_label_edit_begin_stroke (edit, 49.99, 39.01, 0, 255);
  g_assert_true (dh_label_edit_end_stroke (edit));
  g_assert_cmpuint (dh_label_edit_ids (edit)[39 * 50 + 49], ==, 255);
  g_assert_cmpuint (count (edit, 255), ==, 1);
  dh_label_edit_begin_stroke (edit, 70, -30, 3, 1);
  dh_label_edit_move_stroke (edit, 90, -30);
  g_assert_false (dh_label_edit_end_stroke (edit));
}

static DhFrame *
frame_of (const char *rows, guint width, guint height)
{
  DhFrame *frame = dh_frame_new (width, height);
  float *values = g_new (float, width *height);
  for (guint i = 0; i < width * height; i++)
    values[i] = rows[i] == 'x' ? 2.0f : rows[i] == '?' ? NAN : -2.0f;
  frame->maps[DH_FRAME_HYBRID] = g_bytes_new_take (values, sizeof *values * width * height);
  return frame;
}

static char *
text_of (const DhLabelEdit *edit)
{
  const guint n = dh_label_edit_width (edit) * dh_label_edit_height (edit);
  char *text = g_malloc (n + 1);
  for (guint i = 0; i < n; i++)
    text[i] = ".1i"[MIN (dh_label_edit_ids (edit)[i], 2)];
  text[n] = '\0';
  return text;
}

static void
assert_text (const DhLabelEdit *edit, const char *want)
{
  g_autofree char *text = text_of (edit);
  g_assert_cmpstr (text, ==, want);
}

/* What hangs together by corners too, round holes and corners, and no other; a NaN belongs to nothing. */
static void
test_objects (void)
{
  static const char rows[] = "xxx....x"
                             "x.x...x."
                             "xxx.x?x."
                             "...x...x"
                             "x......x";
  g_autoptr (DhFrame) frame = frame_of (rows, 8, 5);
  g_autoptr (DhLabelEdit) edit = new_edit (8, 5);
  g_assert_true (dh_label_edit_fill_object (edit, frame, DH_SCORE_HYBRID, 0.5, 0, 0, 1));
  assert_text (edit, "111....."
                     "1.1....."
                     "111.1..."
                     "...1...."
                     "........");
  g_assert_false (dh_label_edit_fill_object (edit, frame, DH_SCORE_HYBRID, 0.5, 0, 0, 1));
  g_assert_true (dh_label_edit_fill_object (edit, frame, DH_SCORE_HYBRID, 0.5, 7, 4, 255));
  assert_text (edit, "111....i"
                     "1.1...i."
                     "111.1.i."
                     "...1...i"
                     ".......i");
  g_assert_false (dh_label_edit_fill_object (edit, frame, DH_SCORE_HYBRID, 0.5, 5, 2, 1));
  g_assert_false (dh_label_edit_fill_object (edit, frame, DH_SCORE_HYBRID, NAN, 0, 4, 1));
  /* What is labelled is erased as a whole, though the threshold flags less of it, or more. */
  g_assert_true (dh_label_edit_fill_object (edit, frame, DH_SCORE_HYBRID, 5, 1, 0, 0));
  assert_text (edit, ".......i"
                     "......i."
                     "......i."
                     ".......i"
                     ".......i");
  g_assert_true (dh_label_edit_fill_object (edit, NULL, DH_SCORE_HYBRID, 0.5, 7, 0, 1));
  assert_text (edit, ".......1"
                     "......1."
                     "......1."
                     ".......1"
                     ".......1");
  g_assert_false (dh_label_edit_fill_object (edit, frame, DH_SCORE_HYBRID, 0.5, 8, 0, 1));
  g_assert_true (dh_label_edit_undo (edit) && dh_label_edit_undo (edit));
  assert_text (edit, "111....i"
                     "1.1...i."
                     "111.1.i."
                     "...1...i"
                     ".......i");
}

/* Against the plainest walk there is. */
static void
test_floods (void)
{
  for (guint round = 0; round < 50; round++)
    {
      char rows[30 * 20];
      guint8 want[30 * 20] = { 0 };
      for (guint i = 0; i < sizeof rows; i++)
        rows[i] = g_test_rand_int_range (0, 100) < 42 ? 'x' : '.';
      const guint start = (guint)g_test_rand_int_range (0, sizeof rows);
      rows[start] = 'x';
      want[start] = 1;
      for (gboolean more = TRUE; more;)
        {
          more = FALSE;
          for (gint i = 0; i < (gint)sizeof rows; i++)
            for (gint d = 0; d < 9 && rows[i] == 'x' && !want[i]; d++)
              {
                const gint x = i % 30 + d % 3 - 1, y = i / 30 + d / 3 - 1;
                if (x >= 0 && y >= 0 && x < 30 && y < 20 && want[y * 30 + x])
                  want[i] = more = TRUE;
              }
        }
      g_autoptr (DhFrame) frame = frame_of (rows, 30, 20);
      g_autoptr (DhLabelEdit) edit = new_edit (30, 20);
      g_assert_true (dh_label_edit_fill_object (edit, frame, DH_SCORE_HYBRID, 0, start % 30, start / 30, 1));
      g_assert_cmpmem (dh_label_edit_ids (edit), sizeof want, want, sizeof want);
    }
}

static void
draw_something (DhLabelEdit *edit)
{
  const guint8 id = (guint8[]){ 0, 1, 255 }[g_test_rand_int_range (0, 3)];
  const double width = dh_label_edit_width (edit), height = dh_label_edit_height (edit);
  DhLabelPoint points[4];
  for (guint i = 0; i < 4; i++)
    points[i] = (DhLabelPoint){ g_test_rand_double_range (0, width), g_test_rand_double_range (0, height) };
  if (g_test_rand_bit ())
    {
      dh_label_edit_fill_polygon (edit, points, 4, id);
      return;
    }
  dh_label_edit_begin_stroke (edit, points[0].x, points[0].y, g_test_rand_double_range (0, 9), id);
  for (guint i = 1; i < 4; i++)
    dh_label_edit_move_stroke (edit, points[i].x, points[i].y);
  dh_label_edit_end_stroke (edit);
}

/* The very bytes, back and forth; the state tells whether they are the same. */
static void
test_undo (void)
{
  enum
  {
    STEPS = 60,
    SIZE = 70 * 50,
  };
  static guint8 seen[STEPS + 1][SIZE];
  guint64 states[STEPS + 1];
  g_autofree guint8 *first = g_malloc (SIZE);
  for (guint i = 0; i < SIZE; i++)
    first[i] = (guint8[]){ 0, 0, 1, 255 }[i * 7 / 11 % 4];
  g_autoptr (DhLabelEdit) edit = dh_label_edit_new (70, 50, first);
  guint n = 0;
  memcpy (seen[0], first, SIZE);
  states[0] = dh_label_edit_state (edit);
  while (n < STEPS)
    {
      draw_something (edit);
      if (dh_label_edit_state (edit) == states[n]) /* it changed nothing */
        {
          g_assert_cmpmem (dh_label_edit_ids (edit), SIZE, seen[n], SIZE);
          continue;
        }
      n++;
      memcpy (seen[n], dh_label_edit_ids (edit), SIZE);
      states[n] = dh_label_edit_state (edit);
    }
  for (guint pass = 0; pass < 2; pass++)
    {
      for (guint i = STEPS; i > 0; i--)
        {
          g_assert_true (dh_label_edit_undo (edit));
          g_assert_cmpmem (dh_label_edit_ids (edit), SIZE, seen[i - 1], SIZE);
          g_assert_cmpuint (dh_label_edit_state (edit), ==, states[i - 1]);
        }
      g_assert_false (dh_label_edit_undo (edit));
      for (guint i = 1; i <= STEPS; i++)
        {
          g_assert_true (dh_label_edit_redo (edit));
          g_assert_cmpmem (dh_label_edit_ids (edit), SIZE, seen[i], SIZE);
          g_assert_cmpuint (dh_label_edit_state (edit), ==, states[i]);
        }
      g_assert_false (dh_label_edit_redo (edit));
    }
  /* What is drawn anew ends what could be done again, and is another state than any before. */
  g_assert_true (dh_label_edit_undo (edit));
  const DhLabelPoint all[3] = { { -200, -200 }, { 900, -200 }, { -200, 900 } };
  g_assert_true (dh_label_edit_fill_polygon (edit, all, 3, 1) || dh_label_edit_fill_polygon (edit, all, 3, 0));
  g_assert_false (dh_label_edit_can_redo (edit));
  for (guint i = 0; i <= STEPS; i++)
    g_assert_cmpuint (dh_label_edit_state (edit), !=, states[i]);
}

/* Steps that pack badly, and more of them than fit: the oldest go, and those that are there are right to the byte. */
static void
test_bounded (void)
{
  enum
  {
    TEETH = 1024,
    ROUNDS = 12,
  };
  const guint width = 2 * TEETH, height = 1024;
  const gsize n = (gsize)width * height;
  static DhLabelPoint comb[4 * TEETH + 2];
  for (guint i = 0; i < TEETH; i++)
    for (guint k = 0; k < 4; k++)
      comb[4 * i + k] = (DhLabelPoint){ 2 * i + k / 2, k == 0 || k == 3 ? -1.0 : height };
  comb[4 * TEETH] = (DhLabelPoint){ width, -1 };
  comb[4 * TEETH + 1] = (DhLabelPoint){ 0, -2 };
  const DhLabelPoint all[4] = { { 0, 0 }, { width, 0 }, { width, height }, { 0, height } };
  g_autoptr (DhLabelEdit) edit = new_edit (width, height);
  for (guint i = 0; i < ROUNDS; i++)
    {
      g_assert_true (dh_label_edit_fill_polygon (edit, comb, G_N_ELEMENTS (comb), 1));
      g_assert_cmpuint (count (edit, 1), ==, n / 2);
      g_assert_true (dh_label_edit_fill_polygon (edit, all, 4, 0));
      g_assert_cmpuint (dh_label_edit_history_bytes (edit), <=, DH_LABEL_EDIT_MOST_BYTES);
    }
  g_assert_cmpuint (dh_label_edit_history_bytes (edit), >, DH_LABEL_EDIT_MOST_BYTES / 2);
  guint steps = 0;
  for (; dh_label_edit_undo (edit); steps++)
    {
      g_assert_cmpuint (count (edit, 1), ==, steps % 2 ? 0 : n / 2);
      g_assert_cmpuint (dh_label_edit_history_bytes (edit), <=, DH_LABEL_EDIT_MOST_BYTES);
    }
  g_assert_cmpuint (steps, >=, 12);
  g_assert_cmpuint (steps, <, 2 * ROUNDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/label-edit/polygons", test_polygons);
  g_test_add_func ("/label-edit/star", test_star);
  g_test_add_func ("/label-edit/borders", test_borders);
  g_test_add_func ("/label-edit/strokes", test_strokes);
  g_test_add_func ("/label-edit/objects", test_objects);
  g_test_add_func ("/label-edit/floods", test_floods);
  g_test_add_func ("/label-edit/undo", test_undo);
  g_test_add_func ("/label-edit/bounded", test_bounded);
  return g_test_run ();
}
