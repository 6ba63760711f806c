"""Settings of the service, frozen: what an operator may choose, each with a safe default, in groups by topic.

In rising order of precedence: defaults, ``callyard.toml`` (or ``--settings FILE``), environment ``CALLYARD_…``, flags.
``load_settings`` merges the four; ``Settings(...)`` itself looks at nothing but its arguments.
"""

from app.settings.loading import DEFAULT_FILE, SettingsError, load_settings
from app.settings.media import check_media_uri
from app.settings.settings import ENV_PREFIX, GROUPS, Settings

__all__ = ["DEFAULT_FILE", "ENV_PREFIX", "GROUPS", "Settings", "SettingsError", "check_media_uri", "load_settings"]
