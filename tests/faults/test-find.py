#!/usr/bin/env python3
"""What is found in images without labels: of a recording and of a folder, broken images, full disks, Ctrl-C."""
import csv
import json
import os
import shutil
import signal
import subprocess

from faults import PROGRAM, WEIGHTS, case, end_by, finish, refuses, run, top, until, until_it_hears

EASY = ("--params", WEIGHTS, "--threshold", -1e9, "--min-area", 1)


def record(name, size="64x48", seconds=2, rate=10, options=("-c:v", "ffv1")):
    path = top / name
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}",
                    *options, str(path)], check=True)
    return path


def rows(folder):
    with open(folder / "found.csv", newline="") as file:
        return list(csv.DictReader(file))


drive = record("drive.mkv")


@case("find: a recording is followed, its images come back as they were")
def _():
    code, out, err, _ = run("find", drive, *EASY, "--out", top / "drive", "--images", "--json")
    told = json.loads(out)
    # With a threshold below all scores each frame is one region.
    assert code == 0 and told["found"] == 1 and told["images"] == 20 and told["finds"][0]["images"] == 20, (out, err)
    assert [row["frame"] for row in rows(top / "drive")] == [str(i) for i in range(20)]
    assert (top / "drive" / "found.html").read_text().count("<figure>") == 1
    frame = told["finds"][0]["highest"]["frame"]
    code, _, err, _ = run("frames", drive, "--out", top / "frames", "--quiet")
    name = f"drive_{frame:06}.png"
    assert code == 0 and os.listdir(top / "drive" / "images") == [name], err
    same = subprocess.run(["compare", "-metric", "AE", top / "frames" / name, top / "drive" / "images" / name, "null:"])
    assert same.returncode == 0, frame


@case("find: every image that is asked for is met again, with an index and without")
def _():
    for path in drive, record("drive.ts", options=("-c:v", "mpeg2video", "-q:v", "2")):
        out = top / f"all-{path.suffix[1:]}"
        code, told, err, _ = run("find", path, *EASY, "--singly", "--every", 3, "--out", out, "--images", "--json")
        assert code == 0 and json.loads(told)["written_images"] == 7, (told, err)
        assert len(os.listdir(out / "images")) == 7


@case("find: where frames do not come at one rate, the images are those that were searched")
def _():
    bursts = record("bursts.mp4", seconds=8, rate=60, options=("-vf", "select='lt(mod(t,4),1)+not(mod(n,20))'", "-vsync",
                                                               "vfr", "-c:v", "mpeg4", "-q:v", "2"))
    code, _, err, _ = run("frames", bursts, "--out", top / "third", "--every", 3, "--quiet")
    assert code == 0, err
    code, told, err, _ = run("find", bursts, *EASY, "--singly", "--every", 3, "--out", top / "bursts", "--images", "--json")
    frames = sorted(path.name for path in (top / "third").glob("*.png"))
    assert code == 0 and json.loads(told)["written_images"] == len(frames) > 10, (told, err)
    for name in frames:
        same = subprocess.run(["compare", "-metric", "AE", top / "third" / name, top / "bursts" / "images" / name, "null:"],
                              stderr=subprocess.DEVNULL)
        assert same.returncode == 0, name


@case("find: frames in a folder are a sequence, other images are not unless it is said")
def _():
    for words, found in ((), 1), (("--singly",), 20):
        code, out, err, _ = run("find", top / "frames", *EASY, "--out", top / "again", "--json", *words)
        assert code == 0 and json.loads(out)["found"] == found, (words, out, err)
    (top / "mine").mkdir()
    for i in range(4):
        shutil.copy(top / "frames" / f"drive_{i:06}.png", top / "mine")
    for words, found in ((), 4), (("--sequence",), 1), (("--sequence", "--min-images", 5), 0):
        code, out, err, _ = run("find", top / "mine", *EASY, "--out", top / "again", "--json", *words)
        assert code == 0 and json.loads(out)["found"] == found, (words, out, err)


@case("find: where nothing is looked for nothing is found, and half of an image is half of it")
def _():
    code, out, err, _ = run("find", top / "mine", *EASY, "--out", top / "half", "--ignore-region", "bottom:50%", "--json")
    assert code == 0, err
    assert {(one["y"], one["height"], one["area"]) for one in json.loads(out)["finds"]} == {(0, 24, 64 * 24)}


@case("find: an image that is broken is left out and named, the others are searched")
def _():
    (top / "mine" / "broken.png").write_bytes((top / "mine" / "drive_000000.png").read_bytes()[:300])
    code, out, err, _ = run("find", top / "mine", *EASY, "--out", top / "left", "--images", "--json")
    told = json.loads(out)
    assert code == 1 and told["left_out"] == 1 and told["images"] == 4 and "broken.png" in err, (out, err)
    assert sorted(os.listdir(top / "left" / "images")) == [f"drive_{i:06}.png" for i in range(4)]
    (top / "mine" / "broken.png").unlink()
    code, out, err, _ = run("dataset", "check", "--dataroot", top / "left", "--json")
    assert code == 0 and json.loads(out)["images"] == 4, (out, err)


@case("find: a folder that cannot be written is told before anything is searched")
def _():
    (top / "mine" / "broken.png").write_bytes((top / "mine" / "drive_000000.png").read_bytes()[:300])
    (top / "plain").write_text("")
    (top / "locked").mkdir(mode=0o555)
    # Root may write everywhere but below what is no folder.
    for out in [top / "plain" / "sub"] + [top / "locked"] * (os.geteuid() != 0):
        code, _, err, _ = run("find", top / "mine", *EASY, "--out", out)
        assert code == 1 and str(out.parent) in err and "left out" not in err, err
    (top / "mine" / "broken.png").unlink()


@case("find: a threshold that a rule chose on a run of these weights, and of no others")
def _():
    scenes, db = top / "scenes", top / "find.db"
    code, _, err, _ = run("demo-scenes", "--out", scenes, "--count", 16, "--quiet")
    assert code == 0, err
    code, _, err, _ = run("eval-ood", "--dataset", "street-hazards", "--dataroot", scenes, "--folder", top / "run", "--params",
                          "demo", "--db", db, "--quiet")
    assert code == 0, err
    code, out, err, _ = run("report", "--run", 1, "--db", db, "--threshold", "fa1@1", "--format", "json", "--out", "-")
    assert code == 0, err
    value = json.loads(out)["runs"][0]["thresholds"][0]["value"]
    code, out, err, _ = run("find", scenes, "--split", "test", "--params", "demo", "--threshold", "fa1@1", "--db", db, "--out",
                            top / "ruled", "--json")
    assert code == 0 and json.loads(out)["threshold"] == value, (out, value, err)
    assert "at most 1 false alarm an image" in (top / "ruled" / "found.html").read_text()
    ask = ("find", top / "mine", "--out", top / "none", "--db", db, "--threshold")
    code, _, err, _ = run("weights", "convert", "demo", top / "other.pth", "--quiet")
    assert code == 0, err
    refuses((*ask, "fa1@1", "--params", top / "other.pth"), "other weights", status=2)
    refuses((*ask, "best-f1@7", "--params", "demo"), "7")
    refuses((*ask, "best@1", "--params", "demo"), "best@1", status=2)
    assert not (top / "none").exists()


@case("find: a full disk leaves what lay there")
def _():
    out = top / "full"
    out.mkdir()
    (out / "found.html").write_text("before")
    refuses(("find", drive, *EASY, "--out", out, "--quiet"), "found", limit_file=700)
    assert (out / "found.html").read_text() == "before" and not list(out.glob("*.part-*"))


def stand_in(frames, then):
    """In the decoder's place: black frames, then a mark that they were taken, then something else."""
    path, mark = top / "stand-in", top / "taken"
    mark.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\nhead -c {frames * 64 * 48 * 3} /dev/zero\ntouch '{mark}'\n{then}\n")
    path.chmod(0o755)
    return mark, {"DH_FFMPEG": str(path), "DH_FFPROBE": shutil.which("ffprobe")}


@case("find: Ctrl-C leaves what was found by then")
def _():
    # More frames than a pipe and all that wait for the network hold: some were searched.
    mark, env = stand_in(1000, "exec sleep 100000")
    out = top / "half-way"
    process = subprocess.Popen([PROGRAM, "find", drive, *map(str, EASY), "--out", out], env={**os.environ, **env},
                               stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    until(mark.exists)
    until_it_hears(process, signal.SIGINT)
    _, err, _ = end_by(process, signal.SIGINT)
    assert process.returncode == 130 and "what was found in the first" in err, (process.returncode, err)
    assert rows(out) and "there are more" in (out / "found.html").read_text()


@case("find: a recording that breaks off in the middle leaves what was found by then")
def _():
    _, env = stand_in(7, "exit 1")
    out = top / "broken-off"
    code, told, err, _ = run("find", drive, *EASY, "--out", out, env=env)
    assert code == 1 and "1 found in 7 images" in told and "drive.mkv" in err, (code, told, err)
    assert rows(out) and "there are more" in (out / "found.html").read_text()


@case("find: what does not fit is told")
def _():
    ask = ("find", drive, "--params", WEIGHTS, "--threshold", 0)
    refuses(("find", drive, "--params", WEIGHTS, "--out", top / "x"), "--threshold is missing", status=2)
    refuses(ask, "--out is missing", status=2)
    refuses(("find", "--out", top / "x"), "no recording or folder", status=2)
    refuses((*ask, "--out", drive), "is a file", status=2)
    refuses((*ask, "--out", top / "x", "--score", "segmentation"), "segmentation", status=2)
    refuses((*ask, "--out", top / "x", "--sort", "size"), "size", status=2)
    refuses((*ask, "--out", top / "x", "--min-area", 0), "--min-area", status=2)
    refuses((*ask, "--out", top / "x", "--min-images", 2, "--singly"), "--sequence", status=2)
    refuses((*ask, "--out", top / "drive", "--images"), "holds something", status=2)
    mine = ("find", top / "mine", "--params", WEIGHTS, "--threshold", 0, "--images", "--out")
    for out in top / "mine", top / "mine" / "new" / "found", top / "frames" / ".." / "mine" / "found":
        refuses((*mine, out), "lies in", status=2)
    refuses((*ask, "--out", top / "x", "--ignore-region", "bottom:100%"), "bottom", status=2)
    refuses(("find", top / "nothing", "--params", WEIGHTS, "--threshold", 0, "--out", top / "x"), "no such file")
    assert not (top / "x").exists()


finish()
