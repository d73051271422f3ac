#pragma once
#include <hdf5.h>
#include "dh-error.h"
#include "dh-tensor.h"

/* A small score map in the forms that programs leave them in, and what is to be read of it. */
enum
{
  MADE_MAP_WIDTH = 37,
  MADE_MAP_HEIGHT = 23,
  MADE_MAP_N = MADE_MAP_WIDTH * MADE_MAP_HEIGHT,
};

/* Its values, NaN and −∞ among them; and those of a map of whole numbers from 0 to 99. */
float made_map_value (guint i);
guint made_map_whole (guint i);
void made_map_assert_values (DhTensor *map);
void made_map_assert_wholes (DhTensor *map);
DhTensor *made_map_parse (GBytes *bytes, const char *name);
/* With a sentence that begins with the name and has the words. */
void made_map_assert_refused (GBytes *bytes, const char *name, DhError code, const char *words);

/* Written by HDF5's own library. */
typedef struct
{
  const char *name;
  hid_t type;  /* in the file */
  guint rank;  /* 2, or more with axes of 1 before */
  guint chunk; /* rows; 0: not chunked */
  gboolean compact, gzip, shuffle, checksum, wholes, latest;
  guint columns;  /* of a chunk; 0: 16 */
  gboolean early; /* all chunks get their place at once */
  gboolean grows, many;
} MadeHdf5;
GBytes *made_map_hdf5 (const MadeHdf5 *form);
hid_t made_map_begin_hdf5 (const char *path, gboolean latest);
/* As it lies on disk: the image of an open file of the newer format has a checksum that is not its own. */
GBytes *made_map_end_hdf5 (hid_t file, const char *path);
