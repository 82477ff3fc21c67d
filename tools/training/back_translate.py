#!/usr/bin/env python3
"""Translates English text of the corpus into Chinese with the model there is, as training text for the other direction.

Reads files with the columns origin, score, English, Chinese, takes the English of what the configuration names, whatever
became of its own Chinese side, and writes CORPUS/back-translated.tsv.zst with the same columns: the origin is
back_translated, the score 0. The same configuration draws the same sentences.

    cargo build --release
    python3 tools/training/back_translate.py tools/training/back-translation.toml CORPUS

Needs Python 3.11 and the program zstd.
"""

import argparse
import random
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

MOST_CHARACTERS = 400


def rows(path: Path) -> Iterator[list[str]]:
    """The columns of each line of a compressed file."""
    with subprocess.Popen(["zstd", "-dc", "--long=27", path], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            yield line.decode().rstrip("\n").split("\t")


def draw(config: dict, corpus: Path) -> list[str]:
    """Distinct English sentences of the configured sources, in random order."""
    fewest, most = config["words"]
    chance = random.Random(config["seed"])
    drawn = []
    for file, limits in ((name, table) for name, table in config.items() if isinstance(table, dict)):
        by_origin = defaultdict(dict)
        for origin, _, english, _ in rows(corpus / file):
            if origin in limits and fewest <= len(english.split()) <= most and len(english) < MOST_CHARACTERS:
                by_origin[origin][english] = None
        for origin, sentences in by_origin.items():
            sentences = list(sentences)
            chance.shuffle(sentences)
            drawn += sentences[: limits[origin]]
    chance.shuffle(drawn)
    return list(dict.fromkeys(drawn))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--program", default="target/release/dragoman", help="the command line of Dragoman")
    parser.add_argument("--sentences", type=int, help="stop after this many")
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text())
    english = draw(config, arguments.corpus)[: arguments.sentences]
    source = arguments.corpus / "back-translated.en"
    source.write_text("".join(f"{sentence}\n" for sentence in english))
    command = [arguments.program, "translate", "--from", "en", "--to", "zh", "--beam", "1"]
    with (
        source.open() as text,
        subprocess.Popen(command, stdin=text, stdout=subprocess.PIPE, text=True) as translate,
        subprocess.Popen(
            ["zstd", "-q", "-f", "-o", arguments.corpus / "back-translated.tsv.zst"],
            stdin=subprocess.PIPE,
            text=True,
        ) as compress,
    ):
        for sentence, chinese in zip(english, translate.stdout, strict=True):
            compress.stdin.write(f"back_translated\t0\t{sentence}\t{chinese}")
    if translate.returncode or compress.returncode:
        raise SystemExit("the translation or its compression failed")
    source.unlink()


if __name__ == "__main__":
    main()
