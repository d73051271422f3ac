#!/usr/bin/env python3
"""How pictures are looked at, by a user's pointer and keys: classes that are drawn, a kept map, undone thresholds, and
the same view at the next start: test-views.py PROGRAM OUTPUT-FOLDER. Writes TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, OUTPUT = sys.argv[1:3]
# Where things lie in a window of 1400×900 with both panels.
SEGMENTATION = (670, 150, 340, 170)
IMAGE = (270, 150, 340, 170)
HYBRID_PANE = (420, 700)
CANVAS = (245, 105, 800, 690)
A, B = (440, 240, 170, 200), (680, 240, 170, 200)  # on either side of the line of a comparison
AWAY = (700, 892)


def look(studio, part):
    """Nothing under the pointer, no tooltip."""
    studio.move(*AWAY)
    studio.settle(0.6)
    return studio.pixels(*part)


def grey_share(pixels):
    """Of the pixels that have no colour."""
    n = len(pixels) // 3
    return sum(max(pixels[3 * i:3 * i + 3]) - min(pixels[3 * i:3 * i + 3]) <= 2 for i in range(n)) / n


def other_window(studio, name):
    return subprocess.run(["xdotool", "search", "--onlyvisible", "--name", name], env=studio.environment,
                          capture_output=True, text=True).stdout.split()


def test_classes(studio):
    """One class alone and all again, by keys, seen at once; the overlay shows the picture in the others' place."""
    before = look(studio, SEGMENTATION)
    image = look(studio, IMAGE)
    assert grey_share(before) < 0.5
    studio.key("shift+c")
    studio.until(lambda: other_window(studio, "Classes shown"), "no window of classes")
    studio.settle(0.5)
    studio.xdotool("windowmove", other_window(studio, "Classes shown")[-1], 1060, 330)
    studio.settle(0.5)
    studio.xdotool("type", "veget")
    studio.settle(0.5)
    studio.key("Return")
    studio.until(lambda: grey_share(look(studio, SEGMENTATION)) > 0.5, "the other classes are still drawn")
    studio.screenshot(f"{OUTPUT}/views-classes.png")
    studio.key("Down", "space")  # none at all
    studio.until(lambda: grey_share(look(studio, SEGMENTATION)) == 1, "a class is still drawn")
    studio.key("space", "Return")
    studio.until(lambda: look(studio, SEGMENTATION) == before, "not all classes are drawn again")
    studio.key("space", "Escape")
    studio.until(lambda: not other_window(studio, "Classes shown"), "Escape did not close the window")
    assert look(studio, IMAGE) == image, "an overlay that is not of classes has changed"


def test_redo(studio):
    studio.key("alt+1")
    values = []
    for _ in range(2):
        mark = len(studio.text())
        studio.until_told(r"studio: threshold hybrid", lambda: studio.key("greater"))
        studio.settle(1)
        values.append(re.findall(r"studio: threshold hybrid (\S+),", studio.text()[mark:])[-1])

    def after(key):
        found = studio.until_told(r"studio: threshold hybrid (\S+),", lambda: studio.key(key))
        return found.group(1)

    assert after("ctrl+z") == values[0], "undo brought another threshold"
    assert after("ctrl+shift+z") == values[1], "redo brought another threshold"
    mark = len(studio.text())
    studio.key("ctrl+shift+z")
    studio.settle(1)
    assert "studio: threshold" not in studio.text()[mark:], "there was nothing to be done again"
    assert after("ctrl+z") == values[0]


def test_keep(studio):
    """K keeps map and threshold as B: A's threshold moves, B stays, on the next picture too; Escape lets go."""
    studio.click(*HYBRID_PANE)
    studio.key("Escape")
    runs, before = studio.runs(), look(studio, SEGMENTATION)
    studio.until_told(r"studio: keeps map 3 of", lambda: studio.key("k"))
    studio.settle(2)
    a, b = look(studio, A), look(studio, B)
    studio.screenshot(f"{OUTPUT}/views-kept.png")
    studio.until_told(r"studio: threshold hybrid", lambda: studio.key(*["greater"] * 6))
    studio.until(lambda: look(studio, A) != a, "A did not follow its threshold")
    assert look(studio, B) == b, "what is kept has changed"
    assert studio.runs() == runs, "the network ran"
    studio.screenshot(f"{OUTPUT}/views-kept-moved.png")
    # Escape lets go of what is seen, one thing at a time: nothing on another page, the probe before what is kept.
    mark = len(studio.text())
    studio.key("ctrl+2", "Escape", "ctrl+1")
    studio.until(lambda: look(studio, B) == b, "what is kept was lost on another page")
    studio.key("p", "ctrl+f", "Escape")  # the keys go to the list
    studio.key("Escape")
    studio.settle(1)
    assert "studio: keeps no map" not in studio.text()[mark:], "what is kept went before the probe"
    mark = len(studio.text())
    studio.key("Right")
    studio.wait(r"studio: counted", after=mark)
    studio.until(lambda: look(studio, B) != b, "B did not follow to the next picture")
    studio.screenshot(f"{OUTPUT}/views-kept-next.png")
    mark = len(studio.text())
    studio.key("Left")
    studio.wait(r"studio: shows", after=mark)
    studio.until(lambda: look(studio, B) == b, "B is not what was kept")
    studio.until_told(r"studio: keeps no map", lambda: studio.key("Escape"))
    studio.until(lambda: look(studio, B) != b, "what was kept is still there")
    studio.until(lambda: look(studio, SEGMENTATION) == before, "the panes are not what they were before K")


def start_again(studio):
    studio.key("ctrl+q")
    studio.program.wait(driver.FOR_EVER)
    complaints = studio.complaints()
    studio.close()
    again = driver.Studio(PROGRAM, [], home=studio.home)
    again.wait(r"studio: counted")
    again.settle(2)
    return again, complaints


def test_reopen(studio):
    """The next start shows what this one showed: zoom, middle, a pane that was moved alone, the large pane, hidden
    classes, colours. Neither a comparison nor another layout forgets where that pane looked."""
    studio.move(840, 230)
    studio.xdotool("keydown", "shift")
    studio.click(840, 230, button=4, count=4)
    studio.xdotool("keyup", "shift")
    studio.settle(0.5)
    grid, test_reopen.moved = look(studio, CANVAS), look(studio, SEGMENTATION)
    studio.key("c", "g")
    studio.until(lambda: look(studio, CANVAS) == grid, "a comparison moved a pane")
    studio.key("space")
    studio.settle(0.5)
    studio.click(500, 300, button=4, count=4)
    studio.settle(0.5)
    studio.drag((560, 300), (470, 260))
    studio.click(*AWAY)
    studio.settle(2)
    before = look(studio, CANVAS)
    studio.screenshot(f"{OUTPUT}/views-before.png")
    again, test_reopen.complaints = start_again(studio)
    studio.__dict__.update(again.__dict__)
    studio.screenshot(f"{OUTPUT}/views-again.png")
    studio.until(lambda: look(studio, CANVAS) == before, "the next start looks different")
    studio.key("0", "g")  # all fit that are linked
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/views-own-again.png")
    studio.until(lambda: look(studio, SEGMENTATION) == test_reopen.moved, "a pane that was moved alone is not where it was")


def main():
    cases = [test_classes, test_redo, test_keep, test_reopen]
    print(f"1..{len(cases) + 1}", flush=True)
    os.makedirs(OUTPUT, exist_ok=True)
    without = driver.missing()
    reason = f"{without} is not installed" if without else None
    studio = None
    home = tempfile.mkdtemp(prefix="dh-views-")
    if reason is None:
        studio = driver.Studio(PROGRAM, ["--new", "--demo"], home=home)
        if studio.wait(r"studio: (counted|error.*)").group(1) != "counted":
            reason = "this build comes without the demo"
        studio.settle(3)
    driver.run_cases(cases, (studio,), reason, OUTPUT, "views-failed")
    number = len(cases) + 1
    if studio is None:
        print(f"ok {number} silence # SKIP {reason}", flush=True)
        return
    studio.close()
    found = studio.complaints() + getattr(test_reopen, "complaints", [])
    print(f"{'not ok' if found else 'ok'} {number} silence", flush=True)
    print("".join(f"# {line}\n" for line in found), end="", flush=True)
    shutil.rmtree(home, ignore_errors=True)


main()
