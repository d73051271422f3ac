/* Members of an object; what JSON has no word for is null. */
#include <math.h>

#include "dh-report-private.h"

void
dh_report_member_string (JsonBuilder *json, const char *name, const char *value)
{
  json_builder_set_member_name (json, name);
  g_autofree char *valid = value ? g_utf8_make_valid (value, -1) : NULL;
  if (valid)
    json_builder_add_string_value (json, valid);
  else
    json_builder_add_null_value (json);
}

void
dh_report_member_double (JsonBuilder *json, const char *name, double value)
{
  if (name)
    json_builder_set_member_name (json, name);
  if (isfinite (value))
    json_builder_add_double_value (json, value);
  else
    json_builder_add_null_value (json);
}

void
dh_report_member_int (JsonBuilder *json, const char *name, gint64 value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, value);
}
