#include "dh-image-card.h"
#include "dh-csv-menu.h"
#include "dh-false-alarms-page.h"
#include "dh-fit-row.h"
#include "dh-images-table.h"
#include "dh-metrics-charts.h"
#include "dh-objects-table.h"
#include "dh-slices-table.h"

typedef enum
{
  PAGE_IMAGES,
  PAGE_SLICES,
  PAGE_OBJECTS,
  PAGE_FALSE_ALARMS,
  N_PAGES,
} Page;

static const struct
{
  const char *title, *heading, *id, *hint, *tooltip;
  const char *setting, *kept; /* of the view: the page, and its filter; NULL: it is no table, and has none */
  void (*set_filter) (GtkWidget *table, const char *text);
  char *(*dup_note) (GtkWidget *table);
} pages[N_PAGES] = {
  { N_ ("Images"), N_ ("Per image"), "images", N_ ("ap<90, scene:…, tag:…"),
    N_ ("Words of name, scene, tag or note, or: ap<90, fpr95>10, anomalies>0, scene:…, tag:…, is:failed, is:marked"),
    "images", "table-images-filter", dh_images_table_set_filter, dh_images_table_dup_note },
  { N_ ("Slices"), N_ ("Per slice"), "slices", N_ ("Words of a slice"), N_ ("Words of a slice's name or kind"),
    "slices", "table-slices-filter", dh_slices_table_set_filter, dh_slices_table_dup_note },
  { N_ ("Objects"), N_ ("Per object"), "components", N_ ("kind:missed, area>500, scene:…"),
    N_ ("Words of the image's name, scene, tag or note, or: kind:missed, kind:false, kind:found, area>500, siou<0.5, "
        "ppv<0.5, place:top, place:middle, place:bottom, place:border, place:inner, "
        "class:…, scene:…, tag:…"),
    "objects", "table-objects-filter", dh_objects_table_set_filter, dh_objects_table_dup_note },
  { N_ ("False alarms"), N_ ("False alarms"), "false-alarms", NULL, NULL, "false-alarms", NULL, NULL,
    dh_false_alarms_page_dup_note },
};

typedef struct
{
  DhSession *session;
  GtkWidget *heading, *note, *filter, *browse, *stack, *tabs[N_PAGES], *tables[N_PAGES];
  Page page;
  gboolean showing;
} Card;

static Card *
card_of (GtkWidget *card)
{
  return g_object_get_data (G_OBJECT (card), "card");
}

static void
show_note (GtkWidget *card)
{
  Card *self = card_of (card);
  g_autofree char *note = pages[self->page].dup_note (self->tables[self->page]);
  gtk_label_set_label (GTK_LABEL (self->note), note);
  gtk_widget_set_tooltip_text (self->note, note);
}

/* What the page is filtered by, which the view keeps. */
static const char *
text_of (Card *self, Page page)
{
  if (pages[page].kept == NULL)
    return "";
  return dh_view_get_string (dh_session_get_view (self->session), pages[page].kept);
}

static void
set_text (Card *self, Page page, const char *text)
{
  g_object_set (dh_session_get_view (self->session), pages[page].kept, text, NULL);
}

/* Takes over what stands in the box, which is told of late. */
static void
take_text (Card *self)
{
  if (pages[self->page].kept != NULL)
    set_text (self, self->page, gtk_editable_get_text (GTK_EDITABLE (self->filter)));
}

/* An entry tells of a moment without text while it takes another: nobody wanted that. */
static void
show_text (Card *self, const char *text)
{
  const gboolean showing = self->showing;
  self->showing = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->filter), text);
  self->showing = showing;
}

static void
filter_page (Card *self, Page page)
{
  const char *text = text_of (self, page);
  pages[page].set_filter (self->tables[page], text);
  if (page == PAGE_IMAGES)
    gtk_actionable_set_action_target (GTK_ACTIONABLE (self->browse), "s", text);
  if (page == self->page && !g_str_equal (gtk_editable_get_text (GTK_EDITABLE (self->filter)), text))
    show_text (self, text);
}

static void
on_kept (DhView *view, GParamSpec *spec, GtkWidget *card)
{
  for (guint i = 0; i < N_PAGES; i++)
    if (g_strcmp0 (pages[i].kept, g_param_spec_get_name (spec)) == 0)
      filter_page (card_of (card), i);
  show_note (card);
}

static void
show_page (GtkWidget *card, Page page)
{
  Card *self = card_of (card);
  self->page = page;
  self->showing = TRUE;
  for (guint i = 0; i < N_PAGES; i++)
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->tabs[i]), i == page);
  gtk_label_set_label (GTK_LABEL (self->heading), _ (pages[page].heading));
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), pages[page].id);
  gtk_widget_set_visible (self->browse, page == PAGE_IMAGES);
  gtk_widget_set_visible (self->filter, pages[page].kept != NULL);
  if (pages[page].kept != NULL)
    {
      g_object_set (self->filter, "placeholder-text", _ (pages[page].hint), NULL);
      gtk_widget_set_tooltip_text (self->filter, _ (pages[page].tooltip));
    }
  show_text (self, text_of (self, page));
  g_object_set (dh_session_get_view (self->session), "table-page", pages[page].setting, NULL);
  self->showing = FALSE;
  show_note (card);
}

static void
on_tab (GtkToggleButton *tab, GtkWidget *card)
{
  Card *self = card_of (card);
  if (self->showing || !gtk_toggle_button_get_active (tab))
    return;
  take_text (self);
  for (guint i = 0; i < N_PAGES; i++)
    if (self->tabs[i] == GTK_WIDGET (tab))
      show_page (card, i);
}

static void
on_filter (GtkWidget *card)
{
  if (!card_of (card)->showing)
    take_text (card_of (card));
}

static void
on_stop (GtkWidget *card)
{
  gtk_editable_set_text (GTK_EDITABLE (card_of (card)->filter), "");
}

static void
open_slice (const char *filter, gboolean objects, gpointer data)
{
  GtkWidget *card = data;
  Card *self = card_of (card);
  const Page page = objects ? PAGE_OBJECTS : PAGE_IMAGES;
  take_text (self);
  set_text (self, page, filter);
  show_page (card, page);
}

static char *
make_csv (const char **name, gpointer data)
{
  const Card *self = card_of (data);
  *name = pages[self->page].id;
  return self->page == PAGE_FALSE_ALARMS ? dh_false_alarms_page_to_csv (self->tables[self->page])
                                         : dh_table_to_csv (DH_TABLE (self->tables[self->page]));
}

static void
card_free (gpointer data)
{
  Card *self = data;
  g_object_unref (self->session);
  g_free (self);
}

static GtkWidget *
make_tabs (GtkWidget *card)
{
  Card *self = card_of (card);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "linked dh-tabs");
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  for (guint i = 0; i < N_PAGES; i++)
    {
      self->tabs[i] = gtk_toggle_button_new_with_label (_ (pages[i].title));
      if (i > 0)
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (self->tabs[i]), GTK_TOGGLE_BUTTON (self->tabs[0]));
      g_signal_connect (self->tabs[i], "toggled", G_CALLBACK (on_tab), card);
      gtk_box_append (GTK_BOX (box), self->tabs[i]);
    }
  return box;
}

void
dh_image_card_focus_filter (GtkWidget *card)
{
  Card *self = card_of (card);
  if (pages[self->page].kept == NULL)
    show_page (card, PAGE_IMAGES);
  gtk_widget_grab_focus (self->filter);
  /* And what is filtered comes into sight. */
  GtkWidget *viewport = gtk_widget_get_ancestor (card, GTK_TYPE_VIEWPORT);
  graphene_rect_t bounds;
  if (viewport == NULL || !gtk_widget_compute_bounds (card, gtk_widget_get_first_child (viewport), &bounds))
    return;
  /* Not gtk_adjustment_clamp_page(), after which the viewport goes on moving to the field alone. */
  GtkAdjustment *page = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (viewport));
  const double least = bounds.origin.y + bounds.size.height - gtk_adjustment_get_page_size (page);
  gtk_adjustment_set_value (page, MIN (MAX (gtk_adjustment_get_value (page), least), bounds.origin.y));
}

GtkWidget *
dh_image_card_new (DhSession *session)
{
  Card *self = g_new0 (Card, 1);
  self->session = g_object_ref (session);
  GtkWidget *head;
  GtkWidget *card = dh_metrics_card_new (_ ("Per image"), &self->note, &head);
  gtk_label_set_max_width_chars (GTK_LABEL (self->note), 8); /* it may have more, and is not to ask for it */
  self->heading = gtk_widget_get_first_child (head);
  g_object_set_data_full (G_OBJECT (card), "card", self, card_free);
  self->filter = gtk_search_entry_new ();
  dh_ui_set_name (self->filter, _ ("Filter the table"));
  gtk_widget_set_size_request (self->filter, 190, -1);
  dh_ui_add_classes (self->filter, "dh-dense");
  gtk_widget_set_valign (self->filter, GTK_ALIGN_CENTER);
  /* Where a window is narrow, the tabs are needed most. */
  GtkWidget *row = dh_fit_row_new (9);
  dh_fit_row_append (DH_FIT_ROW (row), self->filter, 1);
  gtk_box_append (GTK_BOX (head), row);
  self->browse = dh_ui_icon_button ("dh-browse-symbolic", _ ("List these images in Browse"), NULL, "flat dh-iconbtn");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->browse), "s", "");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->browse), "win.browse-images");
  gtk_widget_set_valign (self->browse, GTK_ALIGN_CENTER);
  dh_fit_row_append (DH_FIT_ROW (row), self->browse, 2);
  gtk_box_append (GTK_BOX (head), make_tabs (card));
  gtk_box_append (GTK_BOX (head), dh_csv_menu_new (session, make_csv, card));

  self->tables[PAGE_IMAGES] = dh_images_table_new (session);
  self->tables[PAGE_SLICES] = dh_slices_table_new (session, open_slice, card);
  self->tables[PAGE_OBJECTS] = dh_objects_table_new (session);
  self->tables[PAGE_FALSE_ALARMS] = dh_false_alarms_page_new (session);
  self->stack = gtk_stack_new ();
  gtk_widget_set_vexpand (self->stack, TRUE);
  for (guint i = 0; i < N_PAGES; i++)
    gtk_stack_add_named (GTK_STACK (self->stack), self->tables[i], pages[i].id);
  gtk_box_append (GTK_BOX (card), self->stack);
  g_signal_connect_object (self->filter, "search-changed", G_CALLBACK (on_filter), card, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->filter, "stop-search", G_CALLBACK (on_stop), card, G_CONNECT_SWAPPED);
  static const char *const told[] = { "notify::evaluating", "notify::set-stats", "set-objects", "slices",
                                      "false-alarms" };
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    g_signal_connect_object (session, told[i], G_CALLBACK (show_note), card, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_after (card, "map", G_CALLBACK (show_note), NULL); /* tables that are not seen are filled then */
  DhView *view = dh_session_get_view (session);
  Page page = PAGE_IMAGES;
  for (guint i = 0; i < N_PAGES; i++)
    {
      if (pages[i].kept != NULL)
        {
          g_autofree char *kept = g_strdup_printf ("notify::%s", pages[i].kept);
          g_signal_connect_object (view, kept, G_CALLBACK (on_kept), card, 0);
          filter_page (self, i);
        }
      if (dh_view_is (view, "table-page", pages[i].setting))
        page = i;
    }
  show_page (card, page);
  return card;
}
