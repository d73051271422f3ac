#!/usr/bin/env python3
"""Evaluations with bad pictures, on full disks, killed in the middle."""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess

from faults import FOR_EVER, WEIGHTS, case, demo, evaluate, finish, labels, picture, png, refuses, run, smiyc, stopped_within, top


def smiyc_set(name, sizes):
    """A set whose labels have these sizes; None: the picture itself is cut."""
    at = top / name / "dataset_AnomalyTrack"
    (at / "images").mkdir(parents=True)
    (at / "labels_masks").mkdir()
    for i, size in enumerate(sizes):
        (at / "images" / f"validation{i}.png").write_bytes(picture() if size else picture()[:60])
        (at / "labels_masks" / f"validation{i}_labels_semantic.png").write_bytes(labels(*(size or (64, 48))))
    return ("eval-ood", "--dataroot", top / name, "--dataset", "smiyc", "--folder", top / name / "maps", "--params", WEIGHTS,
            "--db", top / f"{name}.db", "--quiet")


@case("a full disk during an evaluation: what was finished is kept, and it goes on")
def _():
    # nothing could be kept yet, nor is that said
    code, _, err, _ = run(*evaluate("--folder", top / "eval2", "--db", top / "full.db"), limit_file=9000)
    assert code == 1 and "kept" not in err, err
    code, text, err, _ = run(*evaluate("--folder", top / "eval2", "--db", top / "full.db"), "--json")
    assert code == 0, err
    assert json.loads(text)["images"] == 3
    words = smiyc_set("small", [(64, 48), (64, 48), (400, 300)])
    (top / "small" / "dataset_AnomalyTrack" / "images" / "validation2.png").write_bytes(picture(400, 300))
    refuses(words, "the 2 images that were measured are kept, and evaluating again goes on behind them", limit_file=400000)
    code, text, err, _ = run(*words, "--json")
    assert code == 0 and json.loads(text)["resumed"] == 2, (text, err)


@case("a disk that has no room for what is kept of the numbers: the run is done all the same")
def _():
    words = smiyc_set("crowded", [(400, 300)] * 8)
    noise = random.Random(7)  # hardly a score is there twice
    for path in (top / "crowded" / "dataset_AnomalyTrack" / "images").iterdir():
        rows = b"".join(b"\0" + noise.randbytes(3 * 400) for _ in range(300))
        path.write_bytes(png(400, 300, 8, 2, rows))
    code, text, err, _ = run(*words, "--json", limit_file=650000)  # a map takes 480128
    assert code == 0 and ".numbers" not in err, err
    left = list((top / "crowded" / "maps" / "eval" / "numbers").iterdir())
    assert not left, left
    code, other, err, _ = run(*words, "--json")
    assert code == 0, err
    assert json.loads(other)["protocols"] == json.loads(text)["protocols"]
    kept, = (top / "crowded" / "maps" / "eval" / "numbers").iterdir()
    assert kept.suffix == ".numbers" and kept.stat().st_size > 650000, kept


@case("a disk that cannot hold the maps is told before they are computed")
def _():
    at = top / "roomy" / "dataset_AnomalyTrack" / "images"
    at.mkdir(parents=True)
    info = os.statvfs(top)
    n = 10 + info.f_bavail * info.f_frsize // (5 * 14000 * 14000)
    words = ("eval-ood", "--dataroot", top / "roomy", "--dataset", "smiyc", "--folder", top / "roomy-maps", "--params", WEIGHTS,
             "--db", top / "roomy.db", "--quiet")
    for i in range(n):
        # which say that they are large, and end there; some file systems allow few links of one
        if i % 1000 == 0:
            (at / f"validation{i}.png").write_bytes(png(14000, 14000, 8, 2, b""))
        else:
            os.link(at / f"validation{i - i % 1000}.png", at / f"validation{i}.png")
    code, _, err, _ = run(*words)
    assert code == 1 and f"the maps of {n} images will take about" in err and f"the disk of {top / 'roomy-maps'} has" in err, err
    for i in range(1, n):
        (at / f"validation{i}.png").unlink()
    code, _, err, _ = run(*words)
    assert code == 1 and "will take" not in err, err
    shutil.rmtree(top / "roomy")  # others take all that lies here for their set


@case("weights named from the folder one is in are remembered so that they are found from any other")
def _():
    words = ("eval-ood", "--dataroot", top, "--dataset", "smiyc", "--folder", top / "named", "--params", WEIGHTS.name,
             "--db", top / "named.db", "--quiet", "--json")
    code, text, err, _ = run(*words, cwd=WEIGHTS.parent)
    assert code == 0, err
    code, _, err, _ = run("report", "--run", json.loads(text)["run"], "--db", top / "named.db", "--format", "json",
                          "--out", top / "named.json")
    assert code == 0 and f'"{WEIGHTS}"' in (top / "named.json").read_text(), err


@case("a set of other classes than the weights': no numbers, and why")
def _():
    for i in range(2):
        for folder, content in (("val", picture()), ("valannot", labels())):
            (top / "camvid" / folder).mkdir(parents=True, exist_ok=True)
            (top / "camvid" / folder / f"p{i}.png").write_bytes(content)
    code, text, err, _ = run("eval-ood", "--dataroot", top / "camvid", "--folder", top / "camvid-maps", "--params", WEIGHTS,
                             "--db", top / "camvid.db", "--quiet")
    assert code == 0 and "no anomaly labels: maps only" in text, (text, err)
    assert "are 11 classes of CamVid, and these weights tell 12 apart" in err, err


@case("other weights in the same folder: whose maps are written over is said, and of the same ones nothing")
def _():
    other = bytearray(WEIGHTS.read_bytes())
    other[-1] ^= 1
    (top / "other.safetensors").write_bytes(other)
    words = ("eval-ood", "--dataroot", top, "--dataset", "smiyc", "--folder", top / "shared", "--db", top / "shared.db", "--quiet",
             "--json", "--params")
    notes = []
    for weights in (WEIGHTS, WEIGHTS, top / "other.safetensors"):
        code, text, err, _ = run(*words, weights)
        assert code == 0, err
        notes.append((err, json.loads(text).get("displaced_runs")))
    assert [displaced for _, displaced in notes] == [None, None, [2, 1]], notes
    assert "run 2" not in notes[1][0] and f"the maps of runs 2 and 1 lay in {top / 'shared'}" in notes[2][0], notes


@case("one bad label among good ones: the others' numbers, one sentence, and exit 1")
def _():
    words = smiyc_set("one-bad", [(64, 48), (32, 48), (64, 48)])
    code, text, err, _ = run(*words, "--json")
    document = json.loads(text)
    assert code == 1, err
    assert document["images"] == 2 and document["failed"] == 1, document
    assert document["protocols"]["densehybrid-pooled"]["ap"] is not None, document["protocols"]
    (left_out,) = document["left_out"]
    assert "validation1" in left_out["image"] and "32×48" in left_out["error"] and "64×48" in left_out["error"], left_out
    assert len(err.strip().split("\n")) == 1, err
    refuses((*words, "--json"), "1 of the 3 images", "validation1", "32×48", "64×48")


@case("tags of a table: added, listed, measured as slices, and taken away; a note that was written stays")
def _():
    words, db = smiyc_set("tagged", [(64, 48)] * 3), top / "tagged.db"
    code, text, err, _ = run(*words, "--json")
    assert code == 0, err
    number, table = json.loads(text)["run"], top / "tags.csv"
    image = (top / "tagged" / "dataset_AnomalyTrack" / "images" / "validation0.png").resolve()
    with sqlite3.connect(db) as database:
        database.execute("INSERT INTO marks (path, tags, note, changed) VALUES (?, 'look again', 'a note', '2026-01-01')", (str(image),))
    tags = ("dataset", "tags", "--dataroot", top / "tagged", "--db", db)

    def listed():
        code, text, err, _ = run(*tags, "--json")
        assert code == 0, err
        return {image: sorted(names) for image, names in json.loads(text).items()}

    # a column of yes and no, several in a cell, quoted; by file, by id, behind its scene
    table.write_bytes(b"\xef\xbb\xbfimage,weather,Snow\r\nvalidation0.png,wet;dark,yes\r\nvalidation1,\"dry, \"\"hot\"\"\",no\r\n"
                      b"AnomalyTrack/validation2,wet,0\r\n\r\n")
    code, text, err, _ = run(*tags, "--from", table)
    assert code == 0 and text == "5 tags added, of 3 images\n", (text, err)
    assert listed() == {"validation0": ["Snow", "dark", "look again", "wet"], "validation1": ['dry, "hot"'],
                        "validation2": ["wet"]}, listed()
    code, text, err, _ = run("report", "--db", db, "--run", number, "--slices", "--out", top / "tagged.json")
    assert code == 0, err
    slices = json.loads((top / "tagged.json").read_text())["runs"][0]["slices"]["slices"]
    assert {s["slice"]: s["images"] for s in slices if s["by"] == "tag"} == {
        "dark": 1, "look again": 1, "Snow": 1, "wet": 2, 'dry, "hot"': 1}, slices
    # what it lists is read again
    code, text, err, _ = run(*tags)
    table.write_text(text)
    code, text, err, _ = run(*tags, "--from", table)
    assert code == 0 and text.startswith("0 tags added"), (text, err)
    # rows of no image are named, the others kept
    table.write_text("validation1;foggy\nnowhere.png;foggy\n")
    code, text, err, _ = run(*tags, "--from", table, "--json")
    assert code == 1 and json.loads(text) == {"added": 1, "images": 1, "unknown": 1}, (text, err)
    assert "nowhere.png: the data set has no such image" in err and "1 row is of no image" in err, err
    table.write_text("validation0,wet,dark,Snow\nvalidation1,foggy\n")
    code, text, err, _ = run(*tags, "--from", table, "--remove")
    assert code == 0 and text == "4 tags taken away, of 2 images\n", (text, err)
    assert listed() == {"validation0": ["look again"], "validation1": ['dry, "hot"'], "validation2": ["wet"]}, listed()
    with sqlite3.connect(db) as database:
        assert database.execute("SELECT note FROM marks WHERE path = ?", (str(image),)).fetchall() == [("a note",)]
    refuses((*tags, "--from", image), "is no table of text")
    table.write_text("image,weather\n")
    refuses((*tags, "--from", table), "holds no rows")
    # a tag that reads as yes or no is listed and read again as it is
    before = listed()
    table.write_text("AnomalyTrack/validation1,x\n")
    code, text, err, _ = run(*tags, "--from", table)
    assert code == 0 and text == "1 tag added, of 1 image\n", (text, err)
    code, text, err, _ = run(*tags)
    table.write_text(text)
    code, text, err, _ = run(*tags, "--from", table)
    assert code == 0 and text.startswith("0 tags added"), (text, err)
    # by the end of its path, as messages ask for it
    table.write_text("images/validation1.png,x\n")
    code, text, err, _ = run(*tags, "--from", table, "--remove")
    assert code == 0 and text == "1 tag taken away, of 1 image\n", (text, err)
    # from wherever a folder is named, its images are the same, in reports as well
    table.write_text("validation2,here\n")
    code, text, err, _ = run("dataset", "tags", "--dataroot", "tagged", "--db", db, "--from", table, cwd=top)
    assert code == 0 and "here" in listed()["validation2"], (err, listed())
    code, text, err, _ = run("eval-ood", "--dataroot", "tagged", "--dataset", "smiyc", "--folder", top / "tagged-near",
                             "--params", WEIGHTS, "--db", db, "--quiet", "--json", cwd=top)
    assert code == 0, err
    code, _, err, _ = run("report", "--db", db, "--run", json.loads(text)["run"], "--slices", "--out", top / "near.md")
    assert code == 0 and "| tag here | 1 |" in (top / "near.md").read_text(), err
    assert run(*tags, "--from", table, "--remove")[0] == 0
    # what is no table of tags leaves all as it was, soon
    table.write_text('validation1,night\nvalidation0,"night\nvalidation1,rain\n')
    refuses((*tags, "--from", table), "begins in line 2 is never closed")
    table.write_text("validation1," + ",".join(f"t{i}" for i in range(20000)) + "\n")
    refuses((*tags, "--from", table), "validation1 would have more than 100 tags")
    table.write_text("image,night,lux\nvalidation0,yes,0.5\nvalidation1,no,12000\n")
    refuses((*tags, "--from", table), "the column lux holds numbers, 0.5 of validation0")
    table.write_text("validation0,wet,-12\n")
    refuses((*tags, "--from", table), "-12 of validation0 is a number")
    assert listed() == before, listed()
    table.write_text("image,tags\nvalidation1,route;7\nvalidation2,7\n")
    assert run(*tags, "--from", table)[0] == 0 and "7" in listed()["validation2"] and "7" in listed()["validation1"]
    assert run(*tags, "--from", table, "--remove")[0] == 0 and listed() == before, listed()
    # nothing in a tag is for the terminal
    table.write_bytes(b"validation2,\x1b[31mred\n")
    assert run(*tags, "--from", table)[0] == 0 and "\x1b" not in run(*tags)[1]


@case("what is required of the numbers decides the exit status, and what does not hold is said")
def _():
    words = smiyc_set("required", [(64, 48), (64, 48)])
    code, text, err, _ = run(*words, "--json")
    assert code == 0, err
    ap = json.loads(text)["protocols"]["densehybrid-pooled"]["ap"]
    code, _, err, _ = run(*words, "--require", f"ap>={ap - 1e-4}, smiyc-pixel:fpr95<=100%")
    assert code == 0 and err == "", (code, err)
    code, text, err, _ = run(*words, "--json", "--require", f"ap>{100 * ap + 0.01}%,auroc<0,densehybrid-per-image:best_f1>=0.1",
                             "--protocol", "densehybrid-pooled,densehybrid-per-image")
    lines = err.strip().split("\n")
    assert code == 1 and json.loads(text)["protocols"], (code, err)
    assert len(lines) == 3 and "does not hold" in lines[0] and \
        "best_f1 under densehybrid-per-image is undefined" in lines[2], err
    for given in ("siou>=0.1", "fishyscapes:mean_f1>=0.1"):
        refuses((*words, "--protocol", "densehybrid-pooled,fishyscapes", "--require", given), "smiyc-component", status=2)
    refuses((*words, "--protocol", "smiyc-component", "--require", "ap>=0.1"), "gives no ap", status=2)
    for wrong in ("ap>=60", "ap=0.5", "mean>=0.5", "ap>=0.5x", "", "moon:ap>=0.5", "smiyc-component:siou>=0.5"):
        refuses((*words, "--require", wrong), status=2)


@case("of one thing is spoken as of one")
def _():
    words = smiyc_set("single", [(64, 48)])
    code, text, err, _ = run(*words)
    assert code == 0, err
    said = text + err
    db = ("--db", top / "single.db")
    (top / "single" / "dataset_AnomalyTrack" / "images" / "validation0.bmp").write_bytes(b"")
    for more in (("export", *db, "--run", 1, "--layout", "npy", "--out", top / "single" / "npy"),
                 ("report", *db, "--objects", "--slices", "--out", top / "single" / "r.md"),
                 ("demo-scenes", "--out", top / "single-scenes", "--seed", 1, "--count", 1),
                 ("dataset", "check", "--dataroot", top / "single"),
                 ("dataset", "check", "--dataroot", top / "single-scenes")):
        code, text, err, _ = run(*more)
        assert code == 0, err
        said += text + err
    next((top / "single" / "maps").glob("eval/scores/**/*.npy")).unlink()
    code, text, err, _ = run("report", *db, "--objects", "--slices", "--out", top / "single" / "gone.md")
    assert code == 0, err
    said += (top / "single" / "r.md").read_text() + (top / "single" / "gone.md").read_text()
    wrong = re.findall(r".{0,40}(?<![.,0-9])1 (?:test )?(?:images|labels|pairs|maps|scenes|negatives|tags)\b", said)
    assert not wrong, wrong


@case("metrics takes masks as pictures, and asks the same of its numbers")
def _():
    words = smiyc_set("pictures", [(64, 48)])
    assert run(*words)[0] == 0
    scores = next((top / "pictures" / "maps").glob("eval/scores/**/*.npy"))
    mask = top / "pictures" / "dataset_AnomalyTrack" / "labels_masks" / "validation0_labels_semantic.png"
    code, text, err, _ = run("metrics", "--scores", scores, "--labels", mask, "--json", "--require", "ap<0")
    assert code == 1 and json.loads(text)["protocols"]["densehybrid-pooled"]["positives"] > 0, err
    refuses(("metrics", "--scores", scores, "--labels", top / "p.png"), "p.png", "colour")


@case("a data set that is taken away in the middle: the evaluation ends, and goes on when it is back")
def _():
    smiyc_set("taken", [(64, 48)] * 40)
    words = ("eval-ood", "--dataroot", top / "taken", "--dataset", "smiyc", "--folder", top / "taken-maps", "--params",
             WEIGHTS, "--db", top / "taken.db", "--quiet", "--json")
    process = stopped_within(words, top / "taken-maps", top / "taken.db", 30)
    (top / "taken").rename(top / "away")
    process.send_signal(signal.SIGCONT)
    assert process.wait(FOR_EVER) == 1
    (top / "away").rename(top / "taken")
    code, text, err, _ = run(*words)
    document = json.loads(text)
    assert code == 0 and document["images"] == 40 and 2 <= document["resumed"] < 40, (err, document)


@case("maps that are taken away in the middle: the numbers are whole, and that maps are lost is said")
def _():
    smiyc_set("moved", [(64, 48)] * 40)
    words = ("eval-ood", "--dataroot", top / "moved", "--dataset", "smiyc", "--folder", top / "moved-maps", "--params",
             WEIGHTS, "--db", top / "moved.db", "--quiet", "--json")
    process = stopped_within(words, top / "moved-maps", top / "moved.db", 30, stderr=subprocess.PIPE)
    maps = [file for file in (top / "moved-maps" / "eval" / "scores").iterdir() if file.suffix == ".npy"]
    for file in maps:
        file.unlink()
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=FOR_EVER)
    assert process.returncode == 0 and f"{len(maps)} of the maps are no longer in {top / 'moved-maps'}" in err, (maps, err)
    code, _, err, _ = run(*words)
    assert code == 0 and "no longer" not in err, err


@case("a disk that is unmounted in the middle: an empty folder stays, no image is at fault, and it goes on")
def _():
    smiyc_set("mounted", [(64, 48)] * 40)
    words = ("eval-ood", "--dataroot", top / "mounted", "--dataset", "smiyc", "--folder", top / "mounted-maps", "--params",
             WEIGHTS, "--db", top / "mounted.db", "--quiet", "--json")
    process = stopped_within(words, top / "mounted-maps", top / "mounted.db", 30, stderr=subprocess.PIPE)
    (top / "mounted").rename(top / "elsewhere")
    (top / "mounted").mkdir()
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=FOR_EVER)
    assert process.returncode == 1 and "not there any more" in err, err
    with contextlib.closing(sqlite3.connect(top / "mounted.db")) as database:
        (failed,), = database.execute("SELECT count(*) FROM run_images WHERE state = 'failed'")
        (why,), = database.execute("SELECT why FROM runs")
    assert failed == 0 and "not there any more" in why, (failed, why)
    (top / "mounted").rmdir()
    (top / "elsewhere").rename(top / "mounted")
    code, text, err, _ = run(*words)
    document = json.loads(text)
    assert code == 0 and document["images"] == 40 and 2 <= document["resumed"] < 40, (err, document)


@case("very many bad pictures: some are named, and how many more there are")
def _():
    words = smiyc_set("many-bad", [None] * 30 + [(64, 48)])
    code, text, err, _ = run(*words)
    lines = err.strip().split("\n")
    assert code == 1 and len(lines) == 22 and "10 more" in lines[20] and "30 of the 31" in lines[21], err


@case("worse images: killed in the middle it goes on, and makes no run again; where nothing can be lost it ends at once")
def _():
    smiyc_set("worse", [(64, 48)] * 10)
    words = ("robustness", "--dataroot", top / "worse", "--dataset", "smiyc", "--folder", top / "worse-maps", "--params", WEIGHTS,
             "--db", top / "worse.db", "--degrade", "fog:2,fog:5,jpeg:1", "--quiet", "--json")
    process = stopped_within(words, top / "worse-maps", top / "worse.db", 40)
    process.kill()
    process.wait()
    code, text, err, _ = run(*words)
    assert code == 0, err
    document = json.loads(text)
    runs = [document["clean"]["run"]] + [s["run"] for d in document["degradations"] for s in d["severities"]]
    assert sorted(runs) == [1, 2, 3, 4], document
    with contextlib.closing(sqlite3.connect(top / "worse.db")) as database:
        states = database.execute("SELECT state, count(*) FROM runs GROUP BY state").fetchall()
        (images,), = database.execute("SELECT count(*) FROM run_images WHERE state = 'done'")
    assert states == [("done", 4)] and images == 40, (states, images)
    left = sorted(path.name for path in (top / "worse-maps").iterdir() if (path / "eval").exists())
    assert left == ["clean"], left
    # a picture that is left out is left out of each, and said
    (top / "worse" / "dataset_AnomalyTrack" / "images" / "validation3.png").write_bytes(picture()[:60])
    for _ in range(2):
        refuses(words, "4 altogether")
    # no anomaly in any label
    at = smiyc_set("nothing-worse", [(64, 48, 0)] * 3)[2]
    refuses(("robustness", "--dataroot", at, "--dataset", "smiyc", "--labels-are-true", "--folder", top / "n", "--params", WEIGHTS,
             "--db", top / "n.db", "--quiet"), "nothing to lose")
    with contextlib.closing(sqlite3.connect(top / "n.db")) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (1,)


@case("several bad pictures among good ones: each is named")
def _():
    code, text, err, _ = run(*smiyc_set("two-bad", [(32, 48), None, (64, 48)]))
    lines = err.strip().split("\n")
    assert code == 1 and "1 image, 2 left out" in text, (code, text)
    assert len(lines) == 3 and lines[2].startswith("densehybrid: 2 of the 3 images"), lines
    assert "validation0" in lines[0] and "validation1" in lines[1], lines


@case("only bad labels: one sentence")
def _():
    for name, sizes, mention in (("all-bad", [(32, 48)] * 3, "none of the 3"), ("single-bad", [(64, 24)], "the only image")):
        words = smiyc_set(name, sizes)
        refuses(words, mention, "validation0", "64×48")
        err = run(*words)[2]
        assert len(err.strip().split("\n")) == 1, err


@case("killed in the middle, it goes on where it was")
def _():
    many = top / "many" / "dataset_AnomalyTrack"
    (many / "images").mkdir(parents=True)
    (many / "labels_masks").mkdir()
    for i in range(40):
        (many / "images" / f"validation{i}.png").write_bytes(picture(320, 192))
        (many / "labels_masks" / f"validation{i}_labels_semantic.png").write_bytes(labels(320, 192))
    words = ("eval-ood", "--dataroot", top / "many", "--dataset", "smiyc", "--folder", top / "k", "--params", WEIGHTS,
             "--db", top / "k.db", "--quiet", "--json")
    process = stopped_within(words, top / "k", top / "k.db", 40)
    # Nobody else takes it up meanwhile; after a kill nothing is left that would keep others out.
    refuses(words[:-2], "another run", str(process.pid))
    process.kill()
    process.wait()
    # How its set was read is known all the same.
    with contextlib.closing(sqlite3.connect(top / "k.db")) as database:
        (summary, state), = database.execute("SELECT summary, state FROM runs")
    assert state == "running" and json.loads(summary)["label_ids"] == "raw", (state, summary)
    code, text, err, _ = run(*words)
    assert code == 0, err
    document = json.loads(text)
    assert document["images"] == 40 and 1 <= document["resumed"] < 40, (document["images"], document["resumed"])
    straight = json.loads(run(*words[:6], top / "s", *words[7:10], top / "s.db", *words[11:])[1])
    assert straight["protocols"] == document["protocols"], "another result than in one go"


@case("open-set recognition that is killed goes on where it was")
def _():
    code, _, err, _ = run("demo-scenes", "--out", top / "osr", "--seed", 9, "--count", 128, "--quiet")
    assert code == 0, err
    words = ("eval-osr", "--dataroot", top / "osr", "--model", WEIGHTS, "--folder", top / "osr-maps", "--db", top / "osr.db",
             "--quiet", "--json")
    process = stopped_within(words, top / "osr-maps", top / "osr.db", 16)
    process.kill()
    process.wait()
    code, text, err, _ = run(*words)
    assert code == 0, err
    document = json.loads(text)
    assert document["images"] == 16 and 1 <= document["resumed"] < 16, (document["images"], document["resumed"])
    code, text, err, _ = run(*words[:5], "--folder", top / "osr-again", "--db", top / "osr2.db", *words[9:])
    assert code == 0, err
    straight = json.loads(text)
    assert all(straight[key] == document[key] for key in ("towns", "open_miou", "closed_miou")), "another result than in one go"


@case("open-set recognition of smaller images is a run of its own, measured at the images' size")
def _():
    code, _, err, _ = run("demo-scenes", "--out", top / "osr-small", "--seed", 9, "--count", 16, "--quiet")
    assert code == 0, err
    words = ("eval-osr", "--dataroot", top / "osr-small", "--model", WEIGHTS, "--db", top / "osr-small.db", "--quiet", "--json")
    documents, precisions = [], []
    for name, more in (("whole", ()), ("half", ("--scale", "0.5")), ("tiles", ("--tile", "256"))):
        code, text, err, _ = run(*words, "--folder", top / f"osr-{name}", *more)
        assert code == 0, err
        documents.append(json.loads(text))
        code, _, err, _ = run("report", "--db", top / "osr-small.db", "--run", documents[-1]["run"], "--out", top / "osr.json")
        assert code == 0, err
        (described,) = json.loads((top / "osr.json").read_text())["runs"]
        precisions.append(described["precision"])
        assert all((image["width"], image["height"]) == (512, 256) for image in described["images"]), described["images"]
    assert precisions == ["f32", "f32-scale0.5", "f32-tile256"], precisions
    assert len({document["run"] for document in documents}) == 3
    assert documents[0]["open_miou"] != documents[1]["open_miou"] > 0.05, documents
    refuses((*words, "--scale", "2"), "--scale", status=2)


@case("open-set recognition without a folder of its own can be exported, and told from another precision's")
def _():
    own = top / "own"
    code, _, err, _ = run("demo-scenes", "--out", own / "osr", "--seed", 9, "--count", 32, "--quiet")
    assert code == 0, err
    env = {"XDG_DATA_HOME": str(own / "data"), "XDG_CACHE_HOME": str(own / "cache")}
    code, text, err, _ = run("eval-osr", "--dataroot", own / "osr", "--model", WEIGHTS, "--json", env=env)
    assert code == 0 and str(own / "data") in err, err
    document = json.loads(text)
    code, text, err, _ = run("export", "--run", document["run"], "--layout", "npy", "--out", own / "x", "--json", env=env)
    assert code == 0 and json.loads(text)["maps"] == document["images"], (text, err)
    (kept,) = (own / "data" / "densehybrid" / "evaluations").iterdir()
    assert kept.name.endswith("-cpu-f32"), kept.name


finish()
