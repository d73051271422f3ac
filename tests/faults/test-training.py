#!/usr/bin/env python3
"""Trainings: how they meet full disks, little memory, signals and other processes."""
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from faults import FOR_EVER, PATIENCE, PROGRAM, case, demo, end_by, finish, png, refuses, run, top, until


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


def stop(process, name, *signals):
    """SIGTERM: within 10 seconds it is gone, with a checkpoint that can be gone on with."""
    _, err, took = end_by(process, *(signals or (signal.SIGTERM,)))
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


@case("training: rates that are written with an exponent; a constant one stays constant")
def _():
    code, _, err, _ = run(*training("small", "--lr", "1e-8", "--lr_min", "1e-8", "--stop_after", 2))
    assert code == 0, err
    code, _, err, _ = run(*resumed("small", "--stop_after", 4))
    assert code == 0, err
    rates = {e["lr"] for e in events("small") if e["event"] == "step"}
    assert rates == {1e-8}, rates
    code, _, err, _ = run(*training("constant", "--lr_min", 2e-3, "--lr", 2e-3))
    assert code == 0, err
    recipe = json.loads((top / "logs" / "constant" / "config.json").read_text())["recipe"]
    (top / "constant.json").write_text(json.dumps(recipe))
    code, _, err, _ = run(*training("raised", "--lr", 4e-3, recipe=top / "constant.json"))
    assert code == 0, err
    assert {e["lr"] for e in events("raised") if e["event"] == "step"} == {4e-3}


@case("training: a folder that is not looked into is told of, and nothing to validate on is no mIoU of 0")
def _():
    scenes = top / "unmeasured"
    shutil.copytree(top / "scenes", scenes)
    for kind in ("images", "annotations"):
        shutil.rmtree(scenes / "train" / kind / "validation")
    (scenes / "train" / "images" / "training" / "loop").symlink_to(scenes / "train")
    (scenes / "negatives" / "loop").symlink_to(scenes / "negatives")
    words = [word for word in training("unmeasured", "--dataroot", scenes, "--neg_dataroot", scenes / "negatives")
             if word != "--quiet"]
    code, text, err, _ = run(*words)
    assert code == 0 and "the last model is" in text and "the best" not in text, (code, text, err)
    assert err.count("not followed") == 3 and "train/images/training/loop" in err, err
    assert "no validation images" in err and "mIoU" not in err and "not measured" in err, err
    notes = [event["why"] for event in events("unmeasured") if event["event"] == "note"]
    assert len(notes) == 4, notes


@case("training: its folder taken away, no checkpoint is said to be kept")
def _():
    process = begin("taken", "--steps", 4000, "--checkpoint_steps", 3)
    until(lambda: (top / "logs" / "taken" / "checkpoint.pth").exists())
    (top / "logs" / "taken").rename(top / "logs" / "away")
    shutil.rmtree(top / "logs" / "away")
    _, err = process.communicate(timeout=FOR_EVER)
    assert process.returncode == 1 and "taken" in err and "is kept" not in err, (process.returncode, err)


@case("training: stopped in its steps, paused, and before it began")
def _():
    process = begin("stopped", "--steps", 4000)
    until(lambda: len(events("stopped")) > 4)
    stop(process, "stopped")
    step = events("stopped")[-1]["step"]
    # stopped where that was asked for: nothing was cancelled, and it says how to go on
    code, text, err, _ = run(*resumed("stopped", "--stop_after", step + 2))
    assert code == 0 and events("stopped")[-1]["step"] == step + 2, err
    assert f"stopped behind step {step + 2}" in text and "--resume" in text and "best model" not in text, text
    assert events("stopped")[-1]["state"] == "stopped" and lock("stopped")["phase"] == "stopped", lock("stopped")
    code, text, err, _ = run(*resumed("stopped", "--stop_after", step + 3, "--json"))
    assert code == 0 and json.loads(text)["state"] == "stopped" and json.loads(text)["step"] == step + 3, (text, err)

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

    process = begin("early", "--steps", 4000)
    until(lambda: lock("early").get("phase") is not None)
    stop(process, "early")


@case("training: told to end several times at once, as timeout and a closed terminal do, it still writes a checkpoint")
def _():
    process = begin("often", "--steps", 4000)
    until(lambda: len(events("often")) > 4)
    # It hears them one behind the other, however slow this program is to send them.
    stop(process, "often", signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCONT)
    assert events("often")[-2]["event"] == "checkpoint", events("often")[-2:]


@case("training: resumed without its plan, it says that its bits may change, once")
def _():
    code, _, err, _ = run(*training("planless", "--stop_after", 2))
    assert code == 0, err
    (top / "logs" / "planless" / "plan.json").unlink()
    code, _, err, _ = run(*resumed("planless", "--stop_after", 3))
    assert code == 0 and "plan.json is missing" in err and "bits" in err, err
    notes = [e["why"] for e in events("planless") if e["event"] == "note"]
    assert len(notes) == 1 and "plan.json is missing" in notes[0], notes
    code, _, err, _ = run(*resumed("planless"))
    assert code == 0 and "plan.json" not in err, err
    assert len([e for e in events("planless") if e["event"] == "note"]) == 1
    assert [e["step"] for e in events("planless") if e["event"] == "step"] == list(range(1, 9))
    # who names the device takes what it computes by there
    code, _, err, _ = run(*training("renamed", "--stop_after", 2))
    assert code == 0, err
    (top / "logs" / "renamed" / "plan.json").unlink()
    code, _, err, _ = run(*resumed("renamed", "--device", "ref"))
    assert code == 0 and "plan.json" not in err, err


@case("training: stopped while it validates, it validates again")
def _():
    many = top / "many-scenes"
    code, _, err, _ = run("demo-scenes", "--out", many, "--seed", 6, "--count", 12, "--quiet")
    assert code == 0, err
    for number in range(50):
        name = f"validated-{number}"
        process = begin(name, "--steps", 1, "--dataroot", many)
        until(lambda: lock(name).get("phase") == "validating" or process.poll() is not None)
        process.send_signal(signal.SIGSTOP)
        if process.poll() is None and lock(name).get("phase") == "validating" and events(name)[-1]["event"] == "step":
            break
        process.kill()  # this machine was too slow to see it
        process.communicate(timeout=FOR_EVER)
    stop(process, name, signal.SIGTERM, signal.SIGCONT)
    assert not any(e["event"] == "epoch" for e in events(name))
    code, _, err, _ = run(*resumed(name))
    assert code == 0, err
    assert [e["epoch"] for e in events(name) if e["event"] == "epoch"] == [1, 2]


@case("training: resumed with options that would make another run of it, with the same again, with its data moved")
def _():
    code, _, err, _ = run(*training("old", "--seed", 3, "--stop_after", 2))
    assert code == 0, err
    for words in (("--lr", 0.1), ("--batch_size", 4), ("--epochs", 9), ("--seed", 4), ("--crop", 32), ("--beta", 0.5),
                  ("--model", top / "p.png"), ("--precision", "bf16"), ("--validation_images", 1), ("--recompute",),
                  ("--checkpoint_steps", 7), ("--keep", 5), ("--num_classes", 3), ("--arch", "ldn-tiny-closed")):
        refuses(resumed("old", *words), words[0], "this run began with", status=2)
    refuses(resumed("old", "ldn-semseg"), "this run began with", status=2)
    refuses(resumed("old", "--seed", -1), "--seed", status=2)
    code, _, err, _ = run(*training("old", "--seed", 3, "--resume", "--lr", 0.002, "--stop_after", 3))
    assert code == 0, err
    (top / "scenes").rename(top / "elsewhere")
    try:
        refuses(resumed("old"), "scenes")
        code, _, err, _ = run(*resumed("old", "--dataroot", top / "elsewhere", "--neg_dataroot",
                                       top / "elsewhere" / "negatives", "--workers", 0, "--stop_after", 5))
        assert code == 0, err
        code, _, err, _ = run(*resumed("old"))
        assert code == 0, err
    finally:
        (top / "elsewhere").rename(top / "scenes")
    steps = [e["step"] for e in events("old") if e["event"] == "step"]
    assert steps == list(range(1, 9)), steps


@case("training: in bfloat16, resumed it is the same to the last bit, and it does not go on in another precision")
def _():
    code, text, err, _ = run("devices", "--json")
    assert code == 0, err
    cpu = next(device for device in json.loads(text)["devices"] if device["name"] == "cpu")
    words = ("--device", "cpu", "--precision", "bf16")
    if "bf16" not in cpu["precisions"]:
        refuses(training("sixteen", *words), "cannot train in bf16 precision; use f32")
        return
    refuses(training("sixteen", "--device", "ref", "--precision", "bf16"), "cannot train in bf16 precision; use f32")
    shutil.rmtree(top / "logs" / "sixteen", ignore_errors=True)
    code, _, err, _ = run(*training("sixteen", *words))
    assert code == 0, err
    code, _, err, _ = run(*training("parts", *words, "--stop_after", 3))
    assert code == 0, err
    refuses(resumed("parts"), "cannot train in bf16 precision; use f32", env={"DH_CPU_ISA": "avx512"})
    code, _, err, _ = run(*resumed("parts"))
    assert code == 0, err
    assert {e["precision"] for name in ("sixteen", "parts") for e in events(name) if e["event"] == "start"} == {"bf16"}
    losses = [{e["step"]: e["loss"] for e in events(name) if e["event"] == "step"} for name in ("sixteen", "parts")]
    assert len(losses[0]) == 8 and losses[0] == losses[1], losses
    models = [(top / "logs" / name / "model_best.pth").read_bytes() for name in ("sixteen", "parts")]
    assert models[0] == models[1]


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
    assert code == 0, err
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
    narrow = top / "narrow"
    narrow.mkdir()
    (narrow / "thread.png").write_bytes(png(1, 4000, 8, 2, b"\0\1\2\3" * 4000))
    refuses(training("none", "--neg_dataroot", narrow), "thread.png, 1×4000", "too long and narrow")


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


@case("training: the demo's script, killed and run again, gives the network of one that was not")
def _():
    script = Path(__file__).resolve().parents[2] / "tools" / "demo" / "train-demo"
    options = ("--device", "ref", "--threads", 1, "--epochs", 1, "--steps", 3, "--batch_size", 2, "--crop", 64,
               "--validation_images", 1, "--checkpoint_steps", 1, "--quiet")

    def start(folder):
        folder.mkdir(exist_ok=True)
        return subprocess.Popen([script, PROGRAM, folder, *map(str, options)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, start_new_session=True,
                                env={**os.environ, "DH_DEMO_SCENES": "6"})

    straight, killed = top / "demo-straight", top / "demo-killed"
    process = start(straight)
    assert process.communicate(timeout=FOR_EVER) and process.returncode == 0
    log = killed / "closed" / "log.jsonl"
    for _ in range(50):
        process = start(killed)
        until(lambda: log.exists() and '"event":"step"' in log.read_text())
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=FOR_EVER)
        if not (killed / "network.safetensors").exists():
            break
        shutil.rmtree(killed)  # it had come to its end before that was seen
    process = start(killed)
    _, err = process.communicate(timeout=FOR_EVER)
    assert process.returncode == 0, err
    network = (killed / "network.safetensors").read_bytes()
    assert network == (straight / "network.safetensors").read_bytes()
    code, out, err, _ = run("weights", "inspect", killed / "network.safetensors")
    assert code == 0 and "ldn-demo" in out, (out, err)


finish()
