"""The estimator of expected wait against days of callers who give up: better than both that a newcomer would write."""

import pytest

from tests.simulation.forecast import ESTIMATORS, Forecast, Load


@pytest.mark.parametrize("load", [Load(), Load(agents=8, load=1.2)], ids=["20 agents", "8 agents, overloaded"])
def test_avgc_les_errs_least_and_is_unbiased(load: Load) -> None:
    forecast = Forecast.of(load, seed=11)
    forecast.run()
    ours, les, naive = (forecast.errors[name] for name in ESTIMATORS)
    assert ours.calls > 2000
    assert ours.rmse < 0.9 * les.rmse
    assert ours.rmse < 0.8 * naive.rmse
    assert abs(ours.bias) < 5
    assert naive.bias > 10
