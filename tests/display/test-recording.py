#!/usr/bin/env python3
"""Recordings opened in the studio, with real clicks and keys: test-recording.py PROGRAM OUTPUT-FOLDER. Writes TAP."""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import driver

PROGRAM, OUTPUT = sys.argv[1:3]
# In a window of 1400×900, with the dialogue in its middle.
EVERY, TO, WRITE, STOP = (835, 374), (600, 486), (901, 255), (1373, 881)
complaints = set()


class Files:
    """Two seconds of 64×48 at ten frames a second, what is none, and a program that stands for a decoder at rest."""

    def __init__(self, top):
        self.top, self.recording, self.text, self.resting = top, f"{top}/drive.mkv", f"{top}/text.mp4", f"{top}/resting"
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=2", "-c:v", "ffv1",
                        self.recording], check=True)
        with open(self.text, "w") as file:
            file.write("no recording\n")
        with open(self.resting, "w") as file:
            file.write(f"#!/bin/sh\nhead -c {64 * 48 * 3} /dev/zero\nexec sleep 100000\n")
        os.chmod(self.resting, 0o755)


@contextlib.contextmanager
def studio_on(path, **environment):
    studio = driver.Studio(PROGRAM, [path], environment=environment)
    try:
        studio.wait(r"studio: (looked into|no recording)")
        studio.settle(1)
        yield studio
        complaints.update(studio.complaints())
    except Exception:
        studio.screenshot(f"{OUTPUT}/recording-failed.png")
        raise
    finally:
        studio.close()


def images(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".png"))


def test_all(files):
    """What is proposed will do: Return writes it, and the folder is open then."""
    with studio_on(files.recording) as studio:
        studio.screenshot(f"{OUTPUT}/recording-dialog.png")
        studio.until_told(r"studio: opened .*, 20 pictures", lambda: studio.key("Return"))
    assert images(f"{files.top}/drive-frames") == [f"drive_{i:06}.png" for i in range(20)]
    shutil.rmtree(f"{files.top}/drive-frames")


def test_every(files):
    """A number that was typed is taken by the click on the button, and the click is not lost for it."""
    with studio_on(files.recording) as studio:
        def write():
            studio.click(*EVERY)
            studio.settle(0.5)
            studio.key("ctrl+a")
            studio.xdotool("type", "5")
            studio.settle(0.5)
            studio.click(*WRITE)
        studio.until_told(r"studio: opened .*, 4 pictures", write, tries=1)
    assert images(f"{files.top}/drive-frames") == [f"drive_{i:06}.png" for i in (0, 5, 10, 15)]
    shutil.rmtree(f"{files.top}/drive-frames")


def test_to(files):
    """An end that is typed holds where the recording does not say how long it is."""
    raw = f"{files.top}/raw.h264"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2", "-c:v", "libx264", raw],
                   check=True)
    with studio_on(raw) as studio:
        def write():
            studio.click(*TO)
            studio.settle(0.5)
            studio.key("ctrl+a")
            studio.xdotool("type", "1")
            studio.settle(0.5)
            studio.screenshot(f"{OUTPUT}/recording-to.png")
            studio.click(*WRITE)
        studio.until_told(r"studio: opened .*, 25 pictures", write, tries=1)
    assert images(f"{files.top}/raw-frames") == [f"raw_{i:06}.png" for i in range(25)]
    shutil.rmtree(f"{files.top}/raw-frames")


def test_none(files):
    """It says that this is none, and cannot be told to go on."""
    with studio_on(files.text) as studio:
        studio.screenshot(f"{OUTPUT}/recording-none.png")
        studio.key("Return")
        studio.click(*WRITE)
        studio.key("Escape")
        studio.settle()
        assert "opened" not in studio.text()
    assert not os.path.exists(f"{files.top}/text-frames")


def test_absent(files):
    with studio_on(files.recording, DH_FFMPEG="/nonexistent") as studio:
        studio.screenshot(f"{OUTPUT}/recording-absent.png")
        studio.key("Return")
        studio.settle()
        assert "opened" not in studio.text()


def test_stop(files):
    """While a decoder rests; what it gave stays."""
    with studio_on(files.recording, DH_FFMPEG=files.resting, DH_FFPROBE=shutil.which("ffprobe")) as studio:
        first = f"{files.top}/drive-frames/drive_000000.png"
        studio.key("Return")
        studio.until(lambda: os.path.exists(first), "the first frame")
        studio.screenshot(f"{OUTPUT}/recording-progress.png")
        studio.press(*STOP, r"says Stopped")
    assert images(f"{files.top}/drive-frames") == ["drive_000000.png"]


def test_video(files):
    """The demo, evaluated, as a video by the main menu: what its panes show, of all its images."""
    out = f"{files.top}/video.mp4"
    studio = driver.Studio(PROGRAM, ["--demo"])
    try:
        studio.wait(r"studio: opened")
        studio.settle(2)
        studio.until_told(r"studio: evaluated 32", lambda: studio.key("ctrl+e"), tries=1)
        studio.settle(2)

        def export():
            studio.key("F10")
            studio.settle(1)
            studio.key("Down", "Down", "Return")
            studio.settle(1.5)
            studio.key("ctrl+a")
            studio.xdotool("type", "--delay", "10", out)
            studio.settle(0.8)
            studio.key("Return")

        studio.until_told(r"studio: wrote .*: a video of 32 images", export)
        studio.settle(1)
        studio.screenshot(f"{OUTPUT}/recording-video.png")
        complaints.update(studio.complaints())
    finally:
        studio.close()
    told = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames", "-of",
                           "csv=p=0", out], check=True, capture_output=True, text=True).stdout
    assert told.strip() == "h264,32", told


def main():
    cases = [test_all, test_every, test_to, test_none, test_absent, test_stop, test_video]
    print(f"1..{len(cases) + 1}", flush=True)
    os.makedirs(OUTPUT, exist_ok=True)
    missing = driver.missing() or next((name for name in ("ffmpeg", "ffprobe") if shutil.which(name) is None), None)
    reason = f"{missing} is not installed" if missing else None
    with tempfile.TemporaryDirectory(prefix="dh-recording-") as top:
        files = Files(top) if reason is None else None
        for number, case in enumerate(cases, 1):
            try:
                if reason is None:
                    case(files)
                print(f"ok {number} {case.__name__[5:]}" + (f" # SKIP {reason}" if reason else ""), flush=True)
            except Exception as error:
                print(f"not ok {number} {case.__name__[5:]}\n# {error!r}", flush=True)
    print(f"{'not ok' if complaints else 'ok'} {len(cases) + 1} no complaints of GTK", flush=True)
    print("".join(f"# {line}\n" for line in complaints), flush=True)


main()
