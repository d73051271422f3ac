#include "dh-slice-pass-private.h"
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Microseconds between two words of progress. */
#define TELL_EVERY (G_USEC_PER_SEC / 10)

/* Shared between the window's thread and the one that measures. */
struct _DhSlicePass
{
  gatomicrefcount refs;
  GCancellable *cancellable;
  /* set before it starts */
  DhSetMaps *maps;
  DhScore score;
  DhSliceDraws *draws;
  GArray *scan;                       /* guint: pictures; NULL: none */
  GPtrArray *ranks, *chances;         /* DhSliceRank, DhSliceChance: the thread's until it tells of them */
  GPtrArray *rank_keys, *chance_keys; /* of these */
  GHashTable *rank_of, *chance_of;    /* key → one of them */
  guint readings, rankings;           /* in all, and of scan and ranks alone */
  /* the thread */
  gint64 told;
  /* the window's thread */
  const DhSlicePassTold *to; /* NULL: it was stopped */
  gpointer data;
  guint reading;
};

static void
pass_unref (DhSlicePass *pass)
{
  if (!g_atomic_ref_count_dec (&pass->refs))
    return;
  g_object_unref (pass->cancellable);
  dh_set_maps_unref (pass->maps);
  dh_slice_draws_free (pass->draws);
  g_clear_pointer (&pass->scan, g_array_unref);
  g_hash_table_unref (pass->rank_of);
  g_hash_table_unref (pass->chance_of);
  g_ptr_array_unref (pass->ranks);
  g_ptr_array_unref (pass->chances);
  g_ptr_array_unref (pass->rank_keys);
  g_ptr_array_unref (pass->chance_keys);
  g_free (pass);
}

DhSlicePass *
dh_slice_pass_new (DhSetMaps *maps, DhScore score, DhSliceDraws *draws)
{
  DhSlicePass *pass = g_new0 (DhSlicePass, 1);
  g_atomic_ref_count_init (&pass->refs);
  pass->cancellable = g_cancellable_new ();
  pass->maps = dh_set_maps_ref (maps);
  pass->score = score;
  pass->draws = draws;
  pass->ranks = g_ptr_array_new_with_free_func (dh_slice_rank_unref);
  pass->chances = g_ptr_array_new_with_free_func (dh_slice_chance_free);
  pass->rank_keys = g_ptr_array_new_with_free_func (g_free);
  pass->chance_keys = g_ptr_array_new_with_free_func (g_free);
  pass->rank_of = g_hash_table_new (g_str_hash, g_str_equal);
  pass->chance_of = g_hash_table_new (g_str_hash, g_str_equal);
  return pass;
}

DhScore
dh_slice_pass_get_score (const DhSlicePass *pass)
{
  return pass->score;
}

DhSliceRank *
dh_slice_pass_get_rank (const DhSlicePass *pass, const char *key)
{
  return g_hash_table_lookup (pass->rank_of, key);
}

gboolean
dh_slice_pass_has_chance (const DhSlicePass *pass, const char *key)
{
  return g_hash_table_contains (pass->chance_of, key);
}

static void
add (GHashTable *of, GPtrArray *keys, GPtrArray *all, const char *key, gpointer one)
{
  char *own = g_strdup (key);
  g_ptr_array_add (keys, own);
  g_ptr_array_add (all, one);
  g_hash_table_insert (of, own, one);
}

void
dh_slice_pass_add_rank (DhSlicePass *pass, const char *key, DhSliceRank *rank)
{
  add (pass->rank_of, pass->rank_keys, pass->ranks, key, rank);
}

void
dh_slice_pass_add_chance (DhSlicePass *pass, const char *key, DhSliceChance *chance)
{
  add (pass->chance_of, pass->chance_keys, pass->chances, key, chance);
}

void
dh_slice_pass_add_scan (DhSlicePass *pass, const GArray *pictures)
{
  pass->scan = g_array_new (FALSE, FALSE, sizeof (guint));
  g_array_append_vals (pass->scan, pictures->data, pictures->len);
}

/* On its way to the window: one of these, or progress alone, or the end. */
typedef struct
{
  DhSlicePass *pass;
  DhSliceClasses *classes;
  DhSliceRank *rank;
  const DhSliceChance *chance; /* the pass's */
  const char *key;             /* likewise */
  guint reading;
  gboolean end;
} Told;

static void
told_free (gpointer data)
{
  Told *told = data;
  g_clear_pointer (&told->rank, dh_slice_rank_unref);
  g_clear_pointer (&told->classes, dh_slice_classes_unref);
  pass_unref (told->pass);
  g_free (told);
}

static gboolean
show_told (gpointer data)
{
  Told *told = data;
  DhSlicePass *pass = told->pass;
  const DhSlicePassTold *to = pass->to;
  if (to == NULL)
    return G_SOURCE_REMOVE;
  pass->reading = told->reading;
  if (told->classes != NULL)
    to->scanned (told->classes, pass->data);
  if (told->rank != NULL)
    to->ranked (told->key, told->rank, pass->data);
  if (told->chance != NULL)
    to->drawn (told->key, told->chance->low, told->chance->high, pass->data);
  if (told->end)
    to->ended (pass->data); /* which may stop it */
  else
    to->moved (pass->data);
  return G_SOURCE_REMOVE;
}

static void
tell (DhSlicePass *pass, const Told *what)
{
  Told *told = g_memdup2 (what, sizeof *what);
  g_atomic_ref_count_inc (&pass->refs);
  told->pass = pass;
  if (told->rank != NULL)
    dh_slice_rank_ref (told->rank);
  if (told->classes != NULL)
    dh_slice_classes_ref (told->classes);
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, show_told, told, told_free);
}

static const char *
key_of (GPtrArray *all, GPtrArray *keys, gconstpointer one)
{
  guint at = 0;
  return one != NULL && g_ptr_array_find (all, one, &at) ? keys->pdata[at] : NULL;
}

static gboolean
is_worth_telling (DhSlicePass *pass, gconstpointer found)
{
  const gint64 now = g_get_monotonic_time ();
  if (found == NULL && now - pass->told < TELL_EVERY)
    return FALSE;
  pass->told = now;
  return TRUE;
}

static guint
count_scan (const DhSlicePass *pass)
{
  return pass->scan != NULL ? pass->scan->len : 0;
}

static void
on_scanned (guint reading, gpointer data)
{
  if (is_worth_telling (data, NULL))
    tell (data, &(Told){ .reading = reading });
}

static void
scan (DhSlicePass *pass)
{
  g_autoptr (DhSliceClasses) classes =
      dh_slice_classes_scan (pass->maps, pass->scan, on_scanned, pass, pass->cancellable);
  tell (pass, &(Told){ .classes = classes, .reading = pass->scan->len });
}

static void
on_ranked (DhSliceRank *rank, guint reading, gpointer data)
{
  DhSlicePass *pass = data;
  if (is_worth_telling (pass, rank))
    tell (pass, &(Told){ .rank = rank,
                         .key = key_of (pass->ranks, pass->rank_keys, rank),
                         .reading = count_scan (pass) + reading });
}

static void
on_drawn (DhSliceChance *chance, guint reading, gpointer data)
{
  DhSlicePass *pass = data;
  if (is_worth_telling (pass, chance))
    tell (pass, &(Told){ .chance = chance,
                         .key = key_of (pass->chances, pass->chance_keys, chance),
                         .reading = pass->rankings + reading });
}

static gpointer
measure_in_thread (gpointer data)
{
  DhSlicePass *pass = data;
  g_autoptr (GError) error = NULL;
  /* What is shown and measured meanwhile goes first. */
  setpriority (PRIO_PROCESS, (id_t)syscall (SYS_gettid), 10);
  if (pass->scan != NULL)
    scan (pass);
  if (dh_set_maps_check (pass->maps, &error))
    {
      dh_slice_ranks_measure (pass->ranks, pass->maps, pass->score, DH_SLICE_RANKS_BUDGET, on_ranked, pass,
                              pass->cancellable);
      if (pass->draws != NULL)
        dh_slice_chances_measure (pass->chances, pass->maps, pass->score, pass->draws, on_drawn, pass,
                                  pass->cancellable);
    }
  for (guint i = 0; error != NULL && i < pass->ranks->len; i++)
    {
      DhSliceRank *rank = pass->ranks->pdata[i];
      rank->why = g_strdup (error->message);
      rank->done = TRUE;
      on_ranked (rank, 0, pass);
    }
  for (guint i = 0; (error != NULL || pass->draws == NULL) && i < pass->chances->len; i++)
    on_drawn (pass->chances->pdata[i], 0, pass);
  tell (pass, &(Told){ .reading = pass->readings, .end = TRUE });
  pass_unref (pass);
  return NULL;
}

void
dh_slice_pass_start (DhSlicePass *pass, const DhSlicePassTold *told, gpointer data)
{
  pass->to = told;
  pass->data = data;
  pass->rankings = count_scan (pass) + dh_slice_ranks_count_readings (pass->ranks, DH_SLICE_RANKS_BUDGET);
  pass->readings = pass->rankings + (pass->draws != NULL ? dh_slice_chances_count_readings (pass->chances) : 0);
  g_atomic_ref_count_inc (&pass->refs);
  g_thread_unref (g_thread_new ("slices", measure_in_thread, pass));
}

void
dh_slice_pass_stop (DhSlicePass *pass)
{
  pass->to = NULL;
  g_cancellable_cancel (pass->cancellable);
  pass_unref (pass);
}

void
dh_slice_pass_get_progress (const DhSlicePass *pass, guint *done, guint *of)
{
  *done = MIN (pass->reading, pass->readings);
  *of = pass->readings;
}

guint
dh_slice_pass_count_ranks (const DhSlicePass *pass)
{
  return pass->ranks->len;
}
