#!/usr/bin/env python3
"""What is found in images without labels: of a recording and of a folder, broken images, full disks, Ctrl-C."""
import array
import csv
import json
import math
import os
import re
import shutil
import signal
import sqlite3
import subprocess

from faults import PROGRAM, WEIGHTS, case, end_by, finish, picture, png, refuses, run, top, until, until_it_hears

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
    page = (top / "ruled" / "found.html").read_text()
    assert re.search(r"at most 1 false alarm of at least [1-9][0-9]* pixels an image", page), page[:2000]
    ask = ("find", top / "mine", "--out", top / "none", "--db", db, "--threshold")
    code, _, err, _ = run("weights", "convert", "demo", top / "other.pth", "--quiet")
    assert code == 0, err
    refuses((*ask, "fa1@1", "--params", top / "other.pth"), "other weights", status=2)
    refuses((*ask, "best-f1@7", "--params", "demo"), "7")
    refuses((*ask, "best@1", "--params", "demo"), "best@1", status=2)
    assert not (top / "none").exists(), "what was refused has left a folder"


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


def raw(path, frames):
    """What a decoder gives of so many frames, no two alike."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s=64x48:r=10:d={frames / 10}",
                    "-f", "rawvideo", "-pix_fmt", "rgb24", str(path)], check=True)


def decoder(command):
    """In the decoder's place."""
    path = top / "decoder"
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
    return {"DH_FFMPEG": str(path), "DH_FFPROBE": shutil.which("ffprobe")}


def same_folder(a, b):
    names = sorted(path.relative_to(a) for path in a.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(b) for path in b.rglob("*") if path.is_file()), names
    for name in names:
        assert (a / name).read_bytes() == (b / name).read_bytes(), name


@case("find: what was interrupted or killed goes on, and ends as if it had not been")
def _():
    frames, mark = top / "frames.rgb", top / "all-taken"
    raw(frames, 1500)
    words = ("--params", WEIGHTS, "--threshold", -1e9, "--min-area", 1, "--min-images", 2, "--most", 3, "--images")
    code, _, err, _ = run("find", drive, *words, "--out", top / "at-once", "--quiet", env=decoder(f"exec cat '{frames}'"))
    assert code == 0 and not (top / "at-once" / "found.state").exists(), err

    out = top / "in-parts"
    env = {**os.environ, **decoder(f"head -c {1000 * 64 * 48 * 3} '{frames}'\ntouch '{mark}'\nexec sleep 100000")}
    ask = [PROGRAM, "find", drive, *map(str, words), "--out", out]
    process = subprocess.Popen(ask, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    until(mark.exists)
    until_it_hears(process, signal.SIGINT)
    _, err, _ = end_by(process, signal.SIGINT)
    assert process.returncode == 130 and "goes on from there" in err and rows(out), (process.returncode, err)

    # Killed where it keeps what it found, without being asked to end: a frame now and then until that has been seen.
    def kept():
        facts = (out / "found.state").stat()
        return facts.st_ino, facts.st_mtime_ns

    before = kept()
    first = int(err.split("in the first ")[1].split()[0])
    env = {**os.environ, **decoder(f"head -c {1000 * 64 * 48 * 3} '{frames}'\ntail -c +{1000 * 64 * 48 * 3 + 1} '{frames}' | "
                                   f"while dd bs={64 * 48 * 3} count=1 iflag=fullblock 2>'{top}/dd' && "
                                   f"grep -q '^1+0 records in' '{top}/dd'; do sleep 0.05; done\n"
                                   f"while [ -e '{frames}' ]; do sleep 0.1; done")}
    process = subprocess.Popen(ask, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    until(lambda: kept() != before or process.poll() is not None)
    process.kill()
    _, err = process.communicate()
    assert process.returncode == -signal.SIGKILL and f"goes on behind the first {first} images" in err, (process.returncode, err)

    refuses((*ask[1:], "--min-area", 2), "--min-area: 1", "name another --out", status=2, env=decoder(f"exec cat '{frames}'"))
    code, told, err, _ = run(*ask[1:], env=decoder(f"exec cat '{frames}'"))
    assert code == 0 and "in 1500 images" in told and "goes on behind the first" in err, (code, told, err)
    same_folder(out, top / "at-once")


@case("find: a folder that is stopped by one of its images goes on there once that is mended")
def _():
    whole, images = top / "whole-folder", top / "stopping"
    shutil.copytree(top / "frames", images)
    ask = ("find", images, "--params", WEIGHTS, "--threshold", -1e9, "--min-area", 1, "--ignore-region", top / "mask.png")
    (top / "mask.png").write_bytes(png(64, 48, 8, 0, (b"\0" + bytes([255] * 8 + [0] * 56)) * 48))
    code, _, err, _ = run(*ask, "--out", whole, "--quiet")
    assert code == 0, err
    third = sorted(images.glob("*.png"))[13]
    content = third.read_bytes()
    third.write_bytes(picture(80, 20))
    out = top / "stopped-folder"
    code, _, err, _ = run(*ask, "--out", out, "--quiet")
    assert code == 1 and "what was found in the first 13 images" in err, (code, err)
    third.write_bytes(content)
    code, _, err, _ = run(*ask, "--out", out, "--quiet")
    assert code == 0 and "goes on behind the first 13 images" in err, (code, err)
    same_folder(out, whole)
    third.write_bytes(picture(80, 20))
    code, _, err, _ = run(*ask, "--out", out, "--quiet")
    assert code == 1 and (out / "found.state").exists(), (code, err)
    third.write_bytes(content)
    before = sorted(images.glob("*.png"))[2]
    times = before.stat()
    content = before.read_bytes()
    before.write_bytes(content + b" ")
    refuses((*ask, "--out", out), "images that it searched were changed", status=2)
    before.write_bytes(content)
    os.utime(before, ns=(times.st_atime_ns, times.st_mtime_ns + 1_000_000))
    refuses((*ask, "--out", out), "images that it searched were changed", status=2)
    os.utime(before, ns=(times.st_atime_ns, times.st_mtime_ns))
    code, _, err, _ = run(*ask, "--out", out, "--quiet")
    assert code == 0 and "goes on behind the first 13 images" in err, (code, err)
    same_folder(out, whole)
    code, _, err, _ = run(*ask, "--out", out, "--quiet")
    assert code == 0 and "an earlier search found: that is replaced" in err, (code, err)
    (out / "found.state").write_bytes(b"nothing of the kind")
    code, _, err, _ = run(*ask, "--out", out, "--quiet")
    assert code == 0 and "begins anew" in err and not (out / "found.state").exists(), (code, err)
    same_folder(out, whole)


def areas(folder):
    """Of all that was found, by image."""
    sums = {}
    for row in rows(folder):
        sums[row["image"]] = sums.get(row["image"], 0) + int(row["area"])
    return sums


def map_of(folder, score, what, stem):
    return folder / "eval" / ("scores" if what == score else what) / f"{stem}.npy"


def beyond(path, low, threshold):
    """Pixels of a kept map, high where anomalous, that a threshold of the score flags."""
    content = path.read_bytes()
    values = array.array("f", content[10 + int.from_bytes(content[8:10], "little"):])
    return sum(-value < threshold if low else value > threshold for value in values if math.isfinite(value))


@case("find: the maps of a run give what the network does, and no run's images are written into its set")
def _():
    scenes, db = top / "scenes", top / "maps.db"
    code, _, err, _ = run("demo-scenes", "--out", scenes, "--count", 16, "--quiet")
    assert code == 0, err
    for score, threshold in ("hybrid", 20), ("likelihood", -20):
        folder = top / f"maps-{score}"
        code, _, err, _ = run("eval-ood", "--dataset", "street-hazards", "--dataroot", scenes, "--folder", folder, "--params",
                              "demo", "--score", score, "--db", db, "--quiet", "--compare", "max_softmax")
        assert code == 0, err
        number = {"hybrid": 1, "likelihood": 2}[score]
        for what, at in (score, threshold), ("max_softmax", 0.3):
            one, other = top / f"net-{score}-{what}", top / f"run-{score}-{what}"
            ask = ("--score", what, "--threshold", at, "--min-area", 1, "--json", "--out")
            code, told, err, _ = run("find", scenes, "--split", "test", "--params", "demo", *ask, one)
            assert code == 0 and json.loads(told)["found"] > 1, (told, err)
            code, told, err, _ = run("find", "--run", number, "--db", db, *ask, other)
            assert code == 0, err
            # Of the kept maps to the pixel; the network may round in another way where it gives other maps beside.
            kept, computed = areas(other), areas(one)
            assert len(kept) == 2 and kept.keys() == computed.keys(), (kept, computed)
            for stem, area in kept.items():
                assert area == beyond(map_of(folder, score, what, stem), what == "likelihood", at) > 0, (score, what, stem)
                assert abs(area - computed[stem]) <= 10 + area // 1000, (score, what, area, computed[stem])
            assert f">{number}, begun" in (other / "found.html").read_text()
    code, told, err, _ = run("find", "--run", 1, "--db", db, "--threshold", "best-f1@1", "--out", top / "by-rule", "--json")
    assert code == 0 and json.loads(told)["images"] > 0, err
    refuses(("find", "--run", 1, "--db", db, "--threshold", "best-f1@2", "--out", top / "none"), "hybrid")
    refuses(("find", "--run", 1, "--db", db, "--threshold", 0, "--score", "entropy", "--out", top / "none"), "kept no entropy")
    refuses(("find", "--run", 7, "--db", db, "--threshold", 0, "--out", top / "none"), "7")
    refuses(("find", scenes, "--run", 1, "--db", db, "--threshold", 0, "--out", top / "none"), "leave IN", status=2)
    refuses(("find", "--run", 1, "--db", db, "--threshold", 0, "--images", "--out", scenes / "found"), "lies in", status=2)
    picture_file = next((scenes / "test" / "images").rglob("*.png"))
    content = picture_file.read_bytes()
    picture_file.write_bytes(picture(32, 16))
    code, _, err, _ = run("find", "--run", 1, "--db", db, "--threshold", 0, "--out", top / "other-size", "--quiet")
    assert code == 1 and "another size" in err, (code, err)
    picture_file.write_bytes(content)
    assert not (top / "none").exists()


@case("find: a run of another method's scores has no other")
def _():
    scenes, db, maps = top / "scenes", top / "method.db", top / "maps-hybrid" / "eval" / "scores"
    code, _, err, _ = run("eval-ood", "--dataset", "street-hazards", "--dataroot", scenes, "--folder", top / "method",
                          "--scores", maps, "--method", "RbA", "--db", db, "--quiet")
    assert code == 0, err
    ask = ("find", "--run", 1, "--db", db, "--threshold", 20, "--min-area", 1, "--json", "--out")
    with sqlite3.connect(db) as rows_:
        rows_.execute("UPDATE runs SET state = 'stopped'")
    code, _, err, _ = run(*ask, top / "of-method")
    assert code == 0 and areas(top / "of-method") == areas(top / "run-hybrid-hybrid"), err
    page = (top / "of-method" / "found.html").read_text()
    assert "above 20" in page and "hybrid above" not in page and "stopped: " in page, page[-2000:]
    refuses((*ask, top / "none", "--score", "hybrid"), "RbA", "leave --score", status=2)
    assert not (top / "none").exists()


@case("find: names as long as they may be, and such as HTML, CSV and shells give a meaning")
def _():
    folder, out = top / "odd names", top / "odd"
    folder.mkdir()
    names = ["\u00e4" * 125 + ".png", "\u00e4" * 124 + "b.png", "<script>alert(1)<", "a\"b',c\nd.png", "'$(touch x)`.png"]
    for name in names:
        shutil.copy(top / "frames" / "drive_000000.png", folder / (name if name.endswith(".png") else name + ".png"))
    shutil.copy(drive, top / ("\u00e4" * 125 + ".mkv"))
    code, told, err, _ = run("find", folder, *EASY, "--images", "--out", out, "--json")
    assert code == 0 and json.loads(told)["written_images"] == 5, (told, err)
    page = (out / "found.html").read_text()
    assert "<script" not in page and "&lt;script" in page and page.count("<figure>") == 5
    assert {os.path.basename(row["file"]) for row in rows(out)} == set(os.listdir(folder))
    assert len(os.listdir(out / "images")) == 5
    out = top / "odd-recording"
    code, told, err, _ = run("find", top / ("\u00e4" * 125 + ".mkv"), *EASY, "--images", "--out", out, "--json")
    assert code == 0 and json.loads(told)["written_images"] == 1, (told, err)


@case("find: a disk that is full among the images leaves the pages, and the rest comes the next time")
def _():
    # The page is smaller than an image here: noise.
    folder, out = top / "noisy", top / "noisy-out"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "nullsrc=s=640x480:r=1:d=3,geq=random(1)*255",
                    str(folder) + "-%d.png"], check=True)
    folder.mkdir()
    for path in top.glob("noisy-*.png"):
        path.rename(folder / path.name)
    assert all(path.stat().st_size > 200_000 for path in folder.iterdir())
    ask = ("find", folder, *EASY, "--images", "--most", 1, "--out", out, "--quiet")
    refuses(ask, "images", limit_file=150_000)
    assert (out / "found.html").exists() and (out / "found.state").exists() and not list(out.rglob("*.part-*"))
    code, _, err, _ = run(*ask)
    assert code == 0 and len(os.listdir(out / "images")) == 1 and not (out / "found.state").exists(), err


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
