#!/usr/bin/env python3
"""Another method's scores imported, and runs made of others, with real clicks and keys: test-import.py PROGRAM CLI OUTPUT-FOLDER. Writes TAP.

The demo's scenes are measured by the demo's network in the command line; copies of its likelihood are the other method.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, CLI, OUTPUT = sys.argv[1:4]
# In a window of 1400×900.
IMPORT, COMBINE, COMPARE, STOP = (268, 75), (405, 75), (1185, 75), (1350, 127)
BOXES = (38, 192), (38, 219)  # of the first two runs
IMPORT_BUTTON, CANCEL = (928, 295), (470, 295)  # of the dialogue


class Set:
    """The scenes, the network's maps, and others made of them."""

    def __init__(self, top, environment):
        self.top, self.environment = top, environment
        self.cli("demo-scenes", "--out", f"{top}/scenes", "--seed", "5", "--count", "96", "--quiet")
        shutil.rmtree(f"{top}/scenes/train")  # with it, it would be another set: the whole of StreetHazards
        self.cli("eval-ood", "--dataset", "street-hazards", "--dataroot", f"{top}/scenes", "--folder", f"{top}/own", "--params",
                 "demo", "--compare", "likelihood", "--protocol", "densehybrid-pooled", "--quiet")
        shutil.copytree(f"{top}/own/eval/likelihood", f"{top}/maps/RbA")
        os.makedirs(f"{top}/maps/empty")

    def cli(self, *words):
        done = subprocess.run([CLI, *words], env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


def choose(studio, path):
    """A folder in GTK's own chooser."""
    studio.settle(1.5)
    studio.key("ctrl+l")
    studio.settle(0.5)
    studio.key("ctrl+a")
    studio.xdotool("type", "--delay", "10", path)
    studio.settle(0.8)
    studio.key("Return")
    studio.settle(2)


def import_from(studio, path):
    studio.click(*IMPORT)
    choose(studio, path)


def test_nothing(studio, data):
    """A folder without maps is told, and cannot be imported."""
    before = studio.text()
    import_from(studio, f"{data.top}/maps/empty")
    studio.screenshot(f"{OUTPUT}/import-nothing.png")
    studio.key("Return")
    studio.key("Escape")
    studio.settle()
    assert "measured" not in studio.text()[len(before):]


def test_import(studio, data):
    import_from(studio, f"{data.top}/maps/RbA")
    studio.screenshot(f"{OUTPUT}/import-dialog.png")
    studio.until_told(r"says RbA: \d+ images? measured", lambda: studio.key("Return"))
    studio.settle(3)
    studio.screenshot(f"{OUTPUT}/import-done.png")
    rows = data.cli("report")
    assert len(re.findall(r" done .* RbA$", rows, re.M)) == 1, rows


def test_stop(studio, data):
    """Stopped before it ends, or just behind it: the run is there, or can be gone on with."""
    shutil.copytree(f"{data.top}/maps/RbA", f"{data.top}/maps/slow")
    import_from(studio, f"{data.top}/maps/slow")

    def begin_and_stop():
        studio.key("Return")
        studio.click(*STOP)

    said = studio.until_told(r"says (Stopped|slow: \d+ images? measured)", begin_and_stop).group(1)
    studio.settle(3)
    states = re.findall(r"\b(done|cancelled)\b.* slow$", data.cli("report"), re.M)
    assert said != "Stopped" or states in ([], ["cancelled"]), (said, states)
    import_from(studio, f"{data.top}/maps/slow")
    studio.until_told(r"says slow: \d+ images? measured", lambda: studio.key("Return"))
    studio.settle(3)


def test_compare(studio, data):
    """The two newest runs, in Browse."""
    for box in BOXES:
        studio.settle(1)
        red, green, blue = studio.pixels(box[0] - 7, box[1] - 6, 1, 1)  # ticked: blue
        if blue < red + 40:
            studio.click(*box)
    studio.settle(1.5)
    studio.screenshot(f"{OUTPUT}/import-two.png")
    mark = len(studio.text())
    first = studio.press(*COMPARE, r"run (\d+) beside \S+").group(1)
    studio.wait(rf"run (?!{first}\b)\d+ beside \S+", after=mark)
    assert "beside" in studio.text()[mark:] and "error" not in studio.text()[mark:]
    studio.settle(2)
    studio.screenshot(f"{OUTPUT}/import-compared.png")


def test_combine(studio, data):
    """Of the two that are chosen, a method's scores among them: by their deviation, as the dialogue suggests."""
    studio.key("ctrl+4")
    studio.settle(2)
    studio.click(*COMBINE)
    studio.settle(2)
    studio.screenshot(f"{OUTPUT}/combine-dialog.png")
    studio.until_told(r"says Mean of runs \d+, \d+: \d+ images measured", lambda: studio.key("Return"))
    studio.settle(3)
    studio.screenshot(f"{OUTPUT}/combine-done.png")
    run = re.search(r"^ *(\d+)  done .* Mean of runs \d+, \d+$", data.cli("report"), re.M).group(1)
    made = json.loads(data.cli("report", "--run", run, "--format", "json", "--out", "-"))["runs"][0]["summary"]["combined"]
    assert (made["how"], made["standardised"], len(made["of"])) == ("mean", "deviation", 2), made


def test_metrics(studio, data):
    studio.key("ctrl+2")
    studio.settle(2)
    studio.screenshot(f"{OUTPUT}/import-metrics.png")
    for width, name in ((760, "middle"), (500, "narrow")):
        studio.resize(width, 760)
        studio.key("ctrl+2")
        studio.settle(1)
        studio.screenshot(f"{OUTPUT}/import-metrics-{name}.png")
        studio.key("ctrl+4")
        studio.settle(1.5)
        studio.screenshot(f"{OUTPUT}/import-{name}.png")
        right = studio.pixels(width, 300, 1, 1)
        assert max(right) < 30, "the window is wider than it was made"
    needs = re.findall(r"runs: the page needs (\d+) px and has (\d+)", studio.text())
    assert not needs, needs
    studio.resize(1400, 900)


def test_left_out(studio, data):
    """What warns of a picture that was left out stays, and leaves the toolbar free: the next import is begun there."""
    shutil.copytree(f"{data.top}/maps/RbA", f"{data.top}/maps/part")
    folder, _, files = next(one for one in os.walk(f"{data.top}/maps/part") if one[2])
    os.remove(f"{folder}/{sorted(files)[0]}")
    studio.settle(1.5)
    import_from(studio, f"{data.top}/maps/part")
    studio.until_told(r"(says|error) part", lambda: studio.key("Return"))
    studio.until(lambda: re.search(r" done .* part$", data.cli("report"), re.M), "the part's run")
    studio.settle(3)
    studio.screenshot(f"{OUTPUT}/import-left-out.png")
    shutil.copytree(f"{data.top}/maps/RbA", f"{data.top}/maps/next")
    import_from(studio, f"{data.top}/maps/next")
    studio.until_told(r"says next: \d+ images? measured", lambda: studio.key("Return"))


def test_remove(studio, data):
    """All that are chosen go, not only the two that are compared."""
    runs = lambda: re.findall(r"^ *(\d+)  ", data.cli("report"), re.M)
    assert len(runs()) > 2, runs()
    studio.settle(2)
    studio.click(500, 219)
    studio.settle(1)
    studio.key("ctrl+a")
    studio.settle(1)
    studio.key("Delete")
    studio.settle(1.5)
    studio.screenshot(f"{OUTPUT}/import-remove.png")
    studio.key("alt+r")
    studio.until(lambda: not runs(), "no run")


def main():
    cases = [test_nothing, test_import, test_stop, test_compare, test_combine, test_metrics, test_left_out, test_remove]
    print(f"1..{len(cases) + 1}", flush=True)
    os.makedirs(OUTPUT, exist_ok=True)
    reason = f"{driver.missing()} is not installed" if driver.missing() else None
    studio = data = None
    if reason is None:
        home = tempfile.mkdtemp(prefix="dh-import-")
        environment = dict(os.environ, XDG_DATA_HOME=f"{home}/data", XDG_CACHE_HOME=f"{home}/cache", XDG_CONFIG_HOME=f"{home}/config")
        data = Set(home, environment)
        studio = driver.Studio(PROGRAM, [f"{home}/scenes"], home=home)
        studio.wait(r"studio: opened")
        studio.settle(2)
        studio.key("ctrl+4")
        studio.settle(2)
    driver.run_cases(cases, (studio, data), reason, OUTPUT, "import-failed")
    if reason is None:
        complaints = studio.complaints()
        print(f"{'not ok' if complaints else 'ok'} {len(cases) + 1} no complaints of GTK", flush=True)
        print("".join(f"# {line}\n" for line in complaints), flush=True)
        studio.close()
        shutil.rmtree(home, ignore_errors=True)
    else:
        print(f"ok {len(cases) + 1} no complaints of GTK # SKIP {reason}", flush=True)


main()
