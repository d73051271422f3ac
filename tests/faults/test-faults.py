#!/usr/bin/env python3
"""Bad input and bad circumstances, as a user of the command line meets them: one clear sentence on standard error, the
right exit status, quickly, and nothing lost. Prints TAP.

    tests/faults/test-faults.py build/app/densehybrid [WORD…]

With words: only the cases that have one of them in their name.
"""
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

PROGRAM = os.path.abspath(sys.argv[1])
# A sanitizer or a busy machine makes everything slower; what matters is that nothing takes long.
PATIENCE = float(os.environ.get("DH_TEST_PATIENCE", "20"))
results = []


def run(*words, cwd=None, limit_file=None, limit_memory=None, kill_after=None, env=None):
    def prepare():
        if limit_file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file, limit_file))
        if limit_memory is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit_memory, limit_memory))

    start = time.monotonic()
    process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               cwd=cwd, preexec_fn=prepare, env={**os.environ, **(env or {})})
    try:
        out, err = process.communicate(timeout=kill_after or 300)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return process.returncode, out, err, time.monotonic() - start


def case(name):
    def add(function):
        if sys.argv[2:] and not any(word in name for word in sys.argv[2:]):
            return function
        try:
            function()
            results.append((name, None))
        except Exception as e:
            results.append((name, f"{type(e).__name__}: {e}".replace("\n", " ")))
        return function
    return add


def refuses(words, *mentions, status=1, seconds=PATIENCE, **how):
    code, out, err, took = run(*words, **how)
    lines = [line for line in err.strip().split("\n") if line and not line.startswith("note: ")]
    assert code == status, f"exit {code}, expected {status}: {err.strip()[-200:]}"
    assert lines and lines[-1].startswith("densehybrid: "), f"said {err.strip()[-200:]!r}"
    assert len(lines) == 1, f"said {len(lines)} lines: {err.strip()[-300:]!r}"
    for word in mentions:
        assert word in lines[-1], f"{word!r} is not in {lines[-1]!r}"
    assert took < seconds, f"took {took:.1f} s"
    assert out.strip() == "" or "--json" in words, f"printed {out[:100]!r}"


def png(width, height, depth, colour, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def picture(width=64, height=48):
    row = b"\0" + bytes(range(0, 3 * width)) if 3 * width <= 256 else b"\0" + bytes(3 * width)
    return png(width, height, 8, 2, row * height)


def labels(width=64, height=48):
    return png(width, height, 8, 0, (b"\0" + bytes([1] * 8 + [0] * (width - 8))) * height)


# A sanitizer maps terabytes of its own.
little_memory = {} if os.environ.get("DH_SANITIZE", "none") != "none" else {"limit_memory": 700 << 20}
top = Path(tempfile.mkdtemp(prefix="dh-faults-"))
(top / "p.png").write_bytes(picture())
code, out, err, _ = run("demo-scenes", "--out", top / "scenes", "--seed", 5, "--count", 2, "--quiet")
assert code == 0, err
demo = top / "demo"
code, out, err, _ = run("demo", "--out", demo, "--quiet", "--json")
assert code == 0, err
WEIGHTS = demo / "scenes" / "demo-network.safetensors"
weights = WEIGHTS.read_bytes()
smiyc = top / "dataset_AnomalyTrack"
(smiyc / "images").mkdir(parents=True)
(smiyc / "labels_masks").mkdir()
for i in range(3):
    (smiyc / "images" / f"validation{i}.png").write_bytes(picture())
    (smiyc / "labels_masks" / f"validation{i}_labels_semantic.png").write_bytes(labels())


def infer(*words, **how):
    return ("infer", "--params", WEIGHTS, "--out", top / "out", *words)


def evaluate(*words):
    return ("eval-ood", "--dataroot", top, "--dataset", "smiyc", "--folder", top / "eval", "--params", WEIGHTS, "--db",
            top / "runs.db", "--quiet", *words)


@case("the demo gives numbers in full precision and null where undefined")
def _():
    document = json.loads(out)
    pooled = document["protocols"]["densehybrid-pooled"]
    assert 0 < pooled["ap"] < 1 and pooled["positives"] > 0, pooled
    assert document["images"] >= 12 and "max_softmax" in document["scores"], document.keys()
    assert pooled["ap"] > document["scores"]["max_softmax"]["densehybrid-pooled"]["ap"] + 0.1, "hybrid is not clearly ahead of max softmax"


@case("a picture that is not there")
def _():
    refuses(infer(top / "absent.png"), "absent.png")


@case("weights that are not there")
def _():
    refuses(("infer", "--params", top / "absent.pth", "--out", top / "out", top / "p.png"), "absent.pth")


@case("a folder without pictures")
def _():
    (top / "empty").mkdir()
    refuses(("eval-ood", "--dataroot", top / "empty", "--folder", top / "e", "--params", WEIGHTS, "--db", top / "x.db"),
            "empty")


@case("a truncated picture")
def _():
    (top / "cut.png").write_bytes(picture()[:60])
    refuses(infer(top / "cut.png"), "cut.png")


@case("a picture that fails is listed in JSON, and the others are done")
def _():
    code, text, err, _ = run(*infer(top / "p.png", top / "absent.png", top / "cut.png"), "--json")
    listed = json.loads(text)["images"]
    assert code == 1 and len(listed) == 3, (code, listed)
    assert "error" not in listed[0] and listed[0]["outputs"], listed[0]
    for entry, name in zip(listed[1:], ("absent.png", "cut.png")):
        assert entry["image"].endswith(name) and name in entry["error"], entry


@case("a picture that claims 60000x60000")
def _():
    (top / "big.png").write_bytes(png(60000, 60000, 8, 2, b"\0"))
    refuses(infer(top / "big.png"), "big.png", "60000")
    with open(top / "big.png", "r+b") as file:  # and is as large as it says: not read for that
        file.truncate(1900 << 20)
    refuses(infer(top / "big.png"), "big.png", "60000", **little_memory)


@case("a huge file that begins as an archive of weights does")
def _():
    with open(top / "huge.pth", "wb") as file:
        file.write(b"PK\3\4" + bytes(60))
        file.truncate(3 << 30)
    refuses(("infer", "--params", top / "huge.pth", "--out", top / "out", top / "p.png"), "huge.pth", **little_memory)


@case("weights of another network")
def _():
    header = json.dumps({"fc.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    (top / "other.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    refuses(("infer", "--params", top / "other.safetensors", "--out", top / "out", top / "p.png"), "other.safetensors")


@case("a pickle that would run a command, in PyTorch's zip format")
def _():
    with zipfile.ZipFile(top / "evil.pth", "w") as z:
        z.writestr("a/data.pkl", b"\x80\x02cos\nsystem\nX\x0c\0\0\0touch pwned!!\x85R.")
        z.writestr("a/version", "3\n")
    refuses(("infer", "--params", top / "evil.pth", "--out", top / "out", top / "p.png"), "os.system")


@case("a pickle that would run a command, in PyTorch's legacy format")
def _():
    import pickle
    head = b"".join(pickle.dumps(x, 2) for x in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    (top / "evil_old.pth").write_bytes(head + b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.")
    refuses(("infer", "--params", top / "evil_old.pth", "--out", top / "out", top / "p.png"), "os.system")


@case("a pickle nested two million deep, in little memory")
def _():
    with zipfile.ZipFile(top / "deep.pth", "w") as z:
        z.writestr("a/data.pkl", b"\x80\x02" + b"]" * 2_000_000 + b".")
        z.writestr("a/version", "3\n")
    # A sanitizer reserves the whole address space.
    limit = 512 << 20 if os.environ.get("DH_SANITIZE", "none") == "none" else None
    refuses(("infer", "--params", top / "deep.pth", "--out", top / "out", top / "p.png"), "deep.pth", limit_memory=limit)


@case("a safetensors header of 2^63 bytes")
def _():
    (top / "huge.safetensors").write_bytes(struct.pack("<Q", 2 ** 63) + b"{}")
    refuses(("infer", "--params", top / "huge.safetensors", "--out", top / "out", top / "p.png"), "huge.safetensors")


@case("weights cut anywhere")
def _():
    for size in (0, 7, 8, 100, 5000, len(weights) // 2, len(weights) - 1):
        (top / "part.safetensors").write_bytes(weights[:size])
        refuses(("infer", "--params", top / "part.safetensors", "--out", top / "out", top / "p.png"), "part.safetensors")


@case("a database in a folder that cannot be written")
def _():
    refuses(("eval-ood", "--dataroot", top, "--dataset", "smiyc", "--folder", top / "e", "--params", WEIGHTS, "--db",
             "/proc/nowhere/x.db"), "/proc/nowhere")


@case("an export of pictures with equal names in different folders loses none")
def _():
    for layout in ("fishyscapes", "smiyc", "npy"):
        at = top / "layouts" / layout
        code, text, err, _ = run("export", "--db", demo / "demo.db", "--run", 1, "--layout", layout, "--out", at, "--json")
        assert code == 0, err
        files = [f for f in at.rglob("*") if f.is_file()]
        assert len(files) == json.loads(text)["maps"] >= 12, (layout, len(files))
    assert (top / "layouts" / "fishyscapes" / "t5_00005_anomaly.npy").exists()


@case("the network that comes with the program, by its name")
def _():
    code, _, err, _ = run("infer", "--params", "demo", "--out", top / "built-in", "--maps", "hybrid", top / "p.png")
    assert code == 0, err
    code, _, err, _ = run(*infer(top / "p.png", "--maps", "hybrid"))
    assert (top / "built-in" / "p_hybrid.npy").read_bytes() == (top / "out" / "p_hybrid.npy").read_bytes()


@case("a run's command is quoted for the shell")
def _():
    code, _, err, _ = run(*evaluate("--folder", top / "with blank", "--db", top / "quoted.db"))
    assert code == 0, err
    code, text, err, _ = run("report", "--db", top / "quoted.db", "--format", "json", "--out", top / "quoted.json")
    command = json.loads((top / "quoted.json").read_text())["runs"][0]["command"]
    assert f"'{top / 'with blank'}'" in command and f" {WEIGHTS} " in command, command


@case("a file whose name begins with dashes, and one with no name")
def _():
    (top / "--p.png").write_bytes(picture())
    code, _, err, _ = run("infer", "--params", WEIGHTS, "--out", top / "dashes", "--", "--p.png", cwd=top)
    assert code == 0 and (top / "dashes" / "--p_hybrid.npy").exists(), err
    refuses(infer(""), "empty", status=2)


@case("an option that is given as nothing")
def _():
    for words, option in ((infer(top / "p.png", "--maps", ""), "--maps"), (evaluate("--protocol", ""), "--protocol"),
                          (("infer", "--params", "", "--out", top / "o", top / "p.png"), "--params"),
                          (("metrics", "--scores", "s", "--labels", "l", "--protocol", ""), "--protocol"),
                          (("report", "--db", ""), "--db"), (infer(top / "p.png", "--device", ""), "--device")):
        refuses(words, option, "empty", status=2)


@case("a database that is none")
def _():
    (top / "text.db").write_text("this is a text file, and long enough to be taken for something else\n" * 20)
    refuses(("report", "--db", top / "text.db", "--format", "csv", "--out", top / "r.csv"), "text.db")
    assert (top / "text.db").read_text().startswith("this is a text file"), "the file was changed"


@case("a database that is not there: nothing is made")
def _():
    for words in (("report",), ("report", "--format", "csv", "--out", top / "r.csv"),
                  ("export", "--run", 1, "--layout", "npy", "--out", top / "exported")):
        refuses((*words, "--db", top / "no" / "such.db"), "no/such.db")
        assert not (top / "no").exists() and not (top / "exported").exists(), words


@case("a report of a run that is not there")
def _():
    refuses(("report", "--db", demo / "demo.db", "--run", 99, "--format", "csv", "--out", top / "r.csv"), "99")


@case("maps into a folder that cannot be made")
def _():
    refuses(("infer", "--params", WEIGHTS, "--out", "/proc/nowhere", top / "p.png"), "/proc/nowhere")


@case("a full disk: the old file stays, and no part of the new one")
def _():
    old = top / "full" / "p_logits.npy"
    old.parent.mkdir()
    old.write_text("old")
    refuses(("infer", "--params", WEIGHTS, "--out", top / "full", "--maps", "logits", top / "p.png"), "p_logits.npy",
            limit_file=4096)
    assert old.read_text() == "old", "the old file was touched"
    assert [f.name for f in old.parent.iterdir()] == [old.name], "a part of a file was left"


@case("a full disk during an evaluation: what was finished is kept, and it goes on")
def _():
    refuses(evaluate("--folder", top / "eval2", "--db", top / "full.db"), limit_file=9000)
    code, text, err, _ = run(*evaluate("--folder", top / "eval2", "--db", top / "full.db"), "--json")
    assert code == 0, err
    assert json.loads(text)["images"] == 3


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
    refuses((*words, "--json"), "1 of the 3 pictures", "validation1", "32×48", "64×48")


@case("several bad pictures among good ones: each is named")
def _():
    code, text, err, _ = run(*smiyc_set("two-bad", [(32, 48), None, (64, 48)]))
    lines = err.strip().split("\n")
    assert code == 1 and "1 image, 2 left out" in text, (code, text)
    assert len(lines) == 3 and lines[2].startswith("densehybrid: 2 of the 3 pictures"), lines
    assert "validation0" in lines[0] and "validation1" in lines[1], lines


@case("only bad labels: one sentence")
def _():
    for name, sizes, mention in (("all-bad", [(32, 48)] * 3, "none of the 3"), ("single-bad", [(64, 24)], "the only picture")):
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
    scores = top / "k" / "eval" / "scores"
    process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(scores.rglob("*.npy"))) < 3:
        time.sleep(0.01)
    # Nobody else takes it up meanwhile; after a kill nothing is left that would keep others out.
    refuses(words[:-2], "another run", str(process.pid))
    process.kill()
    process.wait()
    code, text, err, _ = run(*words)
    assert code == 0, err
    document = json.loads(text)
    assert document["images"] == 40 and 1 <= document["resumed"] < 40, (document["images"], document["resumed"])
    straight = json.loads(run(*words[:6], top / "s", *words[7:10], top / "s.db", *words[11:])[1])
    assert straight["protocols"] == document["protocols"], "another result than in one go"


@case("open-set recognition that is killed goes on where it was")
def _():
    code, _, err, _ = run("demo-scenes", "--out", top / "osr", "--seed", 9, "--count", 64, "--quiet")
    assert code == 0, err
    words = ("eval-osr", "--dataroot", top / "osr", "--model", WEIGHTS, "--folder", top / "osr-maps", "--db", top / "osr.db",
             "--quiet", "--json")
    process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list((top / "osr-maps").rglob("segmentation/**/*.npy"))) < 3:
        time.sleep(0.01)
    process.kill()
    process.wait()
    code, text, err, _ = run(*words)
    assert code == 0, err
    document = json.loads(text)
    assert document["images"] == 8 and 1 <= document["resumed"] < 8, (document["images"], document["resumed"])
    code, text, err, _ = run(*words[:5], "--folder", top / "osr-again", "--db", top / "osr2.db", *words[9:])
    assert code == 0, err
    straight = json.loads(text)
    assert all(straight[key] == document[key] for key in ("towns", "open_miou", "closed_miou")), "another result than in one go"


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


@case("Ctrl-C ends cleanly with 130")
def _():
    process = subprocess.Popen([PROGRAM, "bench", "--device", "ref", "--size", "512x1024", "--quiet"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (process.returncode, err)
    assert "cancelled" in err, err


@case("the network that comes with the program can be timed by its name")
def _():
    code, text, err, _ = run("bench", "--params", "demo", "--size", "64x128", "--runs", 1, "--json", "--quiet")
    assert code == 0 and json.loads(text)["arch"].startswith("ldn"), (code, text, err)
    refuses(("bench", "--params", "demos", "--size", "64x128"), "demos")


@case("wrong usage is 2 and says what to do")
def _():
    for words in (("nonsense",), ("infer",), ("infer", "--params"), ("bench", "--size", "x"), ("bench", "--arch", "moon"),
                  ("eval-ood", "--dataset", "moon", "--dataroot", top, "--folder", top / "e", "--params", WEIGHTS),
                  ("report", "--format", "doc", "--out", "x"), ("devices", "more"), ("infer", "--precision", "f99")):
        code, _, err, _ = run(*words)
        assert code == 2 and "densehybrid: " in err, (words, code, err)


@case("a device that is not there is an error, never another device")
def _():
    code, text, _, _ = run("devices", "--json")
    absent = [d["name"] for d in json.loads(text)["devices"] if not d["available"]]
    for name in absent:
        refuses((*infer(top / "p.png"), "--device", name), name.split(":")[0])


# ---- training: how a run meets full disks, little memory, signals and other processes --------------------------------
tiny = top / "tiny.json"
tiny.write_text(json.dumps({
    "name": "tiny", "architecture": "ldn-tiny", "dataset": "street-hazards-full", "negatives": True, "batch": 2,
    "crop": 64, "epochs": 2, "steps": 4, "rate": 0.002, "rate_min": 1e-5, "negative_side": 64, "negative_crop": 48,
    "selection": "ap", "keep": 1}))


def training(name, *more, recipe=tiny):
    return ("train", recipe, "--dataroot", top / "scenes", "--neg_dataroot", top / "scenes" / "negatives", "--exp_name",
            name, "--runs", top / "logs", "--db", top / "jobs.db", "--device", "ref", "--threads", 1, "--quiet", *more)


def resumed(name, *more):
    return ("train", "--resume", "--exp_name", name, "--runs", top / "logs", "--db", top / "jobs.db", "--quiet", *more)


def lock(name):
    try:
        return json.loads((top / "logs" / name / "job.lock").read_text())
    except (OSError, ValueError):
        return {}


def events(name):
    log = top / "logs" / name / "log.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def begin(name, *more):
    process = subprocess.Popen([PROGRAM, *map(str, training(name, *more))], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    return process


def until(condition):
    end = time.monotonic() + 3 * PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to it"
        time.sleep(0.02)


def stop(process, name):
    """SIGTERM: within 10 seconds it is gone, with a checkpoint that can be gone on with."""
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    took = time.monotonic() - start
    assert process.returncode == 130, (process.returncode, err)
    assert took < min(10, PATIENCE), f"took {took:.1f} s"
    last = events(name)[-1]
    assert last["event"] == "end" and last["state"] == "stopped", last
    assert lock(name)["phase"] == "stopped", lock(name)


@case("training: events as lines of JSON, the last one the end")
def _():
    code, text, err, _ = run(*training("straight", "--events", "-"))
    assert code == 0, err
    said = [json.loads(line) for line in text.splitlines()]
    assert [e["event"] for e in said][0] == "start" and said[-1]["event"] == "end" and said[-1]["state"] == "done"
    assert sum(e["event"] == "step" for e in said) == 8 and all("time" in e for e in said)
    assert said == events("straight"), "the log says something else"
    code, text, err, _ = run(*training("document", "--json"))
    assert code == 0 and json.loads(text)["state"] == "done", (code, text, err)


@case("training: stopped in its steps, paused, and before it began")
def _():
    process = begin("stopped", "--steps", 4000)
    until(lambda: len(events("stopped")) > 4)
    stop(process, "stopped")
    step = events("stopped")[-1]["step"]
    code, _, err, _ = run(*resumed("stopped", "--stop_after", step + 2))
    assert code == 130 and events("stopped")[-1]["step"] == step + 2, err

    process = begin("paused", "--steps", 4000)
    until(lambda: len(events("paused")) > 2)
    process.send_signal(signal.SIGUSR1)
    until(lambda: lock("paused").get("phase") == "paused")
    before = len(events("paused"))
    time.sleep(0.5)
    assert len(events("paused")) == before, "it went on"
    assert [e["event"] for e in events("paused")][-2:] == ["checkpoint", "pause"]
    process.send_signal(signal.SIGUSR2)
    until(lambda: len(events("paused")) > before + 3)
    process.send_signal(signal.SIGUSR1)
    until(lambda: lock("paused").get("phase") == "paused")
    stop(process, "paused")

    process = begin("early")
    until(lambda: lock("early").get("phase") is not None)
    stop(process, "early")


@case("training: stopped while it validates, it validates again")
def _():
    many = top / "many-scenes"
    code, _, err, _ = run("demo-scenes", "--out", many, "--seed", 6, "--count", 12, "--quiet")
    assert code == 0, err
    process = begin("validated", "--steps", 1, "--dataroot", many)
    until(lambda: lock("validated").get("phase") == "validating" or process.poll() is not None)
    stop(process, "validated")
    assert not any(e["event"] == "epoch" for e in events("validated"))
    code, _, err, _ = run(*resumed("validated"))
    assert code == 0, err
    assert [e["epoch"] for e in events("validated") if e["event"] == "epoch"] == [1, 2]


@case("training: resumed with options that would make another run of it, with the same again, with its data moved")
def _():
    code, _, err, _ = run(*training("old", "--seed", 3, "--stop_after", 2))
    assert code == 130, err
    for words in (("--lr", 0.1), ("--batch_size", 4), ("--epochs", 9), ("--seed", 4), ("--crop", 32), ("--beta", 0.5),
                  ("--model", top / "p.png"), ("--precision", "bf16"), ("--validation_images", 1), ("--recompute",),
                  ("--checkpoint_steps", 7), ("--keep", 5), ("--num_classes", 3), ("--arch", "ldn-tiny-closed")):
        refuses(resumed("old", *words), words[0], "this run began with", status=2)
    refuses(resumed("old", "ldn-semseg"), "this run began with", status=2)
    refuses(resumed("old", "--seed", -1), "--seed", status=2)
    code, _, err, _ = run(*training("old", "--seed", 3, "--resume", "--lr", 0.002, "--stop_after", 3))
    assert code == 130, err
    (top / "scenes").rename(top / "elsewhere")
    try:
        refuses(resumed("old"), "scenes")
        code, _, err, _ = run(*resumed("old", "--dataroot", top / "elsewhere", "--neg_dataroot",
                                       top / "elsewhere" / "negatives", "--workers", 0, "--stop_after", 5))
        assert code == 130, err
        code, _, err, _ = run(*resumed("old"))
        assert code == 0, err
    finally:
        (top / "elsewhere").rename(top / "scenes")
    steps = [e["step"] for e in events("old") if e["event"] == "step"]
    assert steps == list(range(1, 9)), steps


@case("training: a second process in the folder is refused, by its number")
def _():
    process = begin("busy", "--steps", 4000)
    until(lambda: len(events("busy")) > 1)
    refuses(resumed("busy"), f"process {process.pid} trains in it")
    refuses(training("busy"), "--resume", status=2)
    stop(process, "busy")


@case("training: a disk that is too small for its checkpoints is refused before it begins")
def _():
    refuses(training("large", "--keep", 100000, "--arch", "ldn121"), "MiB left", "keep fewer")
    assert not (top / "logs" / "large" / "config.json").exists()
    code, _, err, _ = run(*training("large"))  # the name is still free
    assert code == 0, err


@case("training: a disk that becomes full keeps the last good checkpoint and says so")
def _():
    code, _, err, _ = run(*training("full", "--stop_after", 2))
    assert code == 130, err
    good = (top / "logs" / "full" / "checkpoint.pth").read_bytes()
    refuses(resumed("full"), "checkpoint.pth", "The last good checkpoint, of step 2, is kept", limit_file=len(good) // 2)
    assert (top / "logs" / "full" / "checkpoint.pth").read_bytes() == good
    assert not list((top / "logs" / "full").glob("*.pth.*")), "a part of a file was left"
    assert lock("full")["phase"] == "failed" and "step 2" in lock("full")["why"], lock("full")
    # not even the log can grow: the lock still says how it ended
    log = top / "logs" / "full" / "log.jsonl"
    log.write_text(log.read_text() + "x" * 8192 + "\n")
    refuses(resumed("full"), "log.jsonl", limit_file=log.stat().st_size)
    assert lock("full")["phase"] == "failed" and "log.jsonl" in lock("full")["why"], lock("full")
    code, _, err, _ = run(*resumed("full"))
    assert code == 0, err
    for name in ("checkpoint.pth", "model_best.pth"):
        assert (top / "logs" / "full" / name).read_bytes() == (top / "logs" / "straight" / name).read_bytes(), name


@case("training: short of memory it says so")
def _():
    if "asan" in PROGRAM:
        return
    code, _, err, _ = run(*training("memory", "--arch", "ldn121", "--crop", 2048),
                          limit_memory=700 << 20)
    assert code not in (0, 2, 130), (code, err)
    said = err.lower()
    assert "memory" in said or "allocate" in said, err


@case("training: recipes that are none, data that is none")
def _():
    (top / "broken.json").write_text('{"crop": "large"}')
    (top / "deep.json").write_text("[" * 500000)
    (top / "cut.json").write_text('{"crop": 64,')
    for name in ("broken", "deep", "cut"):
        refuses(training("none", recipe=top / f"{name}.json"), f"{name}.json")
    refuses(training("none", recipe="nothing"), "ldn-semseg", status=2)
    refuses(training("none", "--dataroot", top / "empty"), "empty")
    refuses(training("none", "--neg_dataroot", top / "empty"), "empty")
    refuses(training("none", "--model", top / "broken.json"), "broken.json")
    refuses(training("none", "--db", "/proc/nowhere/x.db", "--model", top / "broken.json"), "broken.json")
    refuses(resumed("never"), "never")


@case("training: recipes for CamVid and KITTI")
def _():
    shared = Path(os.environ.get("DH_SHARED", "")) / "data"
    recipes = Path(__file__).resolve().parents[2] / "resources" / "recipes"
    for data in ("camvid", "kitti"):
        for recipe, arch in ((f"{data}-closed", "ldn-tiny-closed"), (data, "ldn-tiny")):
            text = json.loads((recipes / f"{recipe}.json").read_text())
            assert text["name"] == recipe and text["dataset"] == {"camvid": "camvid", "kitti": "cityscapes"}[data]
            if not (shared / data).is_dir():
                continue
            words = ("train", recipes / f"{recipe}.json", "--dataroot", shared / data, "--exp_name", recipe, "--runs",
                     top / "logs", "--db", top / "jobs.db", "--arch", arch, "--steps", 2, "--epochs", 1, "--batch_size",
                     2, "--crop", 64, "--validation_images", 1, "--quiet")
            code, _, err, _ = run(*words, *(("--neg_dataroot", shared / "negatives") if arch == "ldn-tiny" else ()))
            assert code == 0, err
            epoch = [e for e in events(recipe) if e["event"] == "epoch"][0]
            assert epoch["miou"] is not None and (epoch["ap"] is None) == (arch != "ldn-tiny"), epoch


subprocess.run(["chmod", "-R", "u+w", str(top)], check=False)
subprocess.run(["rm", "-rf", str(top)], check=False)
print(f"1..{len(results)}")
for number, (name, why) in enumerate(results, 1):
    print(f"{'not ok' if why else 'ok'} {number} - {name}")
    if why:
        print(f"# {why}")
sys.exit(any(why for _, why in results))
