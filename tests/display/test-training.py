#!/usr/bin/env python3
"""A training from the window: test-training.py STUDIO DENSEHYBRID OUTPUT-FOLDER. Writes TAP.

Started, watched, paused, gone on with, killed, found lost, gone on with, found again by a studio started anew, finished,
and its best checkpoint opened in Browse: with pointer and keys alone. The training is a small one on generated scenes,
of as many steps as this machine does in some seconds.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from urllib.request import pathname2url

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

STUDIO, PROGRAM, OUTPUT = sys.argv[1:4]
SECONDS = 10
# What may pass without any sign of life, on a machine that does other work too.
PATIENCE = 120 * float(os.environ.get("DH_TEST_PATIENCE", "20")) / 20
# Where things lie in a window of 1400×900.
RECIPE, DATA, NEGATIVES = (290, 152), (300, 226), (300, 262)
ADD = (215, 842)
PAGE_BOX = (710, 28, 3, 3)  # of the button of this page, beside its name
ADD_BOX, TOAST_BOX = (60, 828, 308, 28), (620, 790, 520, 50)
ROW_Y, LAST_BUTTON_X, BUTTON = 112, 1359, 24
CHART = (400, 180, 310, 220)
# In one of 1400×1100, which shows the form down to there without scrolling.
TALL, PRECISION, TALL_ADD = (1400, 1100), (318, 704), (215, 1042)


class Training:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="dh-training-")
        self.scenes = f"{self.home}/scenes"
        self.runs = f"{self.home}/data/densehybrid/trainings"
        self.studio = None
        self.complaints = set()
        subprocess.run([PROGRAM, "demo-scenes", "--out", self.scenes, "--count", "16", "--width", "128", "--height", "64",
                        "--quiet"], check=True, stdout=subprocess.DEVNULL)
        self.recipe = f"{self.home}/tiny.json"
        self.write_recipe(40)
        self.write_recipe(self.count_steps())
        self.write_settings()

    def write_recipe(self, steps):
        with open(self.recipe, "w") as file:
            json.dump({"name": "tiny", "architecture": "ldn-tiny", "dataset": "street-hazards-full", "negatives": True,
                       "batch": 2, "crop": 64, "epochs": 2, "steps": steps, "rate": 2e-3, "rate_min": 1e-5,
                       "negative_side": 64, "negative_crop": 48, "selection": "ap", "checkpoint_seconds": 1}, file)

    def count_steps(self):
        """Steps of an epoch, so that both take about SECONDS: by the quicker ones of some, whatever else the machine
        does while they are done."""
        subprocess.run([PROGRAM, "train", self.recipe, "--dataroot", self.scenes, "--neg_dataroot",
                        f"{self.scenes}/negatives", "--exp_name", "trial", "--runs", self.home, "--stop_after", "40",
                        "--db", f"{self.home}/trial.db", "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds = [event["seconds"] for event in self.events(f"{self.home}/trial") if event["event"] == "step"]
        return max(10, int(SECONDS / 2 / max(sorted(seconds)[len(seconds) // 4], 0.0005)))

    def write_settings(self):
        """As if these had been used before: they stand in the menus."""
        os.makedirs(f"{self.home}/config/densehybrid")
        url = "file://" + pathname2url(self.home)
        with open(f"{self.home}/config/densehybrid/studio.ini", "w") as file:
            file.write(f"[training-recent]\nrecipe={url}/tiny.json;\ndata={url}/scenes;\n"
                       f"negatives_folder={url}/scenes/negatives;\n")

    def form(self):
        with open(f"{self.home}/config/densehybrid/studio.ini") as file:
            line = next((line for line in file if line.startswith("form=")), "form={}")
        return json.loads(line[len("form="):].replace("\\s", " ").replace("\\\\", "\\"))

    def folder(self):
        return f"{self.runs}/{os.listdir(self.runs)[0]}"

    def events(self, folder=None):
        with open(f"{folder or self.folder()}/log.jsonl", "rb") as file:
            return [json.loads(line) for line in file.read().split(b"\n")[:-1]]

    def signs(self):
        """What changes as long as training and studio get on."""
        return os.path.getsize(f"{self.folder()}/log.jsonl"), len(self.studio.text())

    def wait(self, ready, what):
        until(ready, what, self.signs)

    def say(self, pattern, mark=0):
        """Waits for a line of the studio's."""
        until(lambda: re.compile(pattern).search(self.studio.text(), mark), f"{pattern!r} in the studio's log",
              self.signs)

    def step(self):
        return max((event["step"] for event in self.events() if event["event"] == "step"), default=0)

    def pid(self):
        """As the lock says, which is written anew now and then."""
        for _ in range(100):
            try:
                with open(f"{self.folder()}/job.lock") as file:
                    return json.loads(file.read().strip("\0 \n"))["pid"]
            except ValueError:
                time.sleep(0.05)
        raise AssertionError("the lock cannot be read")

    @contextlib.contextmanager
    def held(self):
        """The trainer stands still: what is looked at meanwhile may take its time."""
        pid = self.pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def start(self, size=(1400, 900)):
        self.studio = driver.Studio(STUDIO, ["--new"], home=self.home, size=size)
        self.studio.settle()
        self.studio.key("ctrl+3")
        self.studio.settle(1)

    def close_studio(self):
        self.studio.close()
        self.complaints.update(self.studio.complaints())

    def click_button(self, from_right):
        """A button of the first row of the list."""
        self.studio.click(LAST_BUTTON_X - from_right * BUTTON, ROW_Y)


def press(training, from_right, pattern, mark):
    """A button of the row, until what it does is told; a loaded machine may let a click fall beside."""
    for tries in range(4):
        training.click_button(from_right)
        try:
            until(lambda: re.compile(pattern).search(training.studio.text(), mark), pattern, quiet=PATIENCE / 4)
            return
        except AssertionError:
            print(f"# pressed {tries + 1} times without an answer", flush=True)
            training.studio.move(700, 890)
            training.studio.settle(1)
    raise AssertionError(f"{pattern!r}: the button does nothing")


def press_held(training, from_right, number):
    """A button that sends a signal to the trainer, which stands still until that has come: a loaded machine may let a
    click fall beside, and the training must not end meanwhile."""
    with training.held():
        for tries in range(4):
            training.click_button(from_right)
            try:
                until(lambda: is_pending(training.pid(), number), "the signal", quiet=PATIENCE / 4)
                return
            except AssertionError:
                print(f"# pressed {tries + 1} times without a signal", flush=True)
                training.studio.move(700, 890)
                training.studio.settle(1)
    raise AssertionError(f"no signal {number}: the button does nothing")


def is_pending(pid, number):
    """A signal that a process which stands still has not had yet."""
    with open(f"/proc/{pid}/status") as file:
        masks = [int(line.split()[1], 16) for line in file if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


def until(ready, what, signs=None, quiet=PATIENCE, most=50 * 60):
    """Waits as long as something goes on: `signs` gives what changes while it does. A loaded machine may be slow; one
    on which nothing changes for `quiet` seconds stands still."""
    start = changed = time.monotonic()
    last = None
    while time.monotonic() - changed < quiet and time.monotonic() - start < most:
        try:
            if ready():
                return
        except (OSError, ValueError, IndexError, KeyError):
            pass
        try:
            now = signs() if signs else None
        except (OSError, IndexError):
            now = None
        if now != last:
            last, changed = now, time.monotonic()
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {time.monotonic() - start:.0f} s; the last sign of life "
                         f"{time.monotonic() - changed:.0f} s ago")


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def choose(training, place, downs, field, value):
    """An entry of a menu; a loaded machine may be slow to open it."""
    studio = training.studio
    for _ in range(4):
        studio.click(*place)
        studio.settle(1)
        studio.key(*["Down"] * downs, "Return")
        try:
            until(lambda: training.form().get(field) == value, field, quiet=PATIENCE / 8)
            return
        except AssertionError:
            studio.screenshot(f"{OUTPUT}/training-menu.png")
            studio.key("Escape")
    raise AssertionError(f"{field} was not chosen: {training.form().get(field)}")


def add(training, place, told):
    """The button answers once the check has ended; pressed twice, it adds two."""
    mark = len(training.studio.text())
    for _ in range(20):
        training.studio.settle(2, most=driver.FOR_EVER)
        training.studio.click(*place)
        try:
            until(lambda: re.compile(told).search(training.studio.text(), mark), told, quiet=PATIENCE / 4)
            return
        except AssertionError:
            print("# the button does not answer", flush=True)
    raise AssertionError("the button does nothing")


def test_toast(training):
    """What is said of a data set that was opened, at length, leaves the button of the form free."""
    both = f"{training.home}/both"
    other = f"{both}/a street set of quite another kind/dataset_AnomalyTrack/images"
    shutil.copytree(training.scenes, f"{both}/scenes")
    os.makedirs(other)
    shutil.copy(f"{training.scenes}/test/images/test/t5/00000.png", f"{other}/validation0.png")
    for tries in range(12):
        studio = training.studio = driver.Studio(STUDIO, [both], home=f"{training.home}/toast-{tries}")
        studio.wait(r"studio: opened ")
        studio.xdotool("key", "ctrl+3")
        # A toast does not wait for the machine to rest: what is seen is judged when it is known how it looks without.
        seen, end = [], time.monotonic() + 7
        while time.monotonic() < end:
            seen.append([studio.pixels(*part) for part in (PAGE_BOX, TOAST_BOX, ADD_BOX)])
            if len(seen) == 4:
                studio.screenshot(f"{OUTPUT}/training-toast.png")
            time.sleep(0.2)
        studio.settle(2)
        page, toast, button = [studio.pixels(*part) for part in (PAGE_BOX, TOAST_BOX, ADD_BOX)]
        beside = [at_once[2] for at_once in seen if at_once[0] == page and at_once[1] != toast]
        if beside:  # or this machine was too slow to see it
            break
        training.close_studio()
    else:
        raise AssertionError("no toast was seen")
    assert beside[-1] == button, "it covers the button"


def test_start(training):
    training.close_studio()
    training.start()
    choose(training, RECIPE, 3, "recipe", training.recipe)
    choose(training, DATA, 0, "data", training.scenes)
    choose(training, NEGATIVES, 0, "negatives_folder", f"{training.scenes}/negatives")
    add(training, ADD, r"studio: trainings 1 ")
    training.say(r"studio: trainings 1 running")


def test_watch(training):
    studio = training.studio
    studio.move(700, 890)
    empty = studio.pixels(*CHART)
    training.wait(lambda: training.step() >= 3, "three steps")
    with training.held():
        training.wait(lambda: studio.pixels(*CHART) != empty, "a curve in the chart")
        studio.settle(1)
        before, step = studio.pixels(*CHART), training.step()
    training.wait(lambda: training.step() > step, "one more step")
    with training.held():
        training.wait(lambda: studio.pixels(*CHART) != before, "the curve to grow")
        studio.screenshot(f"{OUTPUT}/training.png")


def test_pause(training):
    studio = training.studio
    mark = len(studio.text())
    press_held(training, 1, signal.SIGUSR1)
    training.say(r"studio: trainings 1 paused", mark)
    training.wait(lambda: training.events()[-1]["event"] == "pause", "the pause in the log")
    step = training.step()
    studio.settle(1.5)
    assert training.step() == step, "steps were done in a pause"
    studio.screenshot(f"{OUTPUT}/training-paused.png")
    mark = len(studio.text())
    press(training, 1, r"studio: trainings 1 running", mark)
    training.wait(lambda: training.step() > step, "a step after the pause")


def test_kill(training):
    studio = training.studio
    training.wait(lambda: any(event["event"] == "checkpoint" for event in training.events()), "a checkpoint")
    mark, step = len(studio.text()), training.step()
    os.kill(training.pid(), signal.SIGKILL)
    training.say(r"studio: trainings 1 lost", mark)
    studio.settle()
    studio.screenshot(f"{OUTPUT}/training-lost.png")
    mark = len(studio.text())
    press(training, 2, r"studio: trainings 1 (queued|running)", mark)
    training.say(r"studio: trainings 1 running", mark)
    training.wait(lambda: training.step() > step, "steps after going on")


def test_power_cut(training):
    """Window and trainer are killed at once, and the next window in the middle of finding out: it is lost, and goes on."""
    training.wait(lambda: any(event["event"] == "checkpoint" for event in training.events()), "a checkpoint")
    step, pid = training.step(), training.pid()
    os.kill(training.studio.program.pid, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    training.close_studio()
    training.studio = driver.Studio(STUDIO, ["--new"], home=training.home)
    os.kill(training.studio.program.pid, signal.SIGKILL)
    training.close_studio()
    training.start()
    training.say(r"studio: trainings 1 lost")
    mark = len(training.studio.text())
    press(training, 2, r"studio: trainings 1 (queued|running)", mark)
    training.say(r"studio: trainings 1 running", mark)
    training.wait(lambda: training.step() > step, "steps after going on")
    assert training.pid() != pid


def test_again(training):
    pid = training.pid()
    training.close_studio()
    assert is_alive(pid) or training.events()[-1]["event"] == "end", "the training ended with the studio"
    training.start()
    training.say(r"studio: trainings 1 (running|done)")
    assert training.pid() == pid, "another process was started"


def test_finish(training):
    studio = training.studio
    training.say(r"studio: trainings 1 done")
    events = training.events()
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [1, 2]
    steps = [event["step"] for event in events if event["event"] == "step"]
    assert set(steps) == set(range(1, steps[-1] + 1)), "steps are missing"
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/training-done.png")


def test_browse(training):
    studio = training.studio
    press(training, 1, r"studio: loaded model_best\.pth, ldn-tiny", len(studio.text()))
    training.say(r"studio: opened StreetHazards")
    training.say(r"studio: shows \S+, maps")
    studio.screenshot(f"{OUTPUT}/training-browse.png")


def test_runs(training):
    """The training is in the list of all runs; opened, it leads to its curves, and its button to Browse."""
    studio = training.studio
    studio.key("ctrl+3")
    studio.settle(1)
    studio.move(700, 890)
    studio.settle(1)
    curves, shown = studio.pixels(*CHART), studio.pixels(*PAGE_BOX)
    studio.key("ctrl+4")
    studio.until(lambda: studio.pixels(*CHART) != curves, "no page of runs")
    studio.settle(1.5)
    studio.screenshot(f"{OUTPUT}/training-runs.png")
    # A training's charts are given as much room as they need, in a small window too.
    for size in ((1000, 700), (800, 600), (1400, 900)):
        studio.resize(*size)
        studio.settle(1.5)
        studio.screenshot(f"{OUTPUT}/training-runs-{size[0]}x{size[1]}.png")
    assert "runs: the page needs" not in studio.text(), "the page of runs is cut off"
    for _ in range(20):  # on a busy machine, two clicks can come too late for one double click
        studio.click(300, 191, count=2)
        studio.move(700, 890)
        studio.settle(1.5)
        if studio.pixels(*PAGE_BOX) == shown:
            break
    training.wait(lambda: studio.pixels(*CHART) == curves, "the curves of the training")
    studio.key("ctrl+4")
    studio.settle(1)
    mark = len(studio.text())
    studio.click(1290, 75)
    training.say(r"studio: loaded model_best\.pth, ldn-tiny", mark)


def test_elsewhere(training):
    """One that the command line began ends while another page is shown: it is told there, letter by letter, and
    nothing complains that there is no session bus to tell the desktop by."""
    studio = training.studio
    studio.key("ctrl+1")
    mark, before = len(studio.text()), set(studio.complaints())
    name = "a <b>bold & <i>one"
    told = subprocess.run([PROGRAM, "train", training.recipe, "--dataroot", training.scenes, "--neg_dataroot",
                           f"{training.scenes}/negatives", "--exp_name", name, "--runs", training.runs, "--stop_after",
                           "4", "--db", f"{training.home}/data/densehybrid/densehybrid.db"],
                          check=True, capture_output=True, text=True).stdout
    assert "stopped behind step 4 as asked" in told, told
    training.say(r"studio: trainings .*1 cancelled", mark)
    studio.settle(1)
    studio.screenshot(f"{OUTPUT}/training-elsewhere.png")
    found = set(studio.complaints()) - before
    assert not found, found


def test_precision(training):
    """What the form's precision is, the job's row, its command line and the trainer's configuration say, too."""
    devices = json.loads(subprocess.run([PROGRAM, "devices", "--json"], check=True, capture_output=True).stdout)
    first = next(device for device in devices["devices"] if device["available"])
    short = "bf16" in first["precisions"]
    training.close_studio()
    training.start(TALL)
    studio = training.studio
    studio.screenshot(f"{OUTPUT}/training-form.png")
    if short:
        choose(training, PRECISION, first["precisions"].index("bf16"), "precision", "bf16")
    database = f"{training.home}/data/densehybrid/densehybrid.db"
    mark = len(studio.text())
    add(training, TALL_ADD, r"studio: trainings .*1 (queued|running)")
    training.say(r"studio: trainings .*1 running", mark)
    studio.screenshot(f"{OUTPUT}/training-precision.png")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        precision, command, folder = connection.execute(
            "SELECT precision, command, folder FROM jobs ORDER BY id DESC LIMIT 1").fetchone()
    assert precision == ("bf16" if short else "f32"), precision
    assert ("--precision bf16" in command) == short, command
    until(lambda: any(event["event"] == "step" for event in training.events(folder)), "a step", training.signs)
    with open(f"{folder}/config.json") as file:
        assert json.load(file)["precision"] == precision
    training.say(r"studio: trainings .*2 done", mark)


def end_trainer(training):
    """Whatever a failed case left running, by its own number and only if it is ours."""
    try:
        pid = training.pid()
        with open(f"/proc/{pid}/cmdline") as file:
            if training.home in file.read():
                os.kill(pid, signal.SIGKILL)
    except (OSError, ValueError, IndexError, KeyError):
        pass


def main():
    cases = [test_toast, test_start, test_watch, test_pause, test_kill, test_power_cut, test_again, test_finish, test_browse,
             test_runs, test_elsewhere, test_precision]
    print(f"1..{len(cases) + 1}", flush=True)
    without = driver.missing()
    os.makedirs(OUTPUT, exist_ok=True)
    training = None if without else Training()
    failed = None
    for number, case in enumerate(cases, 1):
        name = case.__name__[5:]
        if without or failed:
            reason = f"# SKIP {without} is not installed" if without else f"# after {failed}"
            print(f"{'ok' if without else 'not ok'} {number} {name} {reason}", flush=True)
            continue
        try:
            case(training)
            assert training.studio.program.poll() is None, "the studio ended"
            print(f"ok {number} {name}", flush=True)
        except Exception:
            failed = name
            print(f"not ok {number} {name}", flush=True)
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)
            if training.studio:
                training.studio.screenshot(f"{OUTPUT}/failed-training-{name}.png")
    if without:
        print(f"ok {len(cases) + 1} silence # SKIP {without} is not installed", flush=True)
    if training:
        if training.studio:
            training.close_studio()
        found = sorted(training.complaints)
        print(f"{'not ok' if found else 'ok'} {len(cases) + 1} silence", flush=True)
        print("".join(f"# {line}\n" for line in found), end="", flush=True)
        end_trainer(training)
        shutil.rmtree(training.home, ignore_errors=True)


main()
