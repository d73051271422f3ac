#pragma once
#include "dh-layout-private.h"

G_BEGIN_DECLS

/* Pictures under `image_dir` whose stem ends in `image_suffix` ↔ labels at the same relative place under `label_dir`
 * with one of the suffixes and .png, or that of any picture. */
typedef struct
{
  const char *image_dir, *image_suffix, *label_dir;
  const char *label_suffixes[2];
  DhLabelForm forms[2];
  const char *split; /* NULL: the first folder of the relative path, if it is named like one */
  gboolean any_picture;
} DhPairRule;

/* FALSE where there is neither picture nor label. */
gboolean dh_pair_match (DhLayoutFind *find, const char *base, const DhPairRule *rule);

/* `key` is the relative path that names the item. Borrowed strings. */
DhItem *dh_pair_add_item (DhLayoutFind *find, const char *key, const char *split, const char *group, const char *image,
                          const char *label, DhLabelForm form);
/* Split and group off the folders of a key; free both with g_free. */
void dh_pair_place (const char *key, const char *fixed_split, char **split, char **group);
/* The stem of a path below a folder if it ends in `suffix`, without it; else NULL. Free with g_free. */
char *dh_pair_key (const char *path, const char *folder, const char *suffix);
char *dh_pair_join (const char *base, const char *rest);
gboolean dh_pair_is_png (const char *path);
gboolean dh_pair_has_folder (DhLayoutFind *find, const char *base, const char *folder);

G_END_DECLS
