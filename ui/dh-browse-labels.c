#include "dh-browse-panes-private.h"
#include "dh-session-labels.h"

/* Labels that are drawn, in the panes: as they are at every moment. */

void
dh_browse_labels_show (DhBrowsePanes *self)
{
  DhFrame *frame = self->frame;
  DhLabelEdit *edit = dh_session_get_label_edit (self->session);
  if (edit != NULL
      && (frame == NULL || frame != dh_session_get_frame (self->session) || dh_label_edit_width (edit) != frame->width
          || dh_label_edit_height (edit) != frame->height))
    edit = NULL; /* of a picture that is not shown yet */
  if (frame != NULL && (edit != self->edit || edit == NULL))
    {
      g_autoptr (GBytes) drawn = edit != NULL ? dh_session_dup_label_bytes (self->session) : NULL;
      if (edit != NULL)
        dh_label_edit_take_changed (edit);
      if (drawn != NULL || frame->truth != NULL || frame->unmeasured == NULL)
        dh_canvas_set_truth (self->canvas, drawn != NULL ? drawn : frame->truth, frame->width, frame->height,
                             frame->width);
      else
        dh_canvas_set_void (self->canvas, frame->unmeasured, frame->width, frame->height, frame->width);
    }
  self->edit = edit;
}

static void
on_labels (DhBrowsePanes *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self->session);
  if (edit == NULL || edit != self->edit)
    {
      dh_browse_labels_show (self);
      dh_browse_panes_show_overlay (self);
      for (guint i = 0; i < self->n_shown; i++)
        {
          dh_browse_panes_show_message (self, i);
          dh_browse_panes_show_legend (self, i);
        }
      return;
    }
  const DhLabelRect changed = dh_label_edit_take_changed (edit);
  dh_canvas_redraw_truth (self->canvas, changed.x, changed.y, changed.width, changed.height);
}

void
dh_browse_labels_connect (DhBrowsePanes *self)
{
  g_signal_connect_swapped (self->session, "labels", G_CALLBACK (on_labels), self);
}
