#include <string.h>

#include "dh-class-table.h"

static void
test_class_tables (void)
{
  const DhClassTable *cityscapes = dh_class_table_for_count (19);
  g_assert_cmpstr (cityscapes->name, ==, "cityscapes");
  g_assert_cmpstr (dh_class_table_class_name (cityscapes, 18), ==, "bicycle");
  g_assert_null (dh_class_table_class_name (cityscapes, 19));
  guint8 rgb[3];
  dh_class_table_colour (cityscapes, DH_PALETTE_USUAL, 8, rgb);
  g_assert_cmpmem (rgb, 3, ((guint8[]){ 107, 142, 35 }), 3);
  const DhClassTable *hazards = dh_class_table_from_name ("street-hazards");
  dh_class_table_colour (hazards, DH_PALETTE_AUTHORS, 5, rgb);
  g_assert_cmpmem (rgb, 3, ((guint8[]){ 157, 234, 50 }), 3);
  dh_class_table_colour (hazards, DH_PALETTE_USUAL, 5, rgb);
  g_assert_cmpmem (rgb, 3, ((guint8[]){ 255, 255, 255 }), 3);
  g_assert_cmpstr (dh_class_table_class_name (dh_class_table_for_count (11), 4), ==, "pavement");
  g_assert_null (dh_class_table_for_count (7));

  /* no two classes of one table share a colour of the safe palette */
  static const guint counts[] = { 19, 12, 11 };
  for (guint t = 0; t < 3; t++)
    for (guint a = 0; a < counts[t]; a++)
      for (guint b = 0; b < a; b++)
        {
          guint8 other[3];
          dh_class_table_colour (dh_class_table_for_count (counts[t]), DH_PALETTE_COLOUR_BLIND, a, rgb);
          dh_class_table_colour (dh_class_table_for_count (counts[t]), DH_PALETTE_COLOUR_BLIND, b, other);
          g_assert_true (memcmp (rgb, other, 3) != 0);
        }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset/class-tables", test_class_tables);
  return g_test_run ();
}
