"""`manage.py create_api_token`: lets a program in as a user, for one of their teams."""

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Door, Team, TokenScope, User
from accounts.services.api_tokens import LONGEST_LIFE, create_api_token
from accounts.services.audit import Actor
from accounts.services.refusal import Refused


class Command(BaseCommand):
    help = "Make an API token and print it, alone on a line, on standard output. It can't be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, what for, how far, how long."""
        parser.add_argument("email", metavar="EMAIL", help="the user that the token stands for")
        parser.add_argument("--name", required=True, help="what will use it")
        parser.add_argument("--team", metavar="SLUG", help="which of the user's teams; needed where there are several")
        parser.add_argument("--scope", choices=TokenScope.values, default=TokenScope.READ.value)
        parser.add_argument("--days", type=int, default=90, help=f"how long it lives, {LONGEST_LIFE.days} at most")
        parser.add_argument(
            "--allow",
            metavar="NETWORK",
            action="append",
            default=[],
            help="let it in from there alone, as in 10.0.0.0/8; may be repeated",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Make it."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['email']}.")
        now = timezone.now()
        try:
            token = create_api_token(
                user=user,
                team=_team(user, options["team"]),
                name=options["name"],
                scope=TokenScope(options["scope"]),
                expires_at=now + timedelta(days=max(0, min(options["days"], LONGEST_LIFE.days + 1))),
                allowed_networks=options["allow"],
                actor=Actor(Door.COMMAND, "create_api_token"),
                now=now,
            )
        except Refused as refused:
            raise CommandError(refused.message) from None
        self.stderr.write(f"For {user}, team {token.row.team}, until {token.row.expires_at:%Y-%m-%d %H:%M} UTC:")
        sys.stderr.flush()
        self.stdout.write(token.text)


def _team(user: User, slug: str | None) -> Team:
    teams = list(Team.objects.visible_to(user).order_by("slug"))
    if not teams:
        raise CommandError(f"{user} is in no team. Add them to one first.")
    if slug is None and len(teams) == 1:
        return teams[0]
    for team in teams:
        if team.slug == slug:
            return team
    raise CommandError(f"Name one of the user's teams with --team: {', '.join(team.slug for team in teams)}.")
