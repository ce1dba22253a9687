"""What happened so far in a run: failures, requests and counts. The one thing in it that changes, and it only grows."""

import logging
from collections.abc import Callable

from schemas.errors import BackendError, LongreadError
from schemas.failure import Failure, Stage
from schemas.message import Completion, Request, Usage
from schemas.outcome import Progress, RequestRecord

log = logging.getLogger(__name__)

Observe = Callable[[Progress], None]


class Ledger:
    """Keeps the account of one run and shows every change of the counts to `observe`."""

    def __init__(self, observe: Observe) -> None:
        self._observe = observe
        self._failures: list[Failure] = []
        self._requests: list[RequestRecord] = []
        self._warnings: list[str] = []
        self._progress = Progress()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every failure once, in the order of its id, whatever the order of events was."""
        return tuple(sorted({f.failure_id: f for f in self._failures}.values(), key=lambda f: f.failure_id))

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """Every request once, in the order of its id."""
        return tuple(sorted({r.request.request_id: r for r in self._requests}.values(), key=lambda r: r.request.request_id))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know though nothing failed."""
        return tuple(self._warnings)

    def warn(self, text: str) -> None:
        """Record something that the user should know."""
        self._warnings.append(text)

    def fail(
        self,
        stage: Stage,
        error: LongreadError,
        *,
        doc_id: str | None = None,
        page_no: int | None = None,
        batch_id: str | None = None,
        finish_reason: str | None = None,
        attempts: int = 1,
    ) -> None:
        """Record that something asked for will not be in the output."""
        failure = Failure(
            stage=stage,
            category=error.category,
            message=str(error),
            doc_id=doc_id,
            page_no=page_no,
            batch_id=batch_id,
            finish_reason=finish_reason,
            attempts=attempts,
            retryable=error.retryable,
        )
        self._failures.append(failure)
        self.count(failures=1)

    def failed_pages(self) -> dict[tuple[str, int], str]:
        """Return why each page (doc_id, page_no) that was not surveyed was not."""
        return {(f.doc_id, f.page_no): f.message for f in self._failures if f.batch_id and f.doc_id and f.page_no}

    def completed(self, request: Request, completion: Completion) -> None:
        """Record a completion, new or stored."""
        self._requests.append(RequestRecord(request=request, completion=completion))
        usage = completion.usage
        self.count(prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens)

    def gave_up(self, request: Request, error: BackendError, latency_ms: float) -> None:
        """Record a request that no completion came of: it was a rung of a ladder, and the next one may hold."""
        log.info("%s request %s: %s", request.kind, request.request_id, error)
        nothing = Completion(
            request_id=request.request_id,
            model=request.model,
            text="",
            finish_reason="error",
            usage=Usage(),
            latency_ms=latency_ms,
        )
        self._requests.append(RequestRecord(request=request, completion=nothing))

    def stage(self, name: str) -> None:
        """Say what the run is doing now."""
        self._show(self._progress.model_copy(update={"stage": name}))

    def count(self, **more: int) -> None:
        """Add to the counts of `Progress`."""
        now = {name: getattr(self._progress, name) + number for name, number in more.items()}
        self._show(self._progress.model_copy(update=now))

    def _show(self, progress: Progress) -> None:
        self._progress = progress
        self._observe(progress)


def silent(_: Progress) -> None:
    """Show nothing."""
