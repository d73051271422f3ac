#!/usr/bin/env python3
"""Writes the manual page of a program from what its own --help says, so that the two cannot differ.

    make-man.py PROGRAM VERSION OUT     (densehybrid or densehybrid-studio)
"""
import os
import re
import subprocess
import sys

PROGRAM, VERSION, OUT = sys.argv[1:4]
NAME = os.path.basename(PROGRAM)
PURPOSE = {"densehybrid": "dense anomaly detection and open-set segmentation on street scenes",
           "densehybrid-studio": "look at, measure and compare dense anomaly detection on street scenes"}[NAME]
ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="")
OPTION = re.compile(r"^  (-\S, )?(--[\w-]+)(=(\S+))?(?:\s{2,}(.*))?$")
FILES = [("~/.local/share/densehybrid/densehybrid.db", "every run and training with its provenance (--db FILE)"),
         ("~/.local/share/densehybrid/calibrations", "what int8 needs to know of weights"),
         ("~/.local/share/densehybrid/answers", "what is known of weights by checks of them"),
         ("~/.cache/densehybrid/plans", "which kernels are the fastest on this machine")]
FILES_OF_STUDIO = [("~/.local/share/densehybrid/kept", "the map that was kept to be compared with"),
                   ("~/.config/densehybrid/studio.ini", "settings, and keys of one's own")]
VARIABLES = [("DH_PLAN_CACHE", "another folder for what was timed; empty: nothing is timed, and a rule chooses"),
             ("DH_CUDNN_PATH", "where cuDNN is, where it is not found by itself"),
             ("XDG_DATA_HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME", "other places for the files below")]


def help_of(*words):
    done = subprocess.run([PROGRAM, *words, "--help"], env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=300)
    if done.returncode != 0 or not done.stdout.startswith("Usage:"):
        sys.exit(f"{NAME} {' '.join(words)} --help: {done.stdout}{done.stderr}")
    return done.stdout


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def paragraphs(text):
    return [part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]


def options(lines):
    """Roff of the options among the lines."""
    for line in lines:
        found = OPTION.match(line)
        if not found:
            continue
        short, name, _, value, meaning = found.groups()
        names = f"{short or ''}{name}"
        yield ".TP"
        yield f"\\fB{roff(names)}\\fR" + (f"=\\fI{roff(value)}\\fR" if value else "")
        yield roff(meaning or "")


def subcommands(command, text):
    """Of a command whose page lists no options: the words behind it."""
    if any(OPTION.match(line) for line in text.splitlines()):
        return []
    usages = text.split("\n\n")[0]
    return sorted(set(re.findall(rf"{NAME} {re.escape(command)} ([a-z]+)", usages)))


def command_pages(command):
    text = help_of(*command.split())
    usage, *rest = text[len("Usage: "):].split("\n\n", 1)
    yield f".SS {command}"
    for line in usage.splitlines():
        yield f".B {roff(line.strip())}"
        yield ".br"
    example = None
    for part in paragraphs(rest[0] if rest else ""):
        if part.startswith("Example:"):
            example = part
        elif any(OPTION.match(line) for line in part.splitlines()):
            # What stands above the options in the same paragraph is theirs as well.
            before = [line for line in part.splitlines() if not OPTION.match(line)]
            yield ".PP"
            yield from (roff(line.strip()) for line in before)
            yield from options(part.splitlines())
            if "Example:" in before:
                sys.exit(f"{NAME} {command}: an example among the options")
        else:
            yield ".PP"
            yield from (roff(line.strip()) for line in part.splitlines())
    if example:
        yield ".PP"
        yield "Example:"
        yield from (".PP", ".nf", ".RS")
        yield from (roff(line.strip()) for line in example.splitlines()[1:])
        yield from (".RE", ".fi")
    for word in subcommands(command, text):
        yield from command_pages(f"{command} {word}")


def commands(text):
    return re.findall(r"^  ([a-z][a-z-]*)  ", text.split("Commands:")[1].split("\n\n")[0], re.M)


def body():
    text = help_of()
    if NAME == "densehybrid":
        yield ".SH SYNOPSIS"
        yield f".B {roff(text.splitlines()[0][len('Usage: '):])}"
        yield ".SH DESCRIPTION"
        for part in paragraphs(text)[1:]:
            if part.startswith("Commands:"):
                for line in part.splitlines()[1:]:
                    name, summary = line.split(None, 1)
                    yield from (".TP", f"\\fB{roff(name)}\\fR", roff(summary))
            else:
                yield ".PP"
                yield from (roff(line) for line in part.splitlines())
        yield ".SH COMMANDS"
        for command in commands(text):
            yield from command_pages(command)
        return
    yield ".SH SYNOPSIS"
    yield f".B {roff(text.splitlines()[1].split(' – ')[0].strip())}"
    yield ".SH DESCRIPTION"
    yield roff("Opens data sets and weights, shows images, segmentation and anomaly scores side by side, measures whole "
               "data sets, trains, and compares runs. Ctrl+? in the window lists its keys. densehybrid(1) does the same "
               "without a display.")
    yield ".SH OPTIONS"
    yield from options(text.splitlines())


def page():
    yield f'.TH {NAME.upper()} 1 "" "densehybrid {VERSION}" "User commands"'
    yield ".SH NAME"
    yield f"{roff(NAME)} \\- {PURPOSE}"
    yield from body()
    for title, entries in (("ENVIRONMENT", VARIABLES),
                           ("FILES", FILES + (FILES_OF_STUDIO if NAME == "densehybrid-studio" else []))):
        yield f".SH {title}"
        for name, meaning in entries:
            yield from (".TP", f"\\fB{roff(name)}\\fR", roff(meaning))
    other = "densehybrid" if NAME == "densehybrid-studio" else "densehybrid-studio"
    yield ".SH SEE ALSO"
    yield f".BR {roff(other)} (1)"


with open(OUT, "w", encoding="utf-8") as file:
    file.write("\n".join(line for line in page() if line) + "\n")
