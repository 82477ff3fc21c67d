"""Trains the smallest network of Firefox's kind that translates, and writes it in Marian's format, for tests.

    python3 tools/marian/train.py FOLDER [SECONDS]

Needs torch and sentencepiece; five minutes of one processor are enough. The folder gets `model.ende.intgemm.alphas.bin`,
`vocab.ende.spm`, `lex.50.50.ende.s2t.bin`, and sentences that were not trained on with what is right: `test.en`, `test.de`.
"""

import math
import pathlib
import struct
import sys
import time

import numpy
import sentencepiece
import torch
from torch import nn
from torch.nn import functional

import grammar

WIDTH, INNER, HEADS, ENCODER, DECODER, PIECES = 64, 128, 4, 2, 1, 296
FREQUENT, BEST = 50, 50
TESTS = 200
END = 0
YAML = f"""dec-cell: ssru
dec-depth: {DECODER}
dim-emb: {WIDTH}
dim-vocabs:
  - {PIECES}
  - {PIECES}
enc-depth: {ENCODER}
input-types:
  []
layer-normalization: false
lemma-dim-emb: 0
tied-embeddings: false
tied-embeddings-all: true
tied-embeddings-src: false
transformer-decoder-autoreg: rnn
transformer-dim-ffn: {INNER}
transformer-ffn-activation: relu
transformer-ffn-depth: 2
transformer-guided-alignment-layer: last
transformer-heads: {HEADS}
transformer-no-projection: false
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-postprocess-top: ""
transformer-preprocess: ""
transformer-tied-layers:
  []
transformer-train-position-embeddings: false
type: transformer
version: v1.10.25; a small grammar
"""


class Student(nn.Module):
    """Names and shapes are Marian's: weights [in, out], layers from 1."""

    def __init__(self):
        super().__init__()
        self.p = nn.ParameterDict()
        self.largest = {}
        self.add("Wemb", nn.Parameter(torch.randn(PIECES, WIDTH) / math.sqrt(WIDTH)))
        self.vector("decoder_ff_logit_out_b", PIECES)
        for layer in range(1, ENCODER + 1):
            self.attention(f"encoder_l{layer}_self")
            self.feed_forward(f"encoder_l{layer}_ffn")
        for layer in range(1, DECODER + 1):
            name = f"decoder_l{layer}"
            self.weight(f"{name}_rnn_W", WIDTH, WIDTH)
            self.weight(f"{name}_rnn_Wf", WIDTH, WIDTH)
            self.vector(f"{name}_rnn_bf", WIDTH)
            self.norm(f"{name}_rnn_ffn")
            self.attention(f"{name}_context")
            self.feed_forward(f"{name}_ffn")
        rates = torch.exp(-torch.arange(WIDTH // 2) * math.log(10_000) / (WIDTH // 2 - 1))
        angles = torch.arange(100)[:, None] * rates
        self.positions = torch.cat([angles.sin(), angles.cos()], 1)

    def add(self, name, value):
        self.p[name] = value

    def weight(self, name, rows, columns):
        self.add(name, nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, columns))))

    def vector(self, name, size, value=0.0):
        self.add(name, nn.Parameter(torch.full((1, size), value)))

    def norm(self, name):
        self.vector(f"{name}_ln_scale", WIDTH, 1.0)
        self.vector(f"{name}_ln_bias", WIDTH)

    def attention(self, name):
        for part in "qkvo":
            self.weight(f"{name}_W{part}", WIDTH, WIDTH)
            self.vector(f"{name}_b{part}", WIDTH)
        self.norm(f"{name}_Wo")

    def feed_forward(self, name):
        self.weight(f"{name}_W1", WIDTH, INNER)
        self.vector(f"{name}_b1", INNER)
        self.weight(f"{name}_W2", INNER, WIDTH)
        self.vector(f"{name}_b2", WIDTH)
        self.norm(f"{name}_ffn")

    def record(self, name, x):
        if not self.training:
            self.largest.setdefault(name, []).append(x.abs().flatten(1).max(1).values)

    def affine(self, x, weight, bias=None):
        self.record(weight, x)
        y = x @ self.p[weight]
        return y if bias is None else y + self.p[bias]

    def normalised(self, x, name):
        scale, bias = self.p[f"{name}_ln_scale"][0], self.p[f"{name}_ln_bias"][0]
        return functional.layer_norm(x, (WIDTH,), scale, bias, 1e-6)

    def attend(self, x, memory, mask, name):
        split = lambda y: y.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
        q, k, v = (split(self.affine(z, f"{name}_W{c}", f"{name}_b{c}")) for c, z in zip("qkv", (x, memory, memory)))
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + mask
        context = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        return self.normalised(x + self.affine(context, f"{name}_Wo", f"{name}_bo"), f"{name}_Wo")

    def fed(self, x, name):
        inner = self.affine(x, f"{name}_W1", f"{name}_b1").relu()
        return self.normalised(x + self.affine(inner, f"{name}_W2", f"{name}_b2"), f"{name}_ffn")

    def embedded(self, ids):
        return self.p["Wemb"][ids] * math.sqrt(WIDTH)

    def forward(self, source, mask, target):
        mask = torch.where(mask, 0.0, -1e9)[:, None, None, :]
        x = self.embedded(source) + self.positions[: source.shape[1]]
        for layer in range(1, ENCODER + 1):
            x = self.fed(self.attend(x, x, mask, f"encoder_l{layer}_self"), f"encoder_l{layer}_ffn")
        # Nothing stands before the first token.
        u = functional.pad(self.embedded(target[:, :-1]), (0, 0, 1, 0)) + self.positions[: target.shape[1]]
        for layer in range(1, DECODER + 1):
            name = f"decoder_l{layer}"
            z = self.affine(u, f"{name}_rnn_W")
            f = self.affine(u, f"{name}_rnn_Wf", f"{name}_rnn_bf").sigmoid()
            cell, cells = torch.zeros_like(z[:, 0]), []
            for t in range(u.shape[1]):
                cell = f[:, t] * cell + (1 - f[:, t]) * z[:, t]
                cells.append(cell)
            u = self.normalised(u + torch.stack(cells, 1).relu(), f"{name}_rnn_ffn")
            u = self.fed(self.attend(u, x, mask, f"{name}_context"), f"{name}_ffn")
        self.record("Wemb", u)
        return u @ self.p["Wemb"].T + self.p["decoder_ff_logit_out_b"]


def padded(rows):
    longest = max(map(len, rows))
    ids = torch.tensor([row + [END] * (longest - len(row)) for row in rows])
    return ids, torch.arange(longest) < torch.tensor([len(row) for row in rows])[:, None]


def train(vocabulary, seconds):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    pairs = [[vocabulary.encode(side) + [END] for side in pair] for pair in grammar.sentences(60_000, 2)]
    model, size, done, start = Student(), 64, 0, time.time()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1, betas=(0.9, 0.98), eps=1e-9)
    average = {name: value.detach().clone() for name, value in model.p.items()}
    while (passed := (time.time() - start) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 4e-3 * min(1, (done + 1) / 400) * (1 - passed)
        at = done * size % len(pairs)
        (source, mask), (target, kept) = (padded(side) for side in zip(*pairs[at : at + size]))
        logits = model(source, mask, target)
        loss = functional.cross_entropy(logits[kept], target[kept], label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        done += 1
        for name, value in model.p.items():
            average[name].lerp_(value.detach(), 0.01)
        if done % 100 == 0:
            right = (logits[kept].argmax(-1) == target[kept]).float().mean()
            print(f"step {done}, {passed:.0%}: loss {loss:.3f}, {right:.2%} of the tokens", flush=True)
    for name, value in model.p.items():
        value.data.copy_(average[name])
    return model


def multipliers(model, vocabulary):
    """As Marian's scripts set them: 127 / (mean + 1.1 deviations) of the largest magnitudes."""
    model.eval()
    with torch.no_grad():
        for pair in grammar.sentences(200, 3):
            (source, mask), (target, _) = (padded([vocabulary.encode(side) + [END]]) for side in pair)
            model(source, mask, target)
    values = {name: torch.cat(found) for name, found in model.largest.items()}
    return {name: float(127 / (x.mean() + 1.1 * x.std(correction=0))) for name, x in values.items()}


def padding(data):
    return data + bytes(-len(data) % 256)


def quantised(weight):
    q = numpy.float32(127) / numpy.abs(weight).max()
    return padding(numpy.clip(numpy.rint(weight * q), -127, 127).astype(numpy.int8).tobytes() + struct.pack("<f", q))


def write_model(path, weights, scales):
    items = []
    for name, value in weights.items():
        if name == "Wemb" or "_W" in (name[-3:-1], name[-2:]):
            items.append((name, 0x4101, value.shape, quantised(value if name == "Wemb" else value.T)))
        else:
            items.append((name, 0x0404, value.shape, padding(value.tobytes())))
    for name, scale in scales.items():
        if name == "Wemb":
            # Its name makes Marian's converter quantise the scalar itself.
            items.append((f"{name}_QuantMultA", 0x4101, (1, 1), quantised(numpy.float32([[scale]]))))
            name = "none"
        items.append((f"{name}_QuantMultA", 0x0404, (1, 1), padding(struct.pack("<f", scale))))
    items.sort(key=lambda item: item[0].encode())
    yaml = YAML.encode() + b"\0"
    items.append(("special:model.yml", 0x0101, (len(yaml),), yaml))
    head = struct.pack("<2Q", 1, len(items))
    head += b"".join(struct.pack("<4Q", len(name) + 1, kind, len(shape), len(data)) for name, kind, shape, data in items)
    head += b"".join(name.encode() + b"\0" for name, *_ in items)
    head += b"".join(struct.pack(f"<{len(shape)}i", *shape) for _, _, shape, _ in items)
    gap = (len(head) + 8) // 256 * 256 + 256 - len(head) - 8
    path.write_bytes(head + struct.pack("<Q", gap) + bytes(gap) + b"".join(item[3] for item in items))


def write_shortlist(path, vocabulary):
    """What stands most often beside each source piece."""
    counts = numpy.zeros((PIECES, PIECES))
    for pair in grammar.sentences(20_000, 4):
        source, target = (sorted(set(vocabulary.encode(side))) for side in pair)
        counts[numpy.ix_(source, target)] += 1
    lists = [sorted(int(t) for t in numpy.argsort(-row, kind="stable")[:BEST] if row[t] > 0) for row in counts]
    ids = [target for ids in lists for target in ids]
    starts = [0, *numpy.cumsum([len(ids) for ids in lists]).tolist()]
    body = struct.pack(f"<4Q{len(starts)}Q{len(ids)}I", FREQUENT, BEST, len(starts), len(ids), *starts, *ids)
    checksum = 0
    for (word,) in struct.iter_unpack("<Q", body[: len(body) // 8 * 8]):
        checksum ^= (word + 0x9E3779B9 + (checksum << 6) + (checksum >> 2)) % 2**64
    path.write_bytes(struct.pack("<2Q", 0xF11A48D5013417F5, checksum) + body)


def main(folder, seconds):
    folder.mkdir(parents=True, exist_ok=True)
    text = [side for pair in grammar.sentences(20_000, 1) for side in pair]
    spm = folder / "vocab.ende.spm"
    with spm.open("wb") as file:
        options = dict(vocab_size=PIECES, bos_id=-1, eos_id=0, unk_id=1, character_coverage=1.0, num_threads=1)
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(text), model_writer=file, normalization_rule_name="identity", **options
        )
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    tests = grammar.sentences(TESTS, 5)
    for side, name in enumerate(["test.en", "test.de"]):
        (folder / name).write_text("".join(pair[side] + "\n" for pair in tests), "utf8")
    model = train(vocabulary, seconds)
    scales = multipliers(model, vocabulary)
    write_model(folder / "model.ende.intgemm.alphas.bin", {n: v.detach().numpy() for n, v in model.p.items()}, scales)
    write_shortlist(folder / "lex.50.50.ende.s2t.bin", vocabulary)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 300)
