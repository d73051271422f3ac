#!/usr/bin/env python3
"""Recordings on the command line: full disks, kills in the middle, files that are none, no FFmpeg."""
import json
import os
import shutil
import signal
import subprocess

from faults import FOR_EVER, PROGRAM, WEIGHTS, case, end_by, finish, refuses, run, top, until, until_it_hears


def record(name, size="64x48", seconds=2, options=("-c:v", "ffv1")):
    path = top / name
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s={size}:r=10:d={seconds}",
                    *options, str(path)], check=True)
    return path


def program(name, script):
    path = top / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def resting(frames, width=64, height=48):
    """In the decoder's place: gives so many black frames and then nothing more."""
    stand_in = program("resting", f"head -c {frames * width * height * 3} /dev/zero\nexec sleep 100000")
    return {"DH_FFMPEG": str(stand_in), "DH_FFPROBE": shutil.which("ffprobe")}


def images(folder):
    return sorted(path.name for path in folder.glob("*.png")) if folder.exists() else []


drive = record("drive.mkv")


@case("frames: a folder that opens as a set, and what it tells")
def _():
    code, out, err, _ = run("frames", drive, "--out", top / "frames", "--every", 5, "--json")
    told = json.loads(out)
    assert code == 0 and told["written"] == 4 and told["kept"] == 0 and told["damage"] is None, (out, err)
    assert images(top / "frames") == [f"drive_{i:06}.png" for i in (0, 5, 10, 15)]
    code, out, err, _ = run("dataset", "check", "--dataroot", top / "frames", "--json")
    assert code == 0 and json.loads(out)["images"] == 4, (out, err)


@case("frames: a full disk is told, and the same again goes on")
def _():
    large = record("large.mkv", size="640x480")
    refuses(("frames", large, "--out", top / "full", "--quiet"), "large_0000", limit_file=20000)
    assert images(top / "full") == [] and not list((top / "full").glob("*.part-*"))
    code, _, err, _ = run("frames", large, "--out", top / "full", "--quiet")
    assert code == 0 and len(images(top / "full")) == 20, err


@case("frames: killed in the middle, it goes on behind what is there")
def _():
    folder = top / "killed"
    process = subprocess.Popen([PROGRAM, "frames", drive, "--out", folder, "--quiet"],
                               env={**os.environ, **resting(7)})
    until(lambda: len(images(folder)) == 7)
    process.kill()
    process.wait()
    code, out, err, _ = run("frames", drive, "--out", folder, "--json")
    told = json.loads(out)
    assert code == 0 and (told["written"], told["kept"]) == (13, 7), (out, err)


@case("frames: Ctrl-C ends it at once, and the decoder with it")
def _():
    folder = top / "stopped"
    process = subprocess.Popen([PROGRAM, "frames", drive, "--out", folder, "--quiet"], env={**os.environ, **resting(2)},
                               stderr=subprocess.PIPE, text=True)
    until(lambda: len(images(folder)) == 2)
    until_it_hears(process, signal.SIGINT)
    _, err, _ = end_by(process, signal.SIGINT)
    assert process.returncode == 130 and "cancelled" in err, (process.returncode, err)


@case("frames: what is no recording, or no folder for it, is one sentence")
def _():
    (top / "text.mp4").write_text("text\n")
    (top / "taken").mkdir()
    (top / "taken" / "mine.txt").write_text("x")
    refuses(("frames", top / "text.mp4", "--out", top / "none"), "text.mp4")
    refuses(("frames", top / "missing.mp4", "--out", top / "none"), "no such file")
    refuses(("frames", "http://127.0.0.1:9/a.mp4", "--out", top / "none"), "no such file")
    refuses(("frames", drive, "--out", top / "taken"), "mine.txt", status=2)
    refuses(("frames", drive, "--out", top / "none"), "install the package ffmpeg", env={"DH_FFMPEG": "/nonexistent"})
    refuses(("frames", drive, "--out", top / "none"), "in DH_FFMPEG", env={"DH_FFMPEG": "/nonexistent"})
    refuses(("frames", drive, "--out", top / "none", "--from", "1:xx"), "--from 1:xx", status=2)
    refuses(("frames", drive, "--out", top / "none", "--from", "1", "--to", "0.5"), "not behind", status=2)
    refuses(("frames", drive, "--out", top / "none", "--from", "9"), "only 0:02.00 long", status=2)
    assert not (top / "none").exists()


@case("video: of a recording, of its frames and of a run, all the same number of images")
def _():
    code, out, err, _ = run("video", drive, "--params", WEIGHTS, "--out", top / "a.mp4", "--every", 4, "--threshold", 0,
                            "--panes", "image,hybrid,segmentation", "--json")
    told = json.loads(out)
    assert code == 0 and told["images"] == 5 and told["rate"] == 2.5, (out, err)
    run("frames", drive, "--out", top / "set")
    code, out, err, _ = run("video", top / "set", "--params", WEIGHTS, "--out", top / "b.mp4", "--overlay", 0.5, "--json")
    assert code == 0 and json.loads(out)["images"] == 20, (out, err)
    shown = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,pix_fmt,nb_read_frames",
                            "-of", "json", str(top / "b.mp4")], capture_output=True, text=True, check=True).stdout
    stream = json.loads(shown)["streams"][0]
    assert (stream["codec_name"], stream["pix_fmt"], stream["nb_read_frames"]) == ("h264", "yuv420p", "20"), stream


@case("video: of a stored run nothing is computed")
def _():
    scenes, db = top / "scenes", top / "video.db"
    code, _, err, _ = run("eval-ood", "--dataset", "street-hazards", "--dataroot", scenes, "--split", "test", "--folder",
                          top / "kept", "--params", WEIGHTS, "--db", db, "--protocol", "densehybrid-pooled", "--quiet")
    assert code == 0, err
    code, out, err, _ = run("video", "--run", 1, "--db", db, "--out", top / "run.mp4", "--json")
    told = json.loads(out)
    assert code == 0 and told["images"] > 0 and told["network_seconds"] == 0, (out, err)
    refuses(("video", "--run", 1, "--db", db, "--out", top / "no.mp4", "--panes", "likelihood"), "kept no likelihood")
    code, out, err, _ = run("eval-ood", "--dataset", "street-hazards", "--dataroot", scenes, "--split", "test", "--folder",
                            top / "low", "--params", WEIGHTS, "--db", db, "--protocol", "densehybrid-pooled", "--score",
                            "likelihood", "--quiet")
    assert code == 0, err
    code, out, err, _ = run("video", "--run", 2, "--db", db, "--out", top / "low.mp4", "--panes", "likelihood", "--quiet")
    assert code == 0, err
    code, out, err, _ = run("video", scenes, "--split", "test", "--params", WEIGHTS, "--out", top / "same.mp4", "--panes",
                            "likelihood", "--quiet")
    assert code == 0 and (top / "low.mp4").read_bytes() == (top / "same.mp4").read_bytes(), err
    refuses(("video", "--run", 7, "--db", db, "--out", top / "no.mp4"), "7")
    assert not (top / "no.mp4").exists()


@case("video: a full disk and a kill leave what lay there")
def _():
    out = top / "whole.mp4"
    out.write_text("before")
    make = ("video", drive, "--params", WEIGHTS, "--out", out, "--panes", "image,hybrid", "--height", 400, "--quiet")
    refuses(make, "whole.mp4", limit_file=9000)
    assert out.read_text() == "before" and [path.name for path in top.glob("whole.mp4*")] == ["whole.mp4"]
    code, _, err, _ = run(*make)
    assert code == 0 and out.read_bytes()[4:8] == b"ftyp", err


@case("video: Ctrl-C while a decoder rests leaves nothing")
def _():
    out = top / "half.mp4"
    process = subprocess.Popen([PROGRAM, "video", drive, "--params", WEIGHTS, "--range", "-5,5", "--panes", "image", "--out", out,
                                "--quiet"], env={**os.environ, **resting(3)}, stderr=subprocess.PIPE, text=True)
    until_it_hears(process, signal.SIGINT)
    _, err, _ = end_by(process, signal.SIGINT)
    assert process.returncode == 130 and "Nothing was written" in err and "kept" not in err, (process.returncode, err)
    assert not list(top.glob("half.mp4*"))


@case("video: options that do not fit are told")
def _():
    refuses(("video", drive, "--params", WEIGHTS), "--out is missing", status=2)
    refuses(("video", "--out", top / "x.mp4"), "no recording", status=2)
    refuses(("video", drive, "--out", top / "x.mp4"), "--params is missing", status=2)
    refuses(("video", drive, "--params", WEIGHTS, "--out", top / "x.mp4", "--panes", "image,foo"), "foo", status=2)
    refuses(("video", drive, "--params", WEIGHTS, "--out", top / "x.mp4", "--overlay", 2), "--overlay", status=2)
    refuses(("video", drive, "--params", WEIGHTS, "--out", top / "x.mp4", "--rate", -1), "--rate", status=2)
    refuses(("video", drive, "--params", WEIGHTS, "--out", top / "x.mp4", "--range", "5,1"), "--range", status=2)
    refuses(("video", drive, "--params", WEIGHTS, "--out", top / "x.mp4", "--height", 60), "no room", status=2)
    refuses(("video", drive, "--run", 1, "--out", top / "x.mp4"), "leave IN", status=2)
    refuses(("video", drive, "--params", WEIGHTS, "--out", top), "is a folder", status=2)
    assert not list(top.glob("x.mp4*"))


@case("video: the recording that it is made of is not written over")
def _():
    before, link = drive.read_bytes(), top / "link.mkv"
    link.symlink_to(drive)
    for out in (drive, link):
        refuses(("video", drive, "--params", WEIGHTS, "--out", out, "--quiet"), "the recording itself", status=2)
        refuses(("video", out, "--params", WEIGHTS, "--out", drive, "--quiet"), "the recording itself", status=2)
    assert drive.read_bytes() == before and link.is_symlink()


finish()
