#!/usr/bin/env bash
# Trains the shipped model from the shipped corpus, and writes its card: the same corpus gives the same bytes.
# Without data/vectors: with so many notes, more n-grams in their bytes serve better (models/EXPERIMENTS.md).
# Usage: models/train.sh [MODEL CARD]
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run --release --bin thinktwice-train -- fit \
    --data data/corpus \
    --out-of-scope data/out-of-scope.jsonl \
    --evaluation data/evaluation/notes.jsonl \
    --suite data/evaluation/behaviour.jsonl \
    --output "${1:-models/default.safetensors}" \
    --card "${2:-models/README.md}"
