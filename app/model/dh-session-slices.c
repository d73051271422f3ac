#include "dh-session-slices.h"
#include <glib/gi18n.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "dh-session-evaluation.h"
#include "dh-session-private.h"
#include "dh-session-set-objects.h"
#include "dh-slice-ranks-private.h"

/* Microseconds between two words of progress. */
#define TELL_EVERY (G_USEC_PER_SEC / 10)
/* Milliseconds after which what was told is shown: of a set of many scenes all rows would be gone through for each. */
#define SHOW_AFTER 100

/* Shared between the window's thread and the one that measures. */
typedef struct
{
  gatomicrefcount refs;
  GCancellable *cancellable;
  /* set once */
  DhSetMaps *maps;
  DhScore score;
  GPtrArray *ranks; /* DhSliceRank: the thread's until it tells of them */
  GPtrArray *keys;  /* of these */
  guint readings;
  /* the thread */
  gint64 told;
  /* the window's thread */
  DhSession *session; /* borrowed; only while it is the session's */
  guint reading;
} Pass;

struct _DhSessionSlices
{
  GListStore *rows;  /* DhSlice */
  GHashTable *known; /* key → DhSliceRank, of this evaluation */
  gboolean wanted;
  DhSetObjects *counted; /* what the rows show; NULL: nothing */
  gboolean counted_old;
  Pass *pass;
  guint show_source;
};

static void
pass_unref (gpointer data)
{
  Pass *pass = data;
  if (!g_atomic_ref_count_dec (&pass->refs))
    return;
  g_object_unref (pass->cancellable);
  dh_set_maps_unref (pass->maps);
  g_ptr_array_unref (pass->ranks);
  g_ptr_array_unref (pass->keys);
  g_free (pass);
}

/* On its way to the window. */
typedef struct
{
  Pass *pass;
  DhSliceRank *rank; /* NULL: of progress alone, or of the end */
  guint at;          /* its place among the pass's */
  guint reading;
  gboolean end;
} Told;

static void
told_free (gpointer data)
{
  Told *told = data;
  g_clear_pointer (&told->rank, dh_slice_rank_unref);
  pass_unref (told->pass);
  g_free (told);
}

static guint
count_rows (DhSession *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->slices->rows));
}

/* Held by the list. */
static DhSlice *
row_at (DhSession *self, guint at)
{
  g_autoptr (DhSlice) slice = g_list_model_get_item (G_LIST_MODEL (self->slices->rows), at);
  return slice;
}

/* Parts of the same pixels are one. */
static char *
dup_key (DhSlice *slice, DhScore score)
{
  return g_strdup_printf ("%u %u %s", (guint)score, (guint)dh_slice_get_place (slice), dh_slice_get_sum (slice));
}

/* The evaluation has measured it. */
static gboolean
is_all (DhSession *self, DhSlice *slice)
{
  return dh_slice_get_place (slice) == DH_N_PLACES
         && dh_slice_get_members (slice)->len == dh_slice_get_members (row_at (self, 0))->len;
}

/* TRUE where it has to be measured. */
static gboolean
show_ranked (DhSession *self, DhSlice *slice)
{
  DhSliceNumbers *numbers = dh_slice_edit_numbers (slice);
  const DhScore score = dh_session_get_slices_score (self);
  const gboolean of_place = dh_slice_get_place (slice) != DH_N_PLACES;
  g_clear_pointer (&numbers->why_not_ranked, g_free);
  numbers->ranked = TRUE;
  numbers->ap = numbers->fpr95 = numbers->auroc = NAN;
  if (dh_slice_get_kind (slice) == DH_SLICE_SIZE)
    numbers->why_not_ranked = g_strdup (_ ("A size is one of objects: other pixels belong to none"));
  else if (!of_place && numbers->n_anomaly == 0)
    numbers->why_not_ranked = g_strdup (_ ("no anomaly pixels"));
  else if (is_all (self, slice))
    {
      DhRankMetrics metrics;
      dh_score_stats_metrics (self->set_stats, score, &metrics);
      numbers->ap = metrics.ap;
      numbers->fpr95 = metrics.fpr95;
      numbers->auroc = metrics.auroc;
    }
  else
    {
      g_autofree char *key = dup_key (slice, score);
      const DhSliceRank *rank = g_hash_table_lookup (self->slices->known, key);
      numbers->ranked = rank != NULL;
      if (rank == NULL)
        return TRUE;
      if (of_place)
        numbers->n_anomaly = rank->n_anomaly;
      else if (rank->why == NULL && rank->n_anomaly != numbers->n_anomaly && score == self->summary->score)
        {
          numbers->why_not_ranked =
              g_strdup (_ ("Maps or labels have changed since the evaluation. Evaluate again (Ctrl+E)."));
          return FALSE;
        }
      numbers->ap = rank->ap;
      numbers->fpr95 = rank->fpr95;
      numbers->auroc = rank->auroc;
      numbers->why_not_ranked =
          g_strdup (rank->why == NULL && rank->n_anomaly == 0 ? _ ("no anomaly pixels") : rank->why);
    }
  return FALSE;
}

/* Neither its result nor what it still sends is wanted. */
static void
let_go (DhSession *self)
{
  Pass *pass = g_steal_pointer (&self->slices->pass);
  if (pass == NULL)
    return;
  pass->session = NULL;
  g_cancellable_cancel (pass->cancellable);
  pass_unref (pass);
}

static gboolean
show_known (gpointer data)
{
  DhSession *self = data;
  self->slices->show_source = 0;
  for (guint i = 0; i < count_rows (self); i++)
    show_ranked (self, row_at (self, i));
  dh_session_emit (self, DH_SESSION_SLICES);
  return G_SOURCE_REMOVE;
}

static gboolean
show_told (gpointer data)
{
  Told *told = data;
  DhSession *self = told->pass->session;
  if (self == NULL)
    return G_SOURCE_REMOVE;
  DhSessionSlices *slices = self->slices;
  told->pass->reading = told->reading;
  if (told->rank != NULL)
    g_hash_table_replace (slices->known, g_strdup (told->pass->keys->pdata[told->at]), dh_slice_rank_ref (told->rank));
  if (told->end)
    {
      dh_session_trace (self, "slices measured %u", told->pass->ranks->len);
      let_go (self);
      g_clear_handle_id (&slices->show_source, g_source_remove);
      show_known (self);
    }
  else if (slices->show_source == 0)
    slices->show_source = g_timeout_add (SHOW_AFTER, show_known, self);
  return G_SOURCE_REMOVE;
}

static void
tell (Pass *pass, DhSliceRank *rank, guint reading, gboolean end)
{
  Told *told = g_new0 (Told, 1);
  g_atomic_ref_count_inc (&pass->refs);
  *told = (Told){ pass, rank != NULL ? dh_slice_rank_ref (rank) : NULL, 0, reading, end };
  if (rank != NULL)
    g_ptr_array_find (pass->ranks, rank, &told->at);
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, show_told, told, told_free);
}

static void
on_measured (DhSliceRank *rank, guint reading, gpointer data)
{
  Pass *pass = data;
  const gint64 now = g_get_monotonic_time ();
  if (rank == NULL && now - pass->told < TELL_EVERY)
    return;
  pass->told = now;
  tell (pass, rank, reading, FALSE);
}

static gpointer
measure_in_thread (gpointer data)
{
  Pass *pass = data;
  g_autoptr (GError) error = NULL;
  /* What is shown and measured meanwhile goes first. */
  setpriority (PRIO_PROCESS, (id_t)syscall (SYS_gettid), 10);
  if (dh_set_maps_check (pass->maps, &error))
    dh_slice_ranks_measure (pass->ranks, pass->maps, pass->score, DH_SLICE_RANKS_BUDGET, on_measured, pass,
                            pass->cancellable);
  for (guint i = 0; error != NULL && i < pass->ranks->len; i++)
    {
      DhSliceRank *rank = pass->ranks->pdata[i];
      rank->why = g_strdup (error->message);
      rank->done = TRUE;
      tell (pass, rank, 0, FALSE);
    }
  tell (pass, NULL, pass->readings, TRUE);
  pass_unref (pass);
  return NULL;
}

static DhSliceRank *
make_rank (DhSession *self, DhSlice *slice)
{
  const GArray *members = dh_slice_get_members (slice);
  DhSliceRank *rank = dh_slice_rank_new ();
  rank->place = dh_slice_get_place (slice);
  g_array_append_vals (rank->members, members->data, members->len);
  for (guint i = 0; i < members->len; i++)
    {
      const guint index = g_array_index (members, guint, i);
      const DhItemMetrics *metrics = dh_image_item_get_metrics (dh_image_list_get_item (self->list, index));
      rank->pixels += metrics->n_anomaly + metrics->n_inlier;
    }
  return rank;
}

static void
begin (DhSession *self, GPtrArray *missing)
{
  const DhScore score = dh_session_get_slices_score (self);
  let_go (self);
  Pass *pass = g_new0 (Pass, 1);
  g_atomic_ref_count_init (&pass->refs);
  pass->cancellable = g_cancellable_new ();
  pass->maps = dh_set_maps_ref (dh_session_get_set_maps (self));
  pass->score = score;
  pass->ranks = g_ptr_array_new_with_free_func (dh_slice_rank_unref);
  pass->keys = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < missing->len; i++)
    {
      char *key = dup_key (missing->pdata[i], score);
      if (!g_hash_table_add (seen, key))
        {
          g_free (key);
          continue;
        }
      g_ptr_array_add (pass->keys, key);
      g_ptr_array_add (pass->ranks, make_rank (self, missing->pdata[i]));
    }
  pass->readings = dh_slice_ranks_count_readings (pass->ranks, DH_SLICE_RANKS_BUDGET);
  pass->session = self;
  self->slices->pass = pass;
  g_atomic_ref_count_inc (&pass->refs);
  g_thread_unref (g_thread_new ("slices", measure_in_thread, pass));
}

/* Whether what is measured now is that and of this score. */
static gboolean
is_under_way (DhSession *self, GPtrArray *missing)
{
  const Pass *pass = self->slices->pass;
  if (pass == NULL || pass->score != dh_session_get_slices_score (self))
    return FALSE;
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < pass->keys->len; i++)
    g_hash_table_add (keys, pass->keys->pdata[i]);
  for (guint i = 0; i < missing->len; i++)
    {
      g_autofree char *key = dup_key (missing->pdata[i], pass->score);
      if (!g_hash_table_contains (keys, key))
        return FALSE;
    }
  return TRUE;
}

static void
count (DhSession *self)
{
  DhSessionSlices *slices = self->slices;
  DhSetObjects *objects = (DhSetObjects *)dh_session_get_set_objects (self);
  if (objects != NULL)
    dh_set_objects_ref (objects);
  g_clear_pointer (&slices->counted, dh_set_objects_unref);
  slices->counted = objects;
  slices->counted_old = dh_session_set_objects_are_old (self);
  for (guint i = 0; i < count_rows (self); i++)
    dh_slice_count (row_at (self, i), objects, slices->counted_old);
}

static void
on_objects (DhSession *self)
{
  DhSessionSlices *slices = self->slices;
  if (slices == NULL || count_rows (self) == 0
      || (slices->counted == dh_session_get_set_objects (self)
          && slices->counted_old == dh_session_set_objects_are_old (self)))
    return;
  count (self);
  dh_session_emit (self, DH_SESSION_SLICES);
}

static void
show_rows (DhSession *self, GPtrArray *slices)
{
  gboolean same = slices->len == count_rows (self);
  for (guint i = 0; same && i < slices->len; i++)
    same = row_at (self, i) == slices->pdata[i];
  if (!same)
    g_list_store_splice (self->slices->rows, 0, count_rows (self), slices->pdata, slices->len);
}

void
dh_session_renew_slices (DhSession *self)
{
  DhSessionSlices *slices = self->slices;
  if (!slices->wanted || self->summary == NULL || !self->summary->labelled || self->set_stats == NULL
      || dh_session_get_set_maps (self) == NULL)
    return;
  g_autoptr (GPtrArray) rows = dh_slice_list (self->list, G_LIST_MODEL (slices->rows));
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  show_rows (self, rows);
  count (self);
  for (guint i = 0; i < rows->len; i++)
    if (show_ranked (self, rows->pdata[i]))
      g_ptr_array_add (missing, rows->pdata[i]);
  if (missing->len == 0)
    let_go (self);
  else if (!is_under_way (self, missing))
    begin (self, missing);
  dh_session_emit (self, DH_SESSION_SLICES);
}

void
dh_session_init_slices (DhSession *self)
{
  self->slices = g_new0 (DhSessionSlices, 1);
  self->slices->rows = g_list_store_new (DH_TYPE_SLICE);
  self->slices->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, dh_slice_rank_unref);
  g_signal_connect (self, "set-objects", G_CALLBACK (on_objects), NULL);
}

void
dh_session_drop_slices (DhSession *self)
{
  DhSessionSlices *slices = self->slices;
  let_go (self);
  g_clear_handle_id (&slices->show_source, g_source_remove);
  slices->wanted = FALSE;
  g_clear_pointer (&slices->counted, dh_set_objects_unref);
  g_hash_table_remove_all (slices->known);
  g_list_store_remove_all (slices->rows);
}

void
dh_session_close_slices (DhSession *self)
{
  dh_session_drop_slices (self);
  g_object_unref (self->slices->rows);
  g_hash_table_unref (self->slices->known);
  g_clear_pointer (&self->slices, g_free);
}

void
dh_session_want_slices (DhSession *self)
{
  if (self->slices->wanted)
    return;
  self->slices->wanted = TRUE;
  dh_session_renew_slices (self);
}

GListModel *
dh_session_get_slices (DhSession *self)
{
  return G_LIST_MODEL (self->slices->rows);
}

DhScore
dh_session_get_slices_score (DhSession *self)
{
  const gboolean has = dh_score_stats_has (self->set_stats, self->active);
  return has || self->summary == NULL || self->summary->score >= DH_N_SCORES ? self->active : self->summary->score;
}

void
dh_session_get_slices_progress (DhSession *self, guint *done, guint *of)
{
  const Pass *pass = self->slices->pass;
  *done = pass != NULL ? MIN (pass->reading, pass->readings) : 0;
  *of = pass != NULL ? pass->readings : 0;
}
