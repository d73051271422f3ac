#include "dh-zip-private.h"

#include <zlib.h>

#include "dh-bytes-private.h"
#include "dh-error.h"

/* The records of a zip file: signature and fixed length (APPNOTE 6.3.9, section 4.3). */
enum
{
  LOCAL = 0x04034b50,
  LOCAL_SIZE = 30,
  CENTRAL = 0x02014b50,
  CENTRAL_SIZE = 46,
  END = 0x06054b50,
  END_SIZE = 22,
  END64 = 0x06064b50,
  END64_SIZE = 56,
  LOCATOR64 = 0x07064b50,
  LOCATOR64_SIZE = 20,
  MAX_COMMENT = 0xffff,
};

struct _DhZip
{
  GBytes *bytes;
  const guint8 *data;
  gsize size;
  GArray *members;
  GHashTable *index; /* name (borrowed) → position + 1 */
};

static void
member_clear (gpointer data)
{
  g_free (((DhZipMember *)data)->name);
}

/* The end record with a comment that reaches exactly to the end of the file, or -1. */
static gint64
find_end (const guint8 *data, gsize size)
{
  if (size < END_SIZE)
    return -1;
  const gsize last = size - END_SIZE;
  const gsize first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
  for (gsize at = last + 1; at-- > first;)
    if (dh_u32 (data + at) == END && dh_u16 (data + at + 20) == last - at)
      return at;
  return -1;
}

gboolean
dh_zip_is (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  return (size >= 4 && dh_u32 (data) == LOCAL) || find_end (data, size) >= 0;
}

/* Replaces the fields that stand as all ones by those of the ZIP64 extra field. */
static gboolean
read_extra64 (const guint8 *extra, gsize length, DhZipMember *member)
{
  while (length >= 4)
    {
      const guint16 id = dh_u16 (extra), size = dh_u16 (extra + 2);
      if (size > length - 4)
        return FALSE;
      if (id == 1)
        {
          gsize at = 0;
          guint64 *fields[] = { &member->size, &member->packed, &member->header };
          for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
            if (*fields[i] == G_MAXUINT32)
              {
                if (at + 8 > size)
                  return FALSE;
                *fields[i] = dh_u64 (extra + 4 + at);
                at += 8;
              }
          return TRUE;
        }
      extra += 4 + size;
      length -= 4 + size;
    }
  return TRUE;
}

/* Reads one entry of the directory at `at`, of which `left` bytes are there, and the local header that it points to. */
static gboolean
read_member (DhZip *zip, const guint8 *at, guint64 left, gsize *length, DhZipMember *member, GError **error)
{
  if (left < CENTRAL_SIZE || dh_u32 (at) != CENTRAL)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                           "the zip file's directory is broken; fetch the file again");
      return FALSE;
    }
  const guint16 flags = dh_u16 (at + 8), method = dh_u16 (at + 10);
  const guint16 name_length = dh_u16 (at + 28), extra_length = dh_u16 (at + 30), comment_length = dh_u16 (at + 32);
  *length = (gsize)CENTRAL_SIZE + name_length + extra_length + comment_length;
  member->crc = dh_u32 (at + 16);
  member->packed = dh_u32 (at + 20);
  member->size = dh_u32 (at + 24);
  member->header = dh_u32 (at + 42);
  if (*length > left || name_length == 0 || memchr (at + CENTRAL_SIZE, 0, name_length)
      || !read_extra64 (at + CENTRAL_SIZE + name_length, extra_length, member))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                           "the zip file's directory is broken; fetch the file again");
      return FALSE;
    }

  const char *raw_name = (const char *)at + CENTRAL_SIZE;
  g_autofree char *name = dh_printable (raw_name, name_length);
  if (flags & 1 || (method != 0 && method != Z_DEFLATED))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "the zip member %s is %s; save the file again without that",
                   name, flags & 1 ? "encrypted" : "compressed by a method other than deflate");
      return FALSE;
    }
  member->deflated = method == Z_DEFLATED;

  if (!dh_within (member->header, LOCAL_SIZE, zip->size))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the zip member %s lies outside the file: it is truncated", name);
      return FALSE;
    }
  const guint8 *local = zip->data + member->header;
  if (dh_u32 (local) != LOCAL || dh_u16 (local + 26) != name_length
      || !dh_within (member->header + LOCAL_SIZE, (guint64)name_length + dh_u16 (local + 28), zip->size)
      || memcmp (local + LOCAL_SIZE, raw_name, name_length) != 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "the zip member %s has a header that does not match the directory", name);
      return FALSE;
    }
  member->offset = member->header + LOCAL_SIZE + name_length + dh_u16 (local + 28);
  if (!dh_within (member->offset, member->packed, zip->size))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the zip member %s lies outside the file: it is truncated", name);
      return FALSE;
    }
  if (!member->deflated && member->packed != member->size)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the zip member %s is stored, but with two different sizes",
                   name);
      return FALSE;
    }
  member->name = g_strndup (raw_name, name_length);
  return TRUE;
}

static gint
compare_header (gconstpointer a, gconstpointer b)
{
  const DhZipMember *const *one = a, *const *two = b;
  return ((*one)->header > (*two)->header) - ((*one)->header < (*two)->header);
}

/* A file whose members share bytes can unpack to far more than it could hold. */
static gboolean
check_overlaps (DhZip *zip, guint64 directory, GError **error)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_sized_new (zip->members->len);
  for (guint i = 0; i < zip->members->len; i++)
    g_ptr_array_add (sorted, &g_array_index (zip->members, DhZipMember, i));
  g_ptr_array_sort (sorted, compare_header);
  for (guint i = 0; i < sorted->len; i++)
    {
      const DhZipMember *member = g_ptr_array_index (sorted, i);
      const DhZipMember *next = i + 1 < sorted->len ? g_ptr_array_index (sorted, i + 1) : NULL;
      if (member->offset + member->packed > (next ? next->header : directory))
        {
          g_autofree char *name = dh_printable (member->name, strlen (member->name));
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the zip member %s overlaps what comes after it", name);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_directory (DhZip *zip, GError **error)
{
  const gint64 end = find_end (zip->data, zip->size);
  if (end < 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                           "the file is truncated: a zip file without its directory at the end; fetch it again");
      return FALSE;
    }
  const guint8 *at = zip->data + end;
  guint64 count = dh_u16 (at + 10), length = dh_u32 (at + 12), offset = dh_u32 (at + 16);
  if (end >= LOCATOR64_SIZE && dh_u32 (at - LOCATOR64_SIZE) == LOCATOR64)
    {
      const guint64 end64 = dh_u64 (at - LOCATOR64_SIZE + 8);
      if (!dh_within (end64, END64_SIZE, end) || dh_u32 (zip->data + end64) != END64)
        {
          g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                               "the zip file's 64-bit directory lies outside the file: it is truncated at the front or "
                               "broken; fetch it again");
          return FALSE;
        }
      count = dh_u64 (zip->data + end64 + 32);
      length = dh_u64 (zip->data + end64 + 40);
      offset = dh_u64 (zip->data + end64 + 48);
    }
  if (!dh_within (offset, length, end) || count > length / CENTRAL_SIZE)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                           "the zip file's directory lies outside the file: it is truncated at the front or broken; "
                           "fetch it again");
      return FALSE;
    }

  guint64 left = length;
  at = zip->data + offset;
  for (guint64 i = 0; i < count; i++)
    {
      gsize used;
      DhZipMember member = { NULL };
      if (!read_member (zip, at, left, &used, &member, error))
        return FALSE;
      g_array_append_val (zip->members, member);
      at += used;
      left -= used;
    }
  for (guint i = 0; i < zip->members->len; i++)
    {
      const char *name = g_array_index (zip->members, DhZipMember, i).name;
      if (!g_hash_table_insert (zip->index, (gpointer)name, GUINT_TO_POINTER (i + 1)))
        {
          g_autofree char *text = dh_printable (name, strlen (name));
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the zip file holds two members named %s", text);
          return FALSE;
        }
    }
  return check_overlaps (zip, offset, error);
}

DhZip *
dh_zip_open (GBytes *bytes, GError **error)
{
  g_autoptr (DhZip) zip = g_new0 (DhZip, 1);
  zip->bytes = g_bytes_ref (bytes);
  zip->data = g_bytes_get_data (bytes, &zip->size);
  zip->members = g_array_new (FALSE, TRUE, sizeof (DhZipMember));
  g_array_set_clear_func (zip->members, member_clear);
  zip->index = g_hash_table_new (g_str_hash, g_str_equal);
  return read_directory (zip, error) ? g_steal_pointer (&zip) : NULL;
}

void
dh_zip_free (DhZip *zip)
{
  if (!zip)
    return;
  g_hash_table_unref (zip->index);
  g_array_unref (zip->members);
  g_bytes_unref (zip->bytes);
  g_free (zip);
}

guint
dh_zip_count (DhZip *zip)
{
  return zip->members->len;
}

const DhZipMember *
dh_zip_member (DhZip *zip, guint position)
{
  return &g_array_index (zip->members, DhZipMember, position);
}

const DhZipMember *
dh_zip_find (DhZip *zip, const char *name)
{
  const guint position = GPOINTER_TO_UINT (g_hash_table_lookup (zip->index, name));
  return position ? dh_zip_member (zip, position - 1) : NULL;
}

static gboolean
inflate_all (const guint8 *from, guint64 packed, guint8 *to, guint64 size)
{
  const guint64 chunk = 1 << 30;
  z_stream stream = { 0 };
  if (inflateInit2 (&stream, -MAX_WBITS) != Z_OK)
    return FALSE;
  guint64 taken = 0, given = 0;
  int status = Z_OK;
  guint8 beyond; /* so that a member that unpacks to more than it says is noticed, and an empty one can end */
  while (status == Z_OK)
    {
      const guint64 in = MIN (packed - taken, chunk), out = MIN (size - given, chunk);
      stream.next_in = (Bytef *)from + taken;
      stream.avail_in = in;
      stream.next_out = out ? to + given : &beyond;
      stream.avail_out = out ? out : 1;
      status = inflate (&stream, Z_NO_FLUSH);
      taken += in - stream.avail_in;
      if (!out && stream.avail_out == 0)
        status = Z_DATA_ERROR;
      else if (out)
        given += out - stream.avail_out;
    }
  inflateEnd (&stream);
  return status == Z_STREAM_END && taken == packed && given == size;
}

static guint32
crc_of (const guint8 *data, guint64 size)
{
  return crc32_z (crc32_z (0, NULL, 0), data, size);
}

GBytes *
dh_zip_read (DhZip *zip, const DhZipMember *member, DhCopyBudget *budget, GError **error)
{
  if (!member->deflated)
    return g_bytes_new_from_bytes (zip->bytes, member->offset, member->size);

  g_autofree char *name = dh_printable (member->name, strlen (member->name));
  if (member->size / 1032 > member->packed) /* more than deflate can ever pack */
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "the zip member %s claims to unpack from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                   " bytes, which cannot be",
                   name, member->packed, member->size);
      return NULL;
    }
  g_autofree guint8 *data = dh_copy_budget_take (budget, member->size, name, error);
  if (!data)
    return NULL;
  if (!inflate_all (zip->data + member->offset, member->packed, data, member->size)
      || crc_of (data, member->size) != member->crc)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the zip member %s is damaged; fetch the file again", name);
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), member->size);
}
