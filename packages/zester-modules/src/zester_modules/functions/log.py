"""Lines for the log, from templates."""

# ruff: noqa: D417  # the context is handed to every function alike

import logging
from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.words import Value


def _write(context: Context, level: int, message: Any) -> bool:
    context.log.log(level, "%s", message)
    return True


@function("log.debug", reads=True)
def debug(context: Context, message: Value) -> bool:
    """Write a line of the level debug.

    Args:
        message: the line.
    """
    return _write(context, logging.DEBUG, message)


@function("log.info", reads=True)
def info(context: Context, message: Value) -> bool:
    """Write a line of the level info.

    Args:
        message: the line.
    """
    return _write(context, logging.INFO, message)


@function("log.warning", reads=True)
def warning(context: Context, message: Value) -> bool:
    """Write a line of the level warning.

    Args:
        message: the line.
    """
    return _write(context, logging.WARNING, message)


@function("log.error", reads=True)
def error(context: Context, message: Value) -> bool:
    """Write a line of the level error.

    Args:
        message: the line.
    """
    return _write(context, logging.ERROR, message)


@function("log.critical", reads=True)
def critical(context: Context, message: Value) -> bool:
    """Write a line of the level critical.

    Args:
        message: the line.
    """
    return _write(context, logging.CRITICAL, message)
