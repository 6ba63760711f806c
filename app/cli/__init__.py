"""The command line ``callyard``: serve, import configuration, make API keys. Errors are one line each on stderr.

Exit codes: 0 done, 1 it failed, 2 something given (a setting, a file, an argument) is wrong.
"""

import sys
from collections.abc import Sequence

from app.cli.config import ServiceError
from app.cli.parser import build_parser
from app.config_file.document import ConfigFileError
from app.db.engine import DatabaseError
from app.release import BuildError
from app.settings import SettingsError
from app.strategy_plugins import StrategyError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. ``arguments`` None: the process's own."""
    given = build_parser().parse_args(arguments)
    try:
        code: int = given.run(given)
    except SettingsError as error:
        return _fail([str(error)], 2)
    except ConfigFileError as error:
        return _fail(error.lines, 2)
    except (BuildError, DatabaseError, ServiceError, StrategyError) as error:
        return _fail([str(error)], 1)
    except KeyboardInterrupt:
        return 130
    return code


def _fail(lines: Sequence[str], code: int) -> int:
    for line in lines:
        sys.stderr.write(f"callyard: {line}\n")
    return code
