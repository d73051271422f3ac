"""Bad input and bad circumstances, as a user of the command line meets them: one clear sentence on standard error, the
right exit status, quickly, and nothing lost. What the tests share: running the program, cases, small files of each kind
in a folder of their own.

    tests/faults/test-….py build/app/densehybrid [WORD…]

prints TAP; with words: only the cases that have one of them in their name.
"""
import contextlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

PROGRAM = os.path.abspath(sys.argv[1])
# Seconds: a sanitizer makes everything slower; what matters is that nothing is much work.
PATIENCE = float(os.environ.get("DH_TEST_PATIENCE", "20"))
# What is waited for comes in the end, however slow or busy the machine is.
FOR_EVER = 30 * PATIENCE
results = []


def children_work():
    """Seconds of computing of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def work_of(pid):
    """The same of one that has not."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until(condition):
    end = time.monotonic() + FOR_EVER
    while not condition():
        assert time.monotonic() < end, "it never came to it"
        time.sleep(0.01)


def until_it_hears(process, number):
    """Until the signal is a wish to it, and would not end it any more."""
    def hears():
        with open(f"/proc/{process.pid}/status") as file:
            masks = [int(line.split()[1], 16) for line in file if line.startswith(("SigBlk:", "SigCgt:"))]
        return any(mask & 1 << number - 1 for mask in masks) or process.poll() is not None
    until(hears)


def end_by(process, *numbers):
    """Output, errors, and how long it took: no more than it computed meanwhile, whatever else the machine does."""
    before, start = children_work() + work_of(process.pid), time.monotonic()
    for number in numbers:
        process.send_signal(number)
    out, err = process.communicate(timeout=FOR_EVER)
    return out, err, min(time.monotonic() - start, children_work() - before)


def run(*words, cwd=None, limit_file=None, limit_memory=None, kill_after=None, env=None):
    def prepare():
        if limit_file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file, limit_file))
        if limit_memory is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit_memory, limit_memory))

    start, before = time.monotonic(), children_work()
    process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               cwd=cwd, preexec_fn=prepare, env={**os.environ, **(env or {})})
    try:
        out, err = process.communicate(timeout=kill_after or FOR_EVER)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return process.returncode, out, err, min(time.monotonic() - start, children_work() - before)


def committed(database):
    """Pictures whose maps and rows are written; and whether nobody is writing there."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True, timeout=0)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            return connection.execute("SELECT count(*) FROM run_images WHERE state = 'done'").fetchone()[0], True
    except sqlite3.Error:
        return 0, False


def stopped_within(words, folder, database, n, stderr=subprocess.DEVNULL, already=0, begin=None):
    """A process that stands still with at least two pictures of its n done and some not; from then on it can only be
    killed. Where the machine was too slow to see that, another one: `begin` (else without folder and database) makes
    things be as before, with `already` so many pictures of other runs done."""
    for _ in range(50):
        process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.DEVNULL, stderr=stderr, text=True)
        while process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            done, free = committed(database)
            if free and 2 <= done - already < n and process.poll() is None:
                return process
            process.send_signal(signal.SIGCONT)
            time.sleep(0.005)
        if begin:
            begin()
            continue
        shutil.rmtree(folder, ignore_errors=True)
        for file in database.parent.glob(f"{database.name}*"):
            file.unlink()
    raise AssertionError("it was never seen in the middle")


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


def labels(width=64, height=48, anomaly=1):
    return png(width, height, 8, 0, (b"\0" + bytes([anomaly] * 8 + [0] * (width - 8))) * height)


def npy(values, width, height, descr="<f4"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({height}, {width}), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() + values


# A sanitizer maps terabytes of its own.
little_memory = {} if os.environ.get("DH_SANITIZE", "none") != "none" else {"limit_memory": 700 << 20}
top = Path(tempfile.mkdtemp(prefix="dh-faults-"))
(top / "p.png").write_bytes(picture())
code, out, err, _ = run("demo-scenes", "--out", top / "scenes", "--seed", 5, "--count", 2, "--quiet")
assert code == 0, err
demo = top / "demo"
code, DEMO_TEXT, err, _ = run("demo", "--out", demo, "--quiet", "--json")
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


def finish():
    """Takes the folder away and prints what became of the cases; the end of each test."""
    subprocess.run(["chmod", "-R", "u+w", str(top)], check=False)
    subprocess.run(["rm", "-rf", str(top)], check=False)
    print(f"1..{len(results)}")
    for number, (name, why) in enumerate(results, 1):
        print(f"{'not ok' if why else 'ok'} {number} - {name}")
        if why:
            print(f"# {why}")
    sys.exit(any(why for _, why in results))
