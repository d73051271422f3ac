#!/usr/bin/env python3
"""Files, folders, options and databases that are not what they should be, and disks that are full."""
import json
import os
import shlex
import signal
import struct
import subprocess
import zipfile

from faults import (DEMO_TEXT, PATIENCE, PROGRAM, WEIGHTS, case, demo, end_by, evaluate, finish, infer, labels,
                    little_memory, picture, png, refuses, run, smiyc, top, until, until_it_hears, weights)


@case("the demo gives numbers in full precision and null where undefined")
def _():
    document = json.loads(DEMO_TEXT)
    pooled = document["protocols"]["densehybrid-pooled"]
    assert 0 < pooled["ap"] < 1 and pooled["positives"] > 0, pooled
    assert document["images"] >= 12 and "max_softmax" in document["scores"], document.keys()
    softmax = document["scores"]["max_softmax"]["densehybrid-pooled"]["ap"]
    assert pooled["ap"] > softmax + 0.1, "hybrid is not clearly ahead of max softmax"


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


@case("a folder of pictures is all pictures in it, and one without any is said")
def _():
    (top / "some" / "deeper").mkdir(parents=True)
    for name in ("b.png", "a.png", ".hidden.png", "deeper/c.png"):
        (top / "some" / name).write_bytes(picture())
    code, text, err, _ = run(*infer(top / "some"), "--json")
    assert code == 0, err
    assert [os.path.basename(entry["image"]) for entry in json.loads(text)["images"]] == ["a.png", "b.png"], text
    refuses(infer(top / "empty"), "there is no PNG, JPEG, WebP, TIFF or BMP image")


@case("the built-in weights are inspected and written as any, and no training begins with their name alone")
def _():
    code, text, err, _ = run("weights", "inspect", "demo", "--json")
    assert code == 0 and json.loads(text)["loadable"], err
    code, _, err, _ = run("weights", "convert", "demo", top / "demo.pth")
    assert code == 0, err
    code, text, err, _ = run("weights", "inspect", top / "demo.pth", "--json")
    assert code == 0 and json.loads(text)["architecture"] == "ldn-demo", text
    train = ("train", "ldn-streethazards", "--dataroot", top, "--exp_name", "none", "--runs", top / "runs")
    code, _, err, _ = run(*train, "--model", "demo")
    assert code == 2 and "weights convert demo" in err, err


@case("bash completes commands and options as the help tells them")
def _():
    script = os.path.join(os.path.dirname(__file__), "..", "..", "resources", "completions", "densehybrid")

    def complete(*words):
        text = (f"source {shlex.quote(script)}; COMP_WORDS=({shlex.join((PROGRAM, *words))}); COMP_CWORD={len(words)}; "
                "_densehybrid; printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "--norc", "-c", text], capture_output=True, text=True, cwd=top)
        assert done.returncode == 0 and done.stderr == "", done
        return done.stdout.split("\n")[:-1]

    assert {"infer", "eval-ood", "demo-scenes", "--version"} <= set(complete("")), complete("")
    assert complete("eva") == ["eval-ood", "eval-osr"]
    assert {"--params", "--json", "--help", "--num_classes"} <= set(complete("infer", "--")), complete("infer", "--")
    assert complete("weights", "convert", "a", "--as") == ["--as-is"]
    assert complete("infer", "--device", "c") == ["cpu", "cuda"]
    assert "p.png" in complete("infer", "p.")


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


@case("a picture that the process's own limit leaves no memory for is refused beforehand")
def _():
    (top / "wide.png").write_bytes(png(8000, 6000, 8, 0, bytes(8001 * 6000)))
    if little_memory:
        refuses((*infer(top / "wide.png"), "--threads", 2), "8000×6000", "can be had", "smaller scale",
                limit_memory=2000 << 20)


@case("tiles make do with less memory than the picture would need, but not with less than its maps")
def _():
    if little_memory:
        # Each thread has a stack of its own, which counts.
        tiled = (*infer(top / "wide.png"), "--threads", 2, "--tile", 512)
        code, _, err, _ = run(*tiled, "--maps", "hybrid", limit_memory=1200 << 20)
        assert code == 0, err
        refuses((*tiled, "--maps", "logits,hybrid,likelihood,entropy"), "8000×6000", "The maps", "can be had",
                limit_memory=1200 << 20)


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
    for layout in ("fishyscapes", "issu", "smiyc", "npy"):
        at = top / "layouts" / layout
        code, text, err, _ = run("export", "--db", demo / "demo.db", "--run", 1, "--layout", layout, "--out", at, "--json")
        assert code == 0, err
        files = [f for f in at.rglob("*") if f.is_file() and not f.name.endswith("_segmentation.npy")]
        assert len(files) == json.loads(text)["maps"] >= 12, (layout, len(files))
    for what in ("anomaly", "segmentation"):
        assert (top / "layouts" / "fishyscapes" / f"t5_00005_{what}.npy").exists(), what


@case("the network that comes with the program, by its name")
def _():
    code, text, err, _ = run("infer", "--params", "demo", "--out", top / "built-in", "--maps", "hybrid", top / "p.png")
    assert code == 0 and text == f"1 image, maps in {top / 'built-in'}\n", (text, err)
    code, _, err, _ = run(*infer(top / "p.png", "--maps", "hybrid"))
    assert (top / "built-in" / "p_hybrid.npy").read_bytes() == (top / "out" / "p_hybrid.npy").read_bytes()


@case("a run's command is quoted for the shell")
def _():
    code, _, err, _ = run(*evaluate("--folder", top / "with blank", "--db", top / "quoted.db"))
    assert code == 0, err
    code, text, err, _ = run("report", "--db", top / "quoted.db", "--format", "json", "--out", top / "quoted.json")
    command = json.loads((top / "quoted.json").read_text())["runs"][0]["command"]
    assert f"'{top / 'with blank'}'" in command and f" {WEIGHTS} " in command, command


@case("a run's command does the same from another folder")
def _():
    home, away = top / "home", top / "away folder"
    home.mkdir(), away.mkdir()
    code, _, err, _ = run("demo-scenes", "--out", "scenes", "--count", 2, cwd=home)
    assert code == 0, err
    words = "eval-ood", "--dataroot", "scenes", "--split=test", "--params", "demo", "--folder=first", "--db", "runs.db"
    code, _, err, _ = run(*words, cwd=home)
    assert code == 0, err

    def report():
        code, _, err, _ = run("report", "--db", home / "runs.db", "--out", home / "run.json")
        assert code == 0, err
        newest = json.loads((home / "run.json").read_text())["runs"][0]
        for image in newest["images"]:
            del image["seconds"], image["scores"]
        return newest

    first = report()
    again = [w.replace("first", "second") for w in shlex.split(first["command"])]
    assert again[0] == "densehybrid" and "demo" in again, first["command"]
    code, _, err, _ = run(*again[1:], cwd=away)
    assert code == 0, err
    second = report()
    assert second["run"] != first["run"] and not list(away.iterdir())
    for what in ("sha256", "fingerprint", "split", "dataroot", "protocols", "images"):
        assert first[what] == second[what], (what, first[what], second[what])


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


@case("what a kill has left of files that are written again goes, and nothing else")
def _():
    out = top / "killed"
    out.mkdir()
    ours = [out / f"p_{name}.part-aB3dE6" for name in ("hybrid.npy", "likelihood.png", "panel.png")]
    others = [out / name for name in ("q_hybrid.npy.part-aB3dE6", "p_notes.npy.part-aB3dE6", "p_hybrid.npy.part-aB3d")]
    for file in (*ours, *others):
        file.write_text("half")
    code, _, err, _ = run("infer", "--params", WEIGHTS, "--out", out, "--maps", "hybrid", top / "p.png")
    assert code == 0 and all(file.exists() for file in others) and not any(file.exists() for file in ours), err
    exported = top / "killed-export"
    code, text, err, _ = run("export", "--db", demo / "demo.db", "--run", 1, "--layout", "npy", "--out", exported, "--json")
    assert code == 0, err
    written = sorted(file for file in exported.rglob("*") if file.is_file())
    left, other = written[0].with_name(written[0].name + ".part-aB3dE6"), written[0].with_name("other.npy.part-aB3dE6")
    left.write_text("half")
    other.write_text("half")
    code, text, err, _ = run("export", "--db", demo / "demo.db", "--run", 1, "--layout", "npy", "--out", exported, "--json")
    assert code == 0 and not left.exists() and other.exists(), err


@case("Ctrl-C ends cleanly with 130")
def _():
    process = subprocess.Popen([PROGRAM, "bench", "--device", "ref", "--size", "512x1024", "--quiet"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until_it_hears(process, signal.SIGINT)
    out, err, _ = end_by(process, signal.SIGINT)
    assert process.returncode == 130, (process.returncode, err)
    assert "cancelled" in err, err


@case("Ctrl-C while kernels are timed for the first time ends soon, and keeps what was timed")
def _():
    cache = top / "cold"
    words = [PROGRAM, "bench", "--arch", "dlv3p_wrn38", "--size", "720x1280", "--threads", "1", "--device", "cpu", "--quiet"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "XDG_CACHE_HOME": str(cache)})
    until(lambda: any(file.is_file() for file in cache.rglob("*")) or process.poll() is not None)
    out, err, took = end_by(process, signal.SIGINT)
    assert process.returncode == 130 and "cancelled" in err, (process.returncode, err)
    assert took < PATIENCE / 5, f"took {took:.1f} s"
    assert any(file.is_file() for file in cache.rglob("*")), "nothing was kept"


def bytes_read(process):
    with open(f"/proc/{process.pid}/io") as file:
        return int(file.readline().split()[1])


@case("Ctrl-C during a stack of maps ends within the stack")
def _():
    def npy(path, kind, n, values):
        header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({n}, 512, 1024), }}".ljust(117) + "\n"
        with open(path, "wb") as file:
            file.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode())
            for _ in range(n):
                file.write(values)
    pixels = 512 * 1024
    npy(top / "stack.npy", "<f4", 150, b"".join(struct.pack("<f", i * 7919 % pixels) for i in range(pixels)))
    npy(top / "stack-labels.npy", "|u1", 150, bytes([0, 0, 1]) * (pixels // 3) + b"\0" * (pixels % 3))
    process = subprocess.Popen([PROGRAM, "metrics", "--scores", top / "stack.npy", "--labels", top / "stack-labels.npy",
                                "--protocol", "all", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # It has read them, and measures.
    size = (top / "stack.npy").stat().st_size + (top / "stack-labels.npy").stat().st_size
    until(lambda: bytes_read(process) >= size or process.poll() is not None)
    out, err, took = end_by(process, signal.SIGINT)
    assert process.returncode == 130 and "cancelled" in err, (process.returncode, err)
    assert took < PATIENCE / 10, f"took {took:.1f} s"


@case("names of any bytes: JSON escapes what is no UTF-8, and no control character reaches the terminal")
def _():
    name = os.fsencode(top) + b"/bad\xff\xfename.png"
    with open(name, "wb") as file:
        file.write(picture())
    code, text, err, _ = run(*infer(os.fsdecode(name)), "--json", "--png")
    (entry,) = json.loads(text)["images"]
    assert code == 0 and entry["image"].endswith("/bad%FF%FEname.png"), (entry, err)
    assert entry["outputs"]["hybrid"].endswith("/bad%FF%FEname_hybrid.npy"), entry
    code, _, err, _ = run(*infer(top / "a\033[31mb.png"))
    assert code == 1 and "a%1B[31mb.png" in err and "\033" not in err, repr(err)


@case("every file that infer writes is listed in its JSON")
def _():
    out = top / "listed"
    code, text, err, _ = run("infer", "--params", WEIGHTS, "--out", out, "--png", "--threshold", "0", "--json",
                             top / "p.png")
    outputs = json.loads(text)["images"][0]["outputs"]
    assert code == 0 and sorted(outputs.values()) == sorted(map(str, out.iterdir())), (outputs, err)
    assert outputs["hybrid_png"] == str(out / "p_hybrid.png") and outputs["panel"] == str(out / "p_panel.png"), outputs


@case("a database that is no file, a rate of 1, a name that begins with a dash: said as it is")
def _():
    os.mkfifo(top / "pipe.db")
    refuses(evaluate("--db", top / "pipe.db"), "pipe.db", "no regular file")
    refuses(("eval-osr", "--dataroot", top, "--model", WEIGHTS, "--tpr", "1"), "strictly between", status=2)
    refuses(infer("-dash.png"), "-dash.png", "./", " --", status=2)


@case("the network that comes with the program can be timed by its name")
def _():
    code, text, err, _ = run("bench", "--params", "demo", "--size", "64x128", "--runs", 1, "--json", "--quiet")
    assert code == 0 and json.loads(text)["arch"].startswith("ldn"), (code, text, err)
    refuses(("bench", "--params", "demos", "--size", "64x128"), "demos")


@case("the table of a run in float32 names no kernels of another precision")
def _():
    code, text, err, _ = run("bench", "--params", "demo", "--device", "cpu", "--size", "64x128", "--runs", 1, "--json",
                             "--quiet")
    used = {layer["implementation"] for layer in json.loads(text)["layers"]}
    assert code == 0 and used and not [name for name in used if "bf16" in name or "vnni" in name], (used, err)


@case("wrong usage is 2 and says what to do")
def _():
    for words in (("nonsense",), ("infer",), ("infer", "--params"), ("bench", "--size", "x"), ("bench", "--arch", "moon"),
                  ("eval-ood", "--dataset", "moon", "--dataroot", top, "--folder", top / "e", "--params", WEIGHTS),
                  ("report", "--format", "doc", "--out", "x"),
                  ("report", "--threshold", "best@1", "--out", "x.md"), ("report", "--threshold", "tpr95@", "--out", "x.md"),
                  ("report", "--threshold", "nan", "--out", "x.md"), ("report", "--threshold", "1", "--out", "x.csv"),
                  ("report", "--run", "1,2", "--threshold", "1", "--out", "x.md"), ("devices", "more"), ("infer", "--precision", "f99")):
        code, _, err, _ = run(*words)
        assert code == 2 and "densehybrid: " in err, (words, code, err)


@case("a device that is not there is an error, never another device")
def _():
    code, text, _, _ = run("devices", "--json")
    absent = [d["name"] for d in json.loads(text)["devices"] if not d["available"]]
    for name in absent:
        refuses((*infer(top / "p.png"), "--device", name), name.split(":")[0])


finish()
