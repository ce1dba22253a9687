"""Everything that can go wrong, in one tree; each message says what to do.

LongreadError
├── SettingsError            wrong use: an argument, a question file, an option
│   └── DatasetChanged       a query whose files were compacted meanwhile
├── SourceError              a file that cannot be read
│   ├── MissingSource
│   ├── UnsupportedFile
│   ├── EncryptedPdf
│   ├── CorruptPdf
│   ├── EmptyPdf
│   └── OversizedPage
├── RasterizeError           a page that cannot be turned into an image
│   ├── RasterizeTimeout
│   ├── RasterizeCrash
│   └── PagesLost            some pages of a request, each with its error
├── BudgetError              something that no request can hold
├── BackendError             the server
│   ├── BackendUnavailable
│   ├── BackendTimeout
│   ├── BackendOverloaded
│   ├── BackendRejected
│   ├── ContextExceeded
│   ├── ReplyFiltered
│   └── CanaryFailed
├── MergeError               parts of a table that joining would lose
├── CompletionError          what the server wrote
│   ├── Truncated
│   ├── Malformed
│   ├── Repetition
│   ├── Ungrounded
│   ├── Incomputable
│   ├── NotFound
│   └── NothingRead
├── PolicyError              something the permission policy forbids
└── WriteError               the output folder

Boundaries translate other libraries' errors with `from`. Only `pipeline.run` turns one into a `Failure`; an exception that is not
in this tree is a bug and stops the run.
"""


class LongreadError(Exception):
    """The root. `category` is the value of the `failures.category` column; `retryable` says whether trying again may help."""

    category = "error"
    retryable = False


class SettingsError(LongreadError):
    """Wrong use: nothing was started."""

    category = "settings"


class DatasetChanged(SettingsError):
    """The files that a query was to read gave way to others; asked again, it finds those."""

    category = "changed"
    retryable = True


class SourceError(LongreadError):
    """A source that cannot be read; the others go on."""

    category = "source"


class MissingSource(SourceError):
    """No file is there."""

    category = "missing"


class UnsupportedFile(SourceError):
    """Neither a PDF nor an image."""

    category = "unsupported"


class EncryptedPdf(SourceError):
    """A password is needed."""

    category = "encrypted"


class CorruptPdf(SourceError):
    """Damaged beyond what the engines repair."""

    category = "corrupt"


class EmptyPdf(SourceError):
    """A document of no pages."""

    category = "empty"


class OversizedPage(SourceError):
    """A page or file beyond the limits in the settings."""

    category = "oversized"


class RasterizeError(LongreadError):
    """A page that no engine turns into an image."""

    category = "rasterize"


class RasterizeTimeout(RasterizeError):
    """The page took longer than its deadline."""

    category = "timeout"


class RasterizeCrash(RasterizeError):
    """The engine died on the page."""

    category = "crash"


class PagesLost(RasterizeError):
    """Some page images of a request cannot be made; `lost` says which pages (doc_id, page_no) and why."""

    def __init__(self, lost: "dict[tuple[str, int], LongreadError]") -> None:
        super().__init__("; ".join(str(error) for error in lost.values()))
        self.lost = lost


class BudgetError(LongreadError):
    """One page, or one table's fragments, that the context cannot hold."""

    category = "budget"


class BackendError(LongreadError):
    """The server failed to answer."""

    category = "backend"


class BackendUnavailable(BackendError):
    """No server answers, or the connection broke."""

    category = "unavailable"
    retryable = True


class BackendTimeout(BackendError):
    """The server went silent."""

    category = "timeout"
    retryable = True


class BackendOverloaded(BackendError):
    """The server's queue is full, or it limits the rate."""

    category = "overloaded"
    retryable = True


class BackendRejected(BackendError):
    """The server refuses the request; sending it again would not help."""

    category = "rejected"


class ContextExceeded(BackendError):
    """The server counts more tokens than its context holds."""

    category = "context"


class ReplyFiltered(BackendError):
    """The service refuses what is on the pages, or what it would have to write."""

    category = "filtered"


class CanaryFailed(BackendError):
    """The server answers, but not as GLM-4.6V behind SGLang does."""

    category = "canary"


class MergeError(LongreadError):
    """Rows, columns or cells of a table are not accounted for after its parts were joined."""

    category = "merge"


class CompletionError(LongreadError):
    """The server answered with something that cannot be used."""

    category = "completion"
    retryable = True


class Truncated(CompletionError):
    """The reply ended at the token limit."""

    category = "length"


class Malformed(CompletionError):
    """The reply does not follow its schema."""

    category = "malformed"


class Repetition(CompletionError):
    """The reply repeats itself without end."""

    category = "repetition"


class Ungrounded(CompletionError):
    """The reply speaks of a page or image that it was not shown."""

    category = "ungrounded"


class Incomputable(CompletionError):
    """The numbers that an answer is to be computed from do not go together."""

    category = "incomputable"


class NotFound(CompletionError):
    """A field that its schema requires is not in the pages."""

    category = "not_found"
    retryable = False


class NothingRead(CompletionError):
    """None of the pages that a question is about could be read; that is no answer of no."""

    category = "unread"


class PolicyError(LongreadError):
    """The permission policy forbids it."""

    category = "policy"


class WriteError(LongreadError):
    """The output folder cannot be written."""

    category = "write"
    retryable = True
