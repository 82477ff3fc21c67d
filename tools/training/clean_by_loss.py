#!/usr/bin/env python3
"""Leaves out of prepared pairs what two models of opposite directions find least likely.

A pair that one model expects and the other does not is misaligned, free or cut short; one that neither expects is noise. The score is the
dual conditional cross-entropy (Junczys-Dowmunt 2018, arXiv:1809.00197), in nats per token of `p(target | source)` and of
`p(source | target)`:

    |H_forward - H_backward| + (H_forward + H_backward) / 2

    dragoman train CONFIG.toml --corpus CORPUS --output RUN --prepare --from FORWARD
    python3 tools/training/clean_by_loss.py RUN/pairs.bin --forward RUN/initial.float.safetensors --backward BACKWARD --drop 0.05

Both models must have the vocabularies of the pairs. BACKWARD may be an int8 file. Long and short pairs are compared with their like, as
short ones cost more per token, and the shortest stay: they are words that the models do not know yet. The scores are kept beside the pairs in `pairs.scores`, so that another share takes no time.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from pairs import Pairs
from train_pytorch import Transformer, load

PLACES = 16384  # of a batch, padding included
WIDTHS = 8  # a row is a multiple of this
GROUPS = (5, 8, 16, 32, 64)  # bounds of the lengths that are compared with each other, in target tokens without </s>


def losses(network: Transformer, pairs: Pairs, swapped: bool) -> np.ndarray:
    """Cross-entropy of each pair in nats per target token, `</s>` included."""
    begin, middle, end = pairs.source, pairs.target, pairs.end
    sides = [(middle, end), (begin, middle)] if swapped else [(begin, middle), (middle, end)]
    longest = np.maximum(middle - begin, end - middle) + 1
    found = np.zeros(len(longest), np.float32)
    order = np.argsort(longest, kind="stable")
    device = network.sinusoids.device
    at = 0
    while at < len(order):
        # The last row of a batch is its longest.
        count = min(len(order) - at, max(1, PLACES // (int(longest[order[at]]) + WIDTHS)))
        rows = order[at : at + count]
        at += count
        width = -(-int(longest[rows[-1]]) // WIDTHS) * WIDTHS
        ids, present = np.zeros((2, count, width), np.int16), np.zeros((2, count, width), np.uint8)
        for side, (first, last) in enumerate(sides):
            for row, pair in enumerate(rows):
                length = last[pair] - first[pair]
                ids[side, row, :length] = pairs.tokens[first[pair] : last[pair]].astype(np.int16)
                present[side, row, : length + 1] = 1
        places = np.broadcast_to(np.arange(width, dtype=np.uint8), ids.shape).copy()
        batch = [torch.from_numpy(part).to(device) for part in (ids, places, present)]
        with torch.inference_mode():
            nll = network.token_losses(batch)
        found[rows] = (nll.sum(1) / batch[2][1].sum(1)).cpu().numpy()
        if at == len(order) or at // 50_000 != (at - count) // 50_000:
            print(f"{at} of {len(order)} pairs", flush=True)
    return found


def kept(pairs: Pairs, scores: np.ndarray, drop: float) -> np.ndarray:
    """Which pairs stay: the shortest, and the best of each group of lengths."""
    group = np.digitize(pairs.end - pairs.target, GROUPS)
    keep = np.ones(len(scores), bool)
    for number in range(1, len(GROUPS) + 1):
        members = np.flatnonzero(group == number)
        if len(members):
            keep[members] = scores[members] <= np.quantile(scores[members], 1 - drop)
    return keep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path, help="pairs.bin of a prepared data set")
    parser.add_argument("--forward", type=Path, required=True, help="weights of the direction of the pairs")
    parser.add_argument("--backward", type=Path, required=True, help="weights of the opposite direction")
    parser.add_argument("--drop", type=float, default=0.05, help="share of the pairs that is left out")
    parser.add_argument("--output", type=Path, help="where to write the rest [default: pairs-clean.bin beside the pairs]")
    arguments = parser.parse_args()
    if not 0.0 <= arguments.drop < 1.0:
        raise SystemExit("--drop is a share from 0 to 1")
    pairs = Pairs(arguments.pairs)
    scores_file = arguments.pairs.with_suffix(".scores")
    if scores_file.exists():
        scores = np.fromfile(scores_file, np.float32)
        if len(scores) != len(pairs.weights):
            raise SystemExit(f"{scores_file} belongs to other pairs: delete it")
    else:
        forward, own = load(arguments.forward)
        backward, other = load(arguments.backward)
        if (own["source"], own["target"]) != (other["target"], other["source"]):
            raise SystemExit("the two models do not have the same vocabularies")
        there, back = losses(forward, pairs, False), losses(backward, pairs, True)
        scores = abs(there - back) + (there + back) / 2
        scores.tofile(scores_file)
    keep = kept(pairs, scores, arguments.drop)
    output = arguments.output or arguments.pairs.with_name("pairs-clean.bin")
    pairs.save(output, keep)
    print(f"{keep.sum()} of {len(keep)} pairs in {output}")


if __name__ == "__main__":
    main()
