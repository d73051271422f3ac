#include "dh-object-badges.h"
#include "dh-component-row.h"

/* What stands there is two digits at most, and the tooltip has it all. */
#define MOST 99

enum
{
  MISSED,
  FALSELY,
  N_BADGES,
};

struct _DhObjectBadges
{
  GtkWidget parent_instance;
  GtkWidget *badges[N_BADGES], *numbers[N_BADGES];
  gint n[N_BADGES];
  gboolean old;
};

G_DEFINE_FINAL_TYPE (DhObjectBadges, dh_object_badges, GTK_TYPE_WIDGET)

static char *
describe (gint n, guint badge)
{
  const guint many = (guint)n;
  return badge == MISSED ? g_strdup_printf (ngettext ("%u anomaly is missed", "%u anomalies are missed", many), many)
                         : g_strdup_printf (
                             ngettext ("%u object is flagged falsely", "%u objects are flagged falsely", many), many);
}

static void
show (DhObjectBadges *self, guint badge)
{
  const gint n = self->n[badge];
  gtk_widget_set_visible (self->badges[badge], n > 0);
  if (n <= 0)
    return;
  g_autofree char *text = n > MOST ? g_strdup_printf ("%d+", MOST) : g_strdup_printf ("%d", n);
  g_autofree char *what = describe (n, badge);
  g_autofree char *all =
      self->old ? g_strconcat (what, "\n", _ ("at the threshold before; looked for anew"), NULL) : g_strdup (what);
  gtk_label_set_label (GTK_LABEL (self->numbers[badge]), text);
  dh_ui_set_row_tooltip (self->badges[badge], all);
  dh_ui_set_name (self->badges[badge], all);
}

void
dh_object_badges_set (DhObjectBadges *self, gint n_missed, gint n_false)
{
  self->n[MISSED] = n_missed;
  self->n[FALSELY] = n_false;
  for (guint badge = 0; badge < N_BADGES; badge++)
    show (self, badge);
}

void
dh_object_badges_set_old (DhObjectBadges *self, gboolean old)
{
  if (self->old == old)
    return;
  self->old = old;
  gtk_widget_set_opacity (GTK_WIDGET (self), old ? 0.45 : 1);
  for (guint badge = 0; badge < N_BADGES; badge++)
    show (self, badge);
}

static void
dh_object_badges_dispose (GObject *object)
{
  dh_widget_unparent_children (GTK_WIDGET (object));
  G_OBJECT_CLASS (dh_object_badges_parent_class)->dispose (object);
}

static void
dh_object_badges_class_init (DhObjectBadgesClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_object_badges_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
}

static void
dh_object_badges_init (DhObjectBadges *self)
{
  static const DhObjectKind kinds[N_BADGES] = { DH_OBJECT_MISSED, DH_OBJECT_FALSE };
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (gtk_widget_get_layout_manager (GTK_WIDGET (self))), 5);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  for (guint badge = 0; badge < N_BADGES; badge++)
    {
      GtkWidget *icon = gtk_image_new ();
      dh_component_icon_set (icon, kinds[badge]);
      gtk_image_set_pixel_size (GTK_IMAGE (icon), 12);
      self->badges[badge] = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 2, NULL);
      self->numbers[badge] = dh_ui_label (NULL, "dh-small dh-num", 0);
      gtk_box_append (GTK_BOX (self->badges[badge]), icon);
      gtk_box_append (GTK_BOX (self->badges[badge]), self->numbers[badge]);
      gtk_widget_set_visible (self->badges[badge], FALSE);
      gtk_widget_set_parent (self->badges[badge], GTK_WIDGET (self));
    }
}

GtkWidget *
dh_object_badges_new (void)
{
  return g_object_new (DH_TYPE_OBJECT_BADGES, NULL);
}
