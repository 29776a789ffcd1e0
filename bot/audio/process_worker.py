"""A worker process of the workshop: does one call after the other until its input ends.

A program of its own, so that it starts without the rest of Encore in memory. Calls and answers are
pickles with their length in front; only the process that started it can send any.
"""

import contextlib
import os
import pickle
import signal
import struct
import sys
import traceback
from typing import BinaryIO, Final

LENGTH_PREFIX: Final = struct.Struct(">I")
_NICE: Final = 10
_GRACE: Final = 5  # seconds past the limit; by then nobody is left who waits for the answer


def main() -> None:
    """Serve standard input; standard output is for answers alone."""
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up between the answers
    # Ctrl+C reaches the whole group; the workshop ends its workers itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    # whoever called may have been killed, and then nobody waits for the answer
    with contextlib.suppress(BrokenPipeError):
        while call := _read(calls):
            answer = _handle_call(call)
            answers.write(LENGTH_PREFIX.pack(len(answer)) + answer)
            answers.flush()


def _read(calls: BinaryIO) -> bytes:
    """Return the next call, nothing once there are no more."""
    head = calls.read(LENGTH_PREFIX.size)
    return calls.read(LENGTH_PREFIX.unpack(head)[0]) if len(head) == LENGTH_PREFIX.size else b""


def _handle_call(call: bytes) -> bytes:
    """Return the pickled (result, None) or (None, error) of a pickled call."""
    try:
        seconds, func, args, kwargs = pickle.loads(call)  # noqa: S301 - from our own parent
        _set_alarm(seconds + _GRACE)
        return pickle.dumps((func(*args, **kwargs), None))
    except Exception as error:  # noqa: BLE001 - all of them belong to the caller
        error.add_note(traceback.format_exc())
        try:
            return pickle.dumps((None, error))
        except Exception:  # noqa: BLE001 - some errors can't be pickled
            return pickle.dumps((None, RuntimeError("".join(traceback.format_exception(error)))))
    finally:
        _set_alarm(0)


def _set_alarm(seconds: float) -> None:
    """Let the system end this process then, should it hang and its parent be gone; 0 is never."""
    if hasattr(signal, "alarm"):
        signal.alarm(int(seconds))


if __name__ == "__main__":
    main()
    sys.exit()
