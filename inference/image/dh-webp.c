#include "dh-image-private.h"

#include <string.h>
#include <webp/decode.h>

#include "dh-error.h"

gboolean
dh_webp_is (const DhImageSource *source)
{
  return source->size >= 12 && memcmp (source->data, "RIFF", 4) == 0 && memcmp (source->data + 8, "WEBP", 4) == 0;
}

static gboolean
read_features (const DhImageSource *source, WebPBitstreamFeatures *features, GError **error)
{
  switch (WebPGetFeatures (source->data, source->size, features))
    {
    case VP8_STATUS_OK:
      break;
    case VP8_STATUS_NOT_ENOUGH_DATA:
      dh_image_set_truncated (source->name, source->size, error);
      return FALSE;
    default:
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the WebP's header is broken", source->name);
      return FALSE;
    }
  if (features->has_animation)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "%s: is an animation; save a frame of it as an image",
                   source->name);
      return FALSE;
    }
  return TRUE;
}

gboolean
dh_webp_probe (const DhImageSource *source, guint *width, guint *height, GError **error)
{
  WebPBitstreamFeatures features;
  if (!read_features (source, &features, error))
    return FALSE;
  *width = features.width;
  *height = features.height;
  return TRUE;
}

/* libwebp accepts a picture of one partition that ends early; the container's own length tells. */
static gboolean
is_whole (const DhImageSource *source)
{
  const guint8 *at = source->data + 4;
  const guint64 riff = (guint32)at[3] << 24 | at[2] << 16 | at[1] << 8 | at[0];
  return riff + 8 <= source->size;
}

DhImage *
dh_webp_load (const DhImageSource *source, GError **error)
{
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig (&config))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "%s: the system's libwebp is too old", source->name);
      return NULL;
    }
  if (!read_features (source, &config.input, error)
      || !dh_image_check_size (source->name, config.input.width, config.input.height, error))
    return NULL;
  if (!is_whole (source))
    {
      dh_image_set_truncated (source->name, source->size, error);
      return NULL;
    }

  guint width = config.input.width, height = config.input.height;
  if (source->max_width > 0)
    {
      /* libwebp's scaler is a box filter too; twice the size leaves the last step to ours */
      guint small_width, small_height;
      dh_image_fit (width, height, source->max_width, source->max_height, &small_width, &small_height);
      if (small_width * 2 < width && small_height * 2 < height)
        {
          config.options.use_scaling = 1;
          config.options.scaled_width = width = small_width * 2;
          config.options.scaled_height = height = small_height * 2;
        }
    }
  g_autoptr (DhImage) image = dh_image_new (width, height);
  if (!image)
    {
      dh_image_set_no_memory (source->name, width, height, error);
      return NULL;
    }
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image->rgb;
  config.output.u.RGBA.stride = width * 3;
  config.output.u.RGBA.size = (gsize)width * height * 3;
  const VP8StatusCode status = WebPDecode (source->data, source->size, &config);
  WebPFreeDecBuffer (&config.output);
  switch (status)
    {
    case VP8_STATUS_OK:
      return g_steal_pointer (&image);
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      dh_image_set_truncated (source->name, source->size, error);
      return NULL;
    case VP8_STATUS_OUT_OF_MEMORY:
      dh_image_set_no_memory (source->name, width, height, error);
      return NULL;
    default:
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the WebP is broken (libwebp's code %d)", source->name,
                   status);
      return NULL;
    }
}
