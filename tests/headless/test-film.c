/* The images of a video: how large they are, and what stands where in them. */
#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-film.h"

#define WIDTH 160
#define HEIGHT 80
/* Where the first pane begins, at a scale of 1. */
#define LEFT 8
#define TOP 34

static DhFilm
make_film (void)
{
  DhFilm film = { .panes = { DH_FILM_IMAGE, DH_MAP_HYBRID }, .n_panes = 2, .score = DH_MAP_HYBRID, .overlay = 1 };
  film.look.threshold = NAN;
  film.look.fixed[DH_MAP_HYBRID] = TRUE;
  film.look.low[DH_MAP_HYBRID] = 0;
  film.look.high[DH_MAP_HYBRID] = 1;
  return film;
}

static DhImage *
make_image (void)
{
  DhImage *image = dh_image_new (WIDTH, HEIGHT);
  memset (image->rgb, 100, (gsize)3 * WIDTH * HEIGHT);
  return image;
}

/* 1 in a square of 40 pixels from (60, 20) on, else 0. */
static DhTensor *
make_score (void)
{
  DhTensor *score = dh_tensor_new_f32 (2, (const gint64[]){ HEIGHT, WIDTH });
  float *values = dh_tensor_f32 (score);
  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++)
      values[y * WIDTH + x] = x >= 60 && x < 100 && y >= 20 && y < 60;
  return score;
}

static DhImage *
draw (const DhFilm *film, DhTensor *score)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImage) image = make_image ();
  DhTensor *maps[DH_N_MAPS] = { NULL };
  guint width, height;
  maps[DH_MAP_HYBRID] = score;
  g_assert_true (dh_film_size (film, WIDTH, HEIGHT, &width, &height, &error));
  DhImage *drawn = dh_film_draw (film, width, height, image, maps, "a line", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (drawn->width, ==, width);
  g_assert_cmpuint (drawn->height, ==, height);
  return drawn;
}

/* Of the pane, at a place of the image. */
static void
assert_pixel (const DhImage *drawn, guint pane, guint x, guint y, guint red, guint green, guint blue)
{
  const guint8 *at = drawn->rgb + 3 * ((gsize)(TOP + y) * drawn->width + LEFT + pane * (WIDTH + LEFT) + x);
  if (ABS (at[0] - (gint)red) > 3 || ABS (at[1] - (gint)green) > 3 || ABS (at[2] - (gint)blue) > 3)
    g_error ("pane %u has %u %u %u at %u, %u, and not %u %u %u", pane, at[0], at[1], at[2], x, y, red, green, blue);
}

static void
test_size (void)
{
  static const struct
  {
    guint width, height, n_panes, wanted, film_width, film_height;
  } cases[] = {
    { WIDTH, HEIGHT, 2, 0, 344, 144 },   /* as they are */
    { 1920, 1080, 2, 0, 3322, 1080 },    /* the whole no higher than usual */
    { 4096, 1024, 3, 0, 3872, 384 },     /* no wider */
    { 4096, 1024, 4, 0, 3834, 1080 },    /* two rows of two */
    { WIDTH, HEIGHT, 5, 0, 512, 258 },   /* of three and two */
    { 1920, 1080, 1, 720, 1114, 720 },   /* as is asked for */
    { WIDTH, HEIGHT, 2, 145, 344, 144 }, /* even */
    { 100, 1000, 1, 424, 52, 424 },      /* upright */
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DhFilm film = make_film ();
      guint width, height;
      film.n_panes = cases[i].n_panes;
      film.height = cases[i].wanted;
      g_assert_true (dh_film_size (&film, cases[i].width, cases[i].height, &width, &height, NULL));
      g_assert_cmpuint (width % 2 + height % 2, ==, 0);
      g_assert_cmpuint (ABS ((gint)width - (gint)cases[i].film_width), <=, 2);
      g_assert_cmpuint (ABS ((gint)height - (gint)cases[i].film_height), ==, 0);
    }
  g_autoptr (GError) error = NULL;
  DhFilm film = make_film ();
  guint width, height;
  film.height = 100;
  g_assert_false (dh_film_size (&film, WIDTH, HEIGHT, &width, &height, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
}

static void
test_panes (void)
{
  const DhFilm film = make_film ();
  g_autoptr (DhTensor) score = make_score ();
  g_autoptr (DhImage) drawn = draw (&film, score);
  assert_pixel (drawn, 0, 80, 40, 100, 100, 100);
  assert_pixel (drawn, 0, 60, 40, 100, 100, 100);    /* no outline */
  assert_pixel (drawn, 1, 80, 40, 0xfd, 0xe7, 0x25); /* the ends of viridis */
  assert_pixel (drawn, 1, 20, 40, 0x44, 0x01, 0x54);
}

static void
test_rows (void)
{
  DhFilm film = make_film ();
  film.panes[2] = film.panes[0];
  film.panes[3] = film.panes[1];
  film.n_panes = 4;
  g_autoptr (DhTensor) score = make_score ();
  g_autoptr (DhImage) drawn = draw (&film, score);
  assert_pixel (drawn, 1, 80, 40, 0xfd, 0xe7, 0x25);
  assert_pixel (drawn, 0, 80, HEIGHT + TOP + 40, 100, 100, 100);
  assert_pixel (drawn, 1, 80, HEIGHT + TOP + 40, 0xfd, 0xe7, 0x25);
}

static void
test_outlines (void)
{
  DhFilm film = make_film ();
  film.look.threshold = 0.5;
  g_autoptr (DhTensor) score = make_score ();
  g_autoptr (DhImage) drawn = draw (&film, score);
  assert_pixel (drawn, 0, 60, 40, 0x33, 0xb1, 0xff);
  assert_pixel (drawn, 0, 99, 40, 0x33, 0xb1, 0xff);
  assert_pixel (drawn, 0, 80, 20, 0x33, 0xb1, 0xff);
  assert_pixel (drawn, 0, 80, 59, 0x33, 0xb1, 0xff);
  assert_pixel (drawn, 0, 80, 40, 100, 100, 100);
  assert_pixel (drawn, 0, 58, 40, 100, 100, 100);
}

static void
test_overlay (void)
{
  DhFilm film = make_film ();
  film.overlay = 0.25;
  g_autoptr (DhTensor) score = make_score ();
  g_autoptr (DhImage) drawn = draw (&film, score);
  assert_pixel (drawn, 1, 80, 40, 138, 133, 84);
  assert_pixel (drawn, 1, 20, 40, 92, 75, 96);
}

/* An image without its map, or of another size, has an empty pane. */
static void
test_missing (void)
{
  DhFilm film = make_film ();
  film.look.threshold = 0.5;
  g_autoptr (DhImage) drawn = draw (&film, NULL);
  assert_pixel (drawn, 0, 80, 40, 100, 100, 100);
  assert_pixel (drawn, 1, 80, 40, 217, 217, 219);
  g_autoptr (DhTensor) other = dh_tensor_new_f32 (2, (const gint64[]){ 10, 10 });
  memset (dh_tensor_f32 (other), 0, 400);
  g_autoptr (DhImage) again = draw (&film, other);
  assert_pixel (again, 1, 80, 40, 217, 217, 219);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/film/size", test_size);
  g_test_add_func ("/film/panes", test_panes);
  g_test_add_func ("/film/rows", test_rows);
  g_test_add_func ("/film/outlines", test_outlines);
  g_test_add_func ("/film/overlay", test_overlay);
  g_test_add_func ("/film/missing", test_missing);
  return g_test_run ();
}
