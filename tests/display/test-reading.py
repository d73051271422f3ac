#!/usr/bin/env python3
"""How a data set is read, chosen with pointer and keys: test-reading.py STUDIO CLI OUTPUT-FOLDER. Writes TAP."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, CLI, OUTPUT = sys.argv[1:4]
# In a window of 1400×900: the name of the set.
SET = (120, 70)
# Items of its menu, and behind the title of a submenu, which is the item 0, of that.
FIRST, ROW = 127, 32
CHECK = (100, 440)
# Where the menu lies, and what is below it: x, y, width, height.
MENU = (30, FIRST, 150, 5 * ROW)
# Of a set of pictures beside masks, and in its check.
MASKS_CHECK, MASK_VALUES = (100, 408), (650, 692)
# Of the image, where neither name nor legend is: x, y, width, height.
IMAGE = (300, 200, 200, 80)
# Of the ground truth: what lies in the last fifth of the image, and what lies above.
TRUTH_LOW, TRUTH_HIGH = (700, 768, 300, 14), (700, 690, 300, 40)
# In the window of what is not measured.
SHARE, MASK = (775, 363), (650, 642)
# In the check of a set that has splits, and its title.
IDS, CHECK_TITLE = (890, 693), (700, 137)


def make_mask(width, height, first):
    """A grey PNG: black, and white from a row on."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + (b"\xff" if y >= first else b"\0") * width for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_zeros(path, width, height):
    """A label of one constant value."""
    with open(path, "wb") as file:
        file.write(make_mask(width, height, height))


def make_sets(folder):
    """Generated streets with all splits, a set whose labels are all 0, and one of them as a picture beside a mask."""
    streets, clean, masks = f"{folder}/streets", f"{folder}/clean_set", f"{folder}/masks"
    subprocess.run([CLI, "demo-scenes", "--out", streets, "--seed", "3", "--count", "4", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    os.mkdir(clean)
    for i in range(3):
        picture = f"{streets}/train/images/training/town/0000{i}.png"
        with open(picture, "rb") as file:
            width, height = struct.unpack(">II", file.read(24)[16:])
        shutil.copy(picture, f"{clean}/{i}_rgb.png")
        write_zeros(f"{clean}/{i}_labels.png", width, height)
    for name, kind in (("images", "images"), ("masks", "annotations")):
        os.makedirs(f"{masks}/{name}")
        shutil.copy(f"{streets}/test/{kind}/test/t5/00000.png", f"{masks}/{name}/a.png")
    return streets, clean, masks


def open_menu(studio):
    """The menu under the set's name. Before it is there, what is meant for it would choose an image of the list below."""
    studio.key("Escape", "Escape")
    studio.settle(0.4)
    closed = studio.pixels(*MENU)
    for _ in range(8):
        studio.click(*SET)
        studio.settle(0.4)
        for _ in range(8):
            if studio.pixels(*MENU) != closed:
                return
            studio.settle(0.4)
    raise AssertionError("the set's menu does not open")


def choose(studio, submenu, choice, told, more=()):
    """The n-th of a submenu under the set's name; `more`: of the menus behind that."""
    def act():
        open_menu(studio)
        studio.click(100, FIRST + ROW * submenu)
        studio.settle(0.4)
        studio.click(100, FIRST + ROW * choice)
        for item in more:
            studio.settle(0.4)
            studio.click(100, FIRST + ROW * item)
    studio.until_told(told, act)
    studio.settle(0.5)


def check(studio, item):
    """Opens the check of the set from its menu."""
    def act():
        open_menu(studio)
        studio.click(*item)
    studio.until_told(r"studio: checked 1 pictures", act)
    studio.settle(1)


def settings(studio):
    with open(f"{studio.home}/config/densehybrid/studio.ini") as file:
        return file.read()


def test_several(studio):
    """All but one split, ticked by keys."""
    def act():
        open_menu(studio)
        studio.key("Return", "v")
        studio.settle(0.8)
        studio.screenshot(f"{OUTPUT}/reading-several.png")
        studio.key("space", "alt+o")
    studio.until_told(r"studio: opened StreetHazards, 4 pictures", act)
    studio.until(lambda: "reading=splits=validation,test" in settings(studio), "the choice is not remembered")


def test_split(studio):
    """One split, then one of its towns; both are all that is shown, and are there again at the next start."""
    choose(studio, 0, 4, r"studio: opened StreetHazards, 2 pictures")
    studio.screenshot(f"{OUTPUT}/reading-split.png")
    choose(studio, 0, 6, r"studio: opened StreetHazards, 1 pictures(.|\n)*studio: shows t6/00000")
    studio.until(lambda: "reading=kind" not in settings(studio) and "reading=splits=test/t6" in settings(studio),
                 "the choice is not remembered")


def test_kind(studio):
    """Read as a folder of pictures; what was chosen of the splits is over with it."""
    choose(studio, 1, 6, r"studio: opened Folder of images, \d\d pictures")
    choose(studio, 0, 1, r"studio: opened StreetHazards, 8 pictures")


def test_check(studio):
    """In the check the ids are chosen where their meaning is seen."""
    choose(studio, 0, 6, r"studio: opened StreetHazards, 1 pictures")
    check(studio, CHECK)
    studio.screenshot(f"{OUTPUT}/reading-check.png")

    def shift():
        studio.click(*IDS)
        # The page scrolls for the choices, and what comes to lie under the pointer is what Return chooses.
        studio.move(*CHECK_TITLE)
        studio.settle(0.4)
        studio.key("Down", "Down", "Return")
    studio.until_told(r"studio: opened StreetHazards, 1 pictures(.|\n)*studio: checked 1 pictures", shift)
    studio.settle(0.6)
    studio.screenshot(f"{OUTPUT}/reading-shifted.png")
    studio.until(lambda: "ids=shifted" in settings(studio), "the choice is not remembered")
    studio.key("Escape")


def test_constant_labels(studio):
    """Labels of one value are hidden ones until somebody says that they are true; that is kept for the next start."""
    choose(studio, 1, 3, r"studio: opened Fishyscapes Static, as the reference packs it, 3 pictures")
    studio.screenshot(f"{OUTPUT}/reading-constant.png")
    studio.until(lambda: "reading=labels=true" in settings(studio), "the choice is not remembered")


def test_mask_values(studio):
    """What no choice says is written in the check, refused where it means nothing, and kept for the next start."""
    check(studio, MASKS_CHECK)

    def write(words):
        studio.click(*MASK_VALUES)
        studio.settle(0.4)
        studio.key("ctrl+a")
        studio.xdotool("type", words)
        studio.key("Return")
    studio.until_told(r"studio: error .*\"nix\" is no value(.|\n)*studio: checked 1 pictures",
                      lambda: write("anomaly=nix"))
    studio.settle(0.6)
    studio.screenshot(f"{OUTPUT}/reading-masks.png")
    studio.until_told(r"studio: opened Images and masks, 1 pictures", lambda: write("anomaly=14 ignore=4"))
    studio.until(lambda: "reading=masks=anomaly%3D14%20ignore%3D4" in settings(studio), "the values are not remembered")


def test_degraded(studio):
    """Fog over the town, then the next degradation, then the images as they are."""
    studio.settle(1)  # the check that was closed may still lie over it
    clear = studio.pixels(*IMAGE)
    choose(studio, 3, 9, r"studio: opened StreetHazards · Fog 5, 1 pictures", more=(5,))
    studio.until(lambda: studio.pixels(*IMAGE) != clear, "the image is as clear as before")
    studio.screenshot(f"{OUTPUT}/reading-fog.png")
    studio.until(lambda: "degrade=fog%3A5" in settings(studio), "the choice is not remembered")
    choose(studio, 3, 6, r"studio: opened StreetHazards · Dark 2, 1 pictures", more=(2,))
    choose(studio, 3, 1, r"studio: opened StreetHazards, 1 pictures")
    studio.until(lambda: studio.pixels(*IMAGE) == clear, "the image is not as it was")
    studio.until(lambda: "degrade" not in settings(studio), "the degradation is still remembered")


def ask_region(studio, item):
    """Opens the window from the menu."""
    open_menu(studio)
    studio.click(100, FIRST + ROW * item)
    studio.settle(0.8)


def test_region(studio):
    """The last fifth by a share, shown while it is typed, hatched at once; by a mask the same; a mask that is not there;
    all measured again."""
    studio.settle(2)
    low, high = studio.pixels(*TRUTH_LOW), studio.pixels(*TRUTH_HIGH)
    ask_region(studio, 4)
    shaded = studio.pixels(*TRUTH_LOW)  # behind the window
    studio.click(*SHARE)
    studio.key("ctrl+a")
    studio.xdotool("type", "20")
    studio.until(lambda: studio.pixels(*TRUTH_LOW) != shaded, "what would not be measured is not shown")
    studio.screenshot(f"{OUTPUT}/reading-region-shown.png")
    studio.key("Escape")
    studio.until(lambda: studio.pixels(*TRUTH_LOW) == low, "it is still shown")

    def share(words):
        ask_region(studio, 4)
        studio.click(*SHARE)
        studio.key("ctrl+a")
        studio.xdotool("type", words)
        studio.screenshot(f"{OUTPUT}/reading-region-asked.png")
        studio.key("Return")

    def by_mask(words):
        ask_region(studio, 4)
        studio.click(*MASK)
        studio.settle(0.4)
        studio.key("ctrl+a", "Delete")
        if words:
            studio.xdotool("type", words)
        studio.key("Return")
    studio.until_told(r"studio: opened StreetHazards · without bottom 20 %, 8 pictures(.|\n)*studio: shows ",
                      lambda: share("20"))
    # The window that asked may still lie over both, and what it showed while one typed still be there.
    studio.settle(2)
    studio.until(lambda: studio.pixels(*TRUTH_HIGH) == high, "more than a fifth is hatched")
    studio.until(lambda: studio.pixels(*TRUTH_LOW) != low, "what is not measured is not hatched")
    studio.settle(1)
    hatched = studio.pixels(*TRUTH_LOW)
    studio.screenshot(f"{OUTPUT}/reading-region.png")
    studio.until(lambda: "region=bottom%3A20%25" in settings(studio), "the choice is not remembered")
    with open(f"{studio.home}/car.png", "wb") as file:
        file.write(make_mask(512, 256, 205))
    studio.until_told(r"studio: opened StreetHazards · without mask [0-9a-f]{8}, 8 pictures",
                      lambda: by_mask(f"{studio.home}/car.png"))
    studio.until(lambda: studio.pixels(*TRUTH_LOW) == hatched, "the mask does not hatch what the share did")
    studio.until_told(r"studio: error .*none.png", lambda: by_mask(f"{studio.home}/none.png"))
    studio.until_told(r"studio: opened StreetHazards, 8 pictures", lambda: by_mask(""))
    studio.until(lambda: studio.pixels(*TRUTH_LOW) == low, "the image is not as it was")
    studio.until(lambda: "region" not in settings(studio), "the region is still remembered")


def test_unlabelled_region(studio):
    """Images without labels have a pane for it all the same."""
    studio.settle(1)
    nothing = studio.pixels(*TRUTH_LOW)

    def share():
        ask_region(studio, 1)
        studio.key("ctrl+a")
        studio.xdotool("type", "20")
        studio.key("Return")
    studio.until_told(r"studio: opened Folder of images · without bottom 20 %, 2 pictures", share)
    studio.until(lambda: studio.pixels(*TRUTH_LOW) != nothing, "what is not measured has no pane")
    studio.screenshot(f"{OUTPUT}/reading-region-unlabelled.png")


CASES = [test_several, test_split, test_kind, test_region, test_check, test_degraded]
CLEAN_CASES = [test_constant_labels]
MASKS_CASES = [test_mask_values]
PLAIN_CASES = [test_unlabelled_region]
ALL = CASES + CLEAN_CASES + MASKS_CASES + PLAIN_CASES


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    reason = f"{driver.missing()} is not there" if driver.missing() else None
    print(f"1..{len(ALL)}", flush=True)
    if reason is not None:
        driver.run_cases(ALL, (), reason, OUTPUT, "reading")
        return
    with tempfile.TemporaryDirectory(prefix="dh-reading-") as folder:
        streets, clean, masks = make_sets(folder)
        plain = f"{folder}/plain"
        os.mkdir(plain)
        for i in range(2):
            shutil.copy(f"{streets}/train/images/training/town/0000{i}.png", plain)
        first = 1
        for cases, root in ((CASES, streets), (CLEAN_CASES, clean), (MASKS_CASES, masks), (PLAIN_CASES, plain)):
            studio = driver.Studio(PROGRAM, ["--new", root])
            try:
                studio.wait(r"studio: opened")
                studio.settle(1)
                driver.run_cases(cases, (studio,), None, OUTPUT, "reading", first)
            finally:
                studio.close()
                shutil.rmtree(studio.home, ignore_errors=True)
            first += len(cases)


main()
