"""What SentencePiece makes of lines, to compare ours with it.

    python3 tools/marian/pieces.py train FOLDER            small BPE models, with and without pieces for bytes
    python3 tools/marian/pieces.py encode MODEL < lines    ids of each line
"""

import pathlib
import sys

import sentencepiece

import grammar


def train(folder):
    text = [side for pair in grammar.sentences(5_000, 1) for side in pair]
    for name, size, fallback in [("bpe", 400, False), ("bpe-bytes", 656, True)]:
        with (folder / f"{name}.spm").open("wb") as file:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(text), model_writer=file, model_type="bpe", vocab_size=size, byte_fallback=fallback,
                bos_id=-1, eos_id=0, unk_id=1, normalization_rule_name="identity", character_coverage=1.0,
                user_defined_symbols=["<tag>"], num_threads=1, minloglevel=2,
            )


def encode(model):
    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    for line in sys.stdin.buffer.read().decode("utf8").split("\n")[:-1]:
        print(*processor.encode(line))


if __name__ == "__main__":
    train(pathlib.Path(sys.argv[2])) if sys.argv[1] == "train" else encode(sys.argv[2])
