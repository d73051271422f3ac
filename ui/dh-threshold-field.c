#include "dh-threshold-field.h"
#include "dh-number.h"

/* What had the focus before, for as long as it is there. */
static void
set_before (GtkWidget *field, GtkWidget *before)
{
  GWeakRef *ref = g_object_get_data (G_OBJECT (field), "before");
  g_weak_ref_set (ref, before);
}

static void
before_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

/* Done with typing: single keys are the window's again. */
static void
leave (GtkWidget *field)
{
  GtkRoot *root = gtk_widget_get_root (field);
  g_autoptr (GtkWidget) before = g_weak_ref_get (g_object_get_data (G_OBJECT (field), "before"));
  if (root == NULL)
    return;
  gtk_root_set_focus (root, before != NULL && gtk_widget_get_mapped (before) ? before : NULL);
  set_before (field, NULL);
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, GtkWidget *field)
{
  GtkSpinButton *button = GTK_SPIN_BUTTON (field);
  switch (key)
    {
    case GDK_KEY_Escape:
      {
        /* What was typed is forgotten. */
        g_autofree char *text =
            dh_number_format (gtk_spin_button_get_value (button), gtk_spin_button_get_digits (button));
        gtk_editable_set_text (GTK_EDITABLE (button), text);
        leave (field);
        return TRUE;
      }
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
    case GDK_KEY_ISO_Enter:
      gtk_spin_button_update (button);
      leave (field);
      return TRUE;
    default:
      return FALSE;
    }
}

void
dh_threshold_field_focus (GtkWidget *field)
{
  GtkRoot *root = gtk_widget_get_root (field);
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  if (focus == NULL || !gtk_widget_is_ancestor (focus, field))
    set_before (field, focus);
  gtk_widget_grab_focus (field);
}

GtkWidget *
dh_threshold_field_new (GtkAdjustment *adjustment, guint digits, const char *name)
{
  GtkWidget *field = gtk_spin_button_new (adjustment, 0, digits);
  GWeakRef *before = g_new0 (GWeakRef, 1);
  g_weak_ref_init (before, NULL);
  g_object_set_data_full (G_OBJECT (field), "before", before, before_free);
  gtk_editable_set_width_chars (GTK_EDITABLE (field), 7); /* "−191.69" */
  dh_spin_button_use_true_minus (GTK_SPIN_BUTTON (field));
  dh_ui_add_classes (field, "dh-compact");
  dh_ui_set_name (field, name);
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), field);
  gtk_widget_add_controller (field, keys);
  return field;
}
