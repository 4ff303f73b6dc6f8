import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def test_the_example_lists_exactly_the_variables_that_settings_and_the_compose_file_read():
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "finops" / "settings.py").read_text()))
    read |= set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))

    listed = re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert sorted(listed) == sorted(read)


def test_the_example_gives_no_secret():
    assignments = re.findall(
        r"^([A-Z_]*(?:KEY|SECRET|PASSWORD)[A-Z_]*)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE
    )

    assert all(value == "" for _, value in assignments)
