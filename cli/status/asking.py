"""Many questions at once, each with a limit of its own and all of them together with one."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..console import Problem, duration
from ..programs import TimedOut

#: How long one question may take, and all of them, in seconds.
ONE_SECONDS, ALL_SECONDS = 5.0, 10.0
Key = TypeVar("Key")


@dataclass(frozen=True)
class Answer:
    """What a question came to."""

    value: Any = None
    problem: Problem | None = None
    """Why there is no value."""


class Clock:
    """The time that is left for all questions."""

    def __init__(self, seconds: float = ALL_SECONDS) -> None:
        """Begin to count."""
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, most: float = ONE_SECONDS) -> float:
        """Seconds for one more question; never nothing, because a program needs some time to say what is wrong."""
        return max(0.1, min(most, self.rest()))

    def rest(self) -> float:
        """Seconds until the end; 0 after it."""
        return max(0.0, self._end - time.monotonic())


def together(questions: Mapping[Key, Callable[[], Any]], clock: Clock) -> dict[Key, Answer]:
    """Ask all at once; what has no answer when the time is over has a `TimedOut`.

    Args:
        questions: What to ask, by a key whose text says what is asked for.
        clock: How long to wait.
    """
    found: dict[Key, Answer] = {}
    broken: list[BaseException] = []

    def ask(key: Key, question: Callable[[], Any]) -> None:
        try:
            found[key] = Answer(question())
        except Problem as problem:
            found[key] = Answer(problem=problem)
        except (OSError, ValueError) as error:
            # Not what it should be: a wrapper of that name, a proxy's page, a file that is not whole.
            found[key] = Answer(problem=Problem(f"the answer cannot be read: {error}"))
        except BaseException as error:
            broken.append(error)

    # Daemons: whoever presses Ctrl-C does not wait for a cluster that does not answer.
    threads = [threading.Thread(target=ask, args=item, daemon=True) for item in questions.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(clock.rest())
    if broken:
        raise broken[0]
    return {key: found.get(key) or Answer(problem=_late(key, clock)) for key in questions}


def _late(key: object, clock: Clock) -> TimedOut:
    return TimedOut(f"no answer in {duration(clock.seconds)}", f"see whether the cluster answers ({key})")
