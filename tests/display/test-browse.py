#!/usr/bin/env python3
"""Browse by keys alone, with real events: test-browse.py PROGRAM OUTPUT-FOLDER. Writes TAP."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, OUTPUT = sys.argv[1:3]
# Where things lie in a window of 1400×900 with both panels.
LIST = (10, 400, 200, 300)  # below the row that is chosen
PROBE = (250, 822, 780, 42)
PLACE = (250, 822, 90, 42)  # x, y in the probe
IMAGE_PANE = (250, 125, 390, 205)
PAGE = (1060, 130, 320, 700)  # of the right panel
BAND = (250, 60, 700, 30)  # above the panes
BADGES = (180, 230, 50, 580)  # of the list, below the row that is chosen
TUNE, BEST_F1 = (1102, 119), (1233, 307)
NOWHERE = (430, 895)
HELP = (1070, 697), (1000, 592)  # F1 in the table of counts; "void" over the ground truth
PLAY = (165, 838, 35, 26)  # under the list of pictures
SET_MENU, CHECK = (215, 75), (90, 332)  # over the list of pictures, and its item
MAIN_MENU, PRECISION = (1332, 28), (1270, 329)


def away(studio):
    studio.move(*NOWHERE)
    studio.settle()


def shown_after(studio, mark, which=r"\S+"):
    """Waits until an image is shown; `which`: what its name ends with."""
    return studio.wait(rf"studio: shows (\S*{which}), maps", after=mark).group(1)


def test_filter(studio):
    """Escape ends the filter, Enter goes on to what was found."""
    away(studio)
    full = studio.pixels(*LIST)
    studio.key("ctrl+f")
    studio.xdotool("type", "no such picture")
    studio.until(lambda: studio.pixels(*LIST) != full, "the words did not filter")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-filter.png")
    mark = len(studio.text())
    studio.key("Escape")
    studio.settle(1)
    # In a list that is still filtered there is no next one, and in the field the arrow would move the cursor alone.
    studio.key("Right")
    shown_after(studio, mark)
    mark = len(studio.text())
    studio.key("Left")
    shown_after(studio, mark, "00003")
    mark = len(studio.text())
    studio.key("ctrl+f")
    studio.xdotool("type", "0001")
    studio.key("Return")
    shown_after(studio, mark, "00001")  # Enter goes to the first that was found
    studio.key("ctrl+f")
    studio.key("Escape")
    studio.settle(1)


def test_check(studio):
    """The menu of the data set reads all its files and says what its labels mean; Escape closes that."""
    away(studio)
    before = studio.pixels(*IMAGE_PANE)
    mark = len(studio.text())
    studio.click(*SET_MENU)
    studio.settle(1)
    studio.click(*CHECK)
    found = studio.wait(r"studio: checked (\d+) pictures, (\d+) findings, (\d+) values", after=mark)
    assert int(found.group(1)) > 1 and int(found.group(2)) > 3 and int(found.group(3)) > 3, found.group(0)
    studio.until(lambda: studio.pixels(*IMAGE_PANE) != before, "nothing was shown")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-check.png")
    studio.key("Escape")
    away(studio)
    studio.until(lambda: studio.pixels(*IMAGE_PANE) == before, "Escape did not close the check")


def test_help(studio):
    """What a metric and void mean is told where the pointer rests on the word."""
    for x, y in HELP:
        away(studio)
        around = (x - 120, y - 60, 240, 120)
        before = studio.pixels(*around)

        def told():
            studio.move(x + 4, y + 3)
            studio.move(x, y)
            studio.settle(1)
            return studio.pixels(*around) != before

        studio.until(told, f"no help at {x}, {y}")
    studio.screenshot(f"{OUTPUT}/browse-help.png")
    away(studio)


def test_list_keys(studio):
    """Arrows in the list go on from the picture that is shown, however one came to it, and past a group's name."""
    def press(key, leads_to):
        mark = len(studio.text())
        studio.key(key)
        shown_after(studio, mark, leads_to)

    away(studio)
    mark = len(studio.text())
    studio.key("ctrl+f")
    studio.xdotool("type", "t5/00000")
    studio.key("Return")
    shown_after(studio, mark, "t5/00000")
    studio.key("ctrl+f", "Escape")
    studio.settle(1)
    for leave in ("Return", "Escape", "Down"):
        studio.key("ctrl+f")
        studio.xdotool("type", "t5/0000")
        studio.settle(1)
        studio.key(leave)
        studio.settle(1)
        press("Down", "t5/00001")  # the first one behind the field is not lost
        press("Right", "t5/00002")
        press("Down", "t5/00003")  # from the row that Right went to
        for stem in ("t5/00002", "t5/00001", "t5/00000"):
            press("Up", stem)
        studio.key("ctrl+f", "Escape")
        studio.settle(1)
    press("End", "t6/00015")
    # A search for the last of one group leads into the next.
    mark = len(studio.text())
    studio.key("ctrl+f")
    studio.xdotool("type", "t5/00015")
    studio.key("Return")
    shown_after(studio, mark, "t5/00015")
    studio.key("ctrl+f", "Escape")
    studio.settle(1)
    press("Down", "t6/00000")  # past the group's name
    press("Up", "t5/00015")
    press("Home", "t5/00000")


def test_pin(studio):
    """P reads the pixel in the middle without a pointer, and lets it go."""
    away(studio)
    before = studio.pixels(*PROBE)
    studio.key("p")
    studio.until(lambda: studio.pixels(*PROBE) != before, "the probe reads nothing")
    studio.key("p")
    studio.until(lambda: studio.pixels(*PROBE) == before, "the probe was not let go")


def test_components(studio):
    """N brings what is wrong into sight, one after the other; the probe reads it."""
    away(studio)
    for _ in range(12):
        mark = len(studio.text())
        studio.key("Right")
        shown_after(studio, mark)
        found = studio.wait(r"studio: components (\d+) missed, (\d+) false, (\d+) found", after=mark)
        if sum(map(int, found.groups())) > 1:
            break
    else:
        raise AssertionError(found.group(0))
    studio.settle(2)
    probe, pane = studio.pixels(*PROBE), studio.pixels(*IMAGE_PANE)
    studio.key("n")
    studio.until(lambda: studio.pixels(*PROBE) != probe, "the probe does not read the object")
    studio.until(lambda: studio.pixels(*IMAGE_PANE) != pane, "the object is not in sight")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-components.png")
    first, where = studio.pixels(*IMAGE_PANE), studio.pixels(*PLACE)
    studio.key("n")
    studio.until(lambda: studio.pixels(*IMAGE_PANE) != first, "N did not go on")
    studio.settle(1)
    studio.key("shift+n")
    studio.until(lambda: studio.pixels(*PLACE) == where, "Shift+N did not go back")
    # What the threshold finds is looked for again when it moved.
    mark = len(studio.text())
    studio.key(*["greater"] * 3)
    studio.wait(r"studio: components ", after=mark)
    studio.key("ctrl+z", "ctrl+z", "ctrl+z", "0", "p")


def test_notes(studio):
    """A tag and a note by keys; Escape leaves the fields, so that an arrow is the next picture again."""
    away(studio)
    mark = len(studio.text())
    studio.key("ctrl+t")
    studio.xdotool("type", "odd")
    studio.key("Return")
    stem = studio.wait(r"studio: marks (\S+) \[odd\]", after=mark).group(1)
    studio.key("Escape")
    studio.key("F2")
    studio.xdotool("type", "two of themm")
    # Undo is the field's while one types, not the threshold's.
    studio.settle(1)
    typed, undone = studio.pixels(*PAGE), len(studio.text())
    studio.key("ctrl+z")
    studio.until(lambda: studio.pixels(*PAGE) != typed, "Ctrl+Z undid no typing")
    studio.settle(1)
    assert "studio: threshold" not in studio.text()[undone:], "Ctrl+Z in the note undid a threshold"
    studio.key("ctrl+a")
    studio.xdotool("type", "two of them")
    studio.key("Escape")
    studio.wait(rf"studio: marks {stem} \[odd\] two of them", after=mark)
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-notes.png")
    page = studio.pixels(*PAGE)
    mark = len(studio.text())
    studio.key("Right")
    assert shown_after(studio, mark) != stem, "the arrow did not leave the picture"
    studio.until(lambda: studio.pixels(*PAGE) != page, "another picture has the same marks")
    # What was written there and taken back does not come back here.
    studio.key("F2")
    studio.xdotool("type", "x")
    mark = len(studio.text())
    studio.key("BackSpace", "Escape", "Right")
    shown_after(studio, mark)
    studio.settle(1)
    mark = len(studio.text())
    studio.key("F2", "ctrl+z", "Escape", "Left")
    shown_after(studio, mark)
    studio.settle(1)
    assert not re.search(r"studio: marks \S+ \[\] x", studio.text()[mark:]), "undo brought back another picture's note"
    mark = len(studio.text())
    studio.key("ctrl+f")
    studio.xdotool("type", "is:marked")
    studio.key("Return")
    shown_after(studio, mark, re.escape(stem))  # the only one that is marked
    studio.key("ctrl+f")
    studio.key("Escape")


def test_long_tag(studio):
    """A tag of any length leaves the window as it is."""
    away(studio)
    band = studio.pixels(*BAND)
    mark = len(studio.text())
    studio.key("ctrl+t")
    studio.xdotool("type", "--delay", "2", "a tag that goes on and on " * 12)
    studio.key("Return")
    studio.wait(r"studio: marks ", after=mark)
    studio.key("Escape")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-long-tag.png")
    assert studio.pixels(*BAND) == band, "a long tag pushed the panes aside"


def test_tag_shown(studio):
    """One tag of all images that the filter leaves; then of all there are, and of none, by the same box."""
    def tagged(n, has):
        """So many pictures were told of, each once, with the tag or without."""
        told = re.findall(r"studio: marks (\S+) \[([^\]]*)\]", studio.text()[mark:])
        return len(told) == n == len({stem for stem, _ in told}) and all(("far" in tags.split("\n")) == has
                                                                        for _, tags in told)
    away(studio)
    mark = len(studio.text())
    studio.key("ctrl+f")
    studio.xdotool("type", "scene:t6")
    studio.settle(1)
    studio.key("ctrl+shift+t")
    studio.settle(1)
    studio.xdotool("type", "far")
    studio.key("Return")
    studio.until(lambda: tagged(16, True), "the 16 images of t6 are not tagged")
    studio.key("Escape", "ctrl+f", "Escape")
    studio.settle(1)
    # The boxes are in the order of the alphabet, "far" behind the long one.
    mark = len(studio.text())
    studio.key("ctrl+shift+t")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-tag-shown.png")
    studio.key("Tab", "Tab", "space")
    studio.until(lambda: tagged(16, True), "the other 16 images are not tagged")
    mark = len(studio.text())
    studio.key("space")
    studio.until(lambda: tagged(32, False), "the tag is not taken from all")
    studio.key("Escape")
    studio.settle(1)


def set_objects_after(studio, mark):
    return studio.wait(r"studio: set objects (\d+) missed, (\d+) false, (\d+) found, 0 unread", after=mark).groups()


def test_set_objects(studio):
    """The set's objects follow the threshold that is let go, in the list as well; undo has them at once."""
    studio.click(*TUNE)
    away(studio)
    mark = len(studio.text())
    studio.key("ctrl+e")
    studio.wait(r"studio: evaluated \d+", after=mark)
    first = set_objects_after(studio, mark)
    assert sum(map(int, first)) > 1, first
    studio.settle(8)  # the message of the evaluation has left
    badges = studio.pixels(*BADGES)
    studio.screenshot(f"{OUTPUT}/browse-set-objects.png")
    mark = len(studio.text())
    studio.press(*BEST_F1, r"studio: threshold hybrid \S+, best-f1")
    second = set_objects_after(studio, mark)
    assert second != first, f"another threshold found the same: {second}"
    away(studio)
    studio.until(lambda: studio.pixels(*BADGES) != badges, "the pictures tell of no other objects")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-set-objects-best.png")
    mark = len(studio.text())
    studio.key("ctrl+z")
    assert set_objects_after(studio, mark) == first, "undo found other objects"
    studio.until(lambda: studio.pixels(*BADGES) == badges, "the pictures tell of other objects than before")
    mark = len(studio.text())
    studio.key("ctrl+f")
    studio.xdotool("type", "missed>0 false>0")
    studio.until(lambda: studio.pixels(*BADGES) != badges, "what is missed does not filter")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-set-objects-filter.png")
    studio.key("Return", "Escape")
    studio.key("ctrl+f")
    studio.key("Escape")


def test_play(studio):
    """F5 plays the listed images one after another; a step by hand stops it there."""
    away(studio)
    stopped = studio.pixels(*PLAY)
    for _ in range(20):  # on a busy machine the last image may come before anybody has looked
        studio.key("Home")
        studio.settle(1)
        mark, plays, names = len(studio.text()), False, []
        studio.xdotool("key", "F5")
        end = time.monotonic() + driver.FOR_EVER
        while not (plays and len(names) >= 3) and "t6/00015" not in names:
            assert time.monotonic() < end, f"three images did not come by themselves, or no button tells of it: {names}"
            plays = plays or studio.pixels(*PLAY) != stopped
            names = list(dict.fromkeys(re.findall(r"studio: shows (\S+), maps", studio.text()[mark:])))
        assert names == sorted(names), f"not in the list's order: {names}"
        if plays and "t6/00015" not in names:
            break
    else:
        raise AssertionError("the button does not tell that it plays")
    mark = len(studio.text())
    studio.xdotool("key", "Left")
    shown_after(studio, mark)
    studio.until(lambda: studio.pixels(*PLAY) == stopped, "it plays on after a step by hand")


def test_submenu(studio):
    """A menu that is closed in a submenu gives the keys back."""
    before = studio.pixels(1100, 60, 290, 400)
    studio.click(*MAIN_MENU)
    studio.until(lambda: studio.pixels(1100, 60, 290, 400) != before, "no menu")
    studio.settle(0.5)
    studio.click(*PRECISION)
    studio.settle(0.5)
    studio.screenshot(f"{OUTPUT}/browse-submenu.png")
    mark = len(studio.text())
    studio.key("Escape")
    studio.settle(0.5)
    studio.key("Right")
    studio.wait(r"studio: shows", after=mark)
    away(studio)


def test_keys_window(studio):
    """The list of all keys fits the smallest screen that is promised, its pages' buttons included."""
    def find():
        return subprocess.run(["xdotool", "getactivewindow", "getwindowname", "getactivewindow", "getwindowgeometry",
                               "--shell"], env=studio.environment, capture_output=True, text=True).stdout

    main_window = find()
    studio.key("ctrl+question")
    studio.until(lambda: "HEIGHT" in find() and find() != main_window, "no list of keys")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/browse-keys.png")
    found = find()
    studio.key("Escape")
    studio.settle(0.5)
    height = int(re.search(r"HEIGHT=(\d+)", found).group(1))
    assert found.startswith("Keys") and height <= 680, found


def main():
    cases = [test_filter, test_list_keys, test_check, test_help, test_pin, test_components, test_notes, test_long_tag,
             test_tag_shown, test_set_objects, test_play, test_submenu, test_keys_window]
    print(f"1..{len(cases) + 1}", flush=True)
    os.makedirs(OUTPUT, exist_ok=True)
    without = driver.missing()
    reason = f"{without} is not installed" if without else None
    studio = None
    if reason is None:
        studio = driver.Studio(PROGRAM, ["--new", "--demo"])
        if studio.wait(r"studio: (counted|error.*)").group(1) != "counted":
            reason = "this build comes without the demo"
        studio.settle(3)
    driver.run_cases(cases, (studio,), reason, OUTPUT, "browse-failed")
    number = len(cases) + 1
    if studio is None:
        print(f"ok {number} silence # SKIP {reason}", flush=True)
        return
    studio.close()
    found = studio.complaints()
    print(f"{'not ok' if found else 'ok'} {number} silence", flush=True)
    print("".join(f"# {line}\n" for line in found), end="", flush=True)


main()
