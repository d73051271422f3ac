#include "dh-slice-ranks-private.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-room-private.h"
#include "dh-score-stats.h"

/* For each pixel of a picture while it is added: its map, a second time while it is turned round, labels as they are
 * read, as they are meant and as a place has them, and what it adds to a ranking. */
#define LOADED_BYTES 17

typedef struct
{
  DhSliceRank *rank;
  guint next; /* of its members */
  DhScoreStats *stats;
} Open;

DhSliceRank *
dh_slice_rank_new (void)
{
  DhSliceRank *rank = g_atomic_rc_box_new0 (DhSliceRank);
  rank->members = g_array_new (FALSE, FALSE, sizeof (guint));
  rank->place = DH_N_PLACES;
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

/* A ranking stands open from its first picture to its last. Whether it fits beside those of the pass that do so. */
static gboolean
fits (GPtrArray *pass, const DhSliceRank *rank, gsize budget)
{
  /* The memory grows at first pictures alone. */
  for (guint i = 0; i <= pass->len; i++)
    {
      const guint at = member (i < pass->len ? pass->pdata[i] : rank, 0);
      if (at < member (rank, 0) || at > last_member (rank))
        continue;
      guint64 cost = cost_of (rank);
      for (guint j = 0; j < pass->len; j++)
        if (member (pass->pdata[j], 0) <= at && at <= last_member (pass->pdata[j]))
          cost += cost_of (pass->pdata[j]);
      if (cost > budget && cost > cost_of (rank))
        return FALSE;
    }
  return TRUE;
}

/* The passes over the set, each an array of ranks. */
static GPtrArray *
plan (GPtrArray *ranks, gsize budget)
{
  GPtrArray *passes = g_ptr_array_new_with_free_func ((GDestroyNotify)g_ptr_array_unref);
  for (guint i = 0; i < ranks->len; i++)
    {
      DhSliceRank *rank = ranks->pdata[i];
      guint pass = 0;
      if (rank->members->len == 0)
        continue;
      while (pass < passes->len && !fits (passes->pdata[pass], rank, budget))
        pass++;
      if (pass == passes->len)
        g_ptr_array_add (passes, g_ptr_array_new ());
      g_ptr_array_add (passes->pdata[pass], rank);
    }
  return passes;
}

/* The pictures of a pass, ascending. */
static GArray *
list_pictures (GPtrArray *pass)
{
  guint end = 0;
  for (guint i = 0; i < pass->len; i++)
    end = MAX (end, last_member (pass->pdata[i]) + 1);
  g_autofree gboolean *has = g_new0 (gboolean, end);
  for (guint i = 0; i < pass->len; i++)
    for (guint k = 0; k < ((DhSliceRank *)pass->pdata[i])->members->len; k++)
      has[member (pass->pdata[i], k)] = TRUE;
  GArray *pictures = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < end; i++)
    if (has[i])
      g_array_append_val (pictures, i);
  return pictures;
}

guint
dh_slice_ranks_count_readings (GPtrArray *ranks, gsize budget)
{
  g_autoptr (GPtrArray) passes = plan (ranks, budget);
  guint n = 0;
  for (guint i = 0; i < passes->len; i++)
    {
      g_autoptr (GArray) pictures = list_pictures (passes->pdata[i]);
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

static gboolean
add_to_stats (Open *open, const DhFrame *frame)
{
  if (open->rank->place == DH_N_PLACES)
    return dh_score_stats_add (open->stats, frame);
  g_autoptr (DhFrame) part = cut (frame, open->rank->place);
  return part != NULL && dh_score_stats_add (open->stats, part);
}

/* `frame` is NULL where the picture cannot be read, and then there is a `why`. Maps of another run that has taken the
 * folder meanwhile may be among those that were read. */
static void
add (Open *open, DhSetMaps *maps, DhScore score, const DhFrame *frame, const char *why)
{
  g_autoptr (GError) taken = NULL;
  open->next++;
  if (open->stats == NULL)
    open->stats = dh_score_stats_new ();
  if (why == NULL && !add_to_stats (open, frame))
    why = _ ("no memory is left for it");
  if (why == NULL && open->next == open->rank->members->len && !dh_set_maps_check (maps, &taken))
    why = taken->message;
  if (why != NULL || open->next == open->rank->members->len)
    finish (open, score, why);
}

/* Without memory for it the system would end the program. Pixels without labels would pass for inliers. */
static DhFrame *
load (DhSetMaps *maps, guint picture, DhScore score, char **why)
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
      g_autofree char *why = NULL;
      g_autoptr (DhFrame) frame = load (maps, picture, score, &why);
      ++*reading;
      for (guint i = 0; i < pass->len; i++)
        {
          Open *open = &opens[i];
          if (open->rank->done || member (open->rank, open->next) != picture)
            continue;
          add (open, maps, score, frame, why);
          if (open->rank->done)
            told (open->rank, *reading, data);
        }
      told (NULL, *reading, data);
    }
  for (guint i = 0; i < pass->len; i++)
    g_clear_pointer (&opens[i].stats, dh_score_stats_unref);
}

void
dh_slice_ranks_measure (GPtrArray *ranks, DhSetMaps *maps, DhScore score, gsize budget, DhSliceRankTold told,
                        gpointer data, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) passes = plan (ranks, budget);
  guint reading = 0;
  for (guint i = 0; i < passes->len; i++)
    measure_pass (passes->pdata[i], maps, score, &reading, told, data, cancellable);
}
