/* How a set is read, and what of it is opened, as the studio's menus choose it. */
#include <string.h>
#include "dh-session-evaluation.h"
#include "dh-set-reading.h"
#include "session-fixture.h"
#include "tree.h"

static void
wait_for_size (DhSession *session, guint size)
{
  session_wait_for (!dh_session_is_opening (session) && dh_image_list_get_size (dh_session_get_list (session)) == size);
}

/* "train · 2*, test · 1": the choices, a star behind the one in use. */
static char *
list_choices (DhSession *session, DhReadAspect aspect)
{
  g_autoptr (GPtrArray) choices = dh_session_list_readings (session, aspect);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < choices->len; i++)
    {
      const DhReadChoice *choice = choices->pdata[i];
      g_string_append_printf (text, "%s%s%s", i > 0 ? ", " : "", choice->title, choice->chosen ? "*" : "");
    }
  return g_strdup (text->str);
}

#define assert_choices(session, aspect, wanted)                                                                        \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *choices_ = list_choices (session, aspect);                                                        \
    g_assert_cmpstr (choices_, ==, wanted);                                                                            \
  }                                                                                                                    \
  G_STMT_END

/* What masks do not tell is chosen of what they hold, or in words; words that mean nothing leave what is open. */
static void
test_mask_values (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/1.png", "masks/1.png", 0, 2, 5);
  dh_session_open_weights (session, fixture->weights);
  session_wait_for (dh_session_get_model_info (session) != NULL && !dh_session_is_loading (session));
  dh_session_open_dataset (session, root);
  wait_for_size (session, 1);
  assert_choices (session, DH_READ_MASK_VALUES, "As recognised*, anomaly=2, anomaly=5, anomaly=rest inlier=0");
  g_assert_true (dh_session_asks_how_to_read (session));
  dh_session_read_as (session, DH_READ_MASK_VALUES, "anomaly=5");
  session_wait_for (!dh_session_is_opening (session) && !dh_session_asks_how_to_read (session));
  assert_choices (session, DH_READ_MASK_VALUES, "As recognised, anomaly=2, anomaly=5*, anomaly=rest inlier=0");
  g_autofree char *command = dh_session_dup_command (session);
  g_assert_nonnull (strstr (command, " --mask-values 'anomaly=5' "));
  dh_session_read_as (session, DH_READ_MASK_VALUES, "anomaly=nix");
  session_wait_for (!dh_session_is_opening (session));
  assert_choices (session, DH_READ_MASK_VALUES, "As recognised, anomaly=2, anomaly=5*, anomaly=rest inlier=0");
  dh_session_read_as (session, DH_READ_MASK_VALUES, "anomaly=5 ignore=2");
  session_wait_for (!dh_session_is_opening (session));
  assert_choices (session, DH_READ_MASK_VALUES,
                  "As recognised, anomaly=2, anomaly=5, anomaly=rest inlier=0, anomaly=5 ignore=2*");
  g_autofree char *named = dh_session_explain_reading (session, DH_READ_MASK_VALUES);
  g_assert_true (g_str_has_prefix (named, "What is not named is inlier."));
  dh_session_read_as (session, DH_READ_MASK_VALUES, "anomaly=rest inlier=0");
  session_wait_for (!dh_session_is_opening (session));
  g_autofree char *rest = dh_session_explain_reading (session, DH_READ_MASK_VALUES);
  g_assert_true (g_str_has_prefix (rest, "The table below shows"));
  /* Of another kind nothing of it is left. */
  dh_session_read_as (session, DH_READ_KIND, "folder");
  session_wait_for (!dh_session_is_opening (session));
  assert_choices (session, DH_READ_MASK_VALUES, "");
  tree_remove (root);
}

/* A split is chosen, stands in the command, is there whenever the folder is opened again, and gives way where the
 * folder has changed; what cannot be read so leaves what is open. */
static void
test_readings (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *root = tree_new ();
  tree_pair (root, "train/1.png", "trainannot/1.png", 0, 10, 11);
  tree_pair (root, "train/2.png", "trainannot/2.png", 0, 10, 11);
  tree_pair (root, "test/1.png", "testannot/1.png", 3);
  dh_session_open_weights (session, fixture->weights);
  session_wait_for (dh_session_get_model_info (session) != NULL && !dh_session_is_loading (session));
  assert_choices (session, DH_READ_SPLITS, "");
  dh_session_open_dataset (session, root);
  wait_for_size (session, 3);
  assert_choices (session, DH_READ_SPLITS, "All together*, train · 2, test · 1");
  assert_choices (session, DH_READ_KIND, "As recognised*, CamVid layout, Folder of images");
  assert_choices (session, DH_READ_LABEL_IDS, "");
  assert_choices (session, DH_READ_CONSTANT_LABELS, "As recognised: hidden*, Hidden: maps alone, True: measured");
  g_assert_true (dh_session_asks_how_to_read (session));
  dh_session_read_as (session, DH_READ_SPLITS, "test");
  wait_for_size (session, 1);
  dh_session_read_as (session, DH_READ_CONSTANT_LABELS, "true");
  session_wait_for (!dh_session_is_opening (session) && dh_session_has_class_labels (session));
  g_assert_false (dh_session_asks_how_to_read (session));
  assert_choices (session, DH_READ_SPLITS, "All together, train · 2, test · 1*");
  g_autofree char *command = dh_session_dup_command (session), *flags = g_shell_quote (root);
  g_autofree char *wanted =
      g_strdup_printf ("densehybrid eval-ood --dataset camvid --dataroot %s --split 'test' --labels-are-true ", flags);
  g_assert_true (g_str_has_prefix (command, wanted));

  dh_session_open_dataset (session, fixture->set);
  wait_for_size (session, 4);
  dh_session_open_any (session, (const char *const[]){ root, NULL });
  wait_for_size (session, 1);
  g_autofree char *part = dh_session_dup_opened_part (session);
  g_assert_cmpstr (part, ==, "test");
  g_assert_true (dh_session_has_class_labels (session));

  g_clear_pointer (&fixture->error, g_free);
  dh_session_read_as (session, DH_READ_SPLITS, "val");
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "no split \"val\""));
  assert_choices (session, DH_READ_SPLITS, "All together, train · 2, test · 1*");

  g_autofree char *test = g_build_filename (root, "test", NULL);
  tree_remove (test);
  g_clear_pointer (&fixture->error, g_free);
  dh_session_open_dataset (session, root);
  wait_for_size (session, 2);
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "no split \"test\""));
  g_assert_null (dh_session_dup_opened_part (session));
  tree_remove (root);
}

/* One choice after another while the folder is still being read for the first; and back to what is open. */
static void
test_quick_readings (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *root = tree_new ();
  tree_pair (root, "train/1.png", "trainannot/1.png", 0, 10, 11);
  tree_pair (root, "train/2.png", "trainannot/2.png", 0, 10, 11);
  tree_pair (root, "test/1.png", "testannot/1.png", 3);
  dh_session_open_dataset (session, root);
  wait_for_size (session, 3);
  dh_session_read_as (session, DH_READ_SPLITS, "test");
  dh_session_read_as (session, DH_READ_CONSTANT_LABELS, "true");
  session_wait_for (!dh_session_is_opening (session));
  assert_choices (session, DH_READ_SPLITS, "All together, train · 2, test · 1*");
  assert_choices (session, DH_READ_CONSTANT_LABELS, "As recognised: hidden, Hidden: maps alone, True: measured*");
  dh_session_read_as (session, DH_READ_SPLITS, "train");
  dh_session_read_as (session, DH_READ_SPLITS, "test");
  session_wait_for (!dh_session_is_opening (session));
  assert_choices (session, DH_READ_SPLITS, "All together, train · 2, test · 1*");
  /* What failed is asked for no more. */
  dh_session_read_as (session, DH_READ_SPLITS, "val");
  session_wait_for (fixture->error != NULL);
  dh_session_read_as (session, DH_READ_CONSTANT_LABELS, "hidden");
  session_wait_for (!dh_session_is_opening (session));
  assert_choices (session, DH_READ_SPLITS, "All together, train · 2, test · 1*");
  assert_choices (session, DH_READ_CONSTANT_LABELS, "As recognised: hidden, Hidden: maps alone*, True: measured");
  /* Another folder has none of it. */
  dh_session_read_as (session, DH_READ_SPLITS, "train");
  dh_session_open_dataset (session, fixture->set);
  wait_for_size (session, 4);
  g_assert_null (dh_session_dup_opened_part (session));
  tree_remove (root);
}

/* Said once, hidden labels are asked about no more, at the next opening neither. */
static void
test_hidden (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *root = tree_new ();
  tree_pair (root, "train/1.png", "trainannot/1.png", 0, 10, 11);
  tree_pair (root, "test/1.png", "testannot/1.png", 3);
  dh_session_open_dataset (session, root);
  wait_for_size (session, 2);
  g_assert_true (dh_session_asks_how_to_read (session));
  g_assert_true (dh_session_has_news (session));
  dh_session_read_as (session, DH_READ_CONSTANT_LABELS, "hidden");
  session_wait_for (!dh_session_is_opening (session));
  assert_choices (session, DH_READ_CONSTANT_LABELS, "As recognised: hidden, Hidden: maps alone*, True: measured");
  g_assert_false (dh_session_asks_how_to_read (session));
  g_assert_false (dh_session_has_news (session));
  dh_session_open_dataset (session, fixture->set);
  wait_for_size (session, 4);
  dh_session_open_dataset (session, root);
  wait_for_size (session, 2);
  g_assert_false (dh_session_asks_how_to_read (session));
  g_assert_false (dh_session_has_news (session));
  tree_remove (root);
}

/* "*test 3, *.t5 2, .t6 1": a star before what is chosen, a point before groups. */
static char *
list_parts (GPtrArray *parts)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < parts->len; i++)
    {
      const DhReadPart *part = parts->pdata[i];
      g_string_append_printf (text, "%s%s%s%s", i > 0 ? ", " : "", part->chosen ? "*" : "", part->of_group ? "." : "",
                              part->title);
    }
  return g_strdup (text->str);
}

static void
choose_parts (DhSession *session, const char *before, guint flipped, const char *id)
{
  g_autoptr (GPtrArray) parts = dh_session_list_parts (session);
  g_autofree char *text = list_parts (parts);
  g_assert_cmpstr (text, ==, before);
  for (guint i = 0; i < parts->len; i++)
    if (flipped & 1u << i)
      ((DhReadPart *)parts->pdata[i])->chosen ^= TRUE;
  g_autofree char *chosen = dh_read_parts_dup_id (parts);
  g_assert_cmpstr (chosen, ==, id);
  if (chosen != NULL)
    dh_session_read_as (session, DH_READ_SPLITS, chosen);
}

/* Some splits and towns together; a split with all its towns is the split. */
static void
test_parts (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *root = tree_new ();
  static const char *const files[] = { "train/bern/bern_1", "val/aachen/aachen_1", "val/ulm/ulm_1", "val/ulm/ulm_2",
                                       "test/bonn/bonn_1" };
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *image = g_strdup_printf ("leftImg8bit/%s_leftImg8bit.png", files[i]);
      g_autofree char *label = g_strdup_printf ("gtFine/%s_gtFine_labelIds.png", files[i]);
      tree_pair (root, image, label, 7, 11, 0);
    }
  dh_session_open_dataset (session, root);
  wait_for_size (session, 5);
  choose_parts (session, "*train · 1, *val · 3, *.aachen · 1, *.ulm · 2, *test · 1", 0, "");
  choose_parts (session, "*train · 1, *val · 3, *.aachen · 1, *.ulm · 2, *test · 1", 1 << 1 | 1 << 2,
                "train,val/ulm,test");
  wait_for_size (session, 4);
  assert_choices (session, DH_READ_SPLITS,
                  "All together, train · 1, val · 3, val/aachen · 1, val/ulm · 2, test · 1, "
                  "train, val/ulm, test · 4*");
  choose_parts (session, "*train · 1, val · 3, .aachen · 1, *.ulm · 2, *test · 1", 1 << 0 | 1 << 1 | 1 << 2,
                "val,test");
  session_wait_for (!dh_session_is_opening (session));
  g_autofree char *part = dh_session_dup_opened_part (session);
  g_assert_cmpstr (part, ==, "val,test");
  choose_parts (session, "train · 1, *val · 3, *.aachen · 1, *.ulm · 2, *test · 1", 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4,
                NULL);
  choose_parts (session, "train · 1, *val · 3, *.aachen · 1, *.ulm · 2, *test · 1", 1 << 0, "");
  wait_for_size (session, 5);
  g_assert_null (dh_session_dup_opened_part (session));
  /* Where only one could be left out, the choices say all there is. */
  dh_session_open_dataset (session, fixture->set);
  wait_for_size (session, 4);
  g_autoptr (GPtrArray) none = dh_session_list_parts (session);
  g_assert_cmpuint (none->len, ==, 0);
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/session-readings/readings", test_readings },    { "/session-readings/mask-values", test_mask_values },
    { "/session-readings/quick", test_quick_readings }, { "/session-readings/hidden", test_hidden },
    { "/session-readings/parts", test_parts },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
