import asyncio
import os
import pickle
import sys

from bot.audio.process_worker import LENGTH_PREFIX


async def test_worker_without_parent_exits_silently() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.audio.process_worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=(responses := os.pipe())[1],
        stderr=asyncio.subprocess.PIPE,
    )
    for end in responses:  # nobody reads them
        os.close(end)
    call = pickle.dumps((5, abs, (-1,), {}))
    _, errors = await process.communicate(LENGTH_PREFIX.pack(len(call)) + call)
    assert (process.returncode, errors) == (0, b"")
