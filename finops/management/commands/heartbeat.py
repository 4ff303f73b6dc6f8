"""`manage.py heartbeat worker`: the health check of a container that answers no requests."""

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Part
from accounts.selectors.readiness import SILENT_AFTER, is_alive


class Command(BaseCommand):
    help = "Whether the worker or the beat of this machine (or container) said lately that it lives."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("part", choices=[Part.WORKER.value, Part.BEAT.value])

    def handle(self, *, part: str, **_options: Any) -> None:
        host = socket.gethostname()
        if not is_alive(part=Part(part), host=host, now=timezone.now()):
            seconds = SILENT_AFTER[Part(part)].total_seconds()
            raise CommandError(f"No {part} of {host} was heard of in the last {seconds:.0f} s.")
        self.stdout.write(f"The {part} of {host} lives.")
