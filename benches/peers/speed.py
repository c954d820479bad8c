"""How fast well-known text classifiers read the same notes on the same machine in one run.

From the root of the repository, with Python 3.11, a C++ compiler and Rust:

    python3 -m venv .venv && .venv/bin/pip install -r benches/peers/requirements-speed.txt
    .venv/bin/python benches/peers/speed.py

Every peer learns `data/corpus/*.jsonl` (text and intent) with fixed settings and reads the same notes again, repeated up to 100,000. The table is printed and written
to `benches/peers/RESULTS.md`.
"""

import os

os.environ |= dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "1")  # read on import

import argparse
import datetime
import importlib.metadata
import json
import multiprocessing
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fasttext
import joblib
import numpy as np
import vowpalwabbit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benches/peers/RESULTS.md"
INTENTS = ["professional", "pushy-job-seeking", "romantic", "strained-history"]
LIBRARIES = ["fasttext-wheel", "numpy", "scikit-learn", "vowpalwabbit"]
FASTTEXT_SOURCE = "fasttext==0.9.3"
# Runs a command and prints its peak memory in KiB. A process that Python starts counts Python's own memory before the command's begins.
PEAK_MEMORY = """
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **command) {
    struct rusage usage;
    pid_t child = fork();
    if (child == 0) {
        freopen("/dev/null", "w", stdout);
        execv(command[1], command + 1);
        _exit(127);
    }
    wait4(child, NULL, 0, &usage);
    printf("%ld\\n", usage.ru_maxrss);
}
"""
SHORTEST, LONGEST = 120, 140  # characters of the one note that a whole process reads
SEED = 1
OWN = "thinktwice"

Call = Callable[[str], object]
Prepare = Callable[[Sequence[str]], Any]
Bulk = Callable[[Any], object]


@dataclass
class Figures:
    """Notes a second, seconds and bytes; every list has one entry a round."""

    bulk_one: list[float] = field(default_factory=list)
    bulk_all: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)
    memory: int = 0
    size: int = 0
    training: float = 0.0


@dataclass(frozen=True)
class Peer:
    """`train` saves a model; `load` gives a function for one note, one that lays out many notes as the library wants them, and one for what that gave; `command` runs
    a whole process for one note."""

    train: Callable[[list[str], list[str], Path], None]
    load: Callable[[Path], tuple[Call, Prepare, Bulk]]
    command: Callable[[Path, str], list[str | Path]]


# The peers


def one_line(text: str) -> str:
    return " ".join(text.lower().split())


def fast_text(**settings: int) -> Peer:
    def train(texts: list[str], intents: list[str], model: Path) -> None:
        data = model.with_suffix(".txt")
        lines = [f"__label__{intent} {one_line(text)}\n" for text, intent in zip(texts, intents, strict=True)]
        data.write_text("".join(lines), encoding="utf-8")
        trained = fasttext.train_supervised(str(data), epoch=25, lr=0.5, wordNgrams=2, thread=1, seed=SEED, verbose=0, **settings)
        trained.save_model(str(model))

    def load(model: Path) -> tuple[Call, Prepare, Bulk]:
        loaded = fasttext.load_model(str(model)).f  # the wrapper's `predict` fails with numpy 2; the C++ object's does not
        call = lambda text: loaded.predict(one_line(text) + "\n", 1, 0.0, "strict")
        prepare = lambda texts: [one_line(text) + "\n" for text in texts]
        return call, prepare, lambda lines: loaded.multilinePredict(lines, 1, 0.0, "strict")

    def command(model: Path, text: str) -> list[str | Path]:
        note = model.with_suffix(".note")
        note.write_text(one_line(text) + "\n", encoding="utf-8")
        return [fasttext_binary(), "predict-prob", model, note]

    return Peer(train, load, command)


def fasttext_binary() -> Path:
    """fastText's own command line, built once from its source distribution: the Python package comes without it."""
    folder = Path(sys.prefix, "fasttext-source")
    binary = folder / "fasttext"
    if not binary.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation", "--no-binary", ":all:"]
        subprocess.run([*pip, FASTTEXT_SOURCE, "--dest", folder], check=True)
        subprocess.run(["tar", "--extract", "--strip-components=1", "--file", next(folder.glob("*.tar.gz")), "--directory", folder], check=True)
        sources = sorted((folder / "src").glob("*.cc"))
        subprocess.run(["c++", "-O3", "-std=c++17", "-pthread", *sources, "-o", binary], check=True)
    return binary


def vw_line(text: str) -> str:
    return "| " + one_line(text).replace(":", " ").replace("|", " ")


def vw_train(texts: list[str], intents: list[str], model: Path) -> None:
    data = model.with_suffix(".txt")
    lines = [f"{INTENTS.index(intent) + 1} {vw_line(text)}\n" for text, intent in zip(texts, intents, strict=True)]
    data.write_text("".join(lines), encoding="utf-8")
    settings = f"--oaa {len(INTENTS)} --loss_function logistic --ngram 2 --bit_precision 20 --passes 10 --kill_cache --random_seed {SEED} --quiet"
    learner = vowpalwabbit.Workspace(f"{settings} --data {data} --cache_file {model.with_suffix('.cache')} --final_regressor {model}")
    learner.run_parser()
    learner.finish()


def vw_load(model: Path) -> tuple[Call, Prepare, Bulk]:
    loaded = vowpalwabbit.Workspace(f"--initial_regressor {model} --testonly --quiet")

    def prepare(texts: Sequence[str]) -> Path:
        data = model.with_suffix(f".{os.getpid()}.notes")
        data.write_text("".join(vw_line(text) + "\n" for text in texts), encoding="utf-8")
        return data

    def bulk(data: Path) -> None:
        reader = vowpalwabbit.Workspace(f"--initial_regressor {model} --testonly --quiet --data {data} --predictions {data}.answers")
        reader.run_parser()
        reader.finish()

    return lambda text: loaded.predict(vw_line(text)), prepare, bulk


VW_ONCE = """
import sys, vowpalwabbit
print(vowpalwabbit.Workspace(f"--initial_regressor {sys.argv[1]} --testonly --quiet").predict(sys.argv[2]))
"""


def scikit_learn(*vectorizers: tuple[str, TfidfVectorizer]) -> Peer:
    def train(texts: list[str], intents: list[str], model: Path) -> None:
        regression = LogisticRegression(C=10, max_iter=1000)
        joblib.dump(Pipeline([("features", FeatureUnion(list(vectorizers))), ("regression", regression)]).fit(texts, intents), model)

    def load(model: Path) -> tuple[Call, Prepare, Bulk]:
        loaded = joblib.load(model)
        return lambda text: loaded.predict([text]), list, loaded.predict

    once = "import sys, joblib; print(joblib.load(sys.argv[1]).predict([sys.argv[2]]))"
    return Peer(train, load, lambda model, text: [sys.executable, "-c", once, model, text])


def words() -> tuple[str, TfidfVectorizer]:
    return "words", TfidfVectorizer(ngram_range=(1, 3), min_df=2, sublinear_tf=True)


def characters() -> tuple[str, TfidfVectorizer]:
    return "characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2, sublinear_tf=True)


# fastText's default is 100 dimensions and 2,000,000 buckets, of which this corpus fills few.
FAST_TEXT = "fastText, words 1-2"
FAST_TEXT_CHARACTERS = f"{FAST_TEXT}, characters 3-5"
PEERS = {
    FAST_TEXT: fast_text(dim=100, bucket=200_000),
    FAST_TEXT_CHARACTERS: fast_text(dim=100, bucket=200_000, minn=3, maxn=5),
    f"{FAST_TEXT_CHARACTERS}, 16 dimensions": fast_text(dim=16, bucket=200_000, minn=3, maxn=5),
    f"{FAST_TEXT_CHARACTERS}, 2,000,000 buckets": fast_text(dim=100, bucket=2_000_000, minn=3, maxn=5),
    "Vowpal Wabbit, words 1-2": Peer(vw_train, vw_load, lambda model, text: [sys.executable, "-c", VW_ONCE, model, vw_line(text)]),
    "scikit-learn, words 1-3": scikit_learn(words()),
    "scikit-learn, words 1-3, characters 3-5": scikit_learn(words(), characters()),
}


# Measuring


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def percentiles(call: Call, texts: Sequence[str]) -> tuple[float, float]:
    times = np.array([seconds(lambda: call(text)) for text in texts])  # noqa: B023
    return float(np.percentile(times, 50)), float(np.percentile(times, 99))


def share(name: str, model: Path, texts: Sequence[str], together: Any, times: Any) -> None:
    """One of several processes: loads the model, waits for the others, and says when it began and ended."""
    _, prepare, bulk = PEERS[name].load(model)
    prepared = prepare(texts)
    together.wait()
    start = time.monotonic()
    bulk(prepared)
    times.put((start, time.monotonic()))


def on_all_cores(name: str, model: Path, texts: Sequence[str]) -> float:
    count = len(os.sched_getaffinity(0))
    context = multiprocessing.get_context("fork")
    together, times = context.Barrier(count), context.Queue()
    parts = [texts[part::count] for part in range(count)]
    processes = [context.Process(target=share, args=(name, model, part, together, times)) for part in parts]
    for process in processes:
        process.start()
    spans = [times.get() for _ in processes]
    for process in processes:
        process.join()
    return max(end for _, end in spans) - min(start for start, _ in spans)


def process(command: Sequence[str | Path]) -> float:
    """How long a process takes."""
    start = time.perf_counter()
    code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    elapsed = time.perf_counter() - start
    if code not in (0, 1):  # 1 is thinktwice's answer that something is to be said
        raise RuntimeError(f"{command[0]} failed")
    return elapsed


def peak_memory(commands: dict[str, list[str | Path]], folder: Path) -> dict[str, int]:
    """The peak memory of each command, in bytes."""
    program = folder / "peak-memory"
    subprocess.run(["cc", "-O2", "-x", "c", "-", "-o", program], input=PEAK_MEMORY, text=True, check=True)
    found = {name: subprocess.run([program, *command], check=True, capture_output=True, text=True) for name, command in commands.items()}
    return {name: int(run.stdout) * 1024 for name, run in found.items()}


def measure_peer(name: str, model: Path, texts: Sequence[str], calls: Sequence[str], figures: Figures) -> None:
    call, prepare, bulk = PEERS[name].load(model)
    call(calls[0])
    prepared = prepare(texts)
    figures.bulk_one.append(len(texts) / seconds(lambda: bulk(prepared)))
    figures.bulk_all.append(len(texts) / on_all_cores(name, model, texts))
    p50, p99 = percentiles(call, calls)
    figures.p50.append(p50)
    figures.p99.append(p99)


def measure_own(notes: Path, count: int, figures: Figures) -> None:
    found = json.loads(subprocess.run([ROOT / "target/release/examples/thinktwice_speed", notes, str(count)], check=True, capture_output=True).stdout)
    for key in ("bulk_one", "bulk_all", "p50", "p99"):
        getattr(figures, key).append(found[key])


def measure(notes: list[dict[str, Any]], count: int, rounds: int, folder: Path) -> dict[str, Figures]:
    texts, intents = [note["text"] for note in notes], [note["intent"] for note in notes]
    many = (texts * (count // len(texts) + 1))[:count]
    calls = texts[:: max(1, len(texts) // 2000)]
    note = next(text for text in texts if SHORTEST <= len(text) <= LONGEST and text.isascii())
    file = folder / "notes.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    all_figures = {name: Figures() for name in [*PEERS, OWN]}
    models = {name: folder / f"{index}.model" for index, name in enumerate(PEERS)}
    commands: dict[str, list[str | Path]] = {}
    for name, peer in PEERS.items():
        all_figures[name].training = seconds(lambda: peer.train(texts, intents, models[name]))  # noqa: B023
        all_figures[name].size = models[name].stat().st_size
        commands[name] = peer.command(models[name], note)
        print(f"{name}: trained in {all_figures[name].training:.0f} s", file=sys.stderr, flush=True)
    own = all_figures[OWN]
    own.training = seconds(lambda: subprocess.run([ROOT / "models/train.sh", folder / "own.model", folder / "card.md"], check=True, stdout=subprocess.DEVNULL))
    own.size = (ROOT / "models/default.safetensors").stat().st_size
    commands[OWN] = [ROOT / "target/release/thinktwice", "check", note]
    for name, memory in peak_memory(commands, folder).items():
        all_figures[name].memory = memory
    for number in range(rounds):
        for name in PEERS:
            measure_peer(name, models[name], many, calls, all_figures[name])
        measure_own(file, count, own)
        for _ in range(10):
            for name, command in commands.items():
                all_figures[name].process.append(process(command))
        print(f"round {number + 1} of {rounds} done", file=sys.stderr, flush=True)
    return all_figures


# Figures


def ratio(times: float) -> str:
    """How many times as fast thinktwice is."""
    return f"({times:.2g} ×)" if times < 10 else f"({times:,.0f} ×)"


def table(all_figures: dict[str, Figures]) -> str:
    own = all_figures[OWN]
    median = statistics.median
    head = ["", "notes/s, one core", "notes/s, all cores", "one call, p50", "one call, p99", "process, one note", "its peak memory", "model", "training"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, figures in all_figures.items():
        cells = [name]
        for key in ("bulk_one", "bulk_all"):
            found, mine = median(getattr(figures, key)), median(getattr(own, key))
            cells.append(f"{found:,.0f}" + ("" if name == OWN else f" {ratio(mine / found)}"))
        for key, unit, name_of_unit in (("p50", 1e-6, "µs"), ("p99", 1e-6, "µs"), ("process", 1e-3, "ms")):
            found, mine = median(getattr(figures, key)), median(getattr(own, key))
            cells.append(f"{found / unit:,.1f} {name_of_unit}" + ("" if name == OWN else f" {ratio(found / mine)}"))
        cells += [f"{figures.memory / 2**20:,.1f} MiB", f"{figures.size / 2**20:,.1f} MiB", f"{figures.training:,.0f} s"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def cpu() -> str:
    models = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{models[0]}, {len(os.sched_getaffinity(0))} cores" if models else platform.processor()


def report(count: int, rounds: int) -> str:
    files = sorted((ROOT / "data/corpus").glob("*.jsonl"))
    notes = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").split("\n") if line]
    build = ["cargo", "build", "--quiet", "--release", "--bins", "--example", "thinktwice_speed"]
    subprocess.run(build, cwd=ROOT, check=True)  # so that no figure counts it
    fasttext_binary()
    with tempfile.TemporaryDirectory() as folder:
        found = table(measure(notes, count, rounds, Path(folder)))
    lengths = [len(note["text"].encode()) for note in notes]
    libraries = ", ".join(f"{library} {importlib.metadata.version(library)}" for library in LIBRARIES)
    rust = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    return f"""# Speed beside well-known classifiers

What `benches/peers/speed.py` found; its README says how to read it. In brackets: how many times as fast thinktwice is.

{found}

{len(notes):,} notes of the corpus, {statistics.median(lengths):.0f} bytes in the median, repeated up to {count:,}; medians of {rounds} rounds, in each of which every row was measured
in turn. {cpu()}. {datetime.date.today()}, commit {commit}; Rust {rust}, Python {platform.python_version()}; {libraries}, {FASTTEXT_SOURCE.replace("==", " ")} (command line).
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the speed of thinktwice with that of well-known text classifiers.")
    parser.add_argument("--notes", type=int, default=100_000, metavar="COUNT", help="how many notes are read in bulk [default: 100,000]")
    parser.add_argument("--rounds", type=int, default=3, metavar="COUNT", help="how often everything is measured [default: 3]")
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE", help="where the table is written as well")
    arguments = parser.parse_args()
    text = report(arguments.notes, arguments.rounds)
    print(text, end="")
    arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
