"""What a server's fault is in longread's terms, and whether trying again may help. Messages never repeat the API key."""

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import openai
from httpx2 import TransportError

from schemas.errors import (
    BackendError,
    BackendOverloaded,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    ContextExceeded,
    ReplyFiltered,
)

LONGEST_WAIT_S = 60.0
# SGLang, vLLM, llama.cpp and Z.ai say it in these words.
_TOO_LONG = re.compile(
    r"context (?:length|size)|maximum context|exceeds max length|prompt too long|tokens is too large|greater than max_model_len",
    re.IGNORECASE,
)
# Inner codes of Z.ai's API reference.
_FILTERED = {"1301"}
_TOO_LONG_CODES = {"1261", "exceed_context_size_error"}
_ACCOUNT = {"1110", "1111", "1112", "1113", "1121", "insufficient_quota"}
_BUSY = {"1120", "1234", "1302", "1303", "1304", "1305", "1312"}


def translated(error: openai.OpenAIError | TransportError, url: str, secret: str) -> BackendError:
    """Return the error of our own tree."""
    match error:
        case openai.APITimeoutError():
            return BackendTimeout(f"the server at {url} went silent: is it overloaded? LONGREAD_SILENCE_S sets how long to wait")
        case openai.APIConnectionError() | TransportError():
            return BackendUnavailable(f"no server answers at {url} ({error}): start it, or name another with --backend")
        case openai.APIStatusError():
            return _of_code(error.status_code, error, url, secret)
        case openai.APIError():  # an event {"error": …} in the stream
            code = str(error.code or _inner(error, "code"))
            return _of_code(int(code) if code.isdigit() and int(code) < 600 else 500, error, url, secret)
        case _:
            return BackendUnavailable(f"the server at {url} answered with something that is not a chat completion: {error}")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a `Retry-After` asks to wait, at most a minute; None without one (RFC 9110, 10.2.3)."""
    asked = headers.get("retry-after", "").strip()
    if asked.replace(".", "", 1).isdigit():
        return min(LONGEST_WAIT_S, float(asked))
    try:
        moment = email.utils.parsedate_to_datetime(asked)
    except ValueError:
        return None
    return min(LONGEST_WAIT_S, max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds()))


def _of_code(status: int, error: openai.APIError, url: str, secret: str) -> BackendError:
    said = f"the server at {url} answered {status}: {_message(error, secret)}"
    inner = {str(_inner(error, "code")), str(_inner(error, "type"))}
    if inner & _FILTERED:
        return ReplyFiltered(f"{said}. The service refuses what is on these pages; a server of your own does not")
    if inner & _TOO_LONG_CODES or (status == 400 and _TOO_LONG.search(error.message)):
        return ContextExceeded(said)
    if inner & _ACCOUNT:
        return BackendRejected(f"{said}. The account is empty or blocked: more tries do not help")
    if inner & _BUSY:
        return BackendOverloaded(said)
    return _of_status(status, said)


def _of_status(status: int, said: str) -> BackendError:
    match status:
        case 401 | 403:
            return BackendRejected(f"{said}. Set LONGREAD_API_KEY")
        case 413:
            return BackendRejected(f"{said}. Raise the largest body that the server or a proxy before it takes")
        case 408 | 429 | 503:
            return BackendOverloaded(said)
        case _ if status >= 500:
            return BackendUnavailable(said)
        case _:
            return BackendRejected(said)


def _message(error: openai.APIError, secret: str) -> str:
    text = " ".join(error.message[:500].split())
    return text.replace(secret, "[the key]") if len(secret) > 4 else text


def _inner(error: openai.APIError, name: str) -> object:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error", body)
    return inner.get(name, "") if isinstance(inner, dict) else ""
