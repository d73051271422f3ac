#include <math.h>
#include <inttypes.h>
#include "dh-browse-panes-private.h"
#include "dh-kept-map.h"
#include "dh-number.h"
#include "dh-set-seen.h"

/* A map with its threshold, kept as B. */

static char *
dup_title (DhSession *session)
{
  const DhKeptMap *kept = dh_session_get_kept_map (session);
  if (kept == NULL)
    return g_strdup (_ ("nothing is kept"));
  g_autofree char *run = kept->run != 0 ? g_strdup_printf (_ ("Run %" PRId64), kept->run) : NULL;
  const char *title = run;
  for (guint i = 0; i < dh_n_pane_contents && run == NULL; i++)
    if (dh_pane_contents[i].map == (gint)kept->kind)
      title = _ (dh_pane_contents[i].title);
  const double value = kept->threshold.value;
  if (isnan (value))
    return g_strdup_printf (_ ("%s (kept)"), title);
  const gboolean below = kept->kind == DH_FRAME_LIKELIHOOD || kept->kind == DH_FRAME_DATASET_POSTERIOR;
  g_autofree char *number = dh_number_format (value, fabs (value) < 1 ? 3 : 2);
  return g_strdup_printf (_ ("%s %s %s (kept)"), title, below ? "<" : ">", number);
}

char *
dh_browse_kept_dup_title (DhSession *session)
{
  const DhKeptMap *kept = dh_session_get_kept_map (session);
  g_autofree char *title = dup_title (session);
  return kept != NULL ? dh_session_dup_name_seen (session, title, kept->seen) : g_steal_pointer (&title);
}

/* Of the active pane, or where it shows no score or what is kept, of what its image's overlay shows. */
static DhFrameMap
find_map (DhBrowsePanes *self)
{
  const guint index = dh_canvas_get_active_pane (self->canvas);
  const DhPaneContent *content = index < self->n_shown ? self->shown[index] : NULL;
  const gint map = content != NULL && content->kind == DH_PANE_MAP ? content->map : -1;
  const gboolean kept =
      map >= DH_FRAME_RUN_A && dh_session_get_compared_run (self->session, (guint)map - DH_FRAME_RUN_A) == DH_KEPT_RUN;
  return map >= 0 && !kept ? (DhFrameMap)map : dh_score_map (dh_session_get_active_score (self->session));
}

static void
keep (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhBrowsePanes *self = data;
  const DhFrameMap map = find_map (self);
  const char *name = NULL;
  for (guint i = 0; i < dh_n_pane_contents; i++)
    if (dh_pane_contents[i].map == (gint)map)
      name = dh_pane_contents[i].name;
  if (!dh_session_keep_map (self->session, map))
    {
      g_signal_emit_by_name (self->session, "message", _ ("There is no score map of this image to be kept yet"));
      return;
    }
  const gboolean other = !self->comparing || dh_view_is (self->view, "compare-a", DH_KEPT_NAME);
  if (name != NULL && other)
    g_object_set (self->view, "compare-a", name, NULL);
  g_object_set (self->view, "compare-b", DH_KEPT_NAME, "layout", "compare", NULL);
}

static void
release (GSimpleAction *action, GVariant *value, gpointer data)
{
  dh_session_release_kept_map (((DhBrowsePanes *)data)->session);
}

void
dh_browse_kept_append_menu (DhBrowsePanes *self, GMenu *menu, const char *choose)
{
  g_autofree char *title = dh_browse_kept_dup_title (self->session);
  g_autofree char *action = choose != NULL ? g_strdup_printf ("%s::" DH_KEPT_NAME, choose) : NULL;
  const gboolean is_kept = dh_session_get_kept_map (self->session) != NULL;
  g_autoptr (GMenu) section = g_menu_new ();
  g_menu_append (section, _ ("_Keep as B"), "pane.keep");
  if (is_kept && action != NULL)
    g_menu_append (section, title, action);
  if (is_kept)
    g_menu_append (section, _ ("L_et go of what is kept"), "pane.release");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
}

void
dh_browse_kept_add_actions (DhBrowsePanes *self)
{
  const GActionEntry entries[] = { { "keep", keep, NULL, NULL, NULL }, { "release", release, NULL, NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
}
