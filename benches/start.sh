#!/usr/bin/env bash
# How long the whole process takes for one note, from start to exit, and as ratios to what does nothing and to a one-line Python program.
# Needs hyperfine and jq. Where it may, it runs before everything else, so that a busy machine changes little. Usage: benches/start.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --bin thinktwice
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
first=()
if chrt --fifo 50 true 2> /dev/null; then first=(chrt --fifo 50); fi
# The interpreter itself, not a script that looks for one.
python=$(python3 -c 'import sys; print(sys.executable)')
sent="Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board."
held="Your smile has been on my mind since the fair. Are you single? Let me take you out for a drink."
"${first[@]}" hyperfine --shell=none --warmup 20 --runs "${1:-300}" --ignore-failure --export-json "$figures" \
    --command-name "true" true \
    --command-name "python3 -c 'print(1)'" "$python -c 'print(1)'" \
    --command-name "thinktwice check, sent" "target/release/thinktwice check --no-policy '$sent'" \
    --command-name "thinktwice check, held" "target/release/thinktwice check --no-policy '$held'" > /dev/null 2>&1
jq --raw-output '
    def two: . * 100 | round / 100;
    .results as [$true, $python]
    | ["median, ms", "of true", "of Python", "process"],
      (.results[] | [(.median * 1000 | two), (.median / $true.median | two), (.median / $python.median | two), .command])
    | @tsv' "$figures"
