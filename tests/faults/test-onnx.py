#!/usr/bin/env python3
"""A network that is to become an ONNX file, under bad circumstances: nothing is lost, nothing is left half done."""
import json
import os
import struct

from faults import WEIGHTS, case, finish, refuses, run, top, weights

OUT = top / "exported"
OUT.mkdir()


def convert(to, *words, source=WEIGHTS):
    return ("weights", "convert", source, to, *words)


def left(*expected):
    assert sorted(path.name for path in OUT.iterdir()) == sorted(expected), list(OUT.iterdir())


@case("a folder that is not there, or cannot be written")
def _():
    refuses(convert("/proc/nowhere/x.onnx"), "/proc/nowhere/x.onnx")
    refuses(convert(top / "absent" / "x.onnx"), "absent/x.onnx")
    (top / "folder.onnx").mkdir()
    refuses(convert(top / "folder.onnx"), "folder.onnx")


@case("a full disk leaves the old file as it was")
def _():
    (OUT / "old.onnx").write_bytes(b"old")
    refuses(convert(OUT / "old.onnx"), "old.onnx", limit_file=300_000)
    refuses(convert(OUT / "new.onnx"), "new.onnx", limit_file=300_000)
    left("old.onnx")
    assert (OUT / "old.onnx").read_bytes() == b"old"
    code, _, err, _ = run(*convert(OUT / "old.onnx"))
    assert code == 0 and len((OUT / "old.onnx").read_bytes()) > 1_000_000, err
    left("old.onnx")
    (OUT / "old.onnx").unlink()


@case("weights that bear the name themselves are not written over")
def _():
    own = OUT / "weights.onnx"
    own.write_bytes(weights)
    os.link(own, OUT / "link.onnx")
    (OUT / "symlink.onnx").symlink_to(own)
    for other in (own, OUT / "link.onnx", OUT / "symlink.onnx", OUT / ".." / "exported" / "weights.onnx"):
        refuses(convert(other, source=own), "another name", status=2)
    assert own.read_bytes() == weights
    left("weights.onnx", "link.onnx", "symlink.onnx")
    for path in OUT.iterdir():
        path.unlink()


@case("sizes that are none, or that no picture has")
def _():
    for size in ("0x0", "31x1280", "720x0"):
        refuses(convert(OUT / "x.onnx", "--size", size), "too small")
    for size in ("32769x32", "32x999999999", "32768x32768", "100000x100000"):
        refuses(convert(OUT / "x.onnx", "--size", size), "too large")
    for size in ("x", "720", "720x", "x1280", "720x1280x3", "-720x1280", "720x-1", "7e2x1280", " 720x1280", "720x1280 ",
                 "9999999999x32", "18446744073709551648x32", "720*1280"):
        refuses(convert(OUT / "x.onnx", f"--size={size}"), "no HxW", status=2)
    left()


@case("large pictures are the reader's to hold, not ours")
def _():
    code, _, err, took = run(*convert(OUT / "x.onnx", "--size", "6000×32768"))
    assert code == 0, err
    assert (OUT / "x.onnx").stat().st_size < 3 * len(weights)
    (OUT / "x.onnx").unlink()


@case("options that do not go together")
def _():
    refuses(convert(OUT / "x.onnx", "--as-is"), "--as-is", status=2)
    refuses(convert(OUT / "x.pth", "--size", "64x64"), "--size", status=2)
    refuses(convert(OUT / "x.ONNX"), ".onnx", status=2)
    left()


@case("weights of no network, cut weights, and an ONNX file in place of weights")
def _():
    header = json.dumps({"fc.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    (top / "other.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    refuses(convert(OUT / "x.onnx", source=top / "other.safetensors"), "other.safetensors")
    (top / "cut.safetensors").write_bytes(weights[:len(weights) // 2])
    refuses(convert(OUT / "x.onnx", source=top / "cut.safetensors"), "cut.safetensors")
    refuses(convert(OUT / "x.onnx", source=top / "absent.pth"), "absent.pth")
    left()
    code, _, err, _ = run(*convert(OUT / "y.onnx"))
    assert code == 0, err
    refuses(convert(OUT / "x.onnx", source=OUT / "y.onnx"), "y.onnx")
    left("y.onnx")


finish()
