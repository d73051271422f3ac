#include "dh-help.h"

static const struct
{
  const char *titles[3];
  const char *text;
} help[] = {
  { { "AP" },
    N_ ("Average precision: the area under the precision–recall curve, as a sum of steps of recall. The share of "
        "anomalous pixels is what chance gives. High is good.") },
  { { "FPR95" },
    N_ ("The share of inlier pixels that are flagged where 95 % of the anomalous ones are found. Low is good.") },
  { { "AUROC" },
    N_ ("The chance that an anomalous pixel has a higher score than an inlier one: 50 % says nothing. With few "
        "anomalies "
        "it flatters; look at AP and FPR95. High is good.") },
  { { N_ ("AP, 95 %") },
    N_ ("How far the AP is a matter of chance: of which images the part has. As many images as it has (of ten scenes "
        "or "
        "more the scenes) are drawn from it again and again, with replacement; 95 of 100 draws lie between these.") },
  { { N_ ("Intervals") },
    N_ ("How far a number, or the difference of two runs, is a matter of chance: of which images the set has. As many "
        "images as it has (of ten scenes or more the scenes) are drawn from it again and again, with replacement; "
        "95 of 100 draws lie in the interval. Of fewer than some thirty it is too narrow. What another training or "
        "another "
        "city would change is not in it.") },
  { { N_ ("mean ± standard deviation") },
    N_ ("Of the chosen runs, as of trainings that differ in their seed; the deviation is that of the sample, "
        "√(Σ (x − mean)² ÷ (n − 1)). It tells of the seed; of which images the set has, Intervals tell.") },
  { { N_ ("Undefined") },
    N_ ("Images that are left out of a mean, because an image without anomalies, or without inliers, has no AP, "
        "AUROC "
        "or FPR95 of its own.") },
  { { N_ ("Protocol") },
    N_ ("The rules by which a number was made: what is pooled, what is left out, where FPR95 is read. Numbers of "
        "different "
        "protocols are not to be compared.") },
  { { N_ ("Precision") }, N_ ("Of the flagged pixels, the share that is anomalous: TP ÷ (TP + FP).") },
  { { N_ ("TPR (recall)"), N_ ("TPR") },
    N_ ("Of the anomalous pixels, the share that is flagged: TP ÷ (TP + FN). Also called recall.") },
  { { N_ ("FPR") }, N_ ("Of the inlier pixels, the share that is flagged.") },
  { { N_ ("F1") }, N_ ("The harmonic mean of precision and recall: 2 TP ÷ (2 TP + FP + FN).") },
  { { N_ ("Best F1") },
    N_ ("The highest F1 of pixels that any threshold gives on this very data; an optimist’s number.") },
  { { N_ ("True positive") }, N_ ("Anomalous pixels that are flagged. Void pixels are counted nowhere.") },
  { { N_ ("False positive") }, N_ ("Inlier pixels that are flagged. Void pixels are counted nowhere.") },
  { { N_ ("False negative") }, N_ ("Anomalous pixels that are not flagged. Void pixels are counted nowhere.") },
  { { N_ ("Flagged") }, N_ ("The share of all pixels beyond the threshold, void ones too.") },
  { { N_ ("Component F1"), N_ ("Mean component F1") },
    N_ ("F1 of whole objects, averaged over 11 overlaps from 25 % to 75 %: an anomaly is found where its sIoU reaches "
        "the "
        "overlap, a flagged region is false where its PPV does not.") },
  { { "sIoU" },
    N_ ("Adjusted intersection over union: how well the flagged regions that touch an anomaly cover it; what they "
        "cover of "
        "other anomalies does not count against it.") },
  { { "PPV" }, N_ ("Positive predictive value: the share of a flagged region that lies on anomalies.") },
  { { "mIoU", N_ ("Closed mIoU") },
    N_ ("Mean over the known classes of intersection ÷ union; classes that do not occur are left out.") },
  { { N_ ("open-mIoU") },
    N_ ("The mean IoU of the known classes where what is flagged is a class of its own: anomalies taken for a class, "
        "and "
        "false alarms, both lower it.") },
  { { N_ ("False alarms an image") },
    N_ ("Flagged regions that touch no anomaly, for each image. A threshold gives so many at most where no stricter "
        "one "
        "gives more: where nearly all is flagged, one region touches everything. Objects also calls false what lies in "
        "an anomaly with less than a quarter of its pixels.") },
  { { N_ ("Anomaly px") }, N_ ("Pixels that the label calls anomalous.") },
  { { N_ ("Largest miss, px") }, N_ ("The largest anomalous object that the threshold does not find.") },
  { { N_ ("Mean score") }, N_ ("Over all pixels whose score is finite.") },
};

const char *
dh_help_of (const char *title)
{
  for (guint i = 0; title != NULL && *title != '\0' && i < G_N_ELEMENTS (help); i++)
    for (guint j = 0; j < G_N_ELEMENTS (help[i].titles) && help[i].titles[j] != NULL; j++)
      if (g_str_equal (_ (help[i].titles[j]), title))
        return _ (help[i].text);
  return NULL;
}

void
dh_help_set (GtkWidget *widget, const char *title)
{
  gtk_widget_set_tooltip_text (widget, dh_help_of (title));
}

void
dh_help_set_column (GtkColumnView *view, guint index, const char *title)
{
  GtkWidget *head = gtk_widget_get_first_child (gtk_widget_get_first_child (GTK_WIDGET (view)));
  for (guint i = 0; head != NULL && i < index; i++)
    head = gtk_widget_get_next_sibling (head);
  if (head != NULL)
    dh_help_set (head, title);
}
