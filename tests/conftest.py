"""What every test shares: reproducible hypothesis runs, and a clear word where a system package is missing."""

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.release import build
from tests.support.service import Service

settings.register_profile(
    "callyard",
    max_examples=100,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(  # `make nightly`: many more, others each night, and what failed is tried first the next time
    "nightly", max_examples=4000, stateful_step_count=80, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("callyard")

ServiceFactory = Callable[..., Service]


def pytest_configure() -> None:
    """A shell's background jobs ignore SIGINT, and so would every program that the tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the compiled build, what is about Python functions is left to the run on the interpreted one."""
    if build().modules:
        left_out = [item for item in items if item.get_closest_marker("interpreted")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def _system_packages(request: pytest.FixtureRequest) -> None:
    """An interop test without SIPp fails with what to do, rather than being skipped unseen."""
    if request.node.get_closest_marker("interop") and shutil.which("sipp") is None:
        pytest.fail("SIPp is not installed: run scripts/system-packages.sh", pytrace=False)


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[ServiceFactory]:
    """Starts services (keywords as for Service) and stops them when the test ends."""
    with ExitStack() as stack:
        started = 0

        def start(**keywords: object) -> Service:
            nonlocal started
            started += 1
            return stack.enter_context(Service(tmp_path / f"service-{started}", **keywords))  # type: ignore[arg-type]

        yield start
