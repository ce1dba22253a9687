"""The servers that these tests start are SGLang's and its router's, and answer as longread expects them to."""

import time

import httpx
import pytest

from pipeline.prompt import SCHEMAS
from tests.server.chats import ask, body, image_tokens, page, running_and_waiting, shaped, text
from tests.server.processes import Running
from tests.server.servers import CONTEXT_TOKENS

KEYS = [f"pages-{number}" for number in range(12)]
# Everything that could hide a dead worker from the client is off or quick.
STRICT = {
    "disable_retries": True,
    "cb_failure_threshold": 2,
    "cb_timeout_duration_secs": 10,
    "health_check_interval_secs": 2,
    "health_failure_threshold": 2,
}


def test_it_answers_and_ends(server: Running) -> None:
    completion = ask(server, page(), text("What is this?"))
    choice = completion["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["reasoning_content"] is None
    assert completion["usage"]["completion_tokens"] < 50


def test_it_states_its_context(server: Running) -> None:
    (model,) = httpx.get(f"{server.url}/v1/models").json()["data"]
    assert (model["id"], model["max_model_len"]) == (server.model, CONTEXT_TOKENS)


def test_usage_counts_images_and_what_was_cached(server: Running) -> None:
    first = ask(server, page(shade=7), page(shade=8), text("One?"), max_tokens=1)
    second = ask(server, page(shade=7), page(shade=8), text("And two?"), max_tokens=1)
    assert image_tokens(first) == image_tokens(second) == 2 * 630
    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] < 630
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] >= 2 * 630


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_reply_has_the_shape_that_was_asked_for(server: Running, kind: str) -> None:
    completion = ask(server, page(112, 112), text(f"Write a {kind}."), response_format=shaped(kind, SCHEMAS[kind].model_json_schema()))
    choice = completion["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert completion["usage"]["completion_tokens"] < 200
    SCHEMAS[kind].model_validate_json(choice["message"]["content"])


def test_a_shape_holds_behind_the_thoughts(server: Running) -> None:
    shape = shaped("finding", SCHEMAS["finding"].model_json_schema())
    message = ask(server, text("Think."), response_format=shape, chat_template_kwargs={"enable_thinking": True})["choices"][0]["message"]
    assert message["reasoning_content"]
    SCHEMAS["finding"].model_validate_json(message["content"])


def test_a_reply_that_nobody_reads_is_given_up(sglang_moe: Running) -> None:
    with httpx.stream("POST", f"{sglang_moe.url}/v1/chat/completions", json=endless(sglang_moe), timeout=60) as response:
        # What the server tells of its load is some steps old.
        assert any(running_and_waiting(sglang_moe) == (1, 0) for line in response.iter_lines() if line)
    assert seconds_until_idle(sglang_moe) < 5


def test_an_aborted_reply_says_so(sglang_moe: Running) -> None:
    tail = []
    with httpx.stream("POST", f"{sglang_moe.url}/v1/chat/completions", json=endless(sglang_moe, rid="given-up"), timeout=60) as response:
        for number, line in enumerate(response.iter_lines()):
            if number == 10:
                httpx.post(f"{sglang_moe.url}/abort_request", json={"rid": "given-up"})
            tail = [*tail[-6:], line]
    assert any('"finish_reason":"abort"' in line for line in tail)
    assert "data: [DONE]" in tail


def test_a_router_passes_all_through_but_the_context(sglang_moe: Running, make_router) -> None:
    front = make_router([sglang_moe])
    (model,) = httpx.get(f"{front.url}/v1/models").json()["data"]
    assert model["id"] == sglang_moe.model
    assert "max_model_len" not in model
    shape = shaped("verify", SCHEMAS["verify"].model_json_schema())
    ask(front, page(shade=21), text("One?"), response_format=shape)
    completion = ask(front, page(shade=21), text("And two?"), response_format=shape)
    assert image_tokens(completion) == 630
    assert completion["usage"]["prompt_tokens_details"]["cached_tokens"] >= 630
    SCHEMAS["verify"].model_validate_json(completion["choices"][0]["message"]["content"])


def test_a_routing_key_stays_with_its_worker(sglang_pair: tuple[Running, Running], make_router) -> None:
    front = make_router(sglang_pair)
    places = {key: worker_of(front, sglang_pair, key) for key in KEYS}
    assert set(places.values()) == {0, 1}
    assert {key: worker_of(front, sglang_pair, key) for key in KEYS} == places


def test_keys_of_a_dead_worker_move_at_once_with_retries_and_when_its_breaker_opens_without(
    sglang_pair: tuple[Running, Running], make_router
) -> None:
    strict = make_router(sglang_pair, **STRICT)
    lenient = make_router(sglang_pair, **{name: value for name, value in STRICT.items() if name != "disable_retries"})
    places = {front.url: {key: worker_of(front, sglang_pair, key) for key in KEYS} for front in (strict, lenient)}
    sglang_pair[1].kill()
    assert not sglang_pair[1].is_alive()
    orphans = [key for key, place in places[strict.url].items() if place == 1]
    assert [status(strict, key) for key in (orphans * 8)[:8]] == [500, 500] + 6 * [200]
    assert [status(lenient, key) for key in places[lenient.url]] == len(KEYS) * [200]
    assert {worker_of(front, sglang_pair[:1], key) for front in (strict, lenient) for key in KEYS} == {0}


def endless(server: Running, **more) -> dict:
    """A streamed request that ends only with its tokens, which nobody waits for."""
    return body(server, text("Go on."), stream=True, ignore_eos=True, max_tokens=8000, **more)


def seconds_until_idle(server: Running) -> float:
    """Return after how many seconds nothing runs and nothing waits."""
    began = time.monotonic()
    while running_and_waiting(server) != (0, 0):
        assert time.monotonic() - began < 60
        time.sleep(0.02)
    return time.monotonic() - began


def status(front: Running, key: str) -> int:
    return httpx.post(
        f"{front.url}/v1/chat/completions", json=body(front, text("Who?"), max_tokens=1), headers={"X-SMG-Routing-Key": key}, timeout=60
    ).status_code


def worker_of(front: Running, workers: tuple[Running, ...], key: str) -> int:
    """Return the number of the worker that answers a request with this key."""
    before = [served(worker) for worker in workers]
    assert status(front, key) == 200
    end = time.monotonic() + 5
    while (after := [served(worker) for worker in workers]) == before:  # a server counts when it has answered
        assert time.monotonic() < end
    return [now - then for now, then in zip(after, before, strict=True)].index(1)


def served(worker: Running) -> int:
    """Return how many requests a worker has answered."""
    metrics = httpx.get(f"{worker.url}/metrics/").text
    counts = [line for line in metrics.splitlines() if line.startswith("sglang:num_requests_total{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in counts)
