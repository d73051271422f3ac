/* What was published, as its authors count and name it. */
#include "dh-published-private.h"

#include <string.h>

#include "dh-check-private.h"

#define MOST_MISSING 20

#define CITY "_[0-9]{6}_[0-9]{6}$"
#define LOST_AND_FOUND "^([0-9]{4}_)?[0-9]{2}_.+_[0-9]{6}_[0-9]{6}$"
#define TOWN "^t[0-9]"
#define CAMVID "^(0001TP|0006R0|0016E5|Seq05VD)_"

typedef struct
{
  DhDatasetKind kind;
  const char *in, *set, *split;
  guint pictures;
  const char *pattern; /* of an item's id, or of its group; NULL: any */
  gboolean of_group;
  const char *numbered; /* what stands before the eight digits of ids that count from 1 */
} Published;

/* Of several of one split the first is the one that is not told by its number. */
static const Published published[] = {
  { DH_DATASET_LF, "", "Fishyscapes Lost & Found", "validation", 100, LOST_AND_FOUND },
  { DH_DATASET_STATIC, "", "Fishyscapes Static", "validation", 30, "^[0-9]{1,2}$|^[0-9]{4}_[a-z-]+" CITY },
  { DH_DATASET_STREET_HAZARDS, "test", "StreetHazards", "test", 1500, TOWN, TRUE },
  { DH_DATASET_STREET_HAZARDS_FULL, "training", "StreetHazards", "training", 5125, TOWN, TRUE },
  { DH_DATASET_STREET_HAZARDS_FULL, "validation", "StreetHazards", "validation", 1031, TOWN, TRUE },
  { DH_DATASET_STREET_HAZARDS_FULL, "test", "StreetHazards", "test", 1500, TOWN, TRUE },
  { DH_DATASET_CITYSCAPES, "train", "Cityscapes", "train", 2975,
    "^(aachen|bochum|bremen|cologne|darmstadt|dusseldorf|erfurt|hamburg|hanover|jena|krefeld|monchengladbach|"
    "strasbourg|stuttgart|tubingen|ulm|weimar|zurich)" CITY },
  { DH_DATASET_CITYSCAPES, "val", "Cityscapes", "val", 500, "^(frankfurt|lindau|munster)" CITY },
  { DH_DATASET_CITYSCAPES, "test", "Cityscapes", "test", 1525,
    "^(berlin|bielefeld|bonn|leverkusen|mainz|munich)" CITY },
  { DH_DATASET_LOST_AND_FOUND, "train", "Lost and Found", "train", 1036, LOST_AND_FOUND },
  { DH_DATASET_LOST_AND_FOUND, "test", "Lost and Found", "test", 1203, LOST_AND_FOUND },
  { DH_DATASET_LOST_AND_FOUND, "test", "Lost and Found", "testValid", 1186, LOST_AND_FOUND },
  { DH_DATASET_LOST_AND_FOUND, "test", "Lost and Found", "testNoKnown", 1043, LOST_AND_FOUND },
  { DH_DATASET_ADE20K, "training", "ADEChallengeData2016", "training", 20210, "^ADE_train_[0-9]{8}$", FALSE,
    "ADE_train_" },
  { DH_DATASET_ADE20K, "validation", "ADEChallengeData2016", "validation", 2000, "^ADE_val_[0-9]{8}$", FALSE,
    "ADE_val_" },
  { DH_DATASET_CAMVID, "train", "CamVid", "train", 367, CAMVID },
  { DH_DATASET_CAMVID, "val", "CamVid", "val", 101, CAMVID },
  { DH_DATASET_CAMVID, "test", "CamVid", "test", 233, CAMVID },
  { DH_DATASET_SMIYC, "AnomalyTrack test", "SMIYC AnomalyTrack", "test", 100 },
  { DH_DATASET_SMIYC, "AnomalyTrack validation", "SMIYC AnomalyTrack", "validation", 10, "^validation[0-9]+$" },
  { DH_DATASET_SMIYC, "ObstacleTrack test", "SMIYC ObstacleTrack", "test", 327 },
  { DH_DATASET_SMIYC, "ObstacleTrack validation", "SMIYC ObstacleTrack", "validation", 30, "^validation_[0-9]+$" },
  { DH_DATASET_SMIYC, "ObstacleTrack night", "SMIYC ObstacleTrack", "night", 30 },
  { DH_DATASET_SMIYC, "ObstacleTrack snowstorm", "SMIYC ObstacleTrack", "snowstorm", 55 },
};

static const Published *
find (DhDatasetKind kind, const char *in, guint pictures)
{
  const Published *first = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (published); i++)
    {
      const Published *own = &published[i];
      if (own->kind != kind || strcmp (own->in, in) != 0)
        continue;
      if (own->pictures == pictures)
        return own;
      first = first ? first : own;
    }
  return first;
}

/* The items that findings call by one name. */
typedef struct
{
  char *in;
  GPtrArray *items; /* DhDatasetItem */
} Split;

static void
split_free (gpointer data)
{
  Split *split = data;
  g_free (split->in);
  g_ptr_array_unref (split->items);
  g_free (split);
}

static GPtrArray *
list_splits (DhDataset *dataset)
{
  GPtrArray *splits = g_ptr_array_new_with_free_func (split_free);
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      g_autofree char *in = dh_check_split_name (dataset->kind, item);
      Split *split = g_hash_table_lookup (by_name, in);
      if (!split)
        {
          split = g_new (Split, 1);
          *split = (Split){ g_steal_pointer (&in), g_ptr_array_new () };
          g_ptr_array_add (splits, split);
          g_hash_table_insert (by_name, split->in, split);
        }
      g_ptr_array_add (split->items, (gpointer)item);
    }
  return splits;
}

/* Tracks are compared by themselves; of Fishyscapes' sets there is one split whatever its folders. */
static gboolean
is_in_part (DhDataset *dataset, const Split *split)
{
  if (dataset->kind == DH_DATASET_SMIYC || !dataset->chosen)
    return FALSE;
  if (!split->in[0])
    return TRUE;
  GPtrArray *parts = dh_dataset_parts (dataset);
  for (guint i = 0; i < parts->len; i++)
    {
      const DhDatasetPart *part = parts->pdata[i];
      if (strcmp (part->name, split->in) == 0)
        return part->images != split->items->len;
    }
  return FALSE;
}

static char *
list_missing (const Published *own, const Split *split)
{
  g_autoptr (GHashTable) there = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < split->items->len; i++)
    g_hash_table_add (there, ((const DhDatasetItem *)split->items->pdata[i])->id);
  g_autoptr (GString) text = g_string_new (NULL);
  guint missing = 0;
  for (guint i = 0; i < own->pictures; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s%08u", own->numbered, i + 1);
      if (g_hash_table_contains (there, id) || ++missing > MOST_MISSING)
        continue;
      g_string_append_printf (text, "%s%s", missing > 1 ? ", " : "", id);
    }
  if (missing == 0)
    return NULL;
  if (missing > MOST_MISSING)
    g_string_append (text, ", …");
  return g_strdup (text->str);
}

static DhPublishedMatch *
compare (const Published *own, const Split *split)
{
  DhPublishedMatch *match = g_new (DhPublishedMatch, 1);
  *match =
      (DhPublishedMatch){ .set = own->set, .split = own->split, .in = g_strdup (split->in), .pictures = own->pictures };
  g_autoptr (GRegex) pattern = own->pattern ? g_regex_new (own->pattern, 0, 0, NULL) : NULL;
  for (guint i = 0; i < split->items->len; i++)
    {
      const DhDatasetItem *item = split->items->pdata[i];
      if (!pattern || g_regex_match (pattern, own->of_group ? item->group : item->id, 0, NULL))
        match->there++;
      else
        match->others++;
    }
  if (own->numbered && match->there > 0)
    match->missing = list_missing (own, split);
  return match;
}

static void
match_free (gpointer data)
{
  g_free (((DhPublishedMatch *)data)->in);
  g_free (((DhPublishedMatch *)data)->missing);
  g_free (data);
}

GPtrArray *
dh_published_match (DhDataset *dataset)
{
  GPtrArray *matches = g_ptr_array_new_with_free_func (match_free);
  g_autoptr (GPtrArray) splits = list_splits (dataset);
  for (guint i = 0; i < splits->len; i++)
    {
      const Split *split = splits->pdata[i];
      const Published *own = find (dataset->kind, split->in, split->items->len);
      if (own && !is_in_part (dataset, split))
        g_ptr_array_add (matches, compare (own, split));
    }
  return matches;
}

gboolean
dh_published_is_whole (const DhPublishedMatch *match)
{
  return match->there == match->pictures && match->others == 0 && !match->missing;
}

char *
dh_published_dup_name (GPtrArray *matches, guint *first)
{
  const DhPublishedMatch *match = *first < matches->len ? matches->pdata[*first] : NULL;
  if (!match || !dh_published_is_whole (match))
    return NULL;
  const char *set = match->set;
  g_autoptr (GString) names = g_string_new (NULL), counts = g_string_new (NULL);
  guint all = 0, n = 0;
  for (; *first < matches->len; ++*first, n++)
    {
      match = matches->pdata[*first];
      if (strcmp (match->set, set) != 0 || !dh_published_is_whole (match))
        break;
      g_autofree char *count = dh_group_digits (match->pictures);
      g_string_append_printf (names, "%s%s", n > 0 ? " + " : "", match->split);
      g_string_append_printf (counts, "%s%s", n > 0 ? " + " : "", count);
      all += match->pictures;
    }
  g_autofree char *sum = dh_group_digits (all);
  return n > 1 ? g_strdup_printf ("%s %s (%s = %s images)", set, names->str, sum, counts->str)
               : g_strdup_printf ("%s %s (%s images)", set, names->str, sum);
}

char *
dh_dataset_dup_published (DhDataset *dataset)
{
  g_autoptr (GPtrArray) matches = dh_published_match (dataset);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < matches->len;)
    {
      const DhPublishedMatch *match = matches->pdata[i];
      g_autofree char *name = dh_published_dup_name (matches, &i);
      if (name)
        g_string_append_printf (text, "%s%s", text->len ? ", " : "", name);
      else
        {
          i++;
          if (match->there < match->pictures && match->there >= match->pictures / 2)
            g_string_append_printf (text, "%s%s %s, %u of %u images", text->len ? ", " : "", match->set, match->split,
                                    match->there, match->pictures);
        }
    }
  return text->len ? g_strdup (text->str) : NULL;
}
