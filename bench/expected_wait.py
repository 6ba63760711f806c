"""Expected wait: how far from the truth the engine's estimator is, beside two simpler ones.

    python -m bench.expected_wait [--days 8] [--seed 11]

Callers arrive in a tide (sinusoidal Poisson), give up after an exponential patience and are compared with what was said to
them when they entered: only those who had to wait and were connected. The first day is for learning.
"""

import argparse
from dataclasses import replace

from tests.simulation.forecast import ESTIMATORS, Forecast, Load

LOADS = {
    "20 agents, load 1.05 ± 35 %": Load(),
    "50 agents, load 1.05 ± 35 %": Load(agents=50),
    "8 agents, load 1.2 ± 35 %": Load(agents=8, load=1.2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    print(f"{'':30}" + "".join(f"{name:>30}" for name in ESTIMATORS))
    print(f"{'':30}" + f"{'RMSE s':>20}{'bias s':>10}" * len(ESTIMATORS))
    for name, load in LOADS.items():
        forecast = Forecast.of(replace(load, days=options.days), options.seed)
        forecast.run()
        errors = [forecast.errors[estimator] for estimator in ESTIMATORS]
        figures = "".join(f"{error.rmse:20.1f}{error.bias:+10.1f}" for error in errors)
        print(f"{name:30}{figures}   ({errors[0].calls:,} calls)")


if __name__ == "__main__":
    main()
