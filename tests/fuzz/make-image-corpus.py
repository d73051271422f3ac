#!/usr/bin/env python3
"""Writes the corpus of fuzz-image: small pictures of every kind that is read.

Usage: make-image-corpus.py FOLDER   (needs numpy, pillow)
"""
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
path = lambda name: os.path.join(folder, name)
y, x, c = np.mgrid[:30, :40, :4]
rgba = ((x * 19 + y * 23 + c * 71 + x * y) % 256).astype(np.uint8)
rgb = Image.fromarray(rgba[..., :3])
grey = Image.fromarray(rgba[..., 0])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, width, height, depth, colour, interlace, data, *between):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    with open(path(name), "wb") as to:
        to.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(between)
                 + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def adam7(ids):
    """The seven passes of an interlaced grey picture, without filters."""
    passes = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1))
    rows = (row for y0, dy, x0, dx in passes for row in ids[y0::dy, x0::dx])
    return b"".join(b"\0" + row.tobytes() for row in rows if row.size)


def runs(name, bits, rows):
    """A BMP in runs of 4 or 8 bits."""
    colours = b"".join(bytes((i, i, i, 0)) for i in range(1 << bits))
    at = 54 + len(colours)
    with open(path(name), "wb") as to:
        to.write(b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at)
                 + struct.pack("<IiiHHIIiiII", 40, 12, 4, 1, bits, 1 if bits == 8 else 2, len(rows), 0, 0, 0, 0) + colours
                 + rows)


def tiles(name, samples, side):
    """A TIFF of grey samples in tiles, little-endian, without compression."""
    height, width = samples.shape
    data, at = bytearray(b"II*\0\0\0\0\0"), []
    for top in range(0, height, side):
        for left in range(0, width, side):
            part = samples[top:top + side, left:left + side]
            tile = np.zeros((side, side), samples.dtype)
            tile[:part.shape[0], :part.shape[1]] = part
            at.append(len(data))
            data += tile.tobytes()
    size = side * side * samples.itemsize
    offsets = len(data)
    data += struct.pack(f"<{len(at)}I", *at) + struct.pack(f"<{len(at)}I", *[size] * len(at))
    entries = ((256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8 * samples.itemsize), (259, 3, 1, 1), (262, 3, 1, 1),
               (277, 3, 1, 1), (322, 4, 1, side), (323, 4, 1, side), (324, 4, len(at), offsets),
               (325, 4, len(at), offsets + 4 * len(at)))
    data[4:8] = struct.pack("<I", len(data))
    data += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + b"\0\0\0\0"
    with open(path(name), "wb") as to:
        to.write(data)


rgb.save(path("rgb.png"))
grey.save(path("grey.png"))
grey.convert("1").save(path("bits.png"))
rgb.quantize(12).save(path("palette.png"))
Image.fromarray(rgba).save(path("alpha.png"))
Image.fromarray(rgba[..., 0].astype(np.uint16) * 257).save(path("wide.png"))
png("interlaced.png", 40, 30, 8, 0, 1, adam7(rgba[..., 0]))
png("text.png", 2, 1, 8, 2, 0, b"\0abcdef", chunk(b"zTXt", b"k\0\0" + zlib.compress(b"x" * 1000)))
png("huge.png", 60000, 60000, 8, 2, 0, b"\0" * 100)
png("claims.png", 14000, 14000, 8, 2, 0, b"\0" * 100)
rgb.save(path("rgb.jpg"), quality=80)
rgb.save(path("progressive.jpg"), quality=80, progressive=True)
grey.save(path("grey.jpg"), quality=80)
rgb.convert("CMYK").save(path("cmyk.jpg"), quality=80)
exif = Image.Exif()
exif[0x0112] = 6
rgb.save(path("turned.jpg"), quality=80, exif=exif)
rgb.save(path("lossy.webp"), quality=80)
rgb.save(path("lossless.webp"), lossless=True)
Image.fromarray(rgba).save(path("alpha.webp"), quality=80)
rgb.save(path("animated.webp"), save_all=True, append_images=[grey.convert("RGB")])
for name, picture, how in (("rgb", rgb, None), ("lzw", rgb, "tiff_lzw"), ("deflate", grey, "tiff_adobe_deflate"),
                           ("packbits", grey, "packbits"), ("bits", grey.convert("1"), "group4"),
                           ("jpeg", rgb, "jpeg"), ("palette", rgb.quantize(12), None)):
    picture.save(path(f"{name}.tif"), compression=how)
Image.fromarray(rgba[..., 0].astype(np.uint16) * 257).save(path("wide.tif"), compression="tiff_lzw")
rgb.save(path("pages.tif"), save_all=True, append_images=[grey.convert("RGB")])
rgb.save(path("rgb.bmp"))
rgb.quantize(12).save(path("palette.bmp"))
grey.convert("1").save(path("bits.bmp"))
runs("runs.bmp", 8, b"\5\7\0\3\1\2\3\0\4\11\0\0\0\2\3\1\2\6\0\0\14\1\0\0\0\1")
runs("runs4.bmp", 4, b"\5\x12\0\3\x12\x30\4\x45\0\0\0\2\3\1\2\6\0\0\14\1\0\0\0\1")
tiles("tiles.tif", np.arange(40 * 30, dtype="<u2").reshape(30, 40), 16)
