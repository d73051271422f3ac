#!/usr/bin/env python3
"""Numbers that are required of a run against those of another, also in each slice, and reports on standard output."""
import csv
import json
import math
import os
import struct

from faults import case, finish, labels, npy, picture, refuses, run, top

WIDTH, HEIGHT = 64, 48
DB = top / "required.db"


def scores(worse, times=1, blind=0):
    """Higher on the first eight columns, which are the anomalies, but on so many of their lowest rows; no numbers in some on top."""
    width, height = times * WIDTH, times * HEIGHT
    values = (math.nan if y < blind else (x < 8 and y < height - times * worse) * 3 + (x * 7 + y * 13) % 11 / 4
              for y in range(height) for x in range(width))
    return npy(b"".join(struct.pack("<f", value) for value in values), width, height)


def data_set(name, n=3, times=1):
    at = top / name / "dataset_AnomalyTrack"
    (at / "images").mkdir(parents=True)
    (at / "labels_masks").mkdir()
    for i in range(n):
        (at / "images" / f"validation{i}.png").write_bytes(picture(times * WIDTH, times * HEIGHT))
        (at / "labels_masks" / f"validation{i}_labels_semantic.png").write_bytes(labels(times * WIDTH, times * HEIGHT))


def measure(name, method, worse, *words, times=1, blind=0):
    """A run of a method that misses so many rows in each image; its number and the exit status and errors."""
    maps = top / f"{name}-{method}"
    maps.mkdir(exist_ok=True)
    for i, rows in enumerate(worse):
        (maps / f"validation{i}.npy").write_bytes(scores(rows, times, blind))
    code, text, err, _ = run("eval-ood", "--dataroot", top / name, "--dataset", "smiyc", "--folder", top / f"{maps.name}-out",
                             "--scores", maps, "--method", method, "--db", DB, "--quiet", "--json", *words)
    assert text, err
    return json.loads(text)["run"], code, err


data_set("drive")
BASE, code, err = measure("drive", "base", (0, 0, 0))
assert code == 0, err
(top / "night.csv").write_text("image,night\nvalidation2.png,yes\n")
code, _, err, _ = run("dataset", "tags", "--dataroot", top / "drive", "--dataset", "smiyc", "--db", DB, "--from", top / "night.csv")
assert code == 0, err


@case("a run is held against another: what it loses, and in which slice")
def _():
    worse, code, err = measure("drive", "worse", (0, 0, 20), "--require", f"ap>=@{BASE}-50%,slices:ap>=@{BASE}-70%")
    assert code == 0 and err == "", err
    _, code, err = measure("drive", "worse", (0, 0, 20), "--require", f"ap>=@{BASE}-50%,slices:fpr95<=@{BASE}")
    assert code == 1 and f"of run {BASE}" in err and "fpr95 of the slice tag night" in err, err
    assert "of the slice top third" not in err and "under densehybrid-pooled" not in err, err
    # stored runs are held against each other as well, and nothing is written
    def ask(run_, what):
        code, text, err, _ = run("report", "--db", DB, "--run", run_, "--require", what)
        return code, text + err
    assert ask(worse, f"ap>=@{BASE}-50%") == (0, f"run {worse} is as required\n")
    code, said = ask(worse, f"ap>=@{BASE}")
    assert code == 1 and "ap under densehybrid-pooled is" in said, said
    assert ask(BASE, f"ap >= @{worse} + 0.5% , slices : ap >= @{worse}")[0] == 0
    # a number of its own alone
    assert ask(BASE, "slices:ap>=99%")[0] == 0 and ask(worse, "slices:ap>=99%")[0] == 1
    code, text, _, _ = run("report", "--db", DB, "--run", worse, "--require", "ap>=99%", "--json")
    assert code == 1 and json.loads(text) == {"run": worse, "as_required": False}, text
    # what measures nothing holds for nothing
    calm = top / "calm"
    data_set("calm")
    for mask in (calm / "dataset_AnomalyTrack" / "labels_masks").iterdir():
        mask.write_bytes(labels(anomaly=0))
    none, code, err = measure("calm", "none", (0, 0, 0), "--labels-are-true")
    assert code == 0, err
    code, said = ask(none, "slices:ap>=1%")
    assert code == 1 and "has no slice with an anomaly" in said, said


@case("objects that are found at so many false alarms an image are required, by rules that are named")
def _():
    worse, code, err = measure("drive", "few", (0, 0, 40), "--require", "found@1>=0%,froc>=0%")
    assert code == 0, err
    def ask(run_, what, *words):
        code, text, err, _ = run("report", "--db", DB, "--run", run_, "--require", what, *words)
        return code, text + err
    # every other pixel is a false alarm, as high as most of the third object is
    assert ask(BASE, "found@0.1>=100%,froc>=100%", "--min-area", 1)[0] == 0
    code, said = ask(worse, "found@1>=70%", "--min-area", 1)
    assert code == 1 and "found at 1 false alarm an image, of 3 objects, is 66.6667 %" in said, said
    code, said = ask(worse, f"found@0.5>=@{BASE}-10%", "--min-area", 1)
    assert code == 1 and f"at 0.5 false alarms an image, of 3 objects, is 66.6667 %, of run {BASE} 100.0000 %" in said, said
    assert ask(worse, f"found@1>=@{BASE}-34%", "--min-area", 1)[0] == 0
    assert ask(worse, "found@1>=100%", "--min-area", 1, "--found-by", "any")[0] == 0
    code, said = ask(worse, "slices:found@1>=1%")
    assert code == 2 and "of no slice" in said, said
    for wrong in ("found>=1%", "found@>=1%", "found@x>=1%", "ap@1>=1%", "found@-1>=1%"):
        code, said = ask(BASE, wrong)
        assert code == 2 and "froc or found@1" in said, (wrong, said)
    for words in (("--min-area", "-1"), ("--found-by", "0%"), ("--found-by", "101%"), ("--found-by", "most")):
        code, said = ask(BASE, "froc>=1%", *words)
        assert code == 2 and words[0] in said, (words, said)
    code, _, err, _ = run("report", "--db", DB, "--run", BASE, "--min-area", 3, "--out", top / "x.md")
    assert code == 2 and "belong to --froc" in err, err
    code, _, err, _ = run("report", "--db", DB, "--run", BASE, "--froc", "--out", top / "x.csv")
    assert code == 2 and "--froc has no place in csv" in err, err
    # and a threshold is chosen by them, on another run of the same method
    code, text, err, _ = run("report", "--db", DB, "--run", worse, "--threshold", f"fa0.5@{worse}", "--min-area", 1,
                             "--froc", "--format", "json", "--out", "-")
    assert code == 0 and "chosen on the very set" in err, err
    at = json.loads(text)["runs"][0]["froc"]["operating"]
    assert at["threshold_rule"].startswith("at most 0.5 false alarms of at least 1 pixel an image on ") and at["objects_found"] == 2, at
    for wrong in (f"fa@{worse}", f"fa-1@{worse}", f"fax@{worse}", "fa1@0"):
        code, _, err, _ = run("report", "--db", DB, "--run", worse, "--threshold", wrong, "--out", top / "x.md")
        assert code == 2 and "best-f1 or fa1 @" in err, (wrong, err)
    code, _, err, _ = run("report", "--db", DB, "--run", worse, "--threshold", f"fa1@{BASE}", "--out", top / "x.md")
    assert code != 0 and "of other weights or methods" in err, err
    # a map that is gone: nobody can tell, and the report says how many it lacks
    (top / "drive-few-out" / "eval" / "scores" / "validation1.npy").unlink()
    code, said = ask(worse, "froc>=1%")
    assert code == 1 and "cannot be told" in said and "its maps or the labels are not there" in said, said
    code, text, err, _ = run("report", "--db", DB, "--run", worse, "--froc", "--format", "json", "--out", "-")
    assert code == 0, err
    froc = json.loads(text)["runs"][0]["froc"]
    assert (froc["images"], froc["images_unread"], froc["objects"]) == (2, 1, 2), froc


@case("what is required of the classes is read where the run is kept")
def _():
    code, _, err, _ = run("demo-scenes", "--out", top / "scenes-of-classes", "--seed", 3, "--count", 16, "--quiet")
    assert code == 0, err
    base = ("--dataroot", top / "scenes-of-classes", "--db", top / "classes.db", "--quiet", "--json", "--params", "demo")
    ood = ("eval-ood", *base, "--dataset", "street-hazards", "--folder", top / "classes-ood")
    osr = ("eval-osr", *base, "--folder", top / "classes-osr")
    measured = []
    for words in (ood, osr):
        code, text, err, _ = run(*words, "--require", "closed_miou>=20%,open_miou>=10%")
        assert code == 0 and err == "", err
        number = json.loads(text)["run"]
        measured.append(number)
        code, text, err, _ = run(*words, "--scale", "0.25", "--require", f"closed_miou>=@{number},open_miou>=@last")
        assert code == 1 and "closed_miou of the whole set is" in err and f"of run {number}" in err, err
        refuses(("report", "--db", top / "classes.db", "--run", number, "--require", "closed_miou>=99.9%"), "closed_miou")
    # the threshold of one is the set's own, of the other another town's
    refuses(("report", "--db", top / "classes.db", "--run", measured[1], "--require", f"open_miou>=@{measured[0]}-50%"), "different ways")
    refuses((*ood, "--require", "smiyc-pixel:open_miou>=1%"), "of no protocol", status=2)
    refuses(("report", "--db", DB, "--run", BASE, "--require", "open_miou>=1%"), "measured no classes")


@case("what is required of classes is asked of each that the network sees, and of slices of none of them")
def _():
    base = ("--dataroot", top / "scenes-of-classes", "--db", top / "classes.db", "--quiet", "--json", "--params", "demo")
    ood = ("eval-ood", *base, "--dataset", "street-hazards", "--folder", top / "by-class")
    code, text, err, _ = run(*ood, "--require", "slices:ap>=0%,classes:ap>=0%")
    assert code == 0 and err == "", err
    number = json.loads(text)["run"]
    words = ("report", "--db", top / "classes.db", "--run", number)
    # mIoU has no interval, and the reason stands where other numbers have theirs
    for of, says in ((words, True), (("report", "--db", DB, "--run", BASE), False)):
        code, text, err, _ = run(*of, "--intervals", "--format", "md", "--out", "-")
        assert code == 0 and "By a thousand draws" in text and ("Closed mIoU and open-mIoU have none:" in text) == says, text
    code, text, err, _ = run(*words, "--slices", "--format", "json", "--out", "-")
    slices = json.loads(text)["runs"][0]["slices"]["slices"]
    least = {kind: min(one["ap"] for one in slices if (one["by"] == "class") == (kind == "classes") and one["positives"])
             for kind in ("slices", "classes")}
    assert least["classes"] != least["slices"], least
    for kind, of in (("slices", "of the slice "), ("classes", "of the slice class ")):
        code, _, err, _ = run(*words, "--quiet", "--require", f"{kind}:ap>={least[kind] - 1e-6:.9f}")
        assert code == 0, err
        code, _, err, _ = run(*words, "--quiet", "--require", f"{kind}:ap>={least[kind] + 1e-6:.9f}")
        assert code == 1 and err.count(of) == 1 and (kind == "classes") == ("slice class" in err), err
    # another network sees them elsewhere; the same one with another score sees the same
    code, text, err, _ = run(*ood[:-1], top / "by-class-small", "--scale", "0.25", "--require", f"classes:ap>=@{number}-100%")
    assert code == 1 and "their networks see it elsewhere" in err, err
    code, text, err, _ = run(*ood[:-1], top / "by-class-logit", "--score", "max_logit", "--require", f"classes:ap>=@{number}-100%")
    assert code == 0, err
    # of another method's maps nothing is known by class, which is no pass, and a report says it
    refuses(("report", "--db", DB, "--run", BASE, "--require", "classes:ap>=0%"), "Imported scores have no segmentation")
    code, text, err, _ = run("report", "--db", DB, "--run", BASE, "--slices", "--format", "md", "--out", "-")
    assert code == 0 and "Imported scores have no segmentation, so there are no classes." in text and "| class " not in text, text
    for wrong in ("classes:siou>=1%", "classes:ap", "classes:open_miou>=1%"):
        refuses((*words, "--require", wrong), status=2)


@case("what is required of slices of worse images is told as often as it is asked, though their maps are gone")
def _():
    words = ("robustness", "--dataroot", top / "scenes-of-classes", "--db", top / "worse-slices.db", "--quiet", "--json", "--params", "demo",
             "--dataset", "street-hazards", "--folder", top / "worse-slices", "--degrade", "fog:5")
    numbers = []
    for require in ((), ("--require", "slices:ap>=@clean-100%"), ("--require", "slices:ap>=@clean-100%"),
                    ("--require", "classes:ap>=0%"), ("--require", "ap>=0%"), ()):
        code, text, err, _ = run(*words, *require)
        assert code == 0 and err == "", (require, err)
        numbers.append(json.loads(text)["degradations"][0]["severities"][0]["run"])
    assert numbers == [2, 3, 4, 5, 5, 5], numbers
    assert not (top / "worse-slices" / "fog-5" / "eval").exists()
    code, _, err, _ = run(*words, "--require", "slices:ap>=@clean+100%")
    assert code == 1 and "of the slice " in err and "cannot be told" not in err, err
    # that the network knows nothing in the dark is what was asked, and no mistake in how it was called
    code, _, err, _ = run("eval-ood", *words[1:3], "--dataset", "street-hazards", "--split", "test", "--params", "demo", "--db",
                          top / "dark.db", "--folder", top / "dark", "--json", "--degrade", "dark:5")
    assert code == 0 and "dark:5" in err and "does not know" not in err, err
    # a network sees no class in the same pixels of other images
    refuses((*words, "--require", "ap>=0%,classes:ap>=@clean-50%"), "of worse images", status=2)


@case("the last run of the same images is found, and none is no pass")
def _():
    data_set("first", 4)
    first, code, err = measure("first", "a", (0, 0, 0, 0), "--require", "ap>=@last-1%")
    assert code == 1 and "no run before" in err, err
    second, code, err = measure("first", "b", (0, 30, 0, 0), "--require", "ap>=@last-1%")
    assert code == 1 and f"of run {first}" in err, err
    _, code, err = measure("first", "c", (0, 30, 0, 0), "--require", "ap>=@last-1%")
    assert code == 0 and err == "", err


@case("runs of other data, and maps that are gone, are not compared")
def _():
    data_set("other", 2)
    other, code, err = measure("other", "a", (0, 0), "--require", f"ap>=@{BASE}-50%")
    assert code == 1 and "measured other data" in err, err
    gone, code, err = measure("drive", "gone", (0, 0, 0))
    (top / "drive-gone-out" / "eval" / "scores" / "validation1.npy").unlink()
    words = ("report", "--db", DB, "--run", BASE, "--require")
    refuses((*words, f"slices:ap>=@{gone}"), f"the slices of run {gone} cannot be measured")
    refuses((*words, "ap>=@9999"), "no run 9999")
    refuses((*words, f"ap>=@{BASE}"), "against itself", status=2)
    for wrong in ("ap>=@", "ap>=@1x", "ap>=@1-", "ap>=@1-200%", "slices:siou>=1%", "slices:ap", "tpr_at_fpr5>=1%"):
        refuses((*words, wrong), status=2)
    refuses(("metrics", "--scores", top / "a.npy", "--labels", top / "b.npy", "--require", "ap>=@1"), "eval-ood and report", status=2)


@case("what is required can be asked of all or of some of an interval, and of the difference of two runs")
def _():
    data_set("many", 14)
    rows = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 0, 10, 20]
    one, code, err = measure("many", "one", rows)
    assert code == 0, err
    two, code, err = measure("many", "two", [min(48, row + 3) for row in rows], "--require", f"surely:ap>=@{one}")
    assert code == 1 and f"of run {one}" in err and "in 95 of 100 draws" in err, err
    def ask(run_, *what):
        code, _, err, _ = run("report", "--db", DB, "--run", run_, "--quiet", "--require", ",".join(what))
        return code, err
    code, text, err, _ = run("report", "--db", DB, "--run", f"{one},{two}", "--intervals", "--format", "json", "--out", "-")
    assert code == 0, err
    report = json.loads(text)
    own = report["runs"][0]["intervals"]["parts"][0]
    less = report["differences"]["parts"][0]
    low, high = own["ap_interval"]
    assert low < own["ap"] < high and own["groups"] == 14 and report["differences"]["drawn"] == "image" + "s", own
    # what each loses is little beside what chance does to both, and yet it is sure
    assert 0 < less["ap_interval"][0] < less["ap"] < less["ap_interval"][1] < high - low and less["ap_first_higher"] == 1, less
    for sign, way, end, further in ((">=", "surely", low, 1e-4), ("<=", "surely", high, -1e-4), (">=", "maybe", high, 1e-4), ("<=", "maybe", low, -1e-4)):
        assert ask(one, f"{way}:ap{sign}{end - further:.9f}")[0] == 0, (sign, way)
        code, said = ask(one, f"{way}:ap{sign}{end + further:.9f}")
        assert code == 1 and f"{100 * low:.4f} to {100 * high:.4f} %" in said, said
    low, high = less["ap_interval"]
    assert ask(one, f"surely:ap>=@{two}", f"surely:ap>=@{two}+{low - 1e-6:.9f}", f"maybe:ap>=@{two}+{high - 1e-6:.9f}")[0] == 0
    assert ask(one, f"surely:ap>=@{two}+{low + 1e-4:.9f}")[0] == 1 and ask(one, f"maybe:ap>=@{two}+{high + 1e-4:.9f}")[0] == 1
    assert ask(two, f"surely:ap>=@{one}-{high + 1e-6:.9f}")[0] == 0 and ask(two, f"maybe:ap>=@{one}")[0] == 1
    # of three images there is none, and nothing is said to hold
    code, said = ask(BASE, "surely:ap>=0%")
    assert code == 1 and "too few images" in said, said
    words = ("report", "--db", DB, "--run", one, "--require")
    for wrong in ("surely:slices:ap>=1%", "maybe:classes:ap>=1%"):
        refuses((*words, wrong), "of the whole set, not of slices or classes", status=2)
    for wrong in ("surely:siou>=1%", "maybe:open_miou>=1%", "slices:caos:ap>=1%", "surely:ap"):
        refuses((*words, wrong), status=2)
    out = top / "intervals"
    refuses(("report", "--db", DB, "--run", one, "--intervals", "--out", f"{out}.csv"), "no place in csv", status=2)
    refuses(("report", "--db", DB, "--run", one, "--intervals", "--drawn", "town", "--out", f"{out}.md"), "image or scene", status=2)
    refuses(("report", "--db", DB, "--run", one, "--drawn", "image", "--out", f"{out}.md"), "belongs to --intervals", status=2)
    # a table for a paper has them behind each run's own numbers
    words = ("report", "--db", DB, "--table", "--run", f"{one},{two}", "--digits", 4, "--intervals")
    code, text, err, _ = run(*words, "--format", "csv", "--out", "-")
    rows = list(csv.DictReader(text.splitlines()))
    assert code == 0 and [f"{100 * end:.4f}" for end in own["ap_interval"]] == [rows[0]["ap_low_percent"], rows[0]["ap_high_percent"]], (text, err)
    code, text, err, _ = run(*words, "--format", "latex", "--out", "-")
    assert code == 0 and f"{{\\scriptsize [{100 * own['ap_interval'][0]:.4f}, {100 * own['ap_interval'][1]:.4f}]}}" in text, text
    assert "in brackets 95 % intervals: 1000 draws of a set's images" in text, text
    code, text, err, _ = run(*words, "--format", "md", "--out", "-")
    assert code == 0 and f"({100 * own['ap_interval'][0]:.4f}–{100 * own['ap_interval'][1]:.4f}) |" in text, text
    # where there is none, nothing is said to stand in brackets
    code, text, err, _ = run("report", "--db", DB, "--table", "--run", BASE, "--intervals", "--format", "latex", "--out", "-")
    assert code == 0 and f"% run {BASE}: too few images, or too few with anomalies, for an interval: 3" in text and "in brackets" not in text, text
    (top / "many-one-out" / "eval" / "scores" / "validation1.npy").unlink()
    code, text, err, _ = run(*words, "--format", "latex", "--out", "-")
    assert code == 0 and f"% run {one}: no intervals can be had" in text and text.count("scriptsize") == 3, text
    code, said = ask(one, "surely:ap>=0%")
    assert code == 1 and "not every map" in said, said


@case("numbers of other pixels are subtracted nowhere, nor drawn against each other")
def _():
    data_set("blind", 12)
    rows = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 0]
    protocols = ("--protocol", "densehybrid-pooled,densehybrid-per-image,caos,smiyc-pixel")
    seeing, code, err = measure("blind", "seeing", rows, *protocols)
    assert code == 0, err
    blind, code, err = measure("blind", "blind", rows, *protocols, blind=5)
    assert code == 0, err
    words = ("report", "--db", DB, "--run", seeing, "--quiet", "--require")
    for what in ("ap", "surely:ap", "maybe:smiyc-pixel:best_f1", "surely:caos:ap", "found@1", "froc", "maybe:froc", "surely:found@1"):
        refuses((*words, f"{what}>=@{blind}-100%"), "measured other pixels")
    code, text, err, _ = run("report", "--db", DB, "--run", f"{seeing},{blind}", "--intervals", "--froc", "--format", "json", "--out", "-")
    assert code == 0, err
    report = json.loads(text)
    less = report["differences"]
    assert less["parts"] == less["protocols"] == [] and "measured other pixels" in less["why_none"], less
    # each alone has them
    for one in report["runs"]:
        assert len(one["intervals"]["parts"]) == 1 and one["intervals"]["protocols"] and one["intervals"]["why_none"] is None, one["intervals"]
    code, text, err, _ = run("report", "--db", DB, "--run", f"{seeing},{blind}", "--intervals", "--froc", "--format", "md", "--out", "-")
    assert code == 0 and "No intervals can be had: the runs measured other pixels." in text and "by protocol: 95 % intervals, in percentage points" not in text, text
    assert text.split("### Objects found by each run")[1].count(" | — |") >= 8, text
    # what a protocol does not have is not said to be for want of images
    refuses((*words, "surely:caos:best_f1>=1%"), f"best_f1 under caos of run {seeing} is undefined")


@case("intervals are of every protocol: in what is required, in reports and in tables")
def _():
    data_set("ways", 14, times=2)
    rows = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 0, 10, 20]
    protocols = "densehybrid-pooled,densehybrid-per-image,caos,smiyc-pixel,smiyc-component"
    one, code, err = measure("ways", "one", rows, "--protocol", protocols, "--require", "surely:caos:ap>=1%", times=2)
    assert code == 0, err
    two, code, err = measure("ways", "two", [min(48, row + 3) for row in rows], "--protocol", protocols,
                             "--require", f"surely:smiyc-component:siou>=@{one}", times=2)
    assert code == 1 and "siou under smiyc-component" in err and f"of run {one}" in err and "in 95 of 100 draws" in err, err
    refuses(("eval-ood", "--dataroot", top / "ways", "--dataset", "smiyc", "--folder", top / "ways-none", "--scores", top / "ways-one",
             "--method", "none", "--db", DB, "--protocol", "caos", "--require", "surely:ap>=1%"), "densehybrid-pooled is not measured", status=2)
    def ask(what):
        code, _, err, _ = run("report", "--db", DB, "--run", one, "--quiet", "--require", what)
        return code, err
    code, text, err, _ = run("report", "--db", DB, "--run", f"{one},{two}", "--intervals", "--format", "json", "--out", "-")
    assert code == 0, err
    report = json.loads(text)
    own, less = ({each["protocol"]: each for each in part["protocols"]} for part in (report["runs"][0]["intervals"], report["differences"]))
    for protocol, number in (("densehybrid-per-image", "ap"), ("caos", "fpr95"), ("smiyc-pixel", "best_f1"), ("smiyc-component", "mean_f1")):
        (low, high), value = own[protocol][f"{number}_interval"], own[protocol][number]
        assert low < value < high, (protocol, own[protocol])
        for sign, way, end, further in ((">=", "surely", low, 1e-4), ("<=", "maybe", low, -1e-4)):
            assert ask(f"{way}:{protocol}:{number}{sign}{end - further:.9f}")[0] == 0, (protocol, sign, way)
            code, said = ask(f"{way}:{protocol}:{number}{sign}{end + further:.9f}")
            assert code == 1 and f"{100 * low:.4f} to {100 * high:.4f} %" in said, said
        (low, high), value = less[protocol][f"{number}_interval"], less[protocol][number]
        assert low < value < high or low == value == high, (protocol, less[protocol])
    # the objects of one are found better in every draw
    assert less["smiyc-component"]["siou_first_higher"] == 1, less
    # and what is found at some false alarms, in draws as well
    words = ("report", "--db", DB, "--run", f"{one},{two}", "--intervals", "--froc", "--min-area", 4, "--found-by", "80%", "--format", "json", "--out", "-")
    code, text, err, _ = run(*words)
    report = json.loads(text)
    drawn = next(each for each in report["runs"][0]["intervals"]["protocols"] if each["protocol"] == "froc")
    froc = report["runs"][0]["froc"]
    found = next(point["found"] for point in froc["at"] if point["rate"] == 1)
    # read off the set's own curve it is the same
    assert code == 0 and drawn["found_at_1"] == found and abs(drawn["froc"] - froc["mean"]) < 1e-12 and 0 <= drawn["found_at_1_interval"][0] <= found <= drawn["found_at_1_interval"][1], drawn
    low, high = drawn["froc_interval"]
    assert low < drawn["froc"] < high, drawn
    words = ("report", "--db", DB, "--run", one, "--quiet", "--min-area", 4, "--found-by", "80%", "--require")
    assert run(*words, f"surely:froc>={low - 1e-4:.9f},maybe:froc>={high - 1e-4:.9f}")[0] == 0
    code, _, err, _ = run(*words, f"surely:froc>={low + 1e-4:.9f}")
    assert code == 1 and f"{100 * low:.4f} to {100 * high:.4f} %" in err, err
    refuses((*words, "surely:open_miou>=1%"), "have no interval", status=2)
    # a table has those of the protocol that it is of, and those of components
    words = ("report", "--db", DB, "--table", "--run", one, "--digits", 4, "--intervals", "--protocol", "caos", "--format")
    code, text, err, _ = run(*words, "csv", "--out", "-")
    row = next(csv.DictReader(text.splitlines()))
    assert code == 0 and [row["ap_low_percent"], row["ap_high_percent"]] == [f"{100 * end:.4f}" for end in own["caos"]["ap_interval"]], text
    assert [row["siou_low_percent"], row["siou_high_percent"]] == [f"{100 * end:.4f}" for end in own["smiyc-component"]["siou_interval"]], text
    code, text, err, _ = run(*words, "latex", "--out", "-")
    assert code == 0 and text.count("scriptsize [") == 6, text


@case("objects are listed as CSV, also where some images have no labels")
def _():
    data_set("partly")
    (top / "partly" / "dataset_AnomalyTrack" / "labels_masks" / "validation1_labels_semantic.png").unlink()
    number, code, err = measure("partly", "a", (0, 0, 48))
    assert code == 0, err
    words = ("report", "--db", DB, "--run", number, "--objects", "--threshold", "2.9", "--format", "csv", "--out", "-")
    code, text, err, _ = run(*words)
    rows = list(csv.DictReader(text.splitlines()))
    missed = [row for row in rows if row["object"] == "missed"]
    assert code == 0 and [row["image"] for row in missed] == ["validation0", "validation2"], (text, err)
    assert missed[0]["path"] == str(top / "partly" / "dataset_AnomalyTrack" / "images" / "validation0.png"), missed
    assert [missed[0][side] for side in ("left", "top", "width", "height", "area")] == ["0", "0", "8", "48", "384"], missed
    (top / "partly-a-out" / "eval" / "scores" / "validation0.npy").unlink()
    refuses(words, "cannot all be listed")


@case("runs are listed with their AP, in columns")
def _():
    code, text, err, _ = run("report", "--db", DB)
    lines = text.splitlines()
    at = lines[0].index("data set")
    assert code == 0 and all(line[at - 2:at] == "  " and line[at] != " " for line in lines), text
    assert all(line.split()[3] == "100.00" for line in lines if line.split()[0] == str(BASE)), text
    code, text, err, _ = run("report", "--db", DB, "--json")
    kept = {each["run"]: each for each in json.loads(text)["runs"]}
    assert kept[BASE]["ap"] == 1 and len(kept[BASE]["fingerprint"]) == 64, text


@case("a report goes to standard output, to a pipe as into a file, and no device is renamed over")
def _():
    fifo = top / "fifo"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    words = ("report", "--db", DB, "--run", BASE, "--format", "csv", "--out")
    code, text, err, _ = run(*words, "-")
    assert code == 0 and text.startswith("image,scene,") and len(text.splitlines()) == 4, (code, text, err)
    code, said, err, _ = run(*words, fifo)
    piped = os.read(reading, 1 << 16).decode().replace("\r\n", "\n")
    assert code == 0 and said == f"{fifo}\n" and piped == text and fifo.is_fifo(), (said, piped, err)
    os.close(reading)
    assert not os.path.exists("-")
    refuses(("report", "--db", DB, "--out", "-"), "--format is missing", status=2)
    refuses((*words, "-", "--json"), "standard output", status=2)


finish()
