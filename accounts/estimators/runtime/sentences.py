"""Says in a sentence how it is known that an instance ran, or may have run."""

from .runs import Certainty, Stretch
from .states import State


def because(stretch: Stretch) -> str:
    """Why `stretch` counts as it does."""
    if stretch.certainty is Certainty.ASSUMED:
        return "Assumed: neither the inventory nor an event knows this instance, so it is taken as always on."
    if stretch.certainty is Certainty.EXACT:
        return _ran(stretch)
    return _may_have_run(stretch)


def _ran(stretch: Stretch) -> str:
    opened, closed = stretch.opened_by, stretch.closed_by
    if opened is None:
        since = "already running before anything else is known"
    elif opened.before is State.RUNNING:
        since = f"seen running: {opened}"
    else:
        since = f"started: {opened}"
    if closed is None and not stretch.is_whole:
        until = "nobody has looked since, but CloudWatch's samples say when it ran"
    elif closed is None:
        until = "nothing known has stopped it since"
    elif closed.after is State.RUNNING and closed.before is State.RUNNING:
        until = f"still running: {closed}"
    elif closed.before is State.RUNNING:
        until = f"stopped: {closed}"
    else:
        until = f"CloudWatch's samples say when it stopped, before: {closed}"
    return f"Ran. {since[0].upper()}{since[1:]}; {until}."


def _may_have_run(stretch: Stretch) -> str:
    opened, closed = stretch.opened_by, stretch.closed_by
    if opened is None:
        sentence = f"May have run. Nothing is known before: {closed}."
    elif closed is None:
        sentence = f"May have run. It ran at: {opened}; nobody has looked since, so it is taken to run on."
    elif opened.after is State.RUNNING:
        sentence = f"May have run. It ran at: {opened}; it no longer ran at: {closed}; no record says when it stopped."
    else:
        sentence = f"May have run. It did not run at: {opened}; it ran at: {closed}; no record says when it started."
    return f"{sentence} CloudWatch's samples narrow it." if len(stretch.shares) > 1 else sentence
