/* The card of the chosen runs: of three and more it tells mean and deviation, or why there is none. */
#include <adwaita.h>
#include <math.h>
#include "dh-runs-compared.h"

static DhRunItem *
make_item (gint64 id, const char *weights, const char *protocol, double ap, double auroc)
{
  DhRun run = { .id = id,
                .state = DH_RUN_ITEM_DONE,
                .kind = g_strdup ("eval-ood"),
                .model = g_strdup ("model_best.pth"),
                .data = g_strdup ("A set"),
                .fingerprint = g_strdup ("f1"),
                .protocol = g_strdup (protocol),
                .score = g_strdup ("hybrid"),
                .weights = g_strdup (weights),
                .images = 3,
                .total = 3,
                .ap = ap,
                .fpr95 = 0.2,
                .auroc = auroc,
                .best_f1 = NAN,
                .mean_f1 = NAN,
                .closed_miou = NAN,
                .open_miou = NAN,
                .fraction = NAN,
                .seconds_left = NAN,
                .best_f1_threshold = NAN };
  return dh_run_item_new (&run);
}

static gboolean
says (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_text (GTK_LABEL (widget)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (says (child, text))
      return TRUE;
  return FALSE;
}

static void
choose (GtkWidget *card, GPtrArray *items)
{
  dh_runs_compared_set (card, items->len > 0 ? items->pdata[0] : NULL, items->len > 1 ? items->pdata[1] : NULL, items);
}

static void
test_mean (void)
{
  GtkWidget *window = gtk_window_new (), *card = dh_runs_compared_new ();
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  gtk_window_set_child (GTK_WINDOW (window), card);
  choose (card, items);
  g_ptr_array_add (items, make_item (1, "s1", "densehybrid-pooled", 0.80, 0.9));
  g_ptr_array_add (items, make_item (2, "s2", "densehybrid-pooled", 0.82, NAN));
  choose (card, items);
  g_assert_true (says (card, "−2.00")); /* A − B */
  g_assert_false (says (card, "mean ± standard deviation"));
  g_ptr_array_add (items, make_item (3, "s3", "densehybrid-pooled", 0.87, 0.7));
  choose (card, items);
  g_assert_true (says (card, "3 runs") && says (card, "mean ± standard deviation"));
  g_assert_true (says (card, "83.00 ± 3.61"));
  g_assert_true (says (card, "20.00 ± 0.00"));
  g_assert_true (says (card, "80.00 ± 14.14 (2 of 3 runs)"));
  g_assert_true (says (card, "−2.00"));
  g_ptr_array_add (items, make_item (4, "s4", "smiyc-pixel", 0.9, 0.9));
  choose (card, items);
  g_assert_true (says (card, "no mean: other data, images or protocols were measured"));
  g_assert_false (says (card, "83.00 ± 3.61"));
  g_ptr_array_remove_index (items, 3);
  g_ptr_array_add (items, make_item (5, "s1", "densehybrid-pooled", 0.80, 0.9));
  choose (card, items);
  g_assert_true (says (card, "no mean: some are of the same weights"));
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP no display\n");
      return 0;
    }
  adw_init ();
  g_test_add_func ("/runs-card/mean", test_mean);
  return g_test_run ();
}
