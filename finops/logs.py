"""Logging: one line an event, as JSON in production and as text at a terminal."""

import logging.config
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured


def logging_config(*, level: str, output: str) -> None:
    """Configure structlog and the standard library's loggers; `output` is "json" or "text".

    botocore and urllib3 stay at INFO or above whatever `level` says: at DEBUG they write session
    tokens and query strings into the log.
    """
    levels = logging.getLevelNamesMapping()
    if level.upper() not in levels or output not in {"json", "text"}:
        raise ImproperlyConfigured(
            f"LOG_LEVEL is one of DEBUG, INFO, WARNING and ERROR, not {level!r}; "
            f"LOG_FORMAT is json or text, not {output!r}."
        )
    lowest = levels[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if output == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structlog": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.format_exc_info,
                        renderer,
                    ],
                },
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog"}},
            "root": {"handlers": ["stderr"], "level": lowest},
            "loggers": {
                name: {"level": max(logging.INFO, lowest)} for name in ("boto3", "botocore", "s3transfer", "urllib3")
            }
            # Tells at INFO, for each client made, which of a dozen places held no endpoint.
            | {"botocore.configprovider": {"level": max(logging.WARNING, lowest)}},
        }
    )
