"""Fields that say exactly what they take, for pages and the API alike."""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from accounts.clients.aws.regions import known_regions

_ACCOUNT_ID = r"[0-9]{12}"
_ROLE_ARN = re.compile(rf"arn:aws(?:-us-gov|-cn)?:iam::({_ACCOUNT_ID}):role/[A-Za-z0-9+=,.@_/-]{{1,512}}")


class NameField(forms.CharField):
    """A name as people write it, in one form of Unicode and without what cannot be seen."""

    def clean(self, value: Any) -> str:
        """Refuse control characters, and marks that would turn or hide the text around them."""
        name = unicodedata.normalize("NFC", super().clean(value) or "")
        if not name.isprintable():
            raise ValidationError(
                "A name holds letters, digits, signs and blanks, and nothing invisible.", code="invisible"
            )
        return name


class AccountIdField(forms.CharField):
    """The id of an AWS account."""

    default_validators = [
        RegexValidator(
            rf"\A{_ACCOUNT_ID}\Z", "An AWS account id is 12 digits, such as 111122223333.", code="account_id"
        )
    ]


class ProfileNameField(forms.CharField):
    """The name of a profile in this machine's AWS configuration."""

    default_validators = [
        RegexValidator(
            r"\A[A-Za-z0-9_][A-Za-z0-9_.@+=-]{0,127}\Z",
            "A profile's name starts with a letter, digit or _ and goes on with letters, digits and _ . @ + = -",
            code="profile_name",
        )
    ]


class RoleArnField(forms.CharField):
    """The ARN of an IAM role."""

    def clean(self, value: Any) -> str:
        """Refuse whatever is no role."""
        arn = str(super().clean(value) or "")
        if arn and not _ROLE_ARN.fullmatch(arn):
            raise ValidationError(
                "A role's ARN looks like arn:aws:iam::111122223333:role/CarbonAwareFinOps.", code="role_arn"
            )
        return arn


class RegionField(forms.CharField):
    """The name of an AWS region."""

    def clean(self, value: Any) -> str:
        """Refuse a region nobody knows."""
        region = str(super().clean(value) or "")
        if region and region not in known_regions():
            raise ValidationError("There is no AWS region of that name. One is eu-central-1.", code="region")
        return region


def account_of_role(arn: str) -> str:
    """The account id inside a role's ARN; empty where it is none."""
    match = _ROLE_ARN.fullmatch(arn)
    return match.group(1) if match else ""
