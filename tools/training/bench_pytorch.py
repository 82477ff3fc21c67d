#!/usr/bin/env python3
"""Training speed of the LSTM configuration of benches/training.rs in PyTorch, in target tokens per second.

The yardstick of `cargo bench --features train --bench training`: the same dimensions, batch, loss and optimiser, on the CPU,
in float32 (or bfloat16 with --bf16). Run both on the same idle machine and compare the ratio.

    pip install torch && python3 tools/training/bench_pytorch.py
"""

import argparse
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

SENTENCES, LENGTH, VOCABULARY = 128, 20, 12_000
EMBEDDING, HIDDEN, ENCODER_LAYERS, DECODER_LAYERS = 256, 512, 2, 2


class Seq2Seq(nn.Module):
    """The equations of src/model/seq2seq.rs."""

    def __init__(self) -> None:
        super().__init__()
        self.source = nn.Embedding(VOCABULARY, EMBEDDING)
        self.target = nn.Embedding(VOCABULARY, EMBEDDING)
        widths = [EMBEDDING] + [HIDDEN] * (ENCODER_LAYERS - 1)
        self.encoder = nn.ModuleList(
            nn.LSTM(width, HIDDEN // 2, bidirectional=True) for width in widths
        )
        widths = [EMBEDDING] + [2 * HIDDEN] * (DECODER_LAYERS - 1)
        self.decoder = nn.ModuleList(nn.LSTM(width, HIDDEN) for width in widths)
        self.bridge = nn.ModuleList(nn.Linear(HIDDEN, HIDDEN) for _ in widths)
        self.key = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.combine = nn.Linear(2 * HIDDEN, EMBEDDING)
        self.bias = nn.Parameter(torch.zeros(VOCABULARY))
        self.dropout = nn.Dropout(0.1)

    def forward(self, source: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
        """Logits [T, B, V] for token ids [S, B] and [T, B]."""
        x = self.dropout(self.source(source))
        for layer, lstm in enumerate(self.encoder):
            states, _ = lstm(x)
            x = self.dropout(states + x if layer else states)
        states, mean = x, x.mean(0)
        initial = [torch.tanh(bridge(mean)).unsqueeze(0) for bridge in self.bridge]
        s, _ = self.decoder[0](
            self.dropout(self.target(shifted)), (initial[0], torch.zeros_like(initial[0]))
        )
        scores = torch.einsum("tbh,sbh->bts", s, self.key(states)) / HIDDEN**0.5
        context = torch.einsum("bts,sbh->tbh", scores.softmax(-1), states)
        for layer in range(1, DECODER_LAYERS):
            x = self.dropout(torch.cat([s, context], -1))
            above, _ = self.decoder[layer](x, (initial[layer], torch.zeros_like(initial[layer])))
            s = above + s
        joined = self.dropout(torch.cat([s, context], -1))
        outputs = self.dropout(torch.tanh(self.combine(joined)))
        return F.linear(outputs, self.target.weight, self.bias)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    model = Seq2Seq()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.0, fused=True
    )
    source = torch.randint(2, VOCABULARY, (LENGTH, SENTENCES))
    shifted = F.pad(source[:-1], (0, 0, 1, 0))

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            logits = model(source, shifted)
        loss = F.cross_entropy(
            logits.flatten(0, 1).float(), source.flatten(), label_smoothing=0.1
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    step()
    times = []
    for _ in range(arguments.steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    speed = SENTENCES * LENGTH / statistics.median(times)
    parameters = sum(p.numel() for p in model.parameters())
    print(
        f"PyTorch {torch.__version__}, {arguments.threads} threads, "
        f"{'bfloat16' if arguments.bf16 else 'float32'}, {parameters / 1e6:.1f} M parameters: "
        f"{speed:.0f} target tokens/s"
    )


if __name__ == "__main__":
    main()
