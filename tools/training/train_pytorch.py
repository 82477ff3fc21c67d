#!/usr/bin/env python3
"""Trains a transformer of src/model/transformer.rs in PyTorch, for a GPU that is there for minutes rather than hours.

The same equations, loss and optimiser as `dragoman train`, from the same configuration, prepared pairs and initial weights, to the
same weights file. What differs is how batches are formed: sentences are packed into rows of a fixed length, so that every step
has the same shapes and next to no padding, and `batches.tokens` counts the places of all rows together.

    dragoman train CONFIG.toml --corpus CORPUS --output RUN --prepare
    python3 tools/training/train_pytorch.py CONFIG.toml RUN

Needs torch >= 2.8, numpy and numba. A processor with bfloat16 units trains it too, in hours (cpu_ops.py). A run that was stopped goes
on where its last checkpoint was when the same command is given again.
"""

import argparse
import json
import math
import threading
import time
import tomllib
from pathlib import Path

import numba
import numpy as np
import torch
from torch.nn import functional as F

import cpu_ops
from pairs import Pairs
from weights_file import read_weights, write_weights

CUDA = torch.cuda.is_available()
ROW = 256 if CUDA else 128  # places of a row: several sentences side by side
OPEN_ROWS = 64  # rows that a sentence may still join
MASKED = -30_000.0  # finite, so that places without any sentence stay finite too
EPSILON = 1e-6
END = 0


@numba.njit(nogil=True, cache=True)
def pack(pairs, source, target, end, tokens, row, open_rows):
    """Rows `[n, row]` of ids, positions and sentence numbers (from 1; 0 is nothing) of both sides."""
    most = 2 * int((end - source)[pairs].sum() // row + len(pairs) * 2 // row) + open_rows
    ids = np.zeros((2, most, row), np.int16)
    positions = np.zeros((2, most, row), np.uint8)
    sentences = np.zeros((2, most, row), np.uint8)
    used = np.zeros((most, 3), np.int32)
    first, rows = 0, 0
    for pair in pairs:
        lengths = (target[pair] - source[pair] + 1, end[pair] - target[pair] + 1)
        if max(lengths) > row:
            continue
        place = -1
        for r in range(first, rows):
            if used[r, 0] + lengths[0] <= row and used[r, 1] + lengths[1] <= row and used[r, 2] < 255:
                place = r
                break
        if place < 0:
            if rows - first >= open_rows:
                # The oldest is full but for the shortest sentences.
                first += 1
            place = rows
            rows += 1
        used[place, 2] += 1
        for side in range(2):
            begin = source[pair] if side == 0 else target[pair]
            at = used[place, side]
            for i in range(lengths[side]):
                last = i == lengths[side] - 1
                ids[side, place, at + i] = 0 if last else np.int16(tokens[begin + i])
                positions[side, place, at + i] = min(i, 255)
                sentences[side, place, at + i] = used[place, 2]
            used[place, side] += lengths[side]
    return ids[:, :rows], positions[:, :rows], sentences[:, :rows]


class Batches:
    """Batches of rows, packed by a thread while the ones before are trained on."""

    def __init__(self, pairs: Pairs, rows: int, seed: int, device: str) -> None:
        self.pairs, self.rows, self.device = pairs, rows, device
        self.random = np.random.default_rng(seed)
        self.epoch, self.next = None, None
        self.start()

    def start(self) -> None:
        self.worker = threading.Thread(target=self.prepare, daemon=True)
        self.worker.start()

    def prepare(self) -> None:
        p = self.pairs
        packed = pack(p.epoch(self.random), p.source, p.target, p.end, p.tokens, ROW, OPEN_ROWS)
        order = self.random.permutation(packed[0].shape[1])
        self.next = [torch.from_numpy(np.ascontiguousarray(part[:, order])) for part in packed]

    def __iter__(self):
        while True:
            self.worker.join()
            epoch = [part.to(self.device) for part in self.next]
            self.start()
            for at in range(0, epoch[0].shape[1] - self.rows + 1, self.rows):
                yield [part[:, at : at + self.rows] for part in epoch]


# The recurrence c_t = s_t c_{t-1} + (1 - s_t) z_t, s = sigmoid(f), anew at each sentence: src/train/fused/ssru.rs.

try:
    import triton
    import triton.language as tl

    @triton.jit
    def scan_forward(gates, first, cells, STEPS: tl.constexpr, D: tl.constexpr, BLOCK: tl.constexpr):
        row = tl.program_id(0)
        column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        gates += row * STEPS * 2 * D + column
        cells += row * STEPS * D + column
        first += row * STEPS
        c = tl.zeros([BLOCK], tl.float32)
        for t in range(STEPS):
            z = tl.load(gates + t * 2 * D).to(tl.float32)
            s = tl.sigmoid(tl.load(gates + t * 2 * D + D).to(tl.float32))
            begins = tl.load(first + t)
            c = tl.where(begins != 0, 0.0, s * c) + (1.0 - s) * z
            tl.store(cells + t * D, c.to(cells.dtype.element_ty))

    @triton.jit
    def scan_backward(gates, first, cells, grad, out, STEPS: tl.constexpr, D: tl.constexpr, BLOCK: tl.constexpr):
        row = tl.program_id(0)
        column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        gates += row * STEPS * 2 * D + column
        out += row * STEPS * 2 * D + column
        cells += row * STEPS * D + column
        grad += row * STEPS * D + column
        first += row * STEPS
        carried = tl.zeros([BLOCK], tl.float32)
        for back in range(STEPS):
            t = STEPS - 1 - back
            z = tl.load(gates + t * 2 * D).to(tl.float32)
            s = tl.sigmoid(tl.load(gates + t * 2 * D + D).to(tl.float32))
            begins = tl.load(first + t)
            before = tl.load(cells + (t - 1) * D, mask=(column >= 0) & (begins == 0) & (t > 0), other=0.0).to(tl.float32)
            e = tl.load(grad + t * D).to(tl.float32) + carried
            tl.store(out + t * 2 * D, ((1.0 - s) * e).to(out.dtype.element_ty))
            tl.store(out + t * 2 * D + D, (s * (1.0 - s) * (before - z) * e).to(out.dtype.element_ty))
            carried = tl.where(begins != 0, 0.0, s * e)

except ImportError:
    triton = None


@torch.library.custom_op("dragoman::ssru_forward", mutates_args=())
def ssru_forward(gates: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    rows, steps, width = gates.shape
    d = width // 2
    cells = gates.new_empty(rows, steps, d)
    scan_forward[(rows, d // 64)](gates, first, cells, steps, d, 64, num_warps=2)
    return cells


@torch.library.custom_op("dragoman::ssru_backward", mutates_args=())
def ssru_backward(gates: torch.Tensor, first: torch.Tensor, cells: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    rows, steps, d = cells.shape
    out = torch.empty_like(gates)
    scan_backward[(rows, d // 64)](gates, first, cells, grad.contiguous(), out, steps, d, 64, num_warps=2)
    return out


ssru_forward.register_fake(lambda gates, first: gates.new_empty(*gates.shape[:2], gates.shape[2] // 2))
ssru_backward.register_fake(lambda gates, first, cells, grad: torch.empty_like(gates))


def keep_for_backward(ctx, inputs, output) -> None:
    ctx.save_for_backward(*inputs, output)


def ssru_gradient(ctx, grad):
    return ssru_backward(*ctx.saved_tensors, grad), None


ssru_forward.register_autograd(ssru_gradient, setup_context=keep_for_backward)


recurrence = ssru_forward if CUDA else cpu_ops.Recurrence.apply
drop = F.dropout if CUDA else cpu_ops.Dropout()


def affine(x, weight, bias):
    return F.linear(x, weight.to(x.dtype), bias.to(x.dtype))


def residual(x, change, scale, bias, dropout):
    """`LN(x + dropout(change))`"""
    sum_ = x.float() + drop(change, dropout).float()
    return F.layer_norm(sum_, sum_.shape[-1:], scale, bias, EPSILON).to(x.dtype)


def heads_of(x, heads):
    rows, steps, d = x.shape
    return x.view(rows, steps, heads, d // heads).transpose(1, 2)


def attention(query, keys, values, mask, heads):
    if not CUDA:
        return cpu_ops.attention(query, keys, values, mask, heads)
    q, k, v = (heads_of(x, heads) for x in (query, keys, values))
    found = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return found.transpose(1, 2).reshape(query.shape)


def feed_forward(x, p, dropout):
    inner = affine(x, p["feed_forward.inner"], p["feed_forward.inner_bias"]).relu()
    change = affine(inner, p["feed_forward.outer"], p["feed_forward.outer_bias"])
    return residual(x, change, p["feed_forward.norm_scale"], p["feed_forward.norm_bias"], dropout)


def encoder_layer(x, mask, p, heads: int, dropout: float):
    q, k, v = affine(x, p["attention.input"], p["attention.input_bias"]).chunk(3, -1)
    change = affine(attention(q, k, v, mask, heads), p["attention.output"], p["attention.output_bias"])
    x = residual(x, change, p["attention.norm_scale"], p["attention.norm_bias"], dropout)
    return feed_forward(x, p, dropout)


def decoder_layer(x, memory, mask, first, p, heads: int, dropout: float):
    gates = affine(x, p["recurrent.input"], p["recurrent.input_bias"])
    cells = recurrence(gates, first).relu()
    x = residual(x, cells, p["recurrent.norm_scale"], p["recurrent.norm_bias"], dropout)
    query = affine(x, p["attention.query"], p["attention.query_bias"])
    k, v = affine(memory, p["attention.memory"], p["attention.memory_bias"]).chunk(2, -1)
    change = affine(attention(query, k, v, mask, heads), p["attention.output"], p["attention.output_bias"])
    x = residual(x, change, p["attention.norm_scale"], p["attention.norm_bias"], dropout)
    return feed_forward(x, p, dropout)


def embed(table, ids, positions, sinusoids, present, dropout: float, dtype: torch.dtype):
    """`sqrt(d) embedding + position`; only the position where `present` is 0."""
    d = table.shape[1]
    x = F.embedding(ids, table) * (math.sqrt(d) * present[..., None]) + F.embedding(positions, sinusoids)
    return drop(x.to(dtype), dropout)


def masks(source, target, dtype: torch.dtype):
    """What the places of the source and of the target may look at, `[R, 1, T, S]`."""
    look = lambda a, b: torch.where(a[:, None, :, None] == b[:, None, None, :], 0.0, MASKED).to(dtype)
    return look(source, source), look(target, source)


def cross_entropy(x, table, bias, labels, counted, smoothing: float):
    """Sum of `(1 - eps) nll + eps mean(-log p)` and of the nll over the counted places."""
    if not CUDA:
        return cpu_ops.cross_entropy(x, table, bias, labels, counted, smoothing)
    logits = affine(x, table, bias).flatten(0, 1).float()
    whole = torch.logsumexp(logits, -1)
    nll = whole - logits.gather(1, labels.flatten()[:, None])[:, 0]
    even = whole - logits.mean(-1)
    counted = counted.flatten()
    return (((1 - smoothing) * nll + smoothing * even) * counted).sum(), (nll * counted).sum()


class Transformer:
    """The network over packed rows. Its parameters are the tensors of the weights file, by name."""

    def __init__(self, config: dict, tensors: dict, dropout: float, smoothing: float, device: str, compiled: bool) -> None:
        self.config, self.dropout, self.smoothing = config, dropout, smoothing
        self.dtype = torch.bfloat16 if CUDA or cpu_ops.has_bfloat16() else torch.float32
        self.parameters = {name: torch.tensor(data, device=device, requires_grad=True) for name, data in tensors.items()}
        self.layers = {
            f"{side}.{layer}": {
                name.removeprefix(f"{side}.{layer}."): value
                for name, value in self.parameters.items()
                if name.startswith(f"{side}.{layer}.")
            }
            for side in ("encoder", "decoder")
            for layer in range(config[f"{side}_layers"])
        }
        self.sinusoids = sinusoids(config["embedding"], device)
        functions = (embed, masks, encoder_layer, decoder_layer, cross_entropy)
        wrap = torch.compile(dynamic=False, fullgraph=True) if compiled else lambda f: f
        self.embed, self.masks, self.encoder, self.decoder, self.cross_entropy = map(wrap, functions)

    def encode(self, source, positions, mask):
        """The states of the last encoder layer, `[R, S, d]`."""
        heads, dropout, p = self.config["heads"], self.dropout, self.parameters
        present = torch.ones_like(source, dtype=torch.uint8)
        x = self.embed(p["source_embedding"], source, positions, self.sinusoids, present, dropout, self.dtype)
        for layer in range(self.config["encoder_layers"]):
            x = self.encoder(x, mask, self.layers[f"encoder.{layer}"], heads, dropout)
        return x

    def outputs(self, batch):
        """What the output layer reads, `[R, T, d]`, and the labels."""
        ids, positions, sentences = batch
        (source, labels), (source_at, target_at) = ids.int(), positions.int()
        heads, dropout, p = self.config["heads"], self.dropout, self.parameters
        within, across = self.masks(sentences[0], sentences[1], self.dtype)
        first = (target_at == 0).to(torch.uint8)
        memory = self.encode(source, source_at, within)
        before = F.pad(labels[:, :-1], (1, 0))
        x = self.embed(p["target_embedding"], before, target_at, self.sinusoids, 1 - first, dropout, self.dtype)
        for layer in range(self.config["decoder_layers"]):
            x = self.decoder(x, memory, across, first, self.layers[f"decoder.{layer}"], heads, dropout)
        return x, labels.long()

    def losses(self, batch):
        """Sums of the loss and of the nll, and how many tokens count."""
        p = self.parameters
        x, labels = self.outputs(batch)
        counted = (batch[2][1] > 0).float()
        loss, nll = self.cross_entropy(x, p["target_embedding"], p["output.bias"], labels, counted, self.smoothing)
        return loss, nll, counted.sum()

    def token_losses(self, batch):
        """The nll of each place, `[R, T]`; 0 where there is no token."""
        p = self.parameters
        x, labels = self.outputs(batch)
        found = []
        for rows, label in zip(x.flatten(0, 1).split(4096), labels.flatten().split(4096)):
            logits = affine(rows, p["target_embedding"], p["output.bias"]).float()
            found.append(torch.logsumexp(logits, -1) - logits.gather(1, label[:, None])[:, 0])
        return torch.cat(found).view(labels.shape) * (batch[2][1] > 0)


def load(path: Path) -> tuple[Transformer, dict]:
    """A network of a weights file of floats or int8, and its vocabularies."""
    header, tensors = read_weights(path)
    scales = {name: value for name, value in tensors.items() if name.endswith(".scale")}
    floats = {}
    for name, value in tensors.items():
        if value.dtype == np.int8:
            floats[name] = value.astype(np.float32) * scales[f"{name}.scale"].reshape(-1, *[1] * (value.ndim - 1))
        elif value.dtype == np.float32 and name not in scales:
            floats[name] = value
    device = "cuda" if CUDA else "cpu"
    network = Transformer(json.loads(header["config"]), floats, 0.0, 0.0, device, False)
    vocabularies = {side: tensors[f"{side}.spm"].tobytes() for side in ("source", "target")}
    return network, vocabularies


def sinusoids(width: int, device: str) -> torch.Tensor:
    """src/cpu/positions.rs, `[ROW, width]`."""
    half = width // 2
    frequencies = 10_000.0 ** (-np.arange(half) / (half - 1))
    angles = np.arange(ROW)[:, None] * frequencies
    return torch.tensor(np.concatenate([np.sin(angles), np.cos(angles)], 1), dtype=torch.float32, device=device)


def rate(schedule: dict, step: int, done: float) -> float:
    """src/train/schedule.rs, with the share of the run that is done in place of the steps that are."""
    warmup = min(1.0, step / max(1, schedule.get("warmup", 0)))
    cooldown = schedule.get("cooldown", 0) / schedule["steps"]
    return schedule["rate"] * warmup * (min(1.0, (1.0 - done) / cooldown) if cooldown else 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, help="training configuration")
    parser.add_argument("run", type=Path, help="folder that `dragoman train --prepare` wrote: initial weights and pairs")
    parser.add_argument("--finish", type=Path, help="prepared pairs for the end of the run (another pairs.bin)")
    parser.add_argument("--finish-share", type=float, default=0.3, help="share of the run that uses them")
    parser.add_argument("--minutes", type=float, help="length of the run in place of the steps of the configuration")
    parser.add_argument("--rate", type=float, help="learning rate in place of the one of the configuration")
    parser.add_argument("--tokens", type=int, help="places of a batch in place of those of the configuration")
    parser.add_argument("--eager", action="store_true", help="do not compile the network (never done on a CPU)")
    parser.add_argument("--save-every", type=float, default=10.0, help="minutes between checkpoints")
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text())
    optimiser, schedule, seed = config.get("optimiser", {}), config["schedule"], config["model"].get("seed", 1)
    schedule["rate"] = arguments.rate or schedule["rate"]
    device = "cuda" if CUDA else "cpu"
    checkpoint = arguments.run / "pytorch.checkpoint"
    before = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else None
    seed += before["step"] if before else 0
    torch.manual_seed(seed)

    header, tensors = read_weights(arguments.run / "initial.float.safetensors")
    architecture = json.loads(header["config"])
    trained = {name: value for name, value in tensors.items() if value.dtype == np.float32}
    network = Transformer(
        architecture, trained, optimiser.get("dropout", 0.1), optimiser.get("label_smoothing", 0.1), device, CUDA and not arguments.eager
    )
    rows = max(1, (arguments.tokens or config["batches"]["tokens"]) // ROW)
    batches = iter(Batches(Pairs(arguments.run / "pairs.bin"), rows, seed, device))
    finish = iter(Batches(Pairs(arguments.finish), rows, seed, device)) if arguments.finish else None
    parameters = list(network.parameters.values())
    adam = torch.optim.AdamW(
        parameters,
        lr=schedule["rate"],
        betas=(optimiser.get("beta1", 0.9), optimiser.get("beta2", 0.98)),
        eps=optimiser.get("epsilon", 1e-8),
        weight_decay=optimiser.get("weight_decay", 0.0),
        fused=True,
    )
    if before:
        for name, value in network.parameters.items():
            value.data.copy_(before["parameters"][name])
        adam.load_state_dict(before["optimiser"])
    clip = optimiser.get("clip", 1.0)
    log = (arguments.run / "log.jsonl").open("a")

    first = before["step"] if before else 0
    step, tokens, spent = (before[key] for key in ("step", "tokens", "seconds")) if before else (0, 0, 0.0)
    share = lambda: spent / (60 * arguments.minutes) if arguments.minutes else step / schedule["steps"]
    begin, saved = time.time() - spent, time.time()
    window, done = [], share()
    while done < 1.0:
        use_finish = finish is not None and done >= 1.0 - arguments.finish_share
        loss, nll, count = network.losses(next(finish if use_finish else batches))
        (loss / count).backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, clip)
        step += 1
        adam.param_groups[0]["lr"] = rate(schedule, step, done)
        adam.step()
        adam.zero_grad(set_to_none=True)
        window.append(torch.stack([nll.detach(), count, norm]))
        spent = time.time() - begin
        if step % 100 == 0 or step == first + 3:
            sums = torch.stack(window).cpu()
            window = []
            tokens += int(sums[:, 1].sum())
            line = {
                "step": step,
                "nll": round(float(sums[:, 0].sum() / sums[:, 1].sum()), 4),
                "norm": round(float(sums[:, 2].mean()), 3),
                "rate": adam.param_groups[0]["lr"],
                "tokens": tokens,
                "seconds": round(spent, 1),
            }
            print(json.dumps(line), file=log, flush=True)
            if step % 500 == 0 or step == first + 3:
                print(json.dumps(line), flush=True)
            if not math.isfinite(line["nll"]):
                raise SystemExit("the loss is not finite: lower the rate or warm up for longer")
        if step == first + 3 and CUDA:
            # What came before was compiling.
            spent = before["seconds"] if before else 0.0
            begin = time.time() - spent
        done = share()
        if step < first + 3:
            done = min(done, 0.999)
        if not window and time.time() - saved > 60 * arguments.save_every:
            saved = time.time()
            part = checkpoint.with_suffix(".part")
            state = {"parameters": network.parameters, "optimiser": adam.state_dict()}
            torch.save({**state, "step": step, "tokens": tokens, "seconds": spent}, part)
            part.replace(checkpoint)
    trained = {name: value.detach().float().cpu().numpy() for name, value in network.parameters.items()}
    write_weights(arguments.run / "latest.float.safetensors", header, {**tensors, **trained})
    print(f"{step} steps, {tokens} target tokens", flush=True)


if __name__ == "__main__":
    main()
