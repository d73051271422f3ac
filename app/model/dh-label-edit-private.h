#pragma once
#include "dh-label-edit.h"

G_BEGIN_DECLS

struct _DhLabelEdit
{
  gatomicrefcount refs;
  guint width, height;
  guint8 *ids, *before; /* before: a stroke or fill under way began so */
  DhLabelRect changed, step;
  GQueue undo, redo; /* Step, the last first */
  gsize bytes;
  guint64 state, last_state;
  gboolean stroking;
  double x, y, radius;
  guint8 id;
};

/* A step begins with what is there, is told of each part that it draws, and ends: FALSE where nothing has changed. */
G_GNUC_INTERNAL void dh_label_edit_begin (DhLabelEdit *edit);
G_GNUC_INTERNAL void dh_label_edit_touch (DhLabelEdit *edit, guint x, guint y, guint width, guint height);
G_GNUC_INTERNAL gboolean dh_label_edit_end (DhLabelEdit *edit);

G_END_DECLS
