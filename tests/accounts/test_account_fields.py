"""What is typed of an account either is what AWS knows by that name, or is refused."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.forms.fields import (
    AccountIdField,
    NameField,
    ProfileNameField,
    RegionField,
    RoleArnField,
    account_of_role,
)

ANYTHING = (
    st.text() | st.from_regex(r"\d{12}") | st.from_regex(r"arn:aws:iam::\d{12}:role/\w+") | st.just("us-east-1\n")
)


def taken(field, text):
    try:
        return field.clean(text)
    except ValidationError:
        return None


@given(ANYTHING)
def test_an_id_that_is_taken_is_twelve_ascii_digits(text):
    value = taken(AccountIdField(), text)

    assert value is None or (len(value) == 12 and set(value) <= set("0123456789"))


@given(ANYTHING)
def test_a_role_that_is_taken_tells_its_account(text):
    value = taken(RoleArnField(), text)

    assert value is None or re.fullmatch("[0-9]{12}", account_of_role(value))


@given(ANYTHING)
def test_a_profile_that_is_taken_is_no_option_no_path_and_no_line(text):
    value = taken(ProfileNameField(), text)

    assert value is None or not (value.startswith(("-", ".")) or set(value) & set("/\\\n;$ `'\""))


@given(ANYTHING)
def test_a_region_that_is_taken_is_one_that_aws_has(text):
    assert taken(RegionField(), text) in {None, "us-east-1"}


@given(st.text() | st.text("aA\u0301\u202e\u200b\x00=+@"))
def test_a_name_that_is_taken_hides_nothing_and_is_taken_again_as_it_is(text):
    value = taken(NameField(max_length=100), text)

    if value is not None:
        assert value.isprintable()
        assert value == unicodedata.normalize("NFC", value) == NameField(max_length=100).clean(value)
