"""The open-file limit is used to the full, and said when it is too low."""

import resource

from app.open_files import allow_files, too_few_files


def test_the_soft_limit_becomes_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    try:
        allowed = allow_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
        assert allowed >= 1024 or allowed == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_few_is_said() -> None:
    assert too_few_files(20_000, 2000) == ""
    assert "sip_max_connections is 20000" in too_few_files(20_000, 20_000)
