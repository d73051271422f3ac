#include "dh-parts-window.h"

typedef struct
{
  DhSession *session;
  GPtrArray *parts; /* DhReadPart */
  GtkWidget *window, *title, *open;
  GtkWidget **checks; /* of the parts */
  gboolean updating;
} Parts;

static void
parts_free (gpointer data)
{
  Parts *self = data;
  g_object_unref (self->session);
  g_ptr_array_unref (self->parts);
  g_free (self->checks);
  g_free (self);
}

static DhReadPart *
get_part (Parts *self, guint i)
{
  return self->parts->pdata[i];
}

/* Behind the last of its groups. */
static guint
find_end (Parts *self, guint split)
{
  guint end = split + 1;
  while (end < self->parts->len && get_part (self, end)->of_group)
    end++;
  return end;
}

/* A split is as its groups are. */
static void
show_checks (Parts *self)
{
  guint n = 0, all = 0;
  self->updating = TRUE;
  for (guint split = 0, end; split < self->parts->len; split = end)
    {
      DhReadPart *part = get_part (self, split);
      end = find_end (self, split);
      guint chosen = 0;
      for (guint i = split + 1; i < end; i++)
        {
          chosen += get_part (self, i)->chosen;
          n += get_part (self, i)->chosen ? get_part (self, i)->images : 0;
          gtk_check_button_set_active (GTK_CHECK_BUTTON (self->checks[i]), get_part (self, i)->chosen);
        }
      if (end > split + 1)
        part->chosen = chosen == end - split - 1;
      else
        n += part->chosen ? part->images : 0;
      all += part->images;
      gtk_check_button_set_active (GTK_CHECK_BUTTON (self->checks[split]), part->chosen);
      gtk_check_button_set_inconsistent (GTK_CHECK_BUTTON (self->checks[split]), chosen > 0 && !part->chosen);
    }
  self->updating = FALSE;
  g_autofree char *text = g_strdup_printf (ngettext ("%u of %u image", "%u of %u images", all), n, all);
  adw_window_title_set_subtitle (ADW_WINDOW_TITLE (self->title), text);
  gtk_widget_set_sensitive (self->open, n > 0);
}

/* Of a check button, or of its row. */
static void
on_chosen (GtkWidget *widget, Parts *self)
{
  if (self->updating)
    return;
  const guint index = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (widget), "part"));
  DhReadPart *part = get_part (self, index);
  part->chosen = !part->chosen;
  for (guint i = index + 1; !part->of_group && i < find_end (self, index); i++)
    get_part (self, i)->chosen = part->chosen;
  show_checks (self);
}

static void
on_open (Parts *self)
{
  g_autofree char *id = dh_read_parts_dup_id (self->parts);
  if (id == NULL)
    return;
  /* The window goes with what it knows. */
  g_autoptr (DhSession) session = g_object_ref (self->session);
  gtk_window_close (GTK_WINDOW (self->window));
  dh_session_read_as (session, DH_READ_SPLITS, id);
}

static GtkWidget *
new_row (Parts *self, guint index)
{
  const DhReadPart *part = get_part (self, index);
  GtkWidget *check = self->checks[index] = gtk_check_button_new ();
  g_object_set_data (G_OBJECT (check), "part", GUINT_TO_POINTER (index));
  gtk_widget_set_focusable (check, FALSE); /* the row is pressed */
  dh_ui_set_name (check, part->title);
  g_signal_connect (check, "toggled", G_CALLBACK (on_chosen), self);
  GtkWidget *row =
      g_object_new (ADW_TYPE_ACTION_ROW, "use-markup", FALSE, "title", part->title, "activatable", TRUE, NULL);
  g_object_set_data (G_OBJECT (row), "part", GUINT_TO_POINTER (index));
  g_signal_connect (row, "activated", G_CALLBACK (on_chosen), self);
  if (part->of_group)
    gtk_widget_set_margin_start (check, 24);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), check);
  return row;
}

static GtkWidget *
new_bar (Parts *self)
{
  GtkWidget *bar = adw_header_bar_new ();
  adw_header_bar_set_show_end_title_buttons (ADW_HEADER_BAR (bar), FALSE);
  self->title = adw_window_title_new (_ ("Open together"), "");
  adw_header_bar_set_title_widget (ADW_HEADER_BAR (bar), self->title);
  GtkWidget *cancel = gtk_button_new_with_mnemonic (_ ("_Cancel"));
  g_signal_connect_swapped (cancel, "clicked", G_CALLBACK (gtk_window_close), self->window);
  adw_header_bar_pack_start (ADW_HEADER_BAR (bar), cancel);
  self->open = gtk_button_new_with_mnemonic (_ ("_Open"));
  dh_ui_add_classes (self->open, "suggested-action");
  g_signal_connect_swapped (self->open, "clicked", G_CALLBACK (on_open), self);
  adw_header_bar_pack_end (ADW_HEADER_BAR (bar), self->open);
  return bar;
}

GtkWidget *
dh_parts_window_new (DhSession *session, GtkWindow *parent)
{
  Parts *self = g_new0 (Parts, 1);
  self->session = g_object_ref (session);
  self->parts = dh_session_list_parts (session);
  self->checks = g_new0 (GtkWidget *, self->parts->len + 1);
  GtkWidget *window = self->window = adw_window_new ();
  g_object_set (window, "title", _ ("Open together"), "modal", TRUE, "transient-for", parent, NULL);
  dh_ui_set_window_size (window, 400, 480);
  g_object_set_data_full (G_OBJECT (window), "parts", self, parts_free);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_box_append (GTK_BOX (box), new_bar (self));
  GtkWidget *first = NULL, *group = adw_preferences_group_new (), *page = adw_preferences_page_new ();
  for (guint i = 0; i < self->parts->len; i++)
    {
      GtkWidget *row = new_row (self, i);
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
      first = first != NULL ? first : row;
    }
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
  gtk_widget_set_vexpand (page, TRUE);
  gtk_box_append (GTK_BOX (box), page);
  adw_window_set_content (ADW_WINDOW (window), box);
  gtk_window_set_default_widget (GTK_WINDOW (window), self->open);
  dh_ui_close_on_escape (window);
  show_checks (self);
  if (first != NULL)
    gtk_window_set_focus (GTK_WINDOW (window), first);
  return window;
}
