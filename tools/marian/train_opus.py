"""Trains a small network in the layout of OPUS-MT in `transformers`, for tests.

    python3 tools/marian/train_opus.py FOLDER [SECONDS]

Needs torch, sentencepiece and transformers. The folder gets what such a model consists of, `config.json`, `model.safetensors` (16
bits), `vocab.json`, `source.spm`, `target.spm`; sentences that were not trained on, with what is right, `test.en` and `test.de`;
and what transformers makes of them: `test.transformers.de` by greedy search, and the logits of the first of them, `logits.json`.

Positions are those of Marian, with which the published models were trained, not those that transformers computes.
"""

import json
import math
import pathlib
import sys
import time

import sentencepiece
import torch
from torch.nn import functional
from transformers import MarianConfig, MarianMTModel

import grammar

PIECES, TESTS, SHOWN = 160, 100, 3
END, UNKNOWN = 0, 1


def train_pieces(text, path):
    with path.open("wb") as file:
        options = dict(vocab_size=PIECES, normalization_rule_name="identity", character_coverage=1.0, num_threads=1)
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(text), model_writer=file, **options)
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def marian_positions(model):
    for side in (model.model.encoder, model.model.decoder):
        table = side.embed_positions.weight
        places, width = table.shape
        rates = torch.exp(-torch.arange(width // 2) * math.log(10_000) / (width // 2 - 1))
        angles = torch.arange(places)[:, None] * rates
        table.data = torch.cat([angles.sin(), angles.cos()], 1)
        table.requires_grad = False


def padded(rows, value):
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])


def train(model, pairs, pad, seconds):
    size, done, start = 64, 0, time.time()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=1, betas=(0.9, 0.98), eps=1e-9)
    while (passed := (time.time() - start) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * min(1, (done + 1) / 400) * (1 - passed)
        at = done * size % len(pairs)
        source, target = (padded(side, pad) for side in zip(*pairs[at : at + size]))
        before = functional.pad(target[:, :-1], (1, 0), value=pad)
        logits = model(input_ids=source, attention_mask=source != pad, decoder_input_ids=before).logits
        kept = target != pad
        loss = functional.cross_entropy(logits[kept], target[kept], label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        # The padding token stands for nothing.
        model.model.shared.weight.data[pad] = 0
        done += 1
        if done % 100 == 0:
            right = (logits[kept].argmax(-1) == target[kept]).float().mean()
            print(f"step {done}, {passed:.0%}: loss {loss:.3f}, {right:.2%} of the tokens", flush=True)


def greedy(model, source, pad):
    """Tokens, and the logits of each step."""
    tokens, logits = [], []
    while len(tokens) < 2 * len(source):
        before = torch.tensor([[pad, *tokens]])
        step = model(input_ids=torch.tensor([source]), decoder_input_ids=before).logits[0, -1, :pad]
        logits.append(step)
        step = step.clone()
        step[UNKNOWN] = -math.inf
        best = int(step.argmax())
        if best == END:
            break
        tokens.append(best)
    return tokens, logits


def main(folder, seconds):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    text = [list(side) for side in zip(*grammar.sentences(20_000, 1))]
    source, target = (train_pieces(side, folder / f"{name}.spm") for side, name in zip(text, ("source", "target")))
    names = {model.id_to_piece(id) for model in (source, target) for id in range(3, len(model))}
    ids = {name: id for id, name in enumerate(["</s>", "<unk>", *sorted(names), "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False, indent=0), "utf8")
    pad = ids["<pad>"]
    encode = lambda model, line: [ids.get(piece, UNKNOWN) for piece in model.encode(line, out_type=str)] + [END]

    config = MarianConfig(
        vocab_size=pad + 1, d_model=64, encoder_layers=2, decoder_layers=1, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=128, decoder_ffn_dim=128, activation_function="swish", dropout=0.0,
        max_position_embeddings=128, max_length=128, scale_embedding=True, pad_token_id=pad, eos_token_id=END,
        decoder_start_token_id=pad, forced_eos_token_id=END, static_position_embeddings=True, num_beams=2,
        bad_words_ids=[[pad]],
    )
    model = MarianMTModel(config)
    model.model.shared.weight.data.normal_(std=64**-0.5)
    marian_positions(model)
    model.train()
    pairs = [[encode(source, english), encode(target, german)] for english, german in grammar.sentences(60_000, 2)]
    train(model, pairs, pad, seconds)
    model.half().save_pretrained(folder)

    model = MarianMTModel.from_pretrained(folder, dtype=torch.float32).eval()
    tests = grammar.sentences(TESTS, 5)
    found, own = [], []
    with torch.no_grad():
        own = [greedy(model, encode(source, english), pad)[0] for english, _ in tests]
        marian_positions(model)
        found = [greedy(model, encode(source, english), pad) for english, _ in tests]
    pieces = list(ids)
    spell = lambda tokens: "".join(pieces[token] for token in tokens).replace("\u2581", " ").strip()
    for name, lines in [
        ("test.en", (pair[0] for pair in tests)),
        ("test.de", (pair[1] for pair in tests)),
        ("test.transformers.de", (spell(tokens) for tokens, _ in found)),
    ]:
        (folder / name).write_text("".join(line + "\n" for line in lines), "utf8")
    shown = [
        {"source": encode(source, english), "target": tokens, "logits": [[round(float(x), 3) for x in step] for step in logits]}
        for (english, _), (tokens, logits) in zip(tests[:SHOWN], found)
    ]
    (folder / "logits.json").write_text(json.dumps(shown, separators=(",", ":")), "utf8")
    right = sum(spell(tokens) == german for (tokens, _), (_, german) in zip(found, tests))
    other = sum(tokens != theirs for (tokens, _), theirs in zip(found, own))
    print(f"{right} of {TESTS} right; {other} differ with the positions of transformers")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 300)
