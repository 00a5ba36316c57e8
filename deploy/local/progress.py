"""The progress of a local run on the terminal: a short line for each thing that was done, with its seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Writes lines like `  postgres      ready                1.9 s`."""

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output or sys.stdout

    def say(self, text: str = "") -> None:
        """Write a line of its own."""
        print(text, file=self._output, flush=True)

    @contextmanager
    def step(self, name: str, done: str) -> Iterator[Callable[[str], None]]:
        """Write a line when the block has ended; calling what it yields replaces the text `done`.

        On a terminal the name stands there from the beginning.
        """
        texts = [done]
        began = time.monotonic()
        if self._output.isatty():
            self._output.write(f"  {name} …")
            self._output.flush()
        try:
            yield texts.append
        except BaseException:
            if self._output.isatty():
                self._output.write("\n")
            raise
        clear = "\r" if self._output.isatty() else ""
        self.say(f"{clear}  {name:<14}{texts[-1]:<34}{time.monotonic() - began:5.1f} s")
