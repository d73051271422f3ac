#include <string.h>

#include "dh-device.h"

/* The module that was built opens, with or without a card, and gives a reason that a user can act on. */
static void
test_opens (void)
{
  g_autoptr (GPtrArray) infos = dh_devices_list ();
  guint n = 0;
  for (guint i = 0; i < infos->len; i++)
    {
      const DhDeviceInfo *info = g_ptr_array_index (infos, i);
      if (!g_str_equal (info->kind, "cuda"))
        continue;
      n++;
      g_test_message ("%s: %s", info->name, info->available ? info->title : info->why_not);
      g_assert_true (info->available == (info->why_not == NULL));
      if (info->available)
        continue;
      g_assert_null (strstr (info->why_not, "cannot be loaded"));
      g_assert_null (strstr (info->why_not, "neither built nor installed"));
      g_assert_null (strstr (info->why_not, "another version"));
    }
  g_assert_cmpuint (n, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda-module/opens", test_opens);
  return g_test_run ();
}
