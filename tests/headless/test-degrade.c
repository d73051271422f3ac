/* Pictures made worse: the same in every run and on every machine, worse with each severity, of whatever size. */
#include <string.h>

#include "dh-degradation.h"
#include "dh-file.h"

/* Something of everything: a light that changes, edges, a texture, colours. */
static DhImage *
make_scene (guint width, guint height)
{
  DhImage *image = dh_image_new (width, height);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        const guint texture = (x * 3 + y * 5) % 5, block = (x / 43 * 40503 ^ y / 37 * 52711) / 7 % 4;
        guint8 *rgb = image->rgb + ((gsize)width * y + x) * 3;
        rgb[0] = (guint8)(30 + block * 60 + texture);
        rgb[1] = (guint8)(40 + 120 * y / height + texture);
        rgb[2] = (guint8)(200 - 120 * x / width - texture);
      }
  return image;
}

static DhImage *
make_flat (guint width, guint height, guint8 value)
{
  DhImage *image = dh_image_new (width, height);
  memset (image->rgb, value, (gsize)3 * width * height);
  return image;
}

static DhImage *
degrade (DhImage *image, DhDegradeKind kind, guint severity)
{
  g_autoptr (GError) error = NULL;
  DhImage *made = dh_degradation_apply ((DhDegradation){ kind, severity }, image, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (made->width, ==, image->width);
  g_assert_cmpuint (made->height, ==, image->height);
  return made;
}

static gsize
size_of (const DhImage *image)
{
  return (gsize)3 * image->width * image->height;
}

static double
distance (const DhImage *a, const DhImage *b)
{
  guint64 sum = 0;
  for (gsize i = 0; i < size_of (a); i++)
    sum += (guint64)ABS (a->rgb[i] - b->rgb[i]);
  return (double)sum / (double)size_of (a);
}

static void
test_text (void)
{
  for (guint kind = 0; kind < DH_N_DEGRADE; kind++)
    for (guint severity = 1; severity <= DH_DEGRADE_SEVERITIES; severity++)
      {
        DhDegradation back;
        g_autofree char *text = dh_degradation_to_text ((DhDegradation){ kind, severity });
        g_assert_true (dh_degradation_from_text (text, &back));
        g_assert_cmpuint (back.kind, ==, kind);
        g_assert_cmpuint (back.severity, ==, severity);
        g_assert_nonnull (strstr (dh_degrade_names (), dh_degrade_name (kind)));
      }
  static const char *const wrong[] = {
    "", "fog", "fog:", "fog:0", "fog:6", "fog:33", "fog:3 ", "Fog:3", "mist:3", ":3"
  };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (dh_degradation_from_text (wrong[i], &(DhDegradation){ 0 }));
  g_assert_null (dh_degradation_to_text ((DhDegradation){ 0 }));
  g_autofree char *title = dh_degradation_dup_title ((DhDegradation){ DH_DEGRADE_RESOLUTION, 2 });
  g_assert_cmpstr (title, ==, "Low resolution 2");
}

static void
test_none (void)
{
  g_autoptr (DhImage) scene = make_scene (20, 10);
  for (guint kind = 0; kind < DH_N_DEGRADE; kind++)
    {
      g_autoptr (DhImage) same = degrade (scene, kind, 0);
      g_assert_true (same == scene);
    }
}

/* Twice the same, the picture itself untouched, and another picture of other chance. */
static void
test_same_again (void)
{
  g_autoptr (DhImage) scene = make_scene (150, 100), before = make_scene (150, 100), other = make_scene (150, 100);
  other->rgb[size_of (other) - 1] ^= 1;
  for (guint kind = 0; kind < DH_N_DEGRADE; kind++)
    {
      g_autoptr (DhImage) once = degrade (scene, kind, 4), twice = degrade (before, kind, 4);
      g_assert_cmpmem (once->rgb, size_of (once), twice->rgb, size_of (twice));
      g_assert_cmpmem (scene->rgb, size_of (scene), before->rgb, size_of (before));
    }
  g_autoptr (DhImage) noise = degrade (scene, DH_DEGRADE_NOISE, 3), others = degrade (other, DH_DEGRADE_NOISE, 3);
  g_assert_cmpfloat (distance (noise, others), >, 10);
}

/* All but what libjpeg makes: whoever changes a formula changes what earlier runs mean. */
static void
test_bytes (void)
{
  static const char *const hashes[DH_N_DEGRADE] = {
    [DH_DEGRADE_NOISE] = "9b50145c3e280dce",    [DH_DEGRADE_SHOT] = "194be43b01213c31",
    [DH_DEGRADE_DEFOCUS] = "c612d5f5647058bc",  [DH_DEGRADE_MOTION] = "a3af946f7bcc649c",
    [DH_DEGRADE_DARK] = "5b4083b88f26c16d",     [DH_DEGRADE_BRIGHT] = "5c62ea2f6be9db56",
    [DH_DEGRADE_CONTRAST] = "c59ace77fcaa5498", [DH_DEGRADE_FOG] = "81d204fcb3b101b8",
    [DH_DEGRADE_RAIN] = "e9dfe48594c36cde",     [DH_DEGRADE_RESOLUTION] = "08269983e21f535c",
  };
  g_autoptr (DhImage) scene = make_scene (203, 151);
  for (guint kind = 0; kind < DH_N_DEGRADE; kind++)
    {
      g_autoptr (GString) all = g_string_new (NULL);
      for (guint severity = 1; severity <= DH_DEGRADE_SEVERITIES; severity++)
        {
          g_autoptr (DhImage) made = degrade (scene, kind, severity);
          g_string_append_len (all, (const char *)made->rgb, (gssize)size_of (made));
        }
      g_autofree char *hash = dh_sha256 (all->str, all->len);
      hash[16] = '\0';
      if (kind != DH_DEGRADE_JPEG)
        g_assert_cmpstr (hash, ==, hashes[kind]);
    }
}

static void
assert_worse (DhImage *scene)
{
  for (guint kind = 0; kind < DH_N_DEGRADE; kind++)
    {
      double last = 0;
      for (guint severity = 1; severity <= DH_DEGRADE_SEVERITIES; severity++)
        {
          g_autoptr (DhImage) made = degrade (scene, kind, severity);
          const double away = distance (scene, made);
          if (away <= last)
            g_error ("%s:%u is %g away, the one before %g", dh_degrade_name (kind), severity, away, last);
          last = away;
        }
      g_assert_cmpfloat (last, >, 4);
    }
}

static void
test_worse (void)
{
  static const guint sizes[][2] = { { 96, 64 }, { 320, 180 }, { 64, 700 }, { 1280, 720 } };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (DhImage) scene = make_scene (sizes[i][0], sizes[i][1]);
      assert_worse (scene);
    }
}

/* What has no structure keeps none, up to the last pixel of each edge, in black and white as well. */
static void
test_edges (void)
{
  static const DhDegradeKind kinds[] = { DH_DEGRADE_DEFOCUS, DH_DEGRADE_MOTION, DH_DEGRADE_RESOLUTION,
                                         DH_DEGRADE_CONTRAST, DH_DEGRADE_BRIGHT };
  static const guint8 values[] = { 0, 1, 255 };
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (guint v = 0; v < G_N_ELEMENTS (values); v++)
      {
        g_autoptr (DhImage) flat = make_flat (61, 37, values[v]), made = degrade (flat, kinds[k], 5);
        for (gsize i = 1; i < size_of (made); i++)
          g_assert_cmpuint (made->rgb[i], ==, made->rgb[0]);
        if (kinds[k] != DH_DEGRADE_BRIGHT)
          g_assert_cmpuint (made->rgb[0], ==, values[v]);
      }
}

/* A point becomes a disk of its radius, as bright altogether as it was. */
static void
test_disk (void)
{
  g_autoptr (DhImage) point = make_flat (128, 1024, 0);
  point->rgb[((gsize)128 * 500 + 64) * 3 + 1] = 255;
  g_autoptr (DhImage) made = degrade (point, DH_DEGRADE_DEFOCUS, 2);
  guint sum = 0;
  for (guint y = 0; y < 1024; y++)
    for (guint x = 0; x < 128; x++)
      {
        const guint8 *rgb = made->rgb + ((gsize)128 * y + x) * 3;
        const gint dx = (gint)x - 64, dy = (gint)y - 500;
        g_assert_cmpuint (rgb[0] + rgb[2], ==, 0);
        g_assert_cmpuint (rgb[1] > 0, ==, 4 * (dx * dx + dy * dy) <= 49);
        sum += rgb[1];
      }
  g_assert_cmpuint (sum, >, 230);
  g_assert_cmpuint (sum, <, 280);
}

/* What has no colour gets none, but by the noise of each channel. */
static void
test_grey (void)
{
  g_autoptr (DhImage) grey = make_scene (90, 60);
  for (gsize i = 0; i < size_of (grey); i += 3)
    grey->rgb[i + 1] = grey->rgb[i + 2] = grey->rgb[i];
  for (guint kind = 0; kind < DH_N_DEGRADE; kind++)
    if (kind != DH_DEGRADE_NOISE && kind != DH_DEGRADE_SHOT && kind != DH_DEGRADE_DARK && kind != DH_DEGRADE_JPEG)
      {
        g_autoptr (DhImage) made = degrade (grey, kind, 3);
        for (gsize i = 0; i < size_of (made); i += 3)
          g_assert_true (made->rgb[i] == made->rgb[i + 1] && made->rgb[i] == made->rgb[i + 2]);
      }
}

/* The noise is what the header says, and has no mean. */
static void
test_noise (void)
{
  static const double sigma[] = { 0, 6, 12, 20, 30, 45 };
  g_autoptr (DhImage) flat = make_flat (300, 200, 128);
  for (guint severity = 1; severity <= 3; severity++)
    {
      g_autoptr (DhImage) made = degrade (flat, DH_DEGRADE_NOISE, severity);
      double sum = 0, squares = 0;
      const double n = (double)size_of (made);
      for (gsize i = 0; i < size_of (made); i++)
        {
          sum += made->rgb[i] - 128;
          squares += (made->rgb[i] - 128) * (made->rgb[i] - 128);
        }
      g_assert_cmpfloat_with_epsilon (sum / n, 0, 0.2);
      g_assert_cmpfloat_with_epsilon (squares / n, sigma[severity] * sigma[severity],
                                      0.03 * sigma[severity] * sigma[severity]);
    }
}

/* Fog hides what is far away more than what is near. */
static void
test_fog (void)
{
  g_autoptr (DhImage) flat = make_flat (200, 300, 20), made = degrade (flat, DH_DEGRADE_FOG, 3);
  guint far = 0, near = 0;
  for (guint x = 0; x < 200; x++)
    {
      far += made->rgb[((gsize)200 * 100 + x) * 3];
      near += made->rgb[((gsize)200 * 299 + x) * 3];
    }
  g_assert_cmpuint (far, >, 2 * near);
  g_assert_cmpuint (near, >, 20 * 200);
}

static void
test_sizes (void)
{
  static const guint sizes[][2] = { { 1, 1 },  { 1, 2 },   { 2, 1 },    { 1, 40 },     { 40, 1 },
                                    { 2, 2 },  { 3, 5 },   { 17, 9 },   { 32768, 3 },  { 3, 32768 },
                                    { 8, 15 }, { 16, 16 }, { 31, 257 }, { 2048, 300 }, { 300, 5000 } };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (DhImage) scene = make_scene (sizes[i][0], sizes[i][1]);
      const gboolean large = sizes[i][0] * sizes[i][1] > 10000;
      for (guint kind = 0; kind < DH_N_DEGRADE; kind++)
        for (guint severity = large ? DH_DEGRADE_SEVERITIES : 1; severity <= DH_DEGRADE_SEVERITIES; severity++)
          {
            g_autoptr (DhImage) made = degrade (scene, kind, severity);
            if (large)
              g_assert_cmpfloat (distance (scene, made), >, 1);
          }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/degrade/text", test_text);
  g_test_add_func ("/degrade/none", test_none);
  g_test_add_func ("/degrade/same-again", test_same_again);
  g_test_add_func ("/degrade/bytes", test_bytes);
  g_test_add_func ("/degrade/worse", test_worse);
  g_test_add_func ("/degrade/edges", test_edges);
  g_test_add_func ("/degrade/disk", test_disk);
  g_test_add_func ("/degrade/grey", test_grey);
  g_test_add_func ("/degrade/noise", test_noise);
  g_test_add_func ("/degrade/fog", test_fog);
  g_test_add_func ("/degrade/sizes", test_sizes);
  return g_test_run ();
}
