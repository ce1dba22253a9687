"""`longread serve sglang`: the commands that serve a model, printed, written to files, or run."""

import asyncio
import os
import shlex
import shutil
import signal
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pipeline.launch import INSTALL, LOCALHOST, Cluster, Deployment, Launch, deploy
from pipeline.manifests import kubernetes
from pipeline.presets import load_preset
from pipeline.scripts import DRAIN_S, next_steps, shell, slurm, systemd
from schemas.errors import SettingsError, WriteError
from schemas.preset import PRESETS, Preset, preset_of
from schemas.value import Value

Format = Literal["shell", "slurm", "kubernetes", "systemd"]
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ServeRequest(Value):
    """What the command line asks for."""

    model: str
    """A model that longread knows or, with `preset`, a checkpoint's folder or name on the hub."""
    preset: str | None = None
    """The name or file of the preset that `model` follows."""
    gpus: int
    """Of each node."""
    nodes: str = "1"
    """Their number, or their names separated by commas."""
    gpus_per_server: int | None = None
    host: str | None = None
    port: int = 30_000
    extra: tuple[str, ...] = ()

    @property
    def deployment(self) -> Deployment:
        """The commands.

        Raises:
            SettingsError: no deployment can be made of it.
        """
        cluster = Cluster(
            nodes=node_names(self.nodes), gpus=self.gpus, gpus_per_server=self.gpus_per_server, host=self.host, port=self.port
        )
        if self.preset:
            return deploy(load_preset(self.preset), cluster, self.model, self.extra)
        preset = preset_named(self.model)
        short = self.model.lower() in preset.names
        return deploy(preset, cluster, preset.model if short else self.model, self.extra)

    def command(self, form: Format) -> str:
        """Return the command line that makes the same files again."""
        given = self.model_dump(exclude={"extra"}, exclude_defaults=True)
        options = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        return shlex.join(["longread", "serve", "sglang", *options, "--format", form, *(["--", *self.extra] if self.extra else [])])


def preset_named(model: str) -> Preset:
    """Return the preset of a model's name, or of a folder of that name.

    Raises:
        SettingsError: there is none.
    """
    found = preset_of(model)
    if found is None:
        msg = f"--model {model}: longread knows {', '.join(PRESETS)}; for a checkpoint of your own, say with --preset which of them it is"
        raise SettingsError(msg)
    return found


def node_names(nodes: str) -> tuple[str, ...]:
    """Return the names of nodes, made up where only their number is given.

    Raises:
        SettingsError: there are none, or one comes twice.
    """
    names = tuple(name.strip() for name in nodes.split(","))
    if nodes.isdecimal() and int(nodes) > 0:
        return (LOCALHOST,) if int(nodes) == 1 else tuple(f"node-{number}" for number in range(1, int(nodes) + 1))
    if nodes.isdecimal() or not all(names) or len(set(names)) < len(names):
        msg = f"--nodes {nodes}: give their number, or their names separated by commas, each once"
        raise SettingsError(msg)
    return names


def files(asked: ServeRequest, form: Format) -> dict[str, str]:
    """Return the texts that `form` takes, by file name.

    Raises:
        SettingsError: no deployment can be made of it, or `form` does not fit it.
    """
    deployment, made_by = asked.deployment, asked.command(form)
    match form:
        case "shell":
            return {"longread.sh": shell(deployment, made_by)}
        case "slurm":
            return {"longread.slurm": slurm(deployment, made_by)}
        case "kubernetes":
            return {"kubernetes.yaml": kubernetes(deployment, made_by)}
        case "systemd":
            if len({server.node for server in deployment.servers}) > 1:
                msg = "--format systemd writes the units of one node: leave --nodes out; several nodes are for slurm or kubernetes"
                raise SettingsError(msg)
            return systemd(deployment, made_by)


def written(texts: dict[str, str], folder: Path | None) -> str:
    """Write the files into `folder` and return their paths; without a folder, return the texts.

    Raises:
        WriteError: the folder cannot be written.
    """
    if folder is None:
        name_each = len(texts) > 1
        return "\n".join(f"# ==== {name}\n{text}" if name_each else text for name, text in texts.items())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{folder} cannot be written: {error}"
        raise WriteError(msg) from error
    return "".join(f"{folder / name}\n" for name in texts)


def execute(deployment: Deployment) -> int:
    """Run the servers and the router of one node until one of them ends; then end all, and return its exit code.

    Raises:
        SettingsError: there are several nodes, or SGLang is not on PATH.
    """
    if len({server.node for server in deployment.servers}) > 1:
        msg = "--exec starts the servers of one node: leave --nodes out, or use --format slurm or kubernetes"
        raise SettingsError(msg)
    launches = [server.launch for server in deployment.servers] + ([deployment.router] if deployment.router else [])
    for name in dict.fromkeys(launch.argv[0] for launch in launches):
        if shutil.which(name) is None:
            made = f"python3 -m venv sglang && sglang/bin/{INSTALL}"
            msg = f"{name} is not on PATH. SGLang needs an environment of its own: {made}; then put its bin folder on PATH"
            raise SettingsError(msg)
    return asyncio.run(_supervise(launches))


def what_next(deployment: Deployment) -> str:
    """Return the lines that a terminal shows before the servers' own."""
    return "".join([*(f"note: {note}\n" for note in deployment.notes), *(f"then: {line}\n" for line in next_steps(deployment))])


async def _supervise(launches: Sequence[Launch]) -> int:
    children: list[Process] = []
    received: list[signal.Signals] = []

    def pass_on(number: signal.Signals) -> None:
        received.append(number)
        _send(children, number)

    for number in PASSED_ON:
        asyncio.get_running_loop().add_signal_handler(number, pass_on, number)
    try:
        for launch in launches:
            if received:
                break
            # A session of its own: what the terminal sends reaches SGLang's processes through us, in their order, and once.
            child = await create_subprocess_exec(*launch.argv, env={**os.environ, **dict(launch.env)}, start_new_session=True)
            children.append(child)
            for number in received:  # those that came while it was being started
                _send([child], number)
        if not children:
            return 128 + received[0]
        ends = [asyncio.ensure_future(child.wait()) for child in children]
        first, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not received:
            _send(children, signal.SIGTERM)
        await asyncio.wait(ends, timeout=DRAIN_S)
    finally:
        for child in children:
            # Whatever is left of a session, with the processes that the child started.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    code = next(iter(first)).result()
    return code if code >= 0 else 128 - code


def _send(children: Sequence[Process], number: signal.Signals) -> None:
    for child in children:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.send_signal(number)
