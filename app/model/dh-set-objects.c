#include "dh-set-objects-private.h"
#include "dh-place.h"

static void
add_counts (DhCounts *all, const DhCounts *one)
{
  if (!one->labelled)
    return;
  all->labelled = TRUE;
  all->tp += one->tp;
  all->fp += one->fp;
  all->fn += one->fn;
  all->tn += one->tn;
  all->flagged += one->flagged;
  all->pixels += one->pixels;
}

DhSetObjects *
dh_set_objects_new (DhSetPass *pass, DhImageList *list)
{
  DhSetObjects *self = g_new0 (DhSetObjects, 1);
  DhSetMeasured *measured = dh_set_pass_get_pictures (pass);
  DhComponentSums sums = { 0 };
  g_atomic_ref_count_init (&self->refs);
  self->score = dh_set_pass_score (pass);
  self->threshold = dh_set_pass_threshold (pass);
  self->n = MIN (dh_set_pass_size (pass), dh_image_list_get_size (list));
  self->pictures = g_new0 (DhSetPicture, MAX (self->n, 1));
  for (guint i = 0; i < self->n; i++)
    {
      DhSetPicture *picture = &self->pictures[i];
      picture->item = g_object_ref (dh_image_list_get_item (list, i));
      picture->counts = measured[i].counts;
      picture->components = g_steal_pointer (&measured[i].components);
      picture->why = g_steal_pointer (&measured[i].why);
      self->n_unread += picture->components == NULL;
      add_counts (&self->counts, &measured[i].counts);
      dh_component_sums_merge (&sums, &measured[i].sums);
      for (guint kind = 0; picture->components != NULL && kind < DH_N_OBJECT_KINDS; kind++)
        self->n_of[kind] += picture->components->n_of[kind];
    }
  self->mean_f1 = dh_component_sums_mean_f1 (&sums);
  self->siou = dh_component_sums_siou (&sums);
  self->ppv = dh_component_sums_ppv (&sums);
  return self;
}

gsize
dh_set_objects_size_bytes (const DhSetObjects *self)
{
  gsize size = sizeof *self + self->n * sizeof *self->pictures;
  for (guint i = 0; i < self->n; i++)
    if (self->pictures[i].components != NULL)
      size += sizeof (DhPictureComponents) + DH_N_PLACES * sizeof (DhCounts)
              + self->pictures[i].components->n * sizeof (DhPictureObject);
  return size;
}

DhSetObjects *
dh_set_objects_ref (DhSetObjects *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
dh_set_objects_unref (DhSetObjects *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  for (guint i = 0; i < self->n; i++)
    {
      g_object_unref (self->pictures[i].item);
      g_clear_pointer (&self->pictures[i].components, dh_picture_components_unref);
      g_free (self->pictures[i].why);
    }
  g_free (self->pictures);
  g_free (self);
}
