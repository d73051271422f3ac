/* The slices of a run's set by what the network sees there. */
#include <math.h>

#include "dh-class-table.h"
#include "dh-kept-segmentation.h"
#include "dh-report-slices-private.h"

static const DhClassTable *
find_table (const DhRunRow *run, DhDataset *dataset)
{
  const DhClassTable *table = dh_dataset_class_table (dataset);
  return table && table->n_classes == run->model_classes ? table : dh_class_table_for_count ((guint)run->model_classes);
}

/* Of the classes that are seen: slices by class, NULL where there is none yet. */
typedef struct
{
  DhReportSlice *of[DH_CLASS_IDS];
  GPtrArray *unsorted;
  const DhClassTable *table;
} Seen;

static DhReportSlice *
get_class (Seen *seen, guint id)
{
  if (seen->of[id])
    return seen->of[id];
  const char *name = dh_class_table_class_name (seen->table, id);
  g_autofree char *number = g_strdup_printf ("%u", id);
  seen->of[id] = dh_report_slice_new (seen->unsorted, "class", name ? name : number);
  seen->of[id]->class_id = (gint)id;
  return seen->of[id];
}

static gboolean
scan (Seen *seen, const DhRunRow *run, DhRunImageRow *row)
{
  g_autoptr (DhTensor) classes =
      dh_kept_segmentation_load (run->folder, row->stem, (guint)row->width, (guint)row->height, NULL);
  guint64 counts[DH_CLASS_IDS] = { 0 };
  if (!classes)
    return FALSE;
  dh_class_pixels_add_counts (dh_tensor_data (classes), dh_tensor_size_bytes (classes), counts);
  for (guint c = 0; c < DH_CLASS_IDS; c++)
    if (counts[c] > 0)
      {
        DhReportSlice *slice = get_class (seen, c);
        slice->expected += counts[c];
        g_ptr_array_add (slice->rows, row);
      }
  return TRUE;
}

static gboolean
check_kept (DhReportSlices *self, const DhRunRow *run)
{
  if (!run->method && dh_kept_segmentation_is_there (run->folder))
    return TRUE;
  self->why_no_classes = g_strdup (run->method ? "Imported scores have no segmentation, so there are no classes."
                                               : "The run kept no segmentation, so there are no classes: evaluate "
                                                 "again.");
  return FALSE;
}

void
dh_report_slices_add_classes (DhReportSlices *self, const DhReport *report, guint which, DhDataset *dataset)
{
  const DhRunRow *run = report->runs[which].run;
  const GPtrArray *rows = ((const DhReportSlice *)self->slices->pdata[0])->rows;
  if (!check_kept (self, run))
    return;
  Seen seen = { .unsorted = g_ptr_array_new (), .table = find_table (run, dataset) };
  for (guint i = 0; i < rows->len && !g_cancellable_is_cancelled (report->cancellable); i++)
    {
      self->unsegmented += !scan (&seen, run, rows->pdata[i]);
      if ((i + 1) / DH_REPORT_SCAN_SHARE > i / DH_REPORT_SCAN_SHARE)
        dh_progress_report (report->progress, (i + 1) / DH_REPORT_SCAN_SHARE, rows->len, "slices");
    }
  for (guint c = 0; c < DH_CLASS_IDS; c++)
    if (seen.of[c])
      g_ptr_array_add (self->slices, seen.of[c]);
  if (seen.unsorted->len == 0)
    self->why_no_classes = g_strdup ("No segmentation of the run can be read any more, so there are no classes.");
  g_ptr_array_unref (seen.unsorted);
}

DhClassPixels *
dh_report_cut_by_class (const DhRunRow *run, const DhRunImageRow *row, const float *scores, const DhLabels *labels)
{
  g_autoptr (DhTensor) classes =
      dh_kept_segmentation_load (run->folder, row->stem, labels->width, labels->height, NULL);
  return classes ? dh_class_pixels_new (scores, labels->ids, dh_tensor_data (classes), dh_tensor_size_bytes (classes))
                 : NULL;
}

/* What is not known comes last. */
static double
share_of (const DhReportSlice *slice)
{
  return isnan (slice->fp_share) ? -1 : slice->fp_share;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const DhReportSlice *left = *(DhReportSlice *const *)a, *right = *(DhReportSlice *const *)b;
  if (share_of (left) != share_of (right))
    return share_of (left) > share_of (right) ? -1 : 1;
  return left->class_id - right->class_id;
}

void
dh_report_slices_sort_classes (DhReportSlices *self)
{
  guint first = 0;
  while (first < self->slices->len && ((DhReportSlice *)self->slices->pdata[first])->class_id < 0)
    first++;
  if (first < self->slices->len)
    qsort (self->slices->pdata + first, self->slices->len - first, sizeof (gpointer), compare);
}

const char *
dh_report_slices_why_no_classes (const DhReportSlices *self)
{
  return self->why_no_classes;
}
