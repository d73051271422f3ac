#!/usr/bin/env python3
"""A run made of other runs' maps: maps that are gone, broken or too large, full disks, killed in the middle."""
import json
import shutil
import struct

from faults import case, finish, labels, little_memory, npy, picture, refuses, run, stopped_within, top


def scores(i, width, height):
    return npy(b"".join(struct.pack("<f", (x < 8) * 3 + (x * 7 + y * 13 + i * 5) % 11 / 4) for y in range(height) for x in range(width)),
               width, height)


def runs_of(name, n, width=64, height=48):
    """A set of n pictures and two runs of it, 1 and 2."""
    at = top / name / "dataset_AnomalyTrack"
    (at / "images").mkdir(parents=True)
    (at / "labels_masks").mkdir()
    for i in range(n):
        (at / "images" / f"validation{i}.png").write_bytes(picture(width, height))
        (at / "labels_masks" / f"validation{i}_labels_semantic.png").write_bytes(labels(width, height))
    for which in (1, 2):
        maps = top / name / f"maps{which}"
        maps.mkdir()
        for i in range(n):
            (maps / f"validation{i}.npy").write_bytes(scores(which * i, width, height))
        code, _, err, _ = run("eval-ood", "--dataroot", top / name, "--dataset", "smiyc", "--folder", top / name / f"run{which}",
                              "--scores", maps, "--method", f"M{which}", "--db", top / f"{name}.db", "--quiet")
        assert code == 0, err
        shutil.rmtree(maps)


def combine(name, *words, out="out"):
    return ("combine", "--run", "1,2", "--standardise", "none", "--folder", top / name / out, "--db", top / f"{name}.db", "--quiet", *words)


def map_of(name, which, i):
    """Where it lies, below the data set's own folders."""
    return next((top / name / f"run{which}" / "eval" / "scores").rglob(f"validation{i}.npy"))


@case("maps that are gone are told before anything is written")
def _():
    runs_of("gone", 3)
    map_of("gone", 2, 1).unlink()
    refuses(combine("gone"), "run 2: 1 of its 3 maps is gone")
    assert not (top / "gone" / "out").exists()
    shutil.rmtree(top / "gone" / "run1")
    refuses(combine("gone"), "run 1: 3 of its 3 maps are gone")
    refuses(combine("gone", "--how", "best"), "--how best", status=2)
    refuses(combine("gone", "--smooth", "0"), "--smooth", status=2)
    refuses(combine("gone", "--weights", "1,2"), "weights belong to a sum", status=2)
    refuses(("combine", "--run", "1"), "--folder is missing", status=2)


@case("runs of other images, or that took the labels for other things, are told apart")
def _():
    at = top / "own"
    (at / "images").mkdir(parents=True)
    (at / "masks").mkdir()
    (at / "maps").mkdir()
    for i in range(3):
        (at / "images" / f"road{i}.png").write_bytes(picture())
        (at / "masks" / f"road{i}.png").write_bytes(labels(anomaly=2))
        (at / "maps" / f"road{i}.npy").write_bytes(scores(i, 64, 48))
    db = ("--db", top / "own.db", "--quiet")
    for number, values in enumerate(("anomaly=2", "inlier=2 anomaly=0")):
        code, _, err, _ = run("eval-ood", "--dataroot", at, "--dataset", "masks", "--mask-values", values, "--folder", top / f"own{number}",
                              "--scores", at / "maps", *db)
        assert code == 0, err
    refuses(("combine", "--run", "1,2", "--standardise", "none", "--folder", top / "out", *db), "took the labels to mean other things")
    (at / "images" / "road2.png").unlink()
    refuses(("combine", "--run", "1", "--smooth", "1", "--folder", top / "out", *db), "has changed since run 1")
    shutil.rmtree(at)
    refuses(("combine", "--run", "1", "--smooth", "1", "--folder", top / "out", *db), str(at))
    assert not (top / "out").exists()


@case("hostile maps cost their pictures, not the run nor the memory")
def _():
    runs_of("hostile", 9)
    map_of("hostile", 1, 1).write_bytes(npy(b"", 1 << 30, 1 << 30))
    with open(map_of("hostile", 2, 2), "wb") as file:
        file.truncate(1 << 40)
    map_of("hostile", 1, 3).write_bytes(scores(3, 64, 48)[:-1])
    map_of("hostile", 1, 5).write_bytes(npy(b"\x80\x04.", 64, 48, "|O"))
    map_of("hostile", 1, 6).write_bytes(scores(1, 48, 64))
    map_of("hostile", 2, 7).write_bytes(scores(99, 64, 48))
    code, text, err, took = run(*combine("hostile", "--smooth", "1", "--json"), **little_memory)
    document = json.loads(text)
    assert code == 1 and document["images"] == 3 and document["failed"] == 6, (code, document, err)
    assert took < 20, took
    why = {one["image"].rsplit("validation")[-1]: one["error"] for one in document["left_out"]}
    for number, word in ((1, "larger than the file"), (2, "far too large"), (3, "truncated"), (5, "Python objects"), (6, "64"),
                         (7, "is not the map that run 2 has measured")):
        assert word in why[str(number)], (number, why[str(number)])
    # a scale is of all pixels, or it is none
    refuses(combine("hostile", "--standardise", "ranks", out="ranks"), "validation1.npy")
    assert not (top / "hostile" / "ranks").exists()


@case("a full disk: what was finished is kept, and it goes on")
def _():
    runs_of("full", 3)
    refuses(combine("full"), limit_file=9000)
    code, text, err, _ = run(*combine("full", "--json"))
    assert code == 0 and json.loads(text)["images"] == 3, err


@case("killed in the middle it goes on where it was, and comes to the same numbers")
def _():
    n = 60
    runs_of("killed", n, 320, 192)
    words = combine("killed", "--standardise", "deviation", "--smooth", "1", "--json")
    whole = top / "killed.before.db"
    shutil.copy(top / "killed.db", whole)

    def begin():
        """As it was before: that another process is tried leaves nothing of the first."""
        shutil.rmtree(top / "killed" / "out", ignore_errors=True)
        for file in top.glob("killed.db*"):
            file.unlink()
        shutil.copy(whole, top / "killed.db")

    process = stopped_within(words, top / "killed" / "out", top / "killed.db", n, already=2 * n, begin=begin)
    process.kill()
    process.wait()
    code, text, err, _ = run(*words)
    assert code == 0, err
    document = json.loads(text)
    assert document["images"] == n and 1 <= document["resumed"] < n, (document["images"], document["resumed"])
    straight = json.loads(run(*combine("killed", "--standardise", "deviation", "--smooth", "1", "--json", out="straight"))[1])
    assert straight["resumed"] == 0 and straight["protocols"] == document["protocols"], "another result than in one go"


@case("the runs that it is made of can go")
def _():
    runs_of("left", 2)
    code, text, err, _ = run(*combine("left", "--json"))
    assert code == 0, err
    made = json.loads(text)["run"]
    for which in (1, 2):
        shutil.rmtree(top / "left" / f"run{which}")
    code, text, err, _ = run("report", "--run", made, "--db", top / "left.db", "--slices", "--format", "json", "--out", "-")
    assert code == 0, err
    of = json.loads(text)["runs"][0]["summary"]["combined"]["of"]
    assert [one["run"] for one in of] == [1, 2] and [one["model"] for one in of] == ["M1", "M2"], of
    code, text, err, _ = run("export", "--run", made, "--db", top / "left.db", "--layout", "smiyc", "--out", top / "left" / "x", "--json")
    assert code == 0 and json.loads(text)["maps"] == 2, err


finish()
