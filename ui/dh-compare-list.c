#include "dh-compare-list.h"
#include <math.h>
#include "dh-browse-panes-private.h"
#include "dh-compare-row.h"
#include "dh-compared-pictures.h"
#include "dh-picture-list.h"
#include "dh-session-evaluation.h"

struct _DhCompareList
{
  GtkWidget parent_instance;
  DhSession *session;
  GListStore *pictures;
  GtkSingleSelection *selection;
  GtkWidget *list, *why, *stack;
  double reach;
  gboolean selecting;
};

G_DEFINE_FINAL_TYPE (DhCompareList, dh_compare_list, GTK_TYPE_WIDGET)

static void
scroll_to (DhCompareList *self, guint position)
{
  if (position < g_list_model_get_n_items (G_LIST_MODEL (self->pictures)))
    dh_picture_list_show (self->list, position);
}

/* Its place in the list. */
static guint
select_current (DhCompareList *self)
{
  DhImageItem *current = dh_session_get_current (self->session);
  guint at = GTK_INVALID_LIST_POSITION, n = g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
  for (guint i = 0; i < n && at == GTK_INVALID_LIST_POSITION; i++)
    {
      g_autoptr (DhComparedPicture) picture = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      if (dh_compared_picture_get_item (picture) == current)
        at = i;
    }
  self->selecting = TRUE;
  gtk_single_selection_set_selected (self->selection, at);
  self->selecting = FALSE;
  return at;
}

static void
on_current (DhCompareList *self)
{
  scroll_to (self, select_current (self));
}

static void
on_selected (GtkSingleSelection *selection, GParamSpec *spec, DhCompareList *self)
{
  DhComparedPicture *picture = gtk_single_selection_get_selected_item (selection);
  if (!self->selecting && picture != NULL)
    dh_session_set_current (self->session, dh_compared_picture_get_item (picture));
}

static gboolean
is_number (double a, double b)
{
  return a == b || (isnan (a) && isnan (b));
}

static gboolean
says_the_same (DhComparedPicture *a, DhComparedPicture *b)
{
  return dh_compared_picture_get_item (a) == dh_compared_picture_get_item (b)
         && is_number (dh_compared_picture_get_ap (a, 0), dh_compared_picture_get_ap (b, 0))
         && is_number (dh_compared_picture_get_ap (a, 1), dh_compared_picture_get_ap (b, 1))
         && g_strcmp0 (dh_compared_picture_get_why (a), dh_compared_picture_get_why (b)) == 0;
}

static gboolean
is_shown (DhCompareList *self, GPtrArray *pictures)
{
  gboolean same = pictures->len == g_list_model_get_n_items (G_LIST_MODEL (self->pictures));
  for (guint i = 0; same && i < pictures->len; i++)
    {
      g_autoptr (DhComparedPicture) shown = g_list_model_get_item (G_LIST_MODEL (self->pictures), i);
      same = says_the_same (shown, pictures->pdata[i]);
    }
  return same;
}

static DhOrder
current_order (DhCompareList *self)
{
  for (guint i = 0; i < DH_N_ORDERS; i++)
    if (dh_view_is (dh_session_get_view (self->session), "changes-order", dh_order_id (i)))
      return i;
  return DH_ORDER_GAIN;
}

/* So that the longest bar nearly fills its half, and bars of the same length mean the same while pictures come in. */
static double
find_reach (GPtrArray *pictures)
{
  static const double steps[] = { 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1 };
  double most = 0;
  for (guint i = 0; i < pictures->len; i++)
    {
      const double size = fabs (dh_compared_picture_get_change (pictures->pdata[i]));
      most = size > most ? size : most;
    }
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (most <= steps[i])
      return steps[i];
  return 1;
}

static void
update (DhCompareList *self)
{
  DhView *view = dh_session_get_view (self->session);
  if (!dh_view_is (view, "layout", "compare"))
    return;
  const gint sides[2] = { dh_browse_comparison_side (view, 0)->map, dh_browse_comparison_side (view, 1)->map };
  const char *why;
  g_autoptr (GPtrArray) pictures = dh_compared_pictures_list (self->session, sides, current_order (self), &why);
  gtk_label_set_label (GTK_LABEL (self->why), why != NULL ? why : _ ("No images"));
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), pictures->len > 0 ? "list" : "why");
  if (is_shown (self, pictures))
    return;
  self->reach = find_reach (pictures);
  self->selecting = TRUE;
  g_list_store_splice (self->pictures, 0, g_list_model_get_n_items (G_LIST_MODEL (self->pictures)), pictures->pdata,
                       pictures->len);
  self->selecting = FALSE;
  select_current (self);
  /* What an order is chosen for stands at the top. */
  scroll_to (self, 0);
}

/* Numbers of single pictures of an evaluation under way are not those of its run yet. */
static void
on_evaluation (DhCompareList *self)
{
  if (!dh_session_is_evaluating (self->session))
    update (self);
}

static void
on_view (DhCompareList *self, GParamSpec *spec)
{
  static const char *const of_it[] = { "layout", "compare-a", "compare-b", "changes-order", NULL };
  if (g_strv_contains (of_it, spec->name))
    update (self);
}

static void
setup_row (GtkSignalListItemFactory *factory, GtkListItem *row, DhCompareList *self)
{
  gtk_list_item_set_child (row, dh_compare_row_new (self->session));
}

static void
bind_row (GtkSignalListItemFactory *factory, GtkListItem *row, DhCompareList *self)
{
  dh_compare_row_set_picture (DH_COMPARE_ROW (gtk_list_item_get_child (row)), gtk_list_item_get_item (row),
                              self->reach);
}

static void
unbind_row (GtkSignalListItemFactory *factory, GtkListItem *row, DhCompareList *self)
{
  dh_compare_row_set_picture (DH_COMPARE_ROW (gtk_list_item_get_child (row)), NULL, 0);
}

static void
dh_compare_list_dispose (GObject *object)
{
  DhCompareList *self = DH_COMPARE_LIST (object);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->selection);
  g_clear_object (&self->pictures);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_compare_list_parent_class)->dispose (object);
}

static void
dh_compare_list_class_init (DhCompareListClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_compare_list_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
}

static GtkWidget *
make_head (void)
{
  GtkWidget *head = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_widget_set_margin_start (head, 12);
  gtk_widget_set_margin_end (head, 9);
  gtk_widget_set_margin_top (head, 6);
  gtk_widget_set_margin_bottom (head, 3);
  GtkWidget *title = dh_ui_short_label (_ ("Images by change in AP"), "dh-h", 0);
  gtk_widget_set_hexpand (title, TRUE);
  gtk_box_append (GTK_BOX (head), title);
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) orders = g_menu_new ();
  for (guint i = 0; i < DH_N_ORDERS; i++)
    {
      g_autofree char *action = g_strconcat ("view.changes-order::", dh_order_id (i), NULL);
      g_menu_append (orders, dh_order_title (i), action);
    }
  g_menu_append_section (menu, _ ("Order"), G_MENU_MODEL (orders));
  gtk_box_append (GTK_BOX (head), dh_ui_menu_button ("view-sort-descending-symbolic", _ ("Order of the images"),
                                                     G_MENU_MODEL (menu), "flat dh-sqbtn"));
  return head;
}

static GtkWidget *
make_list (DhCompareList *self)
{
  self->pictures = g_list_store_new (DH_TYPE_COMPARED_PICTURE);
  self->selection = dh_picture_selection_new (G_LIST_MODEL (self->pictures));
  g_signal_connect (self->selection, "notify::selected", G_CALLBACK (on_selected), self);
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), self);
  return dh_picture_list_new (self->selection, factory, _ ("Images by change in AP"), &self->list);
}

static void
dh_compare_list_init (DhCompareList *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (widget)), GTK_ORIENTATION_VERTICAL);
  gtk_widget_set_parent (make_head (), widget);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), make_list (self), "list");
  self->why = dh_ui_label (NULL, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (self->why), TRUE);
  gtk_widget_set_valign (self->why, GTK_ALIGN_START);
  gtk_widget_set_margin_start (self->why, 12);
  gtk_widget_set_margin_end (self->why, 12);
  gtk_stack_add_named (GTK_STACK (self->stack), self->why, "why");
  gtk_widget_set_parent (self->stack, widget);
}

GtkWidget *
dh_compare_list_new (DhSession *session)
{
  DhCompareList *self = g_object_new (DH_TYPE_COMPARE_LIST, NULL);
  self->session = g_object_ref (session);
  static const char *const signals[] = { "compared", "notify::set-stats", "notify::dataset-title" };
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (session, signals[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "evaluation", G_CALLBACK (on_evaluation), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::current", G_CALLBACK (on_current), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify", G_CALLBACK (on_view), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  update (self);
  return GTK_WIDGET (self);
}
