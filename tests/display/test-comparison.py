#!/usr/bin/env python3
"""The studio's comparison of two maps under real pointer and key events: test-comparison.py PROGRAM OUTPUT-FOLDER.
Writes TAP. What A and B look like alone is seen with the line at either edge; every other view is held against that.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, OUTPUT = sys.argv[1:3]
# Where things lie in a window of 1400×900 with both panels.
LINE_Y, MIDDLE, LEFT = 300, 644, 400
PART = (440, 240, 170, 200)  # of the picture, between LEFT and MIDDLE
BEFORE = (290, 240, 90, 200)  # left of LEFT
KNOB = (388, 15)  # its middle's y, and its radius
PANEL = (1060, 60, 320, 220)  # of networks and thresholds, at its top
DIFFERENCE_PANE = (255, 690, 240, 110)
MODES = {"swipe": 392, "side": 460, "blink": 530, "difference": 594}
BAND_Y = 75
PLAY, SCALE, HEAD_A = (658, BAND_Y), (842, BAND_Y), (305, 117)
HEADER = (1230, 6, 160, 44)  # the window's buttons at its right end
TABS = {"compare": (1110, 119), "a": (1220, 119)}
PLOT_Y, PLOT_X = 240, (1080, 1330)  # of the side that is tuned


def mean(pixels):
    return [sum(pixels[c::3]) / (len(pixels) / 3) for c in range(3)]


def difference(a, b):
    return sum(abs(x - y) for x, y in zip(a, b)) / len(a)


def rest(studio):
    """The pointer where it hovers over nothing."""
    studio.move(700, 892)
    studio.settle(0.5)


def look(studio, part=PART):
    rest(studio)
    return studio.pixels(*part)


def has_knob(studio, x):
    """White about the knob's arrows."""
    red, green, blue = studio.pixels(x, KNOB[0] - KNOB[1] + 5, 1, 1)
    return min(red, green, blue) > 240


def await_alike(studio, pixels, what, part=PART):
    studio.until(lambda: look(studio, part) == pixels, what)


def await_other(studio, pixels, what, part=PART):
    studio.until(lambda: look(studio, part) != pixels, what)


def focus_line(studio):
    studio.click(studio.line, LINE_Y)


def at(studio, key):
    """What is seen with the line at an edge."""
    focus_line(studio)
    studio.key(key)
    pixels = look(studio), look(studio, BEFORE)
    studio.line = 1038 if key == "End" else 250
    return pixels


def test_enter(studio):
    grid, studio.tuning = look(studio), look(studio, PANEL)
    studio.key("c")
    studio.settle(1)
    await_other(studio, grid, "C did not compare")
    await_other(studio, studio.tuning, "the panel does not compare", PANEL)
    studio.until(lambda: has_knob(studio, MIDDLE), "no knob in the middle")
    studio.settle(1)
    studio.panel = look(studio, PANEL)
    # First seen aligned: blue below τ, not the dark end of a scale that reaches far beyond the picture.
    red, _, blue = mean(look(studio))
    assert blue > red + 30 and blue > 100, (red, blue)
    studio.screenshot(f"{OUTPUT}/compare-swipe.png")
    studio.key("g")
    await_alike(studio, grid, "G did not show all panes again")
    await_alike(studio, studio.tuning, "G did not bring the tuning back", PANEL)
    studio.key("c")
    await_alike(studio, studio.panel, "C did not bring the comparison back", PANEL)
    studio.click(*SCALE)
    studio.key("Home", "Return")
    studio.line = MIDDLE


def test_swipe(studio):
    runs = studio.runs()
    studio.a = at(studio, "End")
    studio.b = at(studio, "Home")
    assert difference(studio.a[0], studio.b[0]) > 5, "both sides look alike"
    for _ in range(20):  # on a busy machine, two clicks can come too late for one double click
        studio.click(studio.line + 8, KNOB[0], count=2)
        studio.settle(1)
        if has_knob(studio, MIDDLE):
            break
    studio.line = MIDDLE
    assert has_knob(studio, MIDDLE), "a double click did not bring the line back"
    await_alike(studio, studio.a[0], "left of the line in the middle is not A")
    for tries in range(20):  # on a busy machine, some moves jerk
        mark, work = len(studio.text()), studio.work()
        studio.drag((MIDDLE, LINE_Y), (LEFT, LINE_Y), seconds=1.5)
        studio.line = LEFT
        smooth = studio.is_smooth(mark, work)
        await_alike(studio, studio.b[0], "right of the line is not B")
        await_alike(studio, studio.a[1], "left of the line is not A", BEFORE)
        assert has_knob(studio, LEFT)
        if smooth:
            break
        studio.drag((LEFT, LINE_Y), (MIDDLE, LINE_Y), seconds=1.5)
    else:
        raise AssertionError("no move of the line was smooth")
    assert studio.runs() == runs, "the network ran"


def test_swap(studio):
    studio.key("x")
    await_alike(studio, studio.a[0], "right of the line is not what A was")
    await_alike(studio, studio.b[1], "left of the line is not what B was", BEFORE)
    studio.key("x")
    await_alike(studio, studio.b[0], "X did not swap back")


def test_zoom(studio):
    """Wheel and drag on either side move both, and the probe reads both sides."""
    studio.click(800, 400, button=4, count=4)
    await_other(studio, studio.b[0], "the wheel did not zoom B")
    await_other(studio, studio.a[1], "the wheel did not zoom A", BEFORE)
    near = look(studio)
    studio.drag((320, 350), (260, 330))
    await_other(studio, near, "a drag of A did not pan B")
    studio.click(800, 400)
    studio.settle(0.5)
    studio.screenshot(f"{OUTPUT}/compare-probe.png")
    studio.key("Escape", "0")
    await_alike(studio, studio.b[0], "0 did not fit B")
    await_alike(studio, studio.a[1], "0 did not fit A", BEFORE)


def test_side(studio):
    studio.click(MODES["side"], BAND_Y)
    studio.until(lambda: not has_knob(studio, LEFT), "the line's knob is still there")
    await_other(studio, studio.b[0], "side by side is as one beside the other")
    studio.screenshot(f"{OUTPUT}/compare-side.png")


def test_blink(studio):
    studio.click(MODES["swipe"], BAND_Y)
    studio.settle(0.5)
    focus_line(studio)
    rest(studio)
    panel = studio.pixels(*PANEL)
    studio.key("b")
    rest(studio)
    assert studio.pixels(*PANEL) == panel, "the line's focus went into the panel as the line went away"
    await_alike(studio, studio.a[0], "it does not begin with A")
    studio.key("b")
    await_alike(studio, studio.b[0], "B did not turn to B")
    studio.key("b")
    await_alike(studio, studio.a[0], "B did not turn back")
    studio.click(*PLAY)
    seen, end = [], time.monotonic() + driver.FOR_EVER
    while len(seen) < 4 and time.monotonic() < end:
        now = studio.pixels(*PART)
        if now in (studio.a[0], studio.b[0]) and (not seen or now != seen[-1]):
            seen.append(now)
    assert len(seen) == 4, f"it does not blink by itself: {len(seen)}"
    studio.key("b")
    stopped = look(studio)
    for _ in range(6):
        studio.settle(0.4)
        assert studio.pixels(*PART) == stopped, "by hand it still goes by itself"


def test_difference(studio):
    before = look(studio)
    studio.click(MODES["difference"], BAND_Y)
    await_other(studio, before, "no difference is shown")
    raw = look(studio)
    red, green, blue = mean(raw)
    # ln P(d_out) is never above zero: purple all over.
    assert blue > green + 10 and red > green, (red, green, blue)
    studio.screenshot(f"{OUTPUT}/compare-difference.png")
    studio.click(*SCALE)
    studio.key("Down", "Return")
    studio.until(lambda: difference(raw, look(studio)) > 10, "aligned it is the same")
    aligned = look(studio)
    studio.click(*TABS["a"])
    studio.settle(0.5)
    runs, mark = studio.runs(), len(studio.text())
    studio.drag((PLOT_X[0] + 30, PLOT_Y), (PLOT_X[0] + 70, PLOT_Y), seconds=1.5)
    await_other(studio, aligned, "the threshold did not move z")
    studio.wait("studio: threshold hybrid", after=mark)
    assert studio.runs() == runs, "the network ran"
    studio.screenshot(f"{OUTPUT}/compare-aligned.png")
    studio.key("ctrl+z")
    await_alike(studio, aligned, "undo did not bring the threshold back")
    studio.click(*TABS["compare"])
    studio.click(*SCALE)
    studio.key("Home", "Return")
    await_alike(studio, raw, "the scale is not as it was")


def test_refused(studio):
    """With a picture on one side there is no difference, and its button does nothing."""
    studio.click(MODES["swipe"], BAND_Y)
    await_alike(studio, studio.b[0], "right of the line is not B")
    studio.click(*HEAD_A)
    studio.settle(0.5)
    studio.click(HEAD_A[0], HEAD_A[1] + 46)
    studio.settle(0.5)
    studio.until(lambda: difference(look(studio, BEFORE), studio.a[1]) > 20, "A is not the image")
    picture = look(studio, BEFORE)
    await_alike(studio, studio.b[0], "B is another, too")
    studio.screenshot(f"{OUTPUT}/compare-refused.png")
    studio.click(MODES["difference"], BAND_Y)
    assert look(studio) == studio.b[0] and look(studio, BEFORE) == picture, "Difference took a picture"


def test_focus(studio):
    """The keys that leave a comparison leave the focus in the canvas, wherever in it or in its band it was."""
    def header():
        return look(studio, HEADER)
    for place in ((800, 300), HEAD_A, (MODES["side"], BAND_Y), (370, 750)):
        for key in ("space", "g"):
            studio.click(*place)
            studio.settle(0.3)
            if place == HEAD_A:
                studio.key("Escape")
            before = header(), look(studio, PANEL)
            if key == "space" and (place == HEAD_A or place[1] == BAND_Y):
                continue  # presses the button
            studio.key(key)
            studio.settle(0.5)
            await_alike(studio, studio.tuning, f"{key} did not bring the tuning back as it was from {place}", PANEL)
            assert header() == before[0], f"{key} moved the focus out of the canvas from {place}"
            studio.key("c")
            studio.until(lambda: (header(), look(studio, PANEL)) == before,
                         f"C moved the focus out of the canvas from {place}")
    studio.key("Escape")  # frees what the clicks have pinned
    studio.click(MODES["swipe"], BAND_Y)
    studio.settle(0.5)


def test_next(studio):
    mark = len(studio.text())
    studio.key("Right")  # the line's, if it had the focus; the images' now
    studio.wait(r"studio: shows \S+, maps", after=mark)
    await_other(studio, studio.b[0], "another picture looks the same")
    studio.settle(1)
    assert has_knob(studio, LEFT), "another picture moved the line"
    studio.next = look(studio), look(studio, BEFORE)


def test_restored(studio):
    """At the next start it is as it was left."""
    home, seen = studio.home, studio.next
    studio.key("ctrl+q")
    studio.program.wait(driver.FOR_EVER)
    assert not studio.complaints(), studio.complaints()
    studio.close()
    again = driver.Studio(PROGRAM, [], home=home)
    try:
        again.wait(r"studio: shows \S+, maps")
        again.wait(r"studio: counted")
        again.settle(2)
        again.screenshot(f"{OUTPUT}/compare-restored.png")
        again.until(lambda: has_knob(again, LEFT), "the line is elsewhere")
        await_alike(again, seen[0], "B looks different")
        await_alike(again, seen[1], "A looks different", BEFORE)
        again.resize(500, 760)
        again.settle(1)
        again.screenshot(f"{OUTPUT}/compare-narrow.png")
        again.resize(1280, 720)
        again.settle(1)
        again.screenshot(f"{OUTPUT}/compare-1280x720.png")
        assert not again.complaints(), again.complaints()
    finally:
        again.close()


def main():
    cases = [test_enter, test_swipe, test_swap, test_zoom, test_side, test_blink, test_difference, test_refused, test_focus,
             test_next, test_restored]
    print(f"1..{len(cases)}", flush=True)
    os.makedirs(OUTPUT, exist_ok=True)
    reason = f"{driver.missing()} is not installed" if driver.missing() else None
    home = tempfile.mkdtemp(prefix="dh-comparison-")
    studio = None
    if reason is None:
        # The demo's scenes as any set: it begins with the first one, and nothing brighter was seen.
        subprocess.run([os.environ["DH_PROGRAM"], "demo-scenes", "--out", f"{home}/scenes", "--seed", "2026", "--count",
                        "96", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        studio = driver.Studio(PROGRAM, ["--new", "--params", "demo", f"{home}/scenes"], home=home)
        if studio.wait(r"studio: (counted|error)").group(1) == "error":
            reason = "this build comes without the demo"
        studio.settle(3)
    driver.run_cases(cases, (studio,), reason, OUTPUT, "failed-compare")
    if studio:
        studio.close()
    shutil.rmtree(home, ignore_errors=True)


main()
