#pragma once
#include <gio/gio.h>
#include "dh-database.h"
#include "dh-records.h"
#include "dh-progress.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* The score maps of a run in the layout that a benchmark or another program expects, read from where the run left them.
 */
typedef enum
{
  /* In the first three, which have no folders, of equal names each gets its folders before it: t5_00001. */
  DH_EXPORT_SMIYC, /* anomaly_p/METHOD/DATASET/FID.hdf5: data set "value", float16, gzip; as the kit's own files */
  DH_EXPORT_FISHYSCAPES, /* STEM_anomaly.npy, float32; where the run kept them STEM_segmentation.npy, uint8 */
  DH_EXPORT_ISSU, /* METHOD/STEM.npz: "anomaly_scores", float32, and "pred_id_labels", uint8: only where it did */
  DH_EXPORT_PNG,  /* STEM.png: 16-bit grey, the range of the whole run to 0…65535, which range.json tells */
  DH_EXPORT_NPY,  /* STEM.npy, float32, as they are */
  DH_N_EXPORT_LAYOUTS,
} DhExportLayout;

const char *dh_export_layout_name (DhExportLayout layout);
gboolean dh_export_layout_from_name (const char *name, DhExportLayout *layout);

/* Whether a run kept the network's segmentation of all its pictures: those of imported scores, and of earlier versions
 * of this program, have none, and Fishyscapes' server wants both. */
gboolean dh_export_has_segmentations (DhDatabase *database, gint64 run);

/* `method`: the name of the method in SMIYC's and ISSU's trees; NULL: of imported scores their own, else "DenseHybrid".
 * Gives the number of maps written. Errors: DH_ERROR_NOT_FOUND (no such run, a map that is gone: named, no
 * segmentations), DH_ERROR_INVALID, DH_ERROR_MISMATCH, DH_ERROR_IO. On the database's thread. */
gboolean dh_export_run (DhDatabase *database, gint64 run, DhExportLayout layout, const char *method, const char *folder,
                        guint *n_written, GCancellable *cancellable, const DhProgress *progress, GError **error);

/* A run's images that were measured, DhRunImageRow. Errors: DH_ERROR_NOT_FOUND where there are none, or their maps are
 * another run's by now. On the database's thread; free with g_ptr_array_unref(). */
GPtrArray *dh_export_list_images (DhDatabase *database, const DhRunRow *run, GError **error);

/* The score map of an image as its run left it, H×W; errors as of exporting. Any thread. */
DhTensor *dh_export_load_map (const DhRunImageRow *row, GError **error);

G_END_DECLS
