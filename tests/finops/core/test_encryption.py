from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.encryption import CannotOpenError, SealedField, bound, keys_in, open_sealed, seal

OLD, NEW = (b64encode(bytes([n]) * 32).decode() for n in (1, 2))
ROW = bound("carbon_upstreamkey", "secret", 7)


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    settings.FINOPS_ENCRYPTION_KEYS = f"new:{NEW},old:{OLD}"


@given(st.text())
def test_a_sealed_secret_opens_again_and_shows_nothing(secret: str):
    sealed = seal(secret, bound_to=ROW)

    assert sealed.startswith("v1:new:")
    assert open_sealed(sealed, bound_to=ROW) == secret
    assert seal(secret, bound_to=ROW) != sealed
    if len(secret) > 3:
        assert secret not in sealed


def test_a_key_that_was_put_behind_a_newer_one_still_opens(settings: Any):
    settings.FINOPS_ENCRYPTION_KEYS = f"old:{OLD}"
    sealed = seal("secret", bound_to=ROW)

    settings.FINOPS_ENCRYPTION_KEYS = f"new:{NEW},old:{OLD}"

    assert open_sealed(sealed, bound_to=ROW) == "secret"


@pytest.mark.parametrize("other", [bound("carbon_upstreamkey", "secret", 8), bound("carbon_upstreamkey", "token", 7)])
def test_a_secret_does_not_open_in_another_teams_row_or_another_column(other: str):
    with pytest.raises(CannotOpenError, match="belongs to another row"):
        open_sealed(seal("secret", bound_to=ROW), bound_to=other)


def test_a_secret_whose_key_is_gone_is_an_error_and_not_empty(settings: Any):
    sealed = seal("secret", bound_to=ROW)
    settings.FINOPS_ENCRYPTION_KEYS = f"old:{OLD}"

    with pytest.raises(CannotOpenError, match="key “new”, which FINOPS_ENCRYPTION_KEYS does not hold"):
        open_sealed(sealed, bound_to=ROW)


@pytest.mark.parametrize("change", ["v1:new:AAAA", "secret", "", None])
def test_a_changed_text_does_not_open(change: str | None):
    sealed = seal("secret", bound_to=ROW)
    first = len("v1:new:")

    with pytest.raises(CannotOpenError):
        open_sealed(sealed[:first] + "AAAA" + sealed[first + 4 :] if change is None else change, bound_to=ROW)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is no key"),
        ("secret", "Each key reads"),
        ("a b:AAAA", "ids hold letters"),
        ("a:AAAA", "has 3 bytes and needs 32"),
        ("a:ä", "not base64"),
        (f"a:{OLD},a:{NEW}", "Two keys are called “a”"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_without_quoting_a_key(settings: Any, text: str, says: str):
    with pytest.raises(ValueError, match=says):
        keys_in(text)
    settings.FINOPS_ENCRYPTION_KEYS = text
    with pytest.raises(CannotOpenError, match="FINOPS_ENCRYPTION_KEYS cannot be used"):
        seal("secret", bound_to=ROW)


def test_both_spellings_of_base64_name_the_same_key():
    raw = bytes(range(200, 232))

    assert keys_in(f"a:{b64encode(raw).decode()}") == keys_in(f"a:{urlsafe_b64encode(raw).decode().rstrip('=')}")


def test_an_open_secret_never_reaches_the_database():
    field = SealedField()
    field.set_attributes_from_name("secret")
    field.model = type("Row", (), {})  # type: ignore[assignment]

    with pytest.raises(ValueError, match="sealed texts only"):
        field.get_prep_value("secret")

    assert field.get_prep_value("") == ""
    assert field.get_prep_value(seal("secret", bound_to=ROW)).startswith("v1:")
