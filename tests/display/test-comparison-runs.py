#!/usr/bin/env python3
"""Two stored runs against each other in Browse: test-comparison-runs.py STUDIO DENSEHYBRID OUTPUT-FOLDER. Writes TAP.

The runs are of the demo's network on generated scenes, by two scores; what the panel is to show is read from the
database. All is done by pointer and keys.
"""
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

STUDIO, PROGRAM, OUTPUT = sys.argv[1:4]
# Where things lie in a window of 1400×900 with both panels.
RUN_ROWS, COMPARE_BUTTON = ((500, 191), (500, 219)), (1235, 75)
INTERVALS, CHOSEN = (637, 548), (20, 565, 670, 60)  # the button, and the lines with intervals
PANEL = (1054, 56, 336, 800)
TABS = {"compare": (1110, 119), "a": (1220, 119), "b": (1328, 119)}
FIRST_ROW, ROW = 493, 52
ORDER = (1371, 450)
LEFT, RIGHT = (260, 240, 340, 300), (680, 240, 340, 300)  # of the line between A and B
ZOOM = (990, 62, 40, 26)
PLOT_Y, PLOT_X = 240, (1080, 1370)
CHIPS = {"tpr95": (1090, 328), "fpr5": (1168, 328), "best-f1": (1232, 328)}


class Runs:
    """Makes the runs, and knows what the database says of them."""

    def __init__(self, home):
        self.scenes = f"{home}/scenes"
        environment = dict(os.environ, HOME=home, XDG_CONFIG_HOME=f"{home}/config", XDG_CACHE_HOME=f"{home}/cache",
                           XDG_DATA_HOME=f"{home}/data")
        self.call(["demo-scenes", "--out", self.scenes, "--count", "96", "--width", "256", "--height", "128"], environment)
        for name in ("train", "negatives"):
            shutil.rmtree(f"{self.scenes}/{name}")
        for score in ("dataset_posterior", "hybrid"):
            self.call(["eval-ood", "--dataroot", self.scenes, "--params", "demo", "--score", score, "--folder",
                       f"{home}/{score}"], environment)
        report = f"{home}/report.json"
        self.call(["report", "--run", "2,1", "--intervals", "--out", report], environment)
        with open(report) as file:
            told = json.load(file)
        self.intervals = {0: told["runs"][0]["intervals"]["parts"][0]["ap_interval"],
                          1: told["differences"]["parts"][0]["ap_interval"]}
        self.database = sqlite3.connect(glob.glob(f"{home}/data/**/*.db", recursive=True)[0])

    @staticmethod
    def call(arguments, environment):
        done = subprocess.run([PROGRAM, *arguments, "--quiet"], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def changes(self):
        """Of every picture with an AP in both: what A, the newer run, gains; and the stems that have none."""
        ap = {}
        for run, stem, value in self.database.execute("SELECT run, stem, ap FROM run_images JOIN images"
                                                      " ON images.id = run_images.image"):
            ap.setdefault(stem, {})[run] = value
        defined = {stem: of[2] - of[1] for stem, of in ap.items() if of[1] is not None and of[2] is not None}
        return defined, sorted(set(ap) - set(defined))

    def threshold(self, run, column):
        return self.database.execute(f"SELECT {column} FROM run_protocols WHERE run = ? AND protocol ="
                                     " 'densehybrid-pooled'", (run,)).fetchone()[0]


def rest(studio):
    studio.move(700, 892)
    studio.settle(0.5)


def look(studio, part):
    rest(studio)
    return studio.pixels(*part)


def shown(studio, after):
    return studio.wait(r"studio: shows (\S+), ", after=after).group(1)


def open_row(studio, row):
    return studio.press(1200, FIRST_ROW + row * ROW, r"studio: shows (\S+), ").group(1)


def threshold(studio, after):
    found = studio.wait(r"studio: run (\d+) threshold (\S+), ([\w-]+)", after=after)
    return int(found.group(1)), float(found.group(2)), found.group(3)


def choose(studio, n):
    studio.click(*RUN_ROWS[0])
    studio.xdotool("keydown", "ctrl")
    for row in RUN_ROWS[1:n]:
        studio.click(*row)
    studio.xdotool("keyup", "ctrl")
    studio.settle(2)


def test_intervals(studio, runs):
    """What the report tells of one run, and of two, is told of those that are chosen, and is there again at once."""
    studio.wait(r"studio: shows \S+, ")
    studio.settle(2)
    studio.tuning = look(studio, PANEL)
    studio.key("ctrl+4")
    studio.settle(2)
    for other in (0, 1):
        choose(studio, other + 1)
        without = look(studio, CHOSEN)
        found = studio.press(*INTERVALS, rf"runs: intervals of 2 and {other}: (\S+) (\S+)")
        for got, wanted in zip(found.groups(), runs.intervals[other]):
            assert abs(float(got) - wanted) < 2e-6, (other, found.groups(), runs.intervals[other])
        studio.until(lambda: look(studio, CHOSEN) != without, "the intervals to be shown")
        studio.screenshot(f"{OUTPUT}/intervals-{other}.png")
        measured = look(studio, CHOSEN)
    choose(studio, 1)
    studio.until(lambda: look(studio, CHOSEN) != measured, "the intervals of two are told of one")
    choose(studio, 2)
    studio.until(lambda: look(studio, CHOSEN) == measured, "measured intervals are not there again")


def test_enter(studio, runs):
    choose(studio, 2)
    studio.press(*COMPARE_BUTTON, r"studio: counted run")
    for run in (1, 2):
        studio.wait(rf"studio: counted run {run} beside")
    studio.until(lambda: look(studio, PANEL) != studio.tuning, "the panel is that of the network")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/panel-compare.png")


def test_pictures(studio, runs):
    """In the order that the database gives; every row opens its own picture."""
    changes, undefined = runs.changes()
    assert len(changes) >= 4, changes
    gains = sorted(changes, key=lambda stem: -changes[stem])
    for row in (1, 0, 2):
        assert open_row(studio, row) == gains[row], f"row {row} is not {gains[row]}"
    # From row to row by keys, which the list keeps.
    for row in (3, 2, 1):
        mark = len(studio.text())
        studio.key("Down" if row == 3 else "Up")
        assert shown(studio, mark) == gains[row]
    mark = len(studio.text())
    studio.click(*ORDER)
    studio.settle(0.5)
    studio.screenshot(f"{OUTPUT}/panel-order.png")
    studio.key("Down", "Return")
    studio.settle(0.7)
    losses = gains[::-1]
    assert open_row(studio, 0) == losses[0], "the largest loss is not the first"
    if undefined:
        mark = len(studio.text())
        studio.key("End")
        assert shown(studio, mark) in undefined, "what has no AP is not the last"
        studio.settle(1)
        studio.screenshot(f"{OUTPUT}/panel-undefined.png")
    studio.key("Home")
    studio.click(*ORDER)
    studio.settle(0.5)
    studio.key("Home", "Return")
    studio.settle(0.7)
    assert open_row(studio, 0) == gains[0]


def test_zoom(studio, runs):
    """Another picture of the list keeps zoom and panes."""
    studio.click(500, 400, button=4, count=4)
    zoom = look(studio, ZOOM)
    open_row(studio, 1)
    studio.settle(1)
    assert look(studio, ZOOM) == zoom, "another picture has another zoom"
    studio.click(500, 400)
    studio.key("Escape", "0")
    studio.until(lambda: look(studio, ZOOM) != zoom, "0 did not fit")


def test_tune(studio, runs):
    """By the line, by rules, by the field; outlines and scale of that side follow, and no other's."""
    studio.a, studio.b = look(studio, LEFT), look(studio, RIGHT)
    studio.click(*TABS["a"])
    studio.settle(0.5)
    studio.screenshot(f"{OUTPUT}/panel-tune.png")
    mark = len(studio.text())
    studio.drag((PLOT_X[0] + 150, PLOT_Y), (PLOT_X[0] + 190, PLOT_Y), seconds=1.5)
    run, value, rule = threshold(studio, mark)
    assert (run, rule) == (2, "by-hand"), (run, rule)
    studio.until(lambda: look(studio, LEFT) != studio.a, "A's map does not follow its threshold")
    assert look(studio, RIGHT) == studio.b, "B's map follows that of A"
    frames = [line for line in studio.text()[mark:].splitlines() if line.startswith("frames: ") and "median gap" in line]
    assert frames, "no frames logged"
    print(f"# {frames[-1]}")
    studio.key("ctrl+z")
    studio.until(lambda: look(studio, LEFT) == studio.a, "undo did not bring the threshold back")
    for rule, column in (("tpr95", "threshold_tpr95"), ("best-f1", "best_f1_threshold")):
        mark = len(studio.text())
        studio.click(*CHIPS[rule])
        run, value, chosen = threshold(studio, mark)
        stored = runs.threshold(2, column)
        assert (run, chosen) == (2, rule) and abs(value - stored) < 1e-4 * max(1, abs(stored)), (value, stored)
        studio.settle(1)
    studio.until(lambda: look(studio, LEFT) == studio.a, "A's map is not as the rule says")
    studio.click(*TABS["b"])
    studio.settle(0.3)
    mark = len(studio.text())
    studio.key("t")
    studio.settle(0.3)
    studio.key("ctrl+a")
    studio.xdotool("type", "0.5")
    studio.key("Return")
    run, value, rule = threshold(studio, mark)
    assert (run, rule) == (1, "by-hand") and abs(value - 0.5) < 1e-4, (run, value, rule)
    studio.until(lambda: look(studio, RIGHT) != studio.b, "B's map does not follow its threshold")
    studio.screenshot(f"{OUTPUT}/panel-tune-posterior.png")
    # The field gave the focus back: single keys are the window's again.
    mark = len(studio.text())
    studio.key("comma")
    assert threshold(studio, mark)[0] == 1
    mark = len(studio.text())
    studio.key("ctrl+r")
    assert threshold(studio, mark)[::2] == (1, "best-f1")
    studio.until(lambda: look(studio, RIGHT) == studio.b, "B's map is not as the rule says")
    studio.key("ctrl+z", "ctrl+z", "ctrl+z")
    studio.until(lambda: look(studio, RIGHT) == studio.b, "undo did not bring the threshold back")
    studio.click(*TABS["compare"])
    studio.settle(0.3)


def test_sizes(studio, runs):
    for width, height in ((1280, 720), (800, 600)):
        studio.resize(width, height)
        studio.settle(1)
        if width < 1216:
            studio.key("shift+F9")
            studio.settle(1)
        studio.screenshot(f"{OUTPUT}/panel-{width}x{height}.png")
    studio.key("shift+F9")
    studio.resize(1400, 900)
    studio.settle(1)


def test_leave(studio, runs):
    """The panel of the network comes back as it was."""
    studio.click(700, 350)
    studio.key("Escape", "g")
    studio.until(lambda: look(studio, PANEL) == studio.tuning, "the tuning is another after the comparison")
    studio.key("c")
    studio.until(lambda: look(studio, PANEL) != studio.tuning, "C did not compare")
    assert not studio.complaints(), studio.complaints()


def main():
    cases = [test_intervals, test_enter, test_pictures, test_zoom, test_tune, test_sizes, test_leave]
    print(f"1..{len(cases)}", flush=True)
    os.makedirs(OUTPUT, exist_ok=True)
    reason = f"{driver.missing()} is not installed" if driver.missing() else None
    home = tempfile.mkdtemp(prefix="dh-comparison-runs-")
    studio = runs = None
    if reason is None:
        try:
            runs = Runs(home)
        except RuntimeError as error:
            if "without the demo" not in str(error):
                raise
            reason = "this build comes without the demo"
    if reason is None:
        studio = driver.Studio(STUDIO, [runs.scenes], home=home)
    driver.run_cases(cases, (studio, runs), reason, OUTPUT, "failed-panel")
    if studio:
        studio.close()
    shutil.rmtree(home, ignore_errors=True)


main()
