#!/usr/bin/env python3
"""Measures how long the program takes from its start to the maps of one picture, written.

    tests/bench/start.py [--build build] [--network ldn121] [--size 720x1280] [--runs 7] [--precision f32]
                         [--limit 2.5]

Seeded weights in a PyTorch file, a picture of noise in a PNG file, `densehybrid infer` for the four maps, two threads.
The first start finds nothing kept of plans and times them; the others find it. Files are in the system's cache, as they
are of a program that is used. Fails where the median, plans kept, is above the limit."""
import argparse
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib


def write_picture(path, height, width):
    random.seed(1)
    rows = b"".join(b"\0" + random.randbytes(3 * width) for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--network", default="ldn121")
    parser.add_argument("--size", default="720x1280", help="HEIGHTxWIDTH")
    parser.add_argument("--runs", default=7, type=int)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--limit", default=2.5, type=float, help="seconds")
    arguments = parser.parse_args()
    height, width = map(int, arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        weights, picture = os.path.join(folder, "weights.pth"), os.path.join(folder, "noise.png")
        subprocess.run([os.path.join(arguments.build, "tests", "bench", "bench-net"), arguments.network, "0", "0",
                        "--save", weights], check=True)
        write_picture(picture, height, width)
        program = [os.path.join(arguments.build, "app", "densehybrid"), "infer", "--params", weights, "--device", "cpu",
                   "--precision", arguments.precision, "--threads", "2", "--quiet",
                   "--maps", "segmentation,likelihood,dataset_posterior,hybrid", "--out", os.path.join(folder, "maps"),
                   picture]
        settings = dict(os.environ, DH_PLAN_CACHE=os.path.join(folder, "plans"))
        seconds = []
        for _ in range(arguments.runs + 1):
            start = time.perf_counter()
            subprocess.run(program, check=True, env=settings, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - start)
        maps = len(os.listdir(os.path.join(folder, "maps")))
    print(f"{arguments.network} {height}x{width} {arguments.precision}: start to {maps} maps written, seconds: "
          f"first {seconds[0]:.3f}, then median {statistics.median(seconds[1:]):.3f}, least {min(seconds[1:]):.3f}")
    if statistics.median(seconds[1:]) > arguments.limit:
        sys.exit(f"slower than {arguments.limit:g} s")


if __name__ == "__main__":
    main()
