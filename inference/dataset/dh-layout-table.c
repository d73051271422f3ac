/* Every layout: how it is found, and in what order they are tried. */
#include "dh-masks-private.h"
#include "dh-pair-private.h"

#include <string.h>

/* Whether a folder holds a folder named as StreetHazards' towns are: t1-3, t5, … */
static gboolean
has_town (DhLayoutFind *find, const char *base, const char *folder)
{
  g_autofree char *path = dh_pair_join (base, folder);
  guint first, end;
  dh_scan_under (find->scan, path, &first, &end);
  for (guint i = first; i < end; i++)
    {
      const char *rest = (const char *)find->scan->files->pdata[i] + strlen (path) + 1;
      if (rest[0] == 't' && g_ascii_isdigit (rest[1]) && strchr (rest, '/'))
        return TRUE;
    }
  return FALSE;
}

static gboolean
match_street_hazards_test (DhLayoutFind *find, const char *base)
{
  static const DhPairRule whole = { "test/images/test",         "",    "test/annotations/test", { "" },
                                    { DH_FORM_STREET_HAZARDS }, "test" };
  static const DhPairRule inside = {
    "images/test", "", "annotations/test", { "" }, { DH_FORM_STREET_HAZARDS }, "test"
  };
  if (dh_pair_has_folder (find, base, whole.image_dir) || dh_pair_has_folder (find, base, whole.label_dir))
    return dh_pair_match (find, base, &whole);
  return has_town (find, base, inside.image_dir) && dh_pair_match (find, base, &inside);
}

static gboolean
match_street_hazards_full (DhLayoutFind *find, const char *base)
{
  static const DhPairRule training = {
    "train/images", "", "train/annotations", { "" }, { DH_FORM_STREET_HAZARDS }, NULL
  };
  static const DhPairRule inside = { "images", "", "annotations", { "" }, { DH_FORM_STREET_HAZARDS }, NULL };
  if (dh_pair_has_folder (find, base, "train/images/training")
      || dh_pair_has_folder (find, base, "train/images/validation"))
    {
      if (!dh_pair_match (find, base, &training))
        return FALSE;
      match_street_hazards_test (find, base);
      return TRUE;
    }
  return (has_town (find, base, "images/training") || has_town (find, base, "images/validation"))
         && dh_pair_match (find, base, &inside);
}

static gboolean
has_label (DhLayoutFind *find)
{
  for (guint i = 0; i < find->items->len; i++)
    if (((DhItem *)find->items->pdata[i])->item.label)
      return TRUE;
  return find->orphans->len > 0;
}

static gboolean
match_lf_packed (DhLayoutFind *find, const char *base)
{
  static const DhPairRule rule = {
    "leftImg8bit", "_leftImg8bit", "ood", { "_ood_segmentation" }, { DH_FORM_LF }, NULL
  };
  return dh_pair_has_folder (find, base, "ood") && dh_pair_match (find, base, &rule) && has_label (find);
}

/* gtCoarse is Cityscapes' too; Lost and Found's scenes begin with two digits. */
static gboolean
match_lost_and_found (DhLayoutFind *find, const char *base)
{
  static const DhPairRule rule = {
    "leftImg8bit", "_leftImg8bit", "gtCoarse", { "_gtCoarse_labelIds" }, { DH_FORM_LOST_AND_FOUND }, NULL
  };
  if (!dh_pair_has_folder (find, base, "gtCoarse") || dh_pair_has_folder (find, base, "gtFine")
      || !dh_pair_match (find, base, &rule))
    return FALSE;
  const char *name =
      find->items->len > 0 ? ((DhItem *)find->items->pdata[0])->item.id : strrchr (find->orphans->pdata[0], '/') + 1;
  return g_ascii_isdigit (name[0]) && g_ascii_isdigit (name[1]);
}

static gboolean
match_cityscapes (DhLayoutFind *find, const char *base)
{
  static const DhPairRule rule = { "leftImg8bit",
                                   "_leftImg8bit",
                                   "gtFine",
                                   { "_gtFine_labelIds", "_gtFine_labelTrainIds" },
                                   { DH_FORM_CITYSCAPES, DH_FORM_CITYSCAPES_TRAIN },
                                   NULL };
  if (!dh_pair_match (find, base, &rule))
    return FALSE;
  if (find->items->len == 0)
    find->needs = "gtFine holds labels, but the images are missing: unpack leftImg8bit_trainvaltest.zip beside it";
  return TRUE;
}

/* "dataset_AnomalyTrack" → "AnomalyTrack"; NULL for other names. */
static char *
track_of (const char *folder)
{
  if (g_str_has_prefix (folder, "dataset_") && g_str_has_suffix (folder, "Track"))
    return g_strdup (folder + strlen ("dataset_"));
  return NULL;
}

/* ObstacleTrack's parts by the scene that begins a file's name, as the benchmark's own kit splits them. */
static const char *
smiyc_split (const char *id)
{
  return g_str_has_prefix (id, "validation")  ? "validation"
         : g_str_has_prefix (id, "snowstorm") ? "snowstorm"
         : g_str_has_prefix (id, "driveway")  ? "night"
                                              : "test";
}

static gboolean
match_smiyc (DhLayoutFind *find, const char *base)
{
  static const DhPairRule rule = { "images", "", "labels_masks", { "_labels_semantic" }, { DH_FORM_BINARY }, "" };
  g_autofree char *root = g_canonicalize_filename (find->scan->root, NULL);
  g_autofree char *folder = base[0] ? g_path_get_basename (base) : g_path_get_basename (root);
  g_autofree char *track = track_of (folder);
  if (!track && !dh_pair_has_folder (find, base, "labels_masks"))
    return FALSE;
  const guint before = find->items->len;
  if (!dh_pair_match (find, base, &rule))
    return FALSE;
  for (guint i = before; i < find->items->len; i++)
    {
      DhDatasetItem *item = &((DhItem *)find->items->pdata[i])->item;
      g_free (item->split);
      g_free (item->group);
      item->split = g_strdup (smiyc_split (item->id));
      item->group = g_strdup (track ? track : "");
    }
  return TRUE;
}

static gboolean
match_road_anomaly (DhLayoutFind *find, const char *base)
{
  static const DhPairRule rule = {
    "frames", "", "frames", { ".labels/labels_semantic" }, { DH_FORM_ROAD_ANOMALY }, ""
  };
  if (!dh_pair_has_folder (find, base, "frames") || !dh_pair_match (find, base, &rule))
    return FALSE;
  GPtrArray *pictures = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_item_free);
  for (guint i = 0; i < find->items->len; i++)
    {
      DhItem *item = find->items->pdata[i];
      if (strstr (item->item.stem, ".labels/")) /* a label, or its coloured copy */
        dh_item_free (item);
      else
        g_ptr_array_add (pictures, item);
    }
  g_ptr_array_set_free_func (find->items, NULL);
  g_ptr_array_unref (find->items);
  find->items = pictures;
  return has_label (find);
}

static gboolean
match_ade20k (DhLayoutFind *find, const char *base)
{
  static const DhPairRule rule = { "images", "", "annotations", { "" }, { DH_FORM_SEGMENTS }, NULL };
  return (dh_pair_has_folder (find, base, "images/training") || dh_pair_has_folder (find, base, "images/validation"))
         && (dh_pair_has_folder (find, base, "annotations/training")
             || dh_pair_has_folder (find, base, "annotations/validation"))
         && dh_pair_match (find, base, &rule);
}

static gboolean
match_full_ade20k (DhLayoutFind *find, const char *base)
{
  if (base[0])
    return FALSE;
  guint labels = 0;
  for (guint i = 0; i < find->scan->files->len; i++)
    {
      const char *path = find->scan->files->pdata[i];
      g_autofree char *key = dh_pair_is_png (path) ? dh_pair_key (path, "", "_seg") : NULL;
      g_autofree char *picture = key ? g_strconcat (key, ".jpg", NULL) : NULL;
      if (!picture || !dh_scan_has_file (find->scan, picture))
        continue;
      g_autofree char *split = NULL, *group = NULL;
      dh_pair_place (key, NULL, &split, &group);
      dh_pair_add_item (find, key, split, group, picture, NULL, DH_FORM_SEGMENTS);
      labels++;
    }
  find->needs = "*_seg.png is the full ADE20K, whose labels number other things: ADEChallengeData2016 is needed";
  return labels > 0;
}

static gboolean
match_camvid (DhLayoutFind *find, const char *base)
{
  static const char *const splits[] = { "train", "val", "test" };
  gboolean found = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (splits); i++)
    {
      g_autofree char *labels = g_strconcat (splits[i], "annot", NULL);
      const DhPairRule rule = { splits[i], "", labels, { "" }, { DH_FORM_CAMVID }, splits[i] };
      const guint before = find->items->len;
      if (!dh_pair_has_folder (find, base, labels) || !dh_pair_match (find, base, &rule))
        continue;
      found = TRUE;
      for (guint k = before; k < find->items->len; k++)
        {
          DhDatasetItem *item = &((DhItem *)find->items->pdata[k])->item;
          char *stem = g_strconcat (splits[i], "/", item->stem, NULL);
          g_free (item->stem);
          item->stem = stem;
        }
    }
  return found;
}

static gboolean
match_static_packed (DhLayoutFind *find, const char *base)
{
  if (base[0])
    return FALSE;
  static const DhPairRule rule = { "", "_rgb", "", { "_labels" }, { DH_FORM_BINARY }, NULL };
  return dh_pair_match (find, base, &rule) && find->items->len > 0 && has_label (find);
}

/* Pictures by the id that stands before _leftImg8bit, of the set and of the base folder. */
static void
index_base_pictures (GHashTable *by_id, const DhScan *scan)
{
  for (guint i = 0; scan && i < scan->files->len; i++)
    {
      const char *path = scan->files->pdata[i];
      g_autofree char *key = dh_path_is_picture (path) ? dh_pair_key (path, "", "_leftImg8bit") : NULL;
      if (!key)
        continue;
      const char *slash = strrchr (key, '/');
      g_hash_table_insert (by_id, g_strdup (slash ? slash + 1 : key), g_build_filename (scan->root, path, NULL));
    }
}

/* NNNN_{id}_labels.png with the pictures elsewhere, and for Static a NNNN_{id}_rgb.npz beside it to be added. */
static gboolean
match_official (DhLayoutFind *find, gboolean overlay)
{
  g_autoptr (GHashTable) by_id = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  index_base_pictures (by_id, find->scan);
  index_base_pictures (by_id, find->base_scan);
  for (guint i = 0; i < find->scan->files->len; i++)
    {
      const char *path = find->scan->files->pdata[i];
      g_autofree char *key = dh_pair_is_png (path) ? dh_pair_key (path, "", "_labels") : NULL;
      if (!key)
        continue;
      g_autofree char *npz = g_strconcat (key, "_rgb.npz", NULL);
      if (dh_scan_has_file (find->scan, npz) != overlay)
        continue;
      const char *slash = strrchr (key, '/');
      const char *name = slash ? slash + 1 : key;
      const char *id = name + strspn (name, "0123456789");
      const char *picture = *id == '_' ? g_hash_table_lookup (by_id, id + 1) : NULL;
      if (!picture)
        {
          g_ptr_array_add (find->orphans, g_strdup (path));
          continue;
        }
      g_autofree char *split = NULL, *group = NULL;
      dh_pair_place (key, NULL, &split, &group);
      DhItem *item = dh_pair_add_item (find, key, split, group, "", path, DH_FORM_BINARY);
      g_free (item->item.image);
      item->item.image = g_strdup (picture);
      item->item.overlay = overlay ? g_build_filename (find->scan->root, npz, NULL) : NULL;
    }
  return find->items->len + find->orphans->len > 0;
}

static gboolean
match_static_official (DhLayoutFind *find, const char *base)
{
  if (base[0] || !match_official (find, TRUE))
    return FALSE;
  if (find->orphans->len > 0)
    find->needs = "*_rgb.npz is what is added to Cityscapes' images: Cityscapes val images are needed (unpack "
                  "leftImg8bit/val beside it, or name their folder as the base)";
  return TRUE;
}

/* Masks alone; a folder that holds other pictures too must have names that begin with Fishyscapes' number. */
static gboolean
match_lf_official (DhLayoutFind *find, const char *base)
{
  if (base[0] || !match_official (find, FALSE))
    return FALSE;
  if (find->orphans->len == 0)
    return TRUE;
  const char *path = find->orphans->pdata[0], *slash = strrchr (path, '/');
  const char *name = slash ? slash + 1 : path;
  const char *id = name + strspn (name, "0123456789");
  if (id == name && find->items->len + find->orphans->len < find->scan->files->len)
    return FALSE;
  find->needs = id > name && id[0] == '_' && g_ascii_isalpha (id[1]) && strcmp (id, "_labels.png") != 0
                    ? "*_labels.png are masks alone, and their names are of Cityscapes' images: this is Fishyscapes "
                      "Static without its *_rgb.npz, which are needed, and so are Cityscapes val images"
                    : "*_labels.png are masks alone: Lost and Found images are needed (unpack leftImg8bit of Lost and "
                      "Found beside them, or name their folder as the base)";
  return TRUE;
}

static gboolean
match_folder (DhLayoutFind *find, const char *base)
{
  if (base[0])
    return FALSE;
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < find->scan->files->len; i++)
    {
      const char *path = find->scan->files->pdata[i];
      if (!dh_path_is_picture (path))
        continue;
      g_autofree char *key = g_strndup (path, dh_path_stem_length (path));
      const char *slash = strchr (key, '/');
      g_autofree char *group = slash ? g_strndup (key, slash - key) : g_strdup ("");
      DhItem *item = dh_pair_add_item (find, key, "", group, path, NULL, DH_FORM_NONE);
      g_autofree char *mask = g_strconcat (DH_MASKS_FOLDER "/", key, ".png", NULL);
      /* One of the same name has that place, and what lies among the masks would be one. */
      if (g_hash_table_add (keys, item->item.stem) && !g_str_has_prefix (path, DH_MASKS_FOLDER "/"))
        item->mask = g_build_filename (find->scan->root, mask, NULL);
    }
  dh_masks_leave_to_others (find->items);
  return find->items->len > 0;
}

/* The particular before the general. */
const DhLayout dh_layouts[] = {
  { DH_DATASET_STREET_HAZARDS_FULL, match_street_hazards_full, TRUE, FALSE, "StreetHazards",
    "train/images/{training,validation} beside train/annotations" },
  { DH_DATASET_STREET_HAZARDS, match_street_hazards_test, TRUE, FALSE, "StreetHazards, test split",
    "test/images/test beside test/annotations/test" },
  { DH_DATASET_LF, match_lf_packed, TRUE, FALSE, "Fishyscapes Lost & Found, as the reference packs it",
    "leftImg8bit/**/*_leftImg8bit.png beside ood/**/*_ood_segmentation.png" },
  { DH_DATASET_STATIC, match_static_packed, TRUE, FALSE, "Fishyscapes Static, as the reference packs it",
    "*_rgb.jpg with *_labels.png beside it" },
  { DH_DATASET_STATIC, match_static_official, TRUE, FALSE, "Fishyscapes Static, official overlays",
    "*_rgb.npz with *_labels.png beside it", TRUE },
  { DH_DATASET_SMIYC, match_smiyc, FALSE, TRUE, "SegmentMeIfYouCan", "images beside labels_masks" },
  { DH_DATASET_ROAD_ANOMALY, match_road_anomaly, TRUE, FALSE, "Road Anomaly (2019)",
    "frames/*.jpg with frames/*.labels/labels_semantic.png" },
  { DH_DATASET_LF, match_lf_official, TRUE, FALSE, "Fishyscapes Lost & Found, official masks",
    "NNNN_*_labels.png, with the images of Lost and Found", TRUE },
  { DH_DATASET_LOST_AND_FOUND, match_lost_and_found, TRUE, FALSE, "Lost and Found",
    "leftImg8bit beside gtCoarse/**/*_gtCoarse_labelIds.png" },
  { DH_DATASET_CITYSCAPES, match_cityscapes, TRUE, FALSE, "Cityscapes layout",
    "leftImg8bit/**/*_leftImg8bit.png beside gtFine" },
  { DH_DATASET_ADE20K, match_ade20k, TRUE, FALSE, "ADE20K layout (negatives)",
    "images/{training,validation} beside annotations/{training,validation}" },
  { DH_DATASET_CAMVID, match_camvid, TRUE, FALSE, "CamVid layout", "{train,val,test} beside {train,val,test}annot" },
  { DH_DATASET_ADE20K, match_full_ade20k, FALSE, FALSE, "ADE20K, the full set", "*.jpg with *_seg.png beside it" },
  { DH_DATASET_MASKS, dh_masks_match, TRUE, TRUE, "Images and masks", "images beside masks, or the like" },
  { DH_DATASET_MASKS, dh_masks_match_within, TRUE, TRUE, "Images and masks", "a folder of images with masks in it" },
  { DH_DATASET_FOLDER, match_folder, FALSE, FALSE, "Folder of images", "images in no known layout" },
};

const guint dh_n_layouts = G_N_ELEMENTS (dh_layouts);
