#include "dh-gl-pool-private.h"

struct _DhGlPool
{
  grefcount references;
  GdkGLContext *context;
  GLuint free_ids[4];
  int free_width[4], free_height[4];
  guint n_free;
  gboolean closed;
};

DhGlPool *
dh_gl_pool_new (GdkGLContext *context)
{
  DhGlPool *pool = g_new0 (DhGlPool, 1);
  g_ref_count_init (&pool->references);
  pool->context = g_object_ref (context);
  return pool;
}

static void
pool_unref (DhGlPool *pool)
{
  if (!g_ref_count_dec (&pool->references))
    return;
  g_object_unref (pool->context);
  g_free (pool);
}

void
dh_gl_loan_return (gpointer data)
{
  DhGlLoan *loan = data;
  DhGlPool *pool = loan->pool;
  if (!pool->closed && pool->n_free < G_N_ELEMENTS (pool->free_ids))
    {
      guint i = pool->n_free++;
      pool->free_ids[i] = loan->id;
      pool->free_width[i] = loan->width;
      pool->free_height[i] = loan->height;
    }
  else
    {
      GdkGLContext *before = gdk_gl_context_get_current ();
      if (before)
        g_object_ref (before);
      gdk_gl_context_make_current (pool->context);
      glDeleteTextures (1, &loan->id);
      if (before)
        {
          gdk_gl_context_make_current (before);
          g_object_unref (before);
        }
    }
  pool_unref (pool);
  g_free (loan);
}

DhGlLoan *
dh_gl_pool_borrow (DhGlPool *pool, int width, int height, gboolean enlarged)
{
  DhGlLoan *loan = g_new0 (DhGlLoan, 1);
  for (guint i = 0; i < pool->n_free; i++)
    if (pool->free_width[i] == width && pool->free_height[i] == height)
      {
        loan->id = pool->free_ids[i];
        pool->n_free--;
        pool->free_ids[i] = pool->free_ids[pool->n_free];
        pool->free_width[i] = pool->free_width[pool->n_free];
        pool->free_height[i] = pool->free_height[pool->n_free];
        break;
      }
  if (loan->id == 0)
    {
      /* Others in the pool are of a size that is no longer drawn. */
      glDeleteTextures ((GLsizei)pool->n_free, pool->free_ids);
      pool->n_free = 0;
      glGenTextures (1, &loan->id);
      glActiveTexture (GL_TEXTURE0);
      glBindTexture (GL_TEXTURE_2D, loan->id);
      glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
      glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
      glTexImage2D (GL_TEXTURE_2D, 0, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    }
  /* Drawn pixel on pixel, the nearest is exact, and cheaper where the CPU draws. */
  glActiveTexture (GL_TEXTURE0);
  glBindTexture (GL_TEXTURE_2D, loan->id);
  glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, enlarged ? GL_LINEAR : GL_NEAREST);
  glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, enlarged ? GL_LINEAR : GL_NEAREST);
  loan->width = width;
  loan->height = height;
  loan->pool = pool;
  g_ref_count_inc (&pool->references);
  return loan;
}

void
dh_gl_pool_close (DhGlPool *pool)
{
  glDeleteTextures ((GLsizei)pool->n_free, pool->free_ids);
  pool->n_free = 0;
  pool->closed = TRUE;
  pool_unref (pool);
}
