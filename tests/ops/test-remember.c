#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-device.h"
#include "dh-nets.h"
#include "dh-plan-cache.h"

/* What the cpu device keeps of its plans: the same bits with it at every start, and whatever stands in the files. */

enum
{
  HEIGHT = 97,
  WIDTH = 131,
};

/* Compiles and runs a small network with every kind of convolution; `folder` NULL: nothing is kept. */
static GBytes *
run_and_describe (const char *folder, char **text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 0, &error);
  g_assert_no_error (error);
  if (folder)
    dh_device_remember_plans (device, folder);
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("dlv3p-tiny", 0, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) weights = dh_net_new_seeded (net, 1, 1.0);
  const DhPlanOptions options = { .input = { 1, 3, HEIGHT, WIDTH },
                                  .outputs = &net->maps[DH_MAP_HYBRID],
                                  .n_outputs = 1 };
  g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, weights, &options, &error);
  g_assert_no_error (error);
  g_autofree float *input = g_new (float, 3 * HEIGHT * WIDTH);
  for (guint i = 0; i < 3 * HEIGHT * WIDTH; i++)
    input[i] = (float)(i * 2654435761u >> 8 & 1023) / 1023;
  float *map = g_new0 (float, HEIGHT *WIDTH);
  void *outputs[] = { map };
  dh_plan_run (plan, input, outputs, NULL, NULL, &error);
  g_assert_no_error (error);
  if (text)
    *text = dh_plan_to_string (plan);
  return g_bytes_new_take (map, HEIGHT * WIDTH * sizeof (float));
}

static GBytes *
run (const char *folder)
{
  return run_and_describe (folder, NULL);
}

/* Other kernels round differently. */
static void
assert_near (GBytes *a, GBytes *b)
{
  const float *x = g_bytes_get_data (a, NULL), *y = g_bytes_get_data (b, NULL);
  float largest = 0;
  for (guint i = 0; i < HEIGHT * WIDTH; i++)
    largest = MAX (largest, ABS (x[i]));
  for (guint i = 0; i < HEIGHT * WIDTH; i++)
    g_assert_cmpfloat_with_epsilon (x[i], y[i], 4e-5f * largest);
}

static char *
contents (const char *path)
{
  char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* The key of a kept file, which is its third line. */
static char *
key_of (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 4);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  return g_strdup (lines[2]);
}

/* The paths of all files whose key begins so. */
static GPtrArray *
list_files (const char *folder, const char *prefix)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = contents (path);
      g_autofree char *key = key_of (text);
      if (g_str_has_prefix (key, prefix))
        g_ptr_array_add (paths, g_steal_pointer (&path));
    }
  return paths;
}

static void
test_remembered (void)
{
  g_autofree char *top = g_dir_make_tmp ("dh-plans-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename (top, "deep", "plans", NULL);
  g_autoptr (GBytes) by_rule = run (NULL), by_rule_again = run (NULL);
  g_assert_true (g_bytes_equal (by_rule, by_rule_again));
  g_autoptr (GBytes) expected = run (folder);
  assert_near (expected, by_rule);
  g_autoptr (GPtrArray) files = list_files (folder, "cpu blockings");
  g_assert_cmpuint (files->len, ==, 1);
  const char *path = files->pdata[0];
  g_autofree char *text = contents (path);
  const gsize length = strlen (text);

  /* Warm: read, not written again. */
  GStatBuf before, after;
  g_assert_cmpint (g_stat (path, &before), ==, 0);
  g_autoptr (GBytes) warm = run (folder);
  g_assert_true (g_bytes_equal (warm, expected));
  g_assert_cmpint (g_stat (path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);

  /* Torn, changed or hostile: timed and written anew. */
  g_autofree char *many = g_strnfill (100000, '7');
  g_autofree char *torn = g_strndup (text, length / 2);
  g_autofree char *without_end = g_strndup (text, length - 1);
  g_autofree char *changed = g_strdup (text);
  changed[length - 3] ^= 1;
  /* Whole files, but as a device would never write them. */
  g_autofree char *key = key_of (text), *kept = dh_plan_cache_read (folder, key);
  g_assert_nonnull (kept);
  g_autofree char *more = g_strconcat (kept, " 0", NULL);
  const char *const forged[] = {
    "", "blockings", "blockings 0", "blockings 9 9 9 9 9 9", more, "blockings -1 4294967296 18446744073709551616"
  };
  for (guint i = 0; i < G_N_ELEMENTS (forged); i++)
    {
      dh_plan_cache_write (folder, key, forged[i]);
      g_autofree char *there = dh_plan_cache_read (folder, key);
      g_assert_cmpstr (there, ==, forged[i]);
      g_autoptr (GBytes) again = run (folder);
      g_assert_true (g_bytes_equal (again, expected));
      g_autofree char *written = dh_plan_cache_read (folder, key);
      g_assert_cmpstr (written, !=, forged[i]);
    }
  g_autofree char *longer = g_strconcat (text, "0", NULL);
  const char *const bad[] = { "", "x", many, torn, without_end, changed, longer };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_true (g_file_set_contents (path, bad[i], -1, NULL));
      g_autoptr (GBytes) again = run (folder);
      g_assert_true (g_bytes_equal (again, expected));
      g_autofree char *written = contents (path);
      g_assert_cmpstr (written, !=, bad[i]);
      g_autofree char *written_key = key_of (written);
      g_assert_cmpstr (written_key, ==, key);
    }

  /* What is no file, and a folder that cannot be made. */
  g_remove (path);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_autoptr (GBytes) no_file = run (folder);
  g_assert_true (g_bytes_equal (no_file, expected));
  g_rmdir (path);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_autoptr (GBytes) pipe = run (folder);
  g_assert_true (g_bytes_equal (pipe, expected));
  g_remove (path);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_autofree char *under = g_build_filename (path, "plans", NULL);
  g_autoptr (GBytes) nowhere = run (under);
  g_assert_true (g_bytes_equal (nowhere, by_rule));
  dh_plan_cache_prune (folder, 0);
  g_rmdir (folder);
  g_autofree char *deep = g_build_filename (top, "deep", NULL);
  g_rmdir (deep);
  g_rmdir (top);
}

static guint
count (const char *text, const char *word)
{
  guint n = 0;
  for (const char *at = text; (at = strstr (at, word)); at++)
    n++;
  return n;
}

/* The choice between two kernels for one shape: what is kept decides; what is no choice is timed again. */
static void
test_choices (void)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-plans-XXXXXX", NULL);
  g_autofree char *cold_text = NULL;
  g_autoptr (GBytes) cold = run_and_describe (folder, &cold_text);
  g_autoptr (GPtrArray) files = list_files (folder, "cpu 3x3");
  g_assert_cmpuint (files->len, >=, 4);
  const guint convs = count (cold_text, "winograd") + count (cold_text, " taps:");
  static const char *const choices[] = { "taps", "winograd", "both", "" };
  for (guint c = 0; c < G_N_ELEMENTS (choices); c++)
    {
      for (guint i = 0; i < files->len; i++)
        {
          g_autofree char *text = contents (files->pdata[i]);
          g_autofree char *key = key_of (text);
          dh_plan_cache_write (folder, key, choices[c]);
        }
      g_autofree char *plan = NULL, *plan_again = NULL;
      g_autoptr (GBytes) map = run_and_describe (folder, &plan), again = run_and_describe (folder, &plan_again);
      assert_near (map, cold);
      g_assert_true (g_bytes_equal (map, again));
      g_assert_cmpstr (plan, ==, plan_again);
      g_assert_cmpuint (count (plan, "winograd") + count (plan, " taps:"), ==, convs);
      if (c == 0)
        g_assert_cmpuint (count (plan, "winograd"), ==, 0);
      if (c == 1)
        g_assert_cmpuint (count (plan, "winograd"), >=, files->len);
    }
  dh_plan_cache_prune (folder, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* A plan that is made while others want the processors: by how many convolutions it differs from the rule's. */
static guint
differ_when_busy (const char *by_rule)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-plans-XXXXXX", NULL), *busy = NULL;
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < 2 * g_get_num_processors (); i++)
    {
      GSubprocess *other = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, NULL, "sh", "-c",
                                             /* not longer than the test, however that ends */
                                             "while [ -e /proc/$PPID ]; do :; done", NULL);
      g_assert_nonnull (other);
      g_ptr_array_add (others, other);
    }
  g_autoptr (GBytes) map_busy = run_and_describe (folder, &busy);
  for (guint i = 0; i < others->len; i++)
    g_subprocess_force_exit (others->pdata[i]);
  for (guint i = 0; i < others->len; i++)
    g_subprocess_wait (others->pdata[i], NULL, NULL);
  g_autoptr (GPtrArray) files = list_files (folder, "cpu 3x3");
  g_assert_cmpuint (files->len, >=, 4);
  g_test_message ("by rule:\n%s\nbusy:\n%s", by_rule, busy);
  dh_plan_cache_prune (folder, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  return (guint)ABS ((gint)count (busy, "winograd") - (gint)count (by_rule, "winograd"));
}

/* What is timed while other programs have the processors is worth nothing, and what is kept stays: the rule's choices
 * stand then. The convolutions here are short: now and then, both ways of one are timed without an interruption. */
static void
test_busy (void)
{
  g_autofree char *by_rule = NULL;
  g_autoptr (GBytes) map_by_rule = run_and_describe (NULL, &by_rule);
  guint least = G_MAXUINT;
  for (guint tries = 0; tries < 12 && least > 1; tries++)
    least = MIN (least, differ_when_busy (by_rule));
  g_assert_cmpuint (least, <=, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GPtrArray) devices = dh_devices_list ();
  for (guint i = 0; i < devices->len; i++)
    {
      DhDeviceInfo *info = g_ptr_array_index (devices, i);
      if (g_str_equal (info->kind, "cpu") && info->available)
        {
          g_test_add_func ("/remember/cpu", test_remembered);
          g_test_add_func ("/remember/cpu/choices", test_choices);
          g_test_add_func ("/remember/cpu/busy", test_busy);
        }
    }
  return g_test_run ();
}
