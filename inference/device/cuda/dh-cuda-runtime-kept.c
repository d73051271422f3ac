#include <string.h>
#include "dh-cuda-runtime-private.h"
#include "dh-plan-cache.h"

/* What was found out before on cards of this kind, on disk where anything is kept. */

char *
dh_cuda_card_recall (DhCudaCard *card, const char *key)
{
  g_autofree char *whole = g_strconcat (card->identity, " ", key, NULL);
  return card->cache ? dh_plan_cache_read (card->cache, whole) : NULL;
}

void
dh_cuda_card_remember (DhCudaCard *card, const char *key, const char *what)
{
  g_autofree char *whole = g_strconcat (card->identity, " ", key, NULL);
  if (card->cache)
    dh_plan_cache_write (card->cache, whole, what);
}

void
dh_cuda_card_forget (DhCudaCard *card, const char *key)
{
  g_autofree char *whole = g_strconcat (card->identity, " ", key, NULL);
  dh_plan_cache_drop (card->cache, whole);
}

/* What is put aside stays so in this process even where nothing is kept: whole key → why. Cards of any thread ask. */
static GHashTable *aside;
static GMutex aside_lock;

static char *
key_of_all (DhCudaCard *card)
{
  return g_strconcat (card->identity, " all that is put aside", NULL);
}

void
dh_cuda_card_put_aside (DhCudaCard *card, const char *key, const char *why)
{
  g_autofree char *line = g_strdelimit (g_strdup (why), "\n", ' '), *of_all = key_of_all (card);
  g_autofree char *before = dh_cuda_card_all_aside (card);
  g_mutex_lock (&aside_lock);
  if (!aside)
    aside = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (aside, g_strconcat (card->identity, " ", key, NULL), g_strdup (line));
  g_mutex_unlock (&aside_lock);
  card->learned = TRUE;
  if (!card->cache)
    return;
  g_autofree char *after = strstr (before, line) ? g_strdup (before) : g_strconcat (before, line, "\n", NULL);
  g_autofree char *whole = g_strconcat (card->identity, " ", key, NULL);
  dh_plan_cache_write (card->cache, whole, line);
  dh_plan_cache_write (card->cache, of_all, after);
}

char *
dh_cuda_card_why_aside (DhCudaCard *card, const char *key)
{
  g_autofree char *whole = g_strconcat (card->identity, " ", key, NULL);
  g_mutex_lock (&aside_lock);
  char *why = g_strdup (aside ? g_hash_table_lookup (aside, whole) : NULL);
  g_mutex_unlock (&aside_lock);
  return why ? why : dh_plan_cache_read (card->cache, whole);
}

char *
dh_cuda_card_all_aside (DhCudaCard *card)
{
  g_autofree char *of_all = key_of_all (card);
  char *kept = dh_plan_cache_read (card->cache, of_all);
  if (kept)
    return kept;
  GString *all = g_string_new (NULL);
  GHashTableIter iter;
  gpointer key, why;
  g_mutex_lock (&aside_lock);
  if (aside)
    g_hash_table_iter_init (&iter, aside);
  while (aside && g_hash_table_iter_next (&iter, &key, &why))
    if (g_str_has_prefix (key, card->identity))
      g_string_append_printf (all, "%s\n", (const char *)why);
  g_mutex_unlock (&aside_lock);
  return g_string_free (all, FALSE);
}

gboolean
dh_cuda_card_has_learned (DhCudaCard *card)
{
  return card->learned;
}
