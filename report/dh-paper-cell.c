/* What several runs of one method on one set are together. */
#include <string.h>

#include "dh-paper-table-private.h"

static void
member_free (gpointer data)
{
  DhPaperMember *member = data;
  g_free (member->why);
  g_free (member->component_why);
  g_free (member);
}

DhPaperCell *
dh_paper_cell_new (void)
{
  DhPaperCell *cell = g_new0 (DhPaperCell, 1);
  cell->members = g_ptr_array_new_with_free_func (member_free);
  for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
    cell->notes[i] = g_array_new (FALSE, FALSE, sizeof (guint));
  return cell;
}

void
dh_paper_cell_free (DhPaperCell *cell)
{
  g_ptr_array_unref (cell->members);
  for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
    {
      g_free (cell->text[i]);
      g_free (cell->deviation[i]);
      g_array_unref (cell->notes[i]);
      g_free (cell->low[i]);
      g_free (cell->high[i]);
    }
  g_free (cell);
}

static gint64
id_of (const DhPaperMember *member)
{
  return member->run->run->id;
}

static guint
find_note (GPtrArray *notes, const char *text)
{
  for (guint i = 0; i < notes->len; i++)
    if (g_str_equal (notes->pdata[i], text))
      return i + 1;
  g_ptr_array_add (notes, g_strdup (text));
  return notes->len;
}

static void
add_note (DhPaperCell *cell, guint number, GPtrArray *notes, const char *text)
{
  const guint note = find_note (notes, text);
  for (guint i = 0; i < cell->notes[number]->len; i++)
    if (g_array_index (cell->notes[number], guint, i) == note)
      return;
  g_array_append_val (cell->notes[number], note);
}

static void
add_note_to_all (DhPaperCell *cell, GPtrArray *notes, char *text)
{
  for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
    add_note (cell, i, notes, text);
  g_free (text);
}

/* What makes a run none of several trainings of one method, beside those before it. */
static void
note_differences (DhPaperCell *cell, guint index, GPtrArray *notes)
{
  const DhPaperMember *own = cell->members->pdata[index], *first = cell->members->pdata[0];
  const DhRunRow *run = own->run->run, *that = first->run->run;
  if (!g_str_equal (own->score, first->score))
    add_note_to_all (cell, notes,
                     g_strdup_printf ("run %" G_GINT64_FORMAT ": of the score %s, run %" G_GINT64_FORMAT " of %s",
                                      id_of (own), own->score, id_of (first), first->score));
  if (!g_str_equal (run->precision, that->precision))
    add_note_to_all (cell, notes,
                     g_strdup_printf ("run %" G_GINT64_FORMAT ": computed in %s, run %" G_GINT64_FORMAT " in %s",
                                      id_of (own), *run->precision ? run->precision : "another program", id_of (first),
                                      *that->precision ? that->precision : "another program"));
  for (guint i = 0; i < index; i++)
    {
      const DhPaperMember *other = cell->members->pdata[i];
      if (!g_str_equal (run->model_sha256, other->run->run->model_sha256))
        continue;
      add_note_to_all (cell, notes,
                       g_strdup_printf ("run %" G_GINT64_FORMAT ": has the %s of run %" G_GINT64_FORMAT
                                        ", which is no other training",
                                        id_of (own), run->method ? "scores" : "weights", id_of (other)));
      break;
    }
}

static char *
dup_list (GArray *runs)
{
  GString *text = g_string_new (runs->len == 1 ? "run " : "runs ");
  for (guint i = 0; i < runs->len; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i ? ", " : "", g_array_index (runs, gint64, i));
  return g_string_free (text, FALSE);
}

/* Runs that a mean is not of. */
static void
note_undefined (DhPaperCell *cell, guint number, GPtrArray *notes)
{
  static const char *const names[DH_PAPER_NUMBERS] = { "AP", "FPR95", "AUROC", "sIoU", "PPV", "mean F1" };
  g_autoptr (GArray) without = g_array_new (FALSE, FALSE, sizeof (gint64));
  gboolean components = TRUE;
  if (cell->numbers[number].n == 0 || cell->numbers[number].undefined == 0)
    return;
  for (guint i = 0; i < cell->members->len; i++)
    {
      const DhPaperMember *member = cell->members->pdata[i];
      const gint64 id = id_of (member);
      if (dh_mean_of (&member->numbers[number], 1).n > 0)
        continue;
      g_array_append_val (without, id);
      components &= number >= DH_PAPER_SIOU && !member->components;
    }
  g_autofree char *runs = dup_list (without);
  g_autofree char *text =
      g_strdup_printf ("%s: no %s, and left out of its mean", runs, components ? "components" : names[number]);
  add_note (cell, number, notes, text);
}

void
dh_paper_cell_settle (DhPaperCell *cell, GPtrArray *notes)
{
  g_autofree double *values = g_new (double, MAX (cell->members->len, 1));
  for (guint i = 0; i < cell->members->len; i++)
    {
      const DhPaperMember *member = cell->members->pdata[i];
      if (member->why)
        add_note_to_all (cell, notes, g_strdup (member->why));
      else if (member->component_why)
        for (guint number = DH_PAPER_SIOU; number < DH_PAPER_NUMBERS; number++)
          add_note (cell, number, notes, member->component_why);
      if (i > 0)
        note_differences (cell, i, notes);
    }
  for (guint number = 0; number < DH_PAPER_NUMBERS; number++)
    {
      for (guint i = 0; i < cell->members->len; i++)
        values[i] = ((DhPaperMember *)cell->members->pdata[i])->numbers[number];
      cell->numbers[number] = dh_mean_of (values, cell->members->len);
      note_undefined (cell, number, notes);
    }
}

char *
dh_paper_dup_mark (guint note)
{
  return note <= 26 ? g_strdup_printf ("%c", 'a' + note - 1)
                    : g_strdup_printf ("%c%c", 'a' + (note - 1) / 26 - 1, 'a' + (note - 1) % 26);
}

char *
dh_paper_cell_dup_marks (const DhPaperCell *cell, guint number)
{
  GArray *notes = cell->notes[number];
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < notes->len; i++)
    {
      g_autofree char *mark = dh_paper_dup_mark (g_array_index (notes, guint, i));
      g_string_append_printf (text, "%s%s", i ? "," : "", mark);
    }
  return g_string_free (text, text->len == 0);
}

char *
dh_paper_cell_dup_runs (const DhPaperCell *cell)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < cell->members->len; i++)
    {
      const gint64 id = id_of (cell->members->pdata[i]);
      g_array_append_val (runs, id);
    }
  return dup_list (runs);
}
