#include "dh-model-info.h"

DhModelInfo *
dh_model_info_new (void)
{
  DhModelInfo *info = g_new0 (DhModelInfo, 1);
  g_atomic_ref_count_init (&info->refs);
  return info;
}

DhModelInfo *
dh_model_info_ref (DhModelInfo *info)
{
  g_atomic_ref_count_inc (&info->refs);
  return info;
}

void
dh_model_info_unref (DhModelInfo *info)
{
  if (!g_atomic_ref_count_dec (&info->refs))
    return;
  g_free (info->title);
  g_free (info->network);
  g_free (info->architecture);
  g_free (info->path);
  g_free (info->sha256);
  g_free (info->normalisation);
  g_strfreev (info->class_names);
  g_free (info);
}

DhComputeInfo *
dh_compute_info_new (void)
{
  DhComputeInfo *info = g_new0 (DhComputeInfo, 1);
  g_atomic_ref_count_init (&info->refs);
  return info;
}

DhComputeInfo *
dh_compute_info_ref (DhComputeInfo *info)
{
  g_atomic_ref_count_inc (&info->refs);
  return info;
}

void
dh_compute_info_unref (DhComputeInfo *info)
{
  if (!g_atomic_ref_count_dec (&info->refs))
    return;
  g_free (info->name);
  g_free (info->title);
  g_free (info->precision);
  g_free (info->instead_why);
  g_free (info->cuda_why_not);
  g_free (info);
}
