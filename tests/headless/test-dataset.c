/* Layouts of data sets, each as a small tree. */
#include "dataset-asserts.h"
#include "tree.h"

#define ALL_RAW 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
#define ALL_SHIFTED 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13

static void
test_street_hazards (void)
{
  for (guint shifted = 0; shifted < 2; shifted++)
    {
      g_autofree char *root = tree_new ();
      static const char *const towns[] = { "t5", "t6" };
      for (guint t = 0; t < 2; t++)
        for (guint i = 9; i < 11; i++)
          {
            g_autofree char *image = g_strdup_printf ("test/images/test/%s/%u.png", towns[t], i);
            g_autofree char *label = g_strdup_printf ("test/annotations/test/%s/%u.png", towns[t], i);
            if (shifted)
              tree_pair (root, image, label, ALL_SHIFTED);
            else
              tree_pair (root, image, label, ALL_RAW);
          }
      g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
      gboolean certain;
      g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_STREET_HAZARDS);
      g_assert_cmpint (dh_dataset_label_ids (dataset, &certain), ==, shifted ? DH_LABEL_IDS_SHIFTED : DH_LABEL_IDS_RAW);
      g_assert_true (certain);
      g_assert_cmpuint (dh_dataset_size (dataset), ==, 4);
      dataset_assert_item (dataset, 0, "t5/9", "9", "test", "t5");
      dataset_assert_item (dataset, 3, "t6/10", "10", "test", "t6");
      g_assert_cmpstr (dh_dataset_groups (dataset)[1], ==, "t6");
      dataset_assert_anomaly (dataset, 0, "00020000000001");
      dataset_assert_classes (dataset, 0, 14, "0,1,2,12,3,4,5,6,7,8,9,10,11,12");
      g_assert_cmpuint (dh_dataset_class_table (dataset)->n_classes, ==, 12);

      /* the other numbering by name: an id has no meaning, and it is said which */
      g_autoptr (GError) error = NULL;
      const DhDatasetOptions options = { .label_ids = shifted ? DH_LABEL_IDS_RAW : DH_LABEL_IDS_SHIFTED };
      g_autoptr (DhDataset) other = dh_dataset_open (root, NULL, &options, NULL, NULL, &error);
      g_assert_no_error (error);
      g_autoptr (DhLabels) labels = NULL;
      g_assert_false (dh_dataset_load_labels (other, 0, &labels, NULL, &error));
      dataset_assert_error_says (&error, DH_ERROR_INVALID, shifted ? "id 0" : "id 14");
      tree_remove (root);
    }
}

/* Labels that hold neither 0 nor 14 do not tell. */
static void
test_street_hazards_uncertain (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 1, 2, 13);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  gboolean certain;
  g_assert_cmpint (dh_dataset_label_ids (dataset, &certain), ==, DH_LABEL_IDS_RAW);
  g_assert_false (certain);
  g_assert_nonnull (strstr (dh_dataset_notes (dataset)[0], "shifted by one"));
  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .label_ids = DH_LABEL_IDS_SHIFTED };
  g_autoptr (DhDataset) told = dh_dataset_open (root, NULL, &options, NULL, NULL, &error);
  dh_dataset_label_ids (told, &certain);
  g_assert_true (certain);
  dataset_assert_anomaly (told, 0, "001");
  tree_remove (root);
}

static void
test_street_hazards_full (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "sh/train/images/training/t1-3/1.png", "sh/train/annotations/training/t1-3/1.png", 1, 8);
  tree_pair (root, "sh/train/images/validation/t4/1.png", "sh/train/annotations/validation/t4/1.png", 1, 8);
  tree_pair (root, "sh/test/images/test/t5/1.png", "sh/test/annotations/test/t5/1.png", 1, 14);
  g_autoptr (DhDataset) full = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (full), ==, DH_DATASET_STREET_HAZARDS_FULL);
  g_assert_cmpuint (dh_dataset_size (full), ==, 3);
  dataset_assert_item (full, 0, "training/t1-3/1", "1", "training", "t1-3");
  dataset_assert_item (full, 1, "validation/t4/1", "1", "validation", "t4");
  dataset_assert_item (full, 2, "t5/1", "1", "test", "t5");
  g_autoptr (DhDataset) test = dataset_open_ok (root, "street-hazards");
  g_assert_cmpuint (dh_dataset_size (test), ==, 1);

  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .splits = "validation, test" };
  g_autoptr (DhDataset) part = dh_dataset_open (root, NULL, &options, NULL, NULL, &error);
  g_assert_cmpuint (dh_dataset_size (part), ==, 2);
  g_assert_cmpint (dh_dataset_find (part, "training/t1-3/1"), ==, -1);
  g_assert_cmpint (dh_dataset_find (part, "t5/1"), ==, 1);
  const DhDatasetOptions wrong = { .splits = "val" };
  g_assert_null (dh_dataset_open (root, NULL, &wrong, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_USAGE, "training, validation, test");

  /* the folders inside, opened directly, are not taken for ADE20K */
  g_autofree char *train = g_build_filename (root, "sh", "train", NULL);
  g_autoptr (DhDataset) inside = dataset_open_ok (train, NULL);
  g_assert_cmpint (dh_dataset_kind (inside), ==, DH_DATASET_STREET_HAZARDS_FULL);
  tree_remove (root);
}

static void
test_cityscapes (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "leftImg8bit/val/ulm/ulm_000001_000019_leftImg8bit.png",
             "gtFine/val/ulm/ulm_000001_000019_gtFine_labelIds.png", 0, 7, 8, 11, 33, 29, 255, 23);
  tree_label (root, "gtFine/val/ulm/ulm_000001_000019_gtFine_labelTrainIds.png", 16, 8, (const guint8[]){ 5 }, 1);
  tree_pair (root, "leftImg8bit/train/bonn/bonn_000002_000019_leftImg8bit.jpg",
             "gtFine/train/bonn/bonn_000002_000019_gtFine_labelTrainIds.png", 0, 18, 255, 19);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_CITYSCAPES);
  dataset_assert_item (dataset, 0, "train/bonn/bonn_000002_000019", "bonn_000002_000019", "train", "bonn");
  dataset_assert_item (dataset, 1, "val/ulm/ulm_000001_000019", "ulm_000001_000019", "val", "ulm");
  dataset_assert_classes (dataset, 0, 4, "0,18,19,19");
  dataset_assert_classes (dataset, 1, 8, "19,0,1,2,18,19,19,10");
  g_assert_false (dh_dataset_has_anomaly_labels (dataset));
  dataset_assert_anomaly (dataset, 0, "none");
  tree_remove (root);
}

static void
test_smiyc (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "dataset_AnomalyTrack/images/validation2.jpg",
             "dataset_AnomalyTrack/labels_masks/validation2_labels_semantic.png", 0, 1, 255);
  tree_image (root, "dataset_AnomalyTrack/images/ladder0001.jpg", 16, 8);
  tree_label (root, "dataset_AnomalyTrack/labels_masks/validation2_labels_semantic_color.png", 16, 8,
              (const guint8[]){ 9 }, 1);
  tree_pair (root, "dataset_ObstacleTrack/images/validation_2.webp.png",
             "dataset_ObstacleTrack/labels_masks/validation_2.webp_labels_semantic.png", 0, 1, 255);
  tree_image (root, "dataset_ObstacleTrack/images/snowstorm1_00.png", 16, 8);
  tree_image (root, "dataset_ObstacleTrack/images/driveway_1.png", 16, 8);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_SMIYC);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 5);
  g_assert_cmpint (dh_dataset_find (dataset, "validation2"), >=, 0);
  const guint labelled = dh_dataset_find (dataset, "validation2");
  dataset_assert_item (dataset, labelled, "validation2", "validation2", "validation", "AnomalyTrack");
  dataset_assert_anomaly (dataset, labelled, "012");
  const guint hidden = dh_dataset_find (dataset, "ladder0001");
  dataset_assert_item (dataset, hidden, "ladder0001", "ladder0001", "test", "AnomalyTrack");
  dataset_assert_anomaly (dataset, hidden, "none");
  dataset_assert_item (dataset, dh_dataset_find (dataset, "driveway_1"), "driveway_1", "driveway_1", "night",
                       "ObstacleTrack");
  tree_remove (root);
}

/* Black masks where a benchmark keeps its labels back are no inliers: nobody is given them to measure by. */
static void
test_hidden (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "dataset_AnomalyTrack/images/validation0.png",
             "dataset_AnomalyTrack/labels_masks/validation0_labels_semantic.png", 0);
  tree_pair (root, "dataset_AnomalyTrack/images/validation1.png",
             "dataset_AnomalyTrack/labels_masks/validation1_labels_semantic.png", 0, 1, 255);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *image = g_strdup_printf ("dataset_AnomalyTrack/images/boat%u.png", i);
      g_autofree char *label = g_strdup_printf ("dataset_AnomalyTrack/labels_masks/boat%u_labels_semantic.png", i);
      tree_pair (root, image, label, 0);
    }
  /* The other track's test labels are there. */
  tree_pair (root, "dataset_ObstacleTrack/images/curb.png",
             "dataset_ObstacleTrack/labels_masks/curb_labels_semantic.png", 0, 1);
  {
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 5);
    g_assert_true (dh_dataset_has_anomaly_labels (dataset));
    g_assert_cmpstr (dh_dataset_notes (dataset)[0], ==,
                     "2 images have hidden test labels, one constant value: maps and export only, no score");
    dataset_assert_anomaly (dataset, dh_dataset_find (dataset, "validation0"), "0");
    dataset_assert_anomaly (dataset, dh_dataset_find (dataset, "validation1"), "012");
    dataset_assert_anomaly (dataset, dh_dataset_find (dataset, "curb"), "01");
    const guint hidden = dh_dataset_find (dataset, "boat1");
    g_assert_true (dh_dataset_item (dataset, hidden)->hidden);
    dataset_assert_anomaly (dataset, hidden, "none");
    g_autoptr (DhLabels) raw = dh_dataset_load_raw_labels (dataset, hidden, NULL);
    g_assert_nonnull (raw);
  }
  {
    const DhDatasetOptions test = { .splits = "test" };
    g_autoptr (GError) error = NULL;
    g_autofree char *track = g_build_filename (root, "dataset_AnomalyTrack", NULL);
    g_autoptr (DhDataset) dataset = dh_dataset_open (track, NULL, &test, NULL, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 2);
    g_assert_false (dh_dataset_has_anomaly_labels (dataset));
  }
  tree_remove (root);
}

/* Nobody keeps the labels of a validation back: pictures without anomalies have nothing but inliers. */
static void
test_all_inliers (void)
{
  g_autofree char *root = tree_new ();
  static const char *const splits[] = { "train", "val", "test" };
  for (guint i = 0; i < G_N_ELEMENTS (splits); i++)
    {
      g_autofree char *image = g_strdup_printf ("leftImg8bit/%s/a/%u_leftImg8bit.png", splits[i], i);
      g_autofree char *label = g_strdup_printf ("ood/%s/a/%u_ood_segmentation.png", splits[i], i);
      tree_pair (root, image, label, 0);
    }
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, "lf");
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 3);
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const gboolean test = strcmp (dh_dataset_item (dataset, i)->split, "test") == 0;
      g_assert_cmpint (dh_dataset_item (dataset, i)->hidden, ==, test);
      dataset_assert_anomaly (dataset, i, test ? "none" : "0");
    }
  tree_remove (root);
}

static void
test_others (void)
{
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "frames/a.jpg", "frames/a.labels/labels_semantic.png", 0, 2);
    tree_label (root, "frames/a.labels/labels_semantic_color.png", 16, 8, (const guint8[]){ 9 }, 1);
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_ROAD_ANOMALY);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 1);
    dataset_assert_anomaly (dataset, 0, "01");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "leftImg8bit/test/02_Weg/02_Weg_000000_leftImg8bit.png",
               "gtCoarse/test/02_Weg/02_Weg_000000_gtCoarse_labelIds.png", 0, 1, 2, 200);
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_LOST_AND_FOUND);
    dataset_assert_anomaly (dataset, 0, "2011");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "ADE/images/training/1.jpg", "ADE/annotations/training/1.png", 0, 150);
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_ADE20K);
    g_autoptr (GError) error = NULL;
    g_autoptr (DhLabels) raw = dh_dataset_load_raw_labels (dataset, 0, &error);
    g_assert_cmpuint (raw->ids[1], ==, 150);
    dataset_assert_anomaly (dataset, 0, "none");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "train/1.png", "trainannot/1.png", 0, 10, 11);
    tree_pair (root, "test/1.png", "testannot/1.png", 0, 10, 11);
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_CAMVID);
    dataset_assert_item (dataset, 0, "train/1", "1", "train", "");
    dataset_assert_item (dataset, 1, "test/1", "1", "test", "");
    dataset_assert_classes (dataset, 0, 3, "0,10,11");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_image (root, "a.png", 16, 8);
    tree_image (root, "a.jpg", 16, 8);
    tree_image (root, "deep/down/here/b.png", 16, 8);
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_FOLDER);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 3);
    g_assert_cmpint (dh_dataset_find (dataset, "a"), >=, 0);
    g_assert_cmpint (dh_dataset_find (dataset, "a.png") + dh_dataset_find (dataset, "a.jpg"), >=, 0);
    g_assert_cmpint (dh_dataset_find (dataset, "deep/down/here/b"), >=, 0);
    tree_remove (root);
  }
}

/* A folder of several sets: the one taken is named, and so are the others. */
static void
test_several (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "one/0_rgb.jpg", "one/0_labels.png", 0, 1);
  tree_pair (root, "two/train/1.png", "two/trainannot/1.png", 0, 10, 11);
  tree_pair (root, "three/train/1.png", "three/trainannot/1.png", 0, 10, 11);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_STATIC);
  g_assert_nonnull (strstr (dh_dataset_notes (dataset)[0], "three holds another data set, CamVid layout"));
  g_assert_null (dh_dataset_notes (dataset)[1]);
  g_autoptr (DhDataset) camvid = dataset_open_ok (root, "camvid");
  g_assert_cmpuint (dh_dataset_size (camvid), ==, 1);
  g_assert_nonnull (strstr (dh_dataset_notes (camvid)[0], "two holds a data set of the same layout"));
  g_assert_null (dh_dataset_notes (camvid)[1]);
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset/street-hazards", test_street_hazards);
  g_test_add_func ("/dataset/street-hazards-uncertain", test_street_hazards_uncertain);
  g_test_add_func ("/dataset/street-hazards-full", test_street_hazards_full);
  g_test_add_func ("/dataset/cityscapes", test_cityscapes);
  g_test_add_func ("/dataset/smiyc", test_smiyc);
  g_test_add_func ("/dataset/hidden", test_hidden);
  g_test_add_func ("/dataset/all-inliers", test_all_inliers);
  g_test_add_func ("/dataset/others", test_others);
  g_test_add_func ("/dataset/several", test_several);
  return g_test_run ();
}
