"""``callyard docs settings``: the settings page, for ``docs/configuration.md``."""

import argparse
import sys

from app.settings_page import settings_markdown

__all__ = ["settings_command"]


def settings_command(_given: argparse.Namespace) -> int:
    sys.stdout.write(settings_markdown())
    return 0
