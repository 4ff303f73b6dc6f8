import pytest

from finops.checks import settings_make_sense


def test_the_defaults_make_sense():
    assert settings_make_sense() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POWER_MODEL", "quadratic"),
        ("DISPLAY_CURRENCY", "dollars"),
        ("HISTORY_DAYS", -3),
        ("HISTORY_DAYS", 400),
        ("REFRESH_LEASE_SECONDS", 0),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_with_what_is_possible(name, value, settings):
    setattr(settings, name, value)

    (error,) = settings_make_sense()

    assert error.msg.startswith(f"{name} is ")
    assert str(value) in error.msg
