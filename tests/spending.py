"""What work costs, told so that a slow or busy machine changes nothing."""

import time
from collections.abc import Callable

YARDSTICK = 200_000


def spent(act: Callable[[], object]) -> float:
    """Return the CPU time that `act` takes of this thread, as a multiple of a fixed piece of work.

    The piece is a sum of 200,000 squares, done just before in the same thread: about 10 ms.
    """
    return _cpu(act) / min(_cpu(lambda: sum(n * n for n in range(YARDSTICK))) for _ in range(3))


def _cpu(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return time.thread_time() - began
