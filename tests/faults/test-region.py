#!/usr/bin/env python3
"""What of the images is not measured: shares that are none, masks that are broken, changed or gone."""
import json
import os
import struct

from faults import WEIGHTS, case, evaluate, finish, labels, npy, picture, png, refuses, run, top


def mask(width, height, rows):
    """White from a row on."""
    return png(width, height, 8, 0, b"".join(b"\0" + (b"\xff" if y >= rows else b"\0") * width for y in range(height)))


def measured(name, *words):
    code, text, err, _ = run("eval-ood", "--dataroot", top / "region", "--dataset", "smiyc", "--folder", top / name, "--params", WEIGHTS,
                             "--db", top / "region.db", "--quiet", "--json", *words)
    assert code == 0, err
    return json.loads(text)


@case("shares of the image that are none are told, with what is wrong of them")
def _():
    for text, why in (("bottom:0%", "0.1 to 99.9"), ("bottom:101%", "0.1 to 99.9"), ("top:nan%", "0.1 to 99.9"), ("top:5", "top:12%"),
                      ("left:3%,left:4%", "left stands there twice"), ("top:50%,bottom:50%", "nothing of the images is left"),
                      ("top:5%,centre:3%", "centre:3%")):
        refuses(evaluate("--ignore-region", text), text, why, status=2)
    refuses(evaluate("--ignore-region", ""), "--ignore-region is empty", status=2)
    refuses(evaluate("--ignore-region", "botom:5%"), "botom:5%", "such as bottom:12%")
    refuses(("infer", "--params", "demo", "--out", top / "o", "--ignore-region", "top:5%", "x.png"), "--ignore-region", status=2)
    refuses(("train", "ldn-semseg", "--ignore-region", "top:5%"), "--ignore-region", status=2)


@case("masks that are cut, enormous, of another size, of one colour or no picture are refused by their name")
def _():
    good = mask(64, 48, 36)
    huge = bytearray(good)
    huge[16:24] = struct.pack(">II", 100000, 100000)
    for name, content, why in (("cut.png", good[:50], "cut.png"), ("huge.png", bytes(huge), "huge.png"),
                               ("wide.png", mask(96, 48, 36), "64×48"), ("wide.png", mask(96, 48, 36), "96×48"),
                               ("none.png", b"", "none.png"), ("text.png", b"hello", "text.png")):
        (top / name).write_bytes(content)
        refuses(evaluate("--ignore-region", top / name), why)
    for name, rows, why in (("black.png", 48, "leaves out nothing"), ("white.png", 0, "nothing is left to be measured")):
        (top / name).write_bytes(mask(64, 48, rows))
        refuses(evaluate("--ignore-region", top / name), name, why, status=2)
    refuses(evaluate("--ignore-region", top / "gone.png"), "gone.png")
    refuses(evaluate("--ignore-region", top), "is a folder")
    if os.geteuid() != 0:
        (top / "secret.png").write_bytes(good)
        (top / "secret.png").chmod(0)
        refuses(evaluate("--ignore-region", top / "secret.png"), "secret.png")


@case("shares, masks and edited labels give the same numbers, and a run is known by what the mask holds")
def _():
    at = top / "region" / "dataset_AnomalyTrack"
    (at / "images").mkdir(parents=True)
    (at / "labels_masks").mkdir()
    for i in range(3):
        (at / "images" / f"validation{i}.png").write_bytes(picture())
        (at / "labels_masks" / f"validation{i}_labels_semantic.png").write_bytes(labels())
    (top / "car.png").write_bytes(mask(32, 24, 18))
    (top / "copy.png").write_bytes(mask(32, 24, 18))
    whole = measured("w")
    shares, by_mask, by_copy = (measured("w", "--ignore-region", text) for text in ("bottom:25%", top / "car.png", top / "copy.png"))
    for i in range(3):
        rows = b"".join(b"\0" + (bytes([1] * 8 + [0] * 56) if y < 36 else b"\xff" * 64) for y in range(48))
        (at / "labels_masks" / f"validation{i}_labels_semantic.png").write_bytes(png(64, 48, 8, 0, rows))
    edited = measured("e")
    assert whole["protocols"] != edited["protocols"]
    assert shares["protocols"] == by_mask["protocols"] == by_copy["protocols"] == edited["protocols"]
    # the last one of the same pixels
    code, text, err, _ = run("report", "--run", by_copy["run"], "--require", f"ap>=@{by_mask['run']}", "--db", top / "region.db")
    assert code == 0, err
    refuses(("report", "--run", by_copy["run"], "--require", f"ap>=@{whole['run']}", "--db", top / "region.db"), "other pixels")
    code, text, err, _ = run("report", "--run", by_mask["run"], "--format", "json", "--out", "-", "--db", top / "region.db")
    assert code == 0 and "cannot be measured again" not in text, err
    (top / "car.png").write_bytes(mask(32, 24, 12))
    code, text, err, _ = run("report", "--run", by_mask["run"], "--format", "md", "--out", "-", "--slices", "--db", top / "region.db")
    assert code == 0 and "car.png" in text and "has been changed" in text, (text, err)
    (top / "car.png").unlink()
    code, text, err, _ = run("report", "--run", by_mask["run"], "--format", "md", "--out", "-", "--db", top / "region.db")
    assert code == 0 and "cannot be measured again" in text, (text, err)


@case("the command that a run keeps has a mask's whole path, and shares as they were written")
def _():
    (top / "own.png").write_bytes(mask(64, 48, 30))
    for words, said in (("bottom:25%", "'bottom:25%'"), (os.path.relpath(top / "own.png"), str(top / "own.png"))):
        code, text, err, _ = run("eval-ood", "--dataroot", top / "region", "--dataset", "smiyc", "--folder", top / "w", "--params", WEIGHTS,
                                 "--db", top / "region.db", "--quiet", "--json", "--ignore-region", words)
        assert code == 0, err
        code, report, err, _ = run("report", "--run", json.loads(text)["run"], "--format", "json", "--out", "-", "--db", top / "region.db")
        command = json.loads(report)["runs"][0]["command"]
        assert command.endswith(f"--ignore-region {said}"), command


@case("maps of any method are measured without it, and what is no map of rows and columns is refused")
def _():
    scores = struct.pack("<8f", 9, 1, 2, 3, 8, 4, 5, 9)
    (top / "s.npy").write_bytes(npy(scores, 4, 2))
    (top / "l.npy").write_bytes(npy(bytes([1, 0, 0, 0, 1, 0, 0, 0]), 4, 2, "|u1"))
    (top / "without.npy").write_bytes(npy(bytes([1, 0, 0, 0, 255, 255, 255, 255]), 4, 2, "|u1"))
    words = ("metrics", "--scores", top / "s.npy", "--protocol", "densehybrid-pooled", "--json")
    expected = run(*words, "--labels", top / "without.npy")
    found = run(*words, "--labels", top / "l.npy", "--ignore-region", "bottom:50%")
    assert expected[0] == found[0] == 0 and expected[1] == found[1], (expected, found)
    assert run(*words, "--labels", top / "l.npy")[1] != found[1]
    # one protocol has no void: the region is no inlier to it either
    (top / "upper.npy").write_bytes(npy(scores[:16], 4, 1))
    (top / "upper-l.npy").write_bytes(npy(bytes([1, 0, 3, 0]), 4, 1, "|u1"))
    (top / "lower-l.npy").write_bytes(npy(bytes([1, 0, 3, 0, 1, 3, 0, 3]), 4, 2, "|u1"))

    def caos(*words):
        code, text, err, _ = run("metrics", "--protocol", "caos", "--json", *words)
        assert code == 0, err
        found = json.loads(text)["protocols"]["caos"]
        del found["ignored"]
        return found

    cut = caos("--scores", top / "upper.npy", "--labels", top / "upper-l.npy")
    assert caos("--scores", top / "s.npy", "--labels", top / "lower-l.npy", "--ignore-region", "bottom:50%") == cut, cut
    (top / "tall.png").write_bytes(mask(2, 9, 4))
    refuses((*words, "--labels", top / "l.npy", "--ignore-region", top / "tall.png"), "4×2", "2×9")


@case("the doctor counts what is left out, in sentences and for scripts")
def _():
    at = top / "checked" / "dataset_AnomalyTrack"
    (at / "images").mkdir(parents=True)
    (at / "labels_masks").mkdir()
    (at / "images" / "validation0.png").write_bytes(picture())
    (at / "labels_masks" / "validation0_labels_semantic.png").write_bytes(labels())
    words = ("dataset", "check", "--dataroot", top / "checked", "--ignore-region", "bottom:25%")
    code, text, err, _ = run(*words, "--json")
    assert code == 0, err
    assert json.loads(text)["region"] == {"id": "bottom:25%", "share": 0.25, "pixels": 768, "anomalies": 384, "unmeasured_anomalies": 96}
    code, text, err, _ = run(*words)
    assert "25.00 % of the pixels are not measured: bottom 25 %" in text and "96 of 384 anomaly pixels" in text, text
    code, text, err, _ = run("dataset", "check", "--dataroot", top / "checked", "--json")
    assert "region" not in json.loads(text)


finish()
