"""What a build is trained with: ``PYTHON -P scripts/training.py``, the extensions and this tree on its path.

The compiler puts together what these calls go through, and apart what they don't (``scripts/compile.py``). They are the
benchmarks' own: a call straight to an agent, one that waits, the engine with lines of some length. What is not in them
(a registrar's day, a fleet's sync) is compiled as without training.
"""

from typing import Final

from bench.core_call import measure as measure_calls
from bench.engine import measure as measure_engine

_CALLS: Final = 300

if __name__ == "__main__":
    measure_calls(_CALLS)
    measure_engine(waiting=1000, queues=20, agents=100, calls=_CALLS)
