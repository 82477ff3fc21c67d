#!/usr/bin/env python3
"""Translates the sources of prepared pairs with a teacher, for a student to learn from (sequence-level distillation, Kim and Rush 2016,
arXiv:1606.07947).

    dragoman train TEACHER.toml --corpus CORPUS --output TEACHER --prepare
    python3 tools/training/train_pytorch.py TEACHER.toml TEACHER --minutes 8
    python3 tools/training/distil.py TEACHER/latest.float.safetensors RUN/pairs.bin RUN/distilled.bin
    mv RUN/distilled.bin RUN/pairs.bin
    python3 tools/training/train_pytorch.py CONFIG.toml RUN --minutes 4

The teacher is any transformer with an SSRU decoder and the vocabularies of the pairs; a wider and deeper one than the student is worth its
while. Of the hypotheses of a beam the one with the best score by its length is taken. Translations that do not end, or that are not
about as long as the genuine target, are left out.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from pairs import Pairs, write_pairs
from train_pytorch import ROW, affine, attention, feed_forward, load, residual

WIDTHS = 8  # a row of sources is a multiple of this
LENGTHS = (0.5, 2.0)  # least and most tokens of a translation, as a share of the genuine target's, give or take SLACK
SLACK = 4


class Search:
    """Beam search over a batch of sentences of similar length: row `b * beam + k` is hypothesis k of sentence b."""

    def __init__(self, network, beam: int, penalty: float) -> None:
        self.network, self.beam, self.penalty = network, beam, penalty
        self.layers = [network.layers[f"decoder.{layer}"] for layer in range(network.config["decoder_layers"])]

    def run(self, source: torch.Tensor, present: torch.Tensor, steps: int) -> tuple[list[list[int]], list[float]]:
        """The best translation of each row of `source`, `[B, S]`, empty where none ends within `steps`, and its score by its length."""
        beam, device = self.beam, source.device
        batch = len(source)
        at = torch.arange(source.shape[1], device=device).expand(source.shape)
        network = self.network
        within, across = network.masks(present, present[:, :1], network.dtype)
        memory = network.encode(source, at, within)
        keys = [
            [part.repeat_interleave(beam, 0) for part in affine(memory, p["attention.memory"], p["attention.memory_bias"]).chunk(2, -1)]
            for p in self.layers
        ]
        across = across.repeat_interleave(beam, 0)
        cells = [torch.zeros(batch * beam, memory.shape[2], device=device) for _ in self.layers]
        tokens = torch.zeros(batch * beam, 0, dtype=torch.long, device=device)
        # At first all hypotheses of a sentence are the same: only one of them counts.
        scores = torch.full((batch, beam), -math.inf, device=device)
        scores[:, 0] = 0.0
        best, length = torch.full((batch,), -math.inf, device=device), torch.zeros(batch, dtype=torch.long, device=device)
        results = torch.zeros(batch, steps, dtype=torch.long, device=device)
        first = torch.arange(batch, device=device)[:, None] * beam
        for step in range(steps):
            log_p = self.step(tokens, cells, keys, across).view(batch, beam, -1)
            total = scores[:, :, None] + log_p
            # At most `beam` of these end.
            ranked, place = total.view(batch, -1).topk(2 * beam, 1)
            worthy = total[:, :, 0] >= ranked[:, beam - 1 : beam]
            ended = (total[:, :, 0] / (step + 1) ** self.penalty).where(worthy, -math.inf).max(1)
            better = ended.values > best
            best = torch.where(better, ended.values, best)
            length = torch.where(better, step, length)
            chosen = tokens[first[:, 0] + ended.indices]
            results[:, :step] = torch.where(better[:, None], chosen, results[:, :step])
            ranked = ranked.where(place % log_p.shape[2] != 0, -math.inf)
            scores, rank = ranked.topk(beam, 1)
            place = place.gather(1, rank)
            parents = (first + place // log_p.shape[2]).view(-1)
            tokens = torch.cat([tokens[parents], (place % log_p.shape[2]).view(-1, 1)], 1)
            cells = [c[parents] for c in cells]
            # Looking is slow on a GPU.
            if step % 4 == 3 and bool((best > scores[:, 0] / (step + 2) ** self.penalty).all()):
                break
        return [result[:end] for result, end in zip(results.tolist(), length.tolist())], best.tolist()

    def step(self, tokens, cells, keys, across):
        """Log-probabilities of the next tokens, `[B * beam, V]`; the cells of the recurrences go one step on in place."""
        network, p = self.network, self.network.parameters
        at = tokens.shape[1]
        x = network.sinusoids[at].expand(len(tokens), -1)
        if at:
            x = x + math.sqrt(x.shape[1]) * F.embedding(tokens[:, -1], p["target_embedding"])
        x = x.to(network.dtype)
        heads = network.config["heads"]
        for layer, (weights, (k, v)) in enumerate(zip(self.layers, keys)):
            z, f = affine(x, weights["recurrent.input"], weights["recurrent.input_bias"]).float().chunk(2, -1)
            s = f.sigmoid()
            cells[layer] = s * cells[layer] + (1 - s) * z
            change = cells[layer].to(x.dtype).relu()
            x = residual(x, change, weights["recurrent.norm_scale"], weights["recurrent.norm_bias"], 0.0)
            query = affine(x, weights["attention.query"], weights["attention.query_bias"])
            found = attention(query[:, None], k, v, across, heads)[:, 0]
            change = affine(found, weights["attention.output"], weights["attention.output_bias"])
            x = residual(x, change, weights["attention.norm_scale"], weights["attention.norm_bias"], 0.0)
            x = feed_forward(x, weights, 0.0)
        return F.log_softmax(affine(x, p["target_embedding"], p["output.bias"]).float(), -1)


def translate(search: Search, sources: list[np.ndarray], places: int):
    """Yields numbers of sources and their translations, batch by batch, the longest last."""
    device = search.network.sinusoids.device
    lengths = np.array([len(source) + 1 for source in sources])
    order = np.argsort(lengths, kind="stable")
    at = 0
    while at < len(order):
        count = max(1, places // (int(lengths[order[at]]) + WIDTHS))
        rows = order[at : at + count]
        at += len(rows)
        width = -(-int(lengths[rows[-1]]) // WIDTHS) * WIDTHS
        ids, present = np.zeros((len(rows), width), np.int32), np.zeros((len(rows), width), np.uint8)
        for row, number in enumerate(rows):
            ids[row, : lengths[number] - 1] = sources[number]
            present[row, : lengths[number]] = 1
        steps = min(ROW - 1, 2 * int(lengths[rows[-1]]) + 10)
        with torch.inference_mode():
            found, _ = search.run(torch.from_numpy(ids).to(device), torch.from_numpy(present).to(device), steps)
        yield rows, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("teacher", type=Path, help="weights of the teacher")
    parser.add_argument("pairs", type=Path, help="prepared pairs (pairs.bin)")
    parser.add_argument("output", type=Path, help="where to write the pairs with the teacher's targets")
    parser.add_argument("--beam", type=int, default=4)
    parser.add_argument("--length-penalty", type=float, default=1.0)
    parser.add_argument("--genuine", type=float, default=0.0, help="weight of the genuine pairs beside the teacher's [default: 0, none]")
    parser.add_argument("--places", type=int, default=65536, help="source tokens of a batch, padding included")
    parser.add_argument("--limit", type=int, help="translate only so many pairs")
    arguments = parser.parse_args()
    network, _ = load(arguments.teacher)
    pairs = Pairs(arguments.pairs)
    count = min(len(pairs.weights), arguments.limit or len(pairs.weights))
    sources = [pairs.tokens[pairs.source[i] : pairs.target[i]] for i in range(count)]
    search = Search(network, arguments.beam, arguments.length_penalty)
    begin, done, shown = time.time(), 0, 0
    targets: list[np.ndarray | None] = [None] * count
    for rows, found in translate(search, sources, arguments.places):
        done += len(rows)
        for number, tokens in zip(rows, found):
            genuine = int(pairs.end[number] - pairs.target[number])
            if tokens and LENGTHS[0] * genuine - SLACK <= len(tokens) <= LENGTHS[1] * genuine + SLACK:
                targets[number] = np.array(tokens, np.uint16)
        if done - shown >= 20_000 or done == count:
            shown = done
            print(f"{done} of {count} in {time.time() - begin:.0f} s", flush=True)
    sides, lengths, weights = [], [], []
    for number in range(count):
        genuine = pairs.tokens[pairs.target[number] : pairs.end[number]]
        for target, weight in ((targets[number], 1.0), (genuine, arguments.genuine)):
            if target is not None and weight > 0.0:
                sides += [sources[number], target]
                lengths.append((len(sources[number]), len(target)))
                weights.append(weight * pairs.weights[number])
    write_pairs(arguments.output, np.array(weights), np.array(lengths), np.concatenate(sides))
    print(f"{sum(target is not None for target in targets)} of {count} translations in {arguments.output}")


if __name__ == "__main__":
    main()
