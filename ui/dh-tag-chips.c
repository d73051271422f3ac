#include "dh-tag-chips.h"

/* More are told by their number. */
#define MOST 2

GtkWidget *
dh_tag_chips_new (void)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 4, NULL);
  for (guint i = 0; i < MOST + 1; i++)
    {
      GtkWidget *chip = i < MOST ? dh_ui_short_label (NULL, "dh-pill", 0.5) : dh_ui_label (NULL, "dh-small", 0);
      gtk_widget_set_valign (chip, GTK_ALIGN_CENTER);
      gtk_box_append (GTK_BOX (box), chip);
    }
  return box;
}

void
dh_tag_chips_show (GtkWidget *chips, const char *const *tags)
{
  const guint n = g_strv_length ((char **)tags);
  GtkWidget *chip = gtk_widget_get_first_child (chips);
  for (guint i = 0; i < MOST; i++, chip = gtk_widget_get_next_sibling (chip))
    {
      gtk_label_set_label (GTK_LABEL (chip), i < n ? tags[i] : "");
      gtk_widget_set_visible (chip, i < n);
    }
  g_autofree char *more = n > MOST ? g_strdup_printf ("+%u", n - MOST) : g_strdup ("");
  g_autofree char *all = g_strjoinv (", ", (char **)tags);
  gtk_label_set_label (GTK_LABEL (chip), more);
  gtk_widget_set_visible (chip, n > MOST);
  dh_ui_set_row_tooltip (chips, n > 0 ? all : NULL);
}
