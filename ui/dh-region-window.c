#include "dh-region-window.h"
#include "dh-form-window.h"
#include "dh-set-seen.h"

#define N_SIDES 4

typedef struct
{
  DhSession *session;
  GtkWidget *window, *apply, *mask, *of_mask;
  GCancellable *looking;
  GtkWidget *shares[N_SIDES]; /* top, bottom, left, right */
} Region;

static void
region_free (gpointer data)
{
  Region *self = data;
  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  g_object_unref (self->session);
  g_free (self);
}

/* As they are typed: a field takes its number over when it is left. */
static void
get_shares (Region *self, double shares[N_SIDES])
{
  for (guint i = 0; i < N_SIDES; i++)
    {
      const char *text = gtk_editable_get_text (GTK_EDITABLE (self->shares[i]));
      char *end;
      const double typed = g_strtod (text, &end);
      shares[i] = end != text && *end == '\0' ? CLAMP (typed, 0, 99.9)
                                              : gtk_spin_button_get_value (GTK_SPIN_BUTTON (self->shares[i]));
    }
}

/* The window behind, where it has images, shows while it is asked what comes of the answer. */
static void
show_shares (GtkWidget *window, const double shares[N_SIDES])
{
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (window));
  if (parent != NULL)
    gtk_widget_activate_action (GTK_WIDGET (parent), "win.show-margins", "(dddd)", shares[0], shares[1], shares[2],
                                shares[3]);
}

/* Likewise what a mask leaves out; NULL: nothing. */
static void
show_mask (GtkWidget *window, GBytes *pixels, guint width, guint height)
{
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (window));
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  if (parent != NULL)
    gtk_widget_activate_action (
        GTK_WIDGET (parent), "win.show-veil", "(uu@ay)", width, height,
        g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, pixels != NULL ? pixels : nothing, TRUE));
}

static const char *
about_masks (void)
{
  return _ ("Or a mask: a picture of the images’ size, or of their aspect, that is black where they are measured.");
}

static void
was_looked_at (GObject *session, GAsyncResult *result, gpointer data)
{
  guint width = 0, height = 0;
  g_autoptr (GtkWidget) window = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) pixels = dh_session_look_at_mask_finish (DH_SESSION (session), result, &width, &height, &error);
  Region *self = g_object_get_data (G_OBJECT (window), "region");
  if (self == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  show_mask (window, pixels, width, height);
  g_autofree char *why = error != NULL ? g_markup_escape_text (error->message, -1) : g_strdup (about_masks ());
  g_object_set (self->of_mask, "description", why, NULL);
}

static void
look_at_mask (Region *self)
{
  const char *mask = gtk_editable_get_text (GTK_EDITABLE (self->mask));
  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  if (*mask == '\0')
    {
      show_mask (self->window, NULL, 0, 0);
      g_object_set (self->of_mask, "description", about_masks (), NULL);
      return;
    }
  self->looking = g_cancellable_new ();
  dh_session_look_at_mask_async (self->session, mask, self->looking, was_looked_at, g_object_ref (self->window));
}

static gboolean
on_close (GtkWidget *window)
{
  Region *self = g_object_get_data (G_OBJECT (window), "region");
  g_cancellable_cancel (self->looking);
  show_mask (window, NULL, 0, 0);
  show_shares (window, (const double[N_SIDES]){ 0 });
  return GDK_EVENT_PROPAGATE;
}

/* A mask takes the place of shares, and something must be left. */
static void
update (Region *self)
{
  double shares[N_SIDES];
  const gboolean by_mask = *gtk_editable_get_text (GTK_EDITABLE (self->mask)) != '\0';
  get_shares (self, shares);
  for (guint i = 0; i < N_SIDES; i++)
    gtk_widget_set_sensitive (self->shares[i], !by_mask);
  show_shares (self->window, by_mask ? (const double[N_SIDES]){ 0 } : shares);
  gtk_widget_set_sensitive (self->apply, by_mask || (shares[0] + shares[1] < 99.95 && shares[2] + shares[3] < 99.95));
}

static void
on_apply (GtkWidget *window)
{
  Region *self = g_object_get_data (G_OBJECT (window), "region");
  /* The window goes with what it knows. */
  g_autoptr (DhSession) session = g_object_ref (self->session);
  g_autofree char *mask = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->mask)));
  double shares[N_SIDES];
  for (guint i = 0; i < N_SIDES; i++)
    gtk_spin_button_update (GTK_SPIN_BUTTON (self->shares[i]));
  get_shares (self, shares);
  gtk_window_close (GTK_WINDOW (window));
  dh_session_leave_unmeasured (session, shares, mask);
}

static void
on_response (GtkNativeDialog *dialog, int response, GtkWidget *window)
{
  Region *self = g_object_get_data (G_OBJECT (window), "region");
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
  g_autofree char *text = path != NULL ? g_filename_to_utf8 (path, -1, NULL, NULL, NULL) : NULL;
  if (text != NULL)
    gtk_editable_set_text (GTK_EDITABLE (self->mask), text);
  g_object_unref (dialog);
}

static void
on_choose (GtkWidget *window)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (_ ("Choose a mask"), GTK_WINDOW (window),
                                                              GTK_FILE_CHOOSER_ACTION_OPEN, _ ("Choose"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_response), window, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static GtkWidget *
new_share_row (Region *self, guint side, double share)
{
  static const char *const titles[N_SIDES] = { N_ ("Top"), N_ ("Bottom"), N_ ("Left"), N_ ("Right") };
  GtkWidget *row = adw_action_row_new (), *spin = self->shares[side] = gtk_spin_button_new_with_range (0, 99.9, 1);
  gtk_spin_button_set_digits (GTK_SPIN_BUTTON (spin), 1);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin), share);
  gtk_text_set_activates_default (GTK_TEXT (gtk_editable_get_delegate (GTK_EDITABLE (spin))), TRUE);
  gtk_widget_set_valign (spin, GTK_ALIGN_CENTER);
  g_autofree char *name = g_strdup_printf (_ ("%s, per cent of the image"), _ (titles[side]));
  dh_ui_set_name (spin, name);
  g_signal_connect_swapped (spin, "value-changed", G_CALLBACK (update), self);
  g_signal_connect_swapped (spin, "changed", G_CALLBACK (update), self);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (titles[side]));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), spin);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), dh_ui_label ("%", NULL, 0));
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), spin);
  return row;
}

static GtkWidget *
new_shares (Region *self)
{
  /* The car itself is mostly at the bottom. */
  static const guint order[N_SIDES] = { 1, 0, 2, 3 };
  double shares[N_SIDES];
  GtkWidget *group = adw_preferences_group_new ();
  dh_session_get_unmeasured_shares (self->session, shares);
  g_object_set (group, "description",
                _ ("Where every image shows the car itself, a logo or a vignette: labels are ignored there, and no "
                   "number counts it. Maps are computed all the same."),
                NULL);
  for (guint i = 0; i < N_SIDES; i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), new_share_row (self, order[i], shares[order[i]]));
  return group;
}

static GtkWidget *
new_mask (Region *self)
{
  GtkWidget *group = adw_preferences_group_new (), *choose = gtk_button_new_with_label (_ ("Choose…"));
  g_autofree char *path = dh_session_dup_unmeasured_mask (self->session);
  self->mask = adw_entry_row_new ();
  self->of_mask = group;
  g_object_set (self->mask, "title", _ ("Mask"), "text", path != NULL ? path : "", "activates-default", TRUE, NULL);
  gtk_widget_set_valign (choose, GTK_ALIGN_CENTER);
  dh_ui_set_name (choose, _ ("Choose a mask"));
  g_signal_connect_object (choose, "clicked", G_CALLBACK (on_choose), self->window, G_CONNECT_SWAPPED);
  g_signal_connect_swapped (self->mask, "changed", G_CALLBACK (update), self);
  g_signal_connect_swapped (self->mask, "changed", G_CALLBACK (look_at_mask), self);
  adw_entry_row_add_suffix (ADW_ENTRY_ROW (self->mask), choose);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), self->mask);
  return group;
}

GtkWidget *
dh_region_window_new (DhSession *session, GtkWindow *parent)
{
  Region *self = g_new0 (Region, 1);
  self->session = g_object_ref (session);
  GtkWidget *window = self->window = adw_window_new ();
  g_object_set (window, "title", _ ("Not measured"), "modal", TRUE, "transient-for", parent, NULL);
  dh_ui_set_window_size (window, 440, -1);
  g_object_set_data_full (G_OBJECT (window), "region", self, region_free);
  GtkWidget *outer = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL), *box = dh_form_window_box ();
  gtk_box_append (GTK_BOX (outer),
                  dh_form_window_bar (GTK_WINDOW (window), _ ("Apply"), G_CALLBACK (on_apply), &self->apply));
  gtk_box_append (GTK_BOX (box), new_shares (self));
  gtk_box_append (GTK_BOX (box), new_mask (self));
  gtk_box_append (GTK_BOX (outer), box);
  adw_window_set_content (ADW_WINDOW (window), outer);
  gtk_window_set_default_widget (GTK_WINDOW (window), self->apply);
  dh_ui_close_on_escape (window);
  g_signal_connect (window, "close-request", G_CALLBACK (on_close), NULL);
  update (self);
  look_at_mask (self);
  gtk_window_set_focus (GTK_WINDOW (window), self->shares[1]);
  return window;
}
