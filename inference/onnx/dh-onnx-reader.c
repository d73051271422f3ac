#include "dh-onnx-read-private.h"

#include <string.h>

#include "dh-error.h"

enum
{
  MOST_NAME = 2048, /* bytes */
};

gboolean
dh_onnx_reader_count (guint *left, const char *what, GError **error)
{
  if (*left == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "it has far more %s than a network needs", what);
      return FALSE;
    }
  --*left;
  return TRUE;
}

gboolean
dh_onnx_reader_spend (DhOnnxReader *reader, guint64 size, GError **error)
{
  if (size > reader->bytes_left)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_TOO_LARGE, "its elements would take more than 2 GiB");
      return FALSE;
    }
  reader->bytes_left -= size;
  return TRUE;
}

gboolean
dh_onnx_reader_ended (const DhOnnxWire *wire, const char *what, GError **error)
{
  if (wire->broken)
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s is broken or cut off", what);
  return !wire->broken;
}

gboolean
dh_onnx_reader_name (DhOnnxSpan span, char **to, GError **error)
{
  gboolean good = span.size <= MOST_NAME && g_utf8_validate_len ((const char *)span.data, span.size, NULL);
  for (const guint8 *at = span.data; good && at < span.data + span.size;)
    {
      good = !g_unichar_iscntrl (g_utf8_get_char ((const char *)at));
      at += g_utf8_skip[*at];
    }
  if (!good)
    {
      if (span.size > MOST_NAME)
        g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "one of its names has more than %d bytes", MOST_NAME);
      else
        g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "one of its names is no text in UTF-8");
      return FALSE;
    }
  g_free (*to);
  *to = g_strndup ((const char *)span.data, span.size);
  return TRUE;
}

char *
dh_onnx_reader_text (DhOnnxSpan span)
{
  return g_utf8_make_valid ((const char *)span.data, (gssize)span.size);
}

gboolean
dh_onnx_reader_entry (DhOnnxSpan message, DhOnnxSpan *key, DhOnnxSpan *value, GError **error)
{
  *key = *value = (DhOnnxSpan){ (const guint8 *)"", 0 };
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  for (DhOnnxField field; dh_onnx_wire_next (&wire, &field);)
    if (field.key == DH_ONNX_KEY (1, BYTES))
      *key = field.bytes;
    else if (field.key == DH_ONNX_KEY (2, BYTES))
      *value = field.bytes;
  return dh_onnx_reader_ended (&wire, "an entry", error);
}
