#pragma once
#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* Numbers in files of any alignment. */
static inline guint16
dh_u16 (const guint8 *at)
{
  guint16 v;
  memcpy (&v, at, sizeof v);
  return GUINT16_FROM_LE (v);
}

static inline guint32
dh_u32 (const guint8 *at)
{
  guint32 v;
  memcpy (&v, at, sizeof v);
  return GUINT32_FROM_LE (v);
}

static inline guint64
dh_u64 (const guint8 *at)
{
  guint64 v;
  memcpy (&v, at, sizeof v);
  return GUINT64_FROM_LE (v);
}

/* Whether [offset, offset + length) lies in [0, size). */
static inline gboolean
dh_within (guint64 offset, guint64 length, guint64 size)
{
  return offset <= size && length <= size - offset;
}

/* A few characters of a file's own text, safe to print: control characters and broken UTF-8 become '?', a long text is
 * cut. Free with g_free. */
char *dh_printable (const char *text, gsize length);

G_END_DECLS
