#!/usr/bin/env python3
"""The evaluated set class by class, as a user sees it: test-classes.py PROGRAM OUTPUT-FOLDER. Writes TAP."""
import csv
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, OUTPUT = sys.argv[1:3]
# Where things lie in a window of 1400×900: in Tune the two columns of open-mIoU and the plot of the hybrid score; on
# Metrics the head and the line of the card, its matrix, and the line that tells a cell.
OPEN_IMAGE, OPEN_SET = (1225, 711, 60, 20), (1325, 711, 60, 20)
PLOT, PLOT_Y = (1080, 1330), 178
BARS_TAB, MATRIX_TAB, MENU = (1240, 387), (1301, 387), (1365, 387)
LINE, READING = (950, 405, 420, 18), (950, 676, 380, 18)
CELL = (1150, 545)
AWAY = (700, 888)


def rest(studio):
    """Nothing under the pointer, no tooltip, and what is animated has come to rest."""
    studio.move(*AWAY)
    studio.settle(1)


def summary(studio):
    """What the newest run keeps of its classes."""
    with sqlite3.connect(f"file:{studio.home}/data/densehybrid/densehybrid.db?mode=ro", uri=True) as database:
        text, = database.execute("SELECT summary FROM runs WHERE state = 'done' ORDER BY id DESC").fetchone()
    return json.loads(text)["classes"]


def test_tune(studio):
    """open-mIoU stands in both columns, follows the slider, and costs it nothing that is seen."""
    studio.wait(r"studio: counted")
    studio.settle(3)
    before = studio.pixels(*OPEN_IMAGE), studio.pixels(*OPEN_SET)
    mark = len(studio.text())
    studio.key("ctrl+e")
    studio.wait(r"studio: evaluated \d+", after=mark)
    rest(studio)
    studio.until(lambda: studio.pixels(*OPEN_SET) != before[1], "the set's open-mIoU did not come")
    for _ in range(20):
        mark, work = len(studio.text()), studio.work()
        studio.drag((PLOT[0] + 60, PLOT_Y), (PLOT[1] - 60, PLOT_Y), seconds=2)
        if studio.is_smooth(mark, work):
            break
    else:
        raise AssertionError("no move was smooth")
    rest(studio)
    studio.screenshot(f"{OUTPUT}/classes-tune.png")
    studio.until(lambda: studio.pixels(*OPEN_IMAGE) != before[0], "the picture's open-mIoU did not follow")
    assert studio.pixels(*OPEN_SET) != before[1]


def test_bars(studio):
    """The line over the bars follows the threshold too."""
    studio.key("ctrl+2")
    rest(studio)
    studio.settle(6)  # a message has gone
    studio.screenshot(f"{OUTPUT}/classes-bars.png")
    before = studio.pixels(*LINE)
    mark = len(studio.text())
    studio.key("ctrl+1", "period", "period", "period")
    studio.wait(r"studio: threshold hybrid", after=mark)
    studio.key("ctrl+2")
    rest(studio)
    studio.until(lambda: studio.pixels(*LINE) != before, "the line did not follow the threshold")


def test_confusion(studio):
    """The other view, a cell under the pointer, and another by the keys."""
    bars = studio.pixels(*READING)
    studio.click(*MATRIX_TAB)
    rest(studio)
    studio.until(lambda: studio.pixels(*READING) != bars, "the confusion did not come")
    rest(studio)
    none = studio.pixels(*READING)
    studio.move(*CELL)
    studio.until(lambda: studio.pixels(*READING) != none, "the cell under the pointer is not told")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/classes-confusion.png")
    told = studio.pixels(*READING)
    studio.click(*CELL)
    studio.key("Right")
    studio.until(lambda: studio.pixels(*READING) != told, "the keys did not choose another cell")
    studio.key("Left")
    studio.until(lambda: studio.pixels(*READING) == told, "the keys did not lead back")


def save(studio, path, steps):
    studio.click(*MENU)
    studio.settle(1)
    studio.key(*["Down"] * steps, "Return")
    studio.settle(2)
    studio.key("ctrl+a")
    studio.xdotool("type", path)
    studio.key("Return")
    studio.until(lambda: os.path.exists(path), f"{path} was not written")
    studio.settle(1)
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_export(studio):
    """Both as CSV are what the run keeps."""
    kept = summary(studio)
    iou = save(studio, f"{studio.home}/iou.csv", 1)
    assert [row[0] for row in iou[1:]] == kept["names"]
    for row, value in zip(iou[1:], kept["closed_iou"]):
        assert (row[1] == "") if value is None else abs(float(row[1]) - value) < 1e-12, row
    confusion = save(studio, f"{studio.home}/confusion.csv", 3)
    assert confusion[0][1:] == kept["names"]
    assert [[int(cell) for cell in row[1:]] for row in confusion[1:]] == kept["confusion"]
    found = [value for value in kept["closed_iou"] if value is not None]
    assert abs(sum(found) / len(found) - kept["closed_miou"]) < 1e-9
    assert 0 < kept["open_miou"] < kept["closed_miou"]
    studio.click(*BARS_TAB)
    studio.settle(1)


def test_small(studio):
    """In a small window all is there, one below the other at the least."""
    for size in ((1280, 720), (1000, 700)):
        studio.resize(*size)
        rest(studio)
        studio.screenshot(f"{OUTPUT}/classes-{size[0]}.png")
    studio.resize(1400, 900)
    rest(studio)


def test_unlabelled(studio):
    """Pictures without labels: the row says why, and there is no card."""
    folder = f"{studio.home}/pictures"
    os.makedirs(folder)
    source = f"{studio.home}/cache/densehybrid/demo"
    found = next(f"{place}/{name}" for place, _, names in sorted(os.walk(source)) for name in sorted(names)
                 if "images" in place and name.endswith(".png"))
    os.symlink(found, f"{folder}/a.png")
    second = driver.Studio(PROGRAM, ["--new", "--params", "demo", folder], size=(1400, 900))
    try:
        second.wait(r"studio: counted")
        second.settle(2)
        second.screenshot(f"{OUTPUT}/classes-none-tune.png")
        mark = len(second.text())
        second.key("ctrl+e")
        second.wait(r"studio: says 1 image evaluated", after=mark)
        second.key("ctrl+2")
        rest(second)
        second.screenshot(f"{OUTPUT}/classes-none.png")
        # Its place is the table's, below the one picture's row.
        assert len(set(second.pixels(950, 490, 420, 250))) < 40, "a card stands where there is nothing to tell"
    finally:
        second.close()
    assert not second.complaints(), second.complaints()


def main():
    cases = [test_tune, test_bars, test_confusion, test_export, test_small, test_unlabelled]
    print(f"1..{len(cases) + 1}", flush=True)
    without = driver.missing()
    reason = f"{without} is not installed" if without else None
    os.makedirs(OUTPUT, exist_ok=True)
    studio = None if without else driver.Studio(PROGRAM, ["--new", "--demo"])
    driver.run_cases(cases, (studio,), reason, OUTPUT, "failed-classes")
    if studio is None:
        print(f"ok {len(cases) + 1} quiet # SKIP {reason}")
        return
    studio.close()
    complaints = studio.complaints()
    print(f"{'not ' if complaints else ''}ok {len(cases) + 1} quiet")
    for line in complaints:
        print(f"# {line}")


main()
