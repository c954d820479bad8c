#!/usr/bin/env bash
# What the scoring library adds to a program, its model included: the same program with and without it, release, optimised over all crates, stripped.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Builds the program NAME with the dependencies and the source given, and prints its size in bytes.
size_of() {
    mkdir -p "$folder/$1/src"
    printf '[package]\nname = "%s"\nedition = "2024"\n[dependencies]\n%s\n[profile.release]\nlto = true\ncodegen-units = 1\npanic = "abort"\nstrip = true\n[workspace]\n' \
        "$1" "$2" > "$folder/$1/Cargo.toml"
    printf '%s\n' "$3" > "$folder/$1/src/main.rs"
    CARGO_TARGET_DIR="$folder/target" cargo build --quiet --release --manifest-path "$folder/$1/Cargo.toml"
    stat -c %s "$folder/target/release/$1"
}

without=$(size_of without "" 'fn main() { println!("{:?}", std::env::args().nth(1)) }')
with=$(size_of with "thinktwice = { path = \"$root\", default-features = false }" \
    'fn main() { println!("{:?}", std::env::args().nth(1).map(|note| thinktwice::Classifier::shipped().assess(&note).verdict)) }')
echo "without $without, with $with, added $((with - without)) bytes, of which the model $(stat -c %s "$root/models/default.safetensors")"
