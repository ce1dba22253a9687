"""The API key comes from a Secret block, and stays there."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness

from flows.extract import extract
from tests.scripted import ScriptedServer

SECRET = "sk-3b9f0c-not-to-be-seen"


@pytest.fixture(scope="module", autouse=True)
def _prefect():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")  # the server calls home otherwise
        with prefect_test_harness():
            yield


async def _run(server: ScriptedServer, source: Path, out: Path, block: str) -> tuple[str, str]:
    """Return the state of the flow run, and all that the server keeps of it and of its artifacts and logs."""
    await Secret(value=SECRET).save("longread-key", overwrite=True)
    state = await extract({"sources": [str(source)], "out": str(out), "backend": server.url, "secret_block": block}, return_state=True)
    async with get_client() as client:
        runs = await client.read_flow_runs()
        artifacts, logs = await client.read_artifacts(), await client.read_logs()
    return str(state), " ".join(item.model_dump_json() for item in (*runs, *artifacts, *logs))


def test_the_key_reaches_the_server_and_nothing_else(scripted: ScriptedServer, make_pdf: Callable[..., Path], tmp_path: Path):
    scripted.script.faults = ["", *["key"] * 12]
    _, kept = asyncio.run(_run(scripted, make_pdf(), tmp_path / "out", "longread-key"))
    assert scripted.headers[0]["authorization"] == f"Bearer {SECRET}"
    assert "the key" in kept, "the server's refusal repeats it, and is kept without it"
    assert SECRET not in kept
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())


def test_a_block_that_is_not_there_is_named(scripted: ScriptedServer, make_pdf: Callable[..., Path], tmp_path: Path):
    state, _ = asyncio.run(_run(scripted, make_pdf(), tmp_path / "out", "no-such-block"))
    assert "no-such-block" in state
    assert not scripted.bodies
