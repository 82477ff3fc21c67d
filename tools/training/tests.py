"""Tests of the PyTorch tools: `python3 tools/training/tests.py`. They need torch, numpy and numba, and seconds."""

import tempfile
import unittest
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import cpu_ops
from clean_by_loss import kept
from distil import Search, translate
from pairs import Pairs
from train_pytorch import Transformer


class OperationsOfProcessors(unittest.TestCase):
    """cpu_ops against plain PyTorch, values and gradients."""

    def setUp(self) -> None:
        torch.manual_seed(1)

    def assert_close(self, left, right) -> None:
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)

    def test_recurrence(self) -> None:
        gates = torch.randn(3, 7, 10, requires_grad=True)
        first = torch.zeros(3, 7, dtype=torch.uint8)
        first[:, 0], first[1, 3] = 1, 1
        z, s = gates[..., :5], gates[..., 5:].sigmoid()
        c, cells = torch.zeros(3, 5), []
        for t in range(7):
            c = torch.where(first[:, t, None] != 0, 0.0, s[:, t] * c) + (1 - s[:, t]) * z[:, t]
            cells.append(c)
        plain, own = torch.stack(cells, 1), cpu_ops.Recurrence.apply(gates, first)
        self.assert_close(own, plain)
        weights = torch.randn(3, 7, 5)
        gradients = [torch.autograd.grad((cells * weights).sum(), gates)[0] for cells in (own, plain)]
        self.assert_close(*gradients)

    def test_cross_entropy(self) -> None:
        # More rows than one block has.
        x = torch.randn(3, 300, 16, requires_grad=True)
        table, bias = torch.randn(50, 16, requires_grad=True), torch.randn(50, requires_grad=True)
        labels, counted = torch.randint(0, 50, (3, 300)), (torch.rand(3, 300) > 0.2).float()
        logits = F.linear(x, table, bias).flatten(0, 1)
        plain = F.cross_entropy(logits, labels.flatten(), label_smoothing=0.1, reduction="none") @ counted.flatten()
        nll = F.cross_entropy(logits, labels.flatten(), reduction="none") @ counted.flatten()
        own, own_nll = cpu_ops.cross_entropy(x, table, bias, labels, counted, 0.1)
        self.assert_close(own, plain)
        self.assert_close(own_nll, nll)
        for left, right in zip(*(torch.autograd.grad(loss / 7, (x, table, bias)) for loss in (own, plain))):
            self.assert_close(left, right)

    def test_attention(self) -> None:
        q, k, v = (torch.randn(2, length, 8) for length in (5, 6, 6))
        mask = torch.where(torch.rand(2, 1, 5, 6) > 0.3, 0.0, -30_000.0)
        heads = lambda x: x.view(2, -1, 2, 4).transpose(1, 2)
        plain = F.scaled_dot_product_attention(heads(q), heads(k), heads(v), attn_mask=mask)
        self.assert_close(cpu_ops.attention(q, k, v, mask, 2), plain.transpose(1, 2).reshape(2, 5, 8))

    def test_dropout_keeps_the_mean(self) -> None:
        dropped = cpu_ops.Dropout()(torch.ones(300, 400), 0.25)
        self.assertEqual(set(dropped.unique().tolist()), {0.0, torch.tensor(4 / 3).bfloat16().item()})
        self.assertAlmostEqual(dropped.mean().item(), 1.0, delta=0.02)


class PreparedPairs(unittest.TestCase):
    def test_a_part_of_them_is_written_and_read(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pairs.bin"
            lengths = np.array([2, 3, 1, 0, 4, 2])
            header = b"DRGPAIR\x01" + np.array([3, lengths.sum()], np.uint64).tobytes()
            parts = [np.float32([1, 0.5, 2]), np.cumsum([0, *lengths]).astype(np.uint32), np.arange(12, dtype=np.uint16)]
            path.write_bytes(header + b"".join(part.tobytes() for part in parts))
            pairs = Pairs(path)
            pairs.save(path.with_name("part.bin"), np.array([True, False, True]))
            part = Pairs(path.with_name("part.bin"))
            self.assertEqual(part.weights.tolist(), [1, 2])
            self.assertEqual(part.tokens.tolist(), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11])
            self.assertEqual((part.target - part.source).tolist(), [2, 4])
            self.assertEqual((part.end - part.target).tolist(), [3, 2])

    def test_the_worst_of_each_length_are_left_out(self) -> None:
        class Lengths:
            target = np.zeros(24, int)
            end = np.repeat([2, 6, 20], 8)

        scores = np.tile(np.arange(8, dtype=np.float32), 3)
        scores[:8] *= 100
        keep = kept(Lengths, scores, 0.25)
        self.assertTrue(keep[:8].all(), "words stay")
        self.assertEqual(keep[8:].reshape(2, 8).sum(1).tolist(), [6, 6])
        self.assertFalse(keep[[14, 15, 22, 23]].any())


class Distillation(unittest.TestCase):
    D, FEED_FORWARD, WORDS = 16, 24, 5

    def network(self) -> Transformer:
        """A small network of random weights."""
        random, d = np.random.default_rng(3), self.D
        own = {"feed_forward.inner": (self.FEED_FORWARD, d), "feed_forward.inner_bias": (self.FEED_FORWARD,)}
        own |= {"feed_forward.outer": (d, self.FEED_FORWARD), "feed_forward.outer_bias": (d,)}
        own |= {"attention.output": (d, d), "attention.output_bias": (d,)}
        own |= {f"{part}.norm_{side}": (d,) for part in ("attention", "feed_forward") for side in ("scale", "bias")}
        encoder = own | {"attention.input": (3 * d, d), "attention.input_bias": (3 * d,)}
        decoder = own | {"recurrent.input": (2 * d, d), "recurrent.input_bias": (2 * d,), "recurrent.norm_scale": (d,)}
        decoder |= {"recurrent.norm_bias": (d,), "attention.query": (d, d), "attention.query_bias": (d,)}
        decoder |= {"attention.memory": (2 * d, d), "attention.memory_bias": (2 * d,)}
        shapes = {"source_embedding": (self.WORDS, d), "target_embedding": (self.WORDS, d), "output.bias": (self.WORDS,)}
        for side, layer in (("encoder", encoder), ("decoder", decoder)):
            shapes |= {f"{side}.{n}.{name}": shape for n in range(2) for name, shape in layer.items()}
        tensors = {name: random.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
        config = {"embedding": d, "heads": 2, "encoder_layers": 2, "decoder_layers": 2}
        network = Transformer(config, tensors, 0.0, 0.0, "cpu", False)
        network.dtype = torch.float32
        return network

    def losses(self, network: Transformer, source: np.ndarray, target: list[int]) -> torch.Tensor:
        """The nll of each token of a target, `</s>` included, with the whole target known."""
        width = max(len(source), len(target)) + 1
        ids, present = torch.zeros(2, 1, width, dtype=torch.int16), torch.zeros(2, 1, width, dtype=torch.uint8)
        for side, tokens in enumerate((source, target)):
            ids[side, 0, : len(tokens)] = torch.tensor(tokens)
            present[side, 0, : len(tokens) + 1] = 1
        places = torch.arange(width, dtype=torch.uint8).expand(2, 1, width)
        with torch.inference_mode():
            return network.token_losses([ids, places, present])[0, : len(target) + 1]

    def test_a_beam_that_holds_everything_finds_the_best_there_is(self) -> None:
        network, steps = self.network(), 4
        sources = torch.tensor([[1, 2, 3, 4, 0], [3, 3, 0, 0, 0], [2, 0, 0, 0, 0]])
        present = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]], dtype=torch.uint8)
        words = range(1, self.WORDS)
        targets = [list(target) for length in range(steps) for target in product(words, repeat=length)]
        for penalty in (0.0, 1.0, 3.0):
            with torch.inference_mode():
                found, scores = Search(network, 4**3, penalty).run(sources, present, steps)
            for source, known, target, score in zip(sources, present, found, scores):
                source = source[: int(known.sum()) - 1].numpy()
                nll = [float(self.losses(network, source, target).sum()) for target in targets]
                normed = [-sum_ / (len(target) + 1) ** penalty for sum_, target in zip(nll, targets)]
                self.assertEqual(target, targets[int(np.argmax(normed))])
                self.assertAlmostEqual(score, max(normed), places=4)

    def test_every_source_is_translated_once(self) -> None:
        sources = [np.full(length, 1 + length % 4, np.uint16) for length in (3, 9, 1, 6, 20, 2, 4)]
        numbers = [n for rows, found in translate(Search(self.network(), 3, 1.0), sources, 40) for n, _ in zip(rows, found, strict=True)]
        self.assertEqual(sorted(numbers), list(range(len(sources))))


if __name__ == "__main__":
    unittest.main()
