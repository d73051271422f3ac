#!/usr/bin/env python3
"""The rules of the house that a program can see (HACKING.md). Prints TAP.

    tests/house/check-house.py SOURCE_ROOT BUILD_ROOT
"""
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE, BUILD = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
ROOMS = ("app", "db", "evaluation", "inference", "report", "training", "ui", "tests")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
TRANSLATED = re.compile(r'(?<![\w"])(?:_|C_|N_|NC_|ngettext|g_dngettext|dcgettext)\s*\(\s*"')
results = []


def check(name, wrong):
    results.append((name, sorted(wrong)))


def skip(name, why):
    results.append((name + " # SKIP " + why, []))


def sources(*suffixes):
    return sorted(p for room in ROOMS for p in (SOURCE / room).rglob("*") if p.suffix in suffixes and p.is_file())


def shown(path):
    return str(path.relative_to(SOURCE))


def run_all(commands):
    """{name: (command, folder, input)} → names of those that failed, with their first line."""
    def one(item):
        name, (command, folder, said) = item
        done = subprocess.run(command, cwd=folder, input=said, capture_output=True, text=True)
        lines = (done.stderr or done.stdout).strip().splitlines()
        return None if done.returncode == 0 else f"{name}: {lines[0] if lines else done.returncode}"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [line for line in pool.map(one, commands.items()) if line]


# ---- layers ----------------------------------------------------------------------------------------------------------
def layers():
    files = sources(".c", ".h", ".cu")
    text = {path: path.read_text(encoding="utf-8", errors="replace") for path in files}
    check("no include climbs", [shown(p) for p in files if any(i.startswith("..") for i in INCLUDE.findall(text[p]))])
    home = {}
    for path in files:
        home.setdefault(path.name, set()).add(path.parent)
    stray = []
    for path in files:
        if SOURCE / "tests" in path.parents:  # tests look inside
            continue
        for include in INCLUDE.findall(text[path]):
            if not include.endswith("-private.h") or include not in home:
                continue
            # For its own room, the folders inside it, and (a shared part of) the folder beside it.
            if not any(folder == path.parent or folder in path.parents for folder in home[include]):
                stray.append(f"{shown(path)} includes {include}")
    check("private headers stay in their room", stray)
    toolkit = re.compile(r'#\s*include\s+<(gtk|adwaita|epoxy)')
    check("GTK stays in ui and in the studio's main",
          [shown(p) for p in files if toolkit.search(text[p]) and p.relative_to(SOURCE).parts[0] not in ("ui", "tests")
           and shown(p) != "app/main.c"])
    check("no library ends the program", [
        f"{shown(p)}: {m.group(1)}" for p in files if p.relative_to(SOURCE).parts[0] not in ("tests", "app")
        for m in re.finditer(r'(?<![\w.>])(exit|abort|g_error|printf)\s*\(', re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\])*"', '', text[p], flags=re.S))])
    # json-glib writes 1e-8 as "1e-08.0", which nobody reads.
    check("JSON is mended where it is written", [
        f"{shown(p)}: {line.strip()}" for p in files if SOURCE / "tests" not in p.parents for line in text[p].splitlines()
        if re.search(r'\b(json_to_string|json_generator_to_(data|file|gstring|stream))\s*\(', line)
        and "dh_text_mend_json" not in line])


# ---- headers ---------------------------------------------------------------------------------------------------------
def headers():
    """Each header compiles alone, with the flags of one of its room's libraries."""
    ways = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = (Path(entry["directory"]) / entry["file"]).resolve()
        words = [word for word in shlex.split(entry["command"]) if not word.endswith("ccache")]
        kept = tuple([words[0]] + [word for word in words if word.startswith(("-I", "-D", "-m", "-std", "-f"))
                                   and ".p" not in word])
        if source.suffix == ".c":
            ways.setdefault(source.parent, {})[kept] = entry["directory"]

    def one(header):
        said = f'#include "{header}"\n'
        first = None
        for words, folder in ways.get(header.parent, {}).items():
            command = [*words, "-fsyntax-only", "-fdiagnostics-color=never", "-x", "c", "-"]
            done = subprocess.run(command, cwd=folder, input=said, capture_output=True, text=True)
            if done.returncode == 0:
                return None
            errors = [line for line in done.stderr.splitlines() if "error" in line]
            first = first or f"{shown(header)}: {errors[0] if errors else done.returncode}"
        return first

    found = [header for header in sources(".h") if header.parent in ways and SOURCE / "tests" not in header.parents
             and "cuda" not in header.relative_to(SOURCE).parts]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        wrong = [line for line in pool.map(one, found) if line]
    check("every header compiles alone", wrong if found else ["no header was found"])


# ---- format ----------------------------------------------------------------------------------------------------------
def layout():
    check("no trailing blanks, no tabs", [
        shown(p) for p in sources(".c", ".h", ".cu", ".py", ".ui")
        if re.search(r"[ \t]+$|\t", p.read_text(encoding="utf-8"), re.M)])
    name = "clang-format 14 agrees with the layout"
    program = shutil.which("clang-format-14")
    if not program:
        skip(name, "clang-format-14 is absent")
        return
    commands = {shown(p): ([program, "--style=file", "--dry-run", "-Werror", str(p)], str(SOURCE), "")
                for p in sources(".c", ".h")}  # it does not know the <<<…>>> of CUDA
    check(name, [line.split(":")[0] for line in run_all(commands)])


# ---- translation -----------------------------------------------------------------------------------------------------
def translation():
    listed = [line for line in (SOURCE / "po/POTFILES").read_text().split("\n") if line and not line.startswith("#")]
    check("POTFILES names only what exists", [line for line in listed if not (SOURCE / line).is_file()])
    said = {shown(p) for p in sources(".c", ".ui")
            if p.relative_to(SOURCE).parts[0] in ("app", "ui") and TRANSLATED.search(p.read_text(encoding="utf-8"))}
    check("POTFILES names every file with words for people", said - set(listed))
    # PRId64 from <inttypes.h> is what translators' tools know.
    cut = re.compile(r'(?<![\w"])(?:_|N_|ngettext)\s*\((?:\s*"(?:[^"\\]|\\.)*",?)+\s*G_GU?INT64_FORMAT')
    check("words for people are whole", {f for f in said if cut.search((SOURCE / f).read_text(encoding="utf-8"))})
    check("POTFILES is sorted", [] if listed == sorted(listed) else ["sort it"])


# ---- the demo's and the documents' promises --------------------------------------------------------------------------
def documents():
    program = BUILD / "app/densehybrid"
    done = subprocess.run([str(program), "--help"], capture_output=True, text=True)
    commands = re.findall(r"^  ([a-z][a-z-]+)", done.stdout, re.M)
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    check("README names every command", [c for c in commands if f"`{c}" not in readme] if commands else ["no command"])
    check("README shows a picture that exists", [
        link for link in re.findall(r"\]\(([^)]+)\)", readme) if not link.startswith("http") and not (SOURCE / link).exists()])
    rooms = (SOURCE / "HACKING.md").read_text(encoding="utf-8")
    folders = [p.parent.name for p in SOURCE.glob("*/meson.build")] + [p.parent.name for p in SOURCE.glob("inference/*/meson.build")]
    check("HACKING names every room", [f for f in folders if f"{f}/" not in rooms and f not in ("po",)])


layers()
headers()
layout()
translation()
documents()
print(f"1..{len(results)}")
for number, (name, wrong) in enumerate(results, 1):
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
    for line in wrong[:20]:
        print(f"# {line}")
sys.exit(any(wrong for _, wrong in results))
