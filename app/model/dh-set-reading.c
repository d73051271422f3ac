#include "dh-set-reading.h"
#include <glib/gi18n.h>
#include <string.h>
#include "dh-session-private.h"
#include "dh-set-reading-private.h"

static const struct
{
  const char *id, *title;
} aspects[DH_N_READ] = {
  [DH_READ_SPLITS] = { "splits", N_ ("Split") },
  [DH_READ_KIND] = { "kind", N_ ("Read as") },
  [DH_READ_LABEL_IDS] = { "label-ids", N_ ("Label ids") },
  [DH_READ_MASK_VALUES] = { "mask-values", N_ ("Mask values") },
  [DH_READ_CONSTANT_LABELS] = { "constant-labels", N_ ("Constant labels") },
  [DH_READ_DEGRADATION] = { "degradation", N_ ("Degrade images") },
  [DH_READ_REGION] = { "region", N_ ("Not measured") },
};

const char *
dh_read_aspect_id (DhReadAspect aspect)
{
  return aspects[aspect].id;
}

const char *
dh_read_aspect_title (DhReadAspect aspect)
{
  return _ (aspects[aspect].title);
}

static void
choice_free (gpointer data)
{
  g_free (((DhReadChoice *)data)->id);
  g_free (((DhReadChoice *)data)->title);
  g_free (data);
}

void
dh_read_choices_add (GPtrArray *choices, const char *id, char *title, gboolean chosen)
{
  DhReadChoice *choice = g_new (DhReadChoice, 1);
  *choice = (DhReadChoice){ g_strdup (id), title, NULL, chosen };
  g_ptr_array_add (choices, choice);
}

gboolean
dh_session_can_choose_reading (DhSession *self)
{
  return self->dataset != NULL && self->dataset_path != NULL && !self->demo;
}

static void
add_kinds (DhSession *self, GPtrArray *choices)
{
  const guint kinds = dh_dataset_fitting_kinds (self->dataset) | 1u << dh_dataset_kind (self->dataset);
  if ((kinds & (kinds - 1)) == 0)
    return;
  dh_read_choices_add (choices, "", g_strdup (_ ("As recognised")), self->reading->kind == NULL);
  for (guint kind = 0; kind < DH_N_DATASET_KINDS; kind++)
    if (kinds & 1u << kind)
      dh_read_choices_add (choices, dh_dataset_kind_name (kind), g_strdup (dh_dataset_kind_title (kind)),
                           g_strcmp0 (self->reading->kind, dh_dataset_kind_name (kind)) == 0);
}

static gboolean
is_street_hazards (DhDatasetKind kind)
{
  return kind == DH_DATASET_STREET_HAZARDS || kind == DH_DATASET_STREET_HAZARDS_FULL;
}

static void
add_label_ids (DhSession *self, GPtrArray *choices)
{
  static const char *const titles[DH_N_LABEL_IDS] = {
    [DH_LABEL_IDS_AUTO] = N_ ("As recognised"),
    [DH_LABEL_IDS_RAW] = N_ ("Published: anomaly 14"),
    [DH_LABEL_IDS_SHIFTED] = N_ ("Shifted: anomaly 13"),
    [DH_LABEL_IDS_PACKED] = N_ ("Packed: anomaly 12"),
  };
  for (guint ids = 0; ids < DH_N_LABEL_IDS && is_street_hazards (dh_dataset_kind (self->dataset)); ids++)
    dh_read_choices_add (choices, dh_label_ids_name (ids), g_strdup (_ (titles[ids])), self->reading->label_ids == ids);
}

/* The texts that the command line takes. */
static void
add_mask_values (DhSession *self, GPtrArray *choices)
{
  const char *const *readings = dh_dataset_mask_readings (self->dataset);
  const char *said = self->reading->mask_values;
  if (readings == NULL || (readings[0] == NULL && said == NULL))
    return;
  dh_read_choices_add (choices, "", g_strdup (_ ("As recognised")), said == NULL);
  for (guint i = 0; readings[i] != NULL; i++)
    dh_read_choices_add (choices, readings[i], g_strdup (readings[i]), g_strcmp0 (said, readings[i]) == 0);
  if (said != NULL && !g_strv_contains (readings, said))
    dh_read_choices_add (choices, said, g_strdup (said), TRUE);
}

static void
add_constant_labels (DhSession *self, GPtrArray *choices)
{
  const gboolean are_true = self->reading->labels_are_true, are_hidden = self->reading->labels_are_hidden;
  if (!are_true && dh_dataset_n_hidden (self->dataset) == 0)
    return;
  dh_read_choices_add (choices, "", g_strdup (_ ("As recognised: hidden")), !are_true && !are_hidden);
  dh_read_choices_add (choices, "hidden", g_strdup (_ ("Hidden: maps alone")), are_hidden);
  dh_read_choices_add (choices, "true", g_strdup (_ ("True: measured")), are_true);
}

/* Each in its severities, one degradation after the other. */
static void
add_degradations (DhSession *self, GPtrArray *choices)
{
  const DhDegradation now = dh_session_can_choose_reading (self) ? self->reading->degradation : (DhDegradation){ 0 };
  dh_read_choices_add (choices, "", g_strdup (_ ("As they are")), now.severity == 0);
  for (guint kind = 0; kind < DH_N_DEGRADE; kind++)
    for (guint severity = 1; severity <= DH_DEGRADE_SEVERITIES; severity++)
      {
        const DhDegradation one = { kind, severity };
        g_autofree char *id = dh_degradation_to_text (one);
        dh_read_choices_add (choices, id, dh_degradation_dup_title (one), dh_degradation_equal (now, one));
        ((DhReadChoice *)choices->pdata[choices->len - 1])->group = dh_degrade_title (kind);
      }
}

/* What is open alone: others are written, or chosen as a file. */
static void
add_regions (DhSession *self, GPtrArray *choices)
{
  const DhRegion *region = dh_dataset_region (self->dataset);
  dh_read_choices_add (choices, "", g_strdup (_ ("Nothing: all is measured")), region == NULL);
  if (region != NULL)
    dh_read_choices_add (choices, dh_region_text (region), dh_region_id_dup_title (dh_region_id (region)), TRUE);
}

GPtrArray *
dh_session_list_readings (DhSession *self, DhReadAspect aspect)
{
  static void (*const fill[DH_N_READ]) (DhSession *, GPtrArray *) = {
    [DH_READ_SPLITS] = dh_set_parts_list,
    [DH_READ_KIND] = add_kinds,
    [DH_READ_LABEL_IDS] = add_label_ids,
    [DH_READ_MASK_VALUES] = add_mask_values,
    [DH_READ_CONSTANT_LABELS] = add_constant_labels,
    [DH_READ_DEGRADATION] = add_degradations,
    [DH_READ_REGION] = add_regions,
  };
  g_return_val_if_fail (aspect < DH_N_READ, NULL);
  GPtrArray *choices = g_ptr_array_new_with_free_func (choice_free);
  if (dh_session_can_choose_reading (self) || aspect == DH_READ_DEGRADATION)
    fill[aspect](self, choices);
  return choices;
}

void
dh_session_read_as (DhSession *self, DhReadAspect aspect, const char *id)
{
  if (!dh_session_can_choose_reading (self))
    return;
  /* One choice may follow another while the folder is still read for that. */
  const DhReading *before = self->asked != NULL ? self->asked : self->reading;
  g_autoptr (DhReading) reading = dh_reading_copy (before);
  if (aspect == DH_READ_SPLITS)
    {
      g_free (reading->splits);
      reading->splits = *id != '\0' ? g_strdup (id) : NULL;
    }
  else if (aspect == DH_READ_KIND)
    {
      /* What was said of the one says nothing of the other. */
      g_autoptr (DhReading) other = dh_reading_new ();
      other->base = g_strdup (reading->base);
      other->kind = *id != '\0' ? g_strdup (id) : NULL;
      other->degradation = reading->degradation;
      other->region = g_strdup (reading->region);
      if (g_strcmp0 (other->kind, reading->kind) != 0)
        {
          dh_reading_free (reading);
          reading = g_steal_pointer (&other);
        }
    }
  else if (aspect == DH_READ_LABEL_IDS)
    dh_label_ids_from_name (id, &reading->label_ids);
  else if (aspect == DH_READ_MASK_VALUES)
    {
      g_free (reading->mask_values);
      reading->mask_values = *id != '\0' ? g_strdup (id) : NULL;
    }
  else if (aspect == DH_READ_DEGRADATION)
    {
      reading->degradation = (DhDegradation){ 0 };
      dh_degradation_from_text (id, &reading->degradation);
    }
  else if (aspect == DH_READ_REGION)
    {
      g_free (reading->region);
      reading->region = *id != '\0' ? g_strdup (id) : NULL;
    }
  else
    {
      reading->labels_are_true = g_str_equal (id, "true");
      reading->labels_are_hidden = g_str_equal (id, "hidden");
    }
  if (dh_reading_equal (reading, before))
    return;
  if (dh_reading_equal (reading, self->reading))
    {
      dh_session_stop_opening (self);
      return;
    }
  g_autofree char *path = g_strdup (self->dataset_path);
  g_autofree char *stem = self->current != NULL ? g_strdup (dh_image_item_get_stem (self->current)) : NULL;
  dh_session_open_dataset_at (self, path, stem, reading);
  self->asked = g_steal_pointer (&reading);
}

static char *
explain_label_ids (DhSession *self)
{
  gboolean certain;
  const DhLabelIds ids = dh_dataset_label_ids (self->dataset, &certain);
  if (!is_street_hazards (dh_dataset_kind (self->dataset)))
    return NULL;
  const char *taken = ids == DH_LABEL_IDS_RAW       ? _ ("as published, 1 to 14, anomaly 14")
                      : ids == DH_LABEL_IDS_SHIFTED ? _ ("shifted by one, 0 to 13, anomaly 13")
                                                    : _ ("packed classes, 0 to 12, anomaly 12");
  if (!certain)
    return g_strdup_printf (_ ("The labels do not tell how their ids count; taken now: %s. Choose once: it is "
                               "remembered with this folder."),
                            taken);
  return g_strdup_printf (_ ("Taken now: %s. The table below shows what each value means so."), taken);
}

static char *
explain_mask_values (DhSession *self)
{
  gboolean certain;
  const char *said = dh_dataset_mask_values (self->dataset, &certain);
  if (dh_dataset_mask_readings (self->dataset) == NULL || (certain && said == NULL))
    return NULL;
  /* Else it is told by the words themselves, or has no meaning. */
  const gboolean rest_is_inlier = said != NULL && strstr (said, "rest") == NULL && strstr (said, "inlier=") == NULL;
  if (said != NULL && !rest_is_inlier)
    return g_strdup (_ ("The table below shows what came of it: 0 inlier, 1 anomaly, 255 ignored."));
  if (said != NULL)
    return g_strdup (_ ("What is not named is inlier. The table below shows what came of it: 0 inlier, 1 anomaly, "
                        "255 ignored."));
  if (!dh_dataset_has_anomaly_labels (self->dataset))
    return g_strdup (_ ("The masks do not tell which of their values are anomalies: there is no score until it is "
                        "chosen. It is remembered with this folder."));
  return g_strdup (_ ("The masks do not say what their values mean, and the usual was assumed. Choose where they mean "
                      "something else: it is remembered with this folder."));
}

static char *
explain_constant_labels (DhSession *self)
{
  const guint hidden = dh_dataset_n_hidden (self->dataset), taken = dh_dataset_n_taken_as_true (self->dataset);
  if (hidden > 0)
    return g_strdup_printf (ngettext ("%u label holds one value alone, as hidden test labels do. Where its image truly "
                                      "holds no anomaly, choose True for Constant labels, in the menu under the set’s "
                                      "name or in its check: then it can be measured.",
                                      "%u labels hold one value alone, as hidden test labels do. Where their images "
                                      "truly hold no anomaly, choose True for Constant labels, in the menu under the "
                                      "set’s name or in its check: then they can be measured.",
                                      hidden),
                            hidden);
  if (taken > 0)
    return g_strdup_printf (ngettext ("%u label holds one value alone and is measured as it is.",
                                      "%u labels hold one value alone and are measured as they are.", taken),
                            taken);
  return self->reading->labels_are_true ? g_strdup (_ ("No labels hold one value alone.")) : NULL;
}

char *
dh_session_explain_reading (DhSession *self, DhReadAspect aspect)
{
  if (!dh_session_can_choose_reading (self))
    return NULL;
  if (aspect == DH_READ_LABEL_IDS)
    return explain_label_ids (self);
  if (aspect == DH_READ_MASK_VALUES)
    return explain_mask_values (self);
  return aspect == DH_READ_CONSTANT_LABELS ? explain_constant_labels (self) : NULL;
}

/* The first of these that opens; *reading is what it was read by. */
static DhDataset *
open_otherwise (DhReading **reading, const char *path, GCancellable *cancellable)
{
  g_autoptr (DhReading) everywhere = dh_reading_copy (*reading), none = dh_reading_new ();
  g_clear_pointer (&everywhere->region, g_free);
  DhReading **others[] = { &everywhere, &none };
  for (guint i = (*reading)->region != NULL ? 0 : 1; i < G_N_ELEMENTS (others); i++)
    {
      DhDataset *dataset =
          dh_reading_equal (*reading, *others[i]) ? NULL : dh_reading_open (*others[i], path, cancellable, NULL, NULL);
      if (dataset == NULL)
        continue;
      dh_reading_free (*reading);
      *reading = g_steal_pointer (others[i]);
      return dataset;
    }
  return NULL;
}

DhDataset *
dh_set_reading_open (DhReading **reading, gboolean remembered, const char *path, char **forgotten,
                     GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (DhDataset) dataset = dh_reading_open (*reading, path, cancellable, NULL, &why);
  if (dataset == NULL && remembered && !g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    dataset = open_otherwise (reading, path, cancellable);
  if (dataset == NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  else if (why != NULL)
    *forgotten = g_strdup (why->message);
  /* A mask is remembered by its content: what is changed is another region. */
  const DhRegion *region = dataset != NULL ? dh_dataset_region (dataset) : NULL;
  if (region != NULL)
    {
      g_free ((*reading)->region);
      (*reading)->region = g_strdup (dh_region_text (region));
    }
  return g_steal_pointer (&dataset);
}

/* A run says what the ids came to, not who said so; of ids that no label of the set has, nothing. */
/* What of StreetHazards is read by its test split alone bears the same names in all of it. */
static gboolean
is_of_kind (const char *name, DhDatasetKind kind)
{
  DhDatasetKind other;
  if (!dh_dataset_kind_from_name (name, &other))
    return FALSE;
  return other == kind || (is_street_hazards (other) && is_street_hazards (kind));
}

gboolean
dh_session_reads_as (DhSession *self, const char *text)
{
  g_autoptr (DhReading) reading = dh_reading_from_text (text);
  return is_of_kind (reading->kind, dh_dataset_kind (self->dataset))
         && reading->labels_are_true == (dh_dataset_n_taken_as_true (self->dataset) > 0)
         && g_strcmp0 (reading->mask_values, dh_dataset_mask_values (self->dataset, NULL)) == 0
         && dh_degradation_equal (reading->degradation, dh_dataset_degradation (self->dataset))
         && dh_region_is (dh_dataset_region (self->dataset), reading->region)
         && (reading->label_ids == DH_LABEL_IDS_AUTO
             || reading->label_ids == dh_dataset_label_ids (self->dataset, NULL));
}

gboolean
dh_session_asks_how_to_read (DhSession *self)
{
  gboolean ids_certain, masks_certain;
  if (!dh_session_can_choose_reading (self))
    return FALSE;
  dh_dataset_label_ids (self->dataset, &ids_certain);
  dh_dataset_mask_values (self->dataset, &masks_certain);
  return !ids_certain || !masks_certain
         || (dh_dataset_n_hidden (self->dataset) > 0 && !self->reading->labels_are_hidden);
}

gboolean
dh_session_has_news (DhSession *self)
{
  const char *const *notes = dh_session_get_notes (self);
  const gboolean said_hidden = dh_session_can_choose_reading (self) && self->reading->labels_are_hidden
                               && dh_dataset_n_hidden (self->dataset) > 0;
  const gboolean said_worse = dh_session_can_choose_reading (self) && self->reading->degradation.severity > 0;
  const gboolean said_region = dh_session_can_choose_reading (self) && self->reading->region != NULL;
  return g_strv_length ((char **)notes) > (guint)(said_hidden + said_worse + said_region);
}

char *
dh_session_dup_opened_part (DhSession *self)
{
  return dh_session_can_choose_reading (self) && self->reading->splits != NULL ? dh_dataset_dup_opened (self->dataset)
                                                                               : NULL;
}

char *
dh_session_dup_published (DhSession *self)
{
  return dh_session_can_choose_reading (self) ? dh_dataset_dup_published (self->dataset) : NULL;
}
