#include "dh-groups.h"

#include <string.h>

#include "tree.h"

static void
number (const char *root, const char *path, const char *text)
{
  tree_bytes (root, path, text, strlen (text));
}

/* The tightest of the groups on the way to the root counts; pages of files are given back. */
static void
test_second (void)
{
  g_autofree char *root = tree_new ();
  DhGroups groups;
  number (root, "a/b/memory.max", "max\n");
  number (root, "a/b/memory.high", "9000\n");
  number (root, "a/b/memory.current", "1000\n");
  number (root, "a/b/cpu.max", "max 100000\n");
  dh_groups_look_at (root, "1:cpu:/x\n0::/a/b/c\n", &groups);
  g_assert_cmpuint (groups.memory, ==, 9000);
  g_assert_cmpuint (groups.memory_left, ==, 8000);
  g_assert_cmpfloat (groups.processors, ==, G_MAXDOUBLE);
  number (root, "a/memory.max", "10000\n");
  number (root, "a/memory.current", "7000\n");
  number (root, "a/memory.stat", "anon 5\ninactive_file 500\n");
  number (root, "a/cpu.max", "150000 100000\n");
  dh_groups_look_at (root, "0::/a/b", &groups);
  g_assert_cmpuint (groups.memory, ==, 9000);
  g_assert_cmpuint (groups.memory_left, ==, 3500);
  g_assert_cmpfloat (groups.processors, ==, 1.5);
  number (root, "memory.max", "600\n");
  number (root, "memory.current", "700\n");
  number (root, "cpu.max", "50000 100000\n");
  static const char *const texts[] = { "0::/a/b", "0::/", "", "0::/../other" };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      dh_groups_look_at (root, texts[i], &groups);
      g_assert_cmpuint (groups.memory, ==, 600);
      g_assert_cmpuint (groups.memory_left, ==, 0);
      g_assert_cmpfloat (groups.processors, ==, 0.5);
    }
  dh_groups_look_at ("/nowhere", "0::/a", &groups);
  g_assert_cmpuint (groups.memory, ==, G_MAXUINT64);
  g_assert_cmpuint (groups.memory_left, ==, G_MAXUINT64);
  g_assert_cmpfloat (groups.processors, ==, G_MAXDOUBLE);
  tree_remove (root);
}

/* Each controller of version 1 has a tree of its own, beside which version 2 may stand. */
static void
test_first (void)
{
  static const char text[] = "11:cpuset:/x\n4:memory:/job/step\n3:cpu,cpuacct:/job\n1:name=systemd:/job\n0::/other\n";
  g_autofree char *root = tree_new ();
  DhGroups groups;
  number (root, "memory/memory.limit_in_bytes", "9223372036854771712\n");
  number (root, "memory/memory.usage_in_bytes", "123456\n");
  number (root, "cpu/job/cpu.cfs_quota_us", "-1\n");
  number (root, "cpu/job/cpu.cfs_period_us", "100000\n");
  dh_groups_look_at (root, text, &groups);
  g_assert_cmpuint (groups.memory, ==, G_MAXUINT64);
  g_assert_cmpuint (groups.memory_left, ==, G_MAXUINT64);
  g_assert_cmpfloat (groups.processors, ==, G_MAXDOUBLE);
  number (root, "memory/job/memory.limit_in_bytes", "4000000\n");
  number (root, "memory/job/memory.usage_in_bytes", "3000000\n");
  number (root, "memory/job/memory.stat", "inactive_file 7\ntotal_inactive_file 500000\n");
  number (root, "cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
  number (root, "cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  dh_groups_look_at (root, text, &groups);
  g_assert_cmpuint (groups.memory, ==, 4000000);
  g_assert_cmpuint (groups.memory_left, ==, 1500000);
  g_assert_cmpfloat (groups.processors, ==, 2.5);
  number (root, "unified/other/memory.max", "2000000\n");
  number (root, "unified/other/memory.current", "1000000\n");
  dh_groups_look_at (root, text, &groups);
  g_assert_cmpuint (groups.memory, ==, 2000000);
  g_assert_cmpuint (groups.memory_left, ==, 1000000);
  /* A container: what the text names lies outside it. */
  number (root, "memory/memory.limit_in_bytes", "70000\n");
  number (root, "memory/memory.usage_in_bytes", "60000\n");
  dh_groups_look_at (root, "4:memory:/docker/0123\n", &groups);
  g_assert_cmpuint (groups.memory, ==, 70000);
  g_assert_cmpuint (groups.memory_left, ==, 10000);
  tree_remove (root);
}

/* Files that say something else limit nothing. */
static void
test_broken (void)
{
  static const char *const texts[] = { "",         "0::",        "0",           "::",
                                       "4:memory", "4:memory:x", "0::/a\n\n\n", "4:memory:/../a:b\n" };
  static const char *const broken[] = { "", "max", "\n", "x 1", "100000", "100000 0", "0 100000", "100000 x" };
  g_autofree char *root = tree_new ();
  DhGroups groups;
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      number (root, "a/cpu.max", broken[i]);
      number (root, "a/memory.max", "90\n");
      for (guint k = 0; k < G_N_ELEMENTS (texts); k++)
        {
          dh_groups_look_at (root, texts[k], &groups);
          g_assert_cmpuint (groups.memory, ==, G_MAXUINT64);
          g_assert_cmpfloat (groups.processors, ==, G_MAXDOUBLE);
        }
    }
  tree_remove (root);
}

static void
test_here (void)
{
  g_assert_cmpuint (dh_groups_processors (), >=, 1);
  g_assert_cmpuint (dh_groups_processors (), <=, MAX (g_get_num_processors (), 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/groups/second", test_second);
  g_test_add_func ("/groups/first", test_first);
  g_test_add_func ("/groups/broken", test_broken);
  g_test_add_func ("/groups/here", test_here);
  return g_test_run ();
}
