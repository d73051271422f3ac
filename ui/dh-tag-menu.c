#include "dh-tag-menu.h"
#include "dh-session-marks.h"

/* Characters: of a new tag, and of one that is shown in full. */
#define LONGEST_TAG 100
#define SHOWN_TAG 28
/* Pixels; what is more is scrolled. */
#define HIGHEST 320

typedef struct
{
  DhSession *session;
  GtkWidget *button, *popover, *title, *rows, *entry; /* the button owns this */
  gboolean filling;
} TagMenu;

static void
tag_menu_free (gpointer data)
{
  g_object_unref (((TagMenu *)data)->session);
  g_free (data);
}

/* DhImageItem, without the groups' headings. */
static GPtrArray *
list_shown (TagMenu *self)
{
  GListModel *list = G_LIST_MODEL (dh_session_get_list (self->session));
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (list, i);
      if (DH_IS_IMAGE_ITEM (item))
        g_ptr_array_add (items, g_steal_pointer (&item));
    }
  return items;
}

static guint
count_tag (GPtrArray *items, const char *tag)
{
  guint n = 0;
  for (guint i = 0; i < items->len; i++)
    n += dh_image_item_has_tag (items->pdata[i], tag) ? 1 : 0;
  return n;
}

static void
change (TagMenu *self, const char *tag, gboolean on)
{
  g_autoptr (GPtrArray) items = list_shown (self);
  const guint n = dh_session_set_tag_of_all (self->session, items, tag, on);
  if (n == 0)
    return;
  g_autofree char *text =
      on ? g_strdup_printf (ngettext ("“%s” added to %u image", "“%s” added to %u images", n), tag, n)
         : g_strdup_printf (ngettext ("“%s” taken from %u image", "“%s” taken from %u images", n), tag, n);
  g_signal_emit_by_name (self->session, "message", text);
}

static const char *
tag_of (GtkWidget *check)
{
  return g_object_get_data (G_OBJECT (check), "tag");
}

static void
show_state (TagMenu *self, GtkWidget *row, GPtrArray *items)
{
  GtkWidget *check = gtk_widget_get_first_child (row), *count = gtk_widget_get_last_child (row);
  const guint n = count_tag (items, tag_of (check));
  self->filling = TRUE;
  gtk_check_button_set_active (GTK_CHECK_BUTTON (check), n > 0 && n == items->len);
  gtk_check_button_set_inconsistent (GTK_CHECK_BUTTON (check), n > 0 && n < items->len);
  self->filling = FALSE;
  g_autofree char *text = n > 0 && n < items->len ? g_strdup_printf (_ ("%u of %u"), n, items->len) : g_strdup ("");
  gtk_label_set_label (GTK_LABEL (count), text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

static void
show_states (TagMenu *self)
{
  g_autoptr (GPtrArray) items = list_shown (self);
  for (GtkWidget *row = gtk_widget_get_first_child (self->rows); row != NULL; row = gtk_widget_get_next_sibling (row))
    show_state (self, row, items);
}

static void
on_check (GtkCheckButton *check, TagMenu *self)
{
  if (self->filling)
    return;
  change (self, tag_of (GTK_WIDGET (check)), gtk_check_button_get_active (check));
  show_states (self);
}

static GtkWidget *
make_row (TagMenu *self, const char *tag)
{
  GtkWidget *check = gtk_check_button_new (), *label = dh_ui_short_label (tag, NULL, 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), SHOWN_TAG);
  if (g_utf8_strlen (tag, -1) > SHOWN_TAG)
    gtk_widget_set_tooltip_text (label, tag);
  gtk_check_button_set_child (GTK_CHECK_BUTTON (check), label);
  dh_ui_set_name (check, tag);
  g_object_set_data_full (G_OBJECT (check), "tag", g_strdup (tag), g_free);
  gtk_widget_set_hexpand (check, TRUE);
  g_signal_connect (check, "toggled", G_CALLBACK (on_check), self);
  GtkWidget *row = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 12, NULL);
  gtk_box_append (GTK_BOX (row), check);
  gtk_box_append (GTK_BOX (row), dh_ui_label (NULL, "dh-small dim-label dh-num", 1));
  return row;
}

static void
fill (TagMenu *self)
{
  g_auto (GStrv) tags = dh_session_list_tags (self->session);
  const guint n = dh_image_list_get_shown (dh_session_get_list (self->session));
  g_autofree char *title =
      g_strdup_printf (ngettext ("Tags of the %u image shown", "Tags of all %u images shown", n), n);
  GtkWidget *row;
  gtk_label_set_label (GTK_LABEL (self->title), title);
  while ((row = gtk_widget_get_first_child (self->rows)) != NULL)
    gtk_box_remove (GTK_BOX (self->rows), row);
  for (guint i = 0; tags[i] != NULL; i++)
    gtk_box_append (GTK_BOX (self->rows), make_row (self, tags[i]));
  gtk_widget_set_sensitive (self->rows, n > 0);
  gtk_widget_set_sensitive (self->entry, n > 0);
  show_states (self);
}

static void
on_new_tag (TagMenu *self)
{
  change (self, gtk_editable_get_text (GTK_EDITABLE (self->entry)), TRUE);
  gtk_editable_set_text (GTK_EDITABLE (self->entry), "");
  fill (self);
}

void
dh_tag_menu_open (GtkWidget *menu)
{
  TagMenu *self = g_object_get_data (G_OBJECT (menu), "tag-menu");
  gtk_menu_button_popup (GTK_MENU_BUTTON (menu));
  gtk_widget_grab_focus (self->entry);
}

static GtkWidget *
make_content (TagMenu *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, NULL);
  self->title = dh_ui_label (NULL, "dh-h", 0);
  gtk_box_append (GTK_BOX (box), self->title);
  self->rows = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), HIGHEST);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), self->rows);
  gtk_box_append (GTK_BOX (box), scroller);
  self->entry = gtk_entry_new ();
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->entry), _ ("New tag"));
  gtk_entry_set_icon_from_icon_name (GTK_ENTRY (self->entry), GTK_ENTRY_ICON_PRIMARY, "dh-tag-symbolic");
  gtk_entry_set_max_length (GTK_ENTRY (self->entry), LONGEST_TAG);
  dh_ui_set_name (self->entry, _ ("New tag of all images shown"));
  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (on_new_tag), self);
  gtk_box_append (GTK_BOX (box), self->entry);
  return box;
}

GtkWidget *
dh_tag_menu_new (DhSession *session)
{
  TagMenu *self = g_new0 (TagMenu, 1);
  self->session = g_object_ref (session);
  self->popover = gtk_popover_new ();
  gtk_popover_set_child (GTK_POPOVER (self->popover), make_content (self));
  g_signal_connect_swapped (self->popover, "show", G_CALLBACK (fill), self);
  self->button = gtk_menu_button_new ();
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (self->button), "dh-tag-symbolic");
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (self->button), self->popover);
  dh_ui_set_menu_tooltip (self->button, _ ("Tag all images shown (Shift+Ctrl+T)"));
  dh_ui_set_name (self->button, _ ("Tag all images shown"));
  dh_ui_add_classes (self->button, "dh-sqbtn");
  g_object_set_data_full (G_OBJECT (self->button), "tag-menu", self, tag_menu_free);
  return self->button;
}
