#include "cli-result.h"

#include <stdio.h>
#include <string.h>

#include "dh-error.h"

static const char *const default_protocols[] = {
  "densehybrid-pooled",
  "densehybrid-per-image",
  "densehybrid-per-image-as-published",
  "smiyc-pixel",
};

GPtrArray *
dh_cli_find_protocols (const char *names, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  if (g_strcmp0 (names, "all") == 0)
    {
      for (guint i = 0; i < dh_protocol_count (); i++)
        if (dh_protocol_at (i)->kind != DH_PROTOCOL_OPEN_SET)
          g_ptr_array_add (found, (gpointer)dh_protocol_at (i));
      return g_steal_pointer (&found);
    }
  g_auto (GStrv) words = names ? g_strsplit (names, ",", -1) : g_new0 (char *, 1);
  const guint n = names ? g_strv_length (words) : G_N_ELEMENTS (default_protocols);
  for (guint i = 0; i < n; i++)
    {
      const DhProtocol *protocol = dh_protocol_find (names ? g_strstrip (words[i]) : default_protocols[i], error);
      if (!protocol)
        return NULL;
      if (protocol->kind == DH_PROTOCOL_OPEN_SET)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "%s needs two towns with class labels. Use eval-osr",
                       protocol->name);
          return NULL;
        }
      if (!g_ptr_array_find (found, protocol, NULL))
        g_ptr_array_add (found, (gpointer)protocol);
    }
  return g_steal_pointer (&found);
}

static void
add_components (JsonBuilder *json, const DhComponentResult *components)
{
  dh_json_member_number (json, "siou", components->siou_mean);
  dh_json_member_number (json, "ppv", components->ppv_mean);
  dh_json_member_number (json, "mean_f1", components->f1_mean);
  dh_json_member_number (json, "threshold", components->threshold);
  dh_json_member_boolean (json, "threshold_from_set", components->threshold_from_set);
  dh_json_member_int (json, "min_prediction", components->min_prediction);
  dh_json_member_int (json, "min_anomaly", components->min_anomaly);
  dh_json_member_int (json, "components", components->n_components);
  dh_json_member_int (json, "predicted_components", components->n_predictions);
  json_builder_set_member_name (json, "per_tau");
  json_builder_begin_array (json);
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      json_builder_begin_object (json);
      dh_json_member_number (json, "tau", components->tau[k]);
      dh_json_member_int (json, "tp", components->tp[k]);
      dh_json_member_int (json, "fn", components->fn[k]);
      dh_json_member_int (json, "fp", components->fp[k]);
      dh_json_member_number (json, "f1", components->f1[k]);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
}

static void
add_row (JsonBuilder *json, const DhImageResult *row, gboolean components)
{
  json_builder_begin_object (json);
  dh_json_member_string (json, "image", row->key);
  dh_json_member_number (json, "ap", row->ap);
  dh_json_member_number (json, "auroc", row->auroc);
  dh_json_member_number (json, "fpr95", row->fpr95);
  dh_json_member_number (json, "threshold_tpr95", row->threshold_tpr95);
  dh_json_member_number (json, "mean_score", row->mean_score);
  dh_json_member_int (json, "pixels", row->pixels);
  dh_json_member_int (json, "positives", row->positives);
  dh_json_member_int (json, "non_finite", row->non_finite);
  if (components)
    {
      dh_json_member_number (json, "siou", row->siou_mean);
      dh_json_member_number (json, "ppv", row->ppv_mean);
      dh_json_member_int (json, "components", row->n_components);
      dh_json_member_int (json, "predicted_components", row->n_predictions);
      dh_json_member_int (json, "largest_missed", row->largest_missed);
    }
  json_builder_end_object (json);
}

void
dh_cli_add_result (JsonBuilder *json, const DhResult *result, gboolean rows)
{
  json_builder_set_member_name (json, result->protocol->name);
  json_builder_begin_object (json);
  dh_json_member_number (json, "ap", result->ap);
  dh_json_member_number (json, "auroc", result->auroc);
  dh_json_member_number (json, "fpr95", result->fpr95);
  dh_json_member_number (json, "threshold_tpr95", result->threshold_tpr95);
  dh_json_member_number (json, "best_f1", result->best_f1);
  dh_json_member_number (json, "best_f1_threshold", result->best_f1_threshold);
  dh_json_member_number (json, "tpr_at_fpr5", result->tpr_at_fpr5);
  dh_json_member_number (json, "threshold_fpr5", result->threshold_fpr5);
  dh_json_member_int (json, "pixels", result->pixels);
  dh_json_member_int (json, "positives", result->positives);
  dh_json_member_int (json, "ignored", result->ignored);
  dh_json_member_int (json, "non_finite", result->non_finite);
  dh_json_member_int (json, "images", result->images);
  dh_json_member_int (json, "undefined_images", result->undefined_images);
  if (result->components)
    add_components (json, result->components);
  if (rows && result->rows)
    {
      json_builder_set_member_name (json, "per_image");
      json_builder_begin_array (json);
      for (guint i = 0; i < result->images; i++)
        add_row (json, &result->rows[i], result->components != NULL);
      json_builder_end_array (json);
    }
  json_builder_end_object (json);
}

void
dh_cli_print_heading (const char *name)
{
  printf ("%-36s %8s %8s %8s\n", name, "AP", "FPR95", "AUROC");
}

/* "—" is one column wide and three bytes long. */
static void
print_percent (double value)
{
  g_autofree char *text = dh_cli_percent (value);
  printf (" %*s", (int)(8 + strlen (text) - g_utf8_strlen (text, -1)), text);
}

void
dh_cli_print_result (const char *name, const DhResult *result)
{
  printf ("%-36s", name);
  print_percent (result->ap);
  print_percent (result->fpr95);
  print_percent (result->auroc);
  if (result->undefined_images)
    printf ("   %u of %u image%s undefined", result->undefined_images, result->images, result->images == 1 ? "" : "s");
  if (result->components)
    {
      g_autofree char *f1 = dh_cli_percent (result->components->f1_mean);
      g_autofree char *siou = dh_cli_percent (result->components->siou_mean);
      g_autofree char *ppv = dh_cli_percent (result->components->ppv_mean);
      printf ("   mean F1 %s · sIoU %s · PPV %s at %g%s", f1, siou, ppv, result->components->threshold,
              result->components->threshold_from_set ? " (best F1 of this very set)" : "");
    }
  putchar ('\n');
}
