"""Dragoman's weights files (src/format/container.rs) as numpy arrays."""

import json
import struct
from pathlib import Path

import numba
import numpy as np

TYPES = {"F32": np.float32, "I8": np.int8, "U8": np.uint8, "U32": np.uint32}


def read_weights(path: Path) -> tuple[dict, dict]:
    """The metadata and the tensors by name."""
    data = np.fromfile(path, np.uint8)
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + length].tobytes())
    metadata = header.pop("__metadata__")
    body = data[8 + length :]
    tensors = {
        name: body[slice(*entry["data_offsets"])].view(TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }
    return metadata, tensors


def write_weights(path: Path, metadata: dict, tensors: dict) -> None:
    """Writes a file that the translator reads, with a fresh checksum."""
    names = {np.dtype(kind): name for name, kind in TYPES.items()}
    # Wide elements first, so that all of them lie aligned.
    order = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    header, at = {}, 0
    for name in order:
        tensor = tensors[name]
        header[name] = {
            "dtype": names[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + tensor.nbytes],
        }
        at += tensor.nbytes
    header["__metadata__"] = {**metadata, "checksum": checksum(metadata["config"], tensors)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(np.ascontiguousarray(tensors[name]).tobytes())


def checksum(config: str, tensors: dict) -> str:
    """FNV-1a over the configuration, then name and data of each tensor in the order of their names."""
    state = 0xCBF2_9CE4_8422_2325
    parts = [config.encode()]
    for name in sorted(tensors):
        parts += [name.encode(), np.ascontiguousarray(tensors[name]).tobytes()]
    for part in parts:
        # Compiled functions return a plain integer, whose type would depend on its value.
        state = fnv(np.uint64(state), np.frombuffer(part, np.uint8))
    return f"fnv1a64:{int(state):016x}"


@numba.njit
def fnv(state, data):
    for byte in data:
        state = (state ^ np.uint64(byte)) * np.uint64(0x0100_0000_01B3)
    return state
