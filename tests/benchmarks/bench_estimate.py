"""Estimate 4,000,000 usage rows by the command, beside bare numpy that parses and computes the same file.

    python -m tests.benchmarks.bench_estimate [--rows N]

Both are whole processes, so the command's start, its checks and its output count. Memory is the most that the process
had resident, at a quarter of the rows and at all of them.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "var" / "bench"
INSTANCES = 5000
REGIONS = ("eu-central-1", "us-east-1", "eu-west-1", "eu-north-1", "ap-southeast-1", "us-west-2")
TYPES = [
    f"{family}.{size}"
    for family in ("m5", "c5", "r5", "m6g", "t3")
    for size in ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge")
]
FIRST_HOUR = np.datetime64("2026-02-01T00")
ROUNDS = 3
WANTED_RATIO, WANTED_MEMORY = 0.4, 1.1


def main(rows: int) -> bool:
    """Print times, memory and their ratios; whether both are as wanted."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    power, intensity = write_factors(hours=-(-rows // INSTANCES))
    usage, quarter = write_usage(rows), write_usage(rows // 4)
    ours, theirs = [], []
    for _ in range(ROUNDS):  # by turns, so that both meet the same moods of the machine
        ours.append(run("manage.py", "estimate", usage, "--power", power, "--intensity", intensity))
        theirs.append(run("-m", "tests.benchmarks.bare_estimate", usage, power, intensity))
    small = [run("manage.py", "estimate", quarter, "--power", power, "--intensity", intensity) for _ in range(ROUNDS)]
    our_seconds, their_seconds = (statistics.median(seconds for seconds, _ in runs) for runs in (ours, theirs))
    memory, small_memory = (statistics.median(mebibytes for _, mebibytes in runs) for runs in (ours, small))
    ratio = their_seconds / our_seconds
    print(
        f"estimate {rows:,} rows ({usage.stat().st_size / 1e6:,.0f} MB): {our_seconds:.2f} s, start and output included"
    )
    print(f"  reference, bare numpy parse and compute: {their_seconds:.2f} s")
    print(f"  ratio of speeds: {ratio:.2f} (wanted: at least {WANTED_RATIO})")
    print(f"  memory at {rows // 4:,} rows {small_memory:.0f} MiB, at {rows:,} rows {memory:.0f} MiB")
    print(f"  ratio: {memory / small_memory:.2f} (wanted: between {1 / WANTED_MEMORY:.2f} and {WANTED_MEMORY})")
    return ratio >= WANTED_RATIO and 1 / WANTED_MEMORY <= memory / small_memory <= WANTED_MEMORY


def run(*arguments: object) -> tuple[float, float]:
    """Seconds and MiB of a Python process with these arguments, run in the project's folder."""
    output = FOLDER / "estimate-output.csv"
    with output.open("wb") as out:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | {"SANDBOX": "1"},
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments[:2]} ended with {process.returncode}.")
    return seconds, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def write_usage(rows: int) -> Path:
    """A fleet that runs always, hour after hour; the same bytes each time, and made once."""
    path = FOLDER / f"usage-{rows}.csv"
    if path.exists():
        return path
    chance = np.random.default_rng(7)
    names = [
        f"i-{number:017x},{TYPES[type_row]},{REGIONS[region]}"
        for number, type_row, region in zip(
            chance.integers(0, 2**62, INSTANCES).tolist(),
            chance.integers(0, len(TYPES), INSTANCES).tolist(),
            chance.integers(0, len(REGIONS), INSTANCES).tolist(),
            strict=True,
        )
    ]
    part = path.with_suffix(".part")
    with part.open("w") as file:
        file.write("instance_id,instance_type,region,hour_iso,cpu_percent\n")
        for first in range(0, rows, INSTANCES):
            hour = FIRST_HOUR + first // INSTANCES
            cpu, digits = chance.random(INSTANCES) * 100, chance.integers(1, 3, INSTANCES)
            some = zip(names[: rows - first], cpu.tolist(), digits.tolist(), strict=False)
            file.writelines(f"{name},{hour}:00:00Z,{percent:.{places}f}\n" for name, percent, places in some)
    part.replace(path)
    return path


def write_factors(hours: int) -> tuple[Path, Path]:
    """A curve for each type, and an intensity for each region and hour."""
    chance = np.random.default_rng(8)
    power, intensity = FOLDER / "power.csv", FOLDER / "intensity.csv"
    full_watts = chance.uniform(8, 200, len(TYPES))
    power.write_text(
        "instance_type,load_percent,watts\n"
        + "".join(
            f"{name},{load},{watts * share:.3f}\n"
            for name, watts in zip(TYPES, full_watts, strict=True)
            for load, share in ((0, 0.18), (10, 0.36), (50, 0.74), (100, 1.0))
        )
    )
    intensity.write_text(
        "region,datetime_utc,g_per_kwh\n"
        + "".join(
            f"{region},{FIRST_HOUR + hour}:00:00Z,{value:.1f}\n"
            for region in REGIONS
            for hour, value in enumerate(chance.uniform(20, 600, hours).tolist())
        )
    )
    return power, intensity


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000_000)
    sys.exit(not main(parser.parse_args().rows))
