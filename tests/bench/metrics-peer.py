#!/usr/bin/env python3
"""densehybrid metrics beside scikit-learn on the same arrays: processor time, peak memory, values.
Needs numpy and scikit-learn. Usage: metrics-peer.py PROGRAM [IMAGES]"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.metrics import auc, average_precision_score, roc_curve

program, images = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
rng = np.random.default_rng(0)
y, x = np.mgrid[0:1024, 0:2048]
with tempfile.TemporaryDirectory() as folder:
    scores, labels = [], []
    for i in range(images):
        label = (np.hypot(x % 512 - 256, y % 512 - 300) < 41).astype(np.uint8)
        label[-40:] = 255
        wave = 4 * np.sin(x * 0.01 + 10 * rng.random()) * np.cos(y * 0.013)
        score = (wave - 12 + 6 * (label == 1) + rng.normal(0, 0.6, x.shape)).astype(np.float32)
        np.save(f"{folder}/s{i}.npy", score)
        np.save(f"{folder}/l{i}.npy", label)
        scores.append(score.ravel())
        labels.append(label.ravel())

    def files(kind):
        return [f"{folder}/{kind}{i}.npy" for i in range(images)]

    words = [program, "metrics", "--scores", *files("s"), "--labels", *files("l")]
    run = subprocess.run([*words, "--protocol", "densehybrid-pooled", "--json", "--quiet"], stdout=subprocess.PIPE, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = json.loads(run.stdout)["protocols"]["densehybrid-pooled"]
    print(f"densehybrid    {used.ru_utime + used.ru_stime:7.2f} s, peak {used.ru_maxrss / 1024:6.0f} MiB (mapped files included)")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    s, t = np.concatenate(scores), np.concatenate(labels)
    s, t = s[t < 2], t[t < 2]
    ap = average_precision_score(t, s)
    fpr, tpr, _ = roc_curve(t, s)
    theirs = {"ap": ap, "auroc": auc(fpr, tpr), "fpr95": fpr[np.argmax(tpr > 0.95)]}
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"scikit-learn   {spent:7.2f} s, peak {peak / 1024:6.0f} MiB ({(peak - before) / 1024:.0f} over the arrays)")
    for name, value in theirs.items():
        print(f"{name:6} {ours[name]:.15f}  difference {abs(ours[name] - value):.1e}")
