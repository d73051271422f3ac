#include "dh-check-window.h"
#include "dh-data-check.h"
#include "dh-mini-bar.h"
#include "dh-number.h"
#include "dh-reading-menu.h"

#define POLL_MS 100
#define BAR_WIDTH 120
#define FACT_CHARS 48

typedef struct
{
  DhSession *session;
  GtkWidget *page, *reading, *bar, *copy, *holder;
  GtkWidget *window;  /* borrowed */
  GtkWidget *choices; /* how it is read; NULL: there is nothing to choose */
  char *refused;      /* why it cannot be read as was chosen last */
  GCancellable *cancellable;
  DhDataCheckProgress *progress;
  DhDataCheck *check;
  guint timeout;
} Check;

/* What is known of the set that was open. */
static void
forget (Check *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->timeout, g_source_remove);
  g_clear_pointer (&self->check, dh_data_check_free);
  g_clear_pointer (&self->progress, g_atomic_rc_box_release);
}

static void
check_free (gpointer data)
{
  Check *self = data;
  forget (self);
  g_object_unref (self->session);
  g_free (self->refused);
  g_free (self);
}

static GtkWidget *
new_row (GType type, const char *title, const char *subtitle)
{
  GtkWidget *row = g_object_new (type, "use-markup", FALSE, "title", title, NULL);
  if (ADW_IS_EXPANDER_ROW (row))
    adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (row), subtitle != NULL ? subtitle : "");
  else
    g_object_set (row, "subtitle", subtitle != NULL ? subtitle : "", "subtitle-lines", 0, "title-lines", 0, NULL);
  dh_widget_drop_hyphens (row);
  return row;
}

static void
add_fact (GtkWidget *group, const char *title, const char *text)
{
  GtkWidget *row = new_row (ADW_TYPE_ACTION_ROW, title, NULL);
  GtkWidget *label = dh_ui_label (text, "dh-dense dh-num", 1);
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  dh_widget_wrap (label);
  const int chars = (int)(FACT_CHARS / MAX (dh_ui_text_scale (row), 1));
  gtk_label_set_width_chars (GTK_LABEL (label), (int)MIN (g_utf8_strlen (text, -1), chars));
  gtk_label_set_max_width_chars (GTK_LABEL (label), FACT_CHARS);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
}

static void
add_group (Check *self, GtkWidget *group)
{
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (self->page), ADW_PREFERENCES_GROUP (group));
}

static GtkWidget *
new_group (const char *title)
{
  GtkWidget *group = adw_preferences_group_new ();
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), title);
  return group;
}

static GtkWidget *
new_icon (DhDataLevel level)
{
  static const struct
  {
    const char *icon, *classes, *name;
  } levels[] = {
    [DH_DATA_OK] = { "object-select-symbolic", "dh-ok", N_ ("all right") },
    [DH_DATA_INFO] = { "dialog-information-symbolic", "dim-label", N_ ("worth knowing") },
    [DH_DATA_WARNING] = { "dialog-warning-symbolic", "dh-warn", N_ ("warning") },
    [DH_DATA_ERROR] = { "dialog-error-symbolic", "dh-err", N_ ("error") },
  };
  GtkWidget *icon = gtk_image_new_from_icon_name (levels[level].icon);
  dh_ui_add_classes (icon, levels[level].classes);
  gtk_widget_set_tooltip_text (icon, _ (levels[level].name));
  dh_ui_set_name (icon, _ (levels[level].name));
  return icon;
}

static void
add_reading (Check *self)
{
  GtkWidget *group = self->choices = dh_reading_group_new (self->session);
  if (group == NULL)
    return;
  if (self->refused != NULL)
    {
      GtkWidget *row = new_row (ADW_TYPE_ACTION_ROW, _ ("It could not be read so"), self->refused);
      adw_action_row_add_prefix (ADW_ACTION_ROW (row), new_icon (DH_DATA_ERROR));
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
    }
  add_group (self, group);
}

/* What is known without reading the files. */
static void
add_facts (Check *self)
{
  GtkWidget *group = adw_preferences_group_new ();
  const char *path = dh_session_get_dataset_path (self->session);
  const char *evidence = dh_session_get_dataset_evidence (self->session);
  add_fact (group, _ ("Layout"), dh_session_get_dataset_title (self->session));
  if (path != NULL)
    add_fact (group, _ ("Folder"), path);
  if (evidence != NULL && *evidence != '\0')
    add_fact (group, _ ("Known by"), evidence);
  g_autofree char *published = dh_session_dup_published (self->session);
  if (published != NULL)
    add_fact (group, _ ("Published as"), published);
  const char *const *notes = dh_session_get_notes (self->session);
  for (guint i = 0; notes[i] != NULL; i++)
    add_fact (group, i == 0 ? _ ("Notes") : "", notes[i]);
  add_group (self, group);
}

static void
add_counts (Check *self)
{
  const DhDataCheck *check = self->check;
  GtkWidget *group = new_group (_ ("Files"));
  g_autofree char *images = dh_number_format_count (check->images), *labels = dh_number_format_count (check->labels);
  g_autofree char *usable = dh_number_format_count (check->usable);
  add_fact (group, _ ("Images"), images);
  add_fact (group, _ ("Labels"), labels);
  add_fact (group, _ ("Can be used"), usable);
  for (guint i = 0; i < check->splits->len; i++)
    {
      const DhDataSplit *split = check->splits->pdata[i];
      g_autofree char *there = dh_number_format_count (split->images);
      g_autofree char *labelled = dh_number_format_count (split->labels);
      g_autofree char *published = dh_number_format_count (split->published);
      g_autofree char *text = split->published > 0 ? g_strdup_printf (_ ("images: %s, published %s · labels: %s"),
                                                                      there, published, labelled)
                                                   : g_strdup_printf (_ ("images: %s · labels: %s"), there, labelled);
      if (*split->name != '\0' || split->published > 0)
        add_fact (group, *split->name != '\0' ? split->name : _ ("The whole set"), text);
    }
  add_group (self, group);
}

static GtkWidget *
new_finding (const DhDataFinding *finding)
{
  const gboolean has_files = finding->files != NULL && finding->files[0] != NULL;
  GtkWidget *row =
      new_row (has_files ? ADW_TYPE_EXPANDER_ROW : ADW_TYPE_ACTION_ROW, finding->sentence, finding->detail);
  GtkWidget *icon = new_icon (finding->level);
  if (!has_files)
    {
      adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
      return row;
    }
  adw_expander_row_add_prefix (ADW_EXPANDER_ROW (row), icon);
  const guint n = g_strv_length (finding->files);
  for (guint i = 0; i < n; i++)
    adw_expander_row_add_row (ADW_EXPANDER_ROW (row), new_row (ADW_TYPE_ACTION_ROW, finding->files[i], NULL));
  if (finding->count > n)
    {
      g_autofree char *more =
          g_strdup_printf (ngettext ("and %u more", "and %u more", finding->count - n), finding->count - n);
      adw_expander_row_add_row (ADW_EXPANDER_ROW (row), new_row (ADW_TYPE_ACTION_ROW, more, NULL));
    }
  return row;
}

static void
add_findings (Check *self)
{
  GtkWidget *group = new_group (_ ("Findings"));
  for (guint i = 0; i < self->check->findings->len; i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), new_finding (self->check->findings->pdata[i]));
  add_group (self, group);
}

static void
add_value (GtkGrid *grid, int row, const DhDataValue *value)
{
  g_autofree char *id = g_strdup_printf ("%u", value->value);
  g_autofree char *share = dh_number_format_percent (value->share, 2);
  g_autofree char *pixels = dh_number_format_count (value->pixels), *images = dh_number_format_count (value->images);
  GtkWidget *bar = dh_mini_bar_new (BAR_WIDTH, 6);
  dh_mini_bar_set_fraction (DH_MINI_BAR (bar), value->share);
  gtk_widget_set_valign (bar, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (bar, TRUE);
  GtkWidget *const cells[] = { dh_ui_label (id, "val", 1),
                               dh_ui_label (value->role, value->anomaly || !value->known ? "lab dh-err" : "lab", 0),
                               dh_ui_label (value->meaning, "lab", 0),
                               bar,
                               dh_ui_label (share, "val", 1),
                               dh_ui_label (pixels, "val", 1),
                               dh_ui_label (images, "val", 1) };
  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    gtk_grid_attach (grid, cells[i], (int)i, row, 1, 1);
}

static void
add_values (Check *self)
{
  static const char *const heads[] = { N_ ("Value"), N_ ("Taken as"), N_ ("Meaning"), N_ ("Share of pixels"),
                                       "",           N_ ("Pixels"),   N_ ("Images") };
  const GPtrArray *values = self->check->values;
  if (values->len == 0)
    return;
  GtkWidget *group = new_group (_ ("Values in the label files"));
  adw_preferences_group_set_description (
      ADW_PREFERENCES_GROUP (group),
      _ ("What is ignored, also called void, is counted by no metric; an unknown value leaves its images out."));
  GtkWidget *grid = dh_ui_table (5);
  gtk_widget_set_margin_top (grid, 6);
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    gtk_grid_attach (GTK_GRID (grid), dh_ui_label (*heads[i] != '\0' ? _ (heads[i]) : "", "head", i == 0 || i > 4),
                     (int)i, 0, 1, 1);
  for (guint i = 0; i < values->len; i++)
    add_value (GTK_GRID (grid), (int)i + 1, values->pdata[i]);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), grid);
  add_group (self, group);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) window = data;
  g_autoptr (GError) error = NULL;
  DhDataCheck *check = dh_data_check_finish (result, &error);
  Check *self = g_object_get_data (G_OBJECT (window), "check");
  /* Closed, or another set is being checked now. */
  if (self == NULL || self->cancellable != g_task_get_cancellable (G_TASK (result)))
    {
      g_clear_pointer (&check, dh_data_check_free);
      return;
    }
  g_clear_handle_id (&self->timeout, g_source_remove);
  gtk_widget_set_visible (self->reading, FALSE);
  if (check == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        adw_preferences_group_add (ADW_PREFERENCES_GROUP (self->reading),
                                   new_row (ADW_TYPE_ACTION_ROW, _ ("The files could not be checked"), error->message));
      gtk_widget_set_visible (self->reading, TRUE);
      return;
    }
  self->check = check;
  gtk_widget_set_sensitive (self->copy, TRUE);
  add_counts (self);
  add_findings (self);
  add_values (self);
}

static gboolean
show_progress (gpointer data)
{
  Check *self = data;
  const gint total = g_atomic_int_get (&self->progress->total), done = g_atomic_int_get (&self->progress->done);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), total > 0 ? (double)done / total : 0);
  g_autofree char *text = total > 0 ? g_strdup_printf (_ ("Reading images and labels: %d of %d"), done, total)
                                    : g_strdup (_ ("Reading images and labels"));
  gtk_progress_bar_set_text (GTK_PROGRESS_BAR (self->bar), text);
  return G_SOURCE_CONTINUE;
}

static void
copy_text (GtkButton *button, Check *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (button)), self->check->text);
}

/* What is open, as it is read now: all of the window but its bar. */
static void
begin (Check *self)
{
  self->cancellable = g_cancellable_new ();
  self->progress = g_atomic_rc_box_new0 (DhDataCheckProgress);
  gtk_widget_set_sensitive (self->copy, FALSE);
  self->page = adw_preferences_page_new ();
  adw_bin_set_child (ADW_BIN (self->holder), self->page);
  add_facts (self);
  add_reading (self);
  self->reading = adw_preferences_group_new ();
  self->bar = gtk_progress_bar_new ();
  gtk_progress_bar_set_show_text (GTK_PROGRESS_BAR (self->bar), TRUE);
  dh_ui_set_name (self->bar, _ ("Progress of the check"));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self->reading), self->bar);
  add_group (self, self->reading);
  show_progress (self);
  self->timeout = g_timeout_add (POLL_MS, show_progress, self);
  dh_data_check_async (self->session, self->progress, self->cancellable, on_checked, g_object_ref (self->window));
}

/* Whoever chooses by keys goes on choosing. */
static void
begin_again (Check *self)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self->window));
  const gboolean chooses = focus != NULL && self->choices != NULL && gtk_widget_is_ancestor (focus, self->choices);
  forget (self);
  begin (self);
  if (chooses && self->choices != NULL)
    gtk_widget_child_focus (self->choices, GTK_DIR_TAB_FORWARD);
}

static void
on_dataset (GtkWidget *window)
{
  Check *self = g_object_get_data (G_OBJECT (window), "check");
  if (self == NULL || !dh_session_has_dataset (self->session))
    return;
  g_clear_pointer (&self->refused, g_free);
  begin_again (self);
}

/* What was chosen here is not there; the choice goes back. */
static void
on_refused (DhSession *session, const char *why, GtkWidget *window)
{
  Check *self = g_object_get_data (G_OBJECT (window), "check");
  if (self == NULL)
    return;
  g_free (self->refused);
  self->refused = g_strdup (why);
  begin_again (self);
}

/* The reading ends with the window, which its last reference may outlive. */
static void
on_destroy (GtkWidget *window, gpointer data)
{
  g_object_set_data (G_OBJECT (window), "check", NULL);
}

GtkWidget *
dh_check_window_new (DhSession *session, GtkWindow *parent)
{
  Check *self = g_new0 (Check, 1);
  self->session = g_object_ref (session);
  GtkWidget *window = self->window = adw_window_new ();
  g_object_set (window, "title", _ ("Check of the data set"), "modal", TRUE, "transient-for", parent, NULL);
  dh_ui_set_window_size (window, 820, 680);
  g_object_set_data_full (G_OBJECT (window), "check", self, check_free);
  g_signal_connect (window, "destroy", G_CALLBACK (on_destroy), NULL);
  g_signal_connect_object (session, "notify::dataset-title", G_CALLBACK (on_dataset), window, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "refused", G_CALLBACK (on_refused), window, 0);

  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  GtkWidget *bar = adw_header_bar_new ();
  self->copy = dh_ui_icon_button ("edit-copy-symbolic", _ ("Copy what was found as text"), NULL, "flat");
  g_signal_connect (self->copy, "clicked", G_CALLBACK (copy_text), self);
  adw_header_bar_pack_end (ADW_HEADER_BAR (bar), self->copy);
  gtk_box_append (GTK_BOX (box), bar);
  self->holder = adw_bin_new ();
  gtk_widget_set_vexpand (self->holder, TRUE);
  gtk_box_append (GTK_BOX (box), self->holder);
  adw_window_set_content (ADW_WINDOW (window), box);
  begin (self);
  dh_ui_close_on_escape (window);
  return window;
}
