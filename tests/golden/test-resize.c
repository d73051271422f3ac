/* Bilinear and nearest resizes against PyTorch's. The sizes are read off the file's own keys. */
#include <math.h>
#include <string.h>

#include "dh-image.h"
#include "golden.h"

/* Values lie in [-1, 1]; float32 in another order of operations. */
#define TOLERANCE 1e-6

static Golden *golden;

static void
compare (const char *name, const float *got, const float *want, gsize n)
{
  double worst = 0;
  for (gsize i = 0; i < n; i++)
    worst = MAX (worst, fabs ((double)got[i] - want[i]));
  g_test_message ("%s: largest error %.2g", name, worst);
  g_assert_cmpfloat (worst, <=, TOLERANCE);
}

/* 1×C×H×W planes one by one, and once more with the channels interleaved. */
static void
check_bilinear (const char *name, const DhTensor *from, const DhTensor *want, gboolean align_corners)
{
  const guint channels = from->dims[1], in_h = from->dims[2], in_w = from->dims[3];
  const guint out_h = want->dims[2], out_w = want->dims[3];
  const gsize in_n = (gsize)in_h * in_w, out_n = (gsize)out_h * out_w;
  const float *in = dh_tensor_f32 (from);
  g_autofree float *planes = g_new (float, channels *out_n);
  g_autofree float *mixed_in = g_new (float, channels *in_n);
  g_autofree float *mixed = g_new (float, channels *out_n);
  g_autofree float *unmixed = g_new (float, channels *out_n);
  for (guint c = 0; c < channels; c++)
    {
      dh_resize_bilinear_f32 (in + c * in_n, in_w, in_h, 1, planes + c * out_n, out_w, out_h, align_corners);
      for (gsize i = 0; i < in_n; i++)
        mixed_in[i * channels + c] = in[c * in_n + i];
    }
  dh_resize_bilinear_f32 (mixed_in, in_w, in_h, channels, mixed, out_w, out_h, align_corners);
  for (guint c = 0; c < channels; c++)
    for (gsize i = 0; i < out_n; i++)
      unmixed[c * out_n + i] = mixed[i * channels + c];
  compare (name, planes, dh_tensor_f32 (want), channels * out_n);
  compare (name, unmixed, dh_tensor_f32 (want), channels * out_n);
}

static void
check_nearest (const char *name, const DhTensor *from, const DhTensor *want)
{
  g_autoptr (DhLabels) labels = dh_labels_new (from->dims[3], from->dims[2]);
  memcpy (labels->ids, dh_tensor_data (from), dh_tensor_size_bytes (from));
  g_autoptr (DhLabels) resized = dh_labels_resize_nearest (labels, want->dims[3], want->dims[2]);
  g_test_message ("%s", name);
  g_assert_cmpmem (resized->ids, (gsize)resized->width * resized->height, dh_tensor_data (want),
                   dh_tensor_size_bytes (want));
}

static void
test_resize (void)
{
  const DhTensor *image = golden_tensor (golden, "image"), *label = golden_tensor (golden, "label");
  guint checked = 0;
  for (guint i = 0; i < dh_tensor_dict_size (golden->tensors); i++)
    {
      const char *name = dh_tensor_dict_name (golden->tensors, i);
      const DhTensor *want = dh_tensor_dict_at (golden->tensors, i);
      checked++;
      if (g_str_has_suffix (name, ".half_pixel"))
        check_bilinear (name, image, want, FALSE);
      else if (g_str_has_suffix (name, ".align_corners"))
        check_bilinear (name, image, want, TRUE);
      else if (g_str_has_suffix (name, ".nearest"))
        check_nearest (name, label, want);
      else
        checked--;
    }
  g_assert_cmpuint (checked, >=, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autofree char *path = golden_path ("resize.safetensors");
  if (!path)
    {
      g_print ("1..0 # SKIP no golden file resize.safetensors in DH_GOLDEN_DIR or DH_SHARED\n");
      return 0;
    }
  golden = golden_read (path);
  g_test_add_func ("/golden/resize", test_resize);
  const int status = g_test_run ();
  golden_free (golden);
  return status;
}
