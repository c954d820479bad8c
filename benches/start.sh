#!/usr/bin/env bash
# How long the whole process takes for one note, from start to exit, as ratios to what starts and ends at once and to a one-line Python program.
# Needs hyperfine and jq, and a machine that does little else. Usage: benches/start.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --bin thinktwice
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
note="Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board."
held="Your smile has been on my mind since the fair. Are you single? Let me take you out for a drink."
hyperfine --shell=none --style=none --warmup 20 --runs "${1:-300}" --ignore-failure --export-json "$figures" \
    --command-name "true" true \
    --command-name "python3 -c 'print(1)'" "python3 -c 'print(1)'" \
    --command-name "thinktwice check, sent" "target/release/thinktwice check --no-policy '$note'" \
    --command-name "thinktwice check, held" "target/release/thinktwice check --no-policy '$held'" > /dev/null 2>&1
jq --raw-output '
    .results as [$true, $python] | ["median", "of true", "of python3", "process"],
    (.results[] | [.median * 1000, .median / $true.median, .median / $python.median] as $figures
        | ($figures | map(. * 100 | round / 100 | tostring)) + [.command]) | @tsv' "$figures"
