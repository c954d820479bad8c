#!/usr/bin/env bash
# Checks the shipped corpus against its plan. Usage: data/audit.sh [--format markdown > data/FIGURES.md]
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run --quiet --release --bin thinktwice-train -- audit \
    --data data/corpus \
    --plan data/plan.toml \
    --briefs data/briefs.jsonl \
    --second data/second-labels.jsonl \
    --evaluation data/evaluation \
    "$@"
