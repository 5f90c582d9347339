"""Which version this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

UNKNOWN = "0+unknown"


def version() -> str:
    """The installed package's version; `0+unknown` when the code runs from a folder that was never installed."""
    try:
        return installed("zentao-deploy")
    except PackageNotFoundError:
        return UNKNOWN
