"""The B2BUA in virtual time."""

import pytest

pytest.register_assert_rewrite("tests.unit.b2bua.harness")
