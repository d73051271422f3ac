#include "dh-weights-filter.h"
#include <glib/gi18n.h>

void
dh_weights_filter_add (GtkFileChooser *chooser)
{
  static const char *const suffixes[] = { "pt", "pth", "tar", "bin", "ckpt", "safetensors", "npz", "onnx" };
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new (), all = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, _ ("Weights: PyTorch, safetensors, NumPy, ONNX"));
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    gtk_file_filter_add_suffix (filter, suffixes[i]);
  gtk_file_chooser_add_filter (chooser, filter);
  gtk_file_filter_set_name (all, _ ("All files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (chooser, all);
}
