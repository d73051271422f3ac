#pragma once
/* jpeglib.h needs it before. */
#include <stdio.h>

#include <jpeglib.h>
#include <png.h>

#include "dh-error.h"

/* Small pictures of every kind, made with the libraries themselves. */
enum
{
  MADE_WIDTH = 13,
  MADE_HEIGHT = 9,
};

/* What each channel of the lossless ones is made of. */
guint8 made_sample (guint x, guint y, guint c);
/* `rows`: MADE_HEIGHT rows as libpng wants them for the colour type and depth. */
GBytes *made_png (int colour_type, int depth, int interlace, guint8 *const *rows, guint palette_size);
/* A PNG of samples of `depth` bits, made_sample() scaled to the depth. */
GBytes *made_plain_png (int colour_type, int depth, int interlace);
GBytes *made_jpeg (J_COLOR_SPACE space, gboolean progressive, gboolean restarts);
GBytes *made_webp (gboolean lossless, gboolean alpha);

/* Into a file; free its name with g_free. */
char *made_write_temporary (GBytes *bytes);
/* Of that code, and with the words in its message; cleared. */
void made_assert_error_names (GError **error, DhError code, const char *words);
