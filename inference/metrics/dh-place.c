#include "dh-place.h"

#include <string.h>

const char *
dh_place_name (DhPlace place)
{
  static const char *const names[DH_N_PLACES] = { "top", "middle", "bottom", "border", "inner" };
  g_return_val_if_fail (place < DH_N_PLACES, NULL);
  return names[place];
}

static guint
margin_of (guint width, guint height)
{
  return MIN (width, height) / 10;
}

static guint
third_of (guint y, guint height)
{
  return DH_PLACE_BIT (DH_PLACE_TOP + (guint)((guint64)3 * y / height));
}

guint
dh_place_of (guint x, guint y, guint width, guint height)
{
  const guint margin = margin_of (width, height);
  const gboolean inner = x >= margin && y >= margin && x < width - margin && y < height - margin;
  return third_of (y, height) | DH_PLACE_BIT (inner ? DH_PLACE_INNER : DH_PLACE_BORDER);
}

void
dh_place_cut_row (guint y, guint width, guint height, DhPlaceSpan spans[DH_PLACE_SPANS])
{
  const guint margin = margin_of (width, height), third = third_of (y, height);
  const gboolean outer_row = y < margin || y >= height - margin;
  const guint edge = third | DH_PLACE_BIT (DH_PLACE_BORDER);
  spans[0] = (DhPlaceSpan){ 0, margin, edge };
  spans[1] = (DhPlaceSpan){ margin, width - margin, outer_row ? edge : third | DH_PLACE_BIT (DH_PLACE_INNER) };
  spans[2] = (DhPlaceSpan){ width - margin, width, edge };
}

void
dh_place_keep (DhPlace place, guint8 *labels, guint width, guint height)
{
  for (guint y = 0; y < height; y++)
    {
      DhPlaceSpan spans[DH_PLACE_SPANS];
      dh_place_cut_row (y, width, height, spans);
      for (guint i = 0; i < DH_PLACE_SPANS; i++)
        if (!(spans[i].places & DH_PLACE_BIT (place)))
          memset (labels + (gsize)y * width + spans[i].from, 255, spans[i].to - spans[i].from);
    }
}
