#pragma once
#include "dh-banner.h"
#include "dh-browse-page.h"
#include "dh-metrics-page.h"
#include "dh-runs-page.h"
#include "dh-training-page.h"
#include "dh-window.h"

G_BEGIN_DECLS

struct _DhWindow
{
  AdwApplicationWindow parent_instance;
  DhSession *session;
  GMenu *devices, *precisions;
  GtkWidget *toasts, *stack, *switcher_title, *switcher_bar, *browse_stack, *browse, *metrics, *training, *runs;
  GtkWidget *images_toggle, *tuning_toggle, *form_toggle, *drop_mark;
  GtkWidget *jobs_button, *jobs_number;
  DhBanner *banner;
  GMenu *sets_menu; /* the menu owns it */
  guint frame_log, switcher_idle;
  AdwToast *saved_toast; /* weak: of the mask that was written last by itself */
  gboolean loses_labels; /* it closes although some are not written */
};

/* dh-window-actions.c */
G_GNUC_INTERNAL void dh_window_add_actions (DhWindow *window);
G_GNUC_INTERNAL void dh_window_update_actions (DhWindow *window);
G_GNUC_INTERNAL void dh_window_set_state (DhWindow *window, const char *action, const char *state);

/* dh-window-browse.c: what is done to pictures and thresholds, while they are seen. */
G_GNUC_INTERNAL gboolean dh_window_is_page (DhWindow *window, const char *name);
/* Whether pictures are seen. */
G_GNUC_INTERNAL gboolean dh_window_browses (DhWindow *window);
G_GNUC_INTERNAL void dh_window_add_browse_actions (DhWindow *window);
G_GNUC_INTERNAL void dh_window_update_browse_actions (DhWindow *window);
/* Whether an action, "win.fit" or "view.fill", has something to act on that is seen. */
G_GNUC_INTERNAL gboolean dh_window_can_act (DhWindow *window, const char *action);

/* dh-window-menus.c */
G_GNUC_INTERNAL void dh_window_list_devices (DhWindow *window);
G_GNUC_INTERNAL void dh_window_update_precisions (DhWindow *window);
G_GNUC_INTERNAL GMenuModel *dh_window_new_open_menu (DhWindow *window);
G_GNUC_INTERNAL GMenuModel *dh_window_new_main_menu (DhWindow *window);

/* dh-window-dialogs.c */
G_GNUC_INTERNAL void dh_window_choose_dataset (DhWindow *window);
G_GNUC_INTERNAL void dh_window_choose_pictures (DhWindow *window);
G_GNUC_INTERNAL void dh_window_choose_recording (DhWindow *window);
G_GNUC_INTERNAL void dh_window_choose_weights (DhWindow *window);
G_GNUC_INTERNAL void dh_window_save_view (DhWindow *window);
G_GNUC_INTERNAL void dh_window_open_view (DhWindow *window);
G_GNUC_INTERNAL void dh_window_choose_tags (DhWindow *window);
G_GNUC_INTERNAL void dh_window_choose_report (DhWindow *window, const char *format);
G_GNUC_INTERNAL void dh_window_choose_video (DhWindow *window);
G_GNUC_INTERNAL void dh_window_choose_finds (DhWindow *window);
G_GNUC_INTERNAL void dh_window_show_about (DhWindow *window);
G_GNUC_INTERNAL void dh_window_show_weights (DhWindow *window);
G_GNUC_INTERNAL void dh_window_show_notes (DhWindow *window);

/* dh-window-drop.c: what is dropped onto the window is opened; gives the content under the mark that shows while
 * something is being dragged. */
G_GNUC_INTERNAL GtkWidget *dh_window_add_drop (DhWindow *window, GtkWidget *content);

/* dh-window-jobs.c */
G_GNUC_INTERNAL GtkWidget *dh_window_make_jobs_button (DhWindow *window);

/* dh-window-sets.c: the section of the menu that lists the data sets opened lately; with its actions. Transfer full. */
G_GNUC_INTERNAL GMenuModel *dh_window_make_sets_menu (DhWindow *window);

/* dh-window.c: what the user opens is looked at in Browse, unless it is measured just now. */
G_GNUC_INTERNAL void dh_window_show_opened (DhWindow *window);
/* What stands in the line of errors under this title is over. */
G_GNUC_INTERNAL void dh_window_take_back (DhWindow *window, const char *title);

/* dh-window-written.c: "written" of the session: a toast with what opens the file, its folder or, where nothing does,
 * copies its path */
G_GNUC_INTERNAL void dh_window_add_written (DhWindow *window);

/* dh-window-files.c: the files of what is shown, opened by other programs, and read again. */
G_GNUC_INTERNAL void dh_window_add_files (DhWindow *window);

/* dh-window-labels.c: masks are drawn. What Escape does in that mode; FALSE where it is off. */
G_GNUC_INTERNAL void dh_window_add_labels (DhWindow *window);
G_GNUC_INTERNAL gboolean dh_window_release_labels (DhWindow *window);
/* Before it closes: writes them, and asks where that cannot be; FALSE: it may close. */
G_GNUC_INTERNAL gboolean dh_window_keeps_labels (DhWindow *window);

/* dh-window-keys.c */
G_GNUC_INTERNAL void dh_window_add_keys (DhWindow *window, GtkApplication *application);
G_GNUC_INTERNAL void dh_window_show_shortcuts (DhWindow *window);

G_END_DECLS
