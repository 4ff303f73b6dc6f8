"""The blocks that `aws configure sso` writes into ~/.aws/config: read where somebody pastes them, and written."""

from collections.abc import Iterable
from configparser import Error as NotReadable
from configparser import RawConfigParser
from dataclasses import dataclass

_LARGEST = 20_000
_MOST_PROFILES = 200


class NotProfiles(Exception):  # noqa: N818 (the name says what is so)
    """A text holds no sign-in that can be used. The message says why."""


@dataclass(frozen=True, slots=True)
class SsoProfile:
    """An account and the role it is entered by; `name` and `region` may be empty."""

    account_id: str
    role_name: str
    name: str
    region: str


@dataclass(frozen=True, slots=True)
class SsoBlock:
    """One portal, and the accounts behind it."""

    name: str
    start_url: str
    sso_region: str
    profiles: tuple[SsoProfile, ...]


def read_block(text: str) -> SsoBlock:
    """The portal that `text` names, of today's form (an sso-session) or the older one. Raises NotProfiles.

    Whether the URL and the region are ones is the caller's to check.
    """
    if len(text) > _LARGEST:
        raise NotProfiles(f"That is longer than {_LARGEST:,} characters. Paste the blocks of one portal only.")
    parser = RawConfigParser(strict=True, default_section="")
    try:
        parser.read_string(text.replace("\r\n", "\n"))
    except NotReadable:
        raise NotProfiles(
            "That is not what ~/.aws/config holds: lines such as [profile shop] and sso_region = eu-west-1."
        ) from None
    sections = {name.strip(): dict(parser[name]) for name in parser.sections()}
    portals = {
        name.removeprefix("sso-session").strip(): values
        for name, values in sections.items()
        if name.startswith("sso-session") and "sso_start_url" in values
    }
    profiles = {
        name.removeprefix("profile").strip(): values
        for name, values in sections.items()
        if not name.startswith("sso-session")
    }
    for name, values in profiles.items():
        if "sso_start_url" in values and "sso_session" not in values:
            portals.setdefault(name, values)
    found = {(values["sso_start_url"], values.get("sso_region", "")) for values in portals.values()}
    if len(found) != 1:
        raise NotProfiles(
            "No sso_start_url stands in it."
            if not found
            else f"It names {len(found)} portals. Paste the blocks of one; each is a sign-in of its own."
        )
    name, portal = next(iter(portals.items()))
    return SsoBlock(name, portal["sso_start_url"], portal.get("sso_region", ""), tuple(_accounts_of(profiles)))


def written_block(*, name: str, start_url: str, sso_region: str, profiles: Iterable[SsoProfile]) -> str:
    """The same as `aws configure sso` writes it, for a machine of one's own. Holds no secret."""
    lines = [
        f"[sso-session {name}]",
        f"sso_start_url = {start_url}",
        f"sso_region = {sso_region}",
        "sso_registration_scopes = sso:account:access",
    ]
    for profile in profiles:
        lines += [
            "",
            f"[profile {profile.name}]",
            f"sso_session = {name}",
            f"sso_account_id = {profile.account_id}",
            f"sso_role_name = {profile.role_name}",
            f"region = {profile.region}",
        ]
    return "\n".join(lines) + "\n"


def _accounts_of(profiles: dict[str, dict[str, str]]) -> Iterable[SsoProfile]:
    for name, values in list(profiles.items())[:_MOST_PROFILES]:
        if "sso_account_id" in values and "sso_role_name" in values:
            yield SsoProfile(values["sso_account_id"], values["sso_role_name"], name[:100], values.get("region", ""))
