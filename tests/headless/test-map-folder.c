/* Which file is which picture's score map: the layouts of the field, doubts and empty folders in words. */
#include "dh-error.h"
#include "dh-map-folder.h"
#include "patience.h"
#include "tree.h"

typedef struct
{
  char *root, *maps;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->root = tree_new ();
  fixture->maps = tree_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  tree_remove (fixture->root);
  tree_remove (fixture->maps);
  g_free (fixture->root);
  g_free (fixture->maps);
}

static DhDataset *
open_set (Fixture *fixture, const char *kind)
{
  g_autoptr (GError) error = NULL;
  DhDataset *dataset = dh_dataset_open (fixture->root, kind, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

static void
put (Fixture *fixture, const char *path)
{
  tree_bytes (fixture->maps, path, "x", 1);
}

/* Picture and file alternate; "" is a picture without one. */
static void
finds (Fixture *fixture, DhDataset *dataset, const char *const *pairs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhMapFolder) folder = dh_map_folder_open (fixture->maps, dataset, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  guint n = 0;
  for (; pairs[0]; pairs += 2)
    {
      const gint index = dh_dataset_find (dataset, pairs[0]);
      g_assert_cmpint (index, >=, 0);
      const char *file = dh_map_folder_file (folder, (guint)index);
      g_autofree char *wanted = g_build_filename (fixture->maps, pairs[1], NULL);
      g_assert_cmpstr (file, ==, *pairs[1] ? wanted : NULL);
      n += file != NULL;
    }
  g_assert_cmpuint (dh_map_folder_n_found (folder), ==, n);
}

static void
refuses (Fixture *fixture, DhDataset *dataset, DhError code, const char *const *words)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_map_folder_open (fixture->maps, dataset, NULL, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, (gint)code);
  g_test_message ("%s", error->message);
  for (; *words; words++)
    g_assert_nonnull (strstr (error->message, *words));
}

#define FINDS(...) finds (fixture, dataset, (const char *const[]){ __VA_ARGS__, NULL })
#define REFUSES(code, ...) refuses (fixture, dataset, code, (const char *const[]){ __VA_ARGS__, NULL })

static void
make_smiyc (Fixture *fixture)
{
  tree_pair (fixture->root, "dataset_AnomalyTrack/images/validation0.png",
             "dataset_AnomalyTrack/labels_masks/validation0_labels_semantic.png", 0, 1);
  tree_pair (fixture->root, "dataset_AnomalyTrack/images/validation1.png",
             "dataset_AnomalyTrack/labels_masks/validation1_labels_semantic.png", 0, 1);
  tree_pair (fixture->root, "dataset_ObstacleTrack/images/validation_1.png",
             "dataset_ObstacleTrack/labels_masks/validation_1_labels_semantic.png", 0, 1);
}

static void
test_smiyc (Fixture *fixture, gconstpointer data)
{
  make_smiyc (fixture);
  g_autoptr (DhDataset) dataset = open_set (fixture, "smiyc");
  const char *const a = dh_dataset_item (dataset, 0)->stem, *const b = dh_dataset_item (dataset, 1)->stem,
                    *const c = dh_dataset_item (dataset, 2)->stem;
  put (fixture, "anomaly_p/RbA/AnomalyTrack-all/validation0.hdf5");
  put (fixture, "anomaly_p/RbA/AnomalyTrack-all/validation1.hdf5");
  put (fixture, "anomaly_p/RbA/ObstacleTrack-all/validation_1.hdf5");
  put (fixture, "anomaly_masks/RbA/AnomalyTrack-all/validation0.png");
  put (fixture, "readme.txt");
  FINDS (a, "anomaly_p/RbA/AnomalyTrack-all/validation0.hdf5", b, "anomaly_p/RbA/AnomalyTrack-all/validation1.hdf5", c,
         "anomaly_p/RbA/ObstacleTrack-all/validation_1.hdf5");

  /* A second method is no better. */
  put (fixture, "anomaly_p/PEBAL/AnomalyTrack-all/validation0.hdf5");
  put (fixture, "anomaly_p/PEBAL/AnomalyTrack-all/validation1.hdf5");
  REFUSES (DH_ERROR_MISMATCH, "two files could be the score map of", "validation0",
           "anomaly_p/PEBAL/AnomalyTrack-all/validation0.hdf5 and anomaly_p/RbA/AnomalyTrack-all/validation0.hdf5",
           "of 1 more", "name the folder of one method");
}

/* Every ending and suffix; what no picture is called like is passed over; nothing matches by its beginning. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *image = g_strdup_printf ("street%u.png", i);
      tree_image (fixture->root, image, 16, 8);
    }
  g_autoptr (DhDataset) dataset = open_set (fixture, "folder");
  put (fixture, "street0.npy");
  put (fixture, "deep/er/street1_hybrid.npy");
  put (fixture, "street2_anomaly.npy");
  put (fixture, "street2_segmentation.npy");
  put (fixture, "METHOD/street3.npz");
  put (fixture, "street4.HDF5");
  put (fixture, "street55.npy");
  put (fixture, "street5_likelihood.npy");
  put (fixture, ".street5.npy");
  FINDS ("street0", "street0.npy", "street1", "deep/er/street1_hybrid.npy", "street2", "street2_anomaly.npy", "street3",
         "METHOD/street3.npz", "street4", "street4.HDF5", "street5", "");
  put (fixture, "street5.h5");
  put (fixture, "street5.npy");
  REFUSES (DH_ERROR_MISMATCH, "street5", "street5.h5 and street5.npy");
}

/* Pictures of one name are told apart by folders, whole or in part, or by the name that an export gives them. */
static void
test_towns (Fixture *fixture, gconstpointer data)
{
  static const char *const towns[] = { "t5", "t6" };
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *image = g_strdup_printf ("test/images/test/%s/00001.png", towns[i]);
      g_autofree char *label = g_strdup_printf ("test/annotations/test/%s/00001.png", towns[i]);
      tree_pair (fixture->root, image, label, 1, 14);
    }
  g_autoptr (DhDataset) dataset = open_set (fixture, "street-hazards");
  put (fixture, "m/t6/00001.npy");
  FINDS ("t5/00001", "", "t6/00001", "m/t6/00001.npy");
  put (fixture, "m/t5/00001.npy");
  FINDS ("t5/00001", "m/t5/00001.npy", "t6/00001", "m/t6/00001.npy");
  tree_remove (fixture->maps);
  put (fixture, "t5_00001_anomaly.npy");
  put (fixture, "t6_00001_anomaly.npy");
  FINDS ("t5/00001", "t5_00001_anomaly.npy", "t6/00001", "t6_00001_anomaly.npy");
  tree_remove (fixture->maps);
  put (fixture, "00001.npy");
  REFUSES (DH_ERROR_MISMATCH, "00001.npy could be the score map of t5/00001 or of t6/00001");
}

/* Fishyscapes orders by the number before the name; others' files bear the image's own name. */
static void
test_fishyscapes (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *image = g_strdup_printf ("leftImg8bit/04_Street_00000%u_000010_leftImg8bit.png", i);
      g_autofree char *label = g_strdup_printf ("%04u_04_Street_00000%u_000010_labels.png", i, i);
      tree_pair (fixture->root, image, label, 0, 1, 255);
    }
  g_autoptr (DhDataset) dataset = open_set (fixture, "lf");
  put (fixture, "0_whatever_anomaly.npy");
  put (fixture, "0_whatever_segmentation.npy");
  put (fixture, "0001_04_Street_000001_000010_anomaly.npy");
  put (fixture, "04_Street_000002_000010_leftImg8bit.npy");
  FINDS (dh_dataset_item (dataset, 0)->stem, "0_whatever_anomaly.npy", dh_dataset_item (dataset, 1)->stem,
         "0001_04_Street_000001_000010_anomaly.npy", dh_dataset_item (dataset, 2)->stem,
         "04_Street_000002_000010_leftImg8bit.npy");
}

/* A run's own folder, links that lead in a circle, and what the run itself writes meanwhile. */
static void
test_folders (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  make_smiyc (fixture);
  g_autoptr (DhDataset) dataset = open_set (fixture, "smiyc");
  const char *stem = dh_dataset_item (dataset, 0)->stem;
  g_autofree char *name = g_strconcat (stem, ".npy", NULL), *kept = g_build_filename ("eval", "scores", name, NULL);
  g_autofree char *beside = g_build_filename ("eval", "likelihood", name, NULL);
  put (fixture, kept);
  put (fixture, beside);
  g_autofree char *loop = tree_path (fixture->maps, "eval/scores/loop");
  g_assert_cmpint (symlink (fixture->maps, loop), ==, 0);
  g_autofree char *self = tree_path (fixture->maps, "eval/scores/self");
  g_assert_cmpint (symlink (".", self), ==, 0);
  REFUSES (DH_ERROR_MISMATCH, "two files"); /* above the root it is another way to other files, and no circle */
  g_assert_cmpint (g_unlink (loop), ==, 0);
  FINDS (stem, kept);

  tree_remove (fixture->maps);
  put (fixture, "validation0.npy");
  put (fixture, "out/validation0.npy");
  g_autofree char *out = g_build_filename (fixture->maps, "out", NULL);
  g_autoptr (DhMapFolder) folder = dh_map_folder_open (fixture->maps, dataset, out, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_map_folder_n_found (folder), ==, 1);
}

/* Seconds of computing to find the maps of so many frames, whose scene alone tells them apart. */
static double
work_of_frames (Fixture *fixture, guint n)
{
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *image = g_strdup_printf ("drive/%05u/left/rgb.png", i);
      g_autofree char *map = g_strdup_printf ("drive/%05u/left/rgb.npy", i);
      tree_image (fixture->root, image, 2, 1);
      put (fixture, map);
    }
  g_autoptr (DhDataset) dataset = open_set (fixture, "folder");
  const double before = patience_work ();
  g_autoptr (DhMapFolder) folder = dh_map_folder_open (fixture->maps, dataset, NULL, NULL, NULL, &error);
  const double work = patience_work () - before;
  g_assert_no_error (error);
  g_assert_cmpuint (dh_map_folder_n_found (folder), ==, n);
  g_assert_true (g_str_has_suffix (dh_map_folder_file (folder, 7), "drive/00007/left/rgb.npy"));
  tree_remove (fixture->root);
  tree_remove (fixture->maps);
  return work;
}

/* However many frames bear one name, each is looked for among few. */
static void
test_frames (Fixture *fixture, gconstpointer data)
{
  const double few = work_of_frames (fixture, 200), many = work_of_frames (fixture, 2000);
  g_test_message ("few frames %.1f ms, ten times as many %.1f ms", 1e3 * few, 1e3 * many);
  g_assert_cmpfloat (many, <, 25 * few);
}

static void
test_nothing (Fixture *fixture, gconstpointer data)
{
  make_smiyc (fixture);
  g_autoptr (DhDataset) dataset = open_set (fixture, "smiyc");
  put (fixture, "notes.txt");
  REFUSES (DH_ERROR_NOT_FOUND, "holds no score map", "validation0.npy, validation0_hybrid.npy");
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *name = g_strdup_printf ("image_%u.npy", i);
      put (fixture, name);
    }
  REFUSES (DH_ERROR_NOT_FOUND, "no file bears the name of an image", "validation0.npy, validation0_hybrid.npy",
           "there is image_0.npy, image_1.npy, image_2.npy and 2 more");
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_map_folder_open ("/nowhere", dataset, NULL, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  static const struct
  {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = { { "/map-folder/smiyc", test_smiyc },     { "/map-folder/names", test_names },
                { "/map-folder/towns", test_towns },     { "/map-folder/fishyscapes", test_fishyscapes },
                { "/map-folder/folders", test_folders }, { "/map-folder/frames", test_frames },
                { "/map-folder/nothing", test_nothing } };
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
