#!/usr/bin/env python3
"""Frames of the whole studio on software OpenGL: bench-studio.py PROGRAM [DATASET [WEIGHTS [SECONDS]]].

Opens the data set at 1400×900, drags the hybrid slider, pans the picture, then compares: swipes, pans both sides, and
drags the slider while a difference is shown, each for five seconds with real pointer events, prints what the canvas itself counted, and fails where a median is below FLOOR. A bench, not a test: its figures
depend on what else the machine does.
"""
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PLOT_Y, PLOT_X = 178, (1080, 1330)
PANE = (430, 215)
TUNE_A, SIDE_PLOT_Y = (1220, 119), 240  # of a comparison
LINE, DIFFERENCE = (644, 300), (594, 75)
RATE = 100  # pointer events a second
FLOOR = 50  # frames a second, median, on two cores


def sweep(studio, points, seconds):
    """A drag along the points by one xdotool: a process an event would be half of the load."""
    words = ["mousemove", *map(str, points[0]), "sleep", "0.1", "mousedown", "1"]
    steps = int(seconds * RATE)
    for i in range(steps):
        at = i / steps * (len(points) - 1)
        k = int(at)
        x, y = (points[k][c] + (points[k + 1][c] - points[k][c]) * (at - k) for c in (0, 1))
        words += ["mousemove", str(round(x)), str(round(y)), "sleep", f"{1 / RATE}"]
    words += ["mouseup", "1"]
    mark = len(studio.text())
    before = cpu(studio)
    subprocess.run(["xdotool", *words], env=studio.environment, check=True, stdout=subprocess.DEVNULL)
    used = cpu(studio) - before
    studio.settle(1)
    lines = [line for line in studio.text()[mark:].splitlines() if line.startswith("frames: ")]
    longest = max(lines, key=lambda line: int(re.search(r"(\d+) frames", line).group(1)), default="no frames logged")
    return longest, used


def cpu(studio):
    """Seconds of all the studio's threads."""
    with open(f"/proc/{studio.program.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    program = sys.argv[1]
    dataset = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.environ.get("DH_SHARED", "."), "data", "smiyc")
    weights = sys.argv[3] if len(sys.argv) > 3 else "demo"
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 5.0
    studio = driver.Studio(program, ["--new", "--params", weights, dataset])
    slow = []
    try:
        studio.wait(r"studio: opened ")
        studio.wait(r"studio: counted")
        runs = -1
        while runs != studio.runs():  # neighbours are computed ahead
            runs = studio.runs()
            studio.settle(4)
        for name, points in {
            # Fast enough that each event is another pixel, and so another threshold.
            "slider": [(x, PLOT_Y) for x in (1200, PLOT_X[0], *(PLOT_X[1] - 10, PLOT_X[0] + 10) * 3, 1200)],
            "pan": [PANE, (PANE[0] - 120, PANE[1] - 60), (PANE[0] + 100, PANE[1] + 40), (PANE[0] - 90, PANE[1] + 30), PANE],
            "swipe": [LINE, *((LINE[0] - 300, LINE[1]), (LINE[0] + 300, LINE[1])) * 2, LINE],
            "both": [PANE, (PANE[0] - 120, PANE[1] - 60), (PANE[0] + 100, PANE[1] + 40), (PANE[0] - 90, PANE[1] + 30), PANE],
            "differ": [(x, SIDE_PLOT_Y) for x in (1200, PLOT_X[0], *(PLOT_X[1] - 10, PLOT_X[0] + 10) * 3, 1200)],
        }.items():
            if name == "swipe":
                studio.key("0", "c")
                studio.settle(2)
            elif name == "both":
                studio.click(800, 400, button=4, count=5)
                studio.settle(1)
            elif name == "differ":
                studio.key("0")
                studio.click(*DIFFERENCE)
                studio.click(922, DIFFERENCE[1])  # scales aligned: z moves with the threshold
                studio.key("Down", "Return")
                studio.click(*TUNE_A)
                studio.settle(1)
            if name == "pan":
                studio.click(*PANE, button=4, count=5)
                studio.settle(1)
            line, used = sweep(studio, points, seconds)
            print(f"{name:7}{line.removeprefix('frames: ')}; CPU {used:.2f} s in {seconds:g} s", flush=True)
            gap = re.search(r"median gap ([\d.]+) ms", line)
            if gap is None or float(gap.group(1)) > 1000 / FLOOR:
                slow.append(name)
            if os.environ.get("DH_SCREENSHOT"):
                studio.screenshot(f"{os.environ['DH_SCREENSHOT']}-{name}.png")
        for line in studio.text().splitlines():
            if "drawn by" in line:
                print(line)
    finally:
        studio.close()
        shutil.rmtree(studio.home, ignore_errors=True)
    if slow:
        sys.exit(f"fewer than {FLOOR} frames a second: {', '.join(slow)}")


main()
