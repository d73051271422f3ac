#include "dh-reading-menu.h"
#include "dh-parts-window.h"
#include "dh-region-window.h"

typedef struct
{
  DhSession *session; /* borrowed: the widget has it */
  GMenu *menu;
  GSimpleActionGroup *actions;
} Menu;

static void
menu_free (gpointer data)
{
  Menu *self = data;
  g_object_unref (self->menu);
  g_object_unref (self->actions);
  g_free (self);
}

/* Of choices that are many, those of one group in a menu of their own: it lasts as long as they follow each other. */
static GMenu *
find_group (GMenu *menu, const char *group, GMenu **last, const char **name)
{
  if (group == NULL)
    return menu;
  if (g_strcmp0 (*name, group) != 0)
    {
      g_autofree char *label = dh_ui_dup_menu_name (group);
      g_autoptr (GMenu) made = g_menu_new ();
      g_menu_append_submenu (menu, label, G_MENU_MODEL (made));
      *last = made;
      *name = group;
    }
  return *last;
}

static GSimpleAction *
find_action (Menu *self, DhReadAspect aspect)
{
  return G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), dh_read_aspect_id (aspect)));
}

/* At that place, where there are choices; gives the next place. */
static gint
insert_aspect (Menu *self, DhReadAspect aspect, gint place)
{
  g_autoptr (GPtrArray) choices = dh_session_list_readings (self->session, aspect);
  g_autofree char *name = g_strconcat ("read.", dh_read_aspect_id (aspect), NULL);
  g_autoptr (GMenu) submenu = g_menu_new ();
  GMenu *group = NULL;
  const char *group_name = NULL;
  for (guint i = 0; i < choices->len; i++)
    {
      const DhReadChoice *choice = choices->pdata[i];
      g_autofree char *label = dh_ui_dup_menu_name (choice->title);
      g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);
      g_menu_item_set_action_and_target (item, name, "s", choice->id);
      g_menu_append_item (find_group (submenu, choice->group, &group, &group_name), item);
    }
  if (aspect == DH_READ_SPLITS)
    {
      g_autoptr (GPtrArray) parts = dh_session_list_parts (self->session);
      g_autoptr (GMenu) section = g_menu_new ();
      if (parts->len > 0)
        g_menu_append (section, _ ("Se_veral together…"), "read.several");
      g_menu_append_section (submenu, NULL, G_MENU_MODEL (section));
    }
  g_autofree char *title = g_strconcat ("_", dh_read_aspect_title (aspect), NULL);
  if (choices->len == 0)
    return place;
  g_menu_insert_submenu (self->menu, place, title, G_MENU_MODEL (submenu));
  return place + 1;
}

static void
show_chosen (Menu *self, DhReadAspect aspect)
{
  g_autoptr (GPtrArray) choices = dh_session_list_readings (self->session, aspect);
  for (guint i = 0; i < choices->len; i++)
    {
      const DhReadChoice *choice = choices->pdata[i];
      if (choice->chosen)
        g_simple_action_set_state (find_action (self, aspect), g_variant_new_string (choice->id));
    }
}

/* Degradations are the same of every set: they stay where they are, at the end, before what is not measured. GTK 4.8
 * lets go of a submenu, and not of those within it, whose names would then be there twice. */
static void
fill (GtkWidget *widget)
{
  Menu *self = g_object_get_data (G_OBJECT (widget), "reading-menu");
  gint place = 0;
  while (g_menu_model_get_n_items (G_MENU_MODEL (self->menu)) > 2)
    g_menu_remove (self->menu, 0);
  for (guint aspect = 0; aspect < DH_READ_DEGRADATION; aspect++)
    place = insert_aspect (self, aspect, place);
  for (guint aspect = 0; aspect < DH_READ_REGION; aspect++)
    show_chosen (self, aspect);
  for (guint aspect = DH_READ_DEGRADATION; aspect < DH_N_READ; aspect++)
    g_simple_action_set_enabled (find_action (self, aspect), dh_session_can_choose_reading (self->session));
}

/* The state follows with the set that is opened so. */
static void
choose (GSimpleAction *action, GVariant *value, gpointer data)
{
  Menu *self = data;
  for (guint aspect = 0; aspect < DH_READ_REGION; aspect++)
    if (g_str_equal (g_action_get_name (G_ACTION (action)), dh_read_aspect_id (aspect)))
      dh_session_read_as (self->session, aspect, g_variant_get_string (value, NULL));
}

static void
choose_several (GSimpleAction *action, GVariant *value, gpointer data)
{
  GtkWidget *widget = data;
  Menu *self = g_object_get_data (G_OBJECT (widget), "reading-menu");
  gtk_window_present (GTK_WINDOW (dh_parts_window_new (self->session, GTK_WINDOW (gtk_widget_get_root (widget)))));
}

static void
choose_region (GSimpleAction *action, GVariant *value, gpointer data)
{
  GtkWidget *widget = data;
  Menu *self = g_object_get_data (G_OBJECT (widget), "reading-menu");
  gtk_window_present (GTK_WINDOW (dh_region_window_new (self->session, GTK_WINDOW (gtk_widget_get_root (widget)))));
}

GMenuModel *
dh_reading_menu_new (DhSession *session, GtkWidget *widget)
{
  Menu *self = g_new (Menu, 1);
  *self = (Menu){ session, g_menu_new (), g_simple_action_group_new () };
  for (guint aspect = 0; aspect < DH_READ_REGION; aspect++)
    {
      g_autoptr (GSimpleAction) action =
          g_simple_action_new_stateful (dh_read_aspect_id (aspect), G_VARIANT_TYPE_STRING, g_variant_new_string (""));
      g_signal_connect (action, "change-state", G_CALLBACK (choose), self);
      g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
    }
  g_autoptr (GSimpleAction) several = g_simple_action_new ("several", NULL);
  g_signal_connect (several, "activate", G_CALLBACK (choose_several), widget);
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (several));
  g_autoptr (GSimpleAction) region = g_simple_action_new (dh_read_aspect_id (DH_READ_REGION), NULL);
  g_signal_connect (region, "activate", G_CALLBACK (choose_region), widget);
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (region));
  g_object_set_data_full (G_OBJECT (widget), "reading-menu", self, menu_free);
  gtk_widget_insert_action_group (widget, "read", G_ACTION_GROUP (self->actions));
  g_signal_connect_object (session, "notify::dataset-title", G_CALLBACK (fill), widget, G_CONNECT_SWAPPED);
  insert_aspect (self, DH_READ_DEGRADATION, 0);
  g_menu_append (self->menu, _ ("_Not measured…"), "read.region");
  fill (widget);
  return g_object_ref (G_MENU_MODEL (self->menu));
}

/* Rows */

typedef struct
{
  DhSession *session;
  DhReadAspect aspect;
  GPtrArray *choices;
} Row;

static void
row_free (gpointer data)
{
  Row *row = data;
  g_object_unref (row->session);
  g_ptr_array_unref (row->choices);
  g_free (row);
}

static void
on_selected (AdwComboRow *widget, GParamSpec *spec, Row *row)
{
  const guint selected = adw_combo_row_get_selected (widget);
  if (selected < row->choices->len)
    dh_session_read_as (row->session, row->aspect, ((DhReadChoice *)row->choices->pdata[selected])->id);
}

static GtkWidget *
new_row (DhSession *session, DhReadAspect aspect)
{
  g_autoptr (GPtrArray) choices = dh_session_list_readings (session, aspect);
  if (choices->len == 0)
    return NULL;
  GtkStringList *titles = gtk_string_list_new (NULL);
  guint chosen = 0;
  for (guint i = 0; i < choices->len; i++)
    {
      const DhReadChoice *choice = choices->pdata[i];
      gtk_string_list_append (titles, choice->title);
      chosen = choice->chosen ? i : chosen;
    }
  GtkWidget *widget = adw_combo_row_new ();
  g_object_set (widget, "title", dh_read_aspect_title (aspect), "model", titles, "selected", chosen, NULL);
  g_object_unref (titles);
  Row *row = g_new (Row, 1);
  *row = (Row){ g_object_ref (session), aspect, g_steal_pointer (&choices) };
  g_object_set_data_full (G_OBJECT (widget), "reading", row, row_free);
  g_signal_connect (widget, "notify::selected", G_CALLBACK (on_selected), row);
  return widget;
}

static void
on_several (GtkWidget *row, DhSession *session)
{
  gtk_window_present (GTK_WINDOW (dh_parts_window_new (session, GTK_WINDOW (gtk_widget_get_root (row)))));
}

static GtkWidget *
new_several_row (DhSession *session)
{
  g_autoptr (GPtrArray) parts = dh_session_list_parts (session);
  if (parts->len == 0)
    return NULL;
  GtkWidget *row = adw_action_row_new ();
  g_object_set (row, "title", _ ("Several together…"), "activatable", TRUE, NULL);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), gtk_image_new_from_icon_name ("go-next-symbolic"));
  g_signal_connect_object (row, "activated", G_CALLBACK (on_several), session, 0);
  return row;
}

static void
on_written (AdwEntryRow *entry, DhSession *session)
{
  dh_session_read_as (session, DH_READ_MASK_VALUES, gtk_editable_get_text (GTK_EDITABLE (entry)));
}

/* What no choice says; what is not understood is refused as any reading is. */
static GtkWidget *
new_mask_entry (DhSession *session)
{
  g_autoptr (GPtrArray) choices = dh_session_list_readings (session, DH_READ_MASK_VALUES);
  GtkWidget *entry = adw_entry_row_new ();
  g_object_set (entry, "title", _ ("Other mask values, such as anomaly=1,2 ignore=255"), "show-apply-button", TRUE,
                NULL);
  for (guint i = 0; i < choices->len; i++)
    if (((DhReadChoice *)choices->pdata[i])->chosen)
      gtk_editable_set_text (GTK_EDITABLE (entry), ((DhReadChoice *)choices->pdata[i])->id);
  g_signal_connect_object (entry, "apply", G_CALLBACK (on_written), session, 0);
  return entry;
}

GtkWidget *
dh_reading_group_new (DhSession *session)
{
  GtkWidget *group = NULL;
  /* How images are made worse is no question of what lies there. */
  for (guint aspect = 0; aspect < DH_READ_DEGRADATION; aspect++)
    {
      GtkWidget *row = new_row (session, aspect);
      if (row == NULL)
        continue;
      if (group == NULL)
        {
          group = adw_preferences_group_new ();
          g_object_set (group, "title", _ ("How it is read"), "description",
                        _ ("What is chosen here is remembered with the folder, and stands in commands and reports."),
                        NULL);
        }
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
      GtkWidget *several = aspect == DH_READ_SPLITS ? new_several_row (session) : NULL;
      if (several != NULL)
        adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), several);
      if (aspect == DH_READ_MASK_VALUES)
        adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), new_mask_entry (session));
      /* By itself: beside it the choice would have no room. */
      g_autofree char *why = dh_session_explain_reading (session, aspect);
      if (why != NULL)
        adw_preferences_group_add (ADW_PREFERENCES_GROUP (group),
                                   g_object_new (ADW_TYPE_ACTION_ROW, "use-markup", FALSE, "title", "", "subtitle", why,
                                                 "subtitle-lines", 0, NULL));
    }
  return group;
}
