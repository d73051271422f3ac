#!/usr/bin/env python3
"""Masks drawn with pointer and keys: test-labels.py STUDIO CLI OUTPUT-FOLDER. Writes TAP."""
import glob
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, CLI, OUTPUT = sys.argv[1:4]
# In a window of 1400×900, while labels are drawn: the image in its pane, and what a toast offers.
LEFT, TOP, RIGHT, BOTTOM = 255, 176, 633, 365
UNDO = (831, 820)
AWAY = (300, 27)
WIDTH, HEIGHT = 512, 256


def read_png(path):
    """A grey PNG of 8 bits, read by the letter of its specification: rows of samples."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, header = 8, b"", None
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0] == zlib.crc32(name + body)
        if name == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        packed += body if name == b"IDAT" else b""
        at += 12 + length
    assert header == (WIDTH, HEIGHT, 8, 0, 0, 0, 0), header
    plain, rows, before = zlib.decompress(packed), [], bytes(WIDTH)
    for y in range(HEIGHT):
        kind, row = plain[y * (WIDTH + 1)], bytearray(plain[y * (WIDTH + 1) + 1:(y + 1) * (WIDTH + 1)])
        assert kind in (0, 1, 2), kind
        for x in range(1, WIDTH if kind == 1 else 0):
            row[x] = (row[x] + row[x - 1]) & 255
        if kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, before))
        rows.append(bytes(row))
        before = rows[-1]
    assert {value for row in rows for value in row} <= {0, 1, 255}
    return rows


def count(rows, value):
    return sum(row.count(value) for row in rows)


def on_screen(x, y):
    return LEFT + (RIGHT - LEFT) * x / WIDTH, TOP + (BOTTOM - TOP) * y / HEIGHT


def is_about(value, want, share=0.06):
    return abs(value - want) <= share * want


def make_drive(folder):
    """Street scenes as somebody's own pictures, without any masks."""
    streets, drive = f"{folder}/streets", f"{folder}/drive"
    subprocess.run([CLI, "demo-scenes", "--out", streets, "--seed", "3", "--count", "24", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    os.mkdir(drive)
    for i, path in enumerate(sorted(glob.glob(f"{streets}/test/images/test/*/*.png"))[:3]):
        shutil.copy(path, f"{drive}/{i}.png")
    return drive


def begin(studio):
    studio.until_told(r"studio: labels of ", lambda: studio.key("ctrl+l"))
    studio.settle(0.4)


def until_labels_of(studio, stem):
    """Its mask is the one that is drawn, whatever is still written of another."""
    studio.until(lambda: re.findall(r"studio: labels of ([^;:\s]+)", studio.text())[-1:] == [stem], f"labels of {stem}")
    studio.settle(1)


def draw_square(studio, x, y, side):
    for corner in ((x, y), (x + side, y), (x + side, y + side), (x, y + side)):
        studio.click(*on_screen(*corner))
    studio.key("Return")
    studio.settle(0.2)


def image(studio):
    """With the pointer out of all panes, where it would be marked in the others."""
    studio.move(*AWAY)
    studio.settle(0.3)
    return studio.pixels(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP)


def test_polygon(studio, drive):
    """A square; undone, done again; the mask is written when the next image is shown, and the folder is a labelled set."""
    begin(studio)
    studio.key("a", "d")
    bare = image(studio)
    draw_square(studio, 300, 150, 80)
    studio.until(lambda: image(studio) != bare, "nothing is drawn")
    studio.settle(0.5)
    drawn = image(studio)
    studio.key("ctrl+z")
    studio.until(lambda: image(studio) == bare, "undo did not take it back")
    studio.key("ctrl+shift+z")
    studio.until(lambda: image(studio) == drawn, "redo did not bring it back")
    studio.screenshot(f"{OUTPUT}/labels-polygon.png")
    assert not os.path.exists(f"{drive}/masks")
    studio.until_told(r"studio: wrote labels .*/masks/0\.png(.|\n)*studio: opened Images and masks, 3 pictures",
                      lambda: studio.key("Right"))
    rows = read_png(f"{drive}/masks/0.png")
    assert is_about(count(rows, 1), 80 * 80), count(rows, 1)
    assert rows[190][340] == 1 and rows[190][290] == 0 and rows[190][390] == 0
    told = subprocess.run([CLI, "dataset", "check", "--dataroot", drive], capture_output=True, text=True).stdout
    assert "masks" in told and "3" in told, told


def test_corners(studio, drive):
    """Corners are taken back, and leave nothing; a double click closes."""
    for told in ("labels of 1", "shows 1, maps"):
        studio.wait(rf"studio: opened Images and masks(.|\n)*studio: {told}")
    studio.settle(1)
    bare = image(studio)
    for corner in ((100, 100), (200, 100)):
        studio.click(*on_screen(*corner))
    studio.key("BackSpace", "BackSpace")
    studio.until(lambda: image(studio) == bare, "corners that were taken back are still there")
    for corner in ((100, 100), (160, 100), (200, 30)):
        studio.click(*on_screen(*corner))
    studio.key("BackSpace")
    studio.click(*on_screen(160, 160))
    studio.click(*on_screen(100, 160), count=2)
    studio.settle(0.3)
    studio.until_told(r"studio: wrote labels .*/masks/1\.png", lambda: studio.key("ctrl+s"))
    rows = read_png(f"{drive}/masks/1.png")
    assert is_about(count(rows, 1), 60 * 60, 0.08), count(rows, 1)
    assert rows[35][190] == 0


def test_brush(studio, drive):
    """Ignored pixels by strokes of two sizes, and erased again."""
    studio.key("r", "v")
    studio.drag(on_screen(250, 220), on_screen(450, 220))
    studio.key("ctrl+s")
    studio.until(lambda: count(read_png(f"{drive}/masks/1.png"), 255) > 0, "the stroke is not there")
    thin = count(read_png(f"{drive}/masks/1.png"), 255)
    studio.key("bracketright", "bracketright", "bracketright", "bracketright")
    studio.settle(0.2)
    studio.screenshot(f"{OUTPUT}/labels-brush.png")
    studio.drag(on_screen(250, 220), on_screen(450, 220))
    studio.key("ctrl+s")
    studio.until(lambda: count(read_png(f"{drive}/masks/1.png"), 255) > 1.5 * thin, "the brush is no larger")
    studio.key("i")
    studio.drag(on_screen(250, 220), on_screen(450, 220))
    studio.key("ctrl+s")
    studio.until(lambda: count(read_png(f"{drive}/masks/1.png"), 255) == 0, "it is not erased")
    assert count(read_png(f"{drive}/masks/1.png"), 1) > 0


def test_object(studio, drive):
    """What the threshold flags, at one click; where the network is sure that is much less than the image."""
    studio.until_told(r"studio: labels of 2", lambda: studio.key("Right"))
    studio.wait(r"studio: shows 2, maps")
    studio.key("a", "e")
    studio.settle(0.5)
    bare = image(studio)
    # The outline of what is flagged is yellow: in its middle.
    width = RIGHT - LEFT
    yellow = [i // 3 for i in range(0, len(bare), 3) if bare[i] > 200 and bare[i + 1] > 180 and bare[i + 2] < 110]
    assert len(yellow) > 20
    xs, ys = sorted(i % width for i in yellow), sorted(i // width for i in yellow)
    studio.click(LEFT + xs[len(xs) // 2], TOP + ys[len(ys) // 2])
    studio.settle(0.3)
    studio.screenshot(f"{OUTPUT}/labels-object.png")
    studio.until_told(r"studio: wrote labels .*/masks/2\.png", lambda: studio.key("Left"))
    drawn = count(read_png(f"{drive}/masks/2.png"), 1)
    assert 50 < drawn < WIDTH * HEIGHT / 3, drawn


def test_undone(studio, drive):
    """The toast of a mask that was written by itself takes it back."""
    with open(f"{drive}/masks/1.png", "rb") as file:
        before = file.read()
    until_labels_of(studio, "1")
    studio.key("a", "d")
    draw_square(studio, 20, 20, 40)
    studio.until_told(r"studio: wrote labels .*/masks/1\.png", lambda: studio.key("Left"))
    assert count(read_png(f"{drive}/masks/1.png"), 1) > 0
    with open(f"{drive}/masks/1.png", "rb") as file:
        assert file.read() != before
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/labels-toast.png")
    studio.until_told(r"studio: says The mask of 1 is as it was before", lambda: studio.click(*UNDO))
    with open(f"{drive}/masks/1.png", "rb") as file:
        assert file.read() == before


def test_begun(studio, drive):
    """A polygon that is not closed yet is drawn when another tool or image is chosen; Ctrl+Z takes its last corner back."""
    until_labels_of(studio, "0")
    before = count(read_png(f"{drive}/masks/0.png"), 1)
    studio.key("a", "d")
    for corner in ((20, 20), (100, 20), (100, 100), (20, 200), (200, 200)):
        studio.click(*on_screen(*corner))
    studio.key("ctrl+z", "ctrl+z", "r")
    studio.until_told(r"studio: wrote labels .*/masks/0\.png", lambda: studio.key("ctrl+s"))
    triangle = count(read_png(f"{drive}/masks/0.png"), 1) - before
    assert is_about(triangle, 80 * 80 / 2, 0.1), triangle
    studio.key("d", "i")
    for corner in ((20, 20), (100, 20), (100, 100)):
        studio.click(*on_screen(*corner))
    studio.until_told(r"studio: wrote labels .*/masks/0\.png", lambda: studio.key("Right"))
    assert is_about(count(read_png(f"{drive}/masks/0.png"), 1), before, 0.05)
    studio.until_told(r"studio: labels of 0", lambda: studio.key("Left"))


def test_left(studio, drive):
    """Escape ends the mode, and the pointer is what it was."""
    studio.settle(1)
    studio.until_told(r"studio: labelling ends", lambda: studio.key("Escape"))
    studio.settle(0.5)
    before = read_png(f"{drive}/masks/0.png")
    studio.click(*on_screen(100, 200))
    studio.key("ctrl+s", "a", "Return")
    studio.settle(0.5)
    assert read_png(f"{drive}/masks/0.png") == before


def test_narrow(studio, drive):
    """The way out is in sight in the narrowest window."""
    begin(studio)
    studio.resize(300, 700)
    width, _ = studio.window_size()
    assert width < 600, width
    studio.settle(0.5)
    studio.screenshot(f"{OUTPUT}/labels-narrow.png")
    studio.press(width - 55, 122, r"studio: labelling ends")
    studio.resize(*studio.size)
    studio.settle(0.5)


def test_closed(studio, drive):
    """What is drawn when the program ends is there."""
    begin(studio)
    studio.key("a", "d")
    draw_square(studio, 20, 20, 60)
    before = count(read_png(f"{drive}/masks/0.png"), 1)
    studio.key("ctrl+q")
    studio.program.wait(driver.FOR_EVER)
    assert is_about(count(read_png(f"{drive}/masks/0.png"), 1) - before, 60 * 60, 0.08)
    assert studio.complaints() == [], studio.complaints()


def main():
    cases = [test_polygon, test_corners, test_brush, test_object, test_undone, test_begun, test_left, test_narrow, test_closed]
    print(f"1..{len(cases)}", flush=True)
    missing = driver.missing()
    if missing is not None:
        driver.run_cases(cases, (None,), f"{missing} is missing", OUTPUT, "labels")
        return
    os.makedirs(OUTPUT, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="dh-labels-")
    studio = None
    try:
        drive = make_drive(folder)
        # A busy machine's two clicks are far apart.
        studio = driver.Studio(PROGRAM, ["--new", "--params", "demo", drive], double_click=10000)
        studio.wait(r"studio: counted 0")
        studio.settle(1)
        driver.run_cases(cases, (studio, drive), None, OUTPUT, "labels")
    finally:
        if studio is not None:
            studio.close()
            shutil.rmtree(studio.home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
