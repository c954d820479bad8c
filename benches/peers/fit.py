"""How long one fit takes beside scikit-learn's on the same matrix.

From the root of the repository, with Python 3.11 and Rust:

    python3 -m venv .venv && .venv/bin/pip install -r benches/peers/requirements-speed.txt && .venv/bin/python benches/peers/fit.py

The features of the shipped corpus as this project counts them, all that two notes or more have; the same penalty; multinomial logistic regression by L-BFGS on both
sides. What counts is how far the same objective has fallen, and how long that took.
"""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.sparse
import sklearn
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[2]
# As far as scikit-learn goes by itself, and no further than it has to for an objective like that of the other side.
TOLERANCES = [1e-4, 1e-3, 1e-2]


def objective(matrix: scipy.sparse.csr_matrix, intents: np.ndarray, weights: np.ndarray, intercepts: np.ndarray, alpha: float) -> float:
    logits = (matrix @ weights + intercepts).astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    loss = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(intents)), intents]
    return float(loss.sum() + alpha / 2 * np.square(weights, dtype=np.float64).sum())


def main() -> None:
    subprocess.run(["cargo", "build", "--release", "--quiet", "--example", "thinktwice_matrix"], cwd=ROOT, check=True)
    program = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/examples/thinktwice_matrix"
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for threads in ["1", "all"]:
            environment = os.environ | ({"RAYON_NUM_THREADS": "1"} if threads == "1" else {})
            own = json.loads(subprocess.run([program, folder], check=True, capture_output=True, text=True, env=environment).stdout)
            read = lambda what, kind: np.fromfile(folder / what, dtype=kind)
            starts, columns, values = read("starts", "<u8"), read("columns", "<u4"), read("values", "<f4")
            matrix = scipy.sparse.csr_matrix((values, columns.astype(np.int32), starts.astype(np.int32)), shape=(own["notes"], own["features"]))
            intents = read("intents", "<u4").astype(np.int64)
            weights = read("weights", "<f4").reshape(-1, own["labels"])
            reached = objective(matrix, intents, weights[:-1], weights[-1], own["alpha"])
            rows.append((f"thinktwice, {threads} {'thread' if threads == '1' else 'threads'}", own["seconds"], own["iterations"], reached))
    for tolerance in TOLERANCES:
        model = LogisticRegression(C=1 / own["alpha"], tol=tolerance, max_iter=1000)
        start = time.perf_counter()
        model.fit(matrix, intents)
        seconds = time.perf_counter() - start
        reached = objective(matrix, intents, model.coef_.T, model.intercept_, own["alpha"])
        rows.append((f"scikit-learn {sklearn.__version__}, tol {tolerance:g}", seconds, int(model.n_iter_[0]), reached))
    best = min(row[3] for row in rows)
    print(f"{own['notes']} notes, {own['features']} features, {own['values']} values, {own['labels']} labels, C = {1 / own['alpha']:g}\n")
    print("| | seconds | iterations | objective, above the lowest |\n|---|---|---|---|")
    for what, seconds, iterations, reached in rows:
        print(f"| {what} | {seconds:.1f} | {iterations} | {(reached / best - 1) * 100:.3f} % |")


if __name__ == "__main__":
    main()
