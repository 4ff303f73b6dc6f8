"""The reference of bench_estimate: bare numpy that parses the usage file and computes, and nothing else.

    python -m tests.benchmarks.bare_estimate USAGE.csv POWER.csv INTENSITY.csv

It knows the one form its file has, checks nothing, and sums by day instead of by instance and day. Chunks of 16 MiB.
"""

import sys

import numpy as np

CHUNK = 16 << 20
COLUMNS = 5
PUE = 1.15
KEEP = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
MIX = np.uint64(0x9E3779B97F4A7C15)


def main(usage, power, intensity):
    """Print the sums of energy and emissions."""
    types, loads, watts_at = read_power(power)
    regions, first_hour, gco2e_per_kwh = read_intensity(intensity)
    days = gco2e_per_kwh.shape[1] // 24 + 1
    energy_kwh, emissions = np.zeros(days), np.zeros(days)
    with open(usage, "rb") as file:  # noqa: PTH123
        file.readline()
        rest = b""
        while data := file.read(CHUNK):
            data = rest + data
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            chars = np.zeros(cut + 32, np.uint8)
            chars[:cut] = np.frombuffer(data, np.uint8, cut)
            words = np.ndarray((cut + 24,), "<u8", chars, strides=(1,))
            ends = np.flatnonzero((chars == ord(",")) | (chars == ord("\n"))).reshape(-1, COLUMNS)
            type_row = found(types, keys(words, ends[:, 0] + 1, ends[:, 1] - ends[:, 0] - 1))
            region_row = found(regions, keys(words, ends[:, 1] + 1, ends[:, 2] - ends[:, 1] - 1))
            hour = hours(chars, ends[:, 2] + 1) - first_hour
            cpu = numbers(chars, ends[:, 3] + 1, ends[:, 4])
            left = np.clip(np.searchsorted(loads, cpu, side="right") - 1, 0, len(loads) - 2)
            low = watts_at[type_row, left]
            slope = (watts_at[type_row, left + 1] - low) / (loads[left + 1] - loads[left])
            kwh = (low + (cpu - loads[left]) * slope) / 1000 * PUE
            energy_kwh += np.bincount(hour // 24, kwh, days)
            emissions += np.bincount(hour // 24, kwh * gco2e_per_kwh[region_row, hour], days)
    print(f"{energy_kwh.sum():.6f} {emissions.sum():.6f}")


def read_power(path):
    curves = {}
    with open(path) as file:  # noqa: PTH123
        for line in file.read().split()[1:]:
            name, load, watts = line.split(",")
            curves.setdefault(name, []).append((float(load), float(watts)))
    loads = np.array([load for load, _ in next(iter(curves.values()))])
    return index(curves), loads, np.array([[watts for _, watts in curve] for curve in curves.values()])


def read_intensity(path):
    with open(path) as file:  # noqa: PTH123
        rows = [line.split(",") for line in file.read().split()[1:]]
    names = list(dict.fromkeys(name for name, _, _ in rows))
    at = np.array([time[:13] for _, time, _ in rows], "datetime64[h]").astype(np.int64)
    table = np.full((len(names), at.max() - at.min() + 1), np.nan)
    table[[names.index(name) for name, _, _ in rows], at - at.min()] = [float(value) for *_, value in rows]
    return index(names), at.min(), table


def index(names):
    """Sorted keys, and the row of each."""
    raw = np.frombuffer(b"".join(name.encode().ljust(32, b"\0") for name in names), np.uint8)
    words = np.ndarray((len(raw) - 7,), "<u8", raw, strides=(1,))
    key = keys(words, np.arange(len(names)) * 32, np.array([len(name) for name in names]))
    order = np.argsort(key)
    return key[order], order


def found(known, key):
    return known[1][np.searchsorted(known[0], key)]


def keys(words, starts, lengths):
    """Up to 24 characters mixed into one number."""
    total = np.zeros(len(starts), np.uint64)
    for offset in range(0, 24, 8):
        total = total * MIX + (words[starts + offset] & KEEP[np.clip(lengths - offset, 0, 8)])
    return total


def hours(chars, start):
    """2026-03-01T05… as hours since 1970."""
    year, month, day, hour = (
        sum((chars[start + at].astype(np.int64) - 48) * 10**power for power, at in enumerate(reversed(places)))
        for places in ((0, 1, 2, 3), (5, 6), (8, 9), (11, 12))
    )
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return (months.astype("datetime64[D]").astype(np.int64) + day - 1) * 24 + hour


def numbers(chars, start, end):
    """Digits with at most one dot."""
    value, scale, behind_dot = np.zeros(len(start)), np.ones(len(start)), np.zeros(len(start), bool)
    for at in range(int((end - start).max())):
        char = np.where(start + at < end, chars[start + at], 0)
        is_digit = char >= ord("0")
        value = np.where(is_digit, value * 10 + (char - 48.0), value)
        scale = np.where(is_digit & behind_dot, scale * 10, scale)
        behind_dot |= char == ord(".")
    return value / scale


if __name__ == "__main__":
    main(*sys.argv[1:])
