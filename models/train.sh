#!/usr/bin/env bash
# Trains the shipped model from the shipped corpus: the same corpus gives the same bytes.
# Usage: models/train.sh [OUTPUT]
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run --release --bin thinktwice-train -- fit \
    --data data/corpus \
    --vectors data/vectors/words.safetensors \
    --out-of-scope data/out-of-scope.jsonl \
    --output "${1:-models/default.safetensors}"
