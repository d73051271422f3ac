/* How a folder is read where its own recognition is overruled: parts of it, ids, hidden labels. */
#include "dataset-asserts.h"
#include "dh-dataset-check.h"
#include "dh-reading.h"
#include "tree.h"

static DhDataset *
open_as (const char *root, const DhDatasetOptions *options)
{
  g_autoptr (GError) error = NULL;
  DhDataset *dataset = dh_dataset_open (root, NULL, options, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

static void
assert_opened (DhDataset *dataset, const char *opened, guint n)
{
  g_autofree char *text = dh_dataset_dup_opened (dataset);
  g_assert_cmpstr (text, ==, opened);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, n);
}

static void
make_streets (const char *root)
{
  tree_pair (root, "train/images/training/t1-3/1.png", "train/annotations/training/t1-3/1.png", 1, 8);
  tree_image (root, "train/images/validation/t4/1.png", 16, 8);
  tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 1, 14);
  tree_pair (root, "test/images/test/t5/2.png", "test/annotations/test/t5/2.png", 1, 14);
  tree_pair (root, "test/images/test/t6/1.png", "test/annotations/test/t6/1.png", 1, 14);
}

/* Splits and, where there are several, their groups; all are told of, whatever is open. */
static void
test_parts (void)
{
  static const DhDatasetPart wanted[] = { { (char *)"training", NULL, 1, 1 },
                                          { (char *)"validation", NULL, 1, 0 },
                                          { (char *)"test", NULL, 3, 3 },
                                          { (char *)"test/t5", "t5", 2, 2 },
                                          { (char *)"test/t6", "t6", 1, 1 } };
  g_autofree char *root = tree_new ();
  make_streets (root);
  static const struct
  {
    const char *asked, *opened;
    guint n;
  } cases[] = { { NULL, "training,validation,test", 5 },
                { "test", "test", 3 },
                { "test/t6", "test/t6", 1 },
                { "test/t6, training", "training,test/t6", 2 },
                { "test/t5,test", "test", 3 },
                { "test/t5,test/t6", "test/t5,test/t6", 3 },
                { "training,validation,test", "training,validation,test", 5 } };
  for (guint c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      const DhDatasetOptions options = { .splits = cases[c].asked };
      g_autoptr (DhDataset) dataset = open_as (root, &options);
      assert_opened (dataset, cases[c].opened, cases[c].n);
      GPtrArray *parts = dh_dataset_parts (dataset);
      g_assert_cmpuint (parts->len, ==, G_N_ELEMENTS (wanted));
      for (guint i = 0; i < parts->len; i++)
        {
          const DhDatasetPart *part = parts->pdata[i];
          g_assert_cmpstr (part->name, ==, wanted[i].name);
          g_assert_cmpstr (part->group, ==, wanted[i].group);
          g_assert_cmpuint (part->images, ==, wanted[i].images);
          g_assert_cmpuint (part->labels, ==, wanted[i].labels);
        }
    }
  g_autoptr (GError) error = NULL;
  DhDatasetOptions options = { .splits = "test/t7" };
  g_assert_null (dh_dataset_open (root, NULL, &options, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_USAGE, "no split \"test/t7\"; there is test, test/t5, test/t6");
  options.splits = "t5";
  g_assert_null (dh_dataset_open (root, NULL, &options, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_USAGE, "no split \"t5\"; there is test/t5");
  options.splits = "val";
  g_assert_null (dh_dataset_open (root, NULL, &options, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_USAGE, "there is training, validation, test");
  tree_remove (root);
}

static void
test_overlap (void)
{
  g_assert_true (dh_dataset_opened_overlap ("train,val", "val"));
  g_assert_false (dh_dataset_opened_overlap ("train,val", "test"));
  g_assert_true (dh_dataset_opened_overlap ("test", "test/t5"));
  g_assert_true (dh_dataset_opened_overlap ("train,test/t5", "test"));
  g_assert_false (dh_dataset_opened_overlap ("test/t5", "test/t6"));
  g_assert_false (dh_dataset_opened_overlap ("test", "testing"));
  g_assert_true (dh_dataset_opened_overlap ("", "test"));
  g_assert_true (dh_dataset_opened_overlap ("test", NULL));
}

static void
test_kinds (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "leftImg8bit/test/a/a_leftImg8bit.png", "ood/test/a/a_ood_segmentation.png", 0, 1);
  g_autoptr (DhDataset) dataset = open_as (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_LF);
  g_assert_cmpuint (dh_dataset_fitting_kinds (dataset), ==,
                    1u << DH_DATASET_LF | 1u << DH_DATASET_CITYSCAPES | 1u << DH_DATASET_FOLDER);
  tree_remove (root);
}

/* What was said to be true is measured, and told of; what holds several values needs no word. */
static void
test_labels_are_true (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "0_rgb.jpg", "0_labels.png", 0);
  tree_pair (root, "1_rgb.jpg", "1_labels.png", 0);
  const DhDatasetOptions options = { .labels_are_true = TRUE };
  {
    g_autoptr (DhDataset) hidden = open_as (root, NULL);
    g_assert_cmpuint (dh_dataset_n_hidden (hidden), ==, 2);
    g_assert_false (dh_dataset_has_anomaly_labels (hidden));
    dataset_assert_anomaly (hidden, 0, "none");
    g_autoptr (DhDataset) shown = open_as (root, &options);
    g_assert_cmpuint (dh_dataset_n_hidden (shown), ==, 0);
    g_assert_cmpuint (dh_dataset_n_taken_as_true (shown), ==, 2);
    g_assert_true (dh_dataset_has_anomaly_labels (shown));
    dataset_assert_anomaly (shown, 1, "000");
    g_assert_cmpstr (dh_dataset_notes (shown)[0], ==,
                     "2 labels are one constant value and are taken as true, as was said");
  }
  tree_pair (root, "2_rgb.jpg", "2_labels.png", 0, 1);
  g_autoptr (DhDataset) plain = open_as (root, &options);
  g_assert_cmpuint (dh_dataset_n_taken_as_true (plain), ==, 0);
  g_assert_null (dh_dataset_notes (plain)[0]);
  tree_remove (root);
}

/* Ids up to 12 in test pictures: shifted and without anomalies, or the packed classes, of which 12 is the anomaly. */
static void
test_packed (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 0, 3, 11, 12);
  gboolean certain;
  g_autoptr (DhDataset) asked = open_as (root, NULL);
  g_assert_cmpint (dh_dataset_label_ids (asked, &certain), ==, DH_LABEL_IDS_SHIFTED);
  g_assert_false (certain);
  g_assert_nonnull (strstr (dh_dataset_notes (asked)[0], "or the packed classes (anomaly 12)"));
  const DhDatasetOptions options = { .label_ids = DH_LABEL_IDS_PACKED };
  g_autoptr (DhDataset) packed = open_as (root, &options);
  g_assert_cmpint (dh_dataset_label_ids (packed, &certain), ==, DH_LABEL_IDS_PACKED);
  g_assert_true (certain);
  dataset_assert_anomaly (packed, 0, "0001");
  dataset_assert_classes (packed, 0, 4, "0,3,11,12");
  tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 0, 13, 255);
  dataset_assert_anomaly (packed, 0, "022");
  tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 0, 14);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_false (dh_dataset_load_labels (packed, 0, &labels, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID,
                             "id 14, which has no meaning in StreetHazards' packed classes (0 to 13, 255); if its "
                             "labels count otherwise, say so");
  tree_remove (root);
}

static void
assert_round (const DhReading *reading, const char *text)
{
  g_autofree char *made = dh_reading_to_text (reading);
  g_assert_cmpstr (made, ==, text);
  g_autoptr (DhReading) back = dh_reading_from_text (made);
  g_assert_true (dh_reading_equal (reading, back));
}

static void
test_text (void)
{
  g_autoptr (DhReading) reading = dh_reading_new ();
  assert_round (reading, "");
  reading->kind = g_strdup ("smiyc");
  reading->splits = g_strdup ("validation/Obstacle Track;=%,test");
  assert_round (reading, "kind=smiyc;splits=validation/Obstacle%20Track%3B%3D%25,test");
  g_free (reading->splits);
  reading->splits = NULL;
  reading->base = g_strdup ("/a b/\xff");
  reading->label_ids = DH_LABEL_IDS_PACKED;
  reading->labels_are_true = TRUE;
  assert_round (reading, "kind=smiyc;base=/a%20b/%FF;ids=packed;labels=true");
  /* What another version wrote, and what nobody did. */
  g_autoptr (DhReading) odd = dh_reading_from_text ("kind=unheard;later=1;ids=;;labels;=;splits=%zz");
  assert_round (odd, "");
}

/* What an open set says of itself opens it again as it is. */
static void
test_again (void)
{
  g_autofree char *root = tree_new ();
  make_streets (root);
  g_autoptr (DhReading) reading = dh_reading_from_text ("splits=test/t5;ids=raw;labels=true");
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = dh_reading_open (reading, root, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_opened (dataset, "test/t5", 2);
  g_autoptr (DhReading) own = dh_reading_new_for (dataset);
  assert_round (own, "kind=street-hazards-full;splits=test/t5;ids=raw;labels=true");
  g_autofree char *flags = dh_reading_dup_flags (own, "/it's/here");
  g_assert_cmpstr (flags, ==,
                   "--dataset street-hazards-full --dataroot '/it'\\''s/here' --split 'test/t5' --label-ids raw "
                   "--labels-are-true");
  g_autoptr (DhReading) none = dh_reading_new ();
  g_autoptr (DhDataset) whole = dh_reading_open (none, root, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhReading) plain = dh_reading_new_for (whole);
  assert_round (plain, "kind=street-hazards-full");
  tree_remove (root);
}

/* Pictures of a split beside pictures of none: what a run of all of them says opens all of them. */
static void
test_no_split (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/a.png", "masks/a.png", 0, 1);
  tree_pair (root, "images/train/b.png", "masks/train/b.png", 0, 1);
  tree_pair (root, "images/val/c.png", "masks/val/c.png", 0, 1);
  g_autoptr (DhDataset) whole = open_as (root, NULL);
  g_autofree char *opened = dh_dataset_dup_opened (whole);
  const DhDatasetOptions as_opened = { .splits = opened }, some = { .splits = "val," };
  g_autoptr (DhDataset) again = open_as (root, &as_opened);
  assert_opened (again, opened, 3);
  g_autoptr (DhDataset) part = open_as (root, &some);
  assert_opened (part, "val,", 2);
  const DhDatasetOptions nothing = { .splits = "" };
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_dataset_open (root, NULL, &nothing, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_USAGE, "no split \"\"");
  tree_remove (root);
}

static void
assert_published (const char *root, const char *splits, const char *name)
{
  const DhDatasetOptions options = { .splits = splits };
  g_autoptr (DhDataset) dataset = open_as (root, &options);
  g_autofree char *published = dh_dataset_dup_published (dataset);
  g_assert_cmpstr (published, ==, name);
}

/* Names alone: no picture is read to know them. */
static void
add_empty (const char *root, guint from, guint end, const char *format, const char *label)
{
  for (guint i = from; i < end; i++)
    {
      g_autoptr (GString) name = g_string_new (format), beside = g_string_new (label);
      g_autofree char *number = g_strdup_printf ("%06u", i);
      g_string_replace (name, "@", number, 0);
      g_string_replace (beside, "@", number, 0);
      tree_bytes (root, name->str, "", 0);
      if (label)
        tree_bytes (root, beside->str, "", 0);
    }
}

static void
test_published_lf (void)
{
  g_autofree char *root = tree_new ();
  const char *image = "leftImg8bit/test/04_Maurener_Weg_8/04_Maurener_Weg_8_000001_@_leftImg8bit.png";
  const char *label = "ood/test/04_Maurener_Weg_8/04_Maurener_Weg_8_000001_@_ood_segmentation.png";
  add_empty (root, 0, 40, image, label);
  assert_published (root, NULL, NULL);
  add_empty (root, 40, 97, image, label);
  assert_published (root, NULL, "Fishyscapes Lost & Found validation, 97 of 100 images");
  add_empty (root, 97, 100, image, label);
  assert_published (root, NULL, "Fishyscapes Lost & Found validation (100 images)");
  add_empty (root, 100, 101, image, label);
  assert_published (root, NULL, NULL);
  tree_remove (root);
}

static void
test_published_smiyc (void)
{
  g_autofree char *root = tree_new ();
  add_empty (root, 0, 100, "dataset_AnomalyTrack/images/boat@.jpg", NULL);
  add_empty (root, 0, 10, "dataset_AnomalyTrack/images/validation@.jpg",
             "dataset_AnomalyTrack/labels_masks/validation@_labels_semantic.png");
  assert_published (root, NULL, "SMIYC AnomalyTrack validation + test (110 = 10 + 100 images)");
  assert_published (root, "validation", "SMIYC AnomalyTrack validation (10 images)");
  add_empty (root, 0, 20, "dataset_ObstacleTrack/images/driveway_@.jpg", NULL);
  assert_published (root, NULL,
                    "SMIYC AnomalyTrack validation + test (110 = 10 + 100 images), SMIYC ObstacleTrack night, 20 of "
                    "30 images");
  tree_remove (root);
}

/* What the doctor says was published is what it was compared with. */
static void
assert_expected (const char *root, const char *splits, guint expected)
{
  const DhDatasetOptions options = { .splits = splits };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = open_as (root, &options);
  g_autoptr (DhDatasetReport) report = dh_dataset_check (dataset, DH_CHECK_QUICK, 1, NULL, NULL, &error);
  g_assert_no_error (error);
  const DhSplitCount *split = report->splits->pdata[0];
  g_assert_cmpstr (split->name, ==, "test");
  g_assert_cmpuint (split->expected, ==, expected);
}

/* Its authors' selections of the test split; and a set of other names in the layout of a known one. */
static void
test_published_others (void)
{
  g_autofree char *numbered = tree_new ();
  add_empty (numbered, 2, 2002, "images/validation/ADE_val_00@.jpg", "annotations/validation/ADE_val_00@.png");
  assert_published (numbered, NULL, NULL);
  tree_remove (numbered);

  g_autofree char *root = tree_new ();
  const char *image = "leftImg8bit/test/01_Hanns_Klemm/01_Hanns_Klemm_000001_@_leftImg8bit.png";
  const char *label = "gtCoarse/test/01_Hanns_Klemm/01_Hanns_Klemm_000001_@_gtCoarse_labelIds.png";
  add_empty (root, 0, 1043, image, label);
  assert_published (root, NULL, "Lost and Found testNoKnown (1,043 images)");
  add_empty (root, 1043, 1186, image, label);
  assert_published (root, NULL, "Lost and Found testValid (1,186 images)");
  assert_expected (root, NULL, 1186);
  add_empty (root, 1186, 1203, image, label);
  assert_published (root, NULL, "Lost and Found test (1,203 images)");
  tree_remove (root);

  g_autofree char *other = tree_new ();
  add_empty (other, 0, 500, "leftImg8bit/val/kitti/kitti_@_10_leftImg8bit.png",
             "gtFine/val/kitti/kitti_@_10_gtFine_labelIds.png");
  assert_published (other, NULL, NULL);
  tree_remove (other);

  g_autofree char *towns = tree_new ();
  add_empty (towns, 0, 800, "test/images/test/t5/@.png", "test/annotations/test/t5/@.png");
  add_empty (towns, 0, 700, "test/images/test/t6/@.png", "test/annotations/test/t6/@.png");
  assert_published (towns, NULL, "StreetHazards test (1,500 images)");
  assert_published (towns, "test/t5", NULL);
  assert_expected (towns, "test", 1500);
  assert_expected (towns, "test/t5", 0);
  tree_remove (towns);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset-reading/parts", test_parts);
  g_test_add_func ("/dataset-reading/overlap", test_overlap);
  g_test_add_func ("/dataset-reading/kinds", test_kinds);
  g_test_add_func ("/dataset-reading/labels-are-true", test_labels_are_true);
  g_test_add_func ("/dataset-reading/packed", test_packed);
  g_test_add_func ("/dataset-reading/text", test_text);
  g_test_add_func ("/dataset-reading/again", test_again);
  g_test_add_func ("/dataset-reading/no-split", test_no_split);
  g_test_add_func ("/dataset-reading/published-lf", test_published_lf);
  g_test_add_func ("/dataset-reading/published-smiyc", test_published_smiyc);
  g_test_add_func ("/dataset-reading/published-others", test_published_others);
  return g_test_run ();
}
