import pytest

from finops.checks import installation_can_be_shared, settings_make_sense


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


def test_a_deployment_is_warned_of_what_only_one_process_could_live_with(settings, is_postgres):
    settings.SECRETS_MADE_HERE = ["FINOPS_ENCRYPTION_KEYS"]
    settings.REDIS_URL = ""

    warned_of = [warning.msg.split()[0] for warning in installation_can_be_shared()]

    of_the_database = [] if is_postgres else ["DATABASE_URL"]
    assert warned_of == ["FINOPS_ENCRYPTION_KEYS", *of_the_database, "REDIS_URL", "SANDBOX"]
