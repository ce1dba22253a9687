"""Start real SGLang servers and routers on this machine: as context managers for tests, and from the command line.

`python -m tests.server.servers build | start [NAME=]moe|dense[:CONTEXT] … [--router POLICY] | status | stop`
"""

import argparse
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.server.environment import BUILD_COMMAND, build, cache, checkpoints, environment, is_built, offline, python
from tests.server.processes import HOST, Running, free_port, launch, wait_for_workers, wait_until_ready

NAMES = {"moe": "zai-org/GLM-4.6V", "dense": "zai-org/GLM-4.6V-Flash"}
CONTEXT_TOKENS = 16_384
SPEC = re.compile(r"(?:(?P<name>[\w-]+)=)?(?P<arch>moe|dense)(?::(?P<context>\d+))?")

# What makes SGLang run on a CPU at all, and without the warm-up that takes as long as the start itself.
ON_CPU = (
    *("--device", "cpu", "--attention-backend", "torch_native", "--mm-attention-backend", "sdpa", "--disable-overlap-schedule"),
    *("--mem-fraction-static", "0.1", "--skip-server-warmup"),
    # An idle scheduler asks for work in a loop, with all of a core.
    "--sleep-on-idle",
    # The pages of one step share one vision mask, quadratic in their number, and SGLang keeps every mask: few pages a step, little of both.
    *("--chunked-prefill-size", "1024"),
)
AS_DEPLOYED = (
    *("--enable-cache-report", "--enable-metrics", "--constrained-json-disable-any-whitespace"),
    *("--reasoning-parser", "glm45", "--tool-call-parser", "glm45"),
)


@contextlib.contextmanager
def sglang_server(
    arch: str, *options: str, name: str | None = None, context_tokens: int = CONTEXT_TOKENS, core: int = 0, logs: Path | None = None
) -> Iterator[Running]:
    """Run a server of an architecture, with `options` on top, until the context ends."""
    server = launch_server(arch, *options, name=name, context_tokens=context_tokens, core=core, logs=logs)
    try:
        wait_until_ready(server)
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def router(
    workers: Sequence[Running], policy: str = "manual", *, name: str = "router", logs: Path | None = None, **options: object
) -> Iterator[Running]:
    """Run a router over the workers until the context ends. `options` are its flags: `cb_failure_threshold=2`, `disable_retries=True`."""
    running = launch_router(workers, policy, name=name, logs=logs, **options)
    try:
        wait_for_workers(running, len(workers))
        wait_until_ready(running)
        yield running
    finally:
        running.stop()


def launch_server(
    arch: str, *options: str, name: str | None = None, context_tokens: int = CONTEXT_TOKENS, core: int = 0, logs: Path | None = None
) -> Running:
    """Start a server whose computations are bound to one core, and return at once."""
    port = free_port()
    command = [
        *(str(python()), "-m", "sglang.launch_server", "--model-path", str(checkpoints()[arch]), "--served-model-name", NAMES[arch]),
        *("--host", HOST, "--port", str(port), "--nccl-port", str(free_port())),
        # Two full requests at a time.
        *("--context-length", str(context_tokens), "--max-total-tokens", str(2 * context_tokens)),
        *(*ON_CPU, *AS_DEPLOYED, *options),
    ]
    cores = sorted(os.sched_getaffinity(0))
    # Unbound, torch takes every core for every server.
    bound = {"SGLANG_USE_CPU_ENGINE": "1", "OMP_NUM_THREADS": "1", "SGLANG_CPU_OMP_THREADS_BIND": str(cores[core % len(cores)])}
    return launch(name or arch, command, port, NAMES[arch], {**offline(), **bound}, logs)


def launch_router(
    workers: Sequence[Running], policy: str = "manual", *, name: str = "router", logs: Path | None = None, **options: object
) -> Running:
    """Start a router and return at once."""
    port = free_port()
    command = [
        *(str(python()), "-m", "sglang_router.launch_router", "--host", HOST, "--port", str(port), "--prometheus-port", str(free_port())),
        *("--prometheus-host", HOST, "--policy", policy, "--worker-urls", *(worker.url for worker in workers)),
    ]
    for option, value in options.items():
        command += [f"--{option.replace('_', '-')}", *([] if value is True else [str(value)])]
    return launch(name, command, port, workers[0].model, offline(), logs)


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.servers", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="make the environment and the checkpoints, once")
    start = commands.add_parser("start", help="start servers and leave them running")
    start.add_argument("specs", nargs="*", default=["moe"], metavar="[NAME=]moe|dense[:CONTEXT]", help="moe twice makes two workers")
    start.add_argument("--router", metavar="POLICY", help="a router over what is started")
    commands.add_parser("status", help="say what runs")
    commands.add_parser("stop", help="stop what was started here")
    options = parser.parse_args()
    match options.command:
        case "build":
            build(_say)
        case "start":
            _start(options.specs, options.router)
        case "status":
            _status()
        case "stop":
            _stop()


def _start(specs: Sequence[str], policy: str | None) -> None:
    if not is_built():
        sys.exit(f"SGLang is not installed: {BUILD_COMMAND}")
    begin = time.monotonic()
    logs = cache() / "logs" / time.strftime("%Y%m%d-%H%M%S")
    logs.mkdir(parents=True)
    workers = []
    for number, spec in enumerate(specs):
        if not (said := SPEC.fullmatch(spec)):
            sys.exit(f"{spec} is not [NAME=]moe|dense[:CONTEXT]")
        name, context = said["name"] or f"{said['arch']}-{number + 1}", int(said["context"] or CONTEXT_TOKENS)
        workers.append(launch_server(said["arch"], name=name, context_tokens=context, core=number, logs=logs))
        _remember([*_remembered(), workers[-1]])
    for worker in workers:
        wait_until_ready(worker)
        _say(f"{worker.name}: {worker.url} serves {worker.model}, ready after {time.monotonic() - begin:.0f} s, log {worker.log}")
    if policy:
        front = launch_router(workers, policy, logs=logs)
        _remember([*_remembered(), front])
        wait_for_workers(front, len(workers))
        wait_until_ready(front)
        _say(f"{front.name}: {front.url}, policy {policy}, log {front.log}")


def _stop() -> None:
    for server in reversed(_remembered()):
        server.stop()
        _say(f"{server.name}: stopped")
    _state().unlink(missing_ok=True)


def _status() -> None:
    _say(f"{environment()}: {'built' if is_built() else f'not built: {BUILD_COMMAND}'}")
    for server in _remembered():
        _say(f"{server.name}: {server.url}, pid {server.pid}, {'runs' if server.is_alive() else 'ended'}, log {server.log}")


def _state() -> Path:
    return cache() / "servers.json"


def _remembered() -> list[Running]:
    if not _state().exists():
        return []
    return [Running(**{**entry, "log": Path(entry["log"])}) for entry in json.loads(_state().read_text(encoding="utf-8"))]


def _remember(servers: Sequence[Running]) -> None:
    entries = [{**asdict(server), "log": str(server.log)} for server in servers]
    _state().write_text(json.dumps(entries, indent=2), encoding="utf-8")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
