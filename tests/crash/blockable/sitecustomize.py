"""Makes a process blockable that has this folder on its PYTHONPATH: SIGUSR1 holds its event loop up.

Python runs the handler of a signal in the main thread, in which the loop turns; other threads go on.
"""

import os
import signal
import time


def _block(*_: object) -> None:
    time.sleep(float(os.environ["BLOCK_SECONDS"]))  # noqa: TID251 - said by whoever started the process


signal.signal(signal.SIGUSR1, _block)
