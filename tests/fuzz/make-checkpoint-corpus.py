#!/usr/bin/env python3
"""Writes the corpus of fuzz-checkpoint: small files as PyTorch, NumPy and safetensors write them, and some hostile ones.

Usage: make-checkpoint-corpus.py FOLDER   (needs torch, numpy, safetensors)
"""
import os
import struct
import sys
import zipfile

import numpy as np
import safetensors.torch
import torch

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
path = lambda name: os.path.join(folder, name)
torch.manual_seed(0)

values = torch.arange(12.0)
state = {
    "a.weight": values.reshape(3, 4),
    "a.turned": values.reshape(3, 4).t(),
    "a.shared": values[3:9],
    "a.repeated": torch.ones(2, 1).expand(2, 3),
    "a.half": values[:3].half(),
    "a.bfloat16": values[:3].bfloat16(),
    "a.parameter": torch.nn.Parameter(values[:2]),
    "a.num_batches_tracked": torch.tensor(7),
    "a.flags": values[:4] > 1,
}
module = torch.nn.Conv2d(2, 3, 1)
optimiser = torch.optim.Adam(module.parameters())
module(torch.zeros(1, 2, 2, 2)).sum().backward()
optimiser.step()
resumable = {
    "epoch": 3,
    "lr": 1e-3,
    "best": np.float64(0.5),
    "state_dict": {"module." + k: v for k, v in module.state_dict().items()},
    "optimizer": optimiser.state_dict(),
}


class Program:
    def __reduce__(self):
        return os.system, ("true",)


torch.save(module, path("module-zip.pth"))
for name, thing in (("state", state), ("resumable", resumable), ("program", {"a": Program()})):
    torch.save(thing, path(name + "-zip.pth"))
    torch.save(thing, path(name + "-legacy.pth"), _use_new_zipfile_serialization=False)
torch.save(module.state_dict(), path("protocol4.pth"), pickle_protocol=4)

safetensors.torch.save_file({k: v.contiguous().clone() for k, v in state.items()}, path("state.safetensors"), {"epoch": "3"})
array = np.arange(6, dtype="f4").reshape(2, 3)
np.save(path("rows.npy"), array)
np.save(path("columns.npy"), np.asfortranarray(array))
np.save(path("big-endian.npy"), array.astype(">i2"))
np.savez(path("stored.npz"), a=array, b=np.arange(3, dtype="u2"))
np.savez_compressed(path("deflated.npz"), a=np.zeros((20, 30)), b=array)
with open(path("header.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", 2**63) + b"{}")
with zipfile.ZipFile(path("nested.pth"), "w") as file:
    file.writestr("a/data.pkl", b"\x80\x02" + b"]" * 300 + b"a" * 299 + b".")
    file.writestr("a/version", "3\n")
