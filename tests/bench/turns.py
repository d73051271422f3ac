#!/usr/bin/env python3
"""Longest turns of the studio's main loop with a large set and many runs: turns.py BUILD FOLDER.

Makes in FOLDER, where it is not yet there, a set of 20,000 images in 40 scenes, an evaluation of it by the studio with
the demo's network and a database of 300 runs; then handles the studio as a user does and prints for each case the
longest turns, in milliseconds of the window's thread's own computing between two waits (DH_DEBUG=turns).
"""
import glob
import os
import random
import re
import shutil
import sqlite3
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "display"))
import driver

BUILD, FOLDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
STUDIO = f"{BUILD}/app/densehybrid-studio"
SCENES, IN_SCENE, CONTENTS, RUNS = 40, 500, 8, 300
WIDTH, HEIGHT = 64, 48


def png(path, rows, channels):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2 if channels == 3 else 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                   + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))


def draw(image, mask, chance):
    """Noise with two boxes of another colour, which the mask has."""
    boxes = [(chance.randrange(WIDTH - 14), chance.randrange(HEIGHT - 14)) for _ in range(2)]
    inside = [[any(x <= c < x + 12 and y <= r < y + 12 for x, y in boxes) for c in range(WIDTH)] for r in range(HEIGHT)]
    png(image, [b"".join(bytes((200 if anomaly else 60 + chance.randrange(40), chance.randrange(256), 90))
                         for anomaly in row) for row in inside], 3)
    png(mask, [bytes(row) for row in inside], 1)


def make_set(folder):
    chance = random.Random(7)
    for kind in ("images", "masks"):
        os.makedirs(f"{folder}/{kind}")
        for scene in range(SCENES):
            os.mkdir(f"{folder}/{kind}/scene{scene:02}")
    for number in range(SCENES * IN_SCENE):
        name = f"scene{number // IN_SCENE:02}/{number:05}.png"
        if number < CONTENTS:
            draw(f"{folder}/images/{name}", f"{folder}/masks/{name}", chance)
            continue
        for kind in ("images", "masks"):
            os.link(f"{folder}/{kind}/scene00/{number % CONTENTS:05}.png", f"{folder}/{kind}/{name}")


def copy_rows(database, table, changes, key="run"):
    """The rows of the first run for others."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info ({table})")]
    names = ", ".join(columns)
    values = ", ".join(changes.get(name, name) for name in columns)
    for run in range(2, RUNS + 1):
        database.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {key} = 1", {"run": run})


def make_runs(home):
    database = sqlite3.connect(glob.glob(f"{home}/data/**/*.db", recursive=True)[0])
    numbers = {name: f"{name} * (1 - :run / 1000.0)" for name in ("ap", "auroc", "fpr95")}
    with database:
        started = "strftime ('%Y-%m-%dT%H:%M:%SZ', started, '-' || :run || ' minutes')"
        copy_rows(database, "runs", {"id": ":run", "started": started, "precision": "'bf16'"}, "id")
        copy_rows(database, "run_protocols", {"run": ":run", **numbers})
    database.close()


def prepare(home):
    if not os.path.isdir(f"{FOLDER}/set"):
        shutil.rmtree(f"{FOLDER}/set.part", ignore_errors=True)
        make_set(f"{FOLDER}/set.part")
        os.rename(f"{FOLDER}/set.part", f"{FOLDER}/set")
    if os.path.exists(f"{home}/made"):
        return
    shutil.rmtree(home, ignore_errors=True)
    studio = driver.Studio(STUDIO, ["--new", "--params", "demo", f"{FOLDER}/set"], home=home)
    try:
        studio.wait(r"studio: opened ")
        studio.settle(2)
        studio.key("ctrl+e")
        studio.wait(r"studio: evaluated (\d+)", timeout=3600)
        studio.settle(2)
    finally:
        studio.close()
    make_runs(home)
    with open(f"{home}/made", "w"):
        pass


def type_words(studio, words):
    studio.key("ctrl+f")
    studio.xdotool("type", "--delay", "60", words)


def erase(studio):
    studio.key("ctrl+a", "BackSpace")


# Where things lie in a window of 1400×900 with the table of Metrics in sight.
OBJECTS_TAB, TITLES = (1311, 669), 704

CASES = [
    ("images filtered", lambda studio: type_words(studio, "scene:scene1")),
    ("filtered no more", erase),
    ("filtered to few", lambda studio: type_words(studio, "00002")),
    ("all again", erase),
    ("images sorted", lambda studio: studio.click(655, TITLES)),
    ("to the end", lambda studio: (studio.click(300, TITLES + 40), studio.key("End"))),
    ("to the beginning", lambda studio: studio.key("Home")),
    ("objects shown", lambda studio: studio.click(*OBJECTS_TAB)),
    ("objects sorted", lambda studio: studio.click(700, TITLES)),
    ("sorted the other way", lambda studio: studio.click(700, TITLES)),
    ("objects filtered", lambda studio: type_words(studio, "kind:f")),
    ("all objects again", erase),
    ("objects arrive", lambda studio: (studio.key("ctrl+1"), studio.key("period"), studio.key("ctrl+2"),
                                       studio.wait(r"studio: set objects", after=studio.mark))),
    ("runs shown", lambda studio: studio.key("ctrl+4")),
    ("runs filtered", lambda studio: type_words(studio, "f32")),
    ("all runs again", erase),
    ("to the last run", lambda studio: (studio.click(700, 250), studio.key("End"))),
    ("to the first run", lambda studio: studio.key("Home")),
    ("runs sorted", lambda studio: studio.click(990, 165)),
]


def tell(studio, name):
    turns = sorted((int(ms) for ms in re.findall(r"^turn: (\d+) ms", studio.text()[studio.mark:], re.M)), reverse=True)
    print(f"{name:24}{' '.join(map(str, turns[:4])) or 'under 20'}", flush=True)


def main():
    home = f"{FOLDER}/home"
    os.makedirs(FOLDER, exist_ok=True)
    prepare(home)
    studio = driver.Studio(STUDIO, ["--new", "--params", "demo", f"{FOLDER}/set"], home=home,
                           environment={"DH_DEBUG": "studio,frames,turns"})
    try:
        studio.mark = 0
        studio.wait(r"studio: opened ")
        studio.settle(3)
        tell(studio, "opened")
        studio.wait(r"studio: recalled", timeout=3600)
        studio.settle(3)
        studio.key("ctrl+2")
        studio.wait(r"studio: set objects")
        studio.settle(2)
        studio.key("ctrl+f")
        for name, action in CASES:
            studio.settle(1)
            studio.mark = len(studio.text())
            action(studio)
            studio.settle(1.5)
            tell(studio, name)
            if os.environ.get("DH_SCREENSHOT"):
                studio.screenshot(f"{os.environ['DH_SCREENSHOT']}-{name.replace(' ', '-')}.png")
    finally:
        studio.close()


if __name__ == "__main__":
    main()
