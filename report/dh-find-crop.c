#include "dh-finds-private.h"

#include <string.h>

#include "dh-picture.h"

#define WIDTH 360
#define HEIGHT 240
#define QUALITY 85

/* So much that it can be told what it is: twice its box, and a sixth of the image at least. */
static DhImagePart
choose_part (const DhImage *image, const DhFinding *finding)
{
  const double aspect = (double)WIDTH / HEIGHT;
  const double least = MAX (2.0 * finding->width, image->width / 6.0);
  const double height = MAX (2.0 * finding->height, least / aspect), width = MAX (least, height * aspect);
  DhImagePart part = { .width = (guint)CLAMP (width, 1, image->width),
                       .height = (guint)CLAMP (height, 1, image->height) };
  const double left = finding->x + finding->width / 2.0 - part.width / 2.0;
  const double top = finding->y + finding->height / 2.0 - part.height / 2.0;
  part.left = (guint)CLAMP (left, 0, image->width - part.width);
  part.top = (guint)CLAMP (top, 0, image->height - part.height);
  return part;
}

/* The finding's pixels in the part. */
static guint8 *
make_mask (const DhFindings *findings, guint which, const DhImagePart *part)
{
  guint8 *mask = g_try_malloc0 ((gsize)part->width * part->height);
  for (gsize i = findings->begins[which]; mask && i < findings->begins[which + 1]; i++)
    {
      const DhComponentRun *run = &findings->runs[i];
      const guint from = MAX (run->x, part->left), to = MIN (run->end, part->left + part->width);
      if (run->y >= part->top && run->y < part->top + part->height && from < to)
        memset (mask + (gsize)(run->y - part->top) * part->width + (from - part->left), 1, to - from);
    }
  return mask;
}

GBytes *
dh_find_crop (const DhImage *image, const DhFindings *findings, guint which)
{
  const DhImagePart part = choose_part (image, &findings->items[which]);
  g_autoptr (DhImage) crop = dh_image_new (part.width, part.height);
  g_autofree guint8 *mask = crop ? make_mask (findings, which, &part) : NULL;
  if (!mask)
    return NULL;
  for (guint y = 0; y < part.height; y++)
    memcpy (crop->rgb + (gsize)3 * y * part.width, image->rgb + 3 * ((gsize)(part.top + y) * image->width + part.left),
            (gsize)3 * part.width);
  dh_picture_outline (crop, mask, 1 + part.width / WIDTH);
  g_autoptr (DhImage) small = dh_image_thumbnail (crop, WIDTH, HEIGHT);
  return small ? dh_image_encode_jpeg (small->width, small->height, small->rgb, QUALITY, NULL) : NULL;
}
