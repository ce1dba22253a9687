"""A deployment written down: for a shell, as a batch job for Slurm, as units of systemd."""

import shlex
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pipeline.launch import INSTALL, LOCALHOST, READY, Deployment, Launch, Server

WIDTH = 120
HOME = "/opt/sglang"
"""Where the units expect SGLang's environment."""
DRAIN_S = 300
"""Seconds that a server has to finish what it is answering."""


def shell(deployment: Deployment, made_by: str) -> str:
    """Return the commands for bash, node by node."""
    nodes = dict.fromkeys(server.node for server in deployment.servers)
    lines = ["#!/usr/bin/env bash", *heading(deployment, made_by), f"# In an environment of SGLang's own: {INSTALL}"]
    for position, node in enumerate(nodes):
        launches = [server.launch for server in deployment.servers if server.node == node]
        if deployment.router and not position:
            launches.append(deployment.router)
        lines += ["", f"# ==== on {'this machine' if node == LOCALHOST else node}", *_started(launches)]
    return _text([*lines, "", "# ==== then, from where the documents are", *(f"#   {line}" for line in next_steps(deployment))])


def slurm(deployment: Deployment, made_by: str) -> str:
    """Return a batch script: the servers of each node, the router on the first, and a run; all end with the run."""
    nodes = dict.fromkeys(server.node for server in deployment.servers)
    servers = [server for server in deployment.servers if server.node == next(iter(nodes))]
    port = deployment.url.rsplit(":", 1)[1]
    gpus = sum(len(server.gpus) for server in servers)
    return _text(
        [
            "#!/usr/bin/env bash",
            *heading(deployment, made_by),
            "#",
            "# sbatch longread.slurm SOURCE... [options of longread run], with paths that all nodes see",
            "#SBATCH --job-name=longread",
            f"#SBATCH --nodes={len(nodes)}",
            f"#SBATCH --gpus-per-node={gpus}",
            "#SBATCH --exclusive",
            "#SBATCH --time=24:00:00",
            "#SBATCH --output=longread-%j.log",
            "set -euo pipefail",
            ': "${1:?name the documents to read}"',
            "",
            f"# Two virtual environments: SGLang's ({INSTALL}) and longread's.",
            "sglang=${SGLANG_ENV:-$HOME/sglang} longread=${LONGREAD_ENV:-$HOME/longread}",
            "",
            'mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")',
            f"url=http://${{nodes[0]}}:{port}",
            "pids=() workers=()",
            "trap 'kill \"${pids[@]}\" 2>/dev/null || true' EXIT",
            'for node in "${nodes[@]}"; do',
            *(line for server in servers for line in _srun(server, gpus)),
            "done",
            *(_slurm_router(deployment.router) if deployment.router else ()),
            "",
            "# Loading takes minutes; a server that ends meanwhile ends the job. A router is ready with the first: wait for all.",
            'for server in "${workers[@]}"; do',
            f'    until curl --fail --silent --noproxy "*" --output /dev/null "$server{READY}"; do',
            '        for pid in "${pids[@]}"; do kill -0 "$pid"; done',
            "        sleep 10",
            "    done",
            "done",
            "PATH=$longread/bin:$PATH",
            'longread check --backend "$url"',
            'longread run "$@" --backend "$url"',
        ]
    )


def systemd(deployment: Deployment, made_by: str) -> dict[str, str]:
    """Return the units of one node by file name: one for each server, and one for the router."""
    names = [f"longread-sglang{'' if number == 1 else f'-{number}'}.service" for number, _ in enumerate(deployment.servers, 1)]
    head = [
        *heading(deployment, made_by),
        "#",
        f"# python3 -m venv {HOME} && {HOME}/bin/{INSTALL}",
        "# useradd --system --create-home longread",
        "# cp longread-*.service /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now longread-*.service",
    ]
    units = {
        name: _unit(head, f"SGLang with {deployment.preset.model} on GPUs {server.launch.env[0][1]}", server.launch, ())
        for name, server in zip(names, deployment.servers, strict=True)
    }
    if deployment.router:
        units["longread-router.service"] = _unit(head, "The router in front of SGLang", deployment.router, tuple(names))
    return units


def heading(deployment: Deployment, made_by: str, *, routed: bool = False) -> list[str]:
    """Return the first lines of a file, which `#` makes comments in all formats: what it is, how it was made, what to know."""
    size, nodes = len(deployment.servers[0].gpus), len({server.node for server in deployment.servers})
    count = f"{len(deployment.servers)} servers" if len(deployment.servers) > 1 else "one server"
    where = f" on {nodes} nodes" if nodes > 1 else ""
    router = ", and a router" if deployment.router or routed else ""
    return [
        f"# {deployment.preset.model}: {count} of {size} GPU{'s' if size > 1 else ''}{where}{router}.",
        f"# Made by `{made_by}`; make it again rather than change it.",
        *(f"# Note: {note}." for note in deployment.notes),
        "# The servers ask for no key: let only trusted machines reach them.",
    ]


def next_steps(deployment: Deployment) -> list[str]:
    """Return the commands that use the servers once they are up."""
    url = shlex.quote(deployment.url)
    return [f"longread check --backend {url}", f"longread run DOCUMENTS --backend {url} --out out"]


def words(launch: Launch, prefix: Iterable[str] = ()) -> list[str]:
    """Return a command as quoted words, its environment variables in front, then `prefix`."""
    env = [f"{name}={shlex.quote(value)}" for name, value in launch.env]
    return [*prefix, *(["env"] if prefix and env else []), *env, *map(shlex.quote, launch.argv)]


def wrapped(quoted: Sequence[str], indent: str = "") -> list[str]:
    """Return words as lines of one command, broken in front of options."""
    starts = [0, *(place for place, word in enumerate(quoted) if place and word.startswith("--")), len(quoted)]
    lines = [indent]
    for start, end in pairwise(starts):
        words_of_option = " ".join(quoted[start:end])
        if len(lines[-1]) + len(words_of_option) > WIDTH and start:
            lines[-1] += "\\"
            lines.append(f"{indent}    ")
        lines[-1] += f"{words_of_option} "
    return [line.rstrip(" ") for line in lines]


def _started(launches: list[Launch]) -> list[str]:
    if len(launches) == 1:
        return wrapped(words(launches[0]))
    return [line for launch in launches for line in wrapped([*words(launch), "&"])] + ["wait"]


def _srun(server: Server, gpus: int) -> list[str]:
    # Steps share the node: each sees all GPUs and takes its own, and without binding it would be confined to one core.
    step = ["srun", "--nodes=1", "--ntasks=1", '--nodelist="$node"', f"--gpus-per-node={gpus}", "--overlap", "--cpu-bind=none"]
    command = wrapped(words(server.launch, ["PATH=$sglang/bin:$PATH", *step]), "    ")
    command[-1] += " &"
    return [*command, "    pids+=($!)", f'    workers+=("http://$node:{server.port}")']


def _slurm_router(router: Launch) -> list[str]:
    argv = router.argv[: router.argv.index("--worker-urls") + 1]
    command = wrapped(["PATH=$sglang/bin:$PATH", *map(shlex.quote, argv), '"${workers[@]}"', "&"])
    return [*command, "pids+=($!)"]


def _unit(head: list[str], description: str, launch: Launch, after: tuple[str, ...]) -> str:
    program = f"{HOME}/bin/{launch.argv[0]}"
    env = [("PATH", f"{HOME}/bin:/usr/local/cuda/bin:/usr/local/bin:/usr/bin:/bin"), ("HF_HOME", "/var/cache/longread"), *launch.env]
    return _text(
        [
            *head,
            "",
            "[Unit]",
            f"Description={description}",
            "Wants=network-online.target",
            f"After={' '.join(('network-online.target', *after))}",
            "",
            "[Service]",
            "Type=exec",
            "User=longread",
            "CacheDirectory=longread",
            *(f"Environment={_systemd_quote(f'{name}={value}')}" for name, value in env),
            *wrapped(["ExecStart=" + program, *map(_systemd_quote, launch.argv[1:])]),
            "Restart=always",
            "RestartSec=10",
            "# The main process alone is told to end: it finishes what it is answering, and ends the others.",
            "KillMode=mixed",
            f"TimeoutStopSec={DRAIN_S}",
            "LimitNOFILE=65536",
            "LimitMEMLOCK=infinity",
            "NoNewPrivileges=true",
            "PrivateTmp=true",
            "ProtectSystem=full",
            "",
            "[Install]",
            "WantedBy=multi-user.target",
        ]
    )


def _systemd_quote(word: str) -> str:
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return plain if word == shlex.quote(word) else f'"{plain}"'


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
