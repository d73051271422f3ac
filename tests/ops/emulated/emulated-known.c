#include "emulated-card-private.h"

/* What is known from an earlier run, and what is put aside. */

char *
emulated_recall (DhCudaCard *card, const char *key)
{
  static const char *const tilings[] = { "64×128×32", "64×128×64", "64×64×64", "32×64×128" };
  static const char *const taps[] = { "one", "taps" };
  const char *way = g_getenv (g_str_has_prefix (key, "taps ")        ? "DH_EMULATED_TAPS"
                              : g_str_has_prefix (key, "attention ") ? "DH_EMULATED_ATTENTION"
                                                                     : "DH_EMULATED_WAY");
  const gboolean timed = g_strcmp0 (way, "timed") == 0;
  if (g_str_has_prefix (key, "attention "))
    {
      g_assert_nonnull (strstr (key, " of items tiles"));
      return timed ? NULL : g_strdup (way ? way : "tiles");
    }
  if (g_str_has_prefix (key, "taps "))
    return timed ? NULL : g_strdup (way ? way : taps[g_str_hash (key) % G_N_ELEMENTS (taps)]);
  /* A choice among others than there are now must have another key. */
  g_assert_nonnull (strstr (key, " apart"));
  for (guint i = 0; i < G_N_ELEMENTS (tilings); i++)
    g_assert_nonnull (strstr (key, tilings[i]));
  if (timed)
    return NULL;
  return g_strdup (way ? way : tilings[g_str_hash (key) % G_N_ELEMENTS (tilings)]);
}

void
emulated_remember (DhCudaCard *card, const char *key, const char *what)
{
}

/* Key → why; as long as the process, as on a card. */
static GHashTable *aside;

void
emulated_put_aside (DhCudaCard *card, const char *key, const char *why)
{
  if (!aside)
    aside = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (aside, g_strdup (key), g_strdup (why));
  card->learned = TRUE;
}

char *
emulated_why_aside (DhCudaCard *card, const char *key)
{
  return g_strdup (aside ? g_hash_table_lookup (aside, key) : NULL);
}

char *
emulated_all_aside (DhCudaCard *card)
{
  GString *all = g_string_new (NULL);
  GHashTableIter iter;
  gpointer key, why;
  if (aside)
    g_hash_table_iter_init (&iter, aside);
  while (aside && g_hash_table_iter_next (&iter, &key, &why))
    g_string_append_printf (all, "%s\n", (const char *)why);
  return g_string_free (all, FALSE);
}

gboolean
emulated_has_learned (DhCudaCard *card)
{
  return card->learned;
}
