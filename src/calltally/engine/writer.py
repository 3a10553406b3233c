"""The thread that takes messages in: everything that waits goes into one transaction, then all senders are answered."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from time import monotonic, sleep

import structlog

from calltally.engine.ingest import Ingest
from calltally.model.messages import RawMessage
from calltally.store.store import StoreError

log = structlog.get_logger(__name__)

MOST_WAITING = 20_000
"""Messages that may wait to become durable; beyond that senders are told to come again."""

LARGEST_BATCH = 1_000
GATHER_SECONDS = 0.002
"""How long the writer waits for company after the first message: fewer, larger commits cost far less per message."""

BUSY_BATCH = 100
BUSY_GATHER_SECONDS = 0.025
"""After a batch of this size the load is high, and waiting longer makes room for more: a message then costs half."""

TURN_SECONDS = 0.1
"""How long the event loop waits at most for a batch that is being stored; one of the largest takes that long."""


Durable = Callable[[StoreError | None], None]
"""What hears that a message is durable, or what kept it from being stored."""


class BusyError(Exception):
    """More messages wait than the store keeps up with."""


class NotStoredError(Exception):
    """The store could not take a message; nothing of it was kept, and the sender should come again."""


class _Turn:
    """Lets the writer store a large batch while the event loop waits, instead of both fighting for the interpreter.

    Either thread gives the interpreter away with every statement and every socket, and takes it back from the other:
    under high load that is a change of threads for each message, which costs more than reading it. While the disk is
    waited for, nobody fights, so a turn ends before the commit.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_under_way = False
        self._is_given_up = False

    def begin(self) -> None:
        """Begin; in the writer's thread."""
        self._lock.acquire()
        self._is_given_up = False
        self._is_under_way = True

    def end(self) -> None:
        """End, unless it has ended already; in the writer's thread."""
        if self._is_under_way:
            self._is_under_way = False
            self._lock.release()

    def wait(self) -> None:
        """Wait until the writer has finished; a turn that takes too long is waited for once only."""
        if self._is_given_up or not self._is_under_way:
            return
        if self._lock.acquire(timeout=TURN_SECONDS):
            self._lock.release()
        else:
            self._is_given_up = True


class Writer:
    """Owns the thread in which `Ingest` works.

    The thread answers in batches, so that the event loop wakes once per commit and not once per message.
    """

    def __init__(self, ingest: Ingest, failed: Callable[[Sequence[RawMessage]], None] | None = None) -> None:
        """Take the ingest, and what hears of messages that could not be stored; `start` begins."""
        self._ingest = ingest
        self._failed = failed
        self._waiting: deque[tuple[RawMessage, Durable]] = deque()
        self._jobs: deque[tuple[Callable[[Ingest], object], Future[object]]] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._last_batch = 0
        self._turn = _Turn()
        self._began_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="writer")
        self._loop: asyncio.AbstractEventLoop | None = None
        self.degraded: str | None = None
        """Why the store cannot be written at the moment, `None` while it can."""
        self.turned_away = False
        """Whether a write failed, or too many waited, since this was set back: something may have gone unheard."""

    def start(self) -> None:
        """Begin; must be called inside the event loop whose futures are to be answered."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """Store what waits, and end. Blocks until the thread has ended."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def backlog(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    @property
    def busy_seconds(self) -> float:
        """How long the batch or job that is under way has taken so far, 0 if none is."""
        began_at = self._began_at
        return 0.0 if began_at is None else monotonic() - began_at

    def take(self, message: RawMessage, durable: Durable) -> None:
        """Store a message soon, and call `durable` on the event loop with what came of it.

        Blocks for up to `TURN_SECONDS` while a large batch is being stored: the load is high then.

        Raises:
            BusyError: too many wait already, or the service is about to stop.
        """
        if self._stopping or self._loop is None:
            raise BusyError
        self._turn.wait()
        if len(self._waiting) >= MOST_WAITING:
            self.turned_away = True
            raise BusyError
        self._waiting.append((message, durable))
        if not self._wake.is_set():
            self._wake.set()

    def accept(self, message: RawMessage) -> asyncio.Future[None]:
        """Return a future that is done when the message is durable; it fails with NotStoredError if that is impossible.

        Raises as `take` does.
        """
        future = asyncio.get_running_loop().create_future()
        self.take(message, partial(_settle, future))
        return future

    async def accept_all(self, messages: Sequence[RawMessage]) -> None:
        """Take several messages in; returns when all are durable."""
        await asyncio.gather(*(self.accept(message) for message in messages))

    async def run(self, job: Callable[[Ingest], object]) -> object:
        """Run something that writes in the writer's thread, between two batches; return what it returns.

        Raises:
            BusyError: the service is about to stop.
        """
        if self._stopping:
            raise BusyError
        future: Future[object] = Future()
        self._jobs.append((job, future))
        self._wake.set()
        return await asyncio.wrap_future(future)

    def judge(self, problem: StoreError | None) -> None:
        """Note that a write failed, or that one succeeded; for jobs that write, in the writer's thread."""
        if problem is not None and self.degraded is None:
            log.error("store_failed", reason=str(problem))
        if problem is None and self.degraded is not None:
            log.info("store_recovered")
        self.degraded = None if problem is None else str(problem)
        self.turned_away = self.turned_away or problem is not None

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if not self._stopping and len(self._waiting) < LARGEST_BATCH:
                sleep(GATHER_SECONDS if self._last_batch < BUSY_BATCH else BUSY_GATHER_SECONDS)
            self._wake.clear()
            self._work_off()
            if self._stopping and not self._waiting and not self._jobs:
                return

    def _work_off(self) -> None:
        while self._jobs or self._waiting:
            while self._jobs:
                self._began_at = monotonic()
                self._do(*self._jobs.popleft())
            self._began_at = monotonic()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
            if batch:
                self._last_batch = len(batch)
                self._store(batch)
            if len(batch) >= BUSY_BATCH:
                # What came during the commit is little: under high load it waits for company once more.
                self._wake.set()
                break
        self._began_at = None

    def _do(self, job: Callable[[Ingest], object], future: Future[object]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = job(self._ingest)
        except Exception as error:  # noqa: BLE001  whoever asked for the job handles it
            if isinstance(error, StoreError):
                self.judge(error)
            future.set_exception(error)
        else:
            future.set_result(result)

    def _store(self, batch: list[tuple[RawMessage, Durable]]) -> None:
        problem: StoreError | None = None
        if len(batch) >= BUSY_BATCH:
            self._turn.begin()
        try:
            self._ingest.apply([message for message, _ in batch], before_commit=self._turn.end)
        except StoreError as error:
            problem = error
        except Exception:
            # Without this thread nothing is ever stored or answered again.
            log.exception("batch_not_stored", messages=len(batch))
            problem = StoreError("calltally itself failed to store a message; the log says how")
        finally:
            self._turn.end()
        self._judge_batch(batch, problem)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_answer, [durable for _, durable in batch], problem)

    def _judge_batch(self, batch: list[tuple[RawMessage, Durable]], problem: StoreError | None) -> None:
        try:
            self.judge(problem)
            if problem is not None and self._failed is not None:
                self._failed([message for message, _ in batch])
        except Exception:
            # The senders are waiting still, and without this thread nobody would ever be answered.
            log.exception("batch_not_judged", messages=len(batch))


def _answer(waiting: list[Durable], problem: StoreError | None) -> None:
    for durable in waiting:
        try:
            durable(problem)
        except Exception:
            # One sender who cannot be answered keeps nobody else waiting.
            log.exception("sender_not_answered")


def _settle(future: asyncio.Future[None], problem: StoreError | None) -> None:
    if future.done():
        return
    if problem is None:
        future.set_result(None)
    else:
        future.set_exception(NotStoredError(str(problem)))
