#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Everything under one pixel of the current picture: where, label, class, the terms and their sum, above or below τ. */
#define DH_TYPE_PROBE_STRIP (dh_probe_strip_get_type ())
G_DECLARE_FINAL_TYPE (DhProbeStrip, dh_probe_strip, DH, PROBE_STRIP, GtkWidget)

GtkWidget *dh_probe_strip_new (DhSession *session);
void dh_probe_strip_set_pixel (DhProbeStrip *strip, gboolean inside, int x, int y);
/* What it reads, as one line for the clipboard and for a screen reader; free with g_free, NULL where it reads nothing.
 */
char *dh_probe_strip_dup_text (DhProbeStrip *strip);

G_END_DECLS
