#include "dh-slice-ranks-private.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-class-pixels.h"
#include "dh-room-private.h"
#include "dh-score-stats.h"

/* For each pixel of a picture while it is added: its map, a second time while it is turned round, labels as they are
 * read, as they are meant and as a place has them, and what it adds to a ranking. */
#define LOADED_BYTES 17
/* And where classes are measured: what they are, and its map and labels once more, by class. */
#define CLASS_BYTES 6

/* A picture, and its pixels by class, once somebody has asked for these. */
typedef struct
{
  DhSetMaps *maps;
  guint picture;
  DhScore score;
  DhFrame *frame; /* NULL: it cannot be read */
  char *why;      /* then: why */
  gboolean cut;
  DhClassPixels *by_class;
  char *why_not_cut;
} Loaded;

typedef struct
{
  DhSliceRank *rank;
  guint next; /* of its members */
  DhScoreStats *stats;
} Open;

static void
loaded_clear (Loaded *loaded)
{
  g_clear_pointer (&loaded->frame, dh_frame_unref);
  g_clear_pointer (&loaded->by_class, dh_class_pixels_free);
  g_free (loaded->why);
  g_free (loaded->why_not_cut);
}

DhSliceRank *
dh_slice_rank_new (void)
{
  DhSliceRank *rank = g_atomic_rc_box_new0 (DhSliceRank);
  rank->members = g_array_new (FALSE, FALSE, sizeof (guint));
  rank->place = DH_N_PLACES;
  rank->class_id = -1;
  rank->ap = rank->fpr95 = rank->auroc = NAN;
  return rank;
}

DhSliceRank *
dh_slice_rank_ref (DhSliceRank *rank)
{
  return g_atomic_rc_box_acquire (rank);
}

static void
rank_clear (gpointer data)
{
  DhSliceRank *rank = data;
  g_array_unref (rank->members);
  g_free (rank->why);
}

void
dh_slice_rank_unref (gpointer rank)
{
  g_atomic_rc_box_release_full (rank, rank_clear);
}

static guint64
cost_of (const DhSliceRank *rank)
{
  return dh_ranking_usual_memory (rank->pixels);
}

/* Memory of a pass, from this picture on: so much more than before, or less. Ascending. */
typedef struct
{
  guint at;
  gint64 more;
} Change;

/* Rankings that are measured in one pass over the set. */
typedef struct
{
  GPtrArray *ranks; /* DhSliceRank, borrowed */
  GArray *changes;  /* Change */
} Group;

static guint
member (const DhSliceRank *rank, guint at)
{
  return g_array_index (rank->members, guint, at);
}

static guint
last_member (const DhSliceRank *rank)
{
  return member (rank, rank->members->len - 1);
}

static Group *
group_new (void)
{
  Group *group = g_new (Group, 1);
  group->ranks = g_ptr_array_new ();
  group->changes = g_array_new (FALSE, FALSE, sizeof (Change));
  return group;
}

static void
group_free (gpointer data)
{
  Group *group = data;
  g_ptr_array_unref (group->ranks);
  g_array_unref (group->changes);
  g_free (group);
}

/* A ranking stands open from its first picture to its last. Whether it fits beside those of the group that do so. */
static gboolean
fits (const Group *group, const DhSliceRank *rank, gsize budget)
{
  const guint64 own = cost_of (rank);
  const guint first = member (rank, 0), last = last_member (rank);
  gint64 others = 0;
  for (guint i = 0; i < group->changes->len; i++)
    {
      const Change *change = &g_array_index (group->changes, Change, i);
      const guint64 before = (guint64)others;
      others += change->more;
      if (change->at > first && before > 0 && before + own > budget)
        return FALSE;
      if (change->at > last)
        return TRUE;
    }
  return TRUE; /* nothing is open behind the last change */
}

static void
add_change (GArray *changes, guint at, gint64 more)
{
  guint low = 0, high = changes->len;
  while (low < high)
    {
      const guint middle = low + (high - low) / 2;
      if (g_array_index (changes, Change, middle).at < at)
        low = middle + 1;
      else
        high = middle;
    }
  if (low < changes->len && g_array_index (changes, Change, low).at == at)
    g_array_index (changes, Change, low).more += more;
  else
    g_array_insert_vals (changes, low, &(Change){ at, more }, 1);
}

static void
group_add (Group *group, DhSliceRank *rank)
{
  const gint64 cost = (gint64)cost_of (rank);
  g_ptr_array_add (group->ranks, rank);
  add_change (group->changes, member (rank, 0), cost);
  add_change (group->changes, last_member (rank) + 1, -cost);
}

/* The passes over the set, a Group each. */
static GPtrArray *
plan (GPtrArray *ranks, gsize budget)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func (group_free);
  for (guint i = 0; i < ranks->len; i++)
    {
      DhSliceRank *rank = ranks->pdata[i];
      guint at = 0;
      if (rank->members->len == 0)
        continue;
      while (at < groups->len && !fits (groups->pdata[at], rank, budget))
        at++;
      if (at == groups->len)
        g_ptr_array_add (groups, group_new ());
      group_add (groups->pdata[at], rank);
    }
  return groups;
}

GArray *
dh_slice_ranks_unite (const GPtrArray *members)
{
  guint end = 0;
  for (guint i = 0; i < members->len; i++)
    {
      const GArray *one = members->pdata[i];
      if (one->len > 0)
        end = MAX (end, g_array_index (one, guint, one->len - 1) + 1);
    }
  g_autofree gboolean *has = g_new0 (gboolean, MAX (end, 1));
  for (guint i = 0; i < members->len; i++)
    for (guint k = 0; k < ((const GArray *)members->pdata[i])->len; k++)
      has[g_array_index ((const GArray *)members->pdata[i], guint, k)] = TRUE;
  GArray *pictures = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < end; i++)
    if (has[i])
      g_array_append_val (pictures, i);
  return pictures;
}

/* The pictures of a pass, ascending. */
static GArray *
list_pictures (GPtrArray *pass)
{
  g_autoptr (GPtrArray) members = g_ptr_array_new ();
  for (guint i = 0; i < pass->len; i++)
    g_ptr_array_add (members, ((DhSliceRank *)pass->pdata[i])->members);
  return dh_slice_ranks_unite (members);
}

guint
dh_slice_ranks_count_readings (GPtrArray *ranks, gsize budget)
{
  g_autoptr (GPtrArray) groups = plan (ranks, budget);
  guint n = 0;
  for (guint i = 0; i < groups->len; i++)
    {
      g_autoptr (GArray) pictures = list_pictures (((Group *)groups->pdata[i])->ranks);
      n += pictures->len;
    }
  return n;
}

static void
finish (Open *open, DhScore score, const char *why)
{
  DhSliceRank *rank = open->rank;
  if (why == NULL)
    {
      DhRankMetrics metrics;
      dh_score_stats_seal (open->stats, 0);
      dh_score_stats_metrics (open->stats, score, &metrics);
      rank->n_anomaly = dh_score_stats_n_anomalies (open->stats);
      rank->n_inlier = dh_score_stats_n_inliers (open->stats);
      rank->ap = metrics.ap;
      rank->fpr95 = metrics.fpr95;
      rank->auroc = metrics.auroc;
    }
  rank->why = g_strdup (why);
  rank->done = TRUE;
  g_clear_pointer (&open->stats, dh_score_stats_unref);
}

/* What lies elsewhere is void. NULL where memory is short. */
static DhFrame *
cut (const DhFrame *frame, DhPlace place)
{
  const gsize n = (gsize)frame->width * frame->height;
  guint8 *truth = g_try_malloc (MAX (n, 1));
  if (truth == NULL)
    return NULL;
  memcpy (truth, g_bytes_get_data (frame->truth, NULL), n);
  dh_place_keep (place, truth, frame->width, frame->height);
  DhFrame *part = dh_frame_copy (frame);
  g_bytes_unref (part->truth);
  part->truth = g_bytes_new_take (truth, n);
  return part;
}

static void
cut_by_class (Loaded *loaded)
{
  const DhFrame *frame = loaded->frame;
  const gsize n = (gsize)frame->width * frame->height;
  g_autoptr (GError) error = NULL;
  loaded->cut = TRUE;
  if ((loaded->why_not_cut = dh_room_dup_shortage (CLASS_BYTES * n)) != NULL)
    return;
  g_autoptr (GBytes) classes = dh_set_maps_load_classes (loaded->maps, loaded->picture, &error);
  if (classes != NULL && g_bytes_get_size (classes) == n)
    loaded->by_class = dh_class_pixels_new (dh_frame_floats (frame, dh_score_map (loaded->score)),
                                            g_bytes_get_data (frame->truth, NULL), g_bytes_get_data (classes, NULL), n);
  if (loaded->by_class == NULL)
    loaded->why_not_cut = g_strdup (error != NULL ? error->message : _ ("no memory is left for it"));
}

/* The pixels of the class as a picture of one row, which lives no longer than these. */
static DhFrame *
part_of (const Loaded *loaded, gint id)
{
  const DhClassPixels *pixels = loaded->by_class;
  const gsize n = dh_class_pixels_count (pixels, (guint8)id), begin = pixels->begin[id];
  DhFrame *part = dh_frame_new ((guint)n, 1);
  part->maps[dh_score_map (loaded->score)] = g_bytes_new_static (pixels->scores + begin, n * sizeof (float));
  part->truth = g_bytes_new_static (pixels->labels + begin, n);
  return part;
}

/* NULL, or why not; borrowed. */
static const char *
add_to_stats (Open *open, Loaded *loaded)
{
  const gint id = open->rank->class_id;
  g_autoptr (DhFrame) part = NULL;
  if (id >= 0 && !loaded->cut)
    cut_by_class (loaded);
  if (id >= 0 && loaded->by_class == NULL)
    return loaded->why_not_cut;
  if (id >= 0)
    part = part_of (loaded, id);
  else
    part = open->rank->place == DH_N_PLACES ? dh_frame_ref (loaded->frame) : cut (loaded->frame, open->rank->place);
  if (part != NULL && (part->width == 0 || dh_score_stats_add (open->stats, part)))
    return NULL;
  return _ ("no memory is left for it");
}

/* Maps of another run that has taken the folder meanwhile may be among those that were read. */
static void
add (Open *open, Loaded *loaded)
{
  g_autoptr (GError) taken = NULL;
  const char *why = loaded->why;
  open->next++;
  if (open->stats == NULL)
    open->stats = dh_score_stats_new ();
  if (why == NULL)
    why = add_to_stats (open, loaded);
  if (why == NULL && open->next == open->rank->members->len && !dh_set_maps_check (loaded->maps, &taken))
    why = taken->message;
  if (why != NULL || open->next == open->rank->members->len)
    finish (open, loaded->score, why);
}

/* Without memory for it the system would end the program. */
DhFrame *
dh_slice_ranks_load (DhSetMaps *maps, guint picture, DhScore score, char **why)
{
  g_autoptr (GError) error = NULL;
  *why = dh_room_dup_shortage (LOADED_BYTES * dh_set_maps_pixels (maps, picture));
  g_autoptr (DhFrame) frame = *why == NULL ? dh_set_maps_load (maps, picture, score, &error) : NULL;
  if (frame != NULL && frame->truth != NULL)
    return g_steal_pointer (&frame);
  if (*why == NULL)
    *why = g_strdup (error != NULL ? error->message : _ ("Its labels are gone"));
  return NULL;
}

static void
measure_pass (GPtrArray *pass, DhSetMaps *maps, DhScore score, guint *reading, DhSliceRankTold told, gpointer data,
              GCancellable *cancellable)
{
  g_autoptr (GArray) pictures = list_pictures (pass);
  g_autofree Open *opens = g_new0 (Open, pass->len);
  for (guint i = 0; i < pass->len; i++)
    opens[i].rank = pass->pdata[i];
  for (guint k = 0; k < pictures->len && !g_cancellable_is_cancelled (cancellable); k++)
    {
      const guint picture = g_array_index (pictures, guint, k);
      Loaded loaded = { .maps = maps, .picture = picture, .score = score };
      loaded.frame = dh_slice_ranks_load (maps, picture, score, &loaded.why);
      ++*reading;
      for (guint i = 0; i < pass->len; i++)
        {
          Open *open = &opens[i];
          if (open->rank->done || member (open->rank, open->next) != picture)
            continue;
          add (open, &loaded);
          if (open->rank->done)
            told (open->rank, *reading, data);
        }
      loaded_clear (&loaded);
      told (NULL, *reading, data);
    }
  for (guint i = 0; i < pass->len; i++)
    g_clear_pointer (&opens[i].stats, dh_score_stats_unref);
}

void
dh_slice_ranks_measure (GPtrArray *ranks, DhSetMaps *maps, DhScore score, gsize budget, DhSliceRankTold told,
                        gpointer data, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) groups = plan (ranks, budget);
  guint reading = 0;
  for (guint i = 0; i < groups->len; i++)
    measure_pass (((Group *)groups->pdata[i])->ranks, maps, score, &reading, told, data, cancellable);
}
