#!/usr/bin/env python3
"""Another method's score maps as a run: hostile files under little memory, full disks, killed in the middle."""
import io
import json
import math
import os
import struct
import zipfile

from faults import case, finish, labels, little_memory, npy, picture, refuses, run, stopped_within, top


def scores(i, width=64, height=48):
    """High on the first eight columns, which are the anomalies."""
    return npy(b"".join(struct.pack("<f", (x < 8) * 3 + (x * 7 + y * 13 + i * 5) % 11 / 4) for y in range(height) for x in range(width)),
               width, height)


def data_set(name, n, width=64, height=48):
    at = top / name / "dataset_AnomalyTrack"
    (at / "images").mkdir(parents=True)
    (at / "labels_masks").mkdir()
    (top / name / "maps").mkdir()
    for i in range(n):
        (at / "images" / f"validation{i}.png").write_bytes(picture(width, height))
        (at / "labels_masks" / f"validation{i}_labels_semantic.png").write_bytes(labels(width, height))
    return top / name / "maps"


def measure(name, *words, out="out"):
    return ("eval-ood", "--dataroot", top / name, "--dataset", "smiyc", "--folder", top / name / out, "--scores",
            top / name / "maps", "--db", top / f"{name}.db", "--quiet", *words)


def npz(members, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


@case("hostile maps cost their pictures, not the run nor the memory")
def _():
    maps = data_set("hostile", 10)
    (maps / "validation0.npy").write_bytes(scores(0))
    (maps / "validation1.npy").write_bytes(npy(b"", 1 << 30, 1 << 30))
    (maps / "validation2.npz").write_bytes(npz({"anomaly_scores.npy": npy(bytes(1 << 30), 1 << 14, 1 << 14)}))
    (maps / "validation3.npz").write_bytes(npz({"pred_id_labels.npy": b"x", "other.npy": b"y"}))
    with open(maps / "validation4.npy", "wb") as file:
        file.truncate(1 << 40)
    os.mkfifo(maps / "validation5.npy")
    os.symlink("validation6.npy", maps / "validation6.npy")
    (maps / "validation7.npy").write_bytes(scores(7)[:-1])
    (maps / "validation8.npy").write_bytes(npy(b"\x80\x04.", 64, 48, "|O"))
    (maps / "validation9.npy").mkdir()
    os.symlink(maps, maps / "validation9.npy" / "loop")
    code, text, err, took = run(*measure("hostile", "--json"), **little_memory)
    document = json.loads(text)
    assert code == 1 and document["images"] == 1 and document["failed"] == 9, (code, document, err)
    assert took < 20, took
    why = {one["image"].rsplit("validation")[-1]: one["error"] for one in document["left_out"]}
    for number, word in ((1, "larger than the file"), (2, "far"), (3, "holds no array"), (4, "far too large"), (5, "sought were"),
                         (6, "sought were"), (7, "truncated"), (8, "Python objects"), (9, "sought were")):
        assert word in why[str(number)], (number, why[str(number)])


@case("a folder of another data set's maps says what was sought and what is there")
def _():
    maps = data_set("foreign", 2)
    for i in range(5):
        (maps / f"road{i}.npy").write_bytes(scores(i))
    refuses(measure("foreign"), "validation0.npy, validation0_hybrid.npy", "road0.npy, road1.npy, road2.npy and 2 more")
    assert not (top / "foreign" / "out").exists()
    refuses(measure("foreign", "--params", "demo"), "--scores", status=2)
    refuses(measure("foreign", "--score", "hybrid"), "--scores", status=2)


@case("scores of which low is anomalous are told, and turned when asked")
def _():
    maps = data_set("low", 3)
    for i in range(3):
        values = scores(i)[128:]
        (maps / f"validation{i}.npy").write_bytes(npy(b"".join(struct.pack("<f", -v) for (v,) in struct.iter_unpack("<f", values)), 64, 48))
    code, text, err, _ = run(*measure("low", "--json", "--protocol", "densehybrid-pooled"))
    assert code == 0 and "--low-is-anomalous" in err, err
    wrong = json.loads(text)["protocols"]["densehybrid-pooled"]["auroc"]
    code, text, err, _ = run(*measure("low", "--json", "--protocol", "densehybrid-pooled", "--low-is-anomalous", out="out2"))
    assert code == 0 and not err, err
    assert abs(json.loads(text)["protocols"]["densehybrid-pooled"]["auroc"] - (1 - wrong)) < 1e-12


@case("pixels without a finite score are counted, and are no missing labels")
def _():
    maps = data_set("holes", 2)
    nan = struct.pack("<f", math.nan)
    (maps / "validation0.npy").write_bytes(scores(0))
    (maps / "validation1.npy").write_bytes(npy(nan * 64 * 48, 64, 48))
    code, text, err, _ = run(*measure("holes"))
    assert code == 0 and f", {64 * 48} left out because their score is not finite" in text, (text, err)
    (maps / "validation0.npy").write_bytes(npy(nan * 64 * 48, 64, 48))
    code, text, err, _ = run(*measure("holes", out="none"))
    assert code == 0 and "no labelled pixel has a finite score" in text and "no anomaly labels" not in text, (text, err)


@case("a full disk during an import: what was finished is kept, and it goes on")
def _():
    maps = data_set("full", 3)
    for i in range(3):
        (maps / f"validation{i}.npy").write_bytes(scores(i))
    refuses(measure("full"), limit_file=9000)
    code, text, err, _ = run(*measure("full", "--json"))
    assert code == 0 and json.loads(text)["images"] == 3, err


@case("killed in the middle, an import goes on where it was, and comes to the same numbers")
def _():
    n = 60
    maps = data_set("killed", n, 320, 192)
    for i in range(n):
        (maps / f"validation{i}.npy").write_bytes(scores(i, 320, 192))
    words = measure("killed", "--json", "--method", "RbA")
    process = stopped_within(words, top / "killed" / "out", top / "killed.db", n)
    process.kill()
    process.wait()
    code, text, err, _ = run(*words)
    assert code == 0, err
    document = json.loads(text)
    assert document["images"] == n and 1 <= document["resumed"] < n, (document["images"], document["resumed"])
    straight = json.loads(run(*measure("killed", "--json", "--method", "straight", out="straight"))[1])
    assert straight["resumed"] == 0 and straight["protocols"] == document["protocols"], "another result than in one go"


@case("the maps that an import kept are exported when their source is gone")
def _():
    maps = data_set("moved", 2)
    for i in range(2):
        (maps / f"validation{i}.npy").write_bytes(scores(i))
    code, text, err, _ = run(*measure("moved", "--json"))
    assert code == 0, err
    maps.rename(top / "moved" / "away")
    code, text, err, _ = run("export", "--run", json.loads(text)["run"], "--db", top / "moved.db", "--layout", "smiyc", "--out",
                             top / "moved" / "x", "--json")
    assert code == 0 and json.loads(text)["maps"] == 2, err


finish()
