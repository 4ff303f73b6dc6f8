"""`make bench`: every benchmark, each printing its figure beside a reference of the same run."""

import subprocess
import sys

BENCHMARKS = (
    "bench_ledger", "bench_estimate", "bench_refresh", "bench_carbon_aware", "bench_pages", "bench_explorer",
)  # fmt: skip


def main(wanted: list[str]) -> int:
    """Run the benchmarks named, or all; each in a process of its own."""
    codes = []
    for name in wanted or BENCHMARKS:
        print(f"===== {name.removeprefix('bench_')} =====", flush=True)
        module = f"tests.benchmarks.{name if name.startswith('bench_') else f'bench_{name}'}"
        codes.append(subprocess.run([sys.executable, "-m", module], check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
