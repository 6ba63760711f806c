"""Makes pysipp 0.1.0 importable today, and widens its option table: the one place that knows its quirks.

pysipp hands ``implprefix`` to pluggy (gone since pluggy 1), imports ``imp`` and ``distutils`` (gone in Python 3.12) and
compares identities with literals (a SyntaxWarning). The stand-ins are in place only while pysipp is being imported.
"""

import importlib
import importlib.machinery
import importlib.util
import shutil
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pluggy

__all__ = ["load_pysipp"]

_EXTRA_OPTIONS: Final = (
    ("nostdin", "-nostdin {nostdin}", True),
    ("trace_stat", "-trace_stat {trace_stat}", True),
    ("stat_file", "-stf {stat_file} ", False),
    ("stat_period", "-fd {stat_period} ", False),
    ("trace_rtt", "-trace_rtt {trace_rtt}", True),
    ("rtt_freq", "-rtt_freq {rtt_freq} ", False),
    ("max_retrans", "-max_retrans {max_retrans} ", False),
    ("max_socket", "-max_socket {max_socket} ", False),
    ("buffer_size", "-buff_size {buffer_size} ", False),
    ("message_overwrite", "-message_overwrite {message_overwrite} ", False),
    ("control_port", "-cp {control_port} ", False),
)


class _LenientManager(pluggy.PluginManager):
    """Takes and ignores ``implprefix``: every pysipp hook is marked, so the prefix never mattered."""

    def __init__(self, project_name: str, implprefix: str | None = None) -> None:
        del implprefix
        super().__init__(project_name)


def _load_source(name: str, path: str) -> types.ModuleType:
    loader = importlib.machinery.SourceFileLoader(name, path)
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def _stand_ins() -> dict[str, types.ModuleType]:
    imp: Any = types.ModuleType("imp")
    imp.load_source = _load_source
    spawn: Any = types.ModuleType("distutils.spawn")
    spawn.find_executable = shutil.which
    distutils: Any = types.ModuleType("distutils")
    distutils.spawn = spawn
    return {"imp": imp, "distutils": distutils, "distutils.spawn": spawn}


@contextmanager
def _patched() -> Iterator[None]:
    """The modules and the class that pysipp expects, for as long as it is being imported."""
    stand_ins = _stand_ins()
    before = {name: sys.modules.get(name) for name in stand_ins}
    manager = pluggy.PluginManager
    sys.modules.update(stand_ins)
    pluggy.PluginManager = _LenientManager  # type: ignore[misc]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        pluggy.PluginManager = manager  # type: ignore[misc]
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _add_options(command: Any) -> None:
    """Adds the SIPp options that pysipp does not know, before the remote address, which must come last."""
    table = command.SippCmd._specparams
    last = [(name, table.pop(name)) for name in ("remote_host", "remote_port")]
    for name, text, is_flag in _EXTRA_OPTIONS:
        field = (command.BoolField if is_flag else command.Field)(name, text)
        table[name] = field
        setattr(command.SippCmd, name, field)
    table.update(last)


def load_pysipp() -> Any:
    """pysipp, ready for use; imported and repaired once."""
    loaded = sys.modules.get("pysipp")
    if loaded is not None:
        return loaded
    with _patched():
        pysipp: Any = importlib.import_module("pysipp")
        command = importlib.import_module("pysipp.command")
    _add_options(command)
    # `logdir=` fails without it: attributes may only be set when the class has them (an identity comparison).
    pysipp.agent.UserAgent._logdir = None
    # Logger.warn is deprecated and would hide the SIPpFailure that it reports under `-W error`.
    for module in (pysipp.agent, pysipp.launch, pysipp.report, pysipp.command, pysipp.load):
        module.log.warn = module.log.warning
    return pysipp
