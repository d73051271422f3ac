/* The Gaussian blur of score maps: PyTorch's numbers, plain sums over what is mirrored, scores that are not finite. */
#include <math.h>
#include <string.h>
#include "dh-blur.h"
#include "dh-error.h"

enum
{
  WIDTH = 8,
  HEIGHT = 6,
  N = WIDTH * HEIGHT,
};

static float
value_at (guint x, guint y)
{
  return (float)((x * 37 + y * 91 + x * y * 5) % 101) / 8 - 6;
}

static void
fill (float *map, guint width, guint height)
{
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      map[(gsize)y * width + x] = value_at (x, y);
}

static void
blur (const float *from, float *to, guint width, guint height, double sigma, guint kernel)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_blur_check (sigma, kernel, &error));
  g_assert_true (dh_blur (from, to, width, height, sigma, kernel, &error));
  g_assert_no_error (error);
}

/* PyTorch 2.15, in float32: torchvision's kernel (samples of the Gaussian over their sum), its outer product with
 * itself, pad (reflect) and conv2d. */
static const struct
{
  double sigma;
  guint kernel;
  float values[N];
} torch_blurs[] = {
  { 1.0, 7, { -0.301702946f, -0.0919707716f, -0.0952640995f, -0.604344785f, 0.419682384f,   1.41147053f,
              0.806694806f,  0.432276487f,   0.171764359f,   0.169772983f,  0.00347899878f, -0.47435376f,
              0.333404809f,  1.08197522f,    0.61330235f,    0.29436025f,   0.41626057f,    0.261792153f,
              0.114490144f,  -0.181184769f,  0.206365421f,   0.461999387f,  0.292593449f,   0.0997255072f,
              -0.115697682f, -0.123450026f,  0.140186682f,   0.267707348f,  0.647262454f,   0.7596488f,
              0.894790471f,  0.870793164f,   -0.796167791f,  -0.592451334f, 0.145080313f,   0.772561491f,
              1.45491493f,   1.51661694f,    1.62461686f,    1.73459423f,   -1.11373901f,   -0.810496569f,
              0.147043481f,  1.01015759f,    1.83287823f,    1.7486918f,    1.66544724f,    1.8124274f } },
  { 0.7, 5, { -1.26279259f,  -0.567473233f, 0.587308109f,  -1.75657964f,   0.386760712f,  2.48678946f,   0.14406018f,
              0.424621463f,  0.807414889f,  0.028476797f,  0.631576419f,   -1.42416537f,  0.591339767f,  2.12275887f,
              0.546364844f,  0.589152157f,  1.2657274f,    -0.0648927316f, 0.655357361f,  -0.880407989f, 0.33923623f,
              -0.208137095f, 0.0303642284f, -0.860438466f, 0.365774781f,   -0.652918339f, 0.656525731f,  -0.28035745f,
              1.05530691f,   0.13891089f,   1.38243115f,   0.405880958f,   -0.584748507f, -1.25409961f,  0.656525791f,
              0.331449062f,  2.23252654f,   1.39963782f,   2.34002161f,    2.1081512f,    -1.1370908f,   -1.6034416f,
              0.656525731f,  0.687644422f,  2.90064859f,   1.52293169f,    1.09113133f,   1.8384949f } },
  { 2.5, 11, { 0.0565253198f, 0.0745398849f, 0.126215219f,  0.276772559f,  0.360531658f,    0.546882391f,
               0.54695648f,   0.648426116f,  0.0529009476f, 0.0803333819f, 0.138390958f,    0.305656999f,
               0.40132153f,   0.601609886f,  0.610260367f,  0.715707839f,  0.0404146537f,   0.0857699811f,
               0.157196864f,  0.354200214f,  0.46543774f,   0.6841681f,    0.700668335f,    0.810757279f,
               0.0225868616f, 0.0910641402f, 0.179041103f,  0.414058685f,  0.545439005f,    0.788198233f,
               0.815491617f,  0.931677759f,  0.0193954594f, 0.10617318f,   0.214049339f,    0.486713976f,
               0.64496696f,   0.91621691f,   0.958528817f,  1.08217466f,   -0.00890406128f, 0.0858828798f,
               0.200049818f,  0.485430062f,  0.649340034f,  0.926492393f,  0.971799731f,    1.09611452f } },
};

static void
test_torch (void)
{
  float from[N], to[N];
  fill (from, WIDTH, HEIGHT);
  for (guint b = 0; b < G_N_ELEMENTS (torch_blurs); b++)
    {
      blur (from, to, WIDTH, HEIGHT, torch_blurs[b].sigma, torch_blurs[b].kernel);
      for (guint i = 0; i < N; i++)
        g_assert_cmpfloat_with_epsilon (to[i], torch_blurs[b].values[i], 2e-6);
    }
}

static gint64
mirror (gint64 at, gint64 size)
{
  while (size > 1 && (at < 0 || at >= size))
    at = at < 0 ? -at : 2 * (size - 1) - at;
  return size > 1 ? at : 0;
}

/* Of the finite pixels around, each by the Gaussian at its distance. */
static double
sum_at (const float *map, gint64 width, gint64 height, gint64 x, gint64 y, double sigma, gint64 kernel)
{
  double sum = 0, weights = 0;
  for (gint64 v = -kernel / 2; v <= kernel / 2; v++)
    for (gint64 u = -kernel / 2; u <= kernel / 2; u++)
      {
        const float value = map[mirror (y + v, height) * width + mirror (x + u, width)];
        const double weight = exp (-(double)(u * u + v * v) / (2 * sigma * sigma));
        sum += isfinite (value) ? weight * value : 0;
        weights += isfinite (value) ? weight : 0;
      }
  return sum / weights;
}

static void
assert_sums (const float *map, guint width, guint height, double sigma, guint kernel)
{
  g_autofree float *to = g_new (float, (gsize)width *height);
  blur (map, to, width, height, sigma, kernel);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        const float from = map[y * width + x], made = to[y * width + x];
        if (isfinite (from))
          g_assert_cmpfloat_with_epsilon (made, sum_at (map, width, height, x, y, sigma, kernel), 5e-6);
        else /* stays what it is */
          g_assert_true (isnan (from) ? isnan (made) : made == from);
      }
}

/* Also of maps that are a part of the kernel's size, down to one pixel. */
static void
test_sums (void)
{
  static const struct
  {
    guint width, height;
    double sigma;
  } cases[] = { { 53, 31, 1 }, { 40, 7, 0.3 }, { 9, 30, 4.5 }, { 5, 3, 6 },
                { 1, 17, 2 },  { 17, 1, 2 },   { 2, 2, 3 },    { 1, 1, 1 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const guint width = cases[i].width, height = cases[i].height;
      g_autofree float *map = g_new (float, (gsize)width *height);
      fill (map, width, height);
      assert_sums (map, width, height, cases[i].sigma, dh_blur_kernel_of (cases[i].sigma));
    }
}

static void
test_not_finite (void)
{
  enum
  {
    W = 24,
    H = 16
  };
  float map[W * H], to[W * H];
  fill (map, W, H);
  map[0] = NAN;
  map[5 * W + 7] = INFINITY;
  map[5 * W + 8] = -INFINITY;
  for (guint x = 0; x < W; x++)
    map[10 * W + x] = NAN;
  assert_sums (map, W, H, 1, 7);
  for (guint i = 0; i < W * H; i++)
    map[i] = NAN;
  blur (map, to, W, H, 1, 7);
  for (guint i = 0; i < W * H; i++)
    g_assert_true (isnan (to[i]));
}

/* What lies outside the kernel has no part in it, the sum of all stays, and next to no blur is none. */
static void
test_point (void)
{
  enum
  {
    SIZE = 21
  };
  float map[SIZE * SIZE] = { 0 }, to[SIZE * SIZE];
  map[10 * SIZE + 10] = 1;
  blur (map, to, SIZE, SIZE, 1, 7);
  double sum = 0;
  for (guint i = 0; i < SIZE * SIZE; i++)
    {
      const gboolean inside = ABS ((gint)i / SIZE - 10) <= 3 && ABS ((gint)i % SIZE - 10) <= 3;
      g_assert_true ((to[i] > 0) == inside);
      sum += to[i];
    }
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-6);
  blur (map, to, SIZE, SIZE, 1e-300, 3);
  g_assert_cmpmem (map, sizeof map, to, sizeof to);
}

static void
test_check (void)
{
  static const struct
  {
    double sigma;
    guint kernel;
  } wrong[] = { { 0, 7 }, { -1, 7 }, { NAN, 7 }, { INFINITY, 7 }, { 1, 0 }, { 1, 6 }, { 1, DH_BLUR_MOST_KERNEL + 2 } };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (dh_blur_check (wrong[i].sigma, wrong[i].kernel, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
    }
  g_assert_cmpuint (dh_blur_kernel_of (1), ==, 7);
  g_assert_cmpuint (dh_blur_kernel_of (0.7), ==, 7);
  g_assert_cmpuint (dh_blur_kernel_of (0.1), ==, 3);
  g_assert_cmpuint (dh_blur_kernel_of (2), ==, 13);
  g_assert_false (dh_blur_check (1e300, dh_blur_kernel_of (1e300), NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/blur/torch", test_torch);
  g_test_add_func ("/blur/sums", test_sums);
  g_test_add_func ("/blur/not-finite", test_not_finite);
  g_test_add_func ("/blur/point", test_point);
  g_test_add_func ("/blur/check", test_check);
  return g_test_run ();
}
