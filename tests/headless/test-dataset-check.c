/* The data set doctor, on small trees with one thing wrong at a time, and on real data where it is there. */
#include "dh-dataset-check.h"
#include <sys/stat.h>
#include <unistd.h>

#include "tree.h"

static DhDatasetReport *
check (const char *root, const char *kind, DhDataset **dataset)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) opened = dh_dataset_open (root, kind, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  DhDatasetReport *report = dh_dataset_check (opened, DH_CHECK_ALL, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *text = dh_dataset_report_to_text (report);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_nonnull (strstr (text, report->title));
  if (dataset)
    *dataset = g_steal_pointer (&opened);
  return report;
}

static const DhFinding *
find (const DhDatasetReport *report, const char *code)
{
  for (guint i = 0; i < report->findings->len; i++)
    {
      const DhFinding *finding = report->findings->pdata[i];
      if (strcmp (finding->code, code) == 0)
        return finding;
    }
  return NULL;
}

static const DhFinding *
expect (const DhDatasetReport *report, const char *code, DhFindingSeverity severity, guint count, const char *words)
{
  const DhFinding *finding = find (report, code);
  if (!finding)
    {
      g_autofree char *text = dh_dataset_report_to_text (report);
      g_error ("no finding %s in:\n%s", code, text);
    }
  g_assert_cmpint (finding->severity, ==, severity);
  g_assert_cmpuint (finding->count, ==, count);
  if (!strstr (finding->sentence, words))
    g_error ("\"%s\" is not in \"%s\"", words, finding->sentence);
  return finding;
}

static const DhLabelValue *
value_of (const DhDatasetReport *report, guint value)
{
  for (guint i = 0; i < report->values->len; i++)
    if (((DhLabelValue *)report->values->pdata[i])->value == value)
      return report->values->pdata[i];
  return NULL;
}

/* Names of pictures behind which no file stands are named in one finding; what is left out is not counted again. */
static void
test_no_files (void)
{
  g_autofree char *root = tree_new ();
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *image = g_strdup_printf ("dataset_AnomalyTrack/images/validation%u.png", i),
                      *label =
                          g_strdup_printf ("dataset_AnomalyTrack/labels_masks/validation%u_labels_semantic.png", i);
      tree_image (root, image, 16, 8);
      tree_label (root, label, 16, 8, i ? (const guint8[]){ 0, 77 } : (const guint8[]){ 0, 1 }, 2);
    }
  g_autofree char *dead = tree_path (root, "dataset_AnomalyTrack/images/dead.png");
  g_autofree char *pipe = tree_path (root, "dataset_AnomalyTrack/images/pipe.jpg");
  g_autofree char *other = tree_path (root, "dataset_AnomalyTrack/images/other.txt");
  g_assert_cmpint (symlink ("nowhere.png", dead), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (symlink ("nowhere.txt", other), ==, 0);
  g_autoptr (DhDatasetReport) report = check (root, "smiyc", NULL);
  const DhFinding *finding =
      expect (report, "no-file", DH_FINDING_WARNING, 2, "2 names are links to nothing, or no files");
  g_assert_cmpstr (finding->files[0], ==, "dataset_AnomalyTrack/images/dead.png");
  g_assert_cmpstr (finding->files[1], ==, "dataset_AnomalyTrack/images/pipe.jpg");
  expect (report, "unknown-id", DH_FINDING_ERROR, 1, "1 label holds");
  g_assert_cmpuint (report->n_usable, ==, 1);
  g_assert_null (find (report, "some-without-anomaly"));
  g_assert_null (find (report, "no-anomaly"));
  tree_remove (root);
}

/* A drive half of which would otherwise not be missed. */
static void
test_foreign (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "train/0.png", "trainannot/0.png", 0, 1, 11);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *name = g_strdup_printf ("train/%u.%s", i + 1, i ? "JP2" : "heic"),
                      *path = tree_path (root, name);
      g_assert_true (g_file_set_contents (path, "any", 3, NULL));
    }
  g_autofree char *text = tree_path (root, "train/readme.txt");
  g_assert_true (g_file_set_contents (text, "any", 3, NULL));
  g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
  const DhFinding *finding =
      expect (report, "foreign-picture", DH_FINDING_WARNING, 2, "2 files are pictures of kinds that are not read");
  g_assert_cmpstr (finding->files[0], ==, "train/1.heic");
  g_assert_cmpstr (finding->files[1], ==, "train/2.JP2");
  g_assert_cmpuint (report->n_usable, ==, 1);
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, NULL, NULL, NULL, NULL, NULL);
  g_assert_true (
      g_strv_contains (dh_dataset_notes (dataset), "2 files are pictures of kinds that are not read and are left out"));
  tree_remove (root);
}

/* One picture of each trouble beside two good ones. */
static void
test_broken (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "train/0.png", "trainannot/0.png", 0, 1, 11);
  tree_pair (root, "train/1.png", "trainannot/1.png", 2, 255);
  tree_pair (root, "train/2.png", "trainannot/2.png", 3, 77, 78);
  tree_image (root, "train/3.png", 16, 8);
  tree_label (root, "trainannot/3.png", 15, 8, (const guint8[]){ 0 }, 1);
  tree_pair (root, "train/4.png", "trainannot/4.png", 0);
  tree_pair (root, "train/5.png", "trainannot/5.png", 0);
  tree_image (root, "train/6.png", 16, 8);
  tree_label (root, "trainannot/7.png", 16, 8, (const guint8[]){ 0 }, 1);
  tree_bytes (root, "train/4.png", "\x89PNG\r\n\x1a\n", 8);
  tree_bytes (root, "trainannot/5.png", "no image", 8);

  g_autoptr (DhDataset) dataset = NULL;
  g_autoptr (DhDatasetReport) report = check (root, NULL, &dataset);
  const DhFinding *finding = expect (report, "unreadable-image", DH_FINDING_ERROR, 1, "1 image cannot be read");
  g_assert_true (g_str_has_prefix (finding->files[0], "train/4.png: truncated"));
  finding = expect (report, "unreadable-label", DH_FINDING_ERROR, 1, "1 label cannot be read");
  g_assert_cmpstr (finding->files[0], ==, "trainannot/5.png: is not a PNG, JPEG, WebP, TIFF or BMP image");
  finding = expect (report, "size-mismatch", DH_FINDING_ERROR, 1, "1 label differs in size");
  g_assert_cmpstr (finding->files[0], ==, "trainannot/3.png: 15×8, its image 16×8");
  finding = expect (report, "unknown-id", DH_FINDING_ERROR, 1, "1 label holds ids without meaning");
  g_assert_cmpstr (finding->files[0], ==, "trainannot/2.png: 77, 78");
  finding = expect (report, "no-label", DH_FINDING_WARNING, 1, "1 image has no label");
  g_assert_cmpstr (finding->files[0], ==, "train/6.png");
  g_assert_cmpstr (finding->detail, ==, "Labels are found as {train,val,test} beside {train,val,test}annot");
  finding = expect (report, "no-image", DH_FINDING_WARNING, 1, "1 label has no image");
  g_assert_cmpstr (finding->files[0], ==, "trainannot/7.png");
  g_assert_null (find (report, "sizes-fit"));
  g_assert_cmpuint (report->n_images, ==, 7);
  g_assert_cmpuint (report->n_labels, ==, 7);
  g_assert_cmpuint (report->n_pairs, ==, 6);
  g_assert_cmpuint (report->n_unreadable, ==, 2);
  g_assert_cmpuint (report->n_usable, ==, 2);
  g_assert_cmpint (dh_dataset_report_severity (report), ==, DH_FINDING_ERROR);
  g_assert_cmpint (((DhFinding *)report->findings->pdata[0])->severity, ==, DH_FINDING_ERROR);

  g_autoptr (DhDataset) usable = dh_dataset_dup_usable (dataset, report);
  g_assert_cmpuint (dh_dataset_size (usable), ==, 2);
  g_assert_cmpstr (dh_dataset_item (usable, 0)->stem, ==, "train/0");
  g_assert_cmpstr (dh_dataset_item (usable, 1)->stem, ==, "train/1");
  g_assert_cmpint (dh_dataset_find (usable, "train/1"), ==, 1);
  g_assert_cmpint (dh_dataset_find (usable, "train/2"), ==, -1);

  /* 16×8 pixels: every third is 0, from the first; ids 0 and 255 at the two good pictures and at the small label */
  g_assert_cmpuint (value_of (report, 255)->pixels, ==, 64);
  g_assert_cmpint (value_of (report, 255)->role, ==, DH_ROLE_IGNORE);
  g_assert_cmpint (value_of (report, 77)->role, ==, DH_ROLE_UNKNOWN);
  g_assert_cmpuint (value_of (report, 1)->pixels, ==, 43);
  g_assert_cmpstr (value_of (report, 1)->meaning, ==, "building");
  tree_remove (root);
}

static void
test_needs (void)
{
  {
    g_autofree char *root = tree_new ();
    for (guint i = 0; i < 100; i++)
      {
        g_autofree char *name = g_strdup_printf ("%04u_04_Weg_8_000000_%06u_labels.png", i, i);
        tree_label (root, name, 16, 8, (const guint8[]){ 0, 1 }, 2);
      }
    g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
    expect (report, "images-needed", DH_FINDING_ERROR, 100, "Lost and Found images are needed");
    g_assert_cmpint (report->kind, ==, DH_DATASET_LF);
    g_assert_cmpuint (report->n_labels, ==, 100);
    g_assert_cmpuint (report->n_usable, ==, 0);
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_label (root, "0000_ulm_000000_000294_labels.png", 16, 8, (const guint8[]){ 0, 1 }, 2);
    tree_bytes (root, "0000_ulm_000000_000294_rgb.npz", "PK", 2);
    g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
    expect (report, "images-needed", DH_FINDING_ERROR, 1, "Cityscapes val images are needed");
    g_assert_cmpint (report->kind, ==, DH_DATASET_STATIC);
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_image (root, "images/training/ADE_train_1.jpg", 16, 8);
    tree_image (root, "images/training/ADE_train_1_seg.png", 16, 8);
    g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
    expect (report, "images-needed", DH_FINDING_ERROR, 0, "ADEChallengeData2016 is needed");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_label (root, "gtFine/val/ulm/ulm_1_gtFine_labelIds.png", 16, 8, (const guint8[]){ 7 }, 1);
    g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
    expect (report, "images-needed", DH_FINDING_ERROR, 1, "images are missing");
    g_assert_cmpint (report->kind, ==, DH_DATASET_CITYSCAPES);
    tree_remove (root);
  }
}

/* Masks of black and white, whose white would be the anomalies: not a word that nothing needs doing. */
static void
test_white (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "leftImg8bit/test/0_leftImg8bit.png", "ood/test/0_ood_segmentation.png", 0, 255);
  g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
  expect (report, "no-anomaly", DH_FINDING_WARNING, 1, "No label holds an anomaly");
  g_assert_nonnull (strstr (find (report, "no-anomaly")->detail, "black and white"));
  g_assert_null (find (report, "255-ignored"));
  tree_remove (root);
}

/* One value over a whole set; over one split only; and pictures that merely hold no anomaly. */
static void
test_hidden (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "0_rgb.jpg", "0_labels.png", 0);
  tree_pair (root, "1_rgb.jpg", "1_labels.png", 0);
  {
    g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
    expect (report, "hidden-labels", DH_FINDING_WARNING, 2, "hidden test labels");
    g_assert_true (report->hidden_labels);
  }
  tree_pair (root, "2_rgb.jpg", "2_labels.png", 0, 1);
  {
    g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
    g_assert_false (report->hidden_labels);
    g_assert_null (find (report, "hidden-labels"));
    expect (report, "some-without-anomaly", DH_FINDING_INFO, 2, "2 labelled images hold no anomaly");
    expect (report, "count", DH_FINDING_INFO, 3, "Fishyscapes Static validation: 3 of 30 images, 27 missing");
  }
  tree_remove (root);

  g_autofree char *cityscapes = tree_new ();
  tree_pair (cityscapes, "leftImg8bit/val/ulm/a_leftImg8bit.png", "gtFine/val/ulm/a_gtFine_labelIds.png", 7, 8, 40);
  tree_pair (cityscapes, "leftImg8bit/test/bonn/a_leftImg8bit.png", "gtFine/test/bonn/a_gtFine_labelIds.png", 0);
  g_autoptr (DhDatasetReport) report = check (cityscapes, NULL, NULL);
  expect (report, "hidden-labels", DH_FINDING_WARNING, 1, "The labels of test are one constant value");
  expect (report, "label-ids", DH_FINDING_INFO, 2, "mapped from labelIds");
  expect (report, "unknown-id-ignored", DH_FINDING_WARNING, 0, "taken as ignore: 40");
  g_assert_false (report->hidden_labels);
  g_assert_cmpuint (report->n_usable, ==, 2);
  tree_remove (cityscapes);
}

/* How much of a published set is there, and of which its names say that it is another. */
static void
test_published (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/validation/ADE_val_00000002.jpg", "annotations/validation/ADE_val_00000002.png", 1, 2);
  tree_pair (root, "images/validation/other.jpg", "annotations/validation/other.png", 1, 2);
  tree_pair (root, "images/training/mine.jpg", "annotations/training/mine.png", 1, 2);
  g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
  g_assert_null (report->published);
  const DhFinding *finding = find (report, "count");
  g_assert_cmpstr (finding->sentence, ==, "1 image in training, not named as those of ADEChallengeData2016 training");
  g_assert_cmpstr (finding->detail, ==, "Another set in the same layout; the published one has 20,210");
  g_assert_cmpuint (((DhSplitCount *)report->splits->pdata[0])->expected, ==, 0);
  g_assert_cmpuint (((DhSplitCount *)report->splits->pdata[1])->expected, ==, 2000);
  g_autofree char *text = dh_dataset_report_to_text (report);
  g_assert_nonnull (strstr (text, "ADEChallengeData2016 validation: 1 of 2,000 images, 1,999 missing, and 1 named "
                                  "otherwise"));
  g_assert_nonnull (strstr (text, "Not there: ADE_val_00000001, ADE_val_00000003, "));
  tree_remove (root);
}

static void
test_numbering (void)
{
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "leftImg8bit/a_leftImg8bit.png", "ood/a_ood_segmentation.png", 0, 1, 255);
    g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
    expect (report, "255-ignored", DH_FINDING_INFO, 1, "255 is taken as ignore");
    g_autofree char *text = dh_dataset_report_to_text (report);
    g_assert_nonnull (strstr (text, "  could be read too as cityscapes\n"));
    g_assert_cmpuint (value_of (report, 1)->pixels, ==, 43);
    g_assert_cmpint (value_of (report, 1)->role, ==, DH_ROLE_ANOMALY);
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 0, 1, 13);
    g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
    expect (report, "label-ids-shifted", DH_FINDING_INFO, 0, "already shifted by one");
    g_assert_cmpint (value_of (report, 13)->role, ==, DH_ROLE_ANOMALY);
    tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 1, 2, 13);
    g_autoptr (DhDatasetReport) unsure = check (root, NULL, NULL);
    expect (unsure, "label-ids-uncertain", DH_FINDING_WARNING, 0, "do not tell");
    tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 1, 2, 14);
    g_autoptr (DhDatasetReport) raw = check (root, NULL, NULL);
    expect (raw, "label-ids-raw", DH_FINDING_OK, 0, "anomaly is 14");
    tree_remove (root);
  }
}

static void
test_smiyc (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "dataset_ObstacleTrack/images/validation_19.jpg",
             "dataset_ObstacleTrack/labels_masks/validation_19_labels_semantic.png", 0, 1, 255);
  tree_image (root, "dataset_ObstacleTrack/images/gravel_1.jpg", 16, 8);
  tree_image (root, "dataset_ObstacleTrack/images/driveway_1.jpg", 18, 8);
  g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
  expect (report, "validation-only", DH_FINDING_INFO, 2, "1 image has a label and gets scores; the other 2");
  expect (report, "kit-leaves-out", DH_FINDING_INFO, 1, "validation_19");
  expect (report, "size", DH_FINDING_INFO, 0, "Images are of 2 sizes");
  g_assert_cmpuint (report->n_usable, ==, 3);
  g_assert_cmpuint (report->splits->len, ==, 3);
  g_assert_cmpint (dh_dataset_report_severity (report), ==, DH_FINDING_INFO);
  tree_remove (root);
}

static void
cancel_at_once (guint64 done, guint64 total, const char *what, gpointer data)
{
  g_cancellable_cancel (data);
}

static void
test_cancel (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *root = tree_new ();
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.png", i);
      tree_image (root, name, 640, 320);
    }
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, NULL, NULL, NULL, NULL, &error);
  const DhProgress progress = { cancel_at_once, cancellable };
  g_assert_null (dh_dataset_check (dataset, DH_CHECK_ALL, 1, cancellable, &progress, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autoptr (DhDatasetReport) quick = dh_dataset_check (dataset, DH_CHECK_QUICK, 3, NULL, NULL, &error);
  g_assert_no_error (error);
  expect (quick, "quick", DH_FINDING_INFO, 0, "quick");
  expect (quick, "no-labels", DH_FINDING_INFO, 0, "maps only");
  tree_remove (root);
}

/* Facts of the real sets. */
static void
test_real (void)
{
  static const struct
  {
    const char *folder;
    DhDatasetKind kind;
    guint pictures, anomaly_pictures;
  } sets[] = {
    { "fs-static", DH_DATASET_STATIC, 30, 20 }, { "smiyc", DH_DATASET_SMIYC, 10, 10 },
    { "kitti", DH_DATASET_CITYSCAPES, 180, 0 }, { "cityscapes", DH_DATASET_CITYSCAPES, 8, 0 },
    { "camvid", DH_DATASET_CAMVID, 468, 0 },    { "negatives", DH_DATASET_ADE20K, 194, 0 },
  };
  const char *shared = g_getenv ("DH_SHARED");
  g_autofree char *data = g_build_filename (shared ? shared : "/nonexistent", "data", NULL);
  if (!g_file_test (data, G_FILE_TEST_IS_DIR))
    {
      g_test_skip ("no real data in DH_SHARED/data");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (sets); i++)
    {
      g_autofree char *root = g_build_filename (data, sets[i].folder, NULL);
      g_autoptr (DhDatasetReport) report = check (root, NULL, NULL);
      g_assert_cmpint (report->kind, ==, sets[i].kind);
      g_assert_cmpuint (report->n_images, ==, sets[i].pictures);
      g_assert_cmpuint (report->n_pairs, ==, sets[i].pictures);
      g_assert_cmpuint (report->n_usable, ==, sets[i].pictures);
      g_assert_cmpint (dh_dataset_report_severity (report), <=, DH_FINDING_INFO);
      guint anomalies = 0;
      for (guint k = 0; k < report->values->len; k++)
        {
          const DhLabelValue *value = report->values->pdata[k];
          anomalies += value->role == DH_ROLE_ANOMALY ? value->images : 0;
        }
      g_assert_cmpuint (anomalies, ==, sets[i].anomaly_pictures);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset-check/broken", test_broken);
  g_test_add_func ("/dataset-check/no-files", test_no_files);
  g_test_add_func ("/dataset-check/foreign", test_foreign);
  g_test_add_func ("/dataset-check/needs", test_needs);
  g_test_add_func ("/dataset-check/hidden", test_hidden);
  g_test_add_func ("/dataset-check/published", test_published);
  g_test_add_func ("/dataset-check/white", test_white);
  g_test_add_func ("/dataset-check/numbering", test_numbering);
  g_test_add_func ("/dataset-check/smiyc", test_smiyc);
  g_test_add_func ("/dataset-check/cancel", test_cancel);
  g_test_add_func ("/dataset-check/real", test_real);
  return g_test_run ();
}
