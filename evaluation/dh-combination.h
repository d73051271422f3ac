#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* How a run is made of the score maps that others keep: picture by picture each map is brought to a common scale where
 * that is asked for, they are put together pixel by pixel, and the whole is blurred. In this order. */

typedef enum
{
  DH_COMBINE_MEAN,
  DH_COMBINE_MAX,
  DH_COMBINE_MIN,
  DH_COMBINE_SUM, /* each by its weight */
  DH_N_COMBINES,
} DhCombine;

/* Scores of different methods have different scales. Whatever is done about that looks at all pixels alike: no label
 * has a part in a score. */
typedef enum
{
  DH_STANDARD_UNSAID,    /* as they are, where that can make sense: all are one map of networks, or one run's alone */
  DH_STANDARD_NONE,      /* as they are */
  DH_STANDARD_DEVIATION, /* (s − mean) / standard deviation, of all finite pixels of that run's set */
  DH_STANDARD_RANKS,     /* the share of these pixels that have a lower score, and half of those that have the same */
  DH_N_STANDARDS,
} DhStandard;

typedef struct
{
  gint64 run;
  char *map; /* one of those that lie beside the run's own; NULL: its own */
  double weight;
} DhCombinationPart;

enum
{
  DH_COMBINATION_MOST_PARTS = 64,
};

typedef struct
{
  GArray *parts; /* DhCombinationPart, each once */
  DhCombine how; /* has no meaning of one part */
  DhStandard standard;
  double sigma; /* of dh-blur.h; 0: none */
  guint kernel; /* 0: what belongs to the sigma */
} DhCombination;

/* The mean of nothing yet, as it is. */
DhCombination *dh_combination_new (void);
DhCombination *dh_combination_copy (const DhCombination *combination);
void dh_combination_free (DhCombination *combination);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCombination, dh_combination_free)

/* "mean", "max", "min", "sum"; "none", "deviation", "ranks" (NULL where nothing is said). */
const char *dh_combine_name (DhCombine how);
gboolean dh_combine_from_name (const char *name, DhCombine *how);
const char *dh_standard_name (DhStandard standard);
gboolean dh_standard_from_name (const char *name, DhStandard *standard);

/* `map` may be NULL. */
void dh_combination_add (DhCombination *combination, gint64 run, const char *map, double weight);
/* "3,5:max_softmax": runs, and maps beside theirs; each of weight 1. Error: DH_ERROR_USAGE. */
gboolean dh_combination_add_text (DhCombination *combination, const char *text, GError **error);
/* "0.7,0.3": one for each part. Error: DH_ERROR_USAGE. */
gboolean dh_combination_set_weights (DhCombination *combination, const char *text, GError **error);
/* Whether that makes another map than there is. Sets the kernel where none is. Error: DH_ERROR_USAGE, a sentence. */
gboolean dh_combination_check (DhCombination *combination, GError **error);

/* "--run 3,5 --how mean --smooth 1": what the command `combine` is told; free with g_free. */
char *dh_combination_dup_flags (const DhCombination *combination);
/* All that it says but which runs, as text of ASCII: what two of the same parts are told apart by. Free with g_free. */
char *dh_combination_to_text (const DhCombination *combination);

G_END_DECLS
