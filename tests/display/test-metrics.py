"""The table of Metrics in a real window: images, slices, objects, false alarms, with pointer and keys."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, OUTPUT = sys.argv[1:3]
# The tabs and the menu of the card, from the left; the table, from the middle of the tabs down.
IMAGES, SLICES, OBJECTS, ALARMS, MENU = 1098, 1156, 1216, 1297, 1365
USE = 1365  # the buttons of the false alarms' thresholds
tabs = None


def row(number):
    return tabs + 60 + 28 * number


def table(studio):
    return studio.pixels(20, tabs + 46, 1340, 160)


def until_other(studio, before, action, what):
    """A click may fall beside on a loaded machine."""
    for _ in range(4):
        action()
        for _ in range(20):
            if table(studio) != before:
                return
            studio.settle(0.2)
    raise AssertionError(what)


def test_slices(studio):
    """They are measured once the tab is opened, for the first time."""
    global tabs
    mark = len(studio.text())
    studio.key("ctrl+d")
    found = studio.wait(r"studio: (counted|error)", after=mark)
    assert found.group(1) == "counted", studio.text()[-400:]
    studio.key("ctrl+e")
    found = studio.wait(r"studio: (evaluated (\d+)|error .*)")
    assert found.group(2), found.group(1)
    studio.key("ctrl+2")
    studio.wait(r"studio: set objects")
    studio.settle(2)
    assert "slices measured" not in studio.text()
    # The cards above have the heights that their words need.
    for y in range(560, 820, 8):
        studio.click(SLICES, y)
        studio.settle(0.5, most=driver.FOR_EVER)  # what one tells of is measured first
        if "slices measured" in studio.text():
            break
    # with anomalies, two scenes, five places, and of twelve classes those that are seen
    measured = int(studio.wait(r"slices measured (\d+)").group(1))
    assert 8 + 6 <= measured <= 8 + 12, measured
    tabs = y + 10
    studio.settle()
    studio.screenshot(f"{OUTPUT}/metrics-slices.png")


def test_slice_shows_images(studio):
    """A click on a scene filters the images to it, and these can be listed in Browse."""
    slices = table(studio)
    until_other(studio, slices, lambda: studio.click(300, row(3)), "a click on a slice shows nothing")
    studio.settle()
    studio.screenshot(f"{OUTPUT}/metrics-slice-images.png")
    scene = table(studio)
    studio.key("ctrl+1")
    studio.settle()
    browse = studio.pixels(5, 140, 230, 700)
    studio.key("ctrl+2")
    studio.settle()
    for _ in range(4):
        studio.click(1017, tabs)  # beside the tabs
        studio.settle(1)
        listed = studio.pixels(5, 140, 230, 700)
        if listed != browse and listed != scene:
            break
    studio.screenshot(f"{OUTPUT}/browse-slice.png")
    assert listed != browse, "Browse lists the same images"
    studio.key("ctrl+2")
    studio.settle()


def test_objects(studio):
    """The largest that is missed comes first, and opens in Browse, chosen."""
    before = table(studio)
    until_other(studio, before, lambda: studio.click(OBJECTS, tabs), "no components")
    studio.settle()
    studio.screenshot(f"{OUTPUT}/metrics-components.png")
    found = studio.until_told(r"studio: chosen object (\w+) of (\d+) px",
                              lambda: (studio.key("ctrl+2"), studio.click(300, row(0), count=2)))
    assert found.group(1) == "Missed", found.group(0)
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-chosen.png")
    # so do keys, from the row that is there
    studio.key("ctrl+2")
    studio.settle()
    second = studio.until_told(r"studio: chosen object (\w+) of (\d+) px",
                               lambda: (studio.key("ctrl+2"), studio.click(300, row(1)), studio.key("Return")))
    assert second.group(1) == "Missed" and int(second.group(2)) <= int(found.group(2)), second.group(0)
    studio.key("ctrl+2")
    studio.settle()


def test_class(studio):
    """What the filter of slices has found is opened as it is called, whatever stood in the filter of objects."""
    until_other(studio, table(studio), lambda: studio.click(SLICES, tabs), "no slices")
    studio.click(965, tabs)
    studio.settle()
    slices = table(studio)
    studio.xdotool("type", "--delay", 30, "class building")
    until_other(studio, slices, lambda: studio.settle(0.5), "the filter of slices does nothing")
    studio.settle()
    studio.screenshot(f"{OUTPUT}/metrics-class.png")
    found = table(studio)
    until_other(studio, found, lambda: studio.click(300, row(0)), "a click on a class shows nothing")
    studio.settle()
    studio.screenshot(f"{OUTPUT}/metrics-class-objects.png")
    studio.until_told(r"studio: chosen object (\w+) of (\d+) px",
                      lambda: (studio.key("ctrl+2"), studio.click(300, row(0), count=2)), tries=2)
    studio.key("ctrl+2")
    studio.settle()
    studio.click(965, tabs)
    studio.key("ctrl+a", "BackSpace")
    studio.settle()


def test_filter(studio):
    """What is typed filters objects by what they are."""
    before = table(studio)
    studio.click(905, tabs)
    studio.xdotool("type", "--delay", 30, "kind:found")
    until_other(studio, before, lambda: studio.settle(0.5), "the filter does nothing")
    found = studio.until_told(r"studio: chosen object (\w+) of (\d+) px",
                              lambda: (studio.key("ctrl+2"), studio.click(300, row(0), count=2)))
    assert found.group(1) == "Found", found.group(0)
    studio.key("ctrl+2")
    studio.settle()


def test_moved(studio):
    """A threshold that moved is counted anew, and what is listed then is what Browse finds."""
    mark = len(studio.text())
    studio.key("ctrl+1")
    studio.settle()
    studio.until_told(r"studio: threshold hybrid", lambda: studio.key("period"))
    studio.key("ctrl+2")
    studio.wait(r"studio: set objects", after=mark)
    studio.settle()
    studio.screenshot(f"{OUTPUT}/metrics-moved.png")
    found = studio.until_told(r"studio: chosen object (\w+) of (\d+) px",
                              lambda: (studio.key("ctrl+2"), studio.click(300, row(0), count=2)))
    assert found.group(1) == "Found", found.group(0)
    studio.key("ctrl+2")
    studio.settle()


def test_false_alarms(studio):
    """They are counted once the tab is opened; a threshold that moves takes the point along and counts nothing anew."""
    assert "false alarms counted" not in studio.text()
    studio.click(ALARMS, tabs)
    studio.wait(r"false alarms counted of (\d+)")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/metrics-false-alarms.png")
    counted = studio.text().count("false alarms counted")
    before = table(studio)
    # whichever threshold it is: that of one false alarm an image, then that of a tenth
    until_other(studio, before, lambda: studio.click(USE, tabs + 75), "a threshold is not used")
    one = table(studio)
    until_other(studio, one, lambda: studio.click(USE, tabs + 49), "another threshold is not used")
    assert studio.text().count("false alarms counted") == counted
    studio.key("ctrl+f")  # which is of tables
    studio.until(lambda: table(studio) != one, "Ctrl+F leads to no table")
    studio.settle()
    studio.click(ALARMS, tabs)
    studio.settle(1)


def test_copy(studio):
    """The table goes into the clipboard from the card's menu, and that is said below."""
    before = studio.pixels(640, 800, 120, 40)
    for _ in range(4):
        studio.click(MENU, tabs)
        studio.settle(0.5)
        studio.click(1334, tabs + 73)
        for _ in range(10):
            if studio.pixels(640, 800, 120, 40) != before:
                studio.screenshot(f"{OUTPUT}/metrics-copied.png")
                return
            studio.settle(0.1)
    raise AssertionError("nothing is said of a copy")


def test_find(studio):
    """In a low window the key of the filter brings the rows into sight as well, not the filter's field alone."""
    studio.resize(1400, 640)
    studio.move(700, 300)
    studio.xdotool("click", "--repeat", 40, "--delay", 20, 4)
    studio.settle(1)
    studio.key("ctrl+f")
    studio.settle(1)
    studio.key("ctrl+a", "BackSpace")
    studio.settle(1)
    rows = studio.pixels(20, 500, 1340, 60)
    studio.xdotool("type", "--delay", 30, "no image is called so")
    studio.until(lambda: studio.pixels(20, 500, 1340, 60) != rows, "the filtered rows are not in sight")
    studio.key("ctrl+a", "BackSpace")
    studio.until(lambda: studio.pixels(20, 500, 1340, 60) == rows, "the rows do not come back")
    studio.resize(1400, 900)


def test_silence(studio):
    assert studio.program.poll() is None, "the studio ended"
    assert studio.complaints() == [], studio.complaints()


def main():
    cases = [test_slices, test_slice_shows_images, test_objects, test_class, test_filter, test_moved, test_false_alarms,
             test_copy, test_find, test_silence]
    print(f"1..{len(cases)}", flush=True)
    without = driver.missing()
    reason = f"{without} is not installed" if without else None
    os.makedirs(OUTPUT, exist_ok=True)
    home = tempfile.mkdtemp(prefix="dh-studio-")
    studio = None if without else driver.Studio(PROGRAM, ["--new"], home=home)
    try:
        driver.run_cases(cases, (studio,), reason, OUTPUT, "failed-metrics")
    finally:
        if studio:
            studio.close()
        shutil.rmtree(home, ignore_errors=True)


main()
