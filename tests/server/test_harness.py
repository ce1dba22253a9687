"""The servers that these tests start are SGLang's, and answer as longread expects a server to."""

import httpx
import pytest

from pipeline.prompt import SCHEMAS
from tests.server.chats import ask, image_tokens, page, running_and_waiting, shaped, text
from tests.server.servers import CONTEXT_TOKENS, Running

ROUTES = 12


@pytest.fixture(params=["sglang_moe", "sglang_dense"])
def server(request) -> Running:
    return request.getfixturevalue(request.param)


def test_it_answers_and_ends(server: Running):
    choice = ask(server, page(), text("What is this?"))["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["reasoning_content"] is None


def test_it_states_its_context(server: Running):
    model = httpx.get(f"{server.url}/v1/models").json()["data"][0]
    assert model["id"] == server.model
    assert model["max_model_len"] == CONTEXT_TOKENS


def test_usage_counts_images_and_what_was_cached(server: Running):
    first = ask(server, page(shade=7), page(shade=8), text("One?"), max_tokens=1)
    second = ask(server, page(shade=7), page(shade=8), text("And two?"), max_tokens=1)
    assert image_tokens(first) == image_tokens(second) == 2 * 630
    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] < 630
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] >= 2 * 630


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_reply_has_the_shape_that_was_asked_for(server: Running, kind: str):
    completion = ask(server, page(112, 112), text(f"Write a {kind}."), response_format=shaped(kind, SCHEMAS[kind].model_json_schema()))
    choice = completion["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert completion["usage"]["completion_tokens"] < 200
    SCHEMAS[kind].model_validate_json(choice["message"]["content"])


def test_a_shape_holds_behind_the_thoughts(server: Running):
    shape = shaped("finding", SCHEMAS["finding"].model_json_schema())
    message = ask(server, text("Think."), response_format=shape, chat_template_kwargs={"enable_thinking": True})["choices"][0]["message"]
    assert message["reasoning_content"]
    SCHEMAS["finding"].model_validate_json(message["content"])


def test_a_router_passes_counts_and_shapes_through(sglang_moe: Running, make_router):
    router = make_router([sglang_moe])
    shape = shaped("verify", SCHEMAS["verify"].model_json_schema())
    ask(router, page(shade=21), text("One?"), response_format=shape)
    completion = ask(router, page(shade=21), text("And two?"), response_format=shape)
    assert image_tokens(completion) == 630
    assert completion["usage"]["prompt_tokens_details"]["cached_tokens"] >= 630
    SCHEMAS["verify"].model_validate_json(completion["choices"][0]["message"]["content"])


def test_a_router_states_the_model_but_not_its_context(sglang_moe: Running, make_router):
    (model,) = httpx.get(f"{make_router([sglang_moe]).url}/v1/models").json()["data"]
    assert model["id"] == sglang_moe.model
    assert "max_model_len" not in model


def test_a_routing_key_stays_with_its_worker(sglang_moe: Running, sglang_second: Running, make_router):
    workers = [sglang_moe, sglang_second]
    router = make_router(workers)

    def worker_of(key: str) -> int:
        before = [_served(worker) for worker in workers]
        ask(router, text("Who?"), headers={"X-SMG-Routing-Key": key}, max_tokens=1)
        after = [_served(worker) for worker in workers]
        return [now - then for now, then in zip(after, before, strict=True)].index(1)

    places = {f"key {number}": worker_of(f"key {number}") for number in range(ROUTES)}
    assert set(places.values()) == {0, 1}
    assert {key: worker_of(key) for key in places} == places
    assert [running_and_waiting(worker) for worker in workers] == [(0, 0), (0, 0)]


def _served(worker: Running) -> int:
    """Return how many requests a worker has answered."""
    metrics = httpx.get(f"{worker.url}/metrics", follow_redirects=True).text
    counts = [line for line in metrics.splitlines() if line.startswith("sglang:num_requests_total{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in counts)
