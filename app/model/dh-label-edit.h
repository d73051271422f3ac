#pragma once
#include "dh-frame.h"

G_BEGIN_DECLS

/* Labels of one picture while they are drawn: a byte a pixel, 0 inlier, 1 anomaly, 255 ignored, and what was done to
 * them, to be undone and done again. Points are the picture's, (0, 0) the upper left corner of its first pixel; what
 * reaches beyond the picture is cut. A pixel is drawn where its middle lies within. Not thread safe; the window's. */
typedef struct _DhLabelEdit DhLabelEdit;

typedef struct
{
  double x, y;
} DhLabelPoint;

typedef struct
{
  guint x, y, width, height; /* nothing: width 0 */
} DhLabelRect;

/* `ids` are copied. NULL where memory is short. */
DhLabelEdit *dh_label_edit_new (guint width, guint height, const guint8 *ids);
DhLabelEdit *dh_label_edit_ref (DhLabelEdit *edit);
void dh_label_edit_unref (DhLabelEdit *edit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhLabelEdit, dh_label_edit_unref)

guint dh_label_edit_width (const DhLabelEdit *edit);
guint dh_label_edit_height (const DhLabelEdit *edit);
/* Of all pixels, without padding; they stay at their place and change as is drawn. */
const guint8 *dh_label_edit_ids (const DhLabelEdit *edit);
/* A number for what they are now: another after each step, and the same after undo and redo. */
guint64 dh_label_edit_state (const DhLabelEdit *edit);
/* Where pixels changed since this was last asked. */
DhLabelRect dh_label_edit_take_changed (DhLabelEdit *edit);

/* What is surrounded by the polygon, closed from the last point to the first, whichever way its lines cross (the rule
 * of the winding number that is not 0). FALSE where that changes nothing. */
gboolean dh_label_edit_fill_polygon (DhLabelEdit *edit, const DhLabelPoint *points, guint n, guint8 id);

/* A stroke of a round brush, whose radius is in pixels: begun, moved, ended, which makes a step of all of it. The pixel
 * under a point is drawn however small the brush. Nothing else is drawn meanwhile. */
void dh_label_edit_begin_stroke (DhLabelEdit *edit, double x, double y, double radius, guint8 id);
void dh_label_edit_move_stroke (DhLabelEdit *edit, double x, double y);
gboolean dh_label_edit_end_stroke (DhLabelEdit *edit);
gboolean dh_label_edit_is_stroking (const DhLabelEdit *edit);

/* The object under a pixel, as it hangs together over eight neighbours: what the score's threshold flags there
 * (`threshold` NaN, or no such map: nothing), or where nothing is flagged, or `id` is 0, what is labelled there. All of
 * it becomes `id`. FALSE where there is none, or it is so already. `frame` may be NULL. */
gboolean dh_label_edit_fill_object (DhLabelEdit *edit, const DhFrame *frame, DhScore score, double threshold, guint x,
                                    guint y, guint8 id);

/* The very bytes of before. What was undone is there until something else is drawn; the oldest steps are forgotten
 * where all of them take more than 64 MiB. FALSE where there is nothing. */
gboolean dh_label_edit_undo (DhLabelEdit *edit);
gboolean dh_label_edit_redo (DhLabelEdit *edit);
gboolean dh_label_edit_can_undo (const DhLabelEdit *edit);
gboolean dh_label_edit_can_redo (const DhLabelEdit *edit);
/* Of both, in memory. */
gsize dh_label_edit_history_bytes (const DhLabelEdit *edit);
#define DH_LABEL_EDIT_MOST_BYTES ((gsize)64 << 20)

G_END_DECLS
