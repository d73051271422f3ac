#include "dh-gl-program-private.h"
#include <gio/gio.h>

static GLuint
compile_shader (gboolean es, GLenum type, const char *defines, const char *source)
{
  const char *version = es ? "#version 300 es\n" : "#version 330 core\n";
  const char *parts[] = { version, defines, source };
  GLuint shader = glCreateShader (type);
  GLint ok = 0;
  glShaderSource (shader, G_N_ELEMENTS (parts), parts, NULL);
  glCompileShader (shader);
  glGetShaderiv (shader, GL_COMPILE_STATUS, &ok);
  if (!ok)
    {
      char log[1024] = "";
      glGetShaderInfoLog (shader, sizeof log, NULL, log);
      g_warning ("The canvas shader does not compile: %s", log);
      glDeleteShader (shader);
      return 0;
    }
  return shader;
}

DhGlProgram *
dh_gl_program_get (DhGlProgram *program, gboolean es, guint kind, guint mode, gboolean nearest)
{
  static const char vertex_source[] =
      "void main ()\n"
      "{\n"
      "  vec2 p = vec2 (gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);\n"
      "  gl_Position = vec4 (p, 0.0, 1.0);\n"
      "}\n";
  if (program->id || program->failed)
    return program->id ? program : NULL;
  program->failed = TRUE;
  g_autoptr (GBytes) bytes =
      g_resources_lookup_data ("/org/densehybrid/Studio/shaders/canvas.glsl", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (bytes == NULL)
    return NULL;
  g_autofree char *source = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *defines =
      g_strdup_printf ("#define KIND %u\n#define NEAREST %d\n#define COLORS %d\n#define OVERLAY %u\n#define FILL %d\n"
                       "#define OUTLINE %d\n#define SMOOTH %d\n#define DIFFERENCE %d\n",
                       kind, nearest, DH_GL_N_COLORS, kind == DH_GL_KIND_IMAGE ? mode & DH_GL_MODE_OVERLAY : 0u,
                       (mode & DH_GL_MODE_FILL) != 0, (mode & DH_GL_MODE_OUTLINE) != 0, (mode & DH_GL_MODE_SMOOTH) != 0,
                       (mode & DH_GL_MODE_DIFFERENCE) != 0);
  GLuint vertex = compile_shader (es, GL_VERTEX_SHADER, "", vertex_source);
  GLuint fragment = compile_shader (es, GL_FRAGMENT_SHADER, defines, source);
  if (vertex && fragment)
    {
      GLint ok = 0;
      program->id = glCreateProgram ();
      glAttachShader (program->id, vertex);
      glAttachShader (program->id, fragment);
      glLinkProgram (program->id);
      glGetProgramiv (program->id, GL_LINK_STATUS, &ok);
      if (!ok)
        {
          char log[1024] = "";
          glGetProgramInfoLog (program->id, sizeof log, NULL, log);
          g_warning ("The canvas shader does not link: %s", log);
          glDeleteProgram (program->id);
          program->id = 0;
        }
    }
  glDeleteShader (vertex);
  glDeleteShader (fragment);
  if (program->id == 0)
    return NULL;
#define X(name) program->name = glGetUniformLocation (program->id, "u_" #name);
  DH_GL_UNIFORMS (X)
#undef X
  program->failed = FALSE;
  return program;
}

void
dh_gl_program_set_scale (const DhGlProgram *program, const DhScale *scale)
{
  float low = (float)scale->low, range = (float)(scale->high - scale->low);
  gboolean diverging =
      scale->map == DH_COLOR_MAP_DIVERGING && scale->threshold > scale->low && scale->threshold < scale->high;
  glUniform4f (program->range, low, range > 0.0f ? 1.0f / range : 1e30f, diverging ? (float)scale->threshold : low,
               0.0f);
  if (diverging)
    glUniform2f (program->halves, (float)(0.5 / (scale->threshold - scale->low)),
                 (float)(0.5 / (scale->high - scale->threshold)));
  glUniform1i (program->diverging, diverging);
  glUniform1i (program->reversed, scale->reversed);
  glUniform1i (program->color_row, (GLint)scale->map);
}
