"""Prepared pairs of sentences (src/train/dataset.rs) as numpy arrays."""

from pathlib import Path

import numpy as np


class Pairs:
    """`pairs.bin` of a prepared data set (src/train/dataset.rs)."""

    def __init__(self, path: Path) -> None:
        data = np.memmap(path, np.uint8, "r")
        if bytes(data[:8]) != b"DRGPAIR\x01":
            raise SystemExit(f"{path} is not a prepared data set")
        count, tokens = (int(n) for n in data[8:24].view(np.uint64))
        at = 24 + 4 * count
        self.weights = data[24:at].view(np.float32)
        starts = data[at : at + 4 * (2 * count + 1)].view(np.uint32).astype(np.int64)
        self.tokens = np.array(data[at + 4 * (2 * count + 1) :].view(np.uint16))
        if len(self.tokens) != tokens:
            raise SystemExit(f"{path} is cut short")
        self.source, self.target = starts[:-1:2], starts[1::2]
        self.end = starts[2::2]

    def save(self, path: Path, keep: np.ndarray) -> None:
        """Writes the pairs of a mask in the same format."""
        lengths = np.stack([self.target - self.source, self.end - self.target], 1)[keep]
        write_pairs(path, self.weights[keep], lengths, self.tokens[np.repeat(keep, self.end - self.source)])

    def epoch(self, random: np.random.Generator) -> np.ndarray:
        """Indices of the pairs of a pass, in random order, each as often as its weight says."""
        whole = np.floor(self.weights + random.random(len(self.weights))).astype(np.int64)
        pairs = np.repeat(np.arange(len(whole)), whole)
        random.shuffle(pairs)
        return pairs


def write_pairs(path: Path, weights: np.ndarray, lengths: np.ndarray, tokens: np.ndarray) -> None:
    """Writes pairs: `[n]` weights, `[n, 2]` lengths of the sides, and the tokens of all sides one after the other."""
    starts = np.concatenate([[0], np.cumsum(lengths.ravel())]).astype(np.uint32)
    with path.open("wb") as file:
        file.write(b"DRGPAIR\x01" + np.array([len(weights), len(tokens)], np.uint64).tobytes())
        for part in (weights.astype(np.float32), starts, tokens.astype(np.uint16)):
            file.write(np.ascontiguousarray(part).tobytes())
