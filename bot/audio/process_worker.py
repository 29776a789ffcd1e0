"""A worker process of `ProcessPool`: handles one call after the other until its input ends.

A program of its own, so that it starts without the rest of Encore in memory. Calls and responses
are pickles with their length in front; only the process that started it can send any.
"""

import contextlib
import os
import pickle
import signal
import struct
import sys
import traceback
from typing import BinaryIO, Final

from bot.audio.errors import UnusableMediaError

LENGTH_PREFIX: Final = struct.Struct(">I")
_NICENESS: Final = 10
_GRACE: Final = 5  # seconds beyond the timeout; by then the pool has killed this process
# An hour of audio takes 0.1 GiB, a picture of 24 million pixels 0.3 GiB; ID3 tags made to be
# expensive took 0.9 GiB, and more each minute.
_MAX_MEMORY: Final = 1 << 30  # bytes of data; code and shared libraries are not counted


def main() -> None:
    """Read calls from standard input; standard output is for responses alone."""
    calls = os.fdopen(os.dup(0), "rb")
    responses = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up between the responses
    # Ctrl+C reaches the whole process group; the pool ends its workers itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    _limit_memory()
    # the parent may have been killed, and then nobody waits for the response
    with contextlib.suppress(BrokenPipeError):
        while call := _read(calls):
            response = _handle_call(call)
            responses.write(LENGTH_PREFIX.pack(len(response)) + response)
            responses.flush()


def _limit_memory() -> None:
    """Let allocations fail beyond the limit, before the system kills the bot to make room."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Windows has no such module

    _, hard_limit = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_MAX_MEMORY, hard_limit))


def _read(calls: BinaryIO) -> bytes:
    """Return the next call, nothing once there are no more."""
    head = calls.read(LENGTH_PREFIX.size)
    return calls.read(LENGTH_PREFIX.unpack(head)[0]) if len(head) == LENGTH_PREFIX.size else b""


def _handle_call(call: bytes) -> bytes:
    """Return the pickled (result, None) or (None, error) of a pickled call."""
    try:
        timeout, func, args, kwargs = pickle.loads(call)  # noqa: S301 - from our own parent
        _set_alarm(timeout + _GRACE)
        return pickle.dumps((func(*args, **kwargs), None))
    except MemoryError:
        return pickle.dumps((None, UnusableMediaError("it takes too much memory")))
    except Exception as error:  # noqa: BLE001 - all of them belong to the caller
        error.add_note(traceback.format_exc())
        try:
            return pickle.dumps((None, error))
        except Exception:  # noqa: BLE001 - some errors can't be pickled
            return pickle.dumps((None, RuntimeError("".join(traceback.format_exception(error)))))
    finally:
        _set_alarm(0)


def _set_alarm(seconds: float) -> None:
    """Have the system end this process if a call hangs and the parent is gone; 0 is never.

    It also limits processor time, so that no RLIMIT_CPU is needed.
    """
    if hasattr(signal, "alarm"):
        signal.alarm(int(seconds))


if __name__ == "__main__":
    main()
    sys.exit()
