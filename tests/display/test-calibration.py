#!/usr/bin/env python3
"""Thresholds that were chosen on another set: test-calibration.py STUDIO DENSEHYBRID OUTPUT-FOLDER. Writes TAP.

Two sets of generated scenes are evaluated by the command line with the demo's network; one of them is open.
"""
import glob
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
CALIBRATED = (1310, 299)
RECORD = (1056, 323, 250, 30)  # without the buttons behind it
ORDER, HEAD = (219, 119), (10, 135, 225, 18)  # of the images
BROWSE, TRAINING = (466, 28, 3, 3), (710, 28, 3, 3)  # beside the names, of the pages' buttons
PLOT_Y, PLOT_X = 230, 1250


class Sets:
    def __init__(self, home):
        self.home = home
        self.environment = dict(os.environ, HOME=home, XDG_CONFIG_HOME=f"{home}/config", XDG_CACHE_HOME=f"{home}/cache",
                                XDG_DATA_HOME=f"{home}/data")
        for seed, name in enumerate(("here", "there"), 1):
            self.call("demo-scenes", "--out", f"{home}/{name}", "--count", "64", "--width", "256", "--height", "128",
                      "--seed", str(seed))
            for part in ("train", "negatives"):
                shutil.rmtree(f"{home}/{name}/{part}")

    def call(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments, "--quiet"], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def evaluate(self, name):
        self.call("eval-ood", "--dataroot", f"{self.home}/{name}", "--params", "demo", "--folder",
                  f"{self.home}/{name}-out")

    def stored(self, name):
        database = sqlite3.connect(glob.glob(f"{self.home}/data/**/*.db", recursive=True)[0])
        return database.execute("SELECT best_f1_threshold FROM run_protocols JOIN runs ON runs.id = run JOIN datasets ON"
                                " datasets.id = dataset WHERE root = ? AND protocol = 'densehybrid-pooled'",
                                (f"{self.home}/{name}",)).fetchone()[0]


def record(studio):
    studio.move(700, 892)
    studio.settle(0.5)
    return studio.pixels(*RECORD)


def amber(pixels):
    """Whether some of it is the colour of a warning."""
    return any(r > 150 and r - b > 90 and 60 < r - g for r, g, b in zip(pixels[::3], pixels[1::3], pixels[2::3]))


def open_menu(studio):
    found = studio.press(*CALIBRATED, r"studio: calibrations (\d+), own (\d+)")
    studio.settle(0.7)
    return int(found.group(1)), int(found.group(2))


def threshold(studio, after):
    found = studio.wait(r"studio: threshold hybrid (\S+), ([\w-]+);", after=after)
    return float(found.group(1)), found.group(2)


def choose_first(studio):
    """The last of the first row's values: the best F1. The keys reach all of them."""
    mark = len(studio.text())
    studio.key("Tab", "Tab", "space")
    return threshold(studio, mark)


def test_nothing(studio, sets):
    """Nothing was evaluated: the menu says what to do, and Escape closes it."""
    studio.wait(r"studio: counted")
    studio.settle(2)
    assert open_menu(studio) == (0, 0)
    studio.screenshot(f"{OUTPUT}/calibration-nothing.png")
    studio.key("Escape")


def test_elsewhere(studio, sets):
    """Evaluated while the studio runs, another set gives its threshold, without a warning; moved, it is set by hand;
    undone, it is the other set's again."""
    sets.evaluate("there")
    assert open_menu(studio) == (1, 0)
    studio.screenshot(f"{OUTPUT}/calibration-elsewhere.png")
    value, rule = choose_first(studio)
    stored = sets.stored("there")
    assert rule == "best-f1" and abs(value - stored) < 1e-4 * max(1, abs(stored)), (value, rule, stored)
    studio.chosen = record(studio)
    assert not amber(studio.chosen), "a threshold of another set is warned of"
    mark = len(studio.text())
    studio.drag((PLOT_X, PLOT_Y), (PLOT_X + 40, PLOT_Y), seconds=1)
    assert threshold(studio, mark)[1] == "by-hand"
    studio.wait(r"studio: components ", after=mark)
    studio.until(lambda: record(studio) != studio.chosen, "the record is still that of the other set")
    mark = len(studio.text())
    studio.key("ctrl+z")
    assert threshold(studio, mark) == (value, "best-f1")
    studio.until(lambda: record(studio) == studio.chosen, "undo did not bring the record back")


def test_own(studio, sets):
    """Of this very set it is a leak, and the record says so."""
    sets.evaluate("here")
    assert open_menu(studio) == (2, 1)
    studio.screenshot(f"{OUTPUT}/calibration-own.png")
    # Behind the three values of the other set.
    mark = len(studio.text())
    studio.key("Tab", "Tab", "Tab", "Tab", "Tab", "space")
    value, rule = threshold(studio, mark)
    stored = sets.stored("here")
    assert rule == "best-f1" and abs(value - stored) < 1e-4 * max(1, abs(stored)), (value, rule, stored)
    studio.until(lambda: amber(record(studio)), "a threshold of this very set is not warned of")
    studio.screenshot(f"{OUTPUT}/calibration-leak.png")
    studio.key("ctrl+z")
    studio.until(lambda: record(studio) == studio.chosen, "undo did not bring the record back")


def test_again(studio, sets):
    """The next start has the same page, picture, order and threshold with its record."""
    mark = len(studio.text())
    studio.key("Right")
    picture = studio.wait(r"studio: shows (\S+), maps", after=mark).group(1)
    studio.click(*ORDER)
    studio.key("Down", "Down", "space", "Escape")
    studio.settle(1)
    order = studio.pixels(*HEAD)
    studio.key("ctrl+3")
    studio.settle(1)
    studio.move(700, 892)
    studio.settle(0.5)
    shown, hidden = studio.pixels(*TRAINING), studio.pixels(*BROWSE)
    assert shown != hidden, "Ctrl+3 shows no other page"
    studio.key("ctrl+q")
    studio.program.wait(driver.FOR_EVER)
    again = driver.Studio(STUDIO, [], home=sets.home)
    try:
        assert again.wait(r"studio: shows (\S+), ").group(1) == picture
        again.wait(r"studio: counted")
        again.settle(2)
        again.move(700, 892)
        again.settle(0.5)
        again.screenshot(f"{OUTPUT}/calibration-again.png")
        again.until(lambda: (again.pixels(*TRAINING), again.pixels(*BROWSE)) == (shown, hidden), "another page is shown")
        again.key("ctrl+1")
        again.settle(1)
        again.until(lambda: again.pixels(*HEAD) == order, "the images are in another order")
        again.until(lambda: record(again) == studio.chosen, "the threshold's record is another")
        assert not again.complaints(), again.complaints()
    finally:
        again.close()


def main():
    cases = [test_nothing, test_elsewhere, test_own, test_again]
    print(f"1..{len(cases) + 1}", flush=True)
    os.makedirs(OUTPUT, exist_ok=True)
    reason = f"{driver.missing()} is not installed" if driver.missing() else None
    home = tempfile.mkdtemp(prefix="dh-calibration-")
    studio = sets = None
    if reason is None:
        try:
            sets = Sets(home)
            studio = driver.Studio(STUDIO, ["--new", "--params", "demo", f"{home}/here"], home=home)
            if "without the demo" in studio.wait(r"studio: (loaded|error).*").group(0):
                reason = "this build comes without the demo"
        except RuntimeError as error:
            if "without the demo" not in str(error):
                raise
            reason = "this build comes without the demo"
    driver.run_cases(cases, (studio, sets), reason, OUTPUT, "calibration-failed")
    number = len(cases) + 1
    if studio is None:
        print(f"ok {number} silence # SKIP {reason}", flush=True)
    else:
        studio.close()
        found = studio.complaints()
        print(f"{'not ok' if found else 'ok'} {number} silence", flush=True)
        print("".join(f"# {line}\n" for line in found), end="", flush=True)
    shutil.rmtree(home, ignore_errors=True)


main()
