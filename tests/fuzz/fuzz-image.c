/* Pictures and labels from any bytes: read or refused with an error, within the limits. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-image.h"
#include "fuzz.h"

static void
check (gboolean loaded, GError **error)
{
  if (loaded == (*error != NULL) || (*error && (*error)->domain != DH_ERROR))
    abort ();
  g_clear_error (error);
}

static gint
any_id (DhPixelValue value, gpointer data)
{
  if (value.number < -1 || value.number > 65535 || value.colour < -1 || value.colour > 0xffffff)
    abort ();
  return value.number > 255 ? -1 : 3;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (DhImage) image = dh_image_load_bytes (bytes, "fuzz", &error);
  check (image != NULL, &error);

  /* the ways in that take a path */
  const int fd = memfd_create ("fuzz", 0);
  if (fd < 0 || write (fd, data, size) != (gssize)size)
    abort ();
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  guint width = 0, height = 0;
  const gboolean probed = dh_image_probe (path, &width, &height, &error);
  check (probed, &error);
  if (image && (!probed || image->width != width || image->height != height))
    abort ();
  g_autoptr (DhLabels) labels = dh_labels_load (path, &error);
  check (labels != NULL, &error);
  g_autoptr (DhLabels) any = dh_labels_load_as (path, any_id, NULL, &error);
  check (any != NULL, &error);
  const guint orientation = dh_image_orientation (path);
  g_autoptr (DhImage) turned = image ? dh_image_turn (image, orientation) : NULL;
  if (orientation < 1 || orientation > 8 || (image && !turned))
    abort ();
  g_autoptr (DhImage) small = dh_image_load_thumbnail (path, 20, 15, &error);
  check (small != NULL, &error);
  if (small && (small->width > 20 || small->height > 15))
    abort ();
  close (fd);
  return 0;
}
