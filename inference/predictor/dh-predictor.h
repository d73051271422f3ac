#pragma once
#include <gio/gio.h>
#include "dh-device.h"
#include "dh-image.h"
#include "dh-map.h"
#include "dh-model.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* The main flow on one screen: picture → plan for its size (kept, least recently used first out) → maps.
 * All calls on one predictor come from one thread at a time. */
typedef struct _DhPredictor DhPredictor;

DhPredictor *dh_predictor_new (DhModel *model, const char *device, DhPrecision precision, guint threads,
                               GError **error);
void dh_predictor_free (DhPredictor *predictor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPredictor, dh_predictor_free)
DhDevice *dh_predictor_device (DhPredictor *predictor);
DhModel *dh_predictor_model (DhPredictor *predictor);
DhPrecision dh_predictor_precision (DhPredictor *predictor);
/* "f32", …; of int8 with the first digits of its calibration, "int8-0123456789ab": what is told apart where maps are
 * kept. Borrowed, until the calibration is set. */
const char *dh_predictor_precision_name (DhPredictor *predictor);
/* What int8 needs before the first run; dh-calibrate.h finds it. What was compiled with another one is dropped. NULL:
 * none yet. */
void dh_predictor_set_quantization (DhPredictor *predictor, DhQuantization *quantization);
DhQuantization *dh_predictor_quantization (DhPredictor *predictor);

/* Whether a picture of this size can be one at all, on whatever device. Errors: DH_ERROR_UNSUPPORTED (under 32 pixels a
 * side), DH_ERROR_TOO_LARGE. */
gboolean dh_predictor_check_size (guint width, guint height, GError **error);

/* The plan for pictures of this size and these maps (bits DH_MAP_BIT(), at least one that the model has), compiled or
 * found among the kept ones. Its outputs are the maps asked for that the model has, in the order of DhMap. For
 * benchmarks and per-layer tables, and to compile ahead of the first picture. Borrowed: valid until the next call on
 * the predictor. Errors as dh_predictor_run(). */
DhPlan *dh_predictor_get_plan (DhPredictor *predictor, guint width, guint height, guint maps, GCancellable *cancellable,
                               GError **error);

/* A guess at the bytes that a picture of this size needs: plan, input and maps. G_MAXUINT64 where it can not be done.
 */
guint64 dh_predictor_estimate (DhPredictor *predictor, guint width, guint height, guint maps);

typedef struct
{
  guint width, height;
  DhTensor *maps[DH_N_MAPS]; /* NULL where not asked for or not available; H×W, but K×H×W and 2×H×W for logits */
  double seconds;            /* of the run alone, without compiling */
  guint64 non_finite[DH_N_MAPS];
} DhPrediction;
void dh_prediction_free (DhPrediction *prediction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPrediction, dh_prediction_free)

/* `maps`: bits DH_MAP_BIT(). Maps that need an outlier head are left NULL on a closed-set model. Errors as dh-device.h;
 * DH_ERROR_TOO_LARGE with the estimate where the picture would not fit in memory; pictures under 32 pixels a side are
 * DH_ERROR_UNSUPPORTED. */
DhPrediction *dh_predictor_run (DhPredictor *predictor, const DhImage *image, guint maps, GCancellable *cancellable,
                                const DhProgress *progress, GError **error);

/* Runs that overlap, on a device with memory of its own: the next picture goes there while one is computed and the maps
 * of the one before come back. A run may be begun where can_begin() says so: a picture of this size and these maps was
 * computed before, and nothing else is under way; end() gives the oldest. begin() has read the picture when it returns.
 * In between nothing else may be asked of the predictor. An error ends all that was begun. */
gboolean dh_predictor_can_begin (DhPredictor *predictor, const DhImage *image, guint maps);
gboolean dh_predictor_begin (DhPredictor *predictor, const DhImage *image, guint maps, GError **error);
DhPrediction *dh_predictor_end (DhPredictor *predictor, GError **error);
/* How many are begun and not ended. */
guint dh_predictor_n_begun (DhPredictor *predictor);

G_END_DECLS
