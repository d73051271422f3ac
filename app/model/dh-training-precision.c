#include <glib/gi18n.h>
#include "dh-device.h"
#include "dh-training-form-private.h"

/* What a training multiplies in: what its device offers. */

const char *
dh_training_precision_title (const char *name)
{
  static const char *const titles[DH_N_PRECISIONS] = {
    [DH_PRECISION_F32] = N_ ("float32"), [DH_PRECISION_TF32] = N_ ("TensorFloat-32"),
    [DH_PRECISION_F16] = N_ ("float16"), [DH_PRECISION_BF16] = N_ ("bfloat16"),
    [DH_PRECISION_INT8] = N_ ("int8"),
  };
  DhPrecision precision;
  return dh_precision_from_name (name, &precision) ? _ (titles[precision]) : name;
}

static gboolean
is_known (DhTrainingForm *self, guint *precisions)
{
  gpointer found = NULL;
  const gboolean known = g_hash_table_lookup_extended (self->devices, self->texts[DH_TRAINING_DEVICE], NULL, &found);
  *precisions = known ? GPOINTER_TO_UINT (found) : 0;
  return known;
}

static gboolean
put (DhTrainingForm *self, const char *name, guint precisions)
{
  if (g_hash_table_contains (self->devices, name))
    return FALSE;
  g_hash_table_insert (self->devices, g_strdup (name), GUINT_TO_POINTER (precisions));
  return g_str_equal (name, self->texts[DH_TRAINING_DEVICE]);
}

void
dh_training_form_add_device (DhTrainingForm *self, const char *name, guint precisions)
{
  gboolean used = put (self, name, precisions);
  used = put (self, "auto", precisions) || used;
  if (g_str_equal (name, "cuda:0"))
    used = put (self, "cuda", precisions) || used;
  if (used)
    g_signal_emit_by_name (self, "changed", (guint)DH_TRAINING_PRECISION);
}

/* What is chosen is among them, so that it is seen, and told if it is wrong. A list stays where it is until it becomes
 * another one: who shows it asks again while it does. */
const char *const *
dh_training_form_list_precisions (DhTrainingForm *self, const char *const **titles)
{
  guint precisions, n = 0;
  const char *chosen = self->texts[DH_TRAINING_PRECISION];
  const char *names[DH_N_PRECISIONS + 2] = { NULL };
  is_known (self, &precisions);
  for (DhPrecision i = 0; i < DH_N_PRECISIONS; i++)
    if (i == DH_PRECISION_F32 || (precisions & 1u << i) != 0)
      names[n++] = dh_precision_name (i);
  if (!g_strv_contains (names, chosen))
    names[n++] = g_intern_string (chosen);
  if (self->precisions == NULL || !g_strv_equal (self->precisions, names))
    {
      g_free (self->precisions);
      g_free (self->precision_titles);
      self->precisions = g_memdup2 (names, sizeof names);
      self->precision_titles = g_new0 (const char *, G_N_ELEMENTS (names));
      for (guint i = 0; i < n; i++)
        self->precision_titles[i] = dh_training_precision_title (names[i]);
    }
  if (titles != NULL)
    *titles = self->precision_titles;
  return self->precisions;
}

char *
dh_training_form_dup_precision_problem (DhTrainingForm *self)
{
  const char *chosen = self->texts[DH_TRAINING_PRECISION];
  DhPrecision precision;
  guint precisions;
  if (!dh_precision_from_name (chosen, &precision) || precision == DH_PRECISION_INT8)
    return g_strdup_printf (_ ("Nothing is trained in “%s”"), chosen);
  if (!is_known (self, &precisions) || precision == DH_PRECISION_F32 || (precisions & 1u << precision) != 0)
    return NULL;
  return g_strdup (_ ("The device cannot train in it"));
}
