"""What a database's class allows, where no metric tells: memory, and connections by default.

Memory by AWS's list of DB instance classes; connections by the default parameter groups' own formulas
(MySQL and MariaDB: memory / 12582880, PostgreSQL: memory / 9531392 but at most 5000). A parameter group may say
otherwise, which CloudWatch does not tell: whoever shows such a figure says that it is modelled.
"""

import re

_CLASS = re.compile(r"db\.([a-z]+)([0-9]+)[a-z]*\.([a-z]+|[0-9]+xlarge)")
_BYTES_PER_GIB = 1024.0**3
_BURSTABLE_GIB = {"micro": 1.0, "small": 2.0, "medium": 4.0, "large": 8.0, "xlarge": 16.0, "2xlarge": 32.0}
_GIB_PER_VCPU = {"m": 4.0, "r": 8.0, "c": 2.0}
_FIRST_OF_THESE = {"m": 4, "r": 5, "c": 6}  # older generations have odd sizes
_BYTES_PER_CONNECTION = {"mysql": 12_582_880.0, "mariadb": 12_582_880.0, "postgres": 9_531_392.0}
_MOST_OF_POSTGRES = 5000.0


def memory_gib(instance_class: str) -> float | None:
    """The memory of an RDS instance class; None for one that the families' rule does not cover."""
    match = _CLASS.fullmatch(instance_class)
    if match is None:
        return None
    family, generation, size = match[1], int(match[2]), match[3]
    if family == "t":
        return _BURSTABLE_GIB.get(size)
    if family not in _GIB_PER_VCPU or generation < _FIRST_OF_THESE[family]:
        return None
    vcpus = {"medium": 1, "large": 2, "xlarge": 4}.get(size) or (
        4 * int(size.removesuffix("xlarge")) if size.endswith("xlarge") else 0
    )
    return _GIB_PER_VCPU[family] * vcpus or None


def most_connections(engine: str, gib: float | None) -> float | None:
    """How many connections an engine takes by default with that much memory; None where no rule is known."""
    divisor = _BYTES_PER_CONNECTION.get(engine)
    if divisor is None or gib is None:
        return None
    most = float(gib * _BYTES_PER_GIB // divisor)
    return min(most, _MOST_OF_POSTGRES) if engine == "postgres" else most
