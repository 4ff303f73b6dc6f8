"""What a service answers where it will not do what was asked."""


class Refused(Exception):  # noqa: N818 (the name says what is so)
    """Nothing was changed. `message` says why and what to do; `field` names the input it is about, or is empty."""

    def __init__(self, message: str, *, field: str = "", fix: str = "") -> None:
        """Keep the sentence, the field, and what the reader can do where that is a line to copy."""
        super().__init__(message)
        self.message = message
        self.field = field
        self.fix = fix
