#include "dh-frame.h"
#include <math.h>

G_DEFINE_BOXED_TYPE (DhFrame, dh_frame, dh_frame_ref, dh_frame_unref)

static void
set_bytes (GBytes **place, GBytes *bytes)
{
  *place = bytes != NULL ? g_bytes_ref (bytes) : NULL;
}

DhFrame *
dh_frame_new (guint width, guint height)
{
  DhFrame *frame = g_new0 (DhFrame, 1);
  g_atomic_ref_count_init (&frame->refs);
  frame->width = width;
  frame->height = height;
  return frame;
}

DhFrame *
dh_frame_copy (const DhFrame *frame)
{
  DhFrame *copy = dh_frame_new (frame->width, frame->height);
  set_bytes (&copy->image, frame->image);
  set_bytes (&copy->truth, frame->truth);
  set_bytes (&copy->unmeasured, frame->unmeasured);
  set_bytes (&copy->classes, frame->classes);
  for (guint i = 0; i < DH_N_SHOWN_MAPS; i++)
    {
      set_bytes (&copy->maps[i], frame->maps[i]);
      copy->non_finite[i] = frame->non_finite[i];
    }
  copy->truth_error = g_strdup (frame->truth_error);
  copy->seconds = frame->seconds;
  copy->tile = frame->tile;
  copy->cached = frame->cached;
  return copy;
}

DhFrame *
dh_frame_ref (DhFrame *frame)
{
  g_atomic_ref_count_inc (&frame->refs);
  return frame;
}

void
dh_frame_unref (DhFrame *frame)
{
  if (!g_atomic_ref_count_dec (&frame->refs))
    return;
  g_clear_pointer (&frame->image, g_bytes_unref);
  g_clear_pointer (&frame->truth, g_bytes_unref);
  g_clear_pointer (&frame->unmeasured, g_bytes_unref);
  g_clear_pointer (&frame->classes, g_bytes_unref);
  for (guint i = 0; i < DH_N_SHOWN_MAPS; i++)
    g_clear_pointer (&frame->maps[i], g_bytes_unref);
  g_free (frame->truth_error);
  g_free (frame);
}

gboolean
dh_frame_has_map (const DhFrame *frame, DhFrameMap map)
{
  return frame != NULL && frame->maps[map] != NULL;
}

const float *
dh_frame_floats (const DhFrame *frame, DhFrameMap map)
{
  g_return_val_if_fail (map != DH_FRAME_SEGMENTATION && map < DH_N_SHOWN_MAPS, NULL);
  return dh_frame_has_map (frame, map) ? g_bytes_get_data (frame->maps[map], NULL) : NULL;
}

static gsize
size_of (GBytes *bytes)
{
  return bytes != NULL ? g_bytes_get_size (bytes) : 0;
}

const guint8 *
dh_frame_peek_counted (const DhFrame *frame)
{
  GBytes *bytes = frame->truth != NULL ? frame->truth : frame->unmeasured;
  return bytes != NULL ? g_bytes_get_data (bytes, NULL) : NULL;
}

gsize
dh_frame_size_bytes (const DhFrame *frame)
{
  gsize size = size_of (frame->image) + size_of (frame->truth) + size_of (frame->unmeasured) + size_of (frame->classes);
  for (guint i = 0; i < DH_N_SHOWN_MAPS; i++)
    size += size_of (frame->maps[i]);
  return size;
}

static double
value_at (const DhFrame *frame, DhFrameMap map, gsize at)
{
  const float *values = dh_frame_floats (frame, map);
  return values != NULL ? values[at] : NAN;
}

double
dh_frame_value (const DhFrame *frame, DhFrameMap map, guint x, guint y)
{
  if (frame == NULL || x >= frame->width || y >= frame->height)
    return NAN;
  return value_at (frame, map, (gsize)y * frame->width + x);
}

static gint
byte_at (GBytes *bytes, gsize at)
{
  return bytes != NULL ? ((const guint8 *)g_bytes_get_data (bytes, NULL))[at] : -1;
}

gboolean
dh_frame_probe (const DhFrame *frame, gint x, gint y, DhProbe *probe)
{
  if (frame == NULL || x < 0 || y < 0 || x >= (gint)frame->width || y >= (gint)frame->height)
    return FALSE;
  gsize at = (gsize)y * frame->width + x;
  probe->x = x;
  probe->y = y;
  probe->truth = byte_at (frame->truth, at);
  if (byte_at (frame->unmeasured, at) > 0)
    probe->truth = 255;
  probe->label_class = byte_at (frame->classes, at);
  probe->segmentation_class = byte_at (frame->maps[DH_FRAME_SEGMENTATION], at);
  probe->likelihood = value_at (frame, DH_FRAME_LIKELIHOOD, at);
  probe->posterior = value_at (frame, DH_FRAME_DATASET_POSTERIOR, at);
  probe->hybrid = value_at (frame, DH_FRAME_HYBRID, at);
  probe->max_softmax = 1 - value_at (frame, DH_FRAME_MAX_SOFTMAX, at);
  probe->log_p_out = probe->hybrid + probe->likelihood;
  return TRUE;
}
