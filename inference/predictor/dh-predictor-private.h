#pragma once
#include "dh-predictor.h"

G_BEGIN_DECLS

enum
{
  DH_PREDICTOR_MOST_FLIGHTS = 4,
};

typedef struct
{
  guint width, height, maps;
  DhPlan *plan;
} DhPredictorPlan;

/* A run that was begun. */
typedef struct
{
  DhPlan *plan; /* owned reference */
  DhPrediction *prediction;
  gpointer outputs[DH_N_MAPS];
  gint64 begin;
} DhPredictorFlight;

struct _DhPredictor
{
  DhModel *model;
  DhDevice *device;
  DhPrecision precision;
  char *precision_name;
  DhQuantization *quantization; /* owned reference; NULL: none */
  DhRanges *ranges;             /* borrowed, of one that counts; or NULL */
  GArray *plans;                /* DhPredictorPlan, the most recently used first */
  DhPredictorFlight flights[DH_PREDICTOR_MOST_FLIGHTS];
  guint n_flights;
};

/* One in float32 on the same device, whose runs count what int8 needs in `ranges`, which must outlive it. */
G_GNUC_INTERNAL DhPredictor *dh_predictor_new_counter (DhPredictor *predictor, DhRanges *ranges);
/* The maps asked for that the model has; planes of a map. */
G_GNUC_INTERNAL guint dh_predictor_available (DhPredictor *predictor, guint maps);
G_GNUC_INTERNAL guint dh_predictor_channels (DhPredictor *predictor, DhMap map);
/* A kept plan, moved to the front. */
G_GNUC_INTERNAL DhPlan *dh_predictor_find_plan (DhPredictor *predictor, guint width, guint height, guint maps);
/* A device that was lost is opened again; what was compiled on it is gone. */
G_GNUC_INTERNAL gboolean dh_predictor_revive (DhPredictor *predictor, GError **error);
/* Whatever is under way is waited for and dropped. */
G_GNUC_INTERNAL void dh_predictor_drop_flights (DhPredictor *predictor);
/* Everything that a run writes to: maps of the image's size, and where they lie, in their order. */
G_GNUC_INTERNAL DhPrediction *dh_prediction_new (DhPredictor *predictor, const DhImage *image, guint maps,
                                                 gpointer outputs[DH_N_MAPS], GError **error);
/* How many of its values are not finite. */
G_GNUC_INTERNAL void dh_prediction_count (DhPrediction *prediction);
G_GNUC_INTERNAL void dh_prediction_set_no_memory (guint width, guint height, GError **error);

G_END_DECLS
