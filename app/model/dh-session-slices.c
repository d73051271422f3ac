#include "dh-session-slices.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-bootstrap.h"
#include "dh-session-evaluation.h"
#include "dh-session-private.h"
#include "dh-session-slices-private.h"

/* Milliseconds after which what was told is shown: of a set of many scenes all rows would be gone through for each. */
#define SHOW_AFTER 100

typedef struct
{
  double low, high;
} Spread;

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
  return g_strdup_printf ("%u %u %d %s", (guint)score, (guint)dh_slice_get_place (slice), dh_slice_get_class (slice),
                          dh_slice_get_sum (slice));
}

/* The evaluation has measured it. */
static gboolean
is_all (DhSession *self, DhSlice *slice)
{
  return !dh_slice_is_part_of_pictures (slice)
         && dh_slice_get_members (slice)->len == dh_slice_get_members (row_at (self, 0))->len;
}

/* TRUE where it has to be measured. */
static gboolean
show_ranked (DhSession *self, DhSlice *slice)
{
  DhSliceNumbers *numbers = dh_slice_edit_numbers (slice);
  const DhScore score = dh_session_get_slices_score (self);
  const gboolean is_part = dh_slice_is_part_of_pictures (slice);
  g_clear_pointer (&numbers->why_not_ranked, g_free);
  numbers->ranked = TRUE;
  numbers->ap = numbers->fpr95 = numbers->auroc = NAN;
  if (dh_slice_get_kind (slice) == DH_SLICE_SIZE)
    numbers->why_not_ranked = g_strdup (_ ("A size is one of objects: other pixels belong to none"));
  else if (!is_part && numbers->n_anomaly == 0)
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
      if (is_part)
        {
          numbers->n_anomaly = rank->n_anomaly;
          numbers->n_pixels = rank->n_anomaly + rank->n_inlier;
        }
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

/* Of what is a part of the set's images, and has anomalies in it. */
static gboolean
has_spread (DhSlice *slice)
{
  return !dh_slice_is_part_of_pictures (slice) && dh_slice_get_kind (slice) != DH_SLICE_SIZE
         && dh_slice_get_numbers (slice)->n_anomaly > 0 && dh_slice_get_members (slice)->len >= DH_BOOTSTRAP_LEAST;
}

/* TRUE where it has to be measured. */
static gboolean
show_spread (DhSession *self, DhSlice *slice)
{
  DhSliceNumbers *numbers = dh_slice_edit_numbers (slice);
  g_autofree char *key = dup_key (slice, dh_session_get_slices_score (self));
  const Spread *spread = has_spread (slice) ? g_hash_table_lookup (self->slices->spreads, key) : NULL;
  numbers->drawn = spread != NULL || !has_spread (slice);
  numbers->ap_low = spread != NULL ? spread->low : NAN;
  numbers->ap_high = spread != NULL ? spread->high : NAN;
  return !numbers->drawn;
}

/* Neither its result nor what it still sends is wanted. */
static void
let_go (DhSession *self)
{
  self->slices->scanning = FALSE;
  g_clear_pointer (&self->slices->pass, dh_slice_pass_stop);
}

static gboolean
show_known (gpointer data)
{
  DhSession *self = data;
  self->slices->show_source = 0;
  for (guint i = 0; i < count_rows (self); i++)
    {
      show_ranked (self, row_at (self, i));
      show_spread (self, row_at (self, i));
    }
  dh_session_emit (self, DH_SESSION_SLICES);
  return G_SOURCE_REMOVE;
}

static void
on_scanned (DhSliceClasses *classes, gpointer data)
{
  DhSessionSlices *slices = ((DhSession *)data)->slices;
  g_clear_pointer (&slices->classes, dh_slice_classes_unref);
  slices->classes = dh_slice_classes_ref (classes);
}

static void
on_ranked (const char *key, DhSliceRank *rank, gpointer data)
{
  g_hash_table_replace (((DhSession *)data)->slices->known, g_strdup (key), dh_slice_rank_ref (rank));
}

static void
on_drawn (const char *key, double low, double high, gpointer data)
{
  Spread *spread = g_new (Spread, 1);
  *spread = (Spread){ low, high };
  g_hash_table_replace (((DhSession *)data)->slices->spreads, g_strdup (key), spread);
}

static void
on_moved (gpointer data)
{
  DhSession *self = data;
  if (self->slices->show_source == 0)
    self->slices->show_source = g_timeout_add (SHOW_AFTER, show_known, self);
}

static void
on_ended (gpointer data)
{
  DhSession *self = data;
  DhSessionSlices *slices = self->slices;
  const gboolean scanned = slices->scanning;
  if (!scanned)
    dh_session_trace (self, "slices measured %u", dh_slice_pass_count_ranks (slices->pass));
  let_go (self);
  g_clear_handle_id (&slices->show_source, g_source_remove);
  if (scanned)
    dh_session_renew_slices (self); /* classes are among the rows now, and what it takes to measure them is known */
  else
    show_known (self);
}

static const DhSlicePassTold told = { on_scanned, on_ranked, on_drawn, on_moved, on_ended };

static DhSliceRank *
make_rank (DhSession *self, DhSlice *slice)
{
  const GArray *members = dh_slice_get_members (slice);
  DhSliceRank *rank = dh_slice_rank_new ();
  rank->place = dh_slice_get_place (slice);
  rank->class_id = dh_slice_get_class (slice);
  g_array_append_vals (rank->members, members->data, members->len);
  if (rank->class_id >= 0)
    rank->pixels = self->slices->classes->pixels[rank->class_id];
  for (guint i = 0; rank->class_id < 0 && i < members->len; i++)
    {
      const guint index = g_array_index (members, guint, i);
      const DhItemMetrics *metrics = dh_image_item_get_metrics (dh_image_list_get_item (self->list, index));
      rank->pixels += metrics->n_anomaly + metrics->n_inlier;
    }
  return rank;
}

static void
add_to_pass (DhSession *self, DhSlicePass *pass, DhSlice *slice)
{
  const DhScore score = dh_slice_pass_get_score (pass);
  const DhSliceNumbers *numbers = dh_slice_get_numbers (slice);
  g_autofree char *key = dup_key (slice, score);
  DhSliceRank *rank = dh_slice_pass_get_rank (pass, key);
  if (!numbers->ranked && rank == NULL)
    {
      rank = make_rank (self, slice);
      dh_slice_pass_add_rank (pass, key, rank);
    }
  if (!numbers->drawn && !dh_slice_pass_has_chance (pass, key))
    dh_slice_pass_add_chance (pass, key, dh_slice_chance_new (rank, dh_slice_get_members (slice), numbers->ap));
}

static void
begin (DhSession *self, GPtrArray *missing)
{
  const DhScore score = dh_session_get_slices_score (self);
  let_go (self);
  self->slices->pass =
      dh_slice_pass_new (dh_session_get_set_maps (self), score,
                         dh_session_make_slice_draws (self, score, dh_slice_get_members (row_at (self, 0))));
  for (guint i = 0; i < missing->len; i++)
    add_to_pass (self, self->slices->pass, missing->pdata[i]);
  dh_slice_pass_start (self->slices->pass, &told, self);
}

static void
begin_scan (DhSession *self)
{
  let_go (self);
  self->slices->scanning = TRUE;
  self->slices->pass = dh_slice_pass_new (dh_session_get_set_maps (self), dh_session_get_slices_score (self), NULL);
  dh_slice_pass_add_scan (self->slices->pass, dh_slice_get_members (row_at (self, 0)));
  dh_slice_pass_start (self->slices->pass, &told, self);
}

/* Whether what is measured now is that and of this score. */
static gboolean
is_under_way (DhSession *self, GPtrArray *missing)
{
  const DhSlicePass *pass = self->slices->pass;
  if (pass == NULL || self->slices->scanning || dh_slice_pass_get_score (pass) != dh_session_get_slices_score (self))
    return FALSE;
  for (guint i = 0; i < missing->len; i++)
    {
      const DhSliceNumbers *numbers = dh_slice_get_numbers (missing->pdata[i]);
      g_autofree char *key = dup_key (missing->pdata[i], dh_slice_pass_get_score (pass));
      if ((!numbers->ranked && dh_slice_pass_get_rank (pass, key) == NULL)
          || (!numbers->drawn && !dh_slice_pass_has_chance (pass, key)))
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
    dh_slice_count (row_at (self, i), objects, i > 0 ? dh_slice_get_numbers (row_at (self, 0)) : NULL,
                    slices->counted_old);
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
  g_autoptr (GPtrArray) rows = dh_session_list_slices (self);
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  show_rows (self, rows);
  count (self);
  for (guint i = 0; i < rows->len; i++)
    {
      const gboolean unranked = show_ranked (self, rows->pdata[i]);
      if (show_spread (self, rows->pdata[i]) || unranked)
        g_ptr_array_add (missing, rows->pdata[i]);
    }
  if (dh_session_has_unscanned_slices (self))
    {
      if (!slices->scanning)
        begin_scan (self);
    }
  else if (missing->len == 0)
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
  self->slices->spreads = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
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
  g_clear_pointer (&slices->classes, dh_slice_classes_unref);
  g_hash_table_remove_all (slices->known);
  g_hash_table_remove_all (slices->spreads);
  g_list_store_remove_all (slices->rows);
}

void
dh_session_close_slices (DhSession *self)
{
  dh_session_drop_slices (self);
  g_object_unref (self->slices->rows);
  g_hash_table_unref (self->slices->known);
  g_hash_table_unref (self->slices->spreads);
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
  *done = *of = 0;
  if (self->slices->pass != NULL)
    dh_slice_pass_get_progress (self->slices->pass, done, of);
}
