#!/usr/bin/env python3
"""From find to find through images without labels: test-finds.py STUDIO CLI OUTPUT-FOLDER. Writes TAP."""
import glob
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, CLI, OUTPUT = sys.argv[1:4]
# In a window of 1400×900 with both panels.
FINDS = (1350, 119)  # the tab
LEAST = (1204, 159)  # the least area
LOOK = (1150, 257)
LIST = (1060, 200, 320, 600)
IMAGE_PANE = (250, 125, 390, 205)
REAL = (1140, 838)
MARK = r"studio: find (\S+) (\d+),(\d+) \[(\w*)\]"


def kept(studio):
    """What the database has: {(image, x, y): mark}."""
    path, = glob.glob(f"{studio.home}/data/**/*.db", recursive=True)
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT path, score, x, y, mark FROM find_marks").fetchall()
    assert all(score == "hybrid" for _, score, _, _, _ in rows), rows
    return {(os.path.basename(path), x, y): mark for path, _, x, y, mark in rows}


def press(studio, key):
    """The key chooses a find, which becomes seen and is framed in its image; which one that is."""
    found = studio.until_told(MARK, lambda: studio.key(key))
    studio.wait(r"studio: chosen object \w+ of \d+ px", after=found.start())
    assert found.group(4) == "seen", found.group(0)
    return found.group(1), int(found.group(2)), int(found.group(3))


def until_kept(studio, find, mark):
    name, x, y = find
    studio.until(lambda: kept(studio).get((f"{name}.png", x, y)) == mark, f"{find} is not kept as {mark}")


def test_search(studio):
    """Without maps the page says so and looks through the images; what it finds becomes a list."""
    studio.click(*FINDS)
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/finds-none.png")
    before = studio.pixels(*LIST)
    found = studio.until_told(r"studio: finds ([1-9]\d*) of (\d+)", lambda: studio.click(*LOOK))
    assert found.group(1) == found.group(2), found.group(0)
    studio.until(lambda: studio.pixels(*LIST) != before, "no list was shown")


def test_step(studio):
    """F goes from find to find, over images; each is framed there and counts as seen; the last one stays."""
    before = studio.pixels(*IMAGE_PANE)
    first = press(studio, "f")
    studio.until(lambda: studio.pixels(*IMAGE_PANE) != before, "nothing came into sight")
    second = press(studio, "f")
    assert first != second
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/finds.png")
    for find in (first, second):
        until_kept(studio, find, "seen")
    # The same is chosen again without a word: it was seen.
    mark = len(studio.text())
    studio.until_told(r"studio: chosen object", lambda: studio.key("shift+f"))
    assert re.search(MARK, studio.text()[mark:]) is None
    studio.key("y")
    until_kept(studio, first, "real")
    studio.click(*REAL)  # again: taken back
    until_kept(studio, first, "seen")
    studio.key("w")
    until_kept(studio, first, "false")


def test_filter(studio):
    """A larger least area leaves out small ones."""
    everything = int(re.findall(r"studio: finds (\d+) of", studio.text())[-1])

    def choose():
        studio.click(*LEAST)
        studio.settle(1)
        studio.key("Down", "Down", "Down", "Return")

    found = studio.until_told(r"studio: finds (\d+) of (\d+)", choose)
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/finds-large.png")
    assert int(found.group(1)) < everything == int(found.group(2)), found.group(0)


def main():
    cases = [test_search, test_step, test_filter]
    print(f"1..{len(cases)}", flush=True)
    missing = driver.missing()
    if missing is not None:
        driver.run_cases(cases, (None,), f"{missing} is missing", OUTPUT, "finds")
        return
    os.makedirs(OUTPUT, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="dh-finds-")
    studio = None
    try:
        streets, drive = f"{folder}/streets", f"{folder}/drive"
        subprocess.run([CLI, "demo-scenes", "--out", streets, "--seed", "3", "--count", "40", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        os.mkdir(drive)
        for i, path in enumerate(sorted(glob.glob(f"{streets}/test/images/test/*/*.png"))[:5]):
            shutil.copy(path, f"{drive}/{i}.png")
        studio = driver.Studio(PROGRAM, ["--new", "--params", "demo", drive])
        studio.wait(r"studio: counted 0")
        studio.settle(1)
        driver.run_cases(cases, (studio,), None, OUTPUT, "finds")
        assert studio.complaints() == [], studio.complaints()
    finally:
        if studio is not None:
            studio.close()
            shutil.rmtree(studio.home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
