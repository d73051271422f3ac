#include "dh-metric-private.h"
#include "dh-error.h"

static const DhProtocol protocols[] = {
  { "densehybrid-pooled", "DenseHybrid, pooled",
    "All pixels of the set in one exact ranking of float32 scores, void dropped, FPR at the first kept ROC point of "
    "TPR > 0.95; differs from per-image means because large and crowded images weigh more",
    DH_PROTOCOL_PIXEL },
  { "densehybrid-per-image", "DenseHybrid, per image",
    "The same metrics of each image alone, then their mean; images without anomalies or without inliers are undefined "
    "and left out, so false positives on clean images do not count",
    DH_PROTOCOL_PIXEL },
  { "densehybrid-per-image-as-published", "DenseHybrid, per image, as published",
    "As the reference script printed it: an image without anomalies counts as FPR 0 while its AP and AUROC are left "
    "out, which flatters FPR on sets with clean images; only for comparison with published numbers",
    DH_PROTOCOL_PIXEL },
  { "fishyscapes", "Fishyscapes",
    "All pixels labelled 0 or 1 in one exact ranking, FPR at the first point of TPR ≥ 0.95; differs from "
    "densehybrid-pooled only in where FPR is read, which shows with ties",
    DH_PROTOCOL_PIXEL },
  { "caos", "CAOS",
    "Per image, then the mean, without void: every label but the anomaly's is inlier, so the ignored pixels count as "
    "false positives; FPR where the recall is nearest to 0.95",
    DH_PROTOCOL_PIXEL },
  { "smiyc-pixel", "SegmentMeIfYouCan, pixel",
    "Scores rounded to float16, at most 768 bins an image at the quantiles of both classes, merged over the set; "
    "differs from an exact ranking by the bins, up to some tenths of a point",
    DH_PROTOCOL_PIXEL },
  { "smiyc-component", "SegmentMeIfYouCan, components",
    "Whole objects instead of pixels: 8-connected components at one threshold, sIoU of anomalies and PPV of "
    "predictions, F1 averaged over 11 overlaps; small objects count as much as large ones",
    DH_PROTOCOL_COMPONENT },
  { "open-set", "Open-set recognition",
    "Closed-set classes with the anomaly as one more, at a threshold calibrated elsewhere: mean IoU of the known "
    "classes, which misses and false alarms both lower",
    DH_PROTOCOL_OPEN_SET },
};

guint
dh_protocol_count (void)
{
  return G_N_ELEMENTS (protocols);
}

const DhProtocol *
dh_protocol_at (guint position)
{
  g_return_val_if_fail (position < G_N_ELEMENTS (protocols), NULL);
  return &protocols[position];
}

const DhProtocol *
dh_protocol_find (const char *name, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      if (g_str_equal (protocols[i].name, name))
        return &protocols[i];
      g_string_append_printf (names, "%s%s", i ? ", " : "", protocols[i].name);
    }
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "there is no protocol “%s”. Take one of %s", name, names->str);
  return NULL;
}
