#!/usr/bin/env python3
"""The studio with real pointer and key events: test-studio.py PROGRAM OUTPUT-FOLDER DRAG-SOURCE. Writes TAP.

DH_SHARED/data/smiyc is used where it is there; its pictures are looked at, and no screenshot of them is kept.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, OUTPUT, DRAG_SOURCE = sys.argv[1:4]
SHARED = os.environ.get("DH_SHARED", "")
# Where things lie in a window of 1400×900 with both panels.
IMAGE_PANE = (245, 120, 380, 190)
PLOT_Y = 178
PLOT_X = (1080, 1330)
TOAST = (823, 818)  # the button of a toast on the page of runs
UNDO = (860, 653)  # of the toast in the list of data sets


def drag_until_smooth(studio, there, back, **how):
    """To and fro, until one move was smooth: a busy machine may make some of them jerk, but not all."""
    for _ in range(20):
        for start, end in ((there, back), (back, there)):
            mark, work = len(studio.text()), studio.work()
            studio.drag(start, end, **how)
            if studio.is_smooth(mark, work):
                return
    raise AssertionError("no move was smooth")


def open_demo(studio):
    mark = len(studio.text())
    studio.key("ctrl+d")
    found = studio.wait(r"studio: (counted|error)", after=mark)
    assert found.group(1) == "counted", studio.text()[-400:]
    studio.settle(1.5)


def add_viewer(home):
    """A program for HTML files, as a desktop has one: it writes down what it was given."""
    os.makedirs(f"{home}/data/applications")
    with open(f"{home}/viewer", "w") as file:
        file.write(f'#!/bin/sh\necho "$1" >"{home}/seen"\n')
    os.chmod(f"{home}/viewer", 0o755)
    with open(f"{home}/data/applications/viewer.desktop", "w") as file:
        file.write(f"[Desktop Entry]\nType=Application\nName=Viewer\nExec={home}/viewer %f\nMimeType=text/html;\n")
    with open(f"{home}/data/applications/mimeapps.list", "w") as file:
        file.write("[Default Applications]\ntext/html=viewer.desktop\n")


def test_start(studio):
    studio.settle()
    studio.screenshot(f"{OUTPUT}/start.png")
    assert "studio: opened" not in studio.text()


def test_demo(studio):
    open_demo(studio)
    studio.wait(r"studio: shows \S+, maps")
    studio.screenshot(f"{OUTPUT}/browse.png")
    pane = studio.pixels(*IMAGE_PANE)
    assert len(set(zip(pane[0::3], pane[1::3], pane[2::3]))) > 500, "the image pane is empty"


def test_slider(studio):
    """The mask follows the threshold, the network does not run, whatever way the threshold is moved."""
    mark = len(studio.text())
    # The neighbours are computed ahead; wait until that has ended.
    studio.settle(3, most=driver.FOR_EVER)
    runs, before = studio.runs(), studio.pixels(*IMAGE_PANE)
    middle = sum(PLOT_X) / 2
    studio.drag((middle, PLOT_Y), (PLOT_X[0] + 40, PLOT_Y), seconds=2)
    studio.until(lambda: studio.pixels(*IMAGE_PANE) != before, "the mask did not change")
    studio.settle()
    low = studio.pixels(*IMAGE_PANE)
    studio.drag((PLOT_X[0] + 40, PLOT_Y), (PLOT_X[1] - 20, PLOT_Y), seconds=2)
    studio.until(lambda: studio.pixels(*IMAGE_PANE) != low, "the mask did not change back")
    drag_until_smooth(studio, (PLOT_X[1] - 20, PLOT_Y), (PLOT_X[0] + 40, PLOT_Y), seconds=2)
    values = [line for line in studio.text()[mark:].splitlines() if "studio: threshold hybrid" in line]
    assert len(values) > 20, f"only {len(values)} values on the way"
    assert studio.runs() == runs, "the network ran while a slider moved"


def test_keys(studio):
    mark = len(studio.text())
    studio.move(430, 840)
    studio.key("alt+2")
    studio.key("period")
    studio.wait(r"studio: threshold likelihood \S+, by-hand", after=mark)
    mark = len(studio.text())
    studio.key("alt+1")
    studio.key("ctrl+z")
    studio.wait(r"studio: threshold ", after=mark)
    mark = len(studio.text())
    studio.click(120, 260)  # another row of the list
    studio.wait(r"studio: shows \S+, maps", after=mark)
    # The list has the focus: space is still the panes' key, and typing no threshold changes none.
    studio.settle(1)
    grid = studio.pixels(640, 120, 380, 190)
    studio.key("space")
    studio.until(lambda: studio.pixels(640, 120, 380, 190) != grid, "space did not show one pane")
    studio.settle()
    studio.key("space")
    studio.until(lambda: studio.pixels(640, 120, 380, 190) == grid, "space did not show all panes again")
    mark = len(studio.text())
    studio.key("t", "Escape")
    studio.settle()
    assert "studio: threshold" not in studio.text()[mark:], "a look at the field changed the threshold"
    studio.key("less")
    studio.wait(r"studio: threshold ", after=mark)
    runs = studio.runs()
    mark = len(studio.text())
    studio.key("Right")
    studio.wait(r"studio: shows \S+, maps", after=mark)
    assert runs <= studio.runs()
    studio.settle(2)


def test_own_keys():
    """Keys that the settings name take the place of the program's, and of another action's."""
    home = tempfile.mkdtemp(prefix="dh-studio-")
    os.makedirs(f"{home}/config/densehybrid")
    with open(f"{home}/config/densehybrid/studio.ini", "w") as file:
        file.write("[keys]\nwin.step(1)=g\nwin.step(-1)=<Alt>Left k\nwin.fit=<Nothing>\n")
    studio = driver.Studio(PROGRAM, ["--new", "--demo"], home=home)
    try:
        if studio.wait(r"studio: (counted|error.*)").group(1) != "counted":
            return
        for key, stem in (("g", "00004"), ("g", "00005"), ("k", "00004")):
            mark = len(studio.text())
            studio.key(key)
            assert studio.wait(r"studio: shows (\S+), maps", after=mark).group(1).endswith(stem), key
        studio.key("ctrl+question")
        studio.settle(1)
        studio.screenshot(f"{OUTPUT}/own-keys.png")
    finally:
        studio.close()


def test_zoom(studio):
    x, y = IMAGE_PANE[0] + 150, IMAGE_PANE[1] + 90
    studio.move(700, 890)
    studio.settle(1)
    before = studio.pixels(*IMAGE_PANE)
    studio.click(x, y, button=4, count=6)
    studio.until(lambda: studio.pixels(*IMAGE_PANE) != before, "the wheel did not zoom")
    studio.settle()
    near = studio.pixels(*IMAGE_PANE)
    studio.drag((x, y), (x - 90, y - 40), seconds=1)
    studio.until(lambda: studio.pixels(*IMAGE_PANE) != near, "the drag did not pan")
    drag_until_smooth(studio, (x - 90, y - 40), (x, y), seconds=2)
    for _ in range(20):  # on a busy machine, two clicks can come too late for one double click
        studio.click(x, y, count=2)
        studio.settle()
        studio.key("Escape")
        studio.move(700, 890)
        for _ in range(8):
            studio.settle(0.5)
            if studio.pixels(*IMAGE_PANE) == before:
                return
    studio.screenshot(f"{OUTPUT}/not-fitted.png")
    raise AssertionError("a double click did not fit")


def test_evaluate(studio):
    studio.key("ctrl+e")
    found = studio.wait(r"studio: (evaluated (\d+)|error .*)")
    assert found.group(2), found.group(1)
    studio.key("ctrl+2")
    studio.settle(1.5)
    studio.screenshot(f"{OUTPUT}/metrics.png")
    studio.key("ctrl+1")
    studio.settle()
    studio.screenshot(f"{OUTPUT}/evaluated.png")


# Of the page of runs: the first row with its box, the cards below, the words of the filter.
ROW, BOX, CARD = (300, 191), (38, 191), (20, 610, 640, 180)
EXPORT = (1345, 75)
PAGE = (466, 28, 3, 3)  # of the button of Browse, beside its name


def test_runs(studio):
    """The evaluation is in the list with its curve; words filter, the box chooses, a row that is opened is in Browse."""
    studio.key("ctrl+4")
    studio.settle(2)
    studio.screenshot(f"{OUTPUT}/runs.png")
    studio.move(700, 890)
    chosen = studio.pixels(*CARD)
    studio.click(*BOX)
    studio.move(700, 890)
    studio.until(lambda: studio.pixels(*CARD) != chosen, "the box did not let the run go")
    studio.settle()
    studio.click(*BOX)
    studio.move(700, 890)
    studio.until(lambda: studio.pixels(*CARD) == chosen, "the box did not choose the run")
    row = studio.pixels(100, 181, 600, 20)
    studio.key("ctrl+f")
    studio.xdotool("type", "no-such-run")
    studio.until(lambda: studio.pixels(100, 181, 600, 20) != row, "the words did not filter")
    studio.settle()
    studio.key("Escape")
    studio.until(lambda: studio.pixels(100, 181, 600, 20) == row, "Escape did not end the filter")
    studio.key("ctrl+shift+c")
    studio.settle(1)
    browse = len(studio.text())
    listed = studio.pixels(*PAGE)
    for _ in range(20):  # on a busy machine, two clicks can come too late for one double click
        studio.click(*ROW, count=2)
        studio.settle(1.5)
        if studio.pixels(*PAGE) != listed:
            break
    else:
        raise AssertionError("a row that was opened did not lead to its pictures")
    assert "error" not in studio.text()[browse:]


def test_report(studio):
    """A report from the page of runs; it is opened from the toast by what the desktop has for such files."""
    report, seen = f"{studio.home}/a report.html", f"{studio.home}/seen"
    studio.key("ctrl+4")
    studio.settle(1)
    mark = len(studio.text())
    studio.click(*EXPORT)
    studio.settle(1)
    studio.key("Return")
    studio.settle(2)
    studio.key("ctrl+a")
    studio.xdotool("type", report)
    studio.key("Return")
    studio.wait(r"studio: wrote .*a report\.html", after=mark)
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/written.png")
    assert os.path.getsize(report) > 10000
    studio.click(*TOAST)
    studio.until(lambda: os.path.exists(seen) and os.path.getsize(seen) > 0, "nothing opened the report")
    with open(seen) as file:
        assert file.read().strip() == report
    studio.key("ctrl+1")


def test_known_sets(studio):
    """A data set is taken off the list and put back, by keys; neither pictures nor runs are touched."""
    settings = f"{studio.home}/config/densehybrid/studio.ini"

    def known():
        with open(settings) as file:
            return next((line for line in file if line.startswith("known=")), "")

    folder = f"{studio.home}/my_pictures"
    os.makedirs(folder, exist_ok=True)
    for name in ("a.png", "b.png"):
        shutil.copy(a_picture(studio), f"{folder}/{name}")
    drop(studio, [folder], "opened .*, 2 pictures")
    studio.until(lambda: "my_pictures" in known(), "the data set is not in the list")
    studio.click(137, 28)
    studio.settle(1)
    studio.key(*["Down"] * 7, "Return")  # two data sets were opened before
    studio.settle(1.5)
    studio.screenshot(f"{OUTPUT}/data-sets.png")
    studio.key("Tab", "Tab", "Return")
    studio.until(lambda: "my_pictures" not in known(), "the data set is still in the list")
    studio.screenshot(f"{OUTPUT}/data-sets-removed.png")
    assert os.listdir(folder)
    studio.click(*UNDO)
    studio.until(lambda: "my_pictures" in known(), "undo did not put it back")
    studio.key("Escape")
    studio.settle(1)
    open_demo(studio)


def drop(studio, paths, expected):
    """A busy machine may let the pointer go before the window knows what it brings: it is brought again."""
    for _ in range(20):
        mark = len(studio.text())
        studio.drop(paths, DRAG_SOURCE, (650, 450))
        studio.settle(2)
        if re.compile(f"studio: {expected}").search(studio.text(), mark):
            return
    raise AssertionError(f"{expected!r} was not seen; the log ends with\n{studio.text()[-1500:]}")


def dialogs(studio, name):
    return subprocess.run(["xdotool", "search", "--onlyvisible", "--name", name], env=studio.environment,
                          capture_output=True, text=True).stdout.split()


def a_picture(studio):
    return next(os.path.join(at, name) for at, _, names in os.walk(f"{studio.home}/cache") for name in names
                if name.endswith(".png") and "images" in at)


def test_drop(studio):
    """A folder, pictures and what is neither, dragged in from another program; they are shown whatever page it is."""
    studio.key("ctrl+4")
    top = tempfile.mkdtemp(prefix="dh-drop-")
    try:
        scenes = a_picture(studio)
        for name in ("a.png", "folder/b.png", "folder/c.png"):
            os.makedirs(os.path.dirname(f"{top}/{name}"), exist_ok=True)
            shutil.copy(scenes, f"{top}/{name}")
        os.mkdir(f"{top}/empty")
        with open(f"{top}/text.txt", "w") as file:
            file.write("no image")
        for paths, expected in ((["folder"], "opened .*, 2 pictures"), (["a.png"], "opened .*, 1 picture"),
                                (["a.png", "folder/b.png"], "opened .*, 2 pictures"), (["empty"], "error"),
                                (["text.txt"], "error")):
            drop(studio, [f"{top}/{path}" for path in paths], expected)
            studio.settle()
        studio.screenshot(f"{OUTPUT}/dropped.png")
        # A saved view is shown; score maps, and a folder that holds nothing else, lead to their import.
        with open(f"{top}/mine.dhview", "w") as file:
            file.write("[DenseHybrid view]\nversion=1\n[view]\nlayout=single\n")
        drop(studio, [f"{top}/mine.dhview"], "says The view mine.dhview is shown")
        os.makedirs(f"{top}/method/deep")
        with open(f"{top}/method/deep/a.npy", "wb") as file:
            file.write(b"no map, but named like one")
        for path in ("method/deep/a.npy", "method"):
            drop(studio, [f"{top}/{path}"], "scores of .*method")
            studio.until(lambda: dialogs(studio, "Import scores"), "the scores are not asked about")
            studio.screenshot(f"{OUTPUT}/dropped-scores.png")
            studio.key("Escape")
            studio.until(lambda: not dialogs(studio, "Import scores"), "Escape did not close the dialog")
        studio.key("g")
    finally:
        shutil.rmtree(top)
    open_demo(studio)


def test_narrow(studio):
    for size in ((1280, 720), (800, 600)):
        studio.resize(*size)
        studio.settle(1)
        studio.screenshot(f"{OUTPUT}/browse-{size[0]}x{size[1]}.png")
    studio.key("shift+F9")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/tuning-800x600.png")
    studio.key("shift+F9")
    studio.key("F9")
    studio.settle(1)
    studio.key("F9")
    # From narrow to narrower and back, on every page, and the list of keys.
    for size in ((700, 500), (1000, 700)):
        for page in ("ctrl+2", "ctrl+3", "ctrl+4", "ctrl+1"):
            studio.key(page)
            studio.resize(*size)
    studio.key("ctrl+question")
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/keys.png")
    studio.key("Escape")
    studio.resize(1400, 900)


def frame_of_first_pane(studio):
    """The longest upright run of the accent colour in the columns where the first pane begins."""
    x, y, width, height = 200, 90, 120, studio.size[1] - 90
    rgb, longest = studio.pixels(x, y, width, height), 0
    for column in range(width):
        run = 0
        for row in range(height):
            at = 3 * (row * width + column)
            run = run + 1 if rgb[at:at + 3] == bytes((0x35, 0x84, 0xe4)) else 0
            longest = max(longest, run)
    return longest


def test_large_text():
    """Letters a third larger: no panel lies over the panes, whatever the window's size."""
    studio = driver.Studio(PROGRAM, ["--new", "--demo"], dpi=128)
    try:
        studio.wait(r"studio: counted")
        for size in ((1400, 900), (1280, 720), (1100, 720)):
            studio.resize(*size)
            studio.settle(2)
            studio.screenshot(f"{OUTPUT}/large-text-{size[0]}.png")
            assert frame_of_first_pane(studio) > 100, f"the first pane is covered at {size[0]}"
    finally:
        studio.close()
    assert not studio.complaints(), studio.complaints()


def test_large_text_on_small_screen():
    """Letters half as large again: no page makes the window larger than the screen, whatever it shows."""
    studio = driver.Studio(PROGRAM, ["--new", "--demo"], size=(800, 600), dpi=144)
    try:
        studio.wait(r"studio: counted")
        studio.key("ctrl+e")
        studio.wait(r"studio: evaluated \d+")
        for page in ("metrics", "training", "runs", "browse"):
            studio.key({"metrics": "ctrl+2", "training": "ctrl+3", "runs": "ctrl+4", "browse": "ctrl+1"}[page])
            studio.settle(2)
            studio.screenshot(f"{OUTPUT}/large-text-{page}-800x600.png")
            assert studio.window_size() == (800, 600), f"{page}: {studio.window_size()}"
    finally:
        studio.close()
    assert not studio.complaints(), studio.complaints()


def make_locale(folder):
    """A locale with a decimal comma; False where it cannot be made here."""
    tool = shutil.which("localedef")
    return tool is not None and subprocess.run([tool, "-i", "de_DE", "-f", "UTF-8", f"{folder}/de_DE.UTF-8"],
                                               capture_output=True).returncode == 0


def test_decimal_comma():
    """Where a comma is the custom, numbers have a point all the same: in what is shown, written and read."""
    with tempfile.TemporaryDirectory() as folder:
        if not make_locale(folder):
            print("# no locale with a decimal comma can be made here")
            return
        studio = driver.Studio(PROGRAM, ["--new", "--demo"], environment={"LOCPATH": folder, "LC_ALL": "de_DE.UTF-8"})
        try:
            studio.wait(r"studio: counted")
            studio.settle(1.5)
            mark = len(studio.text())
            for _ in range(20):
                studio.drag((PLOT_X[0] + 50, PLOT_Y), (PLOT_X[1] - 50, PLOT_Y))
                found = re.search(r"frames: .*median gap \d+(.)\d", studio.text()[mark:])
                if found:
                    break
            assert found and found.group(1) == ".", studio.text()[mark:]
        finally:
            studio.close()
        assert not studio.complaints(), studio.complaints()


def test_shared():
    folder = os.path.join(SHARED, "data", "smiyc")
    studio = driver.Studio(PROGRAM, ["--new", "--params", "demo", folder])
    try:
        studio.wait(r"studio: opened .*, 10 pictures")
        studio.wait(r"studio: counted")
        studio.settle(3)
        test_slider(studio)
    finally:
        studio.close()
    assert not studio.complaints(), studio.complaints()


def main():
    cases = [test_start, test_demo, test_slider, test_keys, test_zoom, test_evaluate, test_runs, test_report, test_drop,
             test_known_sets, test_narrow]
    print(f"1..{len(cases) + 6}", flush=True)
    without = driver.missing()
    os.makedirs(OUTPUT, exist_ok=True)
    home = None
    failed = without is not None
    studio = None
    reason = f"{without} is not installed"
    if not without:
        home = tempfile.mkdtemp(prefix="dh-studio-")
        add_viewer(home)
        studio = driver.Studio(PROGRAM, ["--new"], home=home)
    for number, case in enumerate(cases, 1):
        name = case.__name__[5:]
        if failed:
            print(f"ok {number} {name} # SKIP {reason}", flush=True)
            continue
        try:
            case(studio)
            assert studio.program.poll() is None, "the studio ended"
            print(f"ok {number} {name}", flush=True)
        except Exception as error:
            if "comes without the demo" in (studio.text() if studio else ""):
                failed, reason = True, "this build comes without the demo"
                print(f"ok {number} {name} # SKIP {reason}", flush=True)
                continue
            print(f"not ok {number} {name}", flush=True)
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)
            studio.screenshot(f"{OUTPUT}/failed-{name}.png")
    if studio:
        studio.close()
    number = len(cases) + 1
    if failed:
        print(f"ok {number} silence # SKIP {reason}", flush=True)
    else:
        found = studio.complaints()
        print(f"{'not ok' if found else 'ok'} {number} silence", flush=True)
        print("".join(f"# {line}\n" for line in found), end="", flush=True)
    shared = os.path.isdir(os.path.join(SHARED, "data", "smiyc"))
    without = None if shared else "DH_SHARED/data/smiyc is not there"
    alone = [(test_own_keys, None), (test_large_text, None), (test_large_text_on_small_screen, None),
             (test_decimal_comma, None), (test_shared, without)]
    for case, skip in alone:
        number += 1
        name = case.__name__[5:]
        if failed or skip:
            print(f"ok {number} {name} # SKIP {reason if failed else skip}", flush=True)
            continue
        try:
            case()
            print(f"ok {number} {name}", flush=True)
        except Exception:
            print(f"not ok {number} {name}", flush=True)
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)
    if home:
        shutil.rmtree(home, ignore_errors=True)


main()
