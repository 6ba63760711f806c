"""``callyard serve`` and ``callyard version``."""

import argparse
import sys

from app.cli.given import settings_of
from app.release import build
from app.wiring import serve

__all__ = ["serve_command", "version_command"]


def serve_command(given: argparse.Namespace) -> int:
    return serve(settings_of(given))


def version_command(_given: argparse.Namespace) -> int:
    sys.stdout.write(f"callyard {build()}\n")
    return 0
