#!/usr/bin/env python3
"""Trains the demo's small ladder network on generated scenes.

It needs Python 3.9, PyTorch 2.x, NumPy, Pillow, safetensors and, for the table, scikit-learn:
    python3 -m venv demo-env
    demo-env/bin/pip install torch numpy pillow scikit-learn safetensors
    densehybrid demo-scenes --out demo-data --seed 1 --count 1200
    demo-env/bin/python tools/demo/train_demo.py --dataroot demo-data --out demo-net.safetensors
Takes under an hour on one idle core of 2023. First the closed set, then the hybrid loss with pasted negatives; losses, schedule,
augmentation and pasting as in the published recipes, with a batch and rates that suit a small network from nothing.
The test scenes, their kinds of anomalies and their seeds play no part in training or in choosing the weights.
"""
import argparse
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import nn

K = 12
IGNORE, NEGATIVE = K, K + 1
FILL = (84, 88, 95)
# StreetHazards' file ids to classes: background, building, fence, person, pole, street lines, road, sidewalk,
# vegetation, car, wall, traffic sign; "other" (4) is ignored; 14, the anomaly, has a place of its own (13 here).
PACK = np.full(256, IGNORE, np.uint8)
for c, raw in enumerate((1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13)):
    PACK[raw] = c
PACK[14] = NEGATIVE


class BRC(nn.Sequential):
    def __init__(self, cin, cout, k, bias=False):
        super().__init__()
        self.add_module("norm", nn.BatchNorm2d(cin, momentum=0.01))
        self.add_module("relu", nn.ReLU())
        self.add_module("conv", nn.Conv2d(cin, cout, k, padding=k // 2, bias=bias))


class DenseLayer(nn.Module):
    def __init__(self, cin, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(cin, momentum=0.01)
        self.conv1 = nn.Conv2d(cin, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth, momentum=0.01)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(y)))], 1)


class Transition(nn.Module):
    def __init__(self, cin):
        super().__init__()
        self.norm = nn.BatchNorm2d(cin, momentum=0.01)
        self.conv = nn.Conv2d(cin, cin // 2, 1, bias=False)

    def forward(self, x):
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 3, 2, 1, count_include_pad=False)


class Pyramid(nn.Module):
    GRIDS = (8, 4, 2, 1)

    def __init__(self, cin, width, level, out):
        super().__init__()
        self.spp_bn = BRC(cin, width, 1)
        for i in range(4):
            self.add_module(f"spp{i}", BRC(width, level, 1))
        self.spp_fuse = BRC(width + 4 * level, out, 1)

    def forward(self, x):
        size = x.shape[2:]
        x = self.spp_bn(x)
        parts = [x]
        for i, g in enumerate(self.GRIDS):
            y = F.adaptive_avg_pool2d(x, (g, max(1, round(size[1] / size[0] * g))))
            parts.append(F.interpolate(getattr(self, f"spp{i}")(y), size, mode="bilinear", align_corners=False))
        return self.spp_fuse(torch.cat(parts, 1))


class Upsample(nn.Module):
    def __init__(self, width, skip, out):
        super().__init__()
        self.bottleneck = BRC(skip, width, 1)
        self.blend_conv = BRC(width, out, 3)

    def forward(self, x, skip):
        y = self.bottleneck(skip)
        return self.blend_conv(F.interpolate(x, y.shape[2:], mode="bilinear", align_corners=False) + y)


class Features(nn.Module):
    def __init__(self, stem, growth, blocks):
        super().__init__()
        self.conv0 = nn.Conv2d(3, stem, 7, 2, 3, bias=False)
        self.norm0 = nn.BatchNorm2d(stem, momentum=0.01)
        self.skips, c = [], stem
        for i, n in enumerate(blocks, 1):
            block = nn.Module()
            for j in range(1, n + 1):
                block.add_module(f"denselayer{j}", DenseLayer(c, growth))
                c += growth
            self.add_module(f"denseblock{i}", block)
            if i < len(blocks):
                self.skips.append(c)
                self.add_module(f"transition{i}", Transition(c))
                c //= 2
        self.out = c
        self.blocks = blocks

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm0(self.conv0(x))), 2, 2)
        skips = []
        for i in range(1, len(self.blocks) + 1):
            for layer in getattr(self, f"denseblock{i}").children():
                x = layer(x)
            if i < len(self.blocks):
                skips.append(x)
                x = getattr(self, f"transition{i}")(x)
        return x, skips


def holder(**children):
    module = nn.Module()
    for name, child in children.items():
        module.add_module(name, child)
    return module


class Ladder(nn.Module):
    """The small ladder network, in the published checkpoints' key names."""

    def __init__(self, stem=32, growth=16, blocks=(3, 4, 6, 4), pyramid=96, level=24, fuse=96, decoder=(80, 64, 48)):
        super().__init__()
        features = Features(stem, growth, blocks)
        self.backbone = holder(features=features)
        self.spp = holder(spp=holder(spp=Pyramid(features.out, pyramid, level, fuse)))
        steps, width = {}, fuse
        for i, (skip, out) in enumerate(zip(reversed(features.skips), decoder)):
            steps[f"upsample_{i}"] = Upsample(width, skip, out)
            width = out
        self.upsample = holder(upsample_layers=holder(**steps))
        self.logits = BRC(width, K, 1, bias=True)
        self.logits_ood = BRC(width, 2, 1, bias=True)

    def forward(self, x):
        size = x.shape[2:]
        y, skips = self.backbone.features(x)
        y = self.spp.spp.spp(y)
        for i, skip in enumerate(reversed(skips)):
            y = getattr(self.upsample.upsample_layers, f"upsample_{i}")(y, skip)
        return self.logits(y), self.logits_ood(y), size


def fresh(net):
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            bound = 1 / math.sqrt(m.weight[0].numel())
            nn.init.uniform_(m.weight, -bound, bound)
            if m.bias is not None:
                nn.init.uniform_(m.bias, -bound, bound)


def resized(t, size):
    return F.interpolate(t, size, mode="bilinear", align_corners=False)


def bilinear(image, size):
    """Not antialiased, as in the recipes."""
    t = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    return resized(t, size)[0].round_().byte().permute(1, 2, 0).numpy()


def nearest(label, size):
    (h, w), (oh, ow) = label.shape, size
    return label[np.arange(oh) * h // oh][:, np.arange(ow) * w // ow]


def load_tree(root, split):
    images, labels = [], []
    for path in sorted((root / "images" / split).rglob("*.png")):
        images.append(np.array(Image.open(path).convert("RGB")))
        labels.append(np.array(Image.open(root / "annotations" / split / path.relative_to(root / "images" / split))))
    return images, labels


class Maker:
    """Random scale, padding, crop and flip; negatives pasted as rectangles or as pixels of their segments."""

    def __init__(self, rng, crop, scale):
        self.rng, self.crop, self.scale = rng, crop, scale

    def scaled(self, image, label):
        rng, (ch, cw) = self.rng, self.crop
        h, w = label.shape
        k = rng.uniform(*self.scale)
        size = (int(h * k), int(w * k))
        image, label = bilinear(image, size), nearest(label, size)
        ph, pw = max(ch - size[0], 0), max(cw - size[1], 0)
        if ph or pw:
            image = np.stack([np.pad(image[..., c], ((ph, ph), (pw, pw)), constant_values=FILL[c]) for c in range(3)], -1)
            label = np.pad(label, ((ph, ph), (pw, pw)), constant_values=IGNORE)
        y, x = rng.integers(0, label.shape[0] - ch + 1), rng.integers(0, label.shape[1] - cw + 1)
        image, label = image[y:y + ch, x:x + cw], label[y:y + ch, x:x + cw]
        if rng.random() < 0.5:
            image, label = image[:, ::-1], label[:, ::-1]
        return image.copy(), label.copy()

    def paste(self, image, label, negative, segments):
        rng, (ch, cw) = self.rng, self.crop
        k = rng.uniform(0.4, 1.1)
        size = (int(negative.shape[0] * k), int(negative.shape[1] * k))
        negative, segments = bilinear(negative, size), nearest(segments, size)
        if rng.random() < 0.5:
            sides = np.arange(16, min(ch, *segments.shape) - 16, 8)
            h, w = rng.choice(sides), rng.choice(sides)
            mask = np.ones((h, w), bool)
            y, x = rng.integers(0, segments.shape[0] - h + 1), rng.integers(0, segments.shape[1] - w + 1)
            negative = negative[y:y + h, x:x + w]
        else:
            mask = np.isin(segments, rng.choice(np.unique(segments)[1:], 2))
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            box = np.s_[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
            mask, negative = mask[box][:ch, :cw], negative[box][:ch, :cw]
            h, w = mask.shape
        y, x = rng.integers(0, ch - h + 1), rng.integers(0, cw - w + 1)
        image[y:y + h, x:x + w][mask] = negative[mask]
        label[y:y + h, x:x + w][mask] = NEGATIVE

    def batch(self, images, labels, negatives, n):
        xs, ys = [], []
        for _ in range(n):
            i = self.rng.integers(len(images))
            image, label = self.scaled(images[i], labels[i])
            if negatives:
                j = self.rng.integers(len(negatives[0]))
                self.paste(image, label, negatives[0][j], negatives[1][j])
            xs.append(image)
            ys.append(label)
        x = torch.from_numpy(np.stack(xs)).permute(0, 3, 1, 2).float().div_(255)
        return x.contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack(ys)).long()


def losses(logits, ood, label, beta):
    negative = label == NEGATIVE
    seg = F.cross_entropy(logits, torch.where(negative, IGNORE, label), ignore_index=IGNORE)
    if ood is None:
        return seg, seg, seg * 0, seg * 0
    lse = torch.logsumexp(logits, 1)
    like = ((lse - logits.mean().detach()) * negative).sum() / negative.sum().clamp(min=1)
    post = F.cross_entropy(ood, negative.long())
    return seg + beta * like + 10 * beta * post, seg, like, post


def scores(logits, ood):
    lse, soft = torch.logsumexp(logits, 1), F.softmax(logits, 1)
    g = F.log_softmax(ood, 1)
    return {
        "hybrid": -lse + g[:, 1],
        "likelihood": -lse,
        "dataset posterior": g[:, 1],
        "max softmax": 1 - soft.max(1)[0],
        "max logit": -logits.max(1)[0],
    }


def miou(confusion):
    tp = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - tp
    seen = union > 0
    return (tp[seen] / union[seen]).mean(), np.where(seen, tp / np.maximum(union, 1), np.nan)


@torch.no_grad()
def closed_miou(net, images, labels):
    net.eval()
    confusion = np.zeros((K, K), np.int64)
    for image, label in zip(images, labels):
        x = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
        logits, _, size = net(x)
        p = resized(logits, size).argmax(1)[0].numpy()
        ok = label < K
        confusion += np.bincount(label[ok].astype(np.int64) * K + p[ok], minlength=K * K).reshape(K, K)
    net.train()
    return miou(confusion)


@torch.no_grad()
def table(net, images, labels):
    """AP, FPR95 (first TPR above 0.95) and AUROC over the pixels of all images pooled."""
    from sklearn.metrics import auc, average_precision_score, roc_curve
    net.eval()
    pooled, truth = {}, []
    for image, label in zip(images, labels):
        x = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
        logits, ood, size = net(x)
        ok = label != IGNORE
        truth.append((label == NEGATIVE)[ok])
        for name, s in scores(resized(logits, size), resized(ood, size)).items():
            pooled.setdefault(name, []).append(s[0].numpy()[ok])
    truth = np.concatenate(truth)
    rows = {}
    for name, parts in pooled.items():
        s = np.concatenate(parts)
        fpr, tpr, _ = roc_curve(truth, s)
        rows[name] = {"ap": average_precision_score(truth, s), "fpr95": fpr[np.argmax(tpr > 0.95)], "auroc": auc(fpr, tpr)}
    net.train()
    return rows


def train(net, data, negatives, args, hybrid, log):
    rng = np.random.default_rng(args.seed + hybrid)
    maker = Maker(rng, tuple(args.crop), tuple(args.scale))
    lr, lr_min = (args.lr_hybrid, args.lr_hybrid / 50) if hybrid else (args.lr, args.lr / 50)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, eps=1e-7)
    start, step, done = time.monotonic(), 0, 0.0
    sums = np.zeros(4)
    while done < 1:
        for group in optimizer.param_groups:
            group["lr"] = lr_min + (lr - lr_min) * (1 + math.cos(math.pi * done)) / 2
            if not hybrid and not args.init and step < 50:  # from nothing: a short ramp
                group["lr"] *= (step + 1) / 50
        x, label = maker.batch(*data, negatives if hybrid else None, args.batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            logits, ood, size = net(x)
        logits, ood = resized(logits.float(), size), resized(ood.float(), size)
        loss, *parts = losses(logits, ood if hybrid else None, label, args.beta)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        sums += [float(v.detach()) for v in (loss, *parts)]
        done = (time.monotonic() - start) / (60 * args.minutes[hybrid]) if args.minutes else step / args.steps[hybrid]
        if step % 25 == 0 or done >= 1:
            mean = sums / (step % 25 or 25)
            sums[:] = 0
            log(event="step", hybrid=hybrid, step=step, seconds=round(time.monotonic() - start), loss=round(mean[0], 4),
                seg=round(mean[1], 4), like=round(mean[2], 3), post=round(mean[3], 4))
        if step % 200 == 0:
            save(net, args.out + ".part")


def save(net, path):
    """float16 for the convolutions, float32 for what is small."""
    state = {}
    for name, t in net.state_dict().items():
        t = t.detach().contiguous()
        state[name] = t.half() if t.dim() == 4 else t
    save_file(state, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataroot", required=True, help="folder written by densehybrid demo-scenes")
    parser.add_argument("--out", required=True, help="weights to write (.safetensors)")
    parser.add_argument("--init", help="weights to go on from")
    parser.add_argument("--steps", type=int, nargs=2, default=(2500, 1000), metavar=("CLOSED", "HYBRID"))
    parser.add_argument("--minutes", type=float, nargs=2, metavar=("CLOSED", "HYBRID"),
                        help="go by the clock instead: as many steps as the machine makes")
    parser.add_argument("--crop", type=int, nargs=2, default=(256, 384), metavar=("H", "W"))
    parser.add_argument("--scale", type=float, nargs=2, default=(0.5, 2.0), metavar=("LOW", "HIGH"))
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--lr-hybrid", type=float, default=4e-4,
                        help="at 1.5e-3 the likelihood of negatives falls without end and the closed set is forgotten")
    parser.add_argument("--beta", type=float, default=0.03)
    parser.add_argument("--bf16", action="store_true", help="faster where the processor computes in it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="one is the best choice on a busy machine")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    root = Path(args.dataroot)

    def log(**event):
        print(json.dumps(event), flush=True)

    images, labels = load_tree(root / "train", "training")
    labels = [PACK[label] for label in labels]
    validation = load_tree(root / "train", "validation")
    validation = validation[0], [PACK[label] for label in validation[1]]
    negatives = load_tree(root / "negatives", "training")
    net = Ladder()
    fresh(net)
    net.to(memory_format=torch.channels_last)
    log(event="start", images=len(images), negatives=len(negatives[0]),
        parameters=sum(p.numel() for p in net.parameters()))
    if args.init:
        from safetensors.torch import load_file
        net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(args.init).items()})
    if (args.minutes or args.steps)[0] > 0:
        train(net, (images, labels), None, args, False, log)
        save(net, args.out + ".closed")
    log(event="closed", miou=round(closed_miou(net, *validation)[0], 4))
    train(net, (images, labels), negatives, args, True, log)
    save(net, args.out)
    os.path.exists(args.out + ".part") and os.remove(args.out + ".part")
    mean, each = closed_miou(net, *validation)
    log(event="end", miou=round(mean, 4), classes=[round(float(v), 3) for v in each])
    test = load_tree(root / "test", "test")
    for name, row in table(net, test[0], [PACK[label] for label in test[1]]).items():
        print(f"{name:18s} AP {100 * row['ap']:6.2f}  FPR95 {100 * row['fpr95']:6.2f}  AUROC {100 * row['auroc']:6.2f}")


if __name__ == "__main__":
    main()
